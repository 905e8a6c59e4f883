// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attention of one row a segment (decode): memory bound, so that every block streams its part of a kv head's cache once
// for all query heads of that head, and a second kernel puts the parts together.
//
// Tensor cores compute transposed: logits^T (16 positions x 8 queries) = K Q^T, then out^T (16 columns x 8 queries) +=
// V^T P^T. Queries are the narrow side, so few heads waste little, and a lane has the statistics of the same two
// queries in both.

#include "kernels/nvptx/AttentionExact.h"
#include "kernels/nvptx/AttentionTile.h"

namespace yoco::device {

/// P^T as the right operand (lane: query lane / 4, positions lane % 4 * 2 and the next) of what the logits' layout has
/// (lane: position lane / 4, queries lane % 4 * 2 and the next).
YOCO_DEVICE uint32_t transposePairs(uint32_t pairs) {
  const uint32_t lane = laneIndex(), from = lane % 4 * 8 + lane / 8;
  const uint32_t first = shuffleFrom(pairs, from), second = shuffleFrom(pairs, from + 4);
  return lane / 4 % 2 ? (first >> 16) | (second & 0xffff0000u) : (first & 0xffffu) | (second << 16);
}

/// Copies the positions of a step into a stage of shared memory: the key warps' keys, then their values.
struct SplitLoader {
  const Attention &a;
  const SplitWork &work;
  const shapes::SplitTile &tile;
  const Plane &keys, &values;
  uint8_t *stages;
  int splits, stepsOfSpan, keyWarp;
  bool alone; // a warp reads only what it has copied itself

  /// The first position of a step.
  YOCO_DEVICE int firstOf(int step) const {
    const int span = work.firstSpan + step / stepsOfSpan * splits;
    return span * nvptx::kSplitSpan + step % stepsOfSpan * tile.positions();
  }

  YOCO_DEVICE void load(int step, int steps, int stage) const {
    if (step < steps) {
      uint8_t *to = stages + stage * tile.stageBytes;
      Bf16 *keyTile = reinterpret_cast<Bf16 *>(to),
           *valueTile = reinterpret_cast<Bf16 *>(to + tile.keyWarps * tile.keyBytes);
      const int first = firstOf(step);
      if (alone) {
        const int lane = static_cast<int>(laneIndex());
        loadPositions(keys, Tiles::all, first + keyWarp * 16, 16, work.low, work.position,
                      keyTile + keyWarp * 16 * shapes::pitch(a.keyWidth), a.keyWidth, lane, 32);
        loadPositions(values, Tiles::all, first + keyWarp * 16, 16, work.low, work.position,
                      valueTile + keyWarp * 16 * shapes::pitch(a.valueWidth), a.valueWidth, lane, 32);
      } else {
        const int thread = static_cast<int>(threadIndex()), threads = tile.warps() * 32;
        loadPositions(keys, Tiles::all, first, tile.positions(), work.low, work.position, keyTile, a.keyWidth, thread,
                      threads);
        loadPositions(values, Tiles::all, first, tile.positions(), work.low, work.position, valueTile, a.valueWidth,
                      thread, threads);
      }
    }
    copyAsyncCommit();
  }
};

/// A warp's results in registers.
struct SplitSums {
  float sums[32][4]; // out^T: tile of queries n, tile of columns v at n * valueTiles + v
  float largest[8][2], totals[8][2];
};

/// logits^T of 16 positions. The queries are in `kept`, or else where `queries` points to.
YOCO_DEVICE void multiplySplit(float (&logits)[8][4], const Bf16 *keyTile, const Bf16 *queries,
                               const uint32_t (&kept)[8][4], bool keepQueries, int queryTiles, int keySteps,
                               int queryPitch) {
  const int querySteps = shapes::divideUp(keySteps, 2);
  float others[4]; // two chains of products when there is one tile of queries
#pragma unroll
  for (int j = 0; j < 4; ++j)
    others[j] = 0.0f;
#pragma unroll
  for (int n = 0; n < queryTiles; ++n)
#pragma unroll
    for (int j = 0; j < 4; ++j)
      logits[n][j] = 0.0f;
#pragma unroll
  for (int k = 0; k < keySteps; ++k) {
    uint32_t left[4];
    ldmatrix4(left, keyTile + k * 16);
#pragma unroll
    for (int n = 0; n < queryTiles; ++n) {
      uint32_t loaded[4];
      if (!keepQueries)
        ldmatrix4(loaded, queries + n * 8 * queryPitch + k / 2 * 32);
      const uint32_t(&words)[4] = keepQueries ? kept[n * querySteps + k / 2] : loaded;
      const uint32_t right[2] = {words[k % 2 * 2], words[k % 2 * 2 + 1]};
      if (queryTiles == 1 && k % 2 == 1)
        mmaBf16(others, left, right);
      else
        mmaBf16(logits[n], left, right);
    }
  }
  if (queryTiles == 1 && keySteps > 1) {
#pragma unroll
    for (int j = 0; j < 4; ++j)
      logits[0][j] += others[j];
  }
}

YOCO_DEVICE void clearSplit(SplitSums &results, int queryTiles, int valueTiles) {
#pragma unroll
  for (int i = 0; i < queryTiles * valueTiles; ++i)
#pragma unroll
    for (int j = 0; j < 4; ++j)
      results.sums[i][j] = 0.0f;
#pragma unroll
  for (int n = 0; n < queryTiles; ++n)
#pragma unroll
    for (int j = 0; j < 2; ++j) {
      results.largest[n][j] = kMinusInfinity;
      results.totals[n][j] = 0.0f;
    }
}

/// Takes the positions that the row does not see out of the logits of 16 positions from `first` on.
YOCO_DEVICE void maskSplit(float (&logits)[8][4], const SplitWork &work, int first, int queryTiles, int lane) {
  if (first < work.low || first + 15 > work.position) {
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      const int position = first + lane / 4 + j / 2 * 8;
      if (position < work.low || position > work.position) {
#pragma unroll
        for (int n = 0; n < queryTiles; ++n)
          logits[n][j] = kMinusInfinity;
      }
    }
  }
}

