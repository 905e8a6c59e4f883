// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The order of the logits of a row: larger ones first, of equals the lowest column.

#ifndef YOCO_KERNELS_NVPTX_CANDIDATES_H
#define YOCO_KERNELS_NVPTX_CANDIDATES_H

#include "kernels/nvptx/Device.h"

namespace yoco::device {

/// A logit as an integer of the same order, and its column.
struct Candidate {
  uint32_t key, column;
};

/// Larger logits have larger keys; both zeros have one, and NaN has the smallest.
YOCO_DEVICE uint32_t keyOf(float logit) {
  if (logit != logit)
    return 0;
  const uint32_t bits = __builtin_bit_cast(uint32_t, logit + 0.0f);
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

YOCO_DEVICE Candidate betterOf(Candidate a, Candidate b) {
  return b.key > a.key || (b.key == a.key && b.column < a.column) ? b : a;
}

YOCO_DEVICE Candidate bestOfWarp(Candidate best) {
#pragma unroll
  for (uint32_t mask = 16; mask > 0; mask >>= 1)
    best = betterOf(best, {shuffleXor(best.key, mask), shuffleXor(best.column, mask)});
  return best;
}

} // namespace yoco::device

#endif // YOCO_KERNELS_NVPTX_CANDIDATES_H
