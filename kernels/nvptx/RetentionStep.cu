// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Gated retention row by row, all in f32: S = e S + scale k^T v, o = q S. For decoding, where it reads and writes the
// state once, and for f32 models at any length.
//
// A block has one head of one segment. Per row there is one barrier: every thread updates its part of the state and
// leaves a partial output in shared memory; after the barrier one warp adds these and finishes the row, while the
// others go on.

#include "kernels/nvptx/Retention.h"

namespace yoco::device {
namespace retention {

/// e^x as high + low with an error far below f32's, so that decays near 1 do not drift over thousands of rows.
YOCO_DEVICE void preciseExponential(float x, float &high, float &low) {
  constexpr float kRound = 12582912.0f; // 1.5 * 2^23: the sum's lowest bits are the nearest integer
  x = x < -87.0f ? -87.0f : x > 87.0f ? 87.0f : x;
  const float shifted = fma(x, kLog2E, kRound), power = shifted - kRound;
  const float r = fma(power, -1.42860677e-6f, fma(power, -0.693145752f, x));
  float p = 1.0f / 5040;
  p = fma(p, r, 1.0f / 720);
  p = fma(p, r, 1.0f / 120);
  p = fma(p, r, 1.0f / 24);
  p = fma(p, r, 1.0f / 6);
  p = fma(p, r, 0.5f);
  p = fma(p * r, r, r);
  const float unit = floatOf((bitsOf(shifted) + 127) << 23);
  const float sum = 1.0f + p;
  high = sum * unit;
  low = (p - (sum - 1.0f)) * unit;
}

/// The operands of the row kernel and the part of it that is one block's.
struct Step {
  const float *q, *k, *v, *gate, *frequencies, *swish;
  int qStride, kStride, vStride, gateStride, swishStride;
  int style;
  float scale, gateDivisor, eps;
  bool hasSwish;
  int heads, keyWidth, valueWidth;
  void *out;
  int outKind, outStride;

  nvptx::RetentionStepLayout layout;
  Segment segment;
  int head;
  float *state; // [keyWidth][valueWidth]

