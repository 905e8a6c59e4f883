// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The greedy choice of a token.

#include "kernels/nvptx/Candidates.h"
#include "kernels/nvptx/LaunchShapes.h"
#include "kernels/nvptx/Math.h"
#include "kernels/nvptx/MicroKernels.h"

namespace yoco::device {
YOCO_MICRO_KERNEL YOCO_DEFINE_MICRO_KERNEL(argmax) {
  const int threads = nvptx::argmaxShape(columns).threads, warps = threads / 32;
  const float *row = logits + tile * logitsStride;
  const bool aligned = isAligned16(row);
  Candidate best = {0, 0xffffffffu};
  constexpr int kBatch = 4; // loads of 16 bytes under way
  for (int first = static_cast<int>(threadIndex()) * 8; first < columns; first += kBatch * threads * 8) {
    Eight x[kBatch];
#pragma unroll
    for (int b = 0; b < kBatch; ++b)
      x[b] = loadEight(row, kF32, first + b * threads * 8, columns - first - b * threads * 8, aligned);
#pragma unroll
    for (int b = 0; b < kBatch; ++b)
#pragma unroll
      for (int i = 0; i < 8; ++i) {
        const int column = first + b * threads * 8 + i;
        if (column < columns)
          best = betterOf(best, {keyOf(elementOf(x[b], kF32, i)), static_cast<uint32_t>(column)});
      }
  }
  best = bestOfWarp(best);
  Candidate *shared = reinterpret_cast<Candidate *>(sharedMemory());
  if (laneIndex() == 0)
    shared[warpIndex()] = best;
  syncBlock();
  if (warpIndex() > 0)
    return;
  const int lane = static_cast<int>(laneIndex());
  best = bestOfWarp(lane < warps ? shared[lane] : Candidate{0, 0xffffffffu});
  if (lane == 0)
    ids[tile] = best.key == 0 ? -1 : static_cast<int32_t>(best.column);
}

} // namespace yoco::device