/// Makes logits weights, in the layout of a right operand, and rescales the sums.
YOCO_DEVICE void weighSplit(SplitSums &results, float (&logits)[8][4], uint32_t (&weights)[8][2], float logitScale,
                            int queryTiles, int valueTiles) {
#pragma unroll
  for (int n = 0; n < queryTiles; ++n) {
    float rescale[2];
#pragma unroll
    for (int j = 0; j < 2; ++j) {
      float most = maximum(logits[n][j], logits[n][j + 2]);
#pragma unroll
      for (uint32_t mask = 4; mask < 32; mask *= 2)
        most = maximum(most, shuffleXor(most, mask));
      most = maximum(most, results.largest[n][j]);
      const float base = most == kMinusInfinity ? 0.0f : most * logitScale;
      rescale[j] = exp2Approx(fma(results.largest[n][j], logitScale, -base));
      results.largest[n][j] = most;
      logits[n][j] = exp2Approx(fma(logits[n][j], logitScale, -base));
      logits[n][j + 2] = exp2Approx(fma(logits[n][j + 2], logitScale, -base));
      results.totals[n][j] = fma(results.totals[n][j], rescale[j], logits[n][j] + logits[n][j + 2]);
    }
#pragma unroll
    for (int j = 0; j < 2; ++j)
      weights[n][j] = transposePairs(packBf16(logits[n][j * 2], logits[n][j * 2 + 1]));
#pragma unroll
    for (int v = 0; v < valueTiles; ++v)
#pragma unroll
      for (int j = 0; j < 4; ++j)
        results.sums[n * valueTiles + v][j] *= rescale[j % 2];
  }
}

/// Writes a warp's results where mergeWarps finds them, in the order of the key warps.
YOCO_DEVICE void publishSplit(SplitSums &results, const shapes::SplitTile &tile, int keyWarp, int queryWarp,
                              int valueTiles, float *merged, float *statistics, int lane) {
#pragma unroll
  for (int n = 0; n < tile.queryTiles; ++n) {
#pragma unroll
    for (int j = 0; j < 2; ++j) {
#pragma unroll
      for (uint32_t mask = 4; mask < 32; mask *= 2)
        results.totals[n][j] += shuffleXor(results.totals[n][j], mask);
      const int index = keyWarp * tile.queries() + (queryWarp * tile.queryTiles + n) * 8 + lane % 4 * 2 + j;
      if (lane < 4) {
        statistics[index * 2] = results.largest[n][j];
        statistics[index * 2 + 1] = results.totals[n][j];
      }
#pragma unroll
      for (int v = 0; v < valueTiles; ++v) {
        float *to = merged + index * tile.mergePitch + v * 16 + lane / 4;
        to[0] = results.sums[n * valueTiles + v][j];
        to[8] = results.sums[n * valueTiles + v][j + 2];
      }
    }
  }
}

