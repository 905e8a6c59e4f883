// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Log-probabilities of rows, from the logits of all columns or of a block of them at a time.

#include "kernels/nvptx/Candidates.h"
#include "kernels/nvptx/LaunchShapes.h"
#include "kernels/nvptx/Math.h"
#include "kernels/nvptx/MicroKernels.h"

namespace yoco::device {
namespace {

// Columns of partial rows (yoco.fused_logprobs), before the best.
constexpr int kLargest = 0, kSum = 1, kTargetLogit = 2, kRank = 3, kSeen = 4, kPartialHead = 5;
constexpr int kHead = 3; // of whole rows: log of the sum, the target's logit, its rank

YOCO_DEVICE float infinity() { return __builtin_bit_cast(float, 0x7f800000u); }
YOCO_DEVICE float notANumber() { return __builtin_bit_cast(float, 0x7fc00000u); }
YOCO_DEVICE int32_t loadInteger(const float *from) { return *reinterpret_cast<const int32_t *>(from); }
YOCO_DEVICE void storeInteger(float *to, int32_t value) { *reinterpret_cast<int32_t *>(to) = value; }

/// Calls body(column, logit) for this thread's columns: eight of each `threads * 8`.
template <typename Body>
YOCO_DEVICE void forOwnColumns(const float *row, int columns, int threads, Body body) {
  const bool aligned = isAligned16(row);
  for (int first = static_cast<int>(threadIndex()) * 8; first < columns; first += threads * 8) {
    const Eight x = loadEight(row, kF32, first, columns - first, aligned);
#pragma unroll
    for (int i = 0; i < 8; ++i)
      if (first + i < columns)
        body(first + i, elementOf(x, kF32, i));
  }
}

/// The first of this thread's columns that comes after `last`; key 0: there is none.
YOCO_DEVICE Candidate nextOwn(const float *row, int columns, int threads, Candidate last) {
  Candidate next = {0, 0xffffffffu};
  forOwnColumns(row, columns, threads, [&](int column, float logit) __attribute__((always_inline)) {
    const Candidate one = {keyOf(logit), static_cast<uint32_t>(column)};
    if (one.key < last.key || (one.key == last.key && one.column > last.column))
      next = betterOf(next, one);
  });
  return next;
}

/// The best of all threads of the block, in every thread. `scratch` is free again afterwards.
YOCO_DEVICE Candidate bestOfBlock(Candidate best, Candidate *scratch, int warps) {
  best = bestOfWarp(best);
  if (laneIndex() == 0)
    scratch[warpIndex()] = best;
  syncBlock();
  const int lane = static_cast<int>(laneIndex());
  best = bestOfWarp(lane < warps ? scratch[lane] : Candidate{0, 0xffffffffu});
  syncBlock();
  return best;
}

YOCO_DEVICE float blockMax(float value, float *scratch, int warps) {
  value = warpMax(value);
  if (laneIndex() == 0)
    scratch[warpIndex()] = value;
  syncBlock();
  for (int i = 0; i < warps; ++i)
    value = maximum(value, scratch[i]);
  syncBlock();
  return value;
}

/// log(x) of a number of at least 1.
YOCO_DEVICE float logarithm(float x) {
  const uint32_t bits = __builtin_bit_cast(uint32_t, x);
  const float power = static_cast<float>(static_cast<int32_t>(bits >> 23) - 127);
  const float fraction = __builtin_bit_cast(float, (bits & 0x7fffffu) | 0x3f800000u);
  return fma(power, 0.69314718055994530942f, log1pOfUnit(fraction - 1.0f));
}

/// Two lists in order become one: `best` columns of earlier blocks (`past`, null without any), and those of this row,
/// whose columns count from `base`. Returns the place of column `id`, or -1. All threads together.
YOCO_DEVICE int mergeBest(const float *past, const float *row, int columns, int base, int best, int32_t id, float *to,
                          int threads) {
  Candidate *scratch = reinterpret_cast<Candidate *>(sharedMemory());
  const uint32_t thread = threadIndex();
  Candidate own = nextOwn(row, columns, threads, {0xffffffffu, 0});
  Candidate top = bestOfBlock(own, scratch, threads / 32);
  int found = -1;
  for (int i = 0, taken = 0; i < best; ++i) {
    int32_t column = past ? loadInteger(past + taken) : -1;
    float logit = column >= 0 ? past[best + taken] : -infinity();
    // Of equals, those of earlier blocks come first.
    if (column >= 0 && keyOf(logit) >= top.key) {
      ++taken;
    } else if (top.key != 0) {
      column = base + static_cast<int32_t>(top.column);
      logit = row[top.column];
      if (top.column / 8 % static_cast<uint32_t>(threads) == thread)
        own = nextOwn(row, columns, threads, top);
      if (i + 1 < best)
        top = bestOfBlock(own, scratch, threads / 32);
    }
    if (column >= 0 && column == id)
      found = i;
    if (thread == 0) {
      storeInteger(to + i, column);
      to[best + i] = logit;
    }
  }
  return found;
}

} // namespace

YOCO_MICRO_KERNEL YOCO_DEFINE_MICRO_KERNEL(target_logits) {
  const nvptx::LaunchShape shape = nvptx::targetLogitsShape(columns);
  const int id = targets[tile];
  const bool exists = id >= 0 && id < weightRows;
  const void *row = elementAddress(x, xKind, tile * xStride);
  const void *matrixRow = elementAddress(weight, weightKind, exists ? static_cast<int64_t>(id) * weightStride : 0);
  const bool aligned = isAligned16(row);
  float sum = 0.0f;
  for (int column = static_cast<int>(threadIndex()) * 8; column < columns; column += shape.threads * 8) {
    const int valid = columns - column;
    const Eight a = loadEight(row, xKind, column, valid, aligned);
    const Eight b = loadEight(matrixRow, weightKind, column, valid, true);
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      const float value = elementOf(a, xKind, i);
      if (i < valid)
        sum = fma(exact ? value : roundToBf16(value), elementOf(b, weightKind, i), sum);
    }
  }
  sum = blockSum(sum, reinterpret_cast<float *>(sharedMemory()), shape.threads / 32);
  if (threadIndex() == 0)
    out[tile * outStride] = exists ? sum : notANumber();
}

