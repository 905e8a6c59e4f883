// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels whose rows have nothing to do with each other. All are bound by memory: 16 bytes at a time where a row is
// aligned, neighbouring lanes on neighbouring elements where it is not.

#include "kernels/nvptx/LaunchShapes.h"
#include "kernels/nvptx/Math.h"
#include "kernels/nvptx/MicroKernels.h"

namespace yoco::device {
namespace {

/// The mean of squares of `width` elements from `in` on, over the lanes of a warp or the threads of a block.
YOCO_DEVICE float sumOfSquares(const void *in, int kind, int width, int first, int step, bool aligned) {
  float sum = 0.0f;
  for (int column = first * 8; column < width; column += step * 8) {
    const int valid = width - column;
    const Eight x = loadEight(in, kind, column, valid, aligned);
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      const float value = i < valid ? elementOf(x, kind, i) : 0.0f;
      sum = fma(value, value, sum);
    }
  }
  return sum;
}

/// A row of the segment table that owns `row`; null when none does. All lanes of a warp together.
YOCO_DEVICE const Segment *findSegment(int64_t row, int64_t segments, const Segment *table) {
  uint32_t found = 0; // 1 + its index
  for (int64_t i = laneIndex(); i < segments; i += 32) {
    const Segment segment = table[i];
    if (segment.slot >= 0 && row >= segment.rowBegin && row - segment.rowBegin < segment.rowCount)
      found = static_cast<uint32_t>(i) + 1;
  }
#pragma unroll
  for (uint32_t mask = 16; mask > 0; mask >>= 1) {
    const uint32_t other = shuffleXor(found, mask);
    found = found > other ? found : other;
  }
  return found ? table + (found - 1) : nullptr;
}

/// Calls body(head, pair, sine, cosine) for this thread's share of the pairs of `heads` heads. Where the pairs of a
/// head divide the threads, a thread has one pair of some heads, and computes its sine and cosine once.
template <typename Body>
YOCO_DEVICE void forEachPair(int threads, int32_t position, const float *frequencies, int style, int pairs, int heads,
                             int half, Body body) {
  const int thread = static_cast<int>(threadIndex());
  float sine = 0.0f, cosine = 1.0f;
  auto turn = [&](int i) __attribute__((always_inline)) {
    const ElementPair pair = pairOf(style, pairs, half, i);
    if (pair.turns)
      sinCos(static_cast<float>(position) * frequencies[i], sine, cosine);
    return pair;
  };
  if (threads % half == 0) {
    const ElementPair pair = turn(thread % half);
    for (int head = thread / half; head < heads; head += threads / half)
      body(head, pair, sine, cosine);
    return;
  }
  for (int i = thread; i < heads * half; i += threads) {
    const ElementPair pair = turn(i % half);
    body(i / half, pair, sine, cosine);
  }
}

/// Rotates a pair of a head at element `from` of `in` and stores it at element `to` of `out`.
YOCO_DEVICE void movePair(const void *in, int inKind, int64_t from, void *out, int outKind, int64_t to,
                          ElementPair pair, float sine, float cosine) {
  float a = loadElement(in, inKind, from + pair.first), b = loadElement(in, inKind, from + pair.second);
  if (pair.turns)
    rotatePair(a, b, sine, cosine);
  storeElement(out, outKind, to + pair.first, a);
  storeElement(out, outKind, to + pair.second, b);
}

} // namespace

YOCO_MICRO_KERNEL YOCO_DEFINE_MICRO_KERNEL(positions) {
  const Segment segment = table[tile];
  if (segment.slot < 0)
    return;
  for (int i = static_cast<int>(threadIndex()); i < segment.rowCount; i += nvptx::positionsShape().threads)
    out[segment.rowBegin + i] = segment.firstPosition + i;
}

/// The segment of all rows that has the rows of `some`: `from`, or the first after it with the same slot. A slot with
/// rows is in the table of all rows, once.
YOCO_DEVICE const Segment *getWhole(const Segment &some, const Segment *from, bool bySlot) {
  while (bySlot && from->slot != some.slot)
    ++from;
  return from;
}

YOCO_MICRO_KERNEL YOCO_DEFINE_MICRO_KERNEL(narrow) {
  const int64_t row = tile;
  const Segment *found = findSegment(row, segments, table);
  if (!found)
    return;
  const Segment all = *getWhole(*found, from + (eachRow ? 0 : found - table), eachRow);
  const int64_t source = row - found->rowBegin + all.rowBegin + (found->firstPosition - all.firstPosition);
  const void *read = elementAddress(in, inKind, source * inStride);
  void *write = elementAddress(out, outKind, row * outStride);
  const bool readAligned = isAligned16(read), writeAligned = isAligned16(write);
  const int threads = nvptx::narrowShape(columns).threads;
  for (int column = static_cast<int>(threadIndex()) * 8; column < columns; column += threads * 8) {
    const int valid = columns - column;
    const Eight x = loadEight(read, inKind, column, valid, readAligned);
    if (inKind == outKind) {
      copyEight(write, outKind, column, x, valid, writeAligned);
      continue;
    }
    float values[8];
#pragma unroll
    for (int i = 0; i < 8; ++i)
      values[i] = elementOf(x, inKind, i);
    storeEight(write, outKind, column, values, valid, writeAligned);
  }
}

