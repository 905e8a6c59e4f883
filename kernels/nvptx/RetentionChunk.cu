// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Gated retention by blocks of rows that end at multiples of `chunk` in absolute position. With b = the sum of the
// logarithms of the decays inside a block, up to and with a row, and S the state before the block:
//     o_t = exp(b_t) q_t S + sum over s <= t of exp(b_t - b_s) scale (q_t . k_s) v_s
//     S   = exp(b_last) S + sum over s of k_s^T (exp(b_last - b_s) scale v_s)
// No exponent is above 0, so nothing overflows. q, k, v, the weighted scores and the weighted values are rounded to
// bf16; S is f32 and enters the first product as two bf16, so that its rounding does not count.
//
// A thread block has one head of one segment and `panel` columns of its values, and goes through the row blocks in
// turn. Its warps have three roles, with one barrier a row block: while the outputs and the state of a block are
// computed, the rows of the next one are loaded and become tiles in shared memory.

#include "kernels/nvptx/RetentionTiles.h"

namespace yoco::device {
namespace retention {

/// Largest numbers of a warp's parts, see RetentionShapes.h.
constexpr int kMaxPanelTiles = 4; // 8 columns of a panel
constexpr int kMaxKeyTiles = 8;   // 16 keys of the state

// Outputs ---------------------------------------------------------------------------------------------------------

YOCO_DEVICE void storePair(const Chunked &c, int64_t row, int column, bool isAligned, float a, float b) {
  const int64_t index = row * c.outStride + c.head * c.valueWidth + c.panelBegin + column;
  if (!isAligned) {
    storeElement(c.out, c.outKind, index, a);
    storeElement(c.out, c.outKind, index + 1, b);
  } else if (c.outKind == kF32) {
    *reinterpret_cast<Vec2 *>(static_cast<float *>(c.out) + index) = Vec2{bitsOf(a), bitsOf(b)};
  } else {
    *reinterpret_cast<uint32_t *>(static_cast<Bf16 *>(c.out) + index) = packBf16(a, b);
  }
}

/// Outputs of the 16 rows from `rowBegin` on, in `tiles` times 8 columns from `columnBegin` on. The rows see `Spans`
/// times 16 rows of their block, of which the last span are themselves.
template <int Spans>
YOCO_DEVICE void computeOutputs(const Chunked &c, int block, int columnBegin, int tiles) {
  constexpr int rowBegin = 16 * (Spans - 1);
  const int lane = static_cast<int>(laneIndex());
  const int keyPitch = c.layout.keyPitch, panelPitch = c.layout.panelPitch;
  float outputs[kMaxPanelTiles][4] = {}, scores[2 * Spans][4] = {};

  // Addresses for ldmatrix: rows by columns as they are, or, of the keys, columns by rows.
  const uint8_t *queries = c.queries(block) + (rowBegin + lane % 16) * keyPitch + lane / 16 * 16;
  const uint8_t *keys = c.keys(block) + (lane % 8 + lane / 16 * 8) * keyPitch + lane / 8 % 2 * 16;
  const uint8_t *state = c.stateTile(block) + lane % 16 * panelPitch + lane / 16 * 16 + columnBegin * 2;
  const int toLow = c.layout.keyPadded * panelPitch;
#pragma unroll 4
  for (int depth = 0; depth < c.layout.keyPadded; depth += 16) {
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
      for (int span = part; span < Spans; span += 2) {
        uint32_t b[4];
        ldmatrix4(b, keys + span * 16 * keyPitch + depth * 2);
        mmaBf16(scores[2 * span], a, {b[0], b[1]});
        mmaBf16(scores[2 * span + 1], a, {b[2], b[3]});
      }
    }
  }

  const float *sums = c.gates(block), *sources = sums + c.chunk;
  const int t = rowBegin + lane / 4; // and t + 8
  const float target[2] = {sums[t], sums[t + 8]};
  const float factor = c.scale > 0.0f ? 1.0f : c.scale;
  const float decay[2] = {exp2Approx(target[0]), exp2Approx(target[1])};
#pragma unroll
  for (int n = 0; n < kMaxPanelTiles; ++n)
#pragma unroll
    for (int i = 0; i < 4; ++i)
      outputs[n][i] *= decay[i / 2];
  const uint8_t *values = c.values(block) + lane % 16 * panelPitch + lane / 16 * 16 + columnBegin * 2;
#pragma unroll
  for (int span = 0; span < Spans; ++span) {
    uint32_t a[4];
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      float(&score)[4] = scores[2 * span + half];
      const int s = span * 16 + half * 8 + lane % 4 * 2; // and s + 1
      const Vec2 words = *reinterpret_cast<const Vec2 *>(sources + s);
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const float source = floatOf(i % 2 ? words.y : words.x);
        const bool isPast = span + 1 < Spans || s + i % 2 <= t + i / 2 * 8;
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
      ldmatrix4Transposed(b, values + span * 16 * panelPitch + n * 16);
      mmaBf16(outputs[n], a, {b[0], b[1]});
      mmaBf16(outputs[n + 1], a, {b[2], b[3]});
    }
  }

