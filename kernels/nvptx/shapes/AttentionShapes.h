// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tiles of the attention kernels and their launches.

#ifndef YOCO_KERNELS_NVPTX_SHAPES_ATTENTIONSHAPES_H
#define YOCO_KERNELS_NVPTX_SHAPES_ATTENTIONSHAPES_H

#include "kernels/nvptx/LaunchShapes.h"

namespace yoco::nvptx {

namespace attention {

constexpr int divideUp(int value, int divisor) { return (value + divisor - 1) / divisor; }
constexpr int roundUp(int value, int multiple) { return divideUp(value, multiple) * multiple; }
constexpr int least(int a, int b) { return a < b ? a : b; }
constexpr int most(int a, int b) { return a > b ? a : b; }

/// bf16 elements from one row of a tile in shared memory to the next: an odd number of 16-byte units, so that the eight
/// rows of an ldmatrix lie in different banks.
constexpr int pitch(int width) { return roundUp(width, 16) + 8; }

// Many rows, bf16 ----------------------------------------------------------------------------------------------------

/// A block has `queries` queries of one kv head: the packed pairs (row, query head of the kv head), all heads of a row.
/// A warp has `rowTiles` * 16 of them, and all of them read tiles of `positions` positions of the cache.
struct RowsTile {
  int warps, rowTiles, queries, positions;
  int panel, panels; // value columns of a block, and into how many blocks they are split
  int queryBytes, keyBytes, valueBytes;

  constexpr int sharedBytes() const { return queryBytes + keyBytes + valueBytes; }
};

constexpr RowsTile rowsTile(int keyWidth, int valueWidth) {
  RowsTile tile{};
  // A lane accumulates rowTiles * panel / 2 values: 128 registers at most.
  tile.panels = divideUp(valueWidth, 256);
  tile.panel = tile.panels == 1 ? valueWidth : roundUp(divideUp(valueWidth, tile.panels), 16);
  const bool narrow = keyWidth <= 128 && valueWidth <= 128;
  tile.rowTiles = narrow ? 2 : 1;
  tile.warps = narrow || keyWidth > 256 ? 4 : 8;
  tile.queries = tile.warps * tile.rowTiles * 16;
  tile.positions = 64;
  tile.queryBytes = tile.queries * pitch(keyWidth) * 2;
  tile.keyBytes = tile.positions * pitch(keyWidth) * 2;
  tile.valueBytes = tile.positions * pitch(tile.panel) * 2;
  return tile;
}

// One row a segment, bf16 --------------------------------------------------------------------------------------------

/// A block has the queries of one kv head, in tiles of 8: `queryTiles` for each of `queryWarps` warps. A step of its
/// loop reads 16 positions for each of `keyWarps` groups of those warps.
struct SplitTile {
  int keyWarps, queryWarps, queryTiles, stages;
  int queryPitch, queryBytes, keyBytes, stageBytes; // keyBytes: of one key warp's keys
  int mergePitch, mergeBytes;                       // of the warps' results, f32, in the place of everything

