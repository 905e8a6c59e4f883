// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rows and gates on their way into the tiles of the span kernel (RetentionSpan.cu).

#ifndef YOCO_KERNELS_NVPTX_RETENTIONTILES_H
#define YOCO_KERNELS_NVPTX_RETENTIONTILES_H

#include "kernels/nvptx/Retention.h"

namespace yoco::device::retention {

/// The operands of the span kernel and the part of it that is one thread block's.
struct SpanWork {
  const float *q, *k, *v, *gate, *frequencies;
  int qStride, kStride, vStride, gateStride, style;
  float scale, gateDivisor;
  int spanSize, keyWidth, valueWidth;
  void *out;
  int outKind, outStride;

  nvptx::RetentionSpanLayout layout;
  Segment segment;
  int head, panelBegin; // first column of the panel in its head
  float *state;         // [keyWidth][valueWidth]
  int warp;

  // Spans. The first one may begin, and the last one may end, inside.
  YOCO_DEVICE int spanCount() const {
    return (segment.firstPosition + segment.rowCount - 1) / spanSize - segment.firstPosition / spanSize + 1;
  }
  /// Relative to the segment.
  YOCO_DEVICE int spanBegin(int span) const {
    const int begin = (segment.firstPosition / spanSize + span) * spanSize - segment.firstPosition;
    return begin > 0 ? begin : 0;
  }
  YOCO_DEVICE int spanRows(int span) const {
    const int end = (segment.firstPosition / spanSize + span + 1) * spanSize - segment.firstPosition;
    return (end < segment.rowCount ? end : segment.rowCount) - spanBegin(span);
  }

  YOCO_DEVICE int panelColumns() const {
    if (valueWidth % layout.panel == 0)
      return layout.panel;
    return valueWidth - panelBegin < layout.panel ? valueWidth - panelBegin : layout.panel;
  }

