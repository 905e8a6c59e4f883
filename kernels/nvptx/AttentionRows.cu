// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attention of many rows (scoring, prefill of sliding windows): a block has a tile of queries of one kv head, packed
// from rows and the query heads of the kv head, and goes over the tiles of positions that they see. Of keys and values
// one tile each is in shared memory: values are copied while logits are computed, the next keys while values are added.

#include "kernels/nvptx/AttentionExact.h"
#include "kernels/nvptx/AttentionTile.h"

namespace yoco::device {

/// A warp's queries in registers. Row tile m, tile of 8 columns v: sums[m * columnTiles + v]; a lane has rows lane / 4
/// and lane / 4 + 8 of a row tile (index 0 and 1) and columns lane % 4 * 2 and the next.
struct RowSums {
  float sums[32][4];
  float largest[2][2], totals[2][2];
};

/// logits[m][n] = Q K^T for a tile of positions. `queries` and `keys` are the lane's addresses for ldmatrix.
YOCO_DEVICE void multiplyKeys(float (&logits)[2][8][4], const Bf16 *queries, const Bf16 *keys, int rowTiles,
                              int positions, int keySteps, int pitch) {
#pragma unroll
  for (int m = 0; m < rowTiles; ++m)
#pragma unroll
    for (int n = 0; n < positions / 8; ++n)
#pragma unroll
      for (int j = 0; j < 4; ++j)
        logits[m][n][j] = 0.0f;
#pragma unroll
  for (int k = 0; k < keySteps; ++k) {
    uint32_t left[2][4];
#pragma unroll
    for (int m = 0; m < rowTiles; ++m)
      ldmatrix4(left[m], queries + m * 16 * pitch + k * 16);
#pragma unroll
    for (int n = 0; n < positions / 8; n += 2) {
      uint32_t loaded[4];
      ldmatrix4(loaded, keys + n * 8 * pitch + k * 16);
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const uint32_t right[2] = {loaded[half * 2], loaded[half * 2 + 1]};
#pragma unroll
        for (int m = 0; m < rowTiles; ++m)
          mmaBf16(logits[m][n + half], left[m], right);
      }
    }
  }
}

/// Takes columns after `last` and before `begin` out of a row of logits; both are relative to the lane's first column.
YOCO_DEVICE void maskRow(float (&logits)[8][4], int half, int positions, int last, int begin) {
#pragma unroll
  for (int n = 0; n < positions / 8; ++n)
#pragma unroll
    for (int j = 0; j < 2; ++j)
      if (n * 8 + j > last || n * 8 + j < begin)
        logits[n][half * 2 + j] = kMinusInfinity;
}

/// Makes logits weights, in the layout of a left operand: 16 positions at weights[m][k].
YOCO_DEVICE void weigh(RowSums &rows, float (&logits)[2][8][4], uint32_t (&weights)[2][4][4], float scale, int rowTiles,
                       int positions, int columnTiles) {
#pragma unroll
  for (int m = 0; m < rowTiles; ++m) {
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      float most = maximum(logits[m][0][h * 2], logits[m][0][h * 2 + 1]);
#pragma unroll
      for (int n = 1; n < positions / 8; ++n)
        most = maximum(most, maximum(logits[m][n][h * 2], logits[m][n][h * 2 + 1]));
      most = maximum(most, shuffleXor(most, 1));
      most = maximum(most, shuffleXor(most, 2));
      most = maximum(most, rows.largest[m][h]);
      const float base = most == kMinusInfinity ? 0.0f : most * scale;
      // Exactly 1 where nothing is larger, although `base` is rounded: a row's result must not depend on how many tiles
      // other rows of its warp see.
      const float largest = rows.largest[m][h];
      const float rescale = largest == most ? 1.0f : exp2Approx(fma(largest, scale, -base));
      rows.largest[m][h] = most;
      float total = 0.0f;
#pragma unroll
      for (int n = 0; n < positions / 8; ++n) {
        const float first = exp2Approx(fma(logits[m][n][h * 2], scale, -base));
        const float second = exp2Approx(fma(logits[m][n][h * 2 + 1], scale, -base));
        total += first + second;
        weights[m][n / 2][n % 2 * 2 + h] = packBf16(first, second);
      }
      rows.totals[m][h] = fma(rows.totals[m][h], rescale, total);
#pragma unroll
      for (int v = 0; v < columnTiles; ++v) {
        rows.sums[m * columnTiles + v][h * 2] *= rescale;
        rows.sums[m * columnTiles + v][h * 2 + 1] *= rescale;
      }
    }
  }
}

