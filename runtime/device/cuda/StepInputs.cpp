// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/device/cuda/StepInputs.h"

#include <algorithm>
#include <cstring>

namespace yoco::runtime::cuda {

Result<StepInputs> StepInputs::create(const ContextPointer &context, uint64_t mostRows, uint64_t mostSegments) {
  StepInputs inputs;
  inputs.context = context;
  inputs.segmentBytes = mostSegments * sizeof(SegmentRow);
  inputs.slotBytes = Checked(inputs.segmentBytes + mostRows * sizeof(int32_t)).alignedTo(kMemoryAlignment).value();
  YOCO_ASSIGN_OR_RETURN(inputs.memory, PinnedMemory::allocate(context, kSlots * inputs.slotBytes, "inputs of steps"));
  for (Event &event : inputs.sent) {
    YOCO_ASSIGN_OR_RETURN(event, createEvent(context));
  }
  return inputs;
}

Status StepInputs::send(const CudaEntry &entry, const Step &step, StepSize size, CUstream stream) {
  const CudaApi &api = context->api();
  uint32_t slot = next++ % kSlots;
  YOCO_RETURN_IF_ERROR(context->check("cuEventSynchronize", api.cuEventSynchronize(sent[slot].get())));
  auto *segments = reinterpret_cast<SegmentRow *>(memory.data() + slot * slotBytes);
  auto *ids = reinterpret_cast<int32_t *>(memory.data() + slot * slotBytes + segmentBytes);
  memcpy(ids, step.ids, step.rows * sizeof(int32_t));
  std::fill(ids + step.rows, ids + size.rows, 0);
  memcpy(segments, step.segments, step.segmentCount * sizeof(SegmentRow));
  // Padding: no slot. Where rows are one per segment, each of its rows is one of them; else it has none.
  for (uint32_t i = step.segmentCount; i < size.segments; ++i)
    segments[i] = entry.isRagged() ? SegmentRow{-1, 0, int32_t(step.rows), 0} : SegmentRow{-1, 0, int32_t(i), 1};
  YOCO_RETURN_IF_ERROR(context->check("cuMemcpyHtoDAsync",
                                      api.cuMemcpyHtoDAsync(entry.ids(), ids, size.rows * sizeof(int32_t), stream)));
  YOCO_RETURN_IF_ERROR(
      context->check("cuMemcpyHtoDAsync",
                     api.cuMemcpyHtoDAsync(entry.segments(), segments, size.segments * sizeof(SegmentRow), stream)));
  return context->check("cuEventRecord", api.cuEventRecord(sent[slot].get(), stream));
}

} // namespace yoco::runtime::cuda
