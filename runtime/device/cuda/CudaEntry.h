// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A program of an entry point on a GPU, with every address filled in. The first step of each size is recorded as a
// graph, which later steps of that size replay: nothing in it depends on positions or slots, which the kernels read
// from the segment tables.

#ifndef YOCO_RUNTIME_DEVICE_CUDA_CUDAENTRY_H
#define YOCO_RUNTIME_DEVICE_CUDA_CUDAENTRY_H

#include "runtime/device/LaunchWords.h"
#include "runtime/device/cuda/CudaDevice.h"
#include "runtime/model/Programs.h"

#include <map>

namespace yoco::runtime::cuda {

/// The arenas of a session.
class CudaArenas {
public:
  Status allocate(const CudaProgram &program, const PlanSizes &sizes);

  /// The one place where an offset becomes an address; the plan's ranges are
  /// verified.
  CUdeviceptr address(uint32_t buffer) const {
    return arenas[variant->buffers()->Get(buffer)->arena()].address() + ranges[buffer].offset;
  }
  uint64_t bufferBytes(uint32_t buffer) const { return ranges[buffer].size; }
  uint64_t arenaBytes(uint32_t arena) const { return arenas[arena].size(); }

private:
  const fb::Variant *variant = nullptr;
  std::vector<PlanSizes::Range> ranges;
  std::vector<DeviceMemory> arenas;
};

/// Rows and segments that a step has of a row set, with padding.
struct SetSize {
  uint32_t rows;
  uint32_t segments;

  bool operator<(const SetSize &other) const {
    return rows != other.rows ? rows < other.rows : segments < other.segments;
  }
};

/// Of each row set. Of one without rows nothing runs.
using StepSize = std::vector<SetSize>;

class CudaEntry {
public:
  /// `program` and `arenas` outlive the entry. `plans` is null when the program has no products.
  static Result<CudaEntry> create(const CudaProgram &program, const CudaArenas &arenas, uint32_t index, uint32_t body,
                                  const Bounds &bounds, GemmPlans *plans);

  CUdeviceptr ids() const { return idsAddress; }
  /// 0: it has none.
  CUdeviceptr targets() const { return targetsAddress; }
  /// The table of a row set.
  CUdeviceptr segments(uint32_t set) const { return sets[set].segments; }
  /// Whether every row of the set is a segment of its own.
  bool isRowPerSegment(uint32_t set) const { return sets[set].rowPerSegment; }
  CUdeviceptr output(uint32_t index) const { return arenas->address(body->outputs()->Get(index)); }
  /// The size that a step is padded to. Valid until the next call.
  const StepSize &sizeOf(const Step &step);

  /// Starts the instructions one by one.
  Status issue(const StepSize &size, CUstream stream);
  /// Starts them as a graph, from the second time on.
  Status replay(const StepSize &size, CUstream stream);

private:
  /// A row set: its table, and what a step has of it at most.
  struct Set {
    CUdeviceptr segments;
    RowLimits most;
    bool rowPerSegment;
  };
  /// An instruction whose addresses are known.
  struct Instruction {
    const fb::Instruction *description;
    // Launch
    uint32_t firstWord; // where its arguments begin
    // Copy
    CUdeviceptr destination, source;
    uint64_t size;
    // Gemm
    GemmShape shape; // with the rows of no step
    GemmAddresses addresses;
  };

  Status resolve(const Bounds &bounds);
  void resolveGemm(const fb::Gemm &gemm, Instruction &instruction);
  void resolveSets(const Bounds &bounds);
  Status resolveInstruction(Instruction &instruction, const Bounds &bounds);
  Status prepareGemm(const Instruction &instruction);
  unsigned addAttributes(const fb::KernelLaunch &kernel, CUlaunchAttribute *attributes) const;
  Status issueLaunch(const fb::Launch &launch, const Instruction &instruction, SetSize size, CUstream stream);
  Status issueCopy(const Instruction &instruction, CUstream stream);
  Status issueOne(const Instruction &instruction, SetSize size, CUstream stream);
  Status record(const StepSize &size, CUstream stream, GraphExec &result);
  Status explain(Status status, uint32_t instruction) const;

  const CudaProgram *program = nullptr;
  const CudaArenas *arenas = nullptr;
  const fb::Entry *description = nullptr;
  uint32_t bodyIndex = 0;
  const fb::Program *body = nullptr; // number bodyIndex of the entry
  GemmPlans *plans = nullptr;
  CUdeviceptr idsAddress = 0, targetsAddress = 0;
  std::vector<Set> sets;
  StepSize padded;
  std::vector<Instruction> instructions;
  LaunchWords words;
  std::vector<void *> pointers;         // to each of them
  bool followsKernel = false;           // the newest work on the stream is a kernel of ours: the next may start early
  std::map<StepSize, GraphExec> graphs; // an empty one: the size has been seen once
};

} // namespace yoco::runtime::cuda

#endif // YOCO_RUNTIME_DEVICE_CUDA_CUDAENTRY_H