/// Adds weights times a tile of values. `values` is the lane's address for ldmatrix.
YOCO_DEVICE void addValues(RowSums &rows, const uint32_t (&weights)[2][4][4], const Bf16 *values, int rowTiles,
                           int positions, int columnTiles, int pitch) {
#pragma unroll
  for (int k = 0; k < positions / 16; ++k)
#pragma unroll
    for (int v = 0; v < columnTiles; v += 2) {
      uint32_t loaded[4];
      ldmatrix4Transposed(loaded, values + k * 16 * pitch + v * 8);
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const uint32_t right[2] = {loaded[half * 2], loaded[half * 2 + 1]};
#pragma unroll
        for (int m = 0; m < rowTiles; ++m)
          mmaBf16(rows.sums[m * columnTiles + v + half], weights[m][k], right);
      }
    }
}

/// Writes two neighbouring columns of a row, as one when `pairs`.
YOCO_DEVICE void storePair(void *out, int outKind, bool pairs, int64_t index, float first, float second) {
  struct alignas(8) Pair {
    float first, second;
  };
  void *to = elementAddress(out, outKind, index);
  if (!pairs) {
    storeElement(to, outKind, 0, first);
    storeElement(to, outKind, 1, second);
  } else if (outKind == kF32) {
    *static_cast<Pair *>(to) = {first, second};
  } else {
    *static_cast<uint32_t *>(to) = packBf16(first, second);
  }
}

/// Writes columns `lane % 4 * 2` and the next of each tile of 8 below `width`.
YOCO_DEVICE void storeRow(void *out, int outKind, int64_t index, const float (&sums)[32][4], int firstTile,
                          int columnTiles, int half, int width, float share) {
  const bool pairs = reinterpret_cast<uint64_t>(elementAddress(out, outKind, index)) % (outKind == kF32 ? 8 : 4) == 0;
  if (pairs) {
#pragma unroll
    for (int v = 0; v < columnTiles; ++v)
      if (v * 8 < width)
        storePair(out, outKind, true, index + v * 8, sums[firstTile + v][half * 2] * share,
                  sums[firstTile + v][half * 2 + 1] * share);
  } else {
#pragma unroll
    for (int v = 0; v < columnTiles; ++v)
      if (v * 8 < width)
        storePair(out, outKind, false, index + v * 8, sums[firstTile + v][half * 2] * share,
                  sums[firstTile + v][half * 2 + 1] * share);
  }
}

YOCO_DEVICE void clearRows(RowSums &rows, int rowTiles, int columnTiles) {
#pragma unroll
  for (int i = 0; i < rowTiles * columnTiles; ++i)
#pragma unroll
    for (int j = 0; j < 4; ++j)
      rows.sums[i][j] = 0.0f;
#pragma unroll
  for (int m = 0; m < rowTiles; ++m)
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      rows.largest[m][h] = kMinusInfinity;
      rows.totals[m][h] = 0.0f;
    }
}

/// Takes what a row does not see out of the logits of a tile of positions from `first` on. The position of row r is
/// r + `toPosition`; `firstRow` is the block's first row, `laneQuery` and `column` are the lane's first ones.
YOCO_DEVICE void maskTile(const Attention &a, float (&logits)[2][8][4], int rowTiles, int positions, int first,
                          int firstRow, int toPosition, int laneQuery, int column) {
#pragma unroll
  for (int m = 0; m < rowTiles; ++m)
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      const int position = firstRow + (laneQuery + m * 16 + h * 8) / a.group() + toPosition;
      maskRow(logits[m], h, positions, position - first - column, a.firstVisible(position) - first - column);
    }
}

YOCO_DEVICE void clearWeights(uint32_t (&weights)[2][4][4], int rowTiles, int positions) {
#pragma unroll
  for (int m = 0; m < rowTiles; ++m)
#pragma unroll
    for (int k = 0; k < positions / 16; ++k)
#pragma unroll
      for (int j = 0; j < 4; ++j)
        weights[m][k][j] = 0;
}

/// The part of the results that is a tile's: some rows, one kv head, some columns of the values.
struct RowsPart {
  int kvHead, column, width, firstRow, endRow;
};

/// The part of a tile: `rest` says which kv head and columns, `index` which of the `tiles` of `tileRows` rows. The last
/// rows come first.
YOCO_DEVICE RowsPart partOf(const Attention &a, const shapes::RowsTile &tile, int tileRows, int64_t tiles,
                            int64_t index, uint32_t rest) {
  RowsPart part;
  part.kvHead = static_cast<int>(rest / static_cast<uint32_t>(tile.panels));
  part.column = static_cast<int>(rest % static_cast<uint32_t>(tile.panels)) * tile.panel;
  part.width = shapes::least(tile.panel, a.valueWidth - part.column);
  part.firstRow = static_cast<int>(tiles - 1 - index) * tileRows;
  part.endRow = shapes::least(part.firstRow + tileRows, static_cast<int>(a.rows));
  return part;
}