YOCO_DEVICE void splitTiled(const Attention &a, const SplitWork &work, int splits, int sharedLimit, float *partial,
                            int partialStride) {
  const int group = a.group();
  const shapes::SplitTile tile = shapes::splitTile(sharedLimit, group, a.keyWidth, a.valueWidth);
  const int threads = tile.warps() * 32, keySteps = shapes::divideUp(a.keyWidth, 16);
  const int valueTiles = shapes::divideUp(a.valueWidth, 16), queryTiles = tile.queryTiles;
  const int keyPitch = shapes::pitch(a.keyWidth), valuePitch = shapes::pitch(a.valueWidth);
  const int lane = static_cast<int>(laneIndex()), warp = static_cast<int>(warpIndex());
  const int keyWarp = warp % tile.keyWarps, queryWarp = warp / tile.keyWarps;
  // With one query warp, a warp reads only what it has copied itself, and warps never wait for each other.
  const bool alone = tile.queryWarps == 1;

  Bf16 *queries = reinterpret_cast<Bf16 *>(sharedMemory());
  uint8_t *stages = sharedMemory() + tile.queryBytes;
  const Plane keys = keyPlane(a, kBf16, work.segment, work.kvHead);
  const Plane values = valuePlane(a, kBf16, work.segment, work.kvHead, 0, a.valueWidth);

  const int stepsOfSpan = nvptx::kSplitSpan / tile.positions(), steps = work.spans * stepsOfSpan;
  const SplitLoader loader = {a, work, tile, keys, values, stages, splits, stepsOfSpan, keyWarp, alone};

#pragma unroll 1
  for (int stage = 0; stage < tile.stages - 1; ++stage)
    loader.load(stage, steps, stage);
  loadQueries(a, work.row, 1, work.kvHead, queries, tile.queryPitch, tile.queries(), shapes::roundUp(a.keyWidth, 32),
              threads);
  syncBlock();

  // Left operands of 32 columns at a time; kept when they are few.
  const Bf16 *ownQueries = queries + (queryWarp * queryTiles * 8 + lane % 8) * tile.queryPitch + lane / 8 * 8;
  const int querySteps = shapes::divideUp(keySteps, 2);
  const bool keepQueries = queryTiles * querySteps <= 8;
  uint32_t kept[8][4];
  if (keepQueries) {
#pragma unroll
    for (int n = 0; n < queryTiles; ++n)
#pragma unroll
      for (int k = 0; k < querySteps; ++k)
        ldmatrix4(kept[n * querySteps + k], ownQueries + n * 8 * tile.queryPitch + k * 32);
  }

  SplitSums results;
  clearSplit(results, queryTiles, valueTiles);
  const float logitScale = a.logitScale();

  int stage = 0;
#pragma unroll 1
  for (int step = 0; step < steps; ++step) {
    if (tile.stages == 3)
      copyAsyncWait<1>();
    else
      copyAsyncWait<0>();
    // This step's bytes are there for all, and all have read the stage that is copied to next.
    if (alone)
      syncWarp();
    else
      syncBlock();
    loader.load(step + tile.stages - 1, steps, stage == 0 ? tile.stages - 1 : stage - 1);
    const uint8_t *at = stages + stage * tile.stageBytes;
    stage = stage + 1 == tile.stages ? 0 : stage + 1;
    const int first = loader.firstOf(step) + keyWarp * 16;
    if (first > work.position || first + 15 < work.low)
      continue;
    const Bf16 *keyTile = reinterpret_cast<const Bf16 *>(at) + (keyWarp * 16 + lane % 16) * keyPitch + lane / 16 * 8;
    const Bf16 *valueTile = reinterpret_cast<const Bf16 *>(at + tile.keyWarps * tile.keyBytes) +
                            (keyWarp * 16 + lane / 16 * 8 + lane % 8) * valuePitch + lane / 8 % 2 * 8;

    float logits[8][4];
    multiplySplit(logits, keyTile, ownQueries, kept, keepQueries, queryTiles, keySteps, tile.queryPitch);
    maskSplit(logits, work, first, queryTiles, lane);
    uint32_t weights[8][2];
    weighSplit(results, logits, weights, logitScale, queryTiles, valueTiles);
#pragma unroll
    for (int v = 0; v < valueTiles; ++v) {
      uint32_t left[4];
      ldmatrix4Transposed(left, valueTile + v * 16);
#pragma unroll
      for (int n = 0; n < queryTiles; ++n)
        mmaBf16(results.sums[n * valueTiles + v], left, weights[n]);
    }
  }

  float *merged = reinterpret_cast<float *>(sharedMemory());
  float *statistics = merged + tile.keyWarps * tile.queries() * tile.mergePitch;
  // They lie where queries and stages were: no copy is under way any more.
  copyAsyncWait<0>();
  syncBlock();
  publishSplit(results, tile, keyWarp, queryWarp, valueTiles, merged, statistics, lane);
  syncBlock();
  mergeWarps(a, work, splits, merged, tile.mergePitch, statistics, tile.keyWarps, tile.queries(), threads, partial,
             partialStride);
}

