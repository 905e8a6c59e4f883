// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The attention kernels for f32 caches: all f32, no tensor cores. A warp has a few queries of one kv head; its lanes
// have the columns (lane + 32 i), and it reads a few positions together.

#ifndef YOCO_KERNELS_NVPTX_ATTENTIONEXACT_H
#define YOCO_KERNELS_NVPTX_ATTENTIONEXACT_H

#include "kernels/nvptx/AttentionTile.h"

namespace yoco::device {

/// The queries of a warp and what it knows of their outputs. Query n has columns at n * slots of its arrays.
struct ExactQueries {
  float q[16], sums[16];
  float largest[4], totals[4]; // of logits as they come, of exponentials
  int low[4], high[4];         // positions that count; none when high < low
};

/// Columns of query `n`: head `head` of row `row`, or zeros without one.
YOCO_DEVICE void loadExactQuery(const Attention &a, ExactQueries &queries, int n, bool exists, int64_t row, int head) {
  const int slots = shapes::divideUp(a.keyWidth, 32);
#pragma unroll
  for (int i = 0; i < slots; ++i) {
    const int column = static_cast<int>(laneIndex()) + 32 * i;
    float value = 0.0f;
    if (exists && column < a.keyWidth) {
      const float *from = a.q + row * a.qStride + head * a.keyWidth;
      value = from[column];
      if (a.style != kNoRope && (2 * a.pairs == a.keyWidth || column < 2 * a.pairs)) {
        const bool first = a.style == kHalf ? column < a.pairs : column % 2 == 0;
        const int pair = a.style == kHalf ? (first ? column : column - a.pairs) : column / 2;
        float other = from[a.style == kHalf ? (first ? column + a.pairs : column - a.pairs) : column ^ 1];
        float sine, cosine;
        sinCos(static_cast<float>(a.positions[row]) * a.frequencies[pair], sine, cosine);
        float x = first ? value : other, y = first ? other : value;
        rotatePair(x, y, sine, cosine);
        value = first ? x : y;
      }
    }
    queries.q[n * slots + i] = value * a.querySign();
  }
}

YOCO_DEVICE void clearExact(const Attention &a, ExactQueries &queries, int count) {
  const int slots = shapes::divideUp(a.valueWidth, 32);
#pragma unroll
  for (int n = 0; n < count; ++n) {
    queries.largest[n] = kMinusInfinity;
    queries.totals[n] = 0.0f;
#pragma unroll
    for (int i = 0; i < slots; ++i)
      queries.sums[n * slots + i] = 0.0f;
  }
}

/// Column `column` of a row of the plane.
YOCO_DEVICE float exactElement(const Plane &plane, int position, int column) {
  if (plane.ring > 0 && position >= plane.firstPosition)
    return loadElement(plane.fresh, plane.freshKind,
                       static_cast<int64_t>(position - plane.firstPosition) * plane.freshStride + column);
  return static_cast<const float *>(plane.cache)[placeOf(plane, position) * plane.stride + column];
}

/// Adds positions `first` and the next few to `count` queries. Reads positions in `low` .. `high` only.
YOCO_DEVICE void addExact(const Attention &a, ExactQueries &queries, int count, const Plane &keys, const Plane &values,
                          int first, int low, int high) {
  constexpr int kPositions = shapes::kExactPositions;
  const int keySlots = shapes::divideUp(a.keyWidth, 32), valueSlots = shapes::divideUp(a.valueWidth, 32);
  const int lane = static_cast<int>(laneIndex());
  const float scale = a.logitScale();
  int positions[kPositions];
  float logits[4][kPositions];
#pragma unroll
  for (int p = 0; p < kPositions; ++p) {
    positions[p] = shapes::most(low, shapes::least(first + p, high));
#pragma unroll
    for (int n = 0; n < count; ++n)
      logits[n][p] = 0.0f;
#pragma unroll
    for (int i = 0; i < keySlots; ++i) {
      const int column = lane + 32 * i;
      const float key = column < a.keyWidth ? exactElement(keys, positions[p], column) : 0.0f;
#pragma unroll
      for (int n = 0; n < count; ++n)
        logits[n][p] = fma(queries.q[n * keySlots + i], key, logits[n][p]);
    }
  }
#pragma unroll
  for (int n = 0; n < count; ++n) {
    float most = queries.largest[n];
#pragma unroll
    for (int p = 0; p < kPositions; ++p) {
      const float logit = warpSum(logits[n][p]);
      logits[n][p] = first + p >= queries.low[n] && first + p <= queries.high[n] ? logit : kMinusInfinity;
      most = maximum(most, logits[n][p]);
    }
    const float base = most == kMinusInfinity ? 0.0f : most;
    const float rescale = exp2Approx((queries.largest[n] - base) * scale);
    queries.largest[n] = most;
    queries.totals[n] *= rescale;
#pragma unroll
    for (int p = 0; p < kPositions; ++p) {
      logits[n][p] = exp2Approx((logits[n][p] - base) * scale);
      queries.totals[n] += logits[n][p];
    }
#pragma unroll
    for (int i = 0; i < valueSlots; ++i)
      queries.sums[n * valueSlots + i] *= rescale;
  }
#pragma unroll
  for (int p = 0; p < kPositions; ++p)
#pragma unroll
    for (int i = 0; i < valueSlots; ++i) {
      const int column = lane + 32 * i;
      const float value = column < a.valueWidth ? exactElement(values, positions[p], column) : 0.0f;
#pragma unroll
      for (int n = 0; n < count; ++n)
        queries.sums[n * valueSlots + i] = fma(logits[n][p], value, queries.sums[n * valueSlots + i]);
    }
}

YOCO_DEVICE void rowsExact(const Attention &a, void *out, int outKind, int outStride) {
  const int group = a.group(), count = shapes::exactQueries(a.keyWidth, a.valueWidth);
  const int rows = nvptx::attentionTileRows(false, a.heads, a.kvHeads, a.keyWidth, a.valueWidth), all = rows * group;
  const int64_t tiles = (a.rows + rows - 1) / rows, tile = a.tile / static_cast<uint32_t>(a.kvHeads);
  const int kvHead = static_cast<int>(a.tile % static_cast<uint32_t>(a.kvHeads));
  if (tile >= tiles)
    return;
  const int firstRow = static_cast<int>(tiles - 1 - tile) * rows, segments = static_cast<int>(a.segments);
  const int valueSlots = shapes::divideUp(a.valueWidth, 32);
#pragma unroll 1
  for (int m = static_cast<int>(warpIndex()) * count; m < all; m += shapes::kExactWarps * count) {
    const int begin = firstRow + m / group;
    const int end = shapes::least(firstRow + (shapes::least(m + count, all) - 1) / group + 1, static_cast<int>(a.rows));
    if (begin >= end)
      break;
    ExactQueries queries;
    int row[4], head[4];
#pragma unroll
    for (int n = 0; n < count; ++n) {
      row[n] = m + n < all ? firstRow + (m + n) / group : end;
      head[n] = kvHead * group + (m + n) % group;
      loadExactQuery(a, queries, n, row[n] < end, row[n], head[n]);
    }
#pragma unroll 1
    for (int s = nextSegment(a.table, segments, -1, begin, end); s < segments;
         s = nextSegment(a.table, segments, s, begin, end)) {
      const Segment segment = a.table[s];
      int low = 0x7fffffff, high = -1;
#pragma unroll
      for (int n = 0; n < count; ++n) {
        const bool inside = row[n] < end && row[n] >= segment.rowBegin && row[n] < segment.rowBegin + segment.rowCount;
        queries.high[n] = inside ? segment.firstPosition + row[n] - segment.rowBegin : -1;
        queries.low[n] = inside ? a.firstVisible(queries.high[n]) : 0x7fffffff;
        low = shapes::least(low, queries.low[n]);
        high = shapes::most(high, queries.high[n]);
      }
      clearExact(a, queries, count);
      const Plane keys = keyPlane(a, kF32, segment, kvHead);
      const Plane values = valuePlane(a, kF32, segment, kvHead, 0, a.valueWidth);
      // From a multiple on, so that a row's result does not depend on the rows that the warp has besides.
#pragma unroll 1
      for (int first = low / shapes::kExactPositions * shapes::kExactPositions; first <= high;
           first += shapes::kExactPositions)
        addExact(a, queries, count, keys, values, first, low, high);
#pragma unroll
      for (int n = 0; n < count; ++n) {
        if (queries.high[n] < 0)
          continue;
        const float share = reciprocalApprox(queries.totals[n]);
#pragma unroll
        for (int i = 0; i < valueSlots; ++i) {
          const int column = static_cast<int>(laneIndex()) + 32 * i;
          if (column < a.valueWidth)
            storeElement(out, outKind, static_cast<int64_t>(row[n]) * outStride + head[n] * a.valueWidth + column,
                         queries.sums[n * valueSlots + i] * share);
        }
      }
    }
  }
}

YOCO_DEVICE void splitExact(const Attention &a, const SplitWork &work, int splits, float *partial, int partialStride) {
  const int group = a.group(), count = shapes::exactQueries(a.keyWidth, a.valueWidth);
  const int batches = shapes::divideUp(group, count), parts = shapes::exactParts(group, a.keyWidth, a.valueWidth);
  const int valueSlots = shapes::divideUp(a.valueWidth, 32), lane = static_cast<int>(laneIndex());
  constexpr int kPositions = shapes::kExactPositions, kSpan = nvptx::kSplitSpan;
  const Plane keys = keyPlane(a, kF32, work.segment, work.kvHead);
  const Plane values = valuePlane(a, kF32, work.segment, work.kvHead, 0, a.valueWidth);
  float *results = reinterpret_cast<float *>(sharedMemory());
  float *statistics = results + parts * batches * count * a.valueWidth;
#pragma unroll 1
  for (int unit = static_cast<int>(warpIndex()); unit < batches * parts; unit += shapes::kExactWarps) {
    const int batch = unit / parts, part = unit % parts;
    ExactQueries queries;
#pragma unroll
    for (int n = 0; n < count; ++n) {
      const bool exists = batch * count + n < group;
      loadExactQuery(a, queries, n, exists, work.row, work.kvHead * group + batch * count + n);
      queries.low[n] = work.low;
      queries.high[n] = work.position;
    }
    clearExact(a, queries, count);
#pragma unroll 1
    for (int i = 0; i < work.spans; ++i) {
      const int span = (work.firstSpan + i * splits) * kSpan;
#pragma unroll 1
      for (int first = span + part * kPositions; first < span + kSpan; first += parts * kPositions)
        if (first <= work.position && first + kPositions > work.low)
          addExact(a, queries, count, keys, values, first, work.low, work.position);
    }
#pragma unroll
    for (int n = 0; n < count; ++n) {
      const int index = (part * batches + batch) * count + n;
      if (lane == 0) {
        statistics[index * 2] = queries.largest[n];
        statistics[index * 2 + 1] = queries.totals[n];
      }
#pragma unroll
      for (int i = 0; i < valueSlots; ++i)
        if (lane + 32 * i < a.valueWidth)
          results[index * a.valueWidth + lane + 32 * i] = queries.sums[n * valueSlots + i];
    }
  }
  syncBlock();
  mergeWarps(a, work, splits, results, a.valueWidth, statistics, parts, batches * count, 32 * shapes::kExactWarps,
             partial, partialStride);
}

} // namespace yoco::device

#endif // YOCO_KERNELS_NVPTX_ATTENTIONEXACT_H
