// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Linears with what the compiler fuses around them.
//
// yoco_linear_few on tensor cores: memory speed is all that counts. Weight rows are the A operand (16 outputs x 16
// columns) and go from global memory straight to registers; the rows of x are the columns of B. The order of the
// columns inside a dot product is free, so lane (g = lane / 4, t = lane % 4) loads columns 8t .. 8t + 7 of weight rows
// g and g + 8: elements 0-3 are its fragment of one mma, 4-7 of the next, and the same eight of row g of x are those of
// B. The warps of a block share the columns and meet once, at the end. A norm costs no pass over x: weights multiply x
// * normWeight, each lane sums the squares of what it loads, and 1 / rms of a row scales the finished sums.

#include "kernels/nvptx/LaunchShapes.h"
#include "kernels/nvptx/Math.h"
#include "kernels/nvptx/MicroKernels.h"

namespace yoco::device {
namespace {

struct Linear {
  int64_t rows;
  const void *x;
  int xKind, xStride, columns;
  const void *w0, *w1;
  int weightKind, weightStride, outputs;
  const void *normWeight;
  bool hasNormWeight;
  int normKind;
  float eps;
  int activation;
  const float *residual;
  bool hasResidual;
  int residualStride;
  void *out;
  int outKind, outStride;
};

YOCO_DEVICE bool isGated(const Linear &linear) { return linear.activation == kSwiglu || linear.activation == kGeglu; }

/// Activation, residual and store of one output. `b` is W1 x of a gated linear.
YOCO_DEVICE void finish(const Linear &linear, int64_t row, int output, float a, float b) {
  float value = a;
  if (linear.activation == kSilu || linear.activation == kSwiglu)
    value = silu(a);
  if (linear.activation == kGelu || linear.activation == kGeglu)
    value = gelu(a);
  if (isGated(linear))
    value *= b;
  if (linear.hasResidual)
    value += linear.residual[row * linear.residualStride + output];
  storeElement(linear.out, linear.outKind, row * linear.outStride + output, value);
}

// Few rows on tensor cores
// ------------------------------------------------------------------------------------------------

constexpr int kWarps = nvptx::kLinearFewWarps;
/// Columns that a warp takes at once.
constexpr int kStep = 32;
/// Pairs of 16-byte loads of weights that a lane has under way: 8 KiB of a warp, and less where sums take the
/// registers, so that a multiprocessor has two blocks.
constexpr int kMaxInFlight = 8;
constexpr int inFlight(int groups, int tiles) { return groups > 1 ? 4 : tiles > 1 ? 6 : kMaxInFlight; }
/// Tiles of 16 weight rows of a block, of both matrices.
constexpr int kMaxTiles = 2;

/// How a block's columns are cut: warp w takes steps w, w + kWarps, ...; `depth` steps of each warp are under way.
struct Steps {
  int tiles;  // of each matrix
  int all;    // of both
  int rounds; // of `depth` steps
  int depth;
  bool weightsExist, inputsExist; // for all steps and lanes
};

YOCO_DEVICE Steps cutSteps(const Linear &linear, int groups) {
  Steps steps;
  steps.tiles = nvptx::linearFewTiles(linear.outputs, isGated(linear));
  steps.all = steps.tiles * (isGated(linear) ? 2 : 1);
  const int ofWarp = (linear.columns + kStep * kWarps - 1) / (kStep * kWarps);
  const int most = inFlight(groups, steps.all) / steps.all;
  steps.rounds = (ofWarp + most - 1) / most;
  steps.depth = (ofWarp + steps.rounds - 1) / steps.rounds;
  const int columns = steps.rounds * steps.depth * kStep * kWarps;
  steps.weightsExist = columns <= linear.weightStride;
  steps.inputsExist = columns <= linear.columns;
  return steps;
}

/// The first output of this block's tiles: a block whose tiles would end behind the matrix starts earlier.
YOCO_DEVICE int firstOutput(const Linear &linear, int outputs) {
  const int block = static_cast<int>(blockIndex()) * outputs, last = linear.outputs - outputs;
  return last <= 0 ? 0 : block < last ? block : last;
}

/// What a lane holds of the weights: rows g and g + 8 of a tile for one step.
struct WeightPair {
  Vec4 low, high;
};

/// What a lane reads of the weights, from its place in the first tile on. Offsets are constants.
struct WeightReader {
  const Linear &linear;
  const Steps &steps;
  const uint8_t *at[2]; // in either matrix
  int64_t toHigh;       // bytes from row g to row g + 8
  int column;