/// Copies tiles of the positions `low` .. `high` of a segment. Where the keys and values are is computed anew for every
/// tile, rather than kept in registers: `zero` is a hidden one.
struct RowsLoader {
  const Attention &a;
  const RowsPart &part;
  const Segment &segment;
  const shapes::RowsTile &tile;
  int low, high, thread;
  Bf16 *keyTile, *valueTile;

  YOCO_DEVICE void keys(Tiles which, int first, int zero) const {
    const Segment same = {segment.slot ^ zero, segment.firstPosition ^ zero, segment.rowBegin ^ zero, segment.rowCount};
    loadPositions(keyPlane(a, kBf16, same, part.kvHead), which, first, tile.positions, low, high, keyTile, a.keyWidth,
                  thread ^ zero, tile.warps * 32);
  }

  YOCO_DEVICE void values(int first, int zero) const {
    const Segment same = {segment.slot ^ zero, segment.firstPosition ^ zero, segment.rowBegin ^ zero, segment.rowCount};
    loadPositions(valuePlane(a, kBf16, same, part.kvHead, part.column, part.width), Tiles::all, first, tile.positions,
                  low, high, valueTile, tile.panel, thread ^ zero, tile.warps * 32);
  }
};

/// Divides and writes the rows of `segment`. `thread` is this thread's index.
YOCO_DEVICE void finishRows(const Attention &a, const RowSums &rows, const Segment &segment, int thread,
                            const RowsPart &part, int rowTiles, int columnTiles, void *out, int outKind,
                            int outStride) {
  const int group = a.group(), lane = thread % 32;
  const int laneQuery = thread / 32 * rowTiles * 16 + lane / 4; // this lane's first one
#pragma unroll
  for (int m = 0; m < rowTiles; ++m)
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      float total = rows.totals[m][h];
      total += shuffleXor(total, 1);
      total += shuffleXor(total, 2);
      const float share = reciprocalApprox(total);
      const int query = laneQuery + m * 16 + h * 8, row = part.firstRow + query / group;
      if (row < part.endRow && row >= segment.rowBegin && row < segment.rowBegin + segment.rowCount) {
        const int64_t to =
            static_cast<int64_t>(row) * outStride + (part.kvHead * group + query % group) * a.valueWidth + part.column;
        storeRow(out, outKind, to + lane % 4 * 2, rows.sums, m * columnTiles, columnTiles, h, part.width, share);
      }
    }
}

