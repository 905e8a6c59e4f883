// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Launches and tiles of the linears (Linear.cu).

#ifndef YOCO_KERNELS_NVPTX_SHAPES_LINEARSHAPES_H
#define YOCO_KERNELS_NVPTX_SHAPES_LINEARSHAPES_H

#include "kernels/nvptx/LaunchShapes.h"

namespace yoco::nvptx {

/// Warps of a block of a linear of few rows: with tensor cores they share the columns, else each has an output of its
/// own.
constexpr int kLinearFewWarps = 8;

/// KiB of weights that a warp has under way: 64 KiB of a block, so that a multiprocessor of sm_90 has room for three
/// blocks.
constexpr int kLinearFewRing = 8;

/// Tiles of 16 outputs of a block, of each matrix. Two read the input less often, where every multiprocessor has two
/// such blocks; one gives more of them a block where outputs are few.
constexpr int linearFewTiles(int multiprocessors, int outputs, bool gated) {
  return !gated && outputs >= 2 * 32 * multiprocessors ? 2 : 1;
}

constexpr LaunchShape linearFewShape(int multiprocessors, int outputs, bool exact, bool gated) {
  if (exact)
    return {BlockUnit::constant, 1, (outputs + kLinearFewWarps - 1) / kLinearFewWarps, kLinearFewWarps * 32, 0};
  const int ofBlock = linearFewTiles(multiprocessors, outputs, gated) * 16;
  return {BlockUnit::constant, 1, (outputs + ofBlock - 1) / ofBlock, kLinearFewWarps * 32,
          kLinearFewWarps * kLinearFewRing * 1024};
}

/// A block of the linear of many rows in f32: rows, outputs and columns at a time.
constexpr int kLinearTiledRows = 64, kLinearTiledOutputs = 64, kLinearTiledColumns = 16;
/// Floats of a column of a tile in shared memory: whole 16 bytes, and neighbours in other banks.
constexpr int kLinearTiledPitch = 68;

constexpr LaunchShape linearTiledShape(int outputs, bool gated) {
  return {BlockUnit::rows, kLinearTiledRows, (outputs + kLinearTiledOutputs - 1) / kLinearTiledOutputs, 128,
          (gated ? 3 : 2) * kLinearTiledColumns * kLinearTiledPitch * 4};
}

} // namespace yoco::nvptx

#endif // YOCO_KERNELS_NVPTX_SHAPES_LINEARSHAPES_H
