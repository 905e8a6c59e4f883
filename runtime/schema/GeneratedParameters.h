// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The counter-based generator behind `--random-weights`: docs/FileFormat.md,
// "Generated parameters".

#ifndef YOCO_RUNTIME_SCHEMA_GENERATEDPARAMETERS_H
#define YOCO_RUNTIME_SCHEMA_GENERATEDPARAMETERS_H

#include <cstdint>

namespace yoco {

constexpr uint64_t kGoldenGamma = 0x9E3779B97F4A7C15u;

/// The finalizer of SplitMix64.
constexpr uint64_t mixBits(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

constexpr uint64_t generatorKey(uint64_t seed, uint64_t stream) { return mixBits(seed + kGoldenGamma * (stream + 1)); }

/// Element `index` (first + row * stride + column, counted within its generated rows),
/// before rounding to the element type.
inline float generatedValue(uint64_t key, uint64_t index, float scale) {
  if (scale == 0.0f)
    return 1.0f;
  uint64_t hash = mixBits(key + kGoldenGamma * (index + 1));
  int32_t uniform = int32_t(hash >> 40) - (int32_t(1) << 23);
  return float(uniform) * (scale * (1.7320508f * 0x1p-23f));
}

} // namespace yoco

#endif // YOCO_RUNTIME_SCHEMA_GENERATEDPARAMETERS_H