  YOCO_DEVICE WeightReader(const Linear &linear, const Steps &steps, int column)
      : linear(linear), steps(steps), column(column) {
    int low = firstOutput(linear, steps.tiles * 16) + static_cast<int>(laneIndex() / 4), high = low + 8;
    if (linear.outputs < 16) { // the last row stands for those that do not exist
      low = low < linear.outputs ? low : linear.outputs - 1;
      high = high < linear.outputs ? high : linear.outputs - 1;
    }
    const int64_t stride = static_cast<int64_t>(linear.weightStride) * 2, offset = low * stride + column * 2;
    toHigh = linear.outputs < 16 ? (high - low) * stride : 8 * stride;
    at[0] = static_cast<const uint8_t *>(linear.w0) + offset;
    at[1] = isGated(linear) ? static_cast<const uint8_t *>(linear.w1) + offset : nullptr;
  }

  YOCO_DEVICE WeightPair load(int tile, int step) const {
    if (!steps.weightsExist && column + step * kStep * kWarps >= linear.weightStride)
      return {{0, 0, 0, 0}, {0, 0, 0, 0}};
    const uint8_t *low = at[tile < steps.tiles ? 0 : 1] +
                         static_cast<int64_t>(tile % steps.tiles * 16) * linear.weightStride * 2 +
                         step * kStep * kWarps * 2;
    return {loadStream16(low), loadStream16(low + toHigh)};
  }

  YOCO_DEVICE void advance() {
    at[0] += steps.depth * kStep * kWarps * 2;
    if (isGated(linear))
      at[1] += steps.depth * kStep * kWarps * 2;
    column += steps.depth * kStep * kWarps;
  }
};

/// What a lane reads of row g of each group of eight rows of x, and of the norm's weight. The last row stands for rows
/// that do not exist: they are columns of B that nobody looks at.
template <int Groups, bool Aligned>
struct InputReader {
  const Linear &linear;
  const Steps &steps;
  const void *at[Groups], *weightAt = nullptr;
  int column;
  Eight x[Groups], weight; // of the next step

  YOCO_DEVICE InputReader(const Linear &linear, const Steps &steps, int column, int64_t firstRow, int count)
      : linear(linear), steps(steps), column(column), weight() {
#pragma unroll
    for (int group = 0; group < Groups; ++group) {
      const int row = group * 8 + static_cast<int>(laneIndex() / 4);
      const int64_t index = (firstRow + (row < count ? row : count - 1)) * linear.xStride + column;
      at[group] = elementAddress(linear.x, linear.xKind, index);
    }
    if (hasWeight())
      weightAt = elementAddress(linear.normWeight, linear.normKind, column);
  }

  YOCO_DEVICE bool hasWeight() const { return linear.eps >= 0.0f && linear.hasNormWeight; }

  YOCO_DEVICE void load(int step) {
    const int offset = step * kStep * kWarps, valid = steps.inputsExist ? 8 : linear.columns - column - offset;
#pragma unroll
    for (int group = 0; group < Groups; ++group)
      x[group] = loadEight(at[group], linear.xKind, offset, valid, Aligned);
    if (hasWeight())
      weight = loadEight(weightAt, linear.normKind, offset, valid, true);
  }

  /// The B fragments of two mma of the step that was loaded, and x^2 added to `squares`.
  YOCO_DEVICE Vec4 toFragment(int group, int step, float &squares) const {
    const int valid = linear.columns - column - step * kStep * kWarps;
    const bool ragged = linear.columns % 8 != 0, normalised = linear.eps >= 0.0f;
    if (linear.xKind == kBf16 && !normalised && !ragged)
      return x[group].words[0];
    float values[8];
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      const bool exists = !ragged || i < valid;
      values[i] = exists ? elementOf(x[group], linear.xKind, i) : 0.0f;
      if (normalised)
        squares = fma(values[i], values[i], squares);
      if (hasWeight())
        values[i] = exists ? values[i] * elementOf(weight, linear.normKind, i) : 0.0f;
    }
    return {packBf16(values[0], values[1]), packBf16(values[2], values[3]), packBf16(values[4], values[5]),
            packBf16(values[6], values[7])};
  }

