// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/device/cuda/StepInputs.h"

#include <algorithm>
#include <cstring>

namespace yoco::runtime::cuda {

Result<StepInputs> StepInputs::create(const ContextPointer &context, uint64_t mostRows, uint64_t mostSegments) {
  StepInputs inputs;
  inputs.context = context;
  inputs.segmentBytes = mostSegments * sizeof(SegmentRow);
  inputs.slotBytes = Checked(inputs.segmentBytes + 2 * mostRows * sizeof(int32_t)).alignedTo(kMemoryAlignment).value();
  YOCO_ASSIGN_OR_RETURN(inputs.memory, PinnedMemory::allocate(context, kSlots * inputs.slotBytes, "inputs of steps"));
  for (Event &event : inputs.sent) {
    YOCO_ASSIGN_OR_RETURN(event, createEvent(context));
  }
  return inputs;
}

Status StepInputs::copy(CUdeviceptr to, const void *from, size_t size, CUstream stream) const {
  return context->check("cuMemcpyHtoDAsync", context->api().cuMemcpyHtoDAsync(to, from, size, stream));
}

/// Padding has no slot. Where rows are one per segment, each of its rows is one of them; else it has none.
static void fillTable(const StepSet &set, SetSize size, bool rowPerSegment, SegmentRow *table) {
  memcpy(table, set.segments, set.segmentCount * sizeof(SegmentRow));
  for (uint32_t i = set.segmentCount; i < size.segments; ++i)
    table[i] = rowPerSegment ? SegmentRow{-1, 0, int32_t(i), 1} : SegmentRow{-1, 0, int32_t(set.rows), 0};
}

/// A number for each row, and `padding` for the rest; for all rows where there are no numbers.
Status StepInputs::sendNumbers(CUdeviceptr to, const int32_t *numbers, int32_t padding, uint32_t rows, uint32_t padded,
                               int32_t *staged, CUstream stream) {
  if (!numbers)
    rows = 0;
  else
    memcpy(staged, numbers, rows * sizeof(int32_t));
  std::fill(staged + rows, staged + padded, padding);
  return copy(to, staged, padded * sizeof(int32_t), stream);
}

Status StepInputs::send(const CudaEntry &entry, const Step &step, const StepSize &size, CUstream stream) {
  const CudaApi &api = context->api();
  uint32_t slot = next++ % kSlots;
  YOCO_RETURN_IF_ERROR(context->check("cuEventSynchronize", api.cuEventSynchronize(sent[slot].get())));
  auto *segments = reinterpret_cast<SegmentRow *>(memory.data() + slot * slotBytes);
  auto *ids = reinterpret_cast<int32_t *>(memory.data() + slot * slotBytes + segmentBytes);
  YOCO_RETURN_IF_ERROR(sendNumbers(entry.ids(), step.ids, 0, step.sets[0].rows, size[0].rows, ids, stream));
  if (entry.targets() != 0)
    YOCO_RETURN_IF_ERROR(sendNumbers(entry.targets(), step.targets, -1, step.sets[0].rows, size[0].rows,
                                     ids + size[0].rows, stream));
  for (uint32_t i = 0; i < size.size(); ++i) {
    if (size[i].rows == 0)
      continue; // nobody reads it
    fillTable(step.sets[i], size[i], entry.isRowPerSegment(i), segments);
    YOCO_RETURN_IF_ERROR(copy(entry.segments(i), segments, size[i].segments * sizeof(SegmentRow), stream));
    segments += size[i].segments;
  }
  return context->check("cuEventRecord", api.cuEventRecord(sent[slot].get(), stream));
}

} // namespace yoco::runtime::cuda
