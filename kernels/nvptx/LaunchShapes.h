// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How each micro-kernel is launched: blocks, threads, dynamic shared memory. Plain C++ that the compiler and the
// kernels share, so that a tile size is written down once. What depends on the chip is an argument: `multiprocessors`,
// and `sharedLimit`, the most bytes of shared memory that a block may have. A kernel gets the same numbers as
// constants.

#ifndef YOCO_KERNELS_NVPTX_LAUNCHSHAPES_H
#define YOCO_KERNELS_NVPTX_LAUNCHSHAPES_H

namespace yoco::nvptx {

/// What the number of blocks is counted in: multiplier * (1, ceil(rows / divisor) or segments).
enum class BlockUnit { constant, rows, segments };

struct LaunchShape {
  BlockUnit unit;
  int divisor;          // 1 unless unit is rows
  int multiplier;       // block index = unit index * multiplier + the rest
  int threads;          // a multiple of 32
  int sharedBytes;
  int cluster = 1;          // blocks of a cluster
  bool cooperative = false; // all blocks run at the same time, and may wait for each other
};

/// Positions of a span of a split cache.
constexpr int kSplitSpan = 64;

} // namespace yoco::nvptx

#include "kernels/nvptx/shapes/AttentionShapes.h"
#include "kernels/nvptx/shapes/LinearShapes.h"
#include "kernels/nvptx/shapes/RetentionShapes.h"
#include "kernels/nvptx/shapes/RowWiseShapes.h"

#endif // YOCO_KERNELS_NVPTX_LAUNCHSHAPES_H
