// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Gated retention by spans of rows that end at multiples of `span` in absolute position. With b = the sum of the
// logarithms of the decays inside a span, up to and with a row, and S the state before the span:
//     o_t = exp(b_t) q_t S + sum over s <= t of exp(b_t - b_s) scale (q_t . k_s) v_s
//     S   = exp(b_last) S + sum over s of k_s^T (exp(b_last - b_s) scale v_s)
// No exponent is above 0, so nothing overflows. q, k, v, the weighted scores and the weighted values are rounded to
// bf16; S is f32 and enters the first product as two bf16, so that its rounding does not count.
//
// A thread block has one head of one segment and `panel` columns of its values, and goes through the spans in
// turn. Its warps have three roles, with one barrier a span: while the outputs and the state of a span are
// computed, the rows of the next one are loaded and become tiles in shared memory.

#include "kernels/nvptx/RetentionTiles.h"

namespace yoco::device {
namespace retention {

/// Largest numbers of a warp's parts, see RetentionShapes.h.
constexpr int kMaxPanelTiles = 4; // 8 columns of a panel
constexpr int kMaxKeyTiles = 8;   // 16 keys of the state

// Outputs ---------------------------------------------------------------------------------------------------------

YOCO_DEVICE void storePair(const SpanWork &w, int64_t row, int column, bool isAligned, float a, float b) {
  const int64_t index = row * w.outStride + w.head * w.valueWidth + w.panelBegin + column;
  if (!isAligned) {
    storeElement(w.out, w.outKind, index, a);
    storeElement(w.out, w.outKind, index + 1, b);
  } else if (w.outKind == kF32) {
    *reinterpret_cast<Vec2 *>(static_cast<float *>(w.out) + index) = Vec2{bitsOf(a), bitsOf(b)};
  } else {
    *reinterpret_cast<uint32_t *>(static_cast<Bf16 *>(w.out) + index) = packBf16(a, b);
  }
}

/// Outputs of the 16 rows from `rowBegin` on, in `tiles` times 8 columns from `columnBegin` on. The rows see `Steps`
/// times 16 rows of their span, of which the last step are themselves.
template <int Steps>
YOCO_DEVICE void computeOutputs(const SpanWork &w, int span, int columnBegin, int tiles) {
  constexpr int rowBegin = 16 * (Steps - 1);
  const int lane = static_cast<int>(laneIndex());
  const int keyPitch = w.layout.keyPitch, panelPitch = w.layout.panelPitch;
  float outputs[kMaxPanelTiles][4] = {}, scores[2 * Steps][4] = {};

  // Addresses for ldmatrix: rows by columns as they are, or, of the keys, columns by rows.
  const uint8_t *queries = w.queries(span) + (rowBegin + lane % 16) * keyPitch + lane / 16 * 16;
  const uint8_t *keys = w.keys(span) + (lane % 8 + lane / 16 * 8) * keyPitch + lane / 8 % 2 * 16;
  const uint8_t *state = w.stateTile(span) + lane % 16 * panelPitch + lane / 16 * 16 + columnBegin * 2;
  const int toLow = w.layout.keyPadded * panelPitch;
#pragma unroll 4
  for (int depth = 0; depth < w.layout.keyPadded; depth += 16) {
    uint32_t a[4];
    ldmatrix4(a, queries + depth * 2);
#pragma unroll
    for (int part = 0; part < 2; ++part) {
#pragma unroll
      for (int n = 0; n < kMaxPanelTiles; n += 2) {
        if (n >= tiles)
          continue;
        uint32_t b[4];
        ldmatrix4Transposed(b, state + depth * panelPitch + n * 16 + part * toLow);
        mmaBf16(outputs[n], a, {b[0], b[1]});
        mmaBf16(outputs[n + 1], a, {b[2], b[3]});
      }
#pragma unroll
      for (int step = part; step < Steps; step += 2) {
        uint32_t b[4];
        ldmatrix4(b, keys + step * 16 * keyPitch + depth * 2);
        mmaBf16(scores[2 * step], a, {b[0], b[1]});
        mmaBf16(scores[2 * step + 1], a, {b[2], b[3]});
      }
    }
  }

  const float *sums = w.gates(span), *sources = sums + w.spanSize;
  const int t = rowBegin + lane / 4; // and t + 8
  const float target[2] = {sums[t], sums[t + 8]};
  const float factor = w.scale > 0.0f ? 1.0f : w.scale;
  const float decay[2] = {exp2Approx(target[0]), exp2Approx(target[1])};
#pragma unroll
  for (int n = 0; n < kMaxPanelTiles; ++n)
#pragma unroll
    for (int i = 0; i < 4; ++i)
      outputs[n][i] *= decay[i / 2];
  const uint8_t *values = w.values(span) + lane % 16 * panelPitch + lane / 16 * 16 + columnBegin * 2;
#pragma unroll
  for (int step = 0; step < Steps; ++step) {
    uint32_t a[4];
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      float(&score)[4] = scores[2 * step + half];
      const int s = step * 16 + half * 8 + lane % 4 * 2; // and s + 1
      const Vec2 words = *reinterpret_cast<const Vec2 *>(sources + s);
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const float source = floatOf(i % 2 ? words.y : words.x);
        const bool isPast = step + 1 < Steps || s + i % 2 <= t + i / 2 * 8;
        score[i] = isPast ? score[i] * exp2Approx(target[i / 2] - source) * factor : 0.0f;
      }
      a[2 * half] = packBf16(score[0], score[1]);
      a[2 * half + 1] = packBf16(score[2], score[3]);
    }
#pragma unroll
    for (int n = 0; n < kMaxPanelTiles; n += 2) {
      if (n >= tiles)
        continue;
      uint32_t b[4];
      ldmatrix4Transposed(b, values + step * 16 * panelPitch + n * 16);
      mmaBf16(outputs[n], a, {b[0], b[1]});
      mmaBf16(outputs[n + 1], a, {b[2], b[3]});
    }
  }

