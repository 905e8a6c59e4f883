// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Linears with what the compiler fuses around them.
//
// yoco_linear_few on tensor cores: memory speed is all that counts. Weight rows are the A operand (16 outputs x 16
// columns), the rows of x are the columns of B. The order of the columns inside a dot product is free, so lane (g =
// lane / 4, t = lane % 4) has columns 8t .. 8t + 7 of weight rows g and g + 8: elements 0-3 are its fragment of one
// mma, 4-7 of the next, and the same eight of row g of x are those of B. Nobody else needs what a lane reads. Weights
// still pass through shared memory, each lane's through a ring of its own, because asynchronous copies stay under way
// whatever the order of the instructions. The warps of a block share the columns and meet once, at the end. A norm
// costs no pass over x: weights multiply x * normWeight, each lane sums the squares of what it loads, and 1 / rms of a
// row scales the finished sums.

#include "kernels/nvptx/LinearExact.h"

namespace yoco::device {
namespace {

constexpr int kWarps = nvptx::kLinearFewWarps;
/// Columns that a warp takes at once.
constexpr int kStep = 32;
/// Pairs of 16 bytes of weights that a lane has under way.
constexpr int kRing = nvptx::kLinearFewRing;
/// Tiles of 16 weight rows of a block, of both matrices.
constexpr int kMaxTiles = 2;

/// How a block's columns are cut: warp w takes steps w, w + kWarps, ..., `count` of them.
struct Steps {
  int tiles;                      // of each matrix
  int all;                        // of both
  int count;                      // of each warp
  int stages;                     // of the ring: steps under way
  bool weightsExist, inputsExist; // for all steps and lanes
};

YOCO_DEVICE Steps cutSteps(const Linear &linear) {
  Steps steps;
  steps.tiles = nvptx::linearFewTiles(linear.multiprocessors, linear.outputs, isGated(linear));
  steps.all = steps.tiles * (isGated(linear) ? 2 : 1);
  steps.count = (linear.columns + kStep * kWarps - 1) / (kStep * kWarps);
  steps.stages = kRing / steps.all;
  steps.weightsExist = steps.count * kStep * kWarps <= linear.weightStride;
  steps.inputsExist = steps.count * kStep * kWarps <= linear.columns;
  return steps;
}

/// The first output of this block's tiles: a block whose tiles would end after the matrix starts earlier.
YOCO_DEVICE int firstOutput(const Linear &linear, int outputs) {
  const int block = static_cast<int>(linear.tile) * outputs, last = linear.outputs - outputs;
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
  uint8_t *ring;
  int column;

  YOCO_DEVICE WeightReader(const Linear &linear, const Steps &steps, uint8_t *ring, int column)
      : linear(linear), steps(steps), ring(ring), column(column) {
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

  YOCO_DEVICE uint8_t *place(int stage, int tile, int half) const {
    return ring + ((stage * steps.all + tile) * 2 + half) * 512;
  }

  /// Step `step` from here, on its way to a stage of the ring.
  YOCO_DEVICE void copy(int step, int stage) const {
    const bool exists = steps.weightsExist || column + step * kStep * kWarps < linear.weightStride;
#pragma unroll
    for (int tile = 0; tile < kMaxTiles; ++tile) {
      if (tile >= steps.all)
        continue;
      const uint8_t *low = at[tile < steps.tiles ? 0 : 1] +
                           static_cast<int64_t>(tile % steps.tiles * 16) * linear.weightStride * 2 +
                           step * kStep * kWarps * 2;
      copyAsync16(place(stage, tile, 0), low, exists);
      copyAsync16(place(stage, tile, 1), low + toHigh, exists);
    }
  }

  YOCO_DEVICE void waitForOldest() const {
    if (steps.all == 1)
      copyAsyncWait<kRing - 1>();
    else
      copyAsyncWait<kRing / 2 - 1>();
  }

  YOCO_DEVICE WeightPair load(int stage, int tile) const {
    return {load16(place(stage, tile, 0)), load16(place(stage, tile, 1))};
  }

  YOCO_DEVICE void advance() {
    at[0] += steps.stages * kStep * kWarps * 2;
    if (isGated(linear))
      at[1] += steps.stages * kStep * kWarps * 2;
    column += steps.stages * kStep * kWarps;
  }
};

/// What a lane reads of row g of each group of eight rows of x, and of the norm's weight. The last row stands for rows
/// that do not exist: they are columns of B that nobody looks at.
template <int Groups, bool Aligned>
struct InputReader {
  /// Steps whose input is under way.
  static constexpr int kAhead = Groups == 1 ? 4 : 2;

  const Linear &linear;
  const Steps &steps;
  const void *at[Groups], *weightAt = nullptr;
  int column;
  Eight x[kAhead][Groups], weight[kAhead];

  YOCO_DEVICE InputReader(const Linear &linear, const Steps &steps, int column, int64_t firstRow, int count)
      : linear(linear), steps(steps), column(column) {
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

  YOCO_DEVICE void load(int step, int slot) {
    const int offset = step * kStep * kWarps, valid = steps.inputsExist ? 8 : linear.columns - column - offset;
#pragma unroll
    for (int group = 0; group < Groups; ++group)
      x[slot][group] = loadEight(at[group], linear.xKind, offset, valid, Aligned);
    if (hasWeight())
      weight[slot] = loadEight(weightAt, linear.normKind, offset, valid, true);
  }

  /// The B fragments of two mma of the step `step` that lies in `slot`, and x^2 added to `squares`.
  YOCO_DEVICE Vec4 toFragment(int group, int step, int slot, float &squares) const {
    const int valid = linear.columns - column - step * kStep * kWarps;
    const bool ragged = linear.columns % 8 != 0, normalised = linear.eps >= 0.0f;
    if (linear.xKind == kBf16 && !normalised && !ragged)
      return x[slot][group].words[0];
    float values[8];
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      const bool exists = !ragged || i < valid;
      values[i] = exists ? elementOf(x[slot][group], linear.xKind, i) : 0.0f;
      if (normalised)
        squares = fma(values[i], values[i], squares);
      if (hasWeight())
        values[i] = exists ? values[i] * elementOf(weight[slot], linear.normKind, i) : 0.0f;
    }
    return {packBf16(values[0], values[1]), packBf16(values[2], values[3]), packBf16(values[4], values[5]),
            packBf16(values[6], values[7])};
  }

  YOCO_DEVICE void advance() {
#pragma unroll
    for (int group = 0; group < Groups; ++group)
      at[group] = elementAddress(at[group], linear.xKind, steps.stages * kStep * kWarps);
    if (hasWeight())
      weightAt = elementAddress(weightAt, linear.normKind, steps.stages * kStep * kWarps);
    column += steps.stages * kStep * kWarps;
  }
};

YOCO_DEVICE void multiply(float (&sums)[4], const WeightPair &weights, const Vec4 &x) {
  mmaBf16(sums, {weights.low.x, weights.high.x, weights.low.y, weights.high.y}, {x.x, x.y});
  mmaBf16(sums, {weights.low.z, weights.high.z, weights.low.w, weights.high.w}, {x.z, x.w});
}

/// Floats of a warp in shared memory: the ring, and at the end the sums and, after them, the sums of squares.
constexpr int kWarpFloats = kRing * 1024 / 4;
constexpr int squaresAt(int tiles, int groups) { return tiles * groups * 128; }

/// Sums over the warps, in their order, and the epilogue. A warp's sums lie as its mma left them:
/// [tile][group][lane][4].
template <int Groups>
YOCO_DEVICE void finishBlock(const Linear &linear, const Steps &steps, int64_t firstRow, int count,
                             const float *shared) {
  const int outputs = steps.tiles * 16;
  const int first = firstOutput(linear, outputs), begin = static_cast<int>(linear.tile) * outputs;
  for (int i = static_cast<int>(threadIndex()); i < outputs * count; i += kWarps * 32) {
    const int row = i / outputs, ofBlock = i % outputs, output = first + ofBlock;
    if (output < begin || output >= linear.outputs)
      continue;
    const int group = row / 8, lane = ofBlock % 8 * 4 + row % 8 / 2, element = ofBlock % 16 / 8 * 2 + row % 2;
    const int slot = (ofBlock / 16 * Groups + group) * 128 + lane * 4 + element;
    float a = 0.0f, b = 0.0f, square = 0.0f;
#pragma unroll
    for (int warp = 0; warp < kWarps; ++warp) {
      const float *ofWarp = shared + warp * kWarpFloats;
      a += ofWarp[slot];
      if (isGated(linear))
        b += ofWarp[slot + steps.tiles * Groups * 128];
      if (linear.eps >= 0.0f)
        square += ofWarp[squaresAt(steps.all, Groups) + row];
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
  using Reader = InputReader<Groups, Aligned>;
  const Steps steps = cutSteps(linear);
  const int lane = static_cast<int>(laneIndex()), warp = static_cast<int>(warpIndex());
  const int column = warp * kStep + lane % 4 * 8;
  float *shared = reinterpret_cast<float *>(sharedMemory()), *ofWarp = shared + warp * kWarpFloats;
  WeightReader weights(linear, steps, reinterpret_cast<uint8_t *>(ofWarp) + lane * 16, column);
  Reader input(linear, steps, column, firstRow, count);

#pragma unroll
  for (int d = 0; d < kRing; ++d) {
    if (d >= steps.stages)
      continue;
    if (d < steps.count)
      weights.copy(d, d);
    copyAsyncCommit();
  }
  if (firstRow == 0)
    waitForEarlierKernels();
#pragma unroll
  for (int d = 0; d < Reader::kAhead; ++d)
    input.load(d < steps.count ? d : 0, d);

  float sums[kMaxTiles][Groups][4] = {}, squares[Groups] = {};
#pragma unroll 1
  for (int base = 0; base < steps.count; base += steps.stages) {
#pragma unroll
    for (int d = 0; d < kRing; ++d) {
      if (d >= steps.stages || (steps.count % steps.stages != 0 && base + d >= steps.count))
        continue;
      const int slot = d % Reader::kAhead;
      Vec4 x[Groups];
#pragma unroll
      for (int group = 0; group < Groups; ++group)
        x[group] = input.toFragment(group, d, slot, squares[group]);
      input.load(base + d + Reader::kAhead < steps.count ? d + Reader::kAhead : d, slot);
      weights.waitForOldest();
#pragma unroll
      for (int tile = 0; tile < kMaxTiles; ++tile) {
        if (tile >= steps.all)
          continue;
        const WeightPair pair = weights.load(d, tile);
#pragma unroll
        for (int group = 0; group < Groups; ++group)
          multiply(sums[tile][group], pair, x[group]);
      }
      if (base + d + steps.stages < steps.count)
        weights.copy(d + steps.stages, d);
      copyAsyncCommit();
    }
    weights.advance();
    input.advance();
  }

  syncWarp(); // the ring is read no more
#pragma unroll
  for (int group = 0; group < Groups; ++group) {
#pragma unroll
    for (int tile = 0; tile < kMaxTiles; ++tile)
      if (tile < steps.all) {
        const float(&s)[4] = sums[tile][group];
        store16(ofWarp + (tile * Groups + group) * 128 + lane * 4,
                {__builtin_bit_cast(uint32_t, s[0]), __builtin_bit_cast(uint32_t, s[1]),
                 __builtin_bit_cast(uint32_t, s[2]), __builtin_bit_cast(uint32_t, s[3])});
      }
    if (linear.eps >= 0.0f) {
      squares[group] += shuffleXor(squares[group], 1);
      squares[group] += shuffleXor(squares[group], 2);
      if (lane % 4 == 0)
        ofWarp[squaresAt(steps.all, Groups) + group * 8 + lane / 4] = squares[group];
    }
  }
  syncBlock();
  finishBlock<Groups>(linear, steps, firstRow, count, shared);
}

/// Any number of rows, 16 by 16.
template <bool Aligned>
YOCO_DEVICE void runFewRows(const Linear &linear) {
  for (int64_t first = 0; first < linear.rows; first += 16) {
    if (first > 0)
      syncBlock(); // the shared memory is read no more
    runFew<2, Aligned>(linear, first, linear.rows - first < 16 ? static_cast<int>(linear.rows - first) : 16);
  }
}

} // namespace

YOCO_MICRO_KERNEL YOCO_DEFINE_MICRO_KERNEL(linear_few) {
  const Linear linear = {rows,     x,          xKind,        xStride,  columns,     w0,
                         w1,       weightKind, weightStride, outputs,  normWeight,  hasNormWeight,
                         normWeightKind, eps,  activation,   residual, hasResidual, residualStride,
                         out,      outKind,    outStride,    static_cast<uint32_t>(tile), multiprocessors};
  const bool aligned = isAligned16(x) && xStride * elementBytes(xKind) % 16 == 0;
  if (exact) {
    waitForEarlierKernels();
    if (!aligned || 16 / elementBytes(weightKind) * elementBytes(xKind) % 16 != 0)
      runExactRows<kExactRows, 1, false>(linear);
    else if (rows == 1)
      runExact<1, 4, true>(linear, 0, 1);
    else
      runExactRows<kExactRows, 2, true>(linear);
  } else if (!aligned) {
    runFewRows<false>(linear);
  } else if (rows <= 8) {
    runFew<1, true>(linear, 0, static_cast<int>(rows));
  } else {
    runFewRows<true>(linear);
  }
}

YOCO_MICRO_KERNEL YOCO_DEFINE_MICRO_KERNEL(linear_tiled) {
  runTiled({rows,    x,       xKind,    xStride, columns, w0,         w1,       weightKind,  weightStride,
            outputs, nullptr, false,    kF32,    -1.0f,   activation, residual, hasResidual, residualStride,
            out,     outKind, outStride, static_cast<uint32_t>(tile), /*multiprocessors=*/0});
}

} // namespace yoco::device