YOCO_MICRO_KERNEL YOCO_DEFINE_MICRO_KERNEL(attention_split) {
  const Attention a = {
      static_cast<uint32_t>(tile), rows, segments, seq, q, qStride, positions, table, keyCache, valueCache, ring,
      keyCacheSlotStride, valueCacheSlotStride, freshKeys, freshKeysKind, freshKeysStride, freshValues,
      freshValuesKind, freshValuesStride, frequencies, style, pairs, window, scale, heads, kvHeads, keyWidth,
      valueWidth};
  const SplitWork work = splitWork(a, splits, partial, partialStride);
  if (work.spans == 0)
    return;
  if (cacheKind == kF32)
    splitExact(a, work, splits, partial, partialStride);
  else
    splitTiled(a, work, splits, sharedLimit, partial, partialStride);
}

YOCO_MICRO_KERNEL YOCO_DEFINE_MICRO_KERNEL(attention_merge) {
  constexpr int kWarps = nvptx::kAttentionMergeWarps;
  const uint32_t block = static_cast<uint32_t>(tile);
  const int64_t row = block / static_cast<uint32_t>(heads);
  const int head = static_cast<int>(block % static_cast<uint32_t>(heads));
  if (row >= rows)
    return;
  const Segment segment = table[row];
  if (segment.slot < 0 || segment.rowCount <= 0)
    return;
  const int lane = static_cast<int>(laneIndex()), warp = static_cast<int>(warpIndex());
  const float *pairs = partial + row * partialStride + head * splits * 2;
  const float *values = partial + row * partialStride + heads * splits * 2 + head * splits * valueWidth;

  float most = kMinusInfinity;
  for (int split = lane; split < splits; split += 32)
    most = maximum(most, pairs[split * 2]);
  most = warpMax(most);

  // The warps take turns in the splits, so that many loads are under way together. A lane's columns are lane + 32 i.
  const int columns = shapes::divideUp(valueWidth, 32);
  float sums[16], total = 0.0f;
#pragma unroll
  for (int i = 0; i < columns; ++i)
    sums[i] = 0.0f;
#pragma unroll 1
  for (int split = warp; split < splits; split += kWarps) {
    const float largest = pairs[split * 2];
    if (largest == kMinusInfinity) // nothing else is written then
      continue;
    const float weight = exp2Approx(largest - most);
    total = fma(weight, pairs[split * 2 + 1], total);
#pragma unroll
    for (int i = 0; i < columns; ++i)
      if (lane + 32 * i < valueWidth)
        sums[i] = fma(weight, values[split * valueWidth + lane + 32 * i], sums[i]);
  }
  float *shared = reinterpret_cast<float *>(sharedMemory()), *totals = shared + kWarps * valueWidth;
#pragma unroll
  for (int i = 0; i < columns; ++i)
    if (lane + 32 * i < valueWidth)
      shared[warp * valueWidth + lane + 32 * i] = sums[i];
  if (lane == 0)
    totals[warp] = total;
  syncBlock();
#pragma unroll 1
  for (int column = static_cast<int>(threadIndex()); column < valueWidth; column += 32 * kWarps) {
    float sum = 0.0f, all = 0.0f;
#pragma unroll
    for (int w = 0; w < kWarps; ++w) {
      sum += shared[w * valueWidth + column];
      all += totals[w];
    }
    storeElement(out, outKind, row * outStride + head * valueWidth + column, sum * reciprocalApprox(all));
  }
}

} // namespace yoco::device
