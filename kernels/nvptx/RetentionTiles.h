// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rows and gates on their way into the tiles of the chunk kernel (RetentionChunk.cu).

#ifndef YOCO_KERNELS_NVPTX_RETENTIONTILES_H
#define YOCO_KERNELS_NVPTX_RETENTIONTILES_H

#include "kernels/nvptx/Retention.h"

namespace yoco::device::retention {

/// The operands of the chunk kernel and the part of it that is one thread block's.
struct Chunked {
  const float *q, *k, *v, *gate, *frequencies;
  int qStride, kStride, vStride, gateStride, style;
  float scale, gateDivisor;
  int chunk, keyWidth, valueWidth;
  void *out;
  int outKind, outStride;

  nvptx::RetentionChunkLayout layout;
  Segment segment;
  int head, panelBegin; // first column of the panel in its head
  float *state;         // [keyWidth][valueWidth]
  int warp;

  // Row blocks. The first one may begin, and the last one may end, inside.
  YOCO_DEVICE int blockCount() const {
    return (segment.firstPosition + segment.rowCount - 1) / chunk - segment.firstPosition / chunk + 1;
  }
  /// Relative to the segment.
  YOCO_DEVICE int blockBegin(int block) const {
    const int begin = (segment.firstPosition / chunk + block) * chunk - segment.firstPosition;
    return begin > 0 ? begin : 0;
  }
  YOCO_DEVICE int blockRows(int block) const {
    const int end = (segment.firstPosition / chunk + block + 1) * chunk - segment.firstPosition;
    return (end < segment.rowCount ? end : segment.rowCount) - blockBegin(block);
  }

  YOCO_DEVICE int panelColumns() const {
    if (valueWidth % layout.panel == 0)
      return layout.panel;
    return valueWidth - panelBegin < layout.panel ? valueWidth - panelBegin : layout.panel;
  }