  YOCO_DEVICE int64_t rowAt(int t) const { return static_cast<int64_t>(segment.rowBegin) + t; }
  YOCO_DEVICE float *staged(int t) const {
    return reinterpret_cast<float *>(sharedMemory()) + (t & 1) * layout.rowFloats;
  }
  YOCO_DEVICE float *partial(int t) const {
    return reinterpret_cast<float *>(sharedMemory()) + 2 * layout.rowFloats + (t & 1) * layout.partialFloats;
  }
};

/// What a thread carries of a row from global to shared memory: a pair of q and of k, two values, the gate.
struct Carried {
  float q0, q1, k0, k1, v0, v1, gate;
};

YOCO_DEVICE void pairColumns(const Step &step, int pair, int &first, int &second) {
  first = step.style == kHalf ? pair : 2 * pair;
  second = step.style == kHalf ? pair + step.keyWidth / 2 : first + 1;
}

YOCO_DEVICE Carried loadRow(const Step &step, int t) {
  const int64_t row = step.rowAt(t);
  const int pair = static_cast<int>(threadIndex());
  Carried carried = {};
  if (2 * pair < step.keyWidth) {
    int first, second;
    pairColumns(step, pair, first, second);
    const float *q = step.q + row * step.qStride + step.head * step.keyWidth;
    const float *k = step.k + row * step.kStride + step.head * step.keyWidth;
    carried.q0 = q[first];
    carried.q1 = q[second];
    carried.k0 = k[first];
    carried.k1 = k[second];
  }
  if (2 * pair < step.valueWidth) {
    const float *v = step.v + row * step.vStride + step.head * step.valueWidth + 2 * pair;
    carried.v0 = v[0];
    carried.v1 = v[1];
  }
  if (pair == step.layout.threads - 1)
    carried.gate = step.gate[row * step.gateStride + step.head];
  return carried;
}

/// Rotates and scales; `frequency` is that of the thread's pair.
YOCO_DEVICE void stageRow(const Step &step, int t, Carried carried, float frequency) {
  float *staged = step.staged(t);
  const int pair = static_cast<int>(threadIndex());
  if (2 * pair < step.keyWidth) {
    if (step.style != kNoRope) {
      float sine, cosine;
      sinCos(static_cast<float>(step.segment.firstPosition + t) * frequency, sine, cosine);
      rotatePair(carried.q0, carried.q1, sine, cosine);
      rotatePair(carried.k0, carried.k1, sine, cosine);
    }
    int first, second;
    pairColumns(step, pair, first, second);
    staged[2 * first] = carried.q0;
    staged[2 * first + 1] = carried.k0 * step.scale;
    staged[2 * second] = carried.q1;
    staged[2 * second + 1] = carried.k1 * step.scale;
  }
  float *values = staged + 2 * step.keyWidth;
  if (2 * pair < step.valueWidth) {
    values[2 * pair] = carried.v0;
    values[2 * pair + 1] = carried.v1;
  }
  if (pair == step.layout.threads - 1)
    preciseExponential(logDecay(carried.gate, step.gateDivisor), values[step.valueWidth], values[step.valueWidth + 1]);
}

/// A row of the state, four columns of it: decayed, added to, used.
YOCO_DEVICE void updateFour(float (&s)[4], float (&sum)[4], const float *pair, const float (&value)[4], float decay,
                            float decayLow) {
  const Vec2 words = *reinterpret_cast<const Vec2 *>(pair);
  const float q = floatOf(words.x), k = floatOf(words.y);
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    s[i] = fma(k, value[i], fma(decay, s[i], decayLow * s[i]));
    sum[i] = fma(q, s[i], sum[i]);
  }
}

/// The sum over the groups, head norm and swish of row t, by one warp. A lane has every 32nd quad of columns.
YOCO_DEVICE void finishRow(const Step &step, int t, const float (&swish)[4][4]) {
  const int quads = step.layout.quads, lane = static_cast<int>(laneIndex());
  const float *partial = step.partial(t);
  float y[4][4] = {};
  float square = 0.0f;
#pragma unroll
  for (int j = 0; j < 4; ++j) {
    const int quad = lane + 32 * j;
    if (32 * j >= quads || quad >= quads)
      continue;
    for (int group = 0; group < step.layout.groups; ++group) {
      float part[4];
      loadFour(part, partial + group * step.valueWidth + 4 * quad);
#pragma unroll
      for (int i = 0; i < 4; ++i)
        y[j][i] += part[i];
    }
#pragma unroll
    for (int i = 0; i < 4; ++i)
      square = fma(y[j][i], y[j][i], square);
  }
  float factor = 1.0f;
  if (step.eps >= 0.0f)
    factor = rsqrtApprox(warpSum(square) / static_cast<float>(step.valueWidth) + step.eps);
  const int64_t first = step.rowAt(t) * step.outStride + step.head * step.valueWidth;
  const bool isAligned = isAligned16(step.out);
#pragma unroll
  for (int j = 0; j < 4; ++j) {
    const int quad = lane + 32 * j;
    if (32 * j >= quads || quad >= quads)
      continue;
    float result[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      result[i] = step.eps >= 0.0f ? y[j][i] * factor : y[j][i];
      if (step.hasSwish)
        result[i] *= silu(swish[j][i]);
    }
    if (step.outKind == kF32 && isAligned) {
      storeFour(static_cast<float *>(step.out) + first + 4 * quad, result);
      continue;
    }
#pragma unroll
    for (int i = 0; i < 4; ++i)
      storeElement(step.out, step.outKind, first + 4 * quad + i, result[i]);
  }
}

YOCO_DEVICE void loadSwish(const Step &step, int t, float (&swish)[4][4]) {
  const float *from = step.swish + step.rowAt(t) * step.swishStride + step.head * step.valueWidth;
#pragma unroll
  for (int j = 0; j < 4; ++j) {
    const int quad = static_cast<int>(laneIndex()) + 32 * j;
    if (32 * j >= step.layout.quads || quad >= step.layout.quads)
      continue;
#pragma unroll
    for (int i = 0; i < 4; ++i)
      swish[j][i] = from[4 * quad + i];
  }
}

/// Most rows of the state that a thread holds, and how many it asks for at a time of a state that it does not hold.
constexpr int kHeldRows = 16, kRowsAtOnce = 8;

/// Whether a thread's j-th row of the state exists: known when the width is a multiple of the groups.
YOCO_DEVICE bool hasRow(const Step &step, int group, int j) {
  const nvptx::RetentionStepLayout &layout = step.layout;
  return j < layout.rowsPerThread && (step.keyWidth % layout.groups == 0 || group + j * layout.groups < step.keyWidth);
}

YOCO_DEVICE void runStep(const Step &step) {
  const nvptx::RetentionStepLayout &layout = step.layout;
  const int thread = static_cast<int>(threadIndex());
  const int quad = thread % layout.quads, group = thread / layout.quads;
  const bool hasPart = group < layout.groups;
  const int count = step.segment.rowCount;
  const uint32_t warp = warpIndex(), warps = layout.threads / 32;
  float *part = step.state + group * step.valueWidth + 4 * quad; // and each `groups`-th row from there
  const int64_t toNext = static_cast<int64_t>(layout.groups) * step.valueWidth;

  float held[kHeldRows][4] = {};
  if (layout.inRegisters && hasPart && step.segment.firstPosition != 0) {
#pragma unroll
    for (int j = 0; j < kHeldRows; ++j)
      if (hasRow(step, group, j))
        loadFour(held[j], part + j * toNext);
  }
  float frequency = 0.0f;
  if (step.style != kNoRope && 2 * thread < step.keyWidth)
    frequency = step.frequencies[thread];
  stageRow(step, 0, loadRow(step, 0), frequency);
  syncBlock();

  // The finishing warp asks for its gates before the row is computed, unless the state takes the registers for that.
  const bool isSwishEarly = layout.rowsPerThread <= 8;
  uint32_t finisher = 0;
  for (int t = 0; t < count; ++t) {
    const bool isLast = t + 1 == count;
    Carried next = {};
    if (!isLast)
      next = loadRow(step, t + 1);
    float swish[4][4] = {};
    if (step.hasSwish && isSwishEarly && warp == finisher)
      loadSwish(step, t, swish);

    if (hasPart) {
      const float *staged = step.staged(t), *values = staged + 2 * step.keyWidth;
      const float decay = values[step.valueWidth], decayLow = values[step.valueWidth + 1];
      float value[4], sum[4] = {};
      loadFour(value, values + 4 * quad);
      if (layout.inRegisters) {
#pragma unroll
        for (int j = 0; j < kHeldRows; ++j) {
          if (!hasRow(step, group, j))
            continue;
          updateFour(held[j], sum, staged + 2 * (group + j * layout.groups), value, decay, decayLow);
          if (isLast)
            storeFour(part + j * toNext, held[j]);
        }
      } else {
        const bool isEmpty = t == 0 && step.segment.firstPosition == 0;
        for (int begin = 0; begin < layout.rowsPerThread; begin += kRowsAtOnce) {
          float some[kRowsAtOnce][4] = {};
#pragma unroll
          for (int j = 0; j < kRowsAtOnce; ++j)
            if (!isEmpty && hasRow(step, group, begin + j))
              loadFour(some[j], part + (begin + j) * toNext);
#pragma unroll
          for (int j = 0; j < kRowsAtOnce; ++j) {
            if (!hasRow(step, group, begin + j))
              continue;
            updateFour(some[j], sum, staged + 2 * (group + (begin + j) * layout.groups), value, decay, decayLow);
            storeFour(part + (begin + j) * toNext, some[j]);
          }
        }
      }
      storeFour(step.partial(t) + group * step.valueWidth + 4 * quad, sum);
    }
    if (!isLast)
      stageRow(step, t + 1, next, frequency);
    // The other halves of `staged` and `partial` are free: what they held was used before the last barrier, or by the
    // warp that finished the row before last, which has reached this one since.
    syncBlock();
    if (warp == finisher) {
      if (step.hasSwish && !isSwishEarly)
        loadSwish(step, t, swish);
      finishRow(step, t, swish);
    }
    finisher = finisher + 1 == warps ? 0 : finisher + 1;
  }
}

} // namespace retention

YOCO_MICRO_KERNEL YOCO_DEFINE_MICRO_KERNEL(retention_step) {
  const uint32_t block = static_cast<uint32_t>(tile);
  const int64_t index = block / heads;
  if (index >= segments)
    return;
  const Segment segment = retention::loadSegment(table, index);
  if (segment.slot < 0 || segment.rowCount <= 0)
    return;
  const int head = static_cast<int>(block % heads);
  const nvptx::RetentionStepLayout layout = nvptx::retentionStepLayout(keyWidth, valueWidth);
  float *from = retention::headState(state, segment.slot, stateSlotStride, head, keyWidth, valueWidth);
  const retention::Step step = {q,         k,        v,          gate,        frequencies, swish, qStride,
                                kStride,   vStride,  gateStride, swishStride, style,       scale, gateDivisor,
                                eps,       hasSwish, heads,      keyWidth,    valueWidth,  out,   outKind,
                                outStride, layout,   segment,    head,        from};
  retention::runStep(step);
}

} // namespace yoco::device