YOCO_MICRO_KERNEL YOCO_DEFINE_MICRO_KERNEL(logprobs) {
  const int threads = nvptx::logprobsShape(columns).threads, warps = threads / 32;
  float *scratch = reinterpret_cast<float *>(sharedMemory());
  const float *row = logits + tile * logitsStride;
  const float *past = hasCarry ? carry + tile * carryStride : nullptr;
  float *to = out + tile * outStride;
  const int32_t base = past ? loadInteger(past + kSeen) : 0, id = targets[tile];
  // The target as a column of this block; below or above all of them when it is in another.
  const bool isHere = id >= base && id - base < columns;
  const int target = isHere ? id - base : id < base ? -1 : columns;
  const float own = isHere ? row[target] : past ? past[kTargetLogit] : notANumber();
  const float threshold = hasTargetLogits ? targetLogits[tile * targetLogitsStride] : own;

  float largest = -infinity(), before = 0.0f, invalid = 0.0f; // counts are below 2^24, exact
  forOwnColumns(row, columns, threads, [&](int column, float logit) __attribute__((always_inline)) {
    const bool comes = logit > threshold || (logit == threshold && column < target);
    largest = maximum(largest, logit);
    before += comes && column != target ? 1.0f : 0.0f;
    invalid += logit != logit ? 1.0f : 0.0f;
  });
  largest = blockMax(largest, scratch, warps);
  before = blockSum(before, scratch, warps);
  invalid = blockSum(invalid, scratch, warps);
  const float pastLargest = past ? past[kLargest] : -infinity();
  largest = maximum(largest, pastLargest);
  if (invalid != 0.0f || pastLargest != pastLargest)
    largest = notANumber();

  const float reference = largest == -infinity() ? 0.0f : largest;
  float sum = 0.0f;
  forOwnColumns(row, columns, threads, [&](int, float logit) __attribute__((always_inline)) {
    sum += exponential(logit - reference);
  });
  sum = blockSum(sum, scratch, warps);
  if (past)
    sum = fma(past[kSum], exponential(pastLargest - reference), sum);

  const int head = partial ? kPartialHead : kHead;
  const int place = mergeBest(past ? past + kPartialHead : nullptr, row, columns, base, best, id, to + head, threads);
  if (threadIndex() != 0)
    return;
  const int32_t rank = (past ? loadInteger(past + kRank) : 0) + static_cast<int32_t>(before), seen = base + columns;
  if (partial) {
    to[kLargest] = largest;
    to[kSum] = sum;
    to[kTargetLogit] = own;
    storeInteger(to + kRank, rank);
    storeInteger(to + kSeen, seen);
    return;
  }
  const bool isInfinite = largest == infinity() || largest == -infinity();
  to[0] = isInfinite ? largest : largest + logarithm(sum);
  to[1] = own;
  storeInteger(to + 2, id < 0 || id >= seen ? -1 : place >= 0 ? place : rank);
}

} // namespace yoco::device
