// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One session on a GPU: its arenas, its stream, and the programs of its entry points.
//
// Steps are started and not waited for: prefill in chunks runs without a stop in between. What the GPU makes of them
// shows when the session waits.

#ifndef YOCO_RUNTIME_DEVICE_CUDA_CUDAEXECUTOR_H
#define YOCO_RUNTIME_DEVICE_CUDA_CUDAEXECUTOR_H

#include "runtime/device/cuda/StepInputs.h"

namespace yoco::runtime::cuda {

class CudaExecutor final : public Executor {
public:
  /// `program` outlives the executor.
  static Result<std::unique_ptr<Executor>> create(const CudaProgram &program, ExecutorOptions options);
  ~CudaExecutor() override;

  Status run(uint32_t entry, uint32_t program, const Step &step) override;
  Status clear(uint32_t state, uint32_t slot) override;
  Status copySlot(uint32_t from, uint32_t to, uint64_t positions) override;
  Status finish() override;
  Result<const void *> output(uint32_t output, uint32_t first, uint32_t rows) override;
  uint32_t rowsAtOnce(const fb::Output &output) const override;
  uint64_t arenaBytes(uint32_t arena) const override { return arenas.arenaBytes(arena); }
  uint64_t stagingBytes() const override { return inputs.bytes() + results.size(); }

private:
  CudaExecutor(const CudaProgram &program, ExecutorOptions options)
      : program(program), context(program.context()), options(std::move(options)) {}
  Status prepare();
  Status prepareEntry(uint32_t index);
  Status prepareStaging();
  Status fetch(CUdeviceptr from, uint64_t size);
  Status explain(Status status) const;

  const CudaProgram &program;
  const ContextPointer &context;
  ExecutorOptions options;
  std::unique_ptr<GemmPlans> plans; // null when there are no products
  CudaArenas arenas;
  StepInputs inputs;
  PinnedMemory results; // rows of an output
  Stream stream;
  std::vector<std::vector<CudaEntry>> entries; // their programs, by index in the plan; none when left out
  uint32_t lastEntry = 0, lastProgram = 0;
};

} // namespace yoco::runtime::cuda

#endif // YOCO_RUNTIME_DEVICE_CUDA_CUDAEXECUTOR_H