  // Shared memory.
  YOCO_DEVICE uint8_t *queries(int block) const {
    return sharedMemory() + layout.queries + (block & 1) * chunk * layout.keyPitch;
  }
  YOCO_DEVICE uint8_t *keys(int block) const {
    return sharedMemory() + layout.keys + (block & 1) * chunk * layout.keyPitch;
  }
  YOCO_DEVICE uint8_t *values(int block) const {
    return sharedMemory() + layout.values + (block & 1) * chunk * layout.panelPitch;
  }
  YOCO_DEVICE uint8_t *weighted(int block) const {
    return sharedMemory() + layout.weighted + (block & 1) * chunk * layout.panelPitch;
  }
  /// The state before a block; its low part stands behind the high one.
  YOCO_DEVICE uint8_t *stateTile(int block) const {
    return sharedMemory() + layout.states + (block & 1) * 2 * layout.keyPadded * layout.panelPitch;
  }
  /// b_t in base 2; then b_s without the logarithm of the scale; then exp(b_last - b_s) scale; then exp(b_last) and the
  /// position of the first row.
  YOCO_DEVICE float *gates(int block) const {
    return reinterpret_cast<float *>(sharedMemory() + layout.gates + (block & 3) * layout.gateBytes);
  }
};

// Gates -----------------------------------------------------------------------------------------------------------

/// Gates of a block's rows: a lane has one or two neighbours.
struct GateRows {
  float rows[2];
};

YOCO_DEVICE int gateRowsPerLane(const Chunked &c) { return c.chunk > 32 ? 2 : 1; }

YOCO_DEVICE GateRows loadGates(const Chunked &c, int block) {
  GateRows gates = {};
  if (block >= c.blockCount())
    return gates;
  const int64_t first = static_cast<int64_t>(c.segment.rowBegin) + c.blockBegin(block);
#pragma unroll
  for (int i = 0; i < 2; ++i) {
    const int t = static_cast<int>(laneIndex()) * gateRowsPerLane(c) + i;
    if (i < gateRowsPerLane(c) && t < c.blockRows(block))
      gates.rows[i] = c.gate[(first + t) * c.gateStride + c.head];
  }
  return gates;
}

/// By one warp.
YOCO_DEVICE void sumGates(const Chunked &c, int block, const GateRows &gates) {
  const int lane = static_cast<int>(laneIndex()), perLane = gateRowsPerLane(c), count = c.blockRows(block);
  float sums[2] = {}, sum = 0.0f;
#pragma unroll
  for (int i = 0; i < 2; ++i) {
    const int t = lane * perLane + i;
    if (i < perLane && t < count) {
      // e^-100 is nothing in f32; larger sums would only lose the digits of the small ones.
      const float log = logDecay(gates.rows[i], c.gateDivisor);
      sum += (log < -100.0f ? -100.0f : log) * kLog2E;
    }
    sums[i] = sum;
  }
  float inclusive = sum;
#pragma unroll
  for (int delta = 1; delta < 32; delta *= 2) {
    const float below = shuffleUp(inclusive, delta);
    if (lane >= delta)
      inclusive += below;
  }
  const float before = shuffleUp(inclusive, 1), total = shuffleFrom(inclusive, 31);
  // A positive scale is part of the exponents.
  const float shift = c.scale > 0.0f ? log2Approx(c.scale) : 0.0f, factor = c.scale > 0.0f ? 1.0f : c.scale;
  float *to = c.gates(block);
#pragma unroll
  for (int i = 0; i < 2; ++i) {
    const int t = lane * perLane + i;
    if (i >= perLane || t >= c.chunk)
      continue;
    const float b = lane > 0 ? before + sums[i] : sums[i];
    to[t] = b;
    to[c.chunk + t] = b - shift;
    // What a tile has behind the block's last row is of no weight.
    to[2 * c.chunk + t] = t < count ? exp2Approx(total - b + shift) * factor : 0.0f;
  }
  if (lane == 0) {
    to[3 * c.chunk] = exp2Approx(total);
    *reinterpret_cast<int32_t *>(to + 3 * c.chunk + 1) = c.segment.firstPosition + c.blockBegin(block);
  }
}

/// Largest numbers of a loading thread's parts, see RetentionShapes.h.
constexpr int kMaxUnits = 4;      // eight queries and eight keys each
constexpr int kMaxValueQuads = 2; // four values each
constexpr uint32_t kLoadThreads = 32 * nvptx::kRetentionLoadWarps;

// Rows to tiles ---------------------------------------------------------------------------------------------------

/// Sine and cosine to about 1e-6, finer than bf16 by far, of an angle below 2^23: a multiple of pi is taken off,
/// exactly but for the last step.
YOCO_DEVICE void fastSinCos(float angle, float &sine, float &cosine) {
  constexpr float kRound = 12582912.0f; // 1.5 * 2^23: the sum's lowest bits are the nearest integer
  const float shifted = fma(angle, 0.318309886f, kRound), multiple = shifted - kRound;
  const float r = fma(multiple, 8.74227766e-8f, fma(multiple, -3.14159274f, angle));
  const float square = r * r;
  const float s = fma(fma(-1.84920e-4f, square, 8.31237e-3f), square, -1.6665681e-1f);
  float cos = fma(2.31943865e-5f, square, -1.38559272e-3f);
  cos = fma(cos, square, 4.16639895e-2f);
  cos = fma(cos, square, -4.99999323e-1f);
  const uint32_t sign = bitsOf(shifted) << 31;
  sine = floatOf(bitsOf(fma(s, r * square, r)) ^ sign);
  cosine = floatOf(bitsOf(fma(cos, square, 1.0f)) ^ sign);
}

/// Eight columns of q and of k that turn by four angles: four columns in two rows, or, with halves, four and their
/// partners in one row. Neighbouring lanes have neighbouring columns.
struct Unit {
  int rows[2], columns[2];
};

YOCO_DEVICE Unit unitAt(const Chunked &c, uint32_t index) {
  // Unsigned, so that the compiler sees that all of a thread's units have the same columns where that is so.
  const uint32_t perRow = c.keyWidth / (c.style == kHalf ? 8 : 4);
  const int row = static_cast<int>(index / perRow), column = static_cast<int>(index % perRow * 4);
  if (c.style == kHalf)
    return {{row, row}, {column, column + c.keyWidth / 2}};
  return {{row, row + c.chunk / 2}, {column, column}};
}

/// Those of a unit's angles; of two rows the first one's, which are the second one's too.
YOCO_DEVICE void loadFrequencies(const Chunked &c, const Unit &unit, float (&frequencies)[4]) {
  const int first = c.style == kHalf ? unit.columns[0] : unit.columns[0] / 2;
#pragma unroll
  for (int i = 0; i < 4; ++i)
    if (c.style == kHalf || (c.style == kInterleaved && i < 2))
      frequencies[i] = c.frequencies[first + i];
}

template <bool IsAligned>
YOCO_DEVICE void loadFour(float (&to)[4], const float *from) {
  if (IsAligned)
    return loadFour(to, from);
#pragma unroll
  for (int i = 0; i < 4; ++i)
    to[i] = from[i];
}

YOCO_DEVICE void storeFourBf16(uint8_t *to, float a, float b, float c, float d) {
  *reinterpret_cast<Vec2 *>(to) = Vec2{packBf16(a, b), packBf16(c, d)};
}

/// The row of a block that stands in a tile's row; the last one again behind the block's end, where no row may be read.
YOCO_DEVICE int sourceRow(const Chunked &c, int block, int row) {
  const int last = c.blockRows(block) - 1;
  return row < last ? row : last;
}

/// Whether part `index` of `count`, divided among the loading threads, exists: known when all have the same number.
YOCO_DEVICE bool hasPart(uint32_t thread, uint32_t part, uint32_t count) {
  return (part + 1) * kLoadThreads <= count || thread + part * kLoadThreads < count;
}

template <bool IsAligned>
YOCO_DEVICE void loadUnit(const Chunked &c, int block, const Unit &unit, float (&q)[2][4], float (&k)[2][4]) {
  const int64_t first = static_cast<int64_t>(c.segment.rowBegin) + c.blockBegin(block);
  const float *queries = c.q + first * c.qStride + c.head * c.keyWidth;
  const float *keys = c.k + first * c.kStride + c.head * c.keyWidth;
#pragma unroll
  for (int i = 0; i < 2; ++i) {
    const int row = sourceRow(c, block, unit.rows[i]);
    loadFour<IsAligned>(q[i], queries + (row * c.qStride + unit.columns[i]));
    loadFour<IsAligned>(k[i], keys + (row * c.kStride + unit.columns[i]));
  }
}

template <bool IsAligned>
YOCO_DEVICE void loadValues(const Chunked &c, int block, uint32_t index, float (&v)[4]) {
  const uint32_t perRow = c.layout.panel / 4;
  const int row = static_cast<int>(index / perRow), column = static_cast<int>(index % perRow * 4);
#pragma unroll
  for (int i = 0; i < 4; ++i)
    v[i] = 0.0f;
  const int64_t first = static_cast<int64_t>(c.segment.rowBegin) + c.blockBegin(block);
  const float *values = c.v + first * c.vStride + c.head * c.valueWidth + c.panelBegin;
  if (column < c.panelColumns())
    loadFour<IsAligned>(v, values + (sourceRow(c, block, row) * c.vStride + column));
}

YOCO_DEVICE void storeUnit(const Chunked &c, int block, int position, const Unit &unit, const float (&frequencies)[4],
                           float (&q)[2][4], float (&k)[2][4]) {
  if (c.style != kNoRope) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      float sine, cosine;
      if (c.style == kHalf) {
        fastSinCos(static_cast<float>(position + unit.rows[0]) * frequencies[i], sine, cosine);
        rotatePair(q[0][i], q[1][i], sine, cosine);
        rotatePair(k[0][i], k[1][i], sine, cosine);
      } else {
        const int row = i / 2, pair = i % 2;
        fastSinCos(static_cast<float>(position + unit.rows[row]) * frequencies[pair], sine, cosine);
        rotatePair(q[row][2 * pair], q[row][2 * pair + 1], sine, cosine);
        rotatePair(k[row][2 * pair], k[row][2 * pair + 1], sine, cosine);
      }
    }
  }