  const int rows = c.blockRows(block);
  const int64_t first = static_cast<int64_t>(c.segment.rowBegin) + c.blockBegin(block);
  const bool isAligned = (reinterpret_cast<uint64_t>(c.out) & (2 * elementBytes(c.outKind) - 1)) == 0;
#pragma unroll
  for (int n = 0; n < kMaxPanelTiles; ++n) {
    const int column = columnBegin + n * 8;
    if (n >= tiles || column >= c.panelColumns())
      continue;
    if (t < rows)
      storePair(c, first + t, column + lane % 4 * 2, isAligned, outputs[n][0], outputs[n][1]);
    if (t + 8 < rows)
      storePair(c, first + t + 8, column + lane % 4 * 2, isAligned, outputs[n][2], outputs[n][3]);
  }
}

/// The output warps' role: 16 rows each; with fewer than 64 rows also a part of the columns.
YOCO_DEVICE void computeBlocks(const Chunked &c) {
  const int rowGroups = c.chunk / 16, rowGroup = c.warp % rowGroups;
  const int shared = c.layout.panel * rowGroups / nvptx::kRetentionOutputWarps;
  const int columns = shared < 16 ? 16 : shared, columnBegin = c.warp / rowGroups * columns;
  const int blocks = c.blockCount();
  syncBlock();
  syncBlock();
  for (int block = 0; block < blocks; ++block) {
    if (columnBegin < c.panelColumns() && 16 * rowGroup < c.blockRows(block)) {
      if (rowGroup == 0)
        computeOutputs<1>(c, block, columnBegin, columns / 8);
      else if (rowGroups > 1 && rowGroup == 1)
        computeOutputs<2>(c, block, columnBegin, columns / 8);
      else if (rowGroups > 2 && rowGroup == 2)
        computeOutputs<3>(c, block, columnBegin, columns / 8);
      else if (rowGroups > 2)
        computeOutputs<4>(c, block, columnBegin, columns / 8);
    }
    if (block + 1 < blocks)
      syncBlock();
  }
}

// State -----------------------------------------------------------------------------------------------------------

/// A warp's keys of the state panel: tiles of 16 keys by 8 columns, as the tensor cores accumulate them.
struct StatePart {
  float tiles[kMaxKeyTiles][kMaxPanelTiles][4];
};

/// First key of a warp's tile; past the padded width when there is no such tile.
YOCO_DEVICE int keyOf(const Chunked &c, int tile) {
  return 16 * (c.warp - nvptx::kRetentionOutputWarps + tile * nvptx::kRetentionStateWarps);
}
YOCO_DEVICE bool hasTile(const Chunked &c, int tile, int column) {
  if (c.layout.keyPadded % (16 * nvptx::kRetentionStateWarps) == 0)
    return tile * 16 * nvptx::kRetentionStateWarps < c.layout.keyPadded && column * 8 < c.layout.panel;
  return keyOf(c, tile) < c.layout.keyPadded && column * 8 < c.layout.panel;
}

/// Reads or writes the warp's part of the state in global memory.
template <bool IsStore>
YOCO_DEVICE void moveState(const Chunked &c, StatePart &part) {
  const int lane = static_cast<int>(laneIndex());
#pragma unroll
  for (int tile = 0; tile < kMaxKeyTiles; ++tile)
#pragma unroll
    for (int column = 0; column < kMaxPanelTiles; ++column)
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const int key = keyOf(c, tile) + lane / 4 + half * 8;
        float *at = c.state + static_cast<int64_t>(key) * c.valueWidth + c.panelBegin + column * 8 + lane % 4 * 2;
        if (!hasTile(c, tile, column) || key >= c.keyWidth || column * 8 >= c.panelColumns())
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

/// The state as two bf16 for the outputs of `block`.
YOCO_DEVICE void publishState(const Chunked &c, int block, const StatePart &part) {
  const int lane = static_cast<int>(laneIndex());
  const int toLow = c.layout.keyPadded * c.layout.panelPitch;
#pragma unroll
  for (int tile = 0; tile < kMaxKeyTiles; ++tile)
#pragma unroll
    for (int column = 0; column < kMaxPanelTiles; ++column) {
      if (!hasTile(c, tile, column))
        continue;
      uint8_t *to = c.stateTile(block) + (keyOf(c, tile) + lane / 4) * c.layout.panelPitch + column * 16 + lane % 4 * 4;
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const float x = part.tiles[tile][column][2 * half], y = part.tiles[tile][column][2 * half + 1];
        const uint32_t high = packBf16(x, y);
        *reinterpret_cast<uint32_t *>(to + half * 8 * c.layout.panelPitch) = high;
        *reinterpret_cast<uint32_t *>(to + half * 8 * c.layout.panelPitch + toLow) =
            packBf16(x - lowBf16(high), y - highBf16(high));
      }
    }
}

