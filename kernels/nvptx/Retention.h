// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the two retention kernels share.

#ifndef YOCO_KERNELS_NVPTX_RETENTION_H
#define YOCO_KERNELS_NVPTX_RETENTION_H

#include "kernels/nvptx/LaunchShapes.h"
#include "kernels/nvptx/Math.h"

namespace yoco::device::retention {

struct alignas(8) Vec2 {
  uint32_t x, y;
};

YOCO_DEVICE uint32_t bitsOf(float value) { return __builtin_bit_cast(uint32_t, value); }
YOCO_DEVICE float floatOf(uint32_t bits) { return __builtin_bit_cast(float, bits); }

/// At multiples of 16 bytes.
YOCO_DEVICE void loadFour(float (&to)[4], const float *from) {
  const Vec4 words = load16(from);
  to[0] = floatOf(words.x);
  to[1] = floatOf(words.y);
  to[2] = floatOf(words.z);
  to[3] = floatOf(words.w);
}
YOCO_DEVICE void storeFour(float *to, const float (&from)[4]) {
  store16(to, Vec4{bitsOf(from[0]), bitsOf(from[1]), bitsOf(from[2]), bitsOf(from[3])});
}

/// A row of the segment table, by one access.
YOCO_DEVICE Segment loadSegment(const Segment *table, int64_t index) {
  const Vec4 words = load16(table + index);
  return {static_cast<int32_t>(words.x), static_cast<int32_t>(words.y), static_cast<int32_t>(words.z),
          static_cast<int32_t>(words.w)};
}

/// The logarithm of a row's decay, from what the gate's linear gave.
YOCO_DEVICE float logDecay(float gate, float gateDivisor) {
  return gateDivisor != 0.0f ? logSigmoid(gate) / gateDivisor : gate;
}

/// First element of the state of a slot's head.
YOCO_DEVICE float *headState(float *state, int32_t slot, int64_t slotStride, int head, int keyWidth, int valueWidth) {
  return state + slot * slotStride + head * (static_cast<int64_t>(keyWidth) * valueWidth);
}

} // namespace yoco::device::retention

#endif // YOCO_KERNELS_NVPTX_RETENTION_H