#pragma unroll
  for (int i = 0; i < 2; ++i) {
    const int offset = unit.rows[i] * c.layout.keyPitch + unit.columns[i] * 2;
    storeFourBf16(c.queries(block) + offset, q[i][0], q[i][1], q[i][2], q[i][3]);
    storeFourBf16(c.keys(block) + offset, k[i][0], k[i][1], k[i][2], k[i][3]);
  }
}

YOCO_DEVICE void storeValues(const Chunked &c, int block, uint32_t index, const float (&v)[4]) {
  const uint32_t perRow = c.layout.panel / 4, row = index / perRow;
  const uint32_t offset = row * c.layout.panelPitch + index % perRow * 8;
  const float weight = c.gates(block)[2 * c.chunk + row];
  storeFourBf16(c.values(block) + offset, v[0], v[1], v[2], v[3]);
  storeFourBf16(c.weighted(block) + offset, v[0] * weight, v[1] * weight, v[2] * weight, v[3] * weight);
}

/// Columns from the width to the padded width of all tiles, which nothing else writes.
YOCO_DEVICE void clearPadding(const Chunked &c, uint32_t thread) {
  if (c.keyWidth < c.layout.keyPadded)
    for (uint32_t row = thread; row < 4u * c.chunk; row += kLoadThreads)
      *reinterpret_cast<Vec4 *>(sharedMemory() + row * c.layout.keyPitch + c.keyWidth * 2) = Vec4{0, 0, 0, 0};
}

