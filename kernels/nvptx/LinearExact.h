// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Linears in f32, without tensor cores, with weights of any kind.

#ifndef YOCO_KERNELS_NVPTX_LINEAREXACT_H
#define YOCO_KERNELS_NVPTX_LINEAREXACT_H

#include "kernels/nvptx/Linear.h"

namespace yoco::device {

// Few rows in f32 ----------------------------------------------------------------------------------------------------

/// Rows that read the weights once.
constexpr int kExactRows = 8;

/// A warp has an output: lanes take 16 bytes of the weight row in turn, `Batch` of them at once. No shared memory.
template <int Rows, int Batch, bool Aligned>
YOCO_DEVICE void runExact(const Linear &linear, int64_t firstRow, int count) {
  const int output = static_cast<int>(linear.tile * nvptx::kLinearFewWarps + warpIndex());
  if (output >= linear.outputs)
    return;
  const int width = 16 / elementBytes(linear.weightKind);
  const bool gated = isGated(linear), normalised = linear.eps >= 0.0f;
  const int64_t at = static_cast<int64_t>(output) * linear.weightStride;
  const Vec4 zero = {0, 0, 0, 0};

  float a[Rows] = {}, b[Rows] = {}, squares[Rows] = {};
#pragma unroll 1
  for (int column = static_cast<int>(laneIndex()) * width; column < linear.columns; column += Batch * 32 * width) {
    Vec4 w0[Batch], w1[Batch];
#pragma unroll
    for (int i = 0; i < Batch; ++i) {
      const int64_t index = at + column + i * 32 * width;
      const bool exists = column + i * 32 * width < linear.columns;
      w0[i] = exists ? loadStream16(elementAddress(linear.w0, linear.weightKind, index)) : zero;
      w1[i] = exists && gated ? loadStream16(elementAddress(linear.w1, linear.weightKind, index)) : zero;
    }
#pragma unroll
    for (int i = 0; i < Batch; ++i) {
      const int first = column + i * 32 * width, left = linear.columns - first, valid = left < width ? left : width;
      Eight norm = {};
      if (normalised && linear.hasNormWeight) {
        const bool aligned = width * elementBytes(linear.normKind) % 16 == 0;
        norm = loadEight(linear.normWeight, linear.normKind, first, valid, aligned);
      }
#pragma unroll
      for (int row = 0; row < Rows; ++row) {
        if (row >= count)
          continue;
        const Eight x = loadEight(linear.x, linear.xKind, (firstRow + row) * linear.xStride + first, valid, Aligned);
#pragma unroll
        for (int j = 0; j < 8; ++j) {
          if (j >= width)
            continue;
          const bool exists = linear.columns % width == 0 || j < valid;
          float value = exists ? elementOf(x, linear.xKind, j) : 0.0f;
          if (normalised)
            squares[row] = fma(value, value, squares[row]);
          if (normalised && linear.hasNormWeight)
            value = exists ? value * elementOf(norm, linear.normKind, j) : 0.0f;
          a[row] = fma(elementOf(w0[i], linear.weightKind, j), value, a[row]);
          if (gated)
            b[row] = fma(elementOf(w1[i], linear.weightKind, j), value, b[row]);
        }
      }
    }
  }
#pragma unroll
  for (int row = 0; row < Rows; ++row) {
    if (row >= count)
      continue;
    float sumA = warpSum(a[row]), sumB = gated ? warpSum(b[row]) : 0.0f;
    if (normalised) {
      const float scale = rsqrtApprox(warpSum(squares[row]) / static_cast<float>(linear.columns) + linear.eps);
      sumA *= scale;
      sumB *= scale;
    }
    if (laneIndex() == 0)
      finish(linear, firstRow + row, output, sumA, sumB);
  }
}

template <int Rows, int Batch, bool Aligned>
YOCO_DEVICE void runExactRows(const Linear &linear) {
  for (int64_t first = 0; first < linear.rows; first += Rows) {
    const int64_t left = linear.rows - first;
    runExact<Rows, Batch, Aligned>(linear, first, left < Rows ? static_cast<int>(left) : Rows);
  }
}

// Many rows in f32 ---------------------------------------------------------------------------------------------------

constexpr int kPanel = nvptx::kLinearTiledColumns, kPitch = nvptx::kLinearTiledPitch;

/// Eight columns of a row of x or of a matrix to the tile in shared memory, column by column; zeros where nothing is.
YOCO_DEVICE void storeColumns(float *tile, int row, int column, const Eight &eight, int kind, int valid) {
#pragma unroll
  for (int i = 0; i < 8; ++i)
    tile[(column + i) * kPitch + row] = i < valid ? elementOf(eight, kind, i) : 0.0f;
}

template <int Count>
YOCO_DEVICE void loadFloats(float (&out)[Count], const float *shared) {
#pragma unroll
  for (int i = 0; i < Count; i += 4) {
    const Vec4 vector = load16(shared + i);
#pragma unroll
    for (int j = 0; j < 4; ++j)
      out[i + j] = elementOf(vector, kF32, j);
  }
}

YOCO_DEVICE void runTiled(const Linear &linear) {
  constexpr int kRows = nvptx::kLinearTiledRows, kOutputs = nvptx::kLinearTiledOutputs;
  const bool gated = isGated(linear);
  const int blocks = (linear.outputs + kOutputs - 1) / kOutputs, thread = static_cast<int>(threadIndex());
  const int64_t firstRow = static_cast<int64_t>(linear.tile / blocks) * kRows;
  const int firstOutput = static_cast<int>(linear.tile % blocks) * kOutputs;
  float *xTile = reinterpret_cast<float *>(sharedMemory());
  float *tile0 = xTile + kPanel * kPitch, *tile1 = tile0 + kPanel * kPitch;

  // Each thread moves eight columns of a row of each tile.
  const int moved = thread / 2, movedColumn = thread % 2 * 8;
  const bool hasRow = firstRow + moved < linear.rows, hasOutput = firstOutput + moved < linear.outputs;
  const int64_t xAt = (firstRow + moved) * linear.xStride;
  const int64_t weightAt = static_cast<int64_t>(firstOutput + moved) * linear.weightStride;
  const bool aligned = isAligned16(linear.x) && linear.xStride * elementBytes(linear.xKind) % 16 == 0;
  Eight x, weight0, weight1 = {};
  auto load = [&](int column) __attribute__((always_inline)) {
    column += movedColumn;
    const int valid = linear.columns - column;
    x = loadEight(linear.x, linear.xKind, xAt + column, hasRow ? valid : 0, aligned);
    weight0 = loadEight(linear.w0, linear.weightKind, weightAt + column, hasOutput ? valid : 0, true);
    if (gated)
      weight1 = loadEight(linear.w1, linear.weightKind, weightAt + column, hasOutput ? valid : 0, true);
  };

  // And has 8 rows of 4 outputs.
  const int row = thread / 16 * 8, output = thread % 16 * 4;
  float a[8][4] = {}, b[8][4] = {};
  load(0);
#pragma unroll 1
  for (int column = 0; column < linear.columns; column += kPanel) {
    const int valid = linear.columns - column - movedColumn;
    storeColumns(xTile, moved, movedColumn, x, linear.xKind, hasRow ? valid : 0);
    storeColumns(tile0, moved, movedColumn, weight0, linear.weightKind, hasOutput ? valid : 0);
    if (gated)
      storeColumns(tile1, moved, movedColumn, weight1, linear.weightKind, hasOutput ? valid : 0);
    syncBlock();
    if (column + kPanel < linear.columns)
      load(column + kPanel);
#pragma unroll
    for (int k = 0; k < kPanel; ++k) {
      float xs[8], w0[4], w1[4];
      loadFloats(xs, xTile + k * kPitch + row);
      loadFloats(w0, tile0 + k * kPitch + output);
      if (gated)
        loadFloats(w1, tile1 + k * kPitch + output);
#pragma unroll
      for (int i = 0; i < 8; ++i)
#pragma unroll
        for (int j = 0; j < 4; ++j) {
          a[i][j] = fma(xs[i], w0[j], a[i][j]);
          if (gated)
            b[i][j] = fma(xs[i], w1[j], b[i][j]);
        }
    }
    syncBlock();
  }
#pragma unroll
  for (int i = 0; i < 8; ++i)
#pragma unroll
    for (int j = 0; j < 4; ++j)
      if (firstRow + row + i < linear.rows && firstOutput + output + j < linear.outputs)
        finish(linear, firstRow + row + i, firstOutput + output + j, a[i][j], b[i][j]);
}

} // namespace yoco::device

#endif // YOCO_KERNELS_NVPTX_LINEAREXACT_H
