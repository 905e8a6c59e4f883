// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Frequencies are float32 values; powers are computed in double and rounded once, which torch's own powf comes within
// an ulp of.

#include "frontend/Rope.h"
#include <cmath>
#include <tuple>

namespace mlir::yoco {

namespace {

// Frequencies are finite within these.
constexpr double kSmallestTheta = 1e-6, kLargestTheta = 1e30;
constexpr double kSmallestFactor = 1e-6, kLargestFactor = 1e6;

/// The fields of `rope_scaling` or `rope_parameters`.
RopeParameters readFields(ConfigReader &reader, RopeParameters rope) {
  constexpr llvm::StringRef types[] = {"default", "linear", "llama3"};
  // The older name of the field; where both are, the newer one is meant.
  std::string type = reader.getChoice("type", types, "default");
  type = reader.getChoice("rope_type", types, type);
  rope.theta = reader.getNumber("rope_theta", kSmallestTheta, kLargestTheta, rope.theta);
  reader.expectOnly("partial_rotary_factor", 1.0);
  if (type == "default") {
    reader.ignore({"factor", "original_max_position_embeddings"});
    return rope;
  }
  rope.type = type == "linear" ? RopeParameters::Type::linear : RopeParameters::Type::llama3;
  reader.expect(reader.has("factor"), "expected 'factor' for rotary embeddings of type " + type);
  rope.factor = reader.getNumber("factor", kSmallestFactor, kLargestFactor, 1.0);
  if (type == "linear") {
    reader.ignore({"original_max_position_embeddings"});
    return rope;
  }
  rope.lowFrequencyFactor = reader.getNumber("low_freq_factor", kSmallestFactor, kLargestFactor, 1.0);
  rope.highFrequencyFactor = reader.getNumber("high_freq_factor", kSmallestFactor, kLargestFactor, 4.0);
  reader.expect(rope.highFrequencyFactor > rope.lowFrequencyFactor,
                "expected 'high_freq_factor' of rotary embeddings above 'low_freq_factor'");
  rope.originalMaxPositions = reader.getOptionalInteger("original_max_position_embeddings", 1, kMaxPositions);
  return rope;
}

float divideBy(float value, double divisor) { return value / static_cast<float>(divisor); }

/// Long wavelengths are stretched by the factor, short ones stay, and those between are interpolated.
float getLlama3Frequency(const RopeParameters &rope, float frequency) {
  constexpr double kPi = 3.14159265358979323846;
  const auto original = static_cast<double>(rope.originalMaxPositions.value_or(1));
  const float longest = static_cast<float>(original / rope.lowFrequencyFactor);
  const float shortest = static_cast<float>(original / rope.highFrequencyFactor);
  const float wavelength = static_cast<float>(2 * kPi) / frequency;
  if (wavelength > longest)
    return divideBy(frequency, rope.factor);
  if (wavelength < shortest)
    return frequency;
  const float smooth = divideBy(static_cast<float>(original) / wavelength - static_cast<float>(rope.lowFrequencyFactor),
                                rope.highFrequencyFactor - rope.lowFrequencyFactor);
  return divideBy((1.0f - smooth) * frequency, rope.factor) + smooth * frequency;
}

} // namespace

bool RopeParameters::operator==(const RopeParameters &other) const {
  auto tie = [](const RopeParameters &rope) {
    return std::tie(rope.type, rope.theta, rope.factor, rope.lowFrequencyFactor, rope.highFrequencyFactor,
                    rope.originalMaxPositions);
  };
  return tie(*this) == tie(other);
}

RopeParameters readRope(ConfigReader &reader, std::optional<int64_t> maxPositions) {
  RopeParameters root;
  root.theta = reader.getNumber("rope_theta", kSmallestTheta, kLargestTheta, root.theta);
  reader.expectOnly("partial_rotary_factor", 1.0);
  std::optional<RopeParameters> scaling, parameters;
  reader.readObject("rope_scaling", [&](ConfigReader &inner) { scaling = readFields(inner, root); });
  reader.readObject("rope_parameters", [&](ConfigReader &inner) { parameters = readFields(inner, root); });
  // Two descriptions of one thing: transformers' versions prefer different ones.
  if (scaling && parameters)
    scaling->theta = parameters->theta;
  reader.expect(!scaling || !parameters || *scaling == *parameters,
                "fields 'rope_scaling' and 'rope_parameters': expected one of them, or both to say the same");
  RopeParameters rope = parameters ? *parameters : scaling ? *scaling : root;
  std::optional<int64_t> original = reader.getOptionalInteger("original_max_position_embeddings", 1, kMaxPositions);
  if (rope.type != RopeParameters::Type::llama3)
    return rope;
  if (original)
    rope.originalMaxPositions = original;
  if (!rope.originalMaxPositions)
    rope.originalMaxPositions = maxPositions;
  reader.expect(rope.originalMaxPositions.has_value(),
                "field 'original_max_position_embeddings': expected it for rotary embeddings of type llama3");
  return rope;
}

llvm::SmallVector<float> getRopeFrequencies(const RopeParameters &rope, int64_t width) {
  llvm::SmallVector<float> frequencies(width / 2);
  for (int64_t i = 0; i < width / 2; ++i) {
    float exponent = static_cast<float>(2 * i) / static_cast<float>(width);
    float power = static_cast<float>(std::pow(static_cast<double>(static_cast<float>(rope.theta)), exponent));
    float frequency = 1.0f / power;
    if (rope.type == RopeParameters::Type::linear)
      frequency = divideBy(frequency, rope.factor);
    if (rope.type == RopeParameters::Type::llama3)
      frequency = getLlama3Frequency(rope, frequency);
    frequencies[i] = frequency;
  }
  return frequencies;
}

llvm::SmallVector<float> getLinspaceFrequencies(double theta, int64_t width) {
  int64_t count = width / 2;
  llvm::SmallVector<float> frequencies(count, 1.0f);
  float step = count > 1 ? 1.0f / static_cast<float>(count - 1) : 0.0f;
  for (int64_t i = 0; i < count && count > 1; ++i) {
    float exponent = i < count / 2 ? step * static_cast<float>(i) : 1.0f - step * static_cast<float>(count - 1 - i);
    frequencies[i] = static_cast<float>(std::pow(theta, -static_cast<double>(exponent)));
  }
  return frequencies;
}

} // namespace mlir::yoco
