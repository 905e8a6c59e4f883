// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One session on the host: its arenas, and the programs of its entry points with every address filled in.

#ifndef YOCO_RUNTIME_DEVICE_HOST_HOSTEXECUTOR_H
#define YOCO_RUNTIME_DEVICE_HOST_HOSTEXECUTOR_H

#include "runtime/core/ThreadPool.h"
#include "runtime/device/LaunchWords.h"
#include "runtime/device/host/HostDevice.h"

namespace yoco::runtime {

class HostExecutor final : public Executor {
public:
  /// `program` outlives the executor.
  static Result<std::unique_ptr<Executor>> create(const HostProgram &program, ExecutorOptions options);

  Status run(uint32_t entry, uint32_t program, const Step &step) override;
  Status clear(uint32_t state, uint32_t slot) override;
  Status finish() override { return Status(); } // run() has waited
  Result<const void *> output(uint32_t output, uint32_t first, uint32_t rows) override;
  Status copySlot(uint32_t from, uint32_t to, uint64_t positions) override;
  uint64_t arenaBytes(uint32_t arena) const override { return arenas[arena].size(); }
  uint32_t threads() const override { return pool ? pool->threads() : 0; }

private:
  /// An instruction whose addresses are known.
  struct Instruction {
    const fb::Instruction *description;
    // Launch
    HostKernel kernel;
    uint32_t firstWord;
    // Copy
    uint8_t *destination;
    const uint8_t *source;
    uint64_t size;
  };
  /// A program of an entry point, ready to run.
  struct Body {
    const fb::Program *description = nullptr;
    int32_t *ids = nullptr;
    int32_t *targets = nullptr; // null: it has none
    std::vector<SegmentRow *> segments; // the table of each row set
    std::vector<Instruction> instructions;
    LaunchWords words;
  };

  HostExecutor(const HostProgram &program, ExecutorOptions options) : program(program), options(std::move(options)) {}
  Status allocate();
  Status startThreads();
  void resolveEntry(uint32_t index);
  Body resolveProgram(const fb::Program &description);
  Instruction resolveInstruction(const fb::Instruction &instruction, Body &body);
  void runInstruction(const Instruction &instruction, Body &body, const StepSet &set);
  uint8_t *address(uint32_t buffer) const;

  const HostProgram &program;
  ExecutorOptions options;
  std::vector<Memory> arenas;
  std::unique_ptr<ThreadPool> pool;
  std::unique_ptr<Parallel> callerParallel;
  Parallel *parallel = nullptr;
  std::vector<std::vector<Body>> entries; // by index in the plan; those that the session left out have none
  uint32_t lastEntry = 0, lastProgram = 0;
};

} // namespace yoco::runtime

#endif // YOCO_RUNTIME_DEVICE_HOST_HOSTEXECUTOR_H
