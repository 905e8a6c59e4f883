// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Launches of the row-wise micro-kernels (RowWise.cu, Sample.cu, Logprobs.cu).

#ifndef YOCO_KERNELS_NVPTX_SHAPES_ROWWISESHAPES_H
#define YOCO_KERNELS_NVPTX_SHAPES_ROWWISESHAPES_H

#include "kernels/nvptx/LaunchShapes.h"

namespace yoco::nvptx {

/// Threads of a block for a row of `columns`: about eight columns each, whole warps, at most `limit`.
constexpr int rowThreads(int columns, int limit) {
  int threads = 32;
  while (threads < limit && threads * 8 < columns)
    threads *= 2;
  return threads;
}

/// One block a segment.
constexpr LaunchShape positionsShape() { return {BlockUnit::segments, 1, 1, 128, 0}; }

/// One block a row.
constexpr LaunchShape narrowShape(int columns) { return {BlockUnit::rows, 1, 1, rowThreads(columns, 512), 0}; }

/// One block a row.
constexpr LaunchShape embedShape(int columns) { return {BlockUnit::rows, 1, 1, rowThreads(columns, 512), 0}; }

/// A block has a row or, of rows with many groups, a warp has a group.
constexpr bool normByWarps(int groups, int width) { return groups > 1 && width <= 1024; }
constexpr LaunchShape normShape(int groups, int width) {
  if (!normByWarps(groups, width))
    return {BlockUnit::rows, 1, groups, rowThreads(width, 512), 16 * 4};
  const int warps = groups < 8 ? groups : 8;
  return {BlockUnit::rows, 1, (groups + warps - 1) / warps, warps * 32, 0};
}

/// One block a row.
constexpr LaunchShape ropeShape(int heads, int width) {
  return {BlockUnit::rows, 1, 1, rowThreads(heads * width, 256), 0};
}

/// One block a row.
constexpr LaunchShape cacheWriteShape(int heads, int keyWidth, int valueWidth) {
  return {BlockUnit::rows, 1, 1, rowThreads(heads * (keyWidth + valueWidth), 256), 0};
}

/// One block a row; shared: the best value and column of each warp.
constexpr int kArgmaxThreads = 1024;
constexpr LaunchShape argmaxShape(int columns) {
  const int threads = rowThreads(columns, kArgmaxThreads);
  return {BlockUnit::rows, 1, 1, threads, threads / 32 * 8};
}

/// One block a row; shared: a sum of each warp.
constexpr LaunchShape targetLogitsShape(int columns) {
  const int threads = rowThreads(columns, 256);
  return {BlockUnit::rows, 1, 1, threads, threads / 32 * 4};
}

/// One block a row; shared: the best value and column of each warp.
constexpr LaunchShape logprobsShape(int columns) {
  const int threads = rowThreads(columns, 512);
  return {BlockUnit::rows, 1, 1, threads, threads / 32 * 8};
}

} // namespace yoco::nvptx

#endif // YOCO_KERNELS_NVPTX_SHAPES_ROWWISESHAPES_H