  const int rows = w.spanRows(span);
  const int64_t first = static_cast<int64_t>(w.segment.rowBegin) + w.spanBegin(span);
  const bool isAligned = (reinterpret_cast<uint64_t>(w.out) & (2 * elementBytes(w.outKind) - 1)) == 0;
#pragma unroll
  for (int n = 0; n < kMaxPanelTiles; ++n) {
    const int column = columnBegin + n * 8;
    if (n >= tiles || column >= w.panelColumns())
      continue;
    if (t < rows)
      storePair(w, first + t, column + lane % 4 * 2, isAligned, outputs[n][0], outputs[n][1]);
    if (t + 8 < rows)
      storePair(w, first + t + 8, column + lane % 4 * 2, isAligned, outputs[n][2], outputs[n][3]);
  }
}

/// The output warps' role: 16 rows each; with fewer than 64 rows also a part of the columns.
YOCO_DEVICE void computeSpans(const SpanWork &w) {
  const int rowGroups = w.spanSize / 16, rowGroup = w.warp % rowGroups;
  const int shared = w.layout.panel * rowGroups / nvptx::kRetentionOutputWarps;
  const int columns = shared < 16 ? 16 : shared, columnBegin = w.warp / rowGroups * columns;
  const int spans = w.spanCount();
  syncBlock();
  syncBlock();
  for (int span = 0; span < spans; ++span) {
    if (columnBegin < w.panelColumns() && 16 * rowGroup < w.spanRows(span)) {
      if (rowGroup == 0)
        computeOutputs<1>(w, span, columnBegin, columns / 8);
      else if (rowGroups > 1 && rowGroup == 1)
        computeOutputs<2>(w, span, columnBegin, columns / 8);
      else if (rowGroups > 2 && rowGroup == 2)
        computeOutputs<3>(w, span, columnBegin, columns / 8);
      else if (rowGroups > 2)
        computeOutputs<4>(w, span, columnBegin, columns / 8);
    }
    if (span + 1 < spans)
      syncBlock();
  }
}

