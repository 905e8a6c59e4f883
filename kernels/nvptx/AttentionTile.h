// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the attention kernels share: their arguments, which segments and positions a block has to do with, and tiles of
// queries, keys and values in shared memory.

#ifndef YOCO_KERNELS_NVPTX_ATTENTIONTILE_H
#define YOCO_KERNELS_NVPTX_ATTENTIONTILE_H

#include "kernels/nvptx/LaunchShapes.h"
#include "kernels/nvptx/Math.h"
#include "kernels/nvptx/MicroKernels.h"

namespace yoco::device {

namespace shapes = yoco::nvptx::attention;

constexpr float kMinusInfinity = -__builtin_inff();

/// The tile and the arguments of yoco_attention_rows and yoco_attention_split.
struct Attention {
  uint32_t tile;
  int64_t rows, segments, seq;
  const float *q;
  int qStride;
  const int32_t *positions;
  const Segment *table;
  const void *keyCache, *valueCache;
  int ring;
  int64_t keySlotStride, valueSlotStride; // of rings
  const void *freshKeys;
  int freshKeyKind, freshKeyStride;
  const void *freshValues;
  int freshValueKind, freshValueStride;
  const float *frequencies;
  int style, pairs, window;
  float scale;
  int heads, kvHeads, keyWidth, valueWidth;

  YOCO_DEVICE int group() const { return heads / kvHeads; }

  /// A query times keys is a logit times `logitScale()`, in base 2, when queries are multiplied by `querySign()`
  /// before: the scale is positive then, so that maxima may be taken of unscaled logits and a masked one stays
  /// -infinity.
  YOCO_DEVICE float logitScale() const { return scale == 0.0f ? 1.0f : (scale < 0.0f ? -scale : scale) * kLog2E; }
  YOCO_DEVICE float querySign() const { return scale == 0.0f ? 0.0f : scale < 0.0f ? -1.0f : 1.0f; }

