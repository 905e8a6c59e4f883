// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Mathematics and element access that the micro-kernels share.

#ifndef YOCO_KERNELS_NVPTX_MATH_H
#define YOCO_KERNELS_NVPTX_MATH_H

#include "kernels/nvptx/Device.h"
#include "kernels/nvptx/MicroKernels.h"

namespace yoco::device {

constexpr float kLog2E = 1.44269504088896340736f;

// Elements -----------------------------------------------------------------------------------------------------------

YOCO_DEVICE float bf16ToFloat(Bf16 value) { return __builtin_bit_cast(float, static_cast<uint32_t>(value.bits) << 16); }
/// The elements of a word of two bf16.
YOCO_DEVICE float lowBf16(uint32_t word) { return __builtin_bit_cast(float, word << 16); }
YOCO_DEVICE float highBf16(uint32_t word) { return __builtin_bit_cast(float, word & 0xffff0000u); }
/// Rounded to nearest even.
YOCO_DEVICE Bf16 floatToBf16(float value) { return Bf16{static_cast<uint16_t>(packBf16(value, 0.0f))}; }
YOCO_DEVICE float roundToBf16(float value) { return lowBf16(packBf16(value, 0.0f)); }

YOCO_DEVICE constexpr int elementBytes(int kind) { return kind == kF32 ? 4 : 2; }

/// The address of element `index`.
YOCO_DEVICE const void *elementAddress(const void *base, int kind, int64_t index) {
  return static_cast<const uint8_t *>(base) + index * elementBytes(kind);
}
YOCO_DEVICE void *elementAddress(void *base, int kind, int64_t index) {
  return static_cast<uint8_t *>(base) + index * elementBytes(kind);
}

YOCO_DEVICE float loadElement(const void *base, int kind, int64_t index) {
  if (kind == kF32)
    return static_cast<const float *>(base)[index];
  if (kind == kBf16)
    return bf16ToFloat(static_cast<const Bf16 *>(base)[index]);
  return halfToFloat(static_cast<const F16 *>(base)[index]);
}

/// `kind` is f32 or bf16.
YOCO_DEVICE void storeElement(void *base, int kind, int64_t index, float value) {
  if (kind == kF32)
    static_cast<float *>(base)[index] = value;
  else
    static_cast<Bf16 *>(base)[index] = floatToBf16(value);
}

YOCO_DEVICE bool isAligned16(const void *pointer) { return (reinterpret_cast<uint64_t>(pointer) & 15) == 0; }

/// Element i of a Vec4 of eight 16-bit elements, or of four f32.
YOCO_DEVICE uint32_t wordOf(const Vec4 &value, int i) {
  return i == 0 ? value.x : i == 1 ? value.y : i == 2 ? value.z : value.w;
}
YOCO_DEVICE float elementOf(const Vec4 &value, int kind, int i) {
  if (kind == kF32)
    return __builtin_bit_cast(float, wordOf(value, i));
  const uint32_t word = wordOf(value, i / 2);
  if (kind == kBf16)
    return i % 2 ? highBf16(word) : lowBf16(word);
  return halfToFloat(F16{static_cast<uint16_t>(i % 2 ? word >> 16 : word)});
}

// Eight elements of a row --------------------------------------------------------------------------------------------

/// Eight consecutive elements, as they lie in memory: both words of f32, the first one of 16-bit kinds.
struct Eight {
  Vec4 words[2];
};

/// Elements index .. index + 7, of which the first `valid` exist (any number; none when it is not positive). With
/// `aligned`, element `index` lies at a multiple of 16 bytes, and whole 16 bytes are read when one of their elements
/// exists: the elements of the result that do not exist are then anything.
YOCO_DEVICE Eight loadEight(const void *base, int kind, int64_t index, int valid, bool aligned) {
  Eight result = {{{0, 0, 0, 0}, {0, 0, 0, 0}}};
  if (aligned) {
    if (valid > 0)
      result.words[0] = load16(elementAddress(base, kind, index));
    if (kind == kF32 && valid > 4)
      result.words[1] = load16(elementAddress(base, kind, index + 4));
    return result;
  }
  uint32_t words[8] = {};
#pragma unroll
  for (int i = 0; i < 8; ++i) {
    if (i >= valid)
      continue;
    if (kind == kF32)
      words[i] = static_cast<const uint32_t *>(base)[index + i];
    else
      words[i / 2] |= static_cast<uint32_t>(static_cast<const uint16_t *>(base)[index + i]) << i % 2 * 16;
  }
  result.words[0] = {words[0], words[1], words[2], words[3]};
  result.words[1] = {words[4], words[5], words[6], words[7]};
  return result;
}

YOCO_DEVICE float elementOf(const Eight &eight, int kind, int i) {
  return kind == kF32 ? elementOf(eight.words[i / 4], kF32, i % 4) : elementOf(eight.words[0], kind, i);
}

/// Stores the first `valid` of eight values at element `index`, which lies at a multiple of 16 bytes when `aligned`.
YOCO_DEVICE void storeEight(void *base, int kind, int64_t index, const float (&values)[8], int valid, bool aligned) {
  if (aligned && valid >= 8) {
    if (kind == kF32) {
#pragma unroll
      for (int i = 0; i < 8; i += 4)
        store16(elementAddress(base, kind, index + i),
                {__builtin_bit_cast(uint32_t, values[i]), __builtin_bit_cast(uint32_t, values[i + 1]),
                 __builtin_bit_cast(uint32_t, values[i + 2]), __builtin_bit_cast(uint32_t, values[i + 3])});
    } else {
      store16(elementAddress(base, kind, index), {packBf16(values[0], values[1]), packBf16(values[2], values[3]),
                                                  packBf16(values[4], values[5]), packBf16(values[6], values[7])});
    }
    return;
  }
#pragma unroll
  for (int i = 0; i < 8; ++i)
    if (i < valid)
      storeElement(base, kind, index + i, values[i]);
}

/// Stores the first `valid` of eight elements as they are: their bits, where storeEight rounds.
YOCO_DEVICE void copyEight(void *base, int kind, int64_t index, const Eight &eight, int valid, bool aligned) {
  if (aligned && valid >= 8) {
    store16(elementAddress(base, kind, index), eight.words[0]);
    if (kind == kF32)
      store16(elementAddress(base, kind, index + 4), eight.words[1]);
    return;
  }
#pragma unroll
  for (int i = 0; i < 8; ++i) {
    if (i >= valid)
      continue;
    if (kind == kF32)
      static_cast<uint32_t *>(base)[index + i] = wordOf(eight.words[i / 4], i % 4);
    else
      static_cast<uint16_t *>(base)[index + i] = static_cast<uint16_t>(wordOf(eight.words[0], i / 2) >> i % 2 * 16);
  }
}

// Functions ----------------------------------------------------------------------------------------------------------

/// e^x with a relative error of about |x| * 2^-23.
YOCO_DEVICE float exponential(float x) { return exp2Approx(x * kLog2E); }

/// x / (1 + e^-x)
YOCO_DEVICE float silu(float x) { return x * reciprocalApprox(1.0f + exponential(-x)); }

/// x / 2 * (1 + tanh(u)) with u = sqrt(2 / pi) * (x + 0.044715 x^3); (1 + tanh(u)) / 2 = 1 / (1 + e^-2u).
YOCO_DEVICE float gelu(float x) {
  const float twice = 1.5957691216057308f * fma(0.044715f * x * x, x, x);
  return x * reciprocalApprox(1.0f + exponential(-twice));
}

/// log(1 + x) for x in [0, 1], by 2 atanh(x / (2 + x)): small results keep their relative precision.
YOCO_DEVICE float log1pOfUnit(float x) {
  const float s = x * reciprocalApprox(2.0f + x), square = s * s;
  float sum = 1.0f / 15;
  sum = fma(sum, square, 1.0f / 13);
  sum = fma(sum, square, 1.0f / 11);
  sum = fma(sum, square, 1.0f / 9);
  sum = fma(sum, square, 1.0f / 7);
  sum = fma(sum, square, 1.0f / 5);
  sum = fma(sum, square, 1.0f / 3);
  return 2.0f * fma(sum * square, s, s);
}

/// log(1 / (1 + e^-x)) = min(x, 0) - log(1 + e^-|x|)
YOCO_DEVICE float logSigmoid(float x) {
  const float magnitude = x < 0.0f ? -x : x;
  return (x < 0.0f ? x : 0.0f) - log1pOfUnit(exponential(-magnitude));
}

/// Sine and cosine of an f32 of any size below 2^31, to about 1e-7. The multiple of pi / 2 is taken off in double.
YOCO_DEVICE void sinCos(float angle, float &sine, float &cosine) {
  constexpr double kRound = 6755399441055744.0; // 1.5 * 2^52: the sum's lowest bits are the nearest integer
  const double shifted = static_cast<double>(angle) * 0.63661977236758134308 + kRound;
  const uint32_t quadrant = static_cast<uint32_t>(__builtin_bit_cast(uint64_t, shifted));
  const double multiple = shifted - kRound;
  const double rest = static_cast<double>(angle) - multiple * 1.5707963267948966192;
  const float r = static_cast<float>(rest), square = r * r;
  float c = fma(2.44677067e-5f, square, -1.38877297e-3f);
  c = fma(c, square, 4.16666567e-2f);
  c = fma(c, square, -0.5f);
  c = fma(c, square, 1.0f);
  float s = fma(2.86567956e-6f, square, -1.98559923e-4f);
  s = fma(s, square, 8.33338592e-3f);
  s = fma(s, square, -1.66666672e-1f);
  s = fma(s, r * square, r);
  const float a = quadrant & 1 ? c : s, b = quadrant & 1 ? s : c;
  sine = quadrant & 2 ? -a : a;
  cosine = (quadrant + 1) & 2 ? -b : b;
}

/// (a, b) turned by an angle.
YOCO_DEVICE void rotatePair(float &a, float &b, float sine, float cosine) {
  const float x = a * cosine - b * sine;
  b = a * sine + b * cosine;
  a = x;
}

/// Two elements of a head that are moved together.
struct ElementPair {
  int first, second;
  bool turns;
};

/// Pair `i` of a head of 2 `half` elements, whose first 2 `pairs` are rotated. What is not has its neighbour beside it.
YOCO_DEVICE ElementPair pairOf(int style, int pairs, int half, int i) {
  const bool turns = style != kNoRope && (pairs == half || i < pairs), apart = turns && style == kHalf;
  return {apart ? i : 2 * i, apart ? i + pairs : 2 * i + 1, turns};
}

// Reductions, the same in every run ----------------------------------------------------------------------------------

/// The sum over a warp, in every lane.
YOCO_DEVICE float warpSum(float value) {
#pragma unroll
  for (uint32_t mask = 16; mask > 0; mask >>= 1)
    value += shuffleXor(value, mask);
  return value;
}
YOCO_DEVICE float warpMax(float value) {
#pragma unroll
  for (uint32_t mask = 16; mask > 0; mask >>= 1)
    value = maximum(value, shuffleXor(value, mask));
  return value;
}

/// The sum over a block of `warps` warps, in every thread. `scratch` has `warps` floats and is free again afterwards.
YOCO_DEVICE float blockSum(float value, float *scratch, int warps) {
  value = warpSum(value);
  if (laneIndex() == 0)
    scratch[warpIndex()] = value;
  syncBlock();
  float sum = 0.0f;
  for (int i = 0; i < warps; ++i)
    sum += scratch[i];
  syncBlock();
  return sum;
}

} // namespace yoco::device

#endif // YOCO_KERNELS_NVPTX_MATH_H