// State -----------------------------------------------------------------------------------------------------------

/// A warp's keys of the state panel: tiles of 16 keys by 8 columns, as the tensor cores accumulate them.
struct StatePart {
  float tiles[kMaxKeyTiles][kMaxPanelTiles][4];
};

/// First key of a warp's tile; past the padded width when there is no such tile.
YOCO_DEVICE int keyOf(const SpanWork &w, int tile) {
  return 16 * (w.warp - nvptx::kRetentionOutputWarps + tile * nvptx::kRetentionStateWarps);
}
YOCO_DEVICE bool hasTile(const SpanWork &w, int tile, int column) {
  if (w.layout.keyPadded % (16 * nvptx::kRetentionStateWarps) == 0)
    return tile * 16 * nvptx::kRetentionStateWarps < w.layout.keyPadded && column * 8 < w.layout.panel;
  return keyOf(w, tile) < w.layout.keyPadded && column * 8 < w.layout.panel;
}

/// Reads or writes the warp's part of the state in global memory.
template <bool IsStore>
YOCO_DEVICE void moveState(const SpanWork &w, StatePart &part) {
  const int lane = static_cast<int>(laneIndex());
#pragma unroll
  for (int tile = 0; tile < kMaxKeyTiles; ++tile)
#pragma unroll
    for (int column = 0; column < kMaxPanelTiles; ++column)
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const int key = keyOf(w, tile) + lane / 4 + half * 8;
        float *at = w.state + static_cast<int64_t>(key) * w.valueWidth + w.panelBegin + column * 8 + lane % 4 * 2;
        if (!hasTile(w, tile, column) || key >= w.keyWidth || column * 8 >= w.panelColumns())
          continue;
        float(&words)[4] = part.tiles[tile][column];
        if (IsStore) {
          *reinterpret_cast<Vec2 *>(at) = Vec2{bitsOf(words[2 * half]), bitsOf(words[2 * half + 1])};
        } else {
          const Vec2 pair = *reinterpret_cast<const Vec2 *>(at);
          words[2 * half] = floatOf(pair.x);
          words[2 * half + 1] = floatOf(pair.y);
        }
      }
}

/// The state as two bf16 for the outputs of `span`.
YOCO_DEVICE void publishState(const SpanWork &w, int span, const StatePart &part) {
  const int lane = static_cast<int>(laneIndex());
  const int toLow = w.layout.keyPadded * w.layout.panelPitch;
#pragma unroll
  for (int tile = 0; tile < kMaxKeyTiles; ++tile)
#pragma unroll
    for (int column = 0; column < kMaxPanelTiles; ++column) {
      if (!hasTile(w, tile, column))
        continue;
      uint8_t *to = w.stateTile(span) + (keyOf(w, tile) + lane / 4) * w.layout.panelPitch + column * 16 + lane % 4 * 4;
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const float x = part.tiles[tile][column][2 * half], y = part.tiles[tile][column][2 * half + 1];
        const uint32_t high = packBf16(x, y);
        *reinterpret_cast<uint32_t *>(to + half * 8 * w.layout.panelPitch) = high;
        *reinterpret_cast<uint32_t *>(to + half * 8 * w.layout.panelPitch + toLow) =
            packBf16(x - lowBf16(high), y - highBf16(high));
      }
    }
}

