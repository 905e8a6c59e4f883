// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where the memory of a slot is: its record, and its part of each plane that grows.

#ifndef YOCO_RUNTIME_DEVICE_SLOTMEMORY_H
#define YOCO_RUNTIME_DEVICE_SLOTMEMORY_H

#include "runtime/model/PlanSizes.h"

#include <cstdint>

namespace yoco::runtime {

/// Calls `copy(buffer, from, to, size)` for each piece of memory that slot `to` must have from slot `from` to hold the
/// same `positions` positions: byte offsets in a buffer of the plan, and a number of bytes, not 0.
template <typename Copy>
Status copySlotMemory(const fb::Variant &variant, const Bounds &bounds, uint32_t from, uint32_t to, uint64_t positions,
                      Copy &&copy) {
  if (uint64_t stride = variant.record_stride(); variant.records() >= 0)
    YOCO_RETURN_IF_ERROR(copy(uint32_t(variant.records()), from * stride, to * stride, stride));
  for (const fb::State *state : *variant.states())
    for (const fb::Plane *plane : *state->planes()) {
      uint64_t stride = plane->bytes_per_position() * bounds.seq, size = plane->bytes_per_position() * positions;
      if (plane->buffer() >= 0 && size != 0)
        YOCO_RETURN_IF_ERROR(copy(uint32_t(plane->buffer()), from * stride, to * stride, size));
    }
  return Status();
}

/// Calls `clear(offset, size)` for each piece of the records' buffer that holds what slot `slot` has of a state.
template <typename Clear>
Status clearSlotMemory(const fb::Variant &variant, uint32_t state, uint32_t slot, Clear &&clear) {
  for (const fb::Plane *plane : *variant.states()->Get(state)->planes())
    if (plane->buffer() < 0 && plane->record_bytes() != 0)
      YOCO_RETURN_IF_ERROR(clear(slot * variant.record_stride() + plane->record_offset(), plane->record_bytes()));
  return Status();
}

} // namespace yoco::runtime

#endif // YOCO_RUNTIME_DEVICE_SLOTMEMORY_H