YOCO_DEVICE void updateState(const Chunked &c, int block, StatePart &part) {
  const int lane = static_cast<int>(laneIndex());
  const float decay = c.gates(block)[3 * c.chunk];
#pragma unroll
  for (int tile = 0; tile < kMaxKeyTiles; ++tile)
#pragma unroll
    for (int column = 0; column < kMaxPanelTiles; ++column)
#pragma unroll
      for (int i = 0; i < 4; ++i)
        part.tiles[tile][column][i] *= decay;
  // Addresses for ldmatrix: keys by rows of the block, rows by columns.
  const uint8_t *keys = c.keys(block) + (lane % 8 + lane / 16 * 8) * c.layout.keyPitch + lane / 8 % 2 * 16;
  const uint8_t *values = c.weighted(block) + lane % 16 * c.layout.panelPitch + lane / 16 * 16;
#pragma unroll
  for (int depth = 0; depth < c.chunk; depth += 16) {
    uint32_t b[kMaxPanelTiles / 2][4];
#pragma unroll
    for (int n = 0; n < kMaxPanelTiles / 2; ++n)
      if (n * 16 < c.layout.panel)
        ldmatrix4Transposed(b[n], values + depth * c.layout.panelPitch + n * 32);
#pragma unroll
    for (int tile = 0; tile < kMaxKeyTiles; ++tile) {
      if (!hasTile(c, tile, 0))
        continue;
      uint32_t a[4];
      ldmatrix4Transposed(a, keys + depth * c.layout.keyPitch + keyOf(c, tile) * 2);
#pragma unroll
      for (int n = 0; n < kMaxPanelTiles / 2; ++n) {
        if (n * 16 >= c.layout.panel)
          continue;
        mmaBf16(part.tiles[tile][2 * n], a, {b[n][0], b[n][1]});
        mmaBf16(part.tiles[tile][2 * n + 1], a, {b[n][2], b[n][3]});
      }
    }
  }
}

/// The state warps' role. The last of them also sums the gates, two blocks ahead.
YOCO_DEVICE void carryState(const Chunked &c) {
  const int blocks = c.blockCount();
  const bool hasGates = c.warp == nvptx::kRetentionOutputWarps + nvptx::kRetentionStateWarps - 1;
  GateRows gates = {};
  if (hasGates) {
    sumGates(c, 0, loadGates(c, 0));
    gates = loadGates(c, 1);
  }
  StatePart part = {};
  if (c.segment.firstPosition != 0)
    moveState<false>(c, part);
  publishState(c, 0, part);
  syncBlock();
  for (int block = -1; block < blocks; ++block) {
    if (hasGates && block + 2 < blocks) {
      sumGates(c, block + 2, gates);
      gates = loadGates(c, block + 3);
    }
    if (block >= 0) {
      updateState(c, block, part);
      if (block + 1 < blocks)
        publishState(c, block + 1, part);
    }
    if (block + 1 < blocks)
      syncBlock();
  }
  moveState<true>(c, part);
}

} // namespace retention

YOCO_MICRO_KERNEL YOCO_DEFINE_MICRO_KERNEL(retention_chunk) {
  const nvptx::RetentionChunkLayout layout = nvptx::retentionChunkLayout(sharedLimit, chunk, keyWidth, valueWidth);
  const uint32_t threadBlock = static_cast<uint32_t>(tile);
  const int64_t index = threadBlock / (heads * layout.panels);
  if (index >= segments)
    return;
  const Segment segment = retention::loadSegment(table, index);
  if (segment.slot < 0 || segment.rowCount <= 0)
    return;
  const int rest = static_cast<int>(threadBlock % (heads * layout.panels)), head = rest / layout.panels;
  const int panelBegin = rest % layout.panels * layout.panel;
  float *from = retention::headState(state, segment.slot, heads, head, keyWidth, valueWidth);
  // The same in all lanes, as the compiler can tell.
  const int warp = static_cast<int>(shuffleFrom(warpIndex(), 0));
  const retention::Chunked chunked = {q,       k,        v,          gate,       frequencies, qStride,
                                      kStride, vStride,  gateStride, style,      scale,       gateDivisor,
                                      chunk,   keyWidth, valueWidth, out,        outKind,     outStride,
                                      layout,  segment,  head,       panelBegin, from,        warp};
  if (warp < nvptx::kRetentionOutputWarps)
    retention::computeBlocks(chunked);
  else if (warp < nvptx::kRetentionOutputWarps + nvptx::kRetentionStateWarps)
    retention::carryState(chunked);
  else if (isAligned16(q) && isAligned16(k) && isAligned16(v))
    retention::loadBlocks<true>(chunked);
  else
    retention::loadBlocks<false>(chunked);
}

} // namespace yoco::device