/// The loading warps' role. A block's rows are asked for at once, and sines are computed until they are there. (To ask
/// for them a block ahead costs copies of all their registers, which wait for them: the assembler makes these.)
template <bool IsAligned>
YOCO_DEVICE void loadBlocks(const Chunked &c) {
  const uint32_t thread = threadIndex() - (nvptx::kRetentionThreads - kLoadThreads);
  const uint32_t units = c.chunk * c.keyWidth / 8, valueQuads = c.chunk * c.layout.panel / 4;
  const int blocks = c.blockCount();
  float frequencies[kMaxUnits][4] = {};
#pragma unroll
  for (int j = 0; j < kMaxUnits; ++j)
    if (hasPart(thread, j, units))
      loadFrequencies(c, unitAt(c, thread + j * kLoadThreads), frequencies[j]);
  clearPadding(c, thread);
  syncBlock();

  for (int block = 0; block < blocks; ++block) {
    float q[kMaxUnits][2][4], k[kMaxUnits][2][4], v[kMaxValueQuads][4];
#pragma unroll
    for (int j = 0; j < kMaxUnits; ++j)
      if (hasPart(thread, j, units))
        loadUnit<IsAligned>(c, block, unitAt(c, thread + j * kLoadThreads), q[j], k[j]);
#pragma unroll
    for (int j = 0; j < kMaxValueQuads; ++j)
      if (hasPart(thread, j, valueQuads))
        loadValues<IsAligned>(c, block, thread + j * kLoadThreads, v[j]);
    // No memory access moves across syncWarp. The position comes from shared memory, although it is easily computed:
    // left alone, the assembler computes all sines before it asks for the rows.
    syncWarp();
    const int position = *reinterpret_cast<const int32_t *>(c.gates(block) + 3 * c.chunk + 1);
#pragma unroll
    for (int j = 0; j < kMaxUnits; ++j)
      if (hasPart(thread, j, units))
        storeUnit(c, block, position, unitAt(c, thread + j * kLoadThreads), frequencies[j], q[j], k[j]);
#pragma unroll
    for (int j = 0; j < kMaxValueQuads; ++j)
      if (hasPart(thread, j, valueQuads))
        storeValues(c, block, thread + j * kLoadThreads, v[j]);
    syncBlock();
  }
}

} // namespace yoco::device::retention

#endif // YOCO_KERNELS_NVPTX_RETENTIONTILES_H