  constexpr int warps() const { return keyWarps * queryWarps; }
  constexpr int queries() const { return queryWarps * queryTiles * 8; }
  constexpr int positions() const { return keyWarps * 16; }
  constexpr int sharedBytes() const { return most(queryBytes + stages * stageBytes, mergeBytes); }
};

constexpr SplitTile splitTile(int sharedLimit, int group, int keyWidth, int valueWidth) {
  SplitTile tile{};
  const int tiles = divideUp(group, 8), valueTiles = divideUp(valueWidth, 16);
  tile.queryTiles = least(tiles, most(1, 16 / valueTiles)); // 64 accumulators a lane, more only for wide values
  tile.queryWarps = divideUp(tiles, tile.queryTiles);
  tile.queryTiles = divideUp(tiles, tile.queryWarps);
  // About 32 KiB a stage, so that three stages of two blocks fit an SM.
  tile.keyWarps = keyWidth + valueWidth <= 256 ? 4 : keyWidth + valueWidth <= 512 ? 2 : 1;
  while (tile.keyWarps > 1 && tile.warps() > 8)
    tile.keyWarps /= 2;
  tile.queryPitch = roundUp(keyWidth, 32) + 8; // an ldmatrix reads 32 columns
  tile.queryBytes = tile.queries() * tile.queryPitch * 2;
  tile.keyBytes = 16 * pitch(keyWidth) * 2;
  tile.stageBytes = tile.keyWarps * (tile.keyBytes + 16 * pitch(valueWidth) * 2);
  tile.mergePitch = roundUp(valueWidth, 16) + 4;
  tile.mergeBytes = tile.keyWarps * tile.queries() * (tile.mergePitch + 2) * 4;
  tile.stages = 3;
  if (tile.sharedBytes() > sharedLimit)
    tile.stages = 2;
  return tile;
}

// f32 ----------------------------------------------------------------------------------------------------------------

/// Queries of one kv head that a warp has together.
constexpr int exactQueries(int keyWidth, int valueWidth) {
  const int width = most(keyWidth, valueWidth);
  return width <= 128 ? 4 : width <= 256 ? 2 : 1;
}
constexpr int kExactWarps = 8;
/// Positions that a warp reads together.
constexpr int kExactPositions = 4;

/// Into how many parts the warps of a block split a span of positions when one row's queries are too few for them.
constexpr int exactParts(int group, int keyWidth, int valueWidth) {
  return most(1, kExactWarps / divideUp(group, exactQueries(keyWidth, valueWidth)));
}

} // namespace attention

/// Rows of the step in a block of attentionRowsShape: as many as have all their queries in the tile.
constexpr int attentionTileRows(bool bf16, int heads, int kvHeads, int keyWidth, int valueWidth) {
  const int queries = bf16 ? attention::rowsTile(keyWidth, valueWidth).queries
                           : attention::kExactWarps * attention::exactQueries(keyWidth, valueWidth);
  return attention::most(1, queries / (heads / kvHeads));
}

constexpr LaunchShape attentionRowsShape(bool bf16, int heads, int kvHeads, int keyWidth, int valueWidth) {
  const int rows = attentionTileRows(bf16, heads, kvHeads, keyWidth, valueWidth);
  if (!bf16)
    return {BlockUnit::rows, rows, kvHeads, 32 * attention::kExactWarps, 0};
  const attention::RowsTile tile = attention::rowsTile(keyWidth, valueWidth);
  return {BlockUnit::rows, rows, kvHeads * tile.panels, 32 * tile.warps, tile.sharedBytes()};
}

constexpr LaunchShape attentionSplitShape(int sharedLimit, bool bf16, int splits, int heads, int kvHeads, int keyWidth,
                                          int valueWidth) {
  const int group = heads / kvHeads;
  if (!bf16) {
    const int queries = attention::exactQueries(keyWidth, valueWidth);
    const int results = attention::roundUp(group, queries) * attention::exactParts(group, keyWidth, valueWidth);
    return {BlockUnit::segments, 1, kvHeads * splits, 32 * attention::kExactWarps, results * (valueWidth + 2) * 4};
  }
  const attention::SplitTile tile = attention::splitTile(sharedLimit, group, keyWidth, valueWidth);
  return {BlockUnit::segments, 1, kvHeads * splits, 32 * tile.warps(), tile.sharedBytes()};
}

/// Warps of a block of attentionMergeShape, which share the splits of one row and head.
constexpr int kAttentionMergeWarps = 16;

constexpr LaunchShape attentionMergeShape(int heads, int valueWidth) {
  return {BlockUnit::rows, 1, heads, 32 * kAttentionMergeWarps, kAttentionMergeWarps * (valueWidth + 1) * 4};
}

/// Splits that make about four blocks for each multiprocessor from `batch` rows; no more than a window has spans of
/// positions.
constexpr int attentionSplits(int multiprocessors, int batch, int window, int kvHeads) {
  int splits = attention::least(4 * multiprocessors / attention::most(1, batch * kvHeads), 128);
  if (window > 0)
    splits = attention::least(splits, (window - 2 + kSplitSpan) / kSplitSpan + 1);
  return attention::most(1, splits);
}

} // namespace yoco::nvptx

#endif // YOCO_KERNELS_NVPTX_SHAPES_ATTENTIONSHAPES_H