YOCO_MICRO_KERNEL YOCO_DEFINE_MICRO_KERNEL(embed) {
  const int64_t row = tile;
  const int id = ids[row];
  const bool exists = id >= 0 && id < tableRows;
  const void *from = elementAddress(table, tableKind, exists ? static_cast<int64_t>(id) * tableStride : 0);
  void *to = elementAddress(out, outKind, row * outStride);
  const bool aligned = isAligned16(to);
  const int threads = nvptx::embedShape(columns).threads;
  for (int column = static_cast<int>(threadIndex()) * 8; column < columns; column += threads * 8) {
    const Eight x = loadEight(from, tableKind, column, exists ? columns - column : 0, true);
    float values[8];
#pragma unroll
    for (int i = 0; i < 8; ++i)
      values[i] = exists ? elementOf(x, tableKind, i) * scale : 0.0f;
    storeEight(to, outKind, column, values, columns - column, aligned);
  }
}

YOCO_MICRO_KERNEL YOCO_DEFINE_MICRO_KERNEL(norm) {
  const nvptx::LaunchShape shape = nvptx::normShape(groups, width);
  const bool byWarps = nvptx::normByWarps(groups, width);
  const int warps = shape.threads / 32;
  const uint32_t block = static_cast<uint32_t>(tile);
  const int64_t row = block / shape.multiplier;
  int group = static_cast<int>(block) % shape.multiplier;
  if (byWarps)
    group = group * warps + static_cast<int>(warpIndex());
  if (group >= groups)
    return; // whole warps, and no barrier follows
  const int first = static_cast<int>(byWarps ? laneIndex() : threadIndex()), step = byWarps ? 32 : shape.threads;

  const void *from = elementAddress(in, inKind, row * inStride + group * width);
  void *to = elementAddress(out, outKind, row * outStride + group * width);
  const float *gate = hasSwish ? swish + row * swishStride + group * width : nullptr;
  const bool fromAligned = isAligned16(from), toAligned = isAligned16(to), gateAligned = isAligned16(gate);

  float square = sumOfSquares(from, inKind, width, first, step, fromAligned);
  square = byWarps ? warpSum(square) : blockSum(square, reinterpret_cast<float *>(sharedMemory()), warps);
  const float scale = rsqrtApprox(square / static_cast<float>(width) + eps);
  for (int column = first * 8; column < width; column += step * 8) {
    const int valid = width - column;
    const Eight x = loadEight(from, inKind, column, valid, fromAligned);
    Eight weights = {}, gates = {};
    if (hasWeight)
      weights = loadEight(weight, weightKind, column, valid, true);
    if (hasSwish)
      gates = loadEight(gate, kF32, column, valid, gateAligned);
    float values[8];
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      values[i] = elementOf(x, inKind, i) * scale;
      if (hasWeight)
        values[i] *= elementOf(weights, weightKind, i);
      if (hasSwish)
        values[i] *= silu(elementOf(gates, kF32, i));
    }
    storeEight(to, outKind, column, values, valid, toAligned);
  }
}

YOCO_MICRO_KERNEL YOCO_DEFINE_MICRO_KERNEL(rope) {
  const int64_t row = tile;
  const int half = width / 2;
  forEachPair(
      nvptx::ropeShape(heads, width).threads, positions[row], frequencies, style, pairs, heads,
      half, [&](int head, ElementPair pair, float sine, float cosine) __attribute__((always_inline)) {
        movePair(in, kF32, row * inStride + head * width, out, outKind, row * outStride + head * width, pair, sine,
                 cosine);
      });
}

YOCO_MICRO_KERNEL YOCO_DEFINE_MICRO_KERNEL(cache_write) {
  const int64_t row = tile;
  const int threads = nvptx::cacheWriteShape(heads, keyWidth, valueWidth).threads;
  const Segment *found = findSegment(row, segments, table);
  if (!found)
    return;
  const Segment segment = *found;
  const int index = static_cast<int>(row) - segment.rowBegin;
  if (window > 0 && segment.rowCount - index > window)
    return; // a later row of the segment has this place
  const int32_t position = segment.firstPosition + index;
  const int64_t place = window > 0 ? position % window : position;
  const int64_t keyRow = heads * static_cast<int64_t>(keyWidth), valueRow = heads * static_cast<int64_t>(valueWidth);
  const int64_t firstKey = segment.slot * (window > 0 ? keyCacheSlotStride : seq * keyRow) + place * keyRow;
  const int64_t firstValue = segment.slot * (window > 0 ? valueCacheSlotStride : seq * valueRow) + place * valueRow;

  const int half = keyWidth / 2;
  if (half > 0)
    forEachPair(
        threads, position, frequencies, style, pairs, heads,
        half, [&](int head, ElementPair pair, float sine, float cosine) __attribute__((always_inline)) {
          movePair(keys, keysKind, row * keysStride + head * keyWidth, keyCache, cacheKind, firstKey + head * keyWidth,
                   pair, sine, cosine);
        });

  const void *from = elementAddress(values, valuesKind, row * valuesStride);
  void *to = elementAddress(valueCache, cacheKind, firstValue);
  const bool aligned = isAligned16(from);
  const int columns = heads * valueWidth;
  for (int column = static_cast<int>(threadIndex()) * 8; column < columns; column += threads * 8) {
    const Eight x = loadEight(from, valuesKind, column, columns - column, aligned);
    float eight[8];
#pragma unroll
    for (int i = 0; i < 8; ++i)
      eight[i] = elementOf(x, valuesKind, i);
    storeEight(to, cacheKind, column, eight, columns - column, isAligned16(to));
  }
}

} // namespace yoco::device