  YOCO_DEVICE void advance() {
#pragma unroll
    for (int group = 0; group < Groups; ++group)
      at[group] = elementAddress(at[group], linear.xKind, steps.depth * kStep * kWarps);
    if (hasWeight())
      weightAt = elementAddress(weightAt, linear.normKind, steps.depth * kStep * kWarps);
    column += steps.depth * kStep * kWarps;
  }
};

YOCO_DEVICE void multiply(float (&sums)[4], const WeightPair &weights, const Vec4 &x) {
  mmaBf16(sums, {weights.low.x, weights.high.x, weights.low.y, weights.high.y}, {x.x, x.y});
  mmaBf16(sums, {weights.low.z, weights.high.z, weights.low.w, weights.high.w}, {x.z, x.w});
}

/// Sums over the warps, in their order, and the epilogue. A warp's sums lie as its mma left them:
/// [tile][group][lane][4].
template <int Groups>
YOCO_DEVICE void finishBlock(const Linear &linear, const Steps &steps, int64_t firstRow, int count, const float *shared,
                             const float *squares) {
  const int outputs = steps.tiles * 16, slots = steps.all * Groups * 128;
  const int first = firstOutput(linear, outputs), begin = static_cast<int>(blockIndex()) * outputs;
  for (int i = static_cast<int>(threadIndex()); i < outputs * count; i += kWarps * 32) {
    const int row = i / outputs, ofBlock = i % outputs, output = first + ofBlock;
    if (output < begin || output >= linear.outputs)
      continue;
    const int group = row / 8, lane = ofBlock % 8 * 4 + row % 8 / 2, element = ofBlock % 16 / 8 * 2 + row % 2;
    const int slot = (ofBlock / 16 * Groups + group) * 128 + lane * 4 + element;
    float a = 0.0f, b = 0.0f, square = 0.0f;
#pragma unroll
    for (int warp = 0; warp < kWarps; ++warp) {
      a += shared[warp * slots + slot];
      if (isGated(linear))
        b += shared[warp * slots + slot + steps.tiles * Groups * 128];
      if (linear.eps >= 0.0f)
        square += squares[warp * Groups * 8 + row];
    }
    if (linear.eps >= 0.0f) {
      const float scale = rsqrtApprox(square / static_cast<float>(linear.columns) + linear.eps);
      a *= scale;
      b *= scale;
    }
    finish(linear, firstRow + row, output, a, b);
  }
}

/// `count` rows from `firstRow` on, at most 8 * Groups.
template <int Groups, bool Aligned>
YOCO_DEVICE void runFew(const Linear &linear, int64_t firstRow, int count) {
  const Steps steps = cutSteps(linear, Groups);
  const int lane = static_cast<int>(laneIndex()), warp = static_cast<int>(warpIndex());
  WeightReader weights(linear, steps, warp * kStep + lane % 4 * 8);
  InputReader<Groups, Aligned> input(linear, steps, warp * kStep + lane % 4 * 8, firstRow, count);

  WeightPair held[kMaxInFlight];
#pragma unroll
  for (int i = 0; i < kMaxInFlight; ++i)
    if (i < steps.depth * steps.all)
      held[i] = weights.load(i % steps.all, i / steps.all);
  input.load(0);

  float sums[kMaxTiles][Groups][4] = {}, squares[Groups] = {};
#pragma unroll 1
  for (int round = 1; round <= steps.rounds; ++round) {
#pragma unroll
    for (int d = 0; d < kMaxInFlight; ++d) {
      if (d >= steps.depth)
        continue;
      Vec4 x[Groups];
#pragma unroll
      for (int group = 0; group < Groups; ++group)
        x[group] = input.toFragment(group, d, squares[group]);
      if (d + 1 < steps.depth || round < steps.rounds)
        input.load(d + 1);
#pragma unroll
      for (int tile = 0; tile < kMaxTiles; ++tile) {
        if (tile >= steps.all)
          continue;
        WeightPair &pair = held[d * steps.all + tile];
#pragma unroll
        for (int group = 0; group < Groups; ++group)
          multiply(sums[tile][group], pair, x[group]);
        if (round < steps.rounds)
          pair = weights.load(tile, d + steps.depth);
      }
    }
    weights.advance();
    input.advance();
  }

  float *shared = reinterpret_cast<float *>(sharedMemory());
  float *sharedSquares = shared + kWarps * steps.all * Groups * 128;
#pragma unroll
  for (int group = 0; group < Groups; ++group) {
#pragma unroll
    for (int tile = 0; tile < kMaxTiles; ++tile)
      if (tile < steps.all) {
        const float(&s)[4] = sums[tile][group];
        float *at = shared + ((warp * steps.all + tile) * Groups + group) * 128 + lane * 4;
        store16(at, {__builtin_bit_cast(uint32_t, s[0]), __builtin_bit_cast(uint32_t, s[1]),
                     __builtin_bit_cast(uint32_t, s[2]), __builtin_bit_cast(uint32_t, s[3])});
      }
    if (linear.eps >= 0.0f) {
      squares[group] += shuffleXor(squares[group], 1);
      squares[group] += shuffleXor(squares[group], 2);
      if (lane % 4 == 0)
        sharedSquares[(warp * Groups + group) * 8 + lane / 4] = squares[group];
    }
  }
  syncBlock();
  finishBlock<Groups>(linear, steps, firstRow, count, shared, sharedSquares);
}

// Few rows in f32
// ---------------------------------------------------------------------------------------------------------

/// Rows that read the weights once.
constexpr int kExactRows = 8;

/// A warp has an output: lanes take 16 bytes of the weight row in turn, `Batch` of them at once. No shared memory.
template <int Rows, int Batch, bool Aligned>
YOCO_DEVICE void runExact(const Linear &linear, int64_t firstRow, int count) {
  const int output = static_cast<int>(blockIndex() * kWarps + warpIndex());
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

// Many rows in f32
// --------------------------------------------------------------------------------------------------------

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
  const int64_t firstRow = static_cast<int64_t>(blockIndex() / blocks) * kRows;
  const int firstOutput = static_cast<int>(blockIndex() % blocks) * kOutputs;
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

} // namespace

YOCO_MICRO_KERNEL void yoco_linear_few(int64_t rows, const void *x, int xKind, int xStride, int columns, const void *w0,
                                       const void *w1, int weightKind, int weightStride, int outputs, bool exact,
                                       const void *normWeight, bool hasNormWeight, int normKind, float eps,
                                       int activation, const float *residual, bool hasResidual, int residualStride,
                                       void *out, int outKind, int outStride) {
  const Linear linear = {rows,     x,          xKind,        xStride,  columns,     w0,
                         w1,       weightKind, weightStride, outputs,  normWeight,  hasNormWeight,
                         normKind, eps,        activation,   residual, hasResidual, residualStride,
                         out,      outKind,    outStride};
  const bool aligned = isAligned16(x) && xStride * elementBytes(xKind) % 16 == 0;
  const int most = exact ? kExactRows : nvptx::kLinearFewRows;
  for (int64_t first = 0; first < rows; first += most) {
    const int count = rows - first < most ? static_cast<int>(rows - first) : most;
    if (exact) {
      if (!aligned || 16 / elementBytes(weightKind) * elementBytes(xKind) % 16 != 0)
        runExact<kExactRows, 1, false>(linear, first, count);
      else if (count == 1)
        runExact<1, 4, true>(linear, first, count);
      else
        runExact<kExactRows, 2, true>(linear, first, count);
      continue;
    }
    if (first > 0)
      syncBlock(); // the shared memory is read no more
    if (!aligned)
      runFew<2, false>(linear, first, count);
    else if (count <= 8)
      runFew<1, true>(linear, first, count);
    else
      runFew<2, true>(linear, first, count);
  }
}

YOCO_MICRO_KERNEL void yoco_linear_tiled(int64_t rows, const void *x, int xKind, int xStride, int columns,
                                         const void *w0, const void *w1, int weightKind, int weightStride, int outputs,
                                         int activation, const float *residual, bool hasResidual, int residualStride,
                                         void *out, int outKind, int outStride) {
  runTiled({rows,    x,       xKind,    xStride, columns, w0,         w1,       weightKind,  weightStride,
            outputs, nullptr, false,    kF32,    -1.0f,   activation, residual, hasResidual, residualStride,
            out,     outKind, outStride});
}

} // namespace yoco::device