  /// The first position that a row at `position` sees. A ring has no positions from before its last `ring`.
  YOCO_DEVICE int firstVisible(int position) const {
    const int reach = ring > 0 && (window == 0 || window > ring) ? ring : window;
    return reach > 0 && position >= reach ? position - reach + 1 : 0;
  }
};

/// 0 for 0 <= `number` < 2^30; for the optimiser it may have any bits. What contains it (by ^, since sums are put in
/// another order) is computed where it is used: otherwise the addresses of every ldmatrix, of every copy and of every
/// store are taken out of the loop and fill the registers.
YOCO_DEVICE int hiddenZero(int number) { return static_cast<int>(static_cast<uint32_t>(number) << 1) >> 31; }

// Positions ----------------------------------------------------------------------------------------------------------

/// The keys or the values of one kv head in one segment's slot, some columns of them.
struct Plane {
  const void *cache; // position 0, or the first place of the ring
  int64_t stride;    // elements from one position to the next
  const void *fresh; // the segment's first row of this step
  int freshKind, freshStride;
  int width; // columns; zeros after them
  int ring, firstPosition;
};

YOCO_DEVICE Plane keyPlane(const Attention &a, int cacheKind, const Segment &segment, int kvHead) {
  const int64_t stride = static_cast<int64_t>(a.kvHeads) * a.keyWidth;
  const int64_t slotStride = a.ring > 0 ? a.keySlotStride : a.seq * stride;
  const int64_t offset = kvHead * a.keyWidth, row = segment.rowBegin;
  return {elementAddress(a.keyCache, cacheKind, segment.slot * slotStride + offset),
          stride,
          elementAddress(a.freshKeys, a.freshKeyKind, row * a.freshKeyStride + offset),
          a.freshKeyKind,
          a.freshKeyStride,
          a.keyWidth,
          a.ring,
          segment.firstPosition};
}

/// Columns `column` .. `column` + `width` of the values.
YOCO_DEVICE Plane valuePlane(const Attention &a, int cacheKind, const Segment &segment, int kvHead, int column,
                             int width) {
  const int64_t stride = static_cast<int64_t>(a.kvHeads) * a.valueWidth;
  const int64_t slotStride = a.ring > 0 ? a.valueSlotStride : a.seq * stride;
  const int64_t offset = kvHead * a.valueWidth + column, row = segment.rowBegin;
  return {elementAddress(a.valueCache, cacheKind, segment.slot * slotStride + offset),
          stride,
          elementAddress(a.freshValues, a.freshValueKind, row * a.freshValueStride + offset),
          a.freshValueKind,
          a.freshValueStride,
          width,
          a.ring,
          segment.firstPosition};
}

/// Index of the cache's row of `position`, which is not a fresh one.
YOCO_DEVICE int64_t placeOf(const Plane &plane, int position) {
  return plane.ring > 0 ? static_cast<uint32_t>(position) % static_cast<uint32_t>(plane.ring)
                        : static_cast<uint32_t>(position);
}

/// The first segment after number `after` that has a slot and rows in `begin` .. `end`; `segments` when there is none.
/// The same in all lanes.
YOCO_DEVICE int nextSegment(const Segment *table, int segments, int after, int begin, int end) {
  uint32_t found = static_cast<uint32_t>(segments);
  const int lane = static_cast<int>(laneIndex()) ^ hiddenZero(after + 1);
#pragma unroll 1
  for (int i = after + 1 + lane; i < segments; i += 32) {
    const Segment segment = table[i];
    if (segment.slot >= 0 && segment.rowCount > 0 && segment.rowBegin < end &&
        segment.rowBegin + segment.rowCount > begin) {
      found = static_cast<uint32_t>(i);
      break;
    }
  }
#pragma unroll
  for (uint32_t mask = 16; mask > 0; mask >>= 1) {
    const uint32_t other = shuffleXor(found, mask);
    found = other < found ? other : found;
  }
  return static_cast<int>(found);
}

// Tiles in shared memory ---------------------------------------------------------------------------------------------

/// Eight f32 as bf16.
YOCO_DEVICE Vec4 roundEight(const Vec4 &low, const Vec4 &high) {
  Vec4 rounded;
  rounded.x = packBf16(elementOf(low, kF32, 0), elementOf(low, kF32, 1));
  rounded.y = packBf16(elementOf(low, kF32, 2), elementOf(low, kF32, 3));
  rounded.z = packBf16(elementOf(high, kF32, 0), elementOf(high, kF32, 1));
  rounded.w = packBf16(elementOf(high, kF32, 2), elementOf(high, kF32, 3));
  return rounded;
}

/// Eight elements of any kind and alignment as bf16.
YOCO_DEVICE Vec4 loadEight(const void *from, int kind) {
  uint32_t words[4];
#pragma unroll
  for (int i = 0; i < 4; ++i)
    words[i] = packBf16(loadElement(from, kind, 2 * i), loadElement(from, kind, 2 * i + 1));
  return {words[0], words[1], words[2], words[3]};
}

/// Starts to copy `count` rows that lie `stride` elements apart, of positions `first` and up, into a tile: `pieces`
/// 16-byte pieces of each row. Zeros for positions outside `low` .. `high` and for columns from `width` on.
YOCO_DEVICE void copyRows(const Bf16 *from, int64_t stride, int first, int count, int low, int high, int width,
                          Bf16 *tile, int pitch, int pieces, int thread, int threads) {
  const int total = count * pieces, rounds = shapes::divideUp(total, threads);
  // A thread's copies differ by constants when it has the same piece of some rows, or some pieces of every row.
  const bool samePiece = threads % pieces == 0, regular = samePiece || pieces % threads == 0;
  const int rowStep = samePiece ? threads / pieces : 0, piecesOfRow = samePiece || !regular ? 1 : pieces / threads;
  const uint32_t divided = static_cast<uint32_t>(thread), divisor = static_cast<uint32_t>(pieces);
  const int threadRow = samePiece ? static_cast<int>(divided / divisor) : 0;
  const int threadPiece = samePiece ? static_cast<int>(divided % divisor) : regular ? thread : 0;
  const Bf16 *threadFrom = from + (threadRow * stride + threadPiece * 8);
  Bf16 *threadTo = tile + (threadRow * pitch + threadPiece * 8);
#pragma unroll
  for (int i = 0; i < rounds; ++i) {
    int row = samePiece ? i * rowStep : i / piecesOfRow, piece = samePiece ? 0 : i % piecesOfRow * threads;
    if (!regular) {
      row = static_cast<int>((divided + static_cast<uint32_t>(i * threads)) / divisor);
      piece = static_cast<int>((divided + static_cast<uint32_t>(i * threads)) % divisor);
    }
    if (total % threads != 0 && threadRow + row >= count)
      continue;
    const int position = first + threadRow + row;
    const bool valid = position >= low && position <= high && (threadPiece + piece) * 8 < width;
    copyAsync16(threadTo + (row * pitch + piece * 8), threadFrom + (row * stride + piece * 8), valid);
  }
}

/// Copies rows of f32 like copyRows, rounded. `from` is the row of position `safe`, which is read in the place of
/// positions outside `low` .. `high`: loads without conditions are under way together.
YOCO_DEVICE void roundRows(const float *from, int64_t stride, int first, int count, int low, int high, int safe,
                           int width, Bf16 *tile, int pitch, int pieces, int thread, int threads) {
  constexpr int kTogether = 4;
#pragma unroll 1
  for (int i = thread; i < count * pieces; i += threads * kTogether) {
    Vec4 values[kTogether][2];
    int row[kTogether], column[kTogether];
#pragma unroll
    for (int j = 0; j < kTogether; ++j) {
      const uint32_t index = static_cast<uint32_t>(i + j * threads), divisor = static_cast<uint32_t>(pieces);
      row[j] = static_cast<int>(index / divisor);
      column[j] = static_cast<int>(index % divisor) * 8;
      const bool valid = first + row[j] >= low && first + row[j] <= high && column[j] < width;
      const float *at = from + (valid ? first + row[j] - safe : 0) * stride + (valid ? column[j] : 0);
      values[j][0] = load16(at);
      values[j][1] = load16(at + 4);
    }
#pragma unroll
    for (int j = 0; j < kTogether; ++j) {
      const bool valid = first + row[j] >= low && first + row[j] <= high && column[j] < width;
      const Vec4 rounded = roundEight(values[j][0], values[j][1]);
      if (row[j] < count)
        store16(tile + row[j] * pitch + column[j],
                {valid ? rounded.x : 0, valid ? rounded.y : 0, valid ? rounded.z : 0, valid ? rounded.w : 0});
    }
  }
}

/// Which tiles loadPositions is to load: those of which all bytes are copied as they are, with asynchronous copies
/// alone, or the rest, which takes registers and time.
enum class Tiles { all, asynchronous, rest };

/// Starts to copy the bf16 rows of positions `first` (a multiple of `count`) .. `first` + `count` into a tile of
/// `width` columns (and zeros up to a multiple of 16), zeros for positions outside `low` .. `high`. Called by `threads`
/// threads together, which see the tile after they have waited for their copies and met.
YOCO_DEVICE void loadPositions(const Plane &plane, Tiles which, int first, int count, int low, int high, Bf16 *tile,
                               int width, int thread, int threads) {
  const int pitch = shapes::pitch(width), pieces = shapes::roundUp(width, 16) / 8;
  const Bf16 *cache = static_cast<const Bf16 *>(plane.cache);
  const bool allOld = plane.ring == 0 || first + count <= plane.firstPosition || high < plane.firstPosition;
  if (plane.ring == 0 || (plane.ring % count == 0 && allOld)) {
    if (which != Tiles::rest)
      copyRows(cache + placeOf(plane, first) * plane.stride, plane.stride, first, count, low, high, plane.width, tile,
               pitch, pieces, thread, threads);
    return;
  }
  const bool aligned = isAligned16(plane.fresh) && plane.freshStride % (plane.freshKind == kF32 ? 4 : 8) == 0;
  const bool allFresh = first >= plane.firstPosition || low >= plane.firstPosition;
  if (plane.freshKind == kBf16 && aligned && allFresh) {
    if (which != Tiles::rest)
      copyRows(static_cast<const Bf16 *>(plane.fresh) +
                   static_cast<int64_t>(first - plane.firstPosition) * plane.freshStride,
               plane.freshStride, first, count, low, high, plane.width, tile, pitch, pieces, thread, threads);
    return;
  }
  if (which == Tiles::asynchronous)
    return;
  if (plane.freshKind == kF32 && aligned && allFresh) {
    roundRows(static_cast<const float *>(plane.fresh), plane.freshStride, first, count, low, high, plane.firstPosition,
              plane.width, tile, pitch, pieces, thread, threads);
    return;
  }
  // Old and fresh rows, a ring that ends inside the tile, or rows that start anywhere: piece by piece.
#pragma unroll 1
  for (int i = thread; i < count * pieces; i += threads) {
    const uint32_t index = static_cast<uint32_t>(i), divisor = static_cast<uint32_t>(pieces);
    const int row = static_cast<int>(index / divisor), column = static_cast<int>(index % divisor) * 8,
              position = first + row;
    const bool valid = position >= low && position <= high && column < plane.width;
    Bf16 *to = tile + row * pitch + column;
    if (valid && position >= plane.firstPosition) {
      const int64_t at = static_cast<int64_t>(position - plane.firstPosition) * plane.freshStride + column;
      store16(to, loadEight(elementAddress(plane.fresh, plane.freshKind, at), plane.freshKind));
    } else {
      copyAsync16(to, cache + placeOf(plane, position) * plane.stride + column, valid);
    }
  }
}

/// Queries of `rows` rows from `firstRow` on, all heads of kv head `kvHead`, rotated and rounded to bf16: query i is
/// head i % group of row i / group. Zeros up to `queries` rows and `columns` columns; anything for rows after the
/// step's.
YOCO_DEVICE void loadQueries(const Attention &a, int64_t firstRow, int rows, int kvHead, Bf16 *tile, int pitch,
                             int queries, int columns, int threads) {
  const int group = a.group(), half = a.keyWidth / 2, total = rows * group * half;
  const float sign = a.querySign();
  // Four pairs at a time, so that their loads are under way together.
  constexpr int kTogether = 4;
#pragma unroll 1
  for (int i = static_cast<int>(threadIndex()); i < total; i += threads * kTogether) {
    int query[kTogether], low[kTogether], high[kTogether];
    float x[kTogether], y[kTogether], angle[kTogether];
    bool turns[kTogether];
#pragma unroll
    for (int j = 0; j < kTogether; ++j) {
      const uint32_t index = static_cast<uint32_t>(shapes::least(i + j * threads, total - 1));
      query[j] = static_cast<int>(index / static_cast<uint32_t>(half));
      const int number = static_cast<int>(index % static_cast<uint32_t>(half));
      const ElementPair pair = pairOf(a.style, a.pairs, half, number);
      low[j] = pair.first;
      high[j] = pair.second;
      turns[j] = pair.turns;
      int64_t row = firstRow + query[j] / group;
      row = row < a.rows ? row : a.rows - 1;
      const float *from = a.q + row * a.qStride + (kvHead * group + query[j] % group) * a.keyWidth;
      x[j] = from[low[j]];
      y[j] = from[high[j]];
      if (turns[j])
        angle[j] = static_cast<float>(a.positions[row]) * a.frequencies[number];
    }
#pragma unroll
    for (int j = 0; j < kTogether; ++j) {
      if (turns[j]) {
        float sine, cosine;
        sinCos(angle[j], sine, cosine);
        rotatePair(x[j], y[j], sine, cosine);
      }
      const uint32_t packed = packBf16(x[j] * sign, y[j] * sign);
      Bf16 *to = tile + query[j] * pitch;
      if (i + j * threads >= total)
        continue;
      if (a.style == kHalf) {
        to[low[j]].bits = static_cast<uint16_t>(packed);
        to[high[j]].bits = static_cast<uint16_t>(packed >> 16);
      } else {
        *reinterpret_cast<uint32_t *>(to + low[j]) = packed;
      }
    }
  }
  const int words = columns / 2, used = rows * group;
  if (used == queries && a.keyWidth == columns)
    return;
#pragma unroll 1
  for (int i = static_cast<int>(threadIndex()); i < queries * words; i += threads) {
    const int query = static_cast<int>(static_cast<uint32_t>(i) / static_cast<uint32_t>(words));
    const int column = static_cast<int>(static_cast<uint32_t>(i) % static_cast<uint32_t>(words)) * 2;
    if (query >= used || column >= a.keyWidth)
      *reinterpret_cast<uint32_t *>(tile + query * pitch + column) = 0;
  }
}

// A row's splits -----------------------------------------------------------------------------------------------------

/// What a block of the split kernel computes.
struct SplitWork {
  int row, kvHead, split;
  Segment segment;
  int position, low;     // of the row, and the first position that it sees
  int firstSpan, spans; // spans of positions firstSpan, firstSpan + splits, ...; no spans: nothing to do
};

/// Finds out what this block computes. When it has no positions, says so in `partial`.
YOCO_DEVICE SplitWork splitWork(const Attention &a, int splits, float *partial, int partialStride) {
  constexpr int kSpan = nvptx::kSplitSpan;
  SplitWork work{};
  const uint32_t perRow = static_cast<uint32_t>(a.kvHeads * splits), rest = a.tile % perRow;
  work.row = static_cast<int>(a.tile / perRow);
  work.kvHead = static_cast<int>(rest % static_cast<uint32_t>(a.kvHeads)); // neighbours read neighbouring bytes
  work.split = static_cast<int>(rest / static_cast<uint32_t>(a.kvHeads));
  if (work.row >= a.segments || work.row >= a.rows)
    return work;
  work.segment = a.table[work.row];
  if (work.segment.slot < 0 || work.segment.rowCount <= 0)
    return work;
  work.position = work.segment.firstPosition;
  work.low = a.firstVisible(work.position);
  const int first = work.low / kSpan, last = work.position / kSpan;
  work.firstSpan = first + static_cast<int>(static_cast<uint32_t>(work.split + splits - first % splits) %
                                            static_cast<uint32_t>(splits));
  if (work.firstSpan <= last) {
    work.spans = (last - work.firstSpan) / splits + 1;
    return work;
  }
  if (warpIndex() == 0) {
    float *pairs = partial + static_cast<int64_t>(work.row) * partialStride;
    for (int head = static_cast<int>(laneIndex()); head < a.group(); head += 32) {
      float *pair = pairs + ((work.kvHead * a.group() + head) * splits + work.split) * 2;
      pair[0] = kMinusInfinity;
      pair[1] = 0.0f;
    }
  }
  return work;
}

/// Writes what a block has to say of its split: for each query the results of `parts` warps in their order. Entry
/// part * `queries` + query: `pitch` unnormalised values in `results`; the largest logit (to be scaled yet) and the sum
/// of the exponentials in `statistics`.
YOCO_DEVICE void mergeWarps(const Attention &a, const SplitWork &work, int splits, const float *results, int pitch,
                            const float *statistics, int parts, int queries, int threads, float *partial,
                            int partialStride) {
  const float scale = a.logitScale();
  float *pairs = partial + static_cast<int64_t>(work.row) * partialStride, *rows = pairs + a.heads * splits * 2;
#pragma unroll 1
  for (int i = static_cast<int>(threadIndex()); i < a.group() * a.valueWidth; i += threads) {
    const int query = static_cast<int>(static_cast<uint32_t>(i) / static_cast<uint32_t>(a.valueWidth));
    const int column = static_cast<int>(static_cast<uint32_t>(i) % static_cast<uint32_t>(a.valueWidth));
    float most = kMinusInfinity;
#pragma unroll
    for (int part = 0; part < parts; ++part)
      most = maximum(most, statistics[(part * queries + query) * 2]);
    float total = 0.0f, sum = 0.0f;
#pragma unroll
    for (int part = 0; part < parts; ++part) {
      const int index = part * queries + query;
      const float weight = exp2Approx((statistics[index * 2] - most) * scale);
      total = fma(weight, statistics[index * 2 + 1], total);
      sum = fma(weight, results[index * pitch + column], sum);
    }
    const int entry = (work.kvHead * a.group() + query) * splits + work.split;
    rows[entry * a.valueWidth + column] = sum;
    if (column == 0) {
      pairs[entry * 2] = most * scale;
      pairs[entry * 2 + 1] = total;
    }
  }
}

} // namespace yoco::device

#endif // YOCO_KERNELS_NVPTX_ATTENTIONTILE_H
