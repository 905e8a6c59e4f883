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
constexpr size_t kMaxDivisors = 1 << 13; // frequencies of the widest heads

/// `partial_rotary_factor`; none: the family has no such field, and other values than 1 are refused.
double readPartialFactor(ConfigReader &reader, std::optional<double> fallback) {
  if (fallback)
    return reader.getNumber("partial_rotary_factor", 0.0, 1.0, *fallback);
  reader.expectOnly("partial_rotary_factor", 1.0);
  return 1.0;
}

/// Types that are not supported, but with a factor of 1 the same as `default`: dynamic as far as the longest sequence
/// that the configuration names, yarn unless it has further fields that say otherwise.
bool changesNothing(ConfigReader &reader, llvm::StringRef type) {
  if (!reader.is("factor", 1.0))
    return false;
  if (type == "dynamic")
    return true;
  return type == "yarn" && !reader.has("original_max_position_embeddings") && !reader.has("attention_factor");
}

/// `rope_type`, or `type`, its older name; where both are, the newer one is meant.
std::string readType(ConfigReader &reader) {
  constexpr llvm::StringRef types[] = {"default", "linear", "llama3"};
  llvm::StringRef field = reader.has("rope_type") ? "rope_type" : "type";
  for (llvm::StringRef type : {"dynamic", "yarn"})
    if (reader.is(field, type) && changesNothing(reader, type)) {
      reader.ignore({"rope_type", "type", "factor", "beta_fast", "beta_slow", "mscale", "mscale_all_dim", "truncate"});
      return "default";
    }
  // What a factor without a type means, nobody says.
  reader.expect(reader.has(field) || !reader.has("factor") || reader.is("factor", 1.0),
                "expected 'rope_type' or 'type' for rotary embeddings with 'factor'");
  std::string type = reader.getChoice("type", types, "default");
  return reader.getChoice("rope_type", types, type);
}

/// The fields of `rope_scaling` or `rope_parameters`; `rope` is what the fields around them say.
RopeParameters readFields(ConfigReader &reader, RopeParameters rope, std::optional<double> partialFactor) {
  std::string type = readType(reader);
  rope.theta = reader.getNumber("rope_theta", kSmallestTheta, kLargestTheta, rope.theta);
  rope.partialFactor = readPartialFactor(reader, partialFactor ? std::optional(rope.partialFactor) : std::nullopt);
  if (type == "default") {
    reader.ignore({"factor", "original_max_position_embeddings"});
    return rope;
  }
  rope.type = type == "linear" ? RopeParameters::Type::linear : RopeParameters::Type::llama3;
  reader.expect(reader.has("factor"), "expected 'factor' for rotary embeddings of type " + type);
  rope.factor = reader.getNumber("factor", kSmallestFactor, kLargestFactor, 1.0);
  if (type == "linear") {
    reader.ignore({"original_max_position_embeddings"});
    if (rope.factor == 1.0)
      rope.type = RopeParameters::Type::standard;
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
    return std::tie(rope.type, rope.theta, rope.partialFactor, rope.factor, rope.lowFrequencyFactor,
                    rope.highFrequencyFactor, rope.originalMaxPositions, rope.divisors);
  };
  return tie(*this) == tie(other);
}

RopeParameters readRope(ConfigReader &reader, std::optional<int64_t> maxPositions,
                        std::optional<double> partialFactor) {
  RopeParameters root;
  root.theta = reader.getNumber("rope_theta", kSmallestTheta, kLargestTheta, root.theta);
  root.partialFactor = readPartialFactor(reader, partialFactor);
  for (double divisor : reader.getNumbers("rope_frequency_divisors", kSmallestFactor, kLargestFactor, kMaxDivisors))
    root.divisors.push_back(static_cast<float>(divisor));
  std::optional<RopeParameters> scaling, parameters;
  auto read = [&](ConfigReader &inner) { return readFields(inner, root, partialFactor); };
  reader.readObject("rope_scaling", [&](ConfigReader &inner) { scaling = read(inner); });
  reader.readObject("rope_parameters", [&](ConfigReader &inner) { parameters = read(inner); });
  reader.expect(!parameters || !reader.has("partial_rotary_factor") || parameters->partialFactor == root.partialFactor,
                "field 'rope_parameters.partial_rotary_factor': expected the same as 'partial_rotary_factor'");
  // Two descriptions of one thing: transformers' versions prefer different ones.
  if (scaling && parameters) {
    scaling->theta = parameters->theta;
    scaling->partialFactor = parameters->partialFactor;
  }
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

int64_t getRotatedWidth(const RopeParameters &rope, int64_t width) {
  return static_cast<int64_t>(static_cast<double>(width) * rope.partialFactor);
}

void expectRotatedWidth(ConfigReader &reader, const RopeParameters &rope, int64_t width) {
  int64_t rotated = getRotatedWidth(rope, width);
  reader.expect(rotated % 2 == 0 && rotated >= 2,
                "field 'partial_rotary_factor': expected an even number of rotated elements, and some, got " +
                    llvm::Twine(rotated) + " of each head of width " + llvm::Twine(width));
}

llvm::SmallVector<float> getRopeFrequencies(const RopeParameters &rope, int64_t width) {
  const int64_t rotated = getRotatedWidth(rope, width);
  llvm::SmallVector<float> frequencies(rotated / 2);
  for (int64_t i = 0; i < rotated / 2; ++i) {
    float exponent = static_cast<float>(2 * i) / static_cast<float>(rotated);
    float power = static_cast<float>(std::pow(static_cast<double>(static_cast<float>(rope.theta)), exponent));
    float frequency = 1.0f / power;
    if (rope.type == RopeParameters::Type::linear)
      frequency = divideBy(frequency, rope.factor);
    if (rope.type == RopeParameters::Type::llama3)
      frequency = getLlama3Frequency(rope, frequency);
    if (static_cast<size_t>(i) < rope.divisors.size())
      frequency /= rope.divisors[i];
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