  // Shared memory.
  YOCO_DEVICE uint8_t *queries(int span) const {
    return sharedMemory() + layout.queries + (span & 1) * spanSize * layout.keyPitch;
  }
  YOCO_DEVICE uint8_t *keys(int span) const {
    return sharedMemory() + layout.keys + (span & 1) * spanSize * layout.keyPitch;
  }
  YOCO_DEVICE uint8_t *values(int span) const {
    return sharedMemory() + layout.values + (span & 1) * spanSize * layout.panelPitch;
  }
  YOCO_DEVICE uint8_t *weighted(int span) const {
    return sharedMemory() + layout.weighted + (span & 1) * spanSize * layout.panelPitch;
  }
  /// The state before a span; its low part stands after the high one.
  YOCO_DEVICE uint8_t *stateTile(int span) const {
    return sharedMemory() + layout.states + (span & 1) * 2 * layout.keyPadded * layout.panelPitch;
  }
  /// b_t in base 2; then b_s without the logarithm of the scale; then exp(b_last - b_s) scale; then exp(b_last) and the
  /// position of the first row.
  YOCO_DEVICE float *gates(int span) const {
    return reinterpret_cast<float *>(sharedMemory() + layout.gates + (span & 3) * layout.gateBytes);
  }
};

// Gates -----------------------------------------------------------------------------------------------------------

/// Gates of a span's rows: a lane has one or two neighbours.
struct GateRows {
  float rows[2];
};

YOCO_DEVICE int gateRowsPerLane(const SpanWork &w) { return w.spanSize > 32 ? 2 : 1; }

YOCO_DEVICE GateRows loadGates(const SpanWork &w, int span) {
  GateRows gates = {};
  if (span >= w.spanCount())
    return gates;
  const int64_t first = static_cast<int64_t>(w.segment.rowBegin) + w.spanBegin(span);
#pragma unroll
  for (int i = 0; i < 2; ++i) {
    const int t = static_cast<int>(laneIndex()) * gateRowsPerLane(w) + i;
    if (i < gateRowsPerLane(w) && t < w.spanRows(span))
      gates.rows[i] = w.gate[(first + t) * w.gateStride + w.head];
  }
  return gates;
}

/// By one warp.
YOCO_DEVICE void sumGates(const SpanWork &w, int span, const GateRows &gates) {
  const int lane = static_cast<int>(laneIndex()), perLane = gateRowsPerLane(w), count = w.spanRows(span);
  float sums[2] = {}, sum = 0.0f;
#pragma unroll
  for (int i = 0; i < 2; ++i) {
    const int t = lane * perLane + i;
    if (i < perLane && t < count) {
      // e^-100 is nothing in f32; larger sums would only lose the digits of the small ones.
      const float log = logDecay(gates.rows[i], w.gateDivisor);
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
  const float shift = w.scale > 0.0f ? log2Approx(w.scale) : 0.0f, factor = w.scale > 0.0f ? 1.0f : w.scale;
  float *to = w.gates(span);
#pragma unroll
  for (int i = 0; i < 2; ++i) {
    const int t = lane * perLane + i;
    if (i >= perLane || t >= w.spanSize)
      continue;
    const float b = lane > 0 ? before + sums[i] : sums[i];
    to[t] = b;
    to[w.spanSize + t] = b - shift;
    // What a tile has after the span's last row is of no weight.
    to[2 * w.spanSize + t] = t < count ? exp2Approx(total - b + shift) * factor : 0.0f;
  }
  if (lane == 0) {
    to[3 * w.spanSize] = exp2Approx(total);
    *reinterpret_cast<int32_t *>(to + 3 * w.spanSize + 1) = w.segment.firstPosition + w.spanBegin(span);
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

YOCO_DEVICE Unit unitAt(const SpanWork &w, uint32_t index) {
  // Unsigned, so that the compiler sees that all of a thread's units have the same columns where that is so.
  const uint32_t perRow = w.keyWidth / (w.style == kHalf ? 8 : 4);
  const int row = static_cast<int>(index / perRow), column = static_cast<int>(index % perRow * 4);
  if (w.style == kHalf)
    return {{row, row}, {column, column + w.keyWidth / 2}};
  return {{row, row + w.spanSize / 2}, {column, column}};
}

/// Those of a unit's angles; of two rows the first one's, which are the second one's too.
YOCO_DEVICE void loadFrequencies(const SpanWork &w, const Unit &unit, float (&frequencies)[4]) {
  const int first = w.style == kHalf ? unit.columns[0] : unit.columns[0] / 2;
#pragma unroll
  for (int i = 0; i < 4; ++i)
    if (w.style == kHalf || (w.style == kInterleaved && i < 2))
      frequencies[i] = w.frequencies[first + i];
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

/// The row of a span that stands in a tile's row; the last one again after the span's end, where no row may be read.
YOCO_DEVICE int sourceRow(const SpanWork &w, int span, int row) {
  const int last = w.spanRows(span) - 1;
  return row < last ? row : last;
}

/// Whether part `index` of `count`, divided among the loading threads, exists: known when all have the same number.
YOCO_DEVICE bool hasPart(uint32_t thread, uint32_t part, uint32_t count) {
  return (part + 1) * kLoadThreads <= count || thread + part * kLoadThreads < count;
}

template <bool IsAligned>
YOCO_DEVICE void loadUnit(const SpanWork &w, int span, const Unit &unit, float (&q)[2][4], float (&k)[2][4]) {
  const int64_t first = static_cast<int64_t>(w.segment.rowBegin) + w.spanBegin(span);
  const float *queries = w.q + first * w.qStride + w.head * w.keyWidth;
  const float *keys = w.k + first * w.kStride + w.head * w.keyWidth;
#pragma unroll
  for (int i = 0; i < 2; ++i) {
    const int row = sourceRow(w, span, unit.rows[i]);
    loadFour<IsAligned>(q[i], queries + (row * w.qStride + unit.columns[i]));
    loadFour<IsAligned>(k[i], keys + (row * w.kStride + unit.columns[i]));
  }
}

template <bool IsAligned>
YOCO_DEVICE void loadValues(const SpanWork &w, int span, uint32_t index, float (&v)[4]) {
  const uint32_t perRow = w.layout.panel / 4;
  const int row = static_cast<int>(index / perRow), column = static_cast<int>(index % perRow * 4);
#pragma unroll
  for (int i = 0; i < 4; ++i)
    v[i] = 0.0f;
  const int64_t first = static_cast<int64_t>(w.segment.rowBegin) + w.spanBegin(span);
  const float *values = w.v + first * w.vStride + w.head * w.valueWidth + w.panelBegin;
  if (column < w.panelColumns())
    loadFour<IsAligned>(v, values + (sourceRow(w, span, row) * w.vStride + column));
}

YOCO_DEVICE void storeUnit(const SpanWork &w, int span, int position, const Unit &unit, const float (&frequencies)[4],
                           float (&q)[2][4], float (&k)[2][4]) {
  if (w.style != kNoRope) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      float sine, cosine;
      if (w.style == kHalf) {
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
    const int offset = unit.rows[i] * w.layout.keyPitch + unit.columns[i] * 2;
    storeFourBf16(w.queries(span) + offset, q[i][0], q[i][1], q[i][2], q[i][3]);
    storeFourBf16(w.keys(span) + offset, k[i][0], k[i][1], k[i][2], k[i][3]);
  }
}

YOCO_DEVICE void storeValues(const SpanWork &w, int span, uint32_t index, const float (&v)[4]) {
  const uint32_t perRow = w.layout.panel / 4, row = index / perRow;
  const uint32_t offset = row * w.layout.panelPitch + index % perRow * 8;
  const float weight = w.gates(span)[2 * w.spanSize + row];
  storeFourBf16(w.values(span) + offset, v[0], v[1], v[2], v[3]);
  storeFourBf16(w.weighted(span) + offset, v[0] * weight, v[1] * weight, v[2] * weight, v[3] * weight);
}

/// Columns from the width to the padded width of all tiles, which nothing else writes.
YOCO_DEVICE void clearPadding(const SpanWork &w, uint32_t thread) {
  if (w.keyWidth < w.layout.keyPadded)
    for (uint32_t row = thread; row < 4u * w.spanSize; row += kLoadThreads)
      *reinterpret_cast<Vec4 *>(sharedMemory() + row * w.layout.keyPitch + w.keyWidth * 2) = Vec4{0, 0, 0, 0};
}

/// The loading warps' role. A span's rows are asked for at once, and sines are computed until they are there. (To ask
/// for them a span ahead costs copies of all their registers, which wait for them: the assembler makes these.)
template <bool IsAligned>
YOCO_DEVICE void loadSpans(const SpanWork &w) {
  const uint32_t thread = threadIndex() - (nvptx::kRetentionThreads - kLoadThreads);
  const uint32_t units = w.spanSize * w.keyWidth / 8, valueQuads = w.spanSize * w.layout.panel / 4;
  const int spans = w.spanCount();
  float frequencies[kMaxUnits][4] = {};
#pragma unroll
  for (int j = 0; j < kMaxUnits; ++j)
    if (hasPart(thread, j, units))
      loadFrequencies(w, unitAt(w, thread + j * kLoadThreads), frequencies[j]);
  clearPadding(w, thread);
  syncBlock();

  for (int span = 0; span < spans; ++span) {
    float q[kMaxUnits][2][4], k[kMaxUnits][2][4], v[kMaxValueQuads][4];
#pragma unroll
    for (int j = 0; j < kMaxUnits; ++j)
      if (hasPart(thread, j, units))
        loadUnit<IsAligned>(w, span, unitAt(w, thread + j * kLoadThreads), q[j], k[j]);
#pragma unroll
    for (int j = 0; j < kMaxValueQuads; ++j)
      if (hasPart(thread, j, valueQuads))
        loadValues<IsAligned>(w, span, thread + j * kLoadThreads, v[j]);
    // No memory access moves across syncWarp. The position comes from shared memory, although it is easily computed:
    // left alone, the assembler computes all sines before it asks for the rows.
    syncWarp();
    const int position = *reinterpret_cast<const int32_t *>(w.gates(span) + 3 * w.spanSize + 1);
#pragma unroll
    for (int j = 0; j < kMaxUnits; ++j)
      if (hasPart(thread, j, units))
        storeUnit(w, span, position, unitAt(w, thread + j * kLoadThreads), frequencies[j], q[j], k[j]);
#pragma unroll
    for (int j = 0; j < kMaxValueQuads; ++j)
      if (hasPart(thread, j, valueQuads))
        storeValues(w, span, thread + j * kLoadThreads, v[j]);
    syncBlock();
  }
}

} // namespace yoco::device::retention

#endif // YOCO_KERNELS_NVPTX_RETENTIONTILES_H