YOCO_DEVICE void updateState(const SpanWork &w, int span, StatePart &part) {
  const int lane = static_cast<int>(laneIndex());
  const float decay = w.gates(span)[3 * w.spanSize];
#pragma unroll
  for (int tile = 0; tile < kMaxKeyTiles; ++tile)
#pragma unroll
    for (int column = 0; column < kMaxPanelTiles; ++column)
#pragma unroll
      for (int i = 0; i < 4; ++i)
        part.tiles[tile][column][i] *= decay;
  // Addresses for ldmatrix: keys by rows of the span, rows by columns.
  const uint8_t *keys = w.keys(span) + (lane % 8 + lane / 16 * 8) * w.layout.keyPitch + lane / 8 % 2 * 16;
  const uint8_t *values = w.weighted(span) + lane % 16 * w.layout.panelPitch + lane / 16 * 16;
#pragma unroll
  for (int depth = 0; depth < w.spanSize; depth += 16) {
    uint32_t b[kMaxPanelTiles / 2][4];
#pragma unroll
    for (int n = 0; n < kMaxPanelTiles / 2; ++n)
      if (n * 16 < w.layout.panel)
        ldmatrix4Transposed(b[n], values + depth * w.layout.panelPitch + n * 32);
#pragma unroll
    for (int tile = 0; tile < kMaxKeyTiles; ++tile) {
      if (!hasTile(w, tile, 0))
        continue;
      uint32_t a[4];
      ldmatrix4Transposed(a, keys + depth * w.layout.keyPitch + keyOf(w, tile) * 2);
#pragma unroll
      for (int n = 0; n < kMaxPanelTiles / 2; ++n) {
        if (n * 16 >= w.layout.panel)
          continue;
        mmaBf16(part.tiles[tile][2 * n], a, {b[n][0], b[n][1]});
        mmaBf16(part.tiles[tile][2 * n + 1], a, {b[n][2], b[n][3]});
      }
    }
  }
}

/// The state warps' role. The last of them also sums the gates, two spans ahead.
YOCO_DEVICE void carryState(const SpanWork &w) {
  const int spans = w.spanCount();
  const bool hasGates = w.warp == nvptx::kRetentionOutputWarps + nvptx::kRetentionStateWarps - 1;
  GateRows gates = {};
  if (hasGates) {
    sumGates(w, 0, loadGates(w, 0));
    gates = loadGates(w, 1);
  }
  StatePart part = {};
  if (w.segment.firstPosition != 0)
    moveState<false>(w, part);
  publishState(w, 0, part);
  syncBlock();
  for (int span = -1; span < spans; ++span) {
    if (hasGates && span + 2 < spans) {
      sumGates(w, span + 2, gates);
      gates = loadGates(w, span + 3);
    }
    if (span >= 0) {
      updateState(w, span, part);
      if (span + 1 < spans)
        publishState(w, span + 1, part);
    }
    if (span + 1 < spans)
      syncBlock();
  }
  moveState<true>(w, part);
}

} // namespace retention

YOCO_MICRO_KERNEL YOCO_DEFINE_MICRO_KERNEL(retention_span) {
  const nvptx::RetentionSpanLayout layout = nvptx::retentionSpanLayout(sharedLimit, span, keyWidth, valueWidth);
  const uint32_t block = static_cast<uint32_t>(tile);
  const int64_t index = block / (heads * layout.panels);
  if (index >= segments)
    return;
  const Segment segment = retention::loadSegment(table, index);
  if (segment.slot < 0 || segment.rowCount <= 0)
    return;
  const int rest = static_cast<int>(block % (heads * layout.panels)), head = rest / layout.panels;
  const int panelBegin = rest % layout.panels * layout.panel;
  float *from = retention::headState(state, segment.slot, stateSlotStride, head, keyWidth, valueWidth);
  // The same in all lanes, as the compiler can tell.
  const int warp = static_cast<int>(shuffleFrom(warpIndex(), 0));
  const retention::SpanWork work = {q,       k,        v,          gate,       frequencies, qStride,
                                      kStride, vStride,  gateStride, style,      scale,       gateDivisor,
                                      span,    keyWidth, valueWidth, out,        outKind,     outStride,
                                      layout,  segment,  head,       panelBegin, from,        warp};
  if (warp < nvptx::kRetentionOutputWarps)
    retention::computeSpans(work);
  else if (warp < nvptx::kRetentionOutputWarps + nvptx::kRetentionStateWarps)
    retention::carryState(work);
  else if (isAligned16(q) && isAligned16(k) && isAligned16(v))
    retention::loadSpans<true>(work);
  else
    retention::loadSpans<false>(work);
}

} // namespace yoco::device