YOCO_DEVICE void rowsTiled(const Attention &a, void *out, int outKind, int outStride) {
  const shapes::RowsTile tile = shapes::rowsTile(a.keyWidth, a.valueWidth);
  const int group = a.group(), rowTiles = tile.rowTiles, positions = tile.positions;
  const int tileRows = nvptx::attentionTileRows(true, a.heads, a.kvHeads, a.keyWidth, a.valueWidth);
  const int keySteps = shapes::divideUp(a.keyWidth, 16), columnTiles = shapes::divideUp(tile.panel, 16) * 2;
  const int keyPitch = shapes::pitch(a.keyWidth), valuePitch = shapes::pitch(tile.panel);
  const int thread = static_cast<int>(threadIndex());

  // The last rows first: with a growing cache they take the longest.
  const uint32_t perTile = static_cast<uint32_t>(a.kvHeads * tile.panels), rest = a.tile % perTile;
  const int64_t tiles = (a.rows + tileRows - 1) / tileRows, index = a.tile / perTile;
  if (index >= tiles)
    return;
  const RowsPart part = partOf(a, tile, tileRows, tiles, index, rest);
  const int firstRow = part.firstRow, endRow = part.endRow, segments = static_cast<int>(a.segments);
  int s = nextSegment(a.table, segments, -1, firstRow, endRow);
  if (s >= segments)
    return;

  Bf16 *queries = reinterpret_cast<Bf16 *>(sharedMemory());
  Bf16 *keyTile = reinterpret_cast<Bf16 *>(sharedMemory() + tile.queryBytes);
  Bf16 *valueTile = reinterpret_cast<Bf16 *>(sharedMemory() + tile.queryBytes + tile.keyBytes);
  loadQueries(a, firstRow, tileRows, part.kvHead, queries, keyPitch, tile.queries, shapes::roundUp(a.keyWidth, 16),
              tile.warps * 32);
  const float scale = a.logitScale();

#pragma unroll 1
  for (; s < segments; s = nextSegment(a.table, segments, s, firstRow, endRow)) {
    const Segment segment = a.table[s];
    const int toPosition = segment.firstPosition - segment.rowBegin; // from a row to its position
    const int beginRow = shapes::most(firstRow, segment.rowBegin);
    const int lastRow = shapes::least(endRow, segment.rowBegin + segment.rowCount) - 1;
    const int low = a.firstVisible(beginRow + toPosition), high = lastRow + toPosition;
    const int warpQuery = (thread ^ hiddenZero(segment.slot)) / 32 * rowTiles * 16; // the first one of this warp
    const int warpRow = firstRow + warpQuery / group, warpLastRow = firstRow + (warpQuery + rowTiles * 16 - 1) / group;
    // What this warp's rows see: all of them positions up to `allHigh` and from `allLow` on, some `warpLow` ..
    // `warpHigh`.
    const int allHigh = shapes::most(beginRow, warpRow) + toPosition;
    const int warpHigh = shapes::least(lastRow, warpLastRow) + toPosition;
    const bool works = allHigh <= warpHigh;
    const int warpLow = a.firstVisible(allHigh), allLow = a.firstVisible(warpHigh);
    const RowsLoader loader = {a, part, segment, tile, low, high, thread, keyTile, valueTile};

    RowSums rows;
    clearRows(rows, rowTiles, columnTiles);

    // Tiles begin at multiples of their size, so that a row's result does not depend on the step that it is in.
    const int begin = low / positions * positions;
    // All have read the last keys of the segment before when its last values were there.
    loader.keys(Tiles::all, begin, hiddenZero(segment.slot));
    copyAsyncCommit();
#pragma unroll 1
    for (int first = begin; first <= high; first += positions) {
      const int zero = hiddenZero(first), otherZero = hiddenZero(first + positions);
      copyAsyncWait<0>();
      syncBlock(); // these keys are there (and the queries), and nobody reads the values before
      loader.values(first, zero);
      copyAsyncCommit();
      const int last = first + positions - 1;
      const bool seen = works && first <= warpHigh && last >= warpLow;
      uint32_t weights[2][4][4];
      clearWeights(weights, rowTiles, positions);
      const uint32_t lane = static_cast<uint32_t>(thread ^ zero) % 32, warp = static_cast<uint32_t>(thread ^ zero) / 32;
      const int warpQuery = static_cast<int>(warp) * rowTiles * 16;
      if (seen) {
        float logits[2][8][4];
        multiplyKeys(logits, queries + (warpQuery + lane % 16) * keyPitch + lane / 16 * 8,
                     keyTile + (lane / 16 * 8 + lane % 8) * keyPitch + lane / 8 % 2 * 8, rowTiles, positions, keySteps,
                     keyPitch);
        if (last > allHigh || first < allLow)
          maskTile(a, logits, rowTiles, positions, first, firstRow, toPosition, warpQuery + static_cast<int>(lane) / 4,
                   static_cast<int>(lane) % 4 * 2);
        weigh(rows, logits, weights, scale, rowTiles, positions, columnTiles);
      }
      copyAsyncWait<0>();
      syncBlock(); // these values are there, and nobody reads the keys
      if (last < high)
        loader.keys(Tiles::asynchronous, first + positions, otherZero);
      copyAsyncCommit();
      if (seen)
        addValues(rows, weights, valueTile + lane % 16 * valuePitch + lane / 16 * 8, rowTiles, positions, columnTiles,
                  valuePitch);
      if (last < high) // here the weights' registers are free again
        loader.keys(Tiles::rest, first + positions, otherZero);
      copyAsyncCommit();
    }

    const Segment same = a.table[s]; // read again rather than kept in registers
    finishRows(a, rows, same, thread ^ hiddenZero(same.slot), part, rowTiles, columnTiles, out, outKind, outStride);
  }
}

YOCO_MICRO_KERNEL YOCO_DEFINE_MICRO_KERNEL(attention_rows) {
  const Attention a = {
      static_cast<uint32_t>(tile), rows, segments, seq, q, qStride, positions, table, keyCache, valueCache, ring,
      keyCacheSlotStride, valueCacheSlotStride, freshKeys, freshKeysKind, freshKeysStride, freshValues,
      freshValuesKind, freshValuesStride, frequencies, style, pairs, window, scale, heads, kvHeads, keyWidth,
      valueWidth};
  if (cacheKind == kF32)
    rowsExact(a, out, outKind, outStride);
  else
    rowsTiled(a, out, outKind, outStride);
}

} // namespace yoco::device
