// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ids, targets and segments on their way to the GPU: a ring of pinned memory, so that the CPU can prepare the
// steps that follow while the GPU is still at one.

#ifndef YOCO_RUNTIME_DEVICE_CUDA_STEPINPUTS_H
#define YOCO_RUNTIME_DEVICE_CUDA_STEPINPUTS_H

#include "runtime/device/cuda/CudaEntry.h"

namespace yoco::runtime::cuda {

class StepInputs {
public:
  /// `mostSegments` are those of all tables of a step.
  static Result<StepInputs> create(const ContextPointer &context, uint64_t mostRows, uint64_t mostSegments);

  /// Starts the copies of a step's ids, targets and segment tables, with padding up to `size`. Waits for the GPU
  /// when it is many steps behind.
  Status send(const CudaEntry &entry, const Step &step, const StepSize &size, CUstream stream);
  uint64_t bytes() const { return memory.size(); }

private:
  Status sendNumbers(CUdeviceptr to, const int32_t *numbers, int32_t padding, uint32_t rows, uint32_t padded,
                     int32_t *staged, CUstream stream);
  Status copy(CUdeviceptr to, const void *from, size_t size, CUstream stream) const;

  static constexpr uint32_t kSlots = 4;

  ContextPointer context;
  PinnedMemory memory;
  uint64_t segmentBytes = 0, slotBytes = 0; // a slot: segments, then ids and targets
  Event sent[kSlots];
  uint32_t next = 0;
};

} // namespace yoco::runtime::cuda

#endif // YOCO_RUNTIME_DEVICE_CUDA_STEPINPUTS_H
