// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rotary embeddings: what fields of a configuration mean, and frequencies against values of Hugging Face transformers.

#include "frontend/Rope.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace mlir::yoco;
using ::testing::HasSubstr;

namespace {

/// What `text`, a configuration, means; its error in `error`.
RopeParameters read(llvm::StringRef text, std::string &error, std::optional<double> partialFactor = std::nullopt) {
  llvm::json::Value value = llvm::cantFail(llvm::json::parse(text));
  ConfigReader reader(*value.getAsObject(), "config.json");
  RopeParameters rope = readRope(reader, 8192, partialFactor);
  error = llvm::toString(reader.finish());
  return rope;
}

RopeParameters readGood(llvm::StringRef text) {
  std::string error;
  RopeParameters rope = read(text, error);
  EXPECT_EQ(error, "") << text.str();
  return rope;
}

std::string readBad(llvm::StringRef text) {
  std::string error;
  read(text, error);
  EXPECT_NE(error, "") << text.str();
  return error;
}

TEST(RopeFields, WhatSaysNothingIsTheDefault) {
  for (const char *text :
       {"{}", R"({"rope_scaling": null})", R"({"rope_scaling": {}})", R"({"rope_scaling": {"type": "default"}})",
        R"({"rope_parameters": {"rope_type": "default", "rope_theta": 10000.0}, "rope_scaling": null})",
        R"({"rope_scaling": false})", R"({"rope_scaling": {"type": null}})",
        R"({"rope_scaling": {"rope_type": "default", "factor": 1.0, "original_max_position_embeddings": 4096}})",
        R"({"rope_scaling": {"factor": 1.0}})", R"({"rope_scaling": {"type": "linear", "factor": 1}})",
        R"({"rope_scaling": {"rope_type": "linear", "factor": 1.0}, "rope_parameters": {"rope_type": "default"}})",
        R"({"rope_scaling": {"type": "dynamic", "factor": 1.0}})",
        R"({"rope_scaling": {"rope_type": "yarn", "factor": 1.0, "beta_fast": 32, "beta_slow": 1}})",
        R"({"partial_rotary_factor": 1.0, "rope_parameters": {"partial_rotary_factor": 1}})",
        R"({"rope_scaling": {"_comment": "a note"}})"})
    EXPECT_TRUE(readGood(text) == RopeParameters()) << text;
}

TEST(RopeFields, ThetaStandsInEitherPlace) {
  EXPECT_EQ(readGood(R"({"rope_theta": 500000})").theta, 500000.0);
  EXPECT_EQ(readGood(R"({"rope_parameters": {"rope_theta": 5e5, "rope_type": "default"}})").theta, 500000.0);
  EXPECT_EQ(readGood(R"({"rope_theta": 7e5, "rope_scaling": {"type": "linear", "factor": 2}})").theta, 700000.0);
}

TEST(RopeFields, Types) {
  RopeParameters linear = readGood(R"({"rope_scaling": {"type": "linear", "factor": 4.0}})");
  EXPECT_EQ(linear.type, RopeParameters::Type::linear);
  EXPECT_EQ(linear.factor, 4.0);
  RopeParameters llama3 = readGood(R"({"rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 1.0,
      "high_freq_factor": 4.0, "original_max_position_embeddings": 64}})");
  EXPECT_EQ(llama3.type, RopeParameters::Type::llama3);
  EXPECT_EQ(llama3.originalMaxPositions, 64);
}

TEST(RopeFields, TheOriginalLengthMayStandInTheRootOrBeTheLongest) {
  EXPECT_EQ(readGood(R"({"original_max_position_embeddings": 32, "rope_parameters": {"rope_type": "llama3", "factor": 8,
      "original_max_position_embeddings": 64}})")
                .originalMaxPositions,
            32);
  EXPECT_EQ(readGood(R"({"rope_parameters": {"rope_type": "llama3", "factor": 8}})").originalMaxPositions, 8192);
}

TEST(RopeFields, PartOfAHead) {
  std::string error;
  EXPECT_EQ(read("{}", error, 0.25).partialFactor, 0.25);
  EXPECT_EQ(read(R"({"partial_rotary_factor": 0.5})", error, 0.25).partialFactor, 0.5);
  EXPECT_EQ(read(R"({"rope_parameters": {"partial_rotary_factor": 0.5}})", error, 0.25).partialFactor, 0.5);
  EXPECT_EQ(read(R"({"partial_rotary_factor": 0.5, "rope_parameters": {"rope_theta": 5e5}})", error, 1.0).partialFactor,
            0.5);
  EXPECT_EQ(error, "");
  read(R"({"partial_rotary_factor": 0.5, "rope_parameters": {"partial_rotary_factor": 0.75}})", error, 1.0);
  EXPECT_THAT(error, HasSubstr("field 'rope_parameters.partial_rotary_factor': expected the same"));
  read(R"({"partial_rotary_factor": 1.5})", error, 1.0);
  EXPECT_THAT(error, HasSubstr("field 'partial_rotary_factor': expected a number above 0"));
}

TEST(RopeFields, OthersAreRefusedByName) {
  EXPECT_THAT(readBad(R"({"rope_scaling": {"rope_type": "yarn", "factor": 8}})"),
              HasSubstr("field 'rope_scaling.rope_type': expected default or linear or llama3, got \"yarn\""));
  EXPECT_THAT(readBad(R"({"rope_scaling": {"rope_type": "longrope", "factor": 1}})"),
              HasSubstr("field 'rope_scaling.rope_type': expected default or linear or llama3, got \"longrope\""));
  EXPECT_THAT(readBad(R"({"rope_scaling": {"rope_type": "yarn", "factor": 1, "attention_factor": 0.9}})"),
              HasSubstr("field 'rope_scaling.rope_type': expected default or linear or llama3, got \"yarn\""));
  EXPECT_THAT(readBad(R"({"rope_scaling": {"factor": 4}})"), HasSubstr("expected 'rope_type' or 'type'"));
  EXPECT_THAT(readBad(R"({"rope_parameters": {"rope_type": "linear"}})"), HasSubstr("expected 'factor'"));
  EXPECT_THAT(readBad(R"({"rope_scaling": {"type": "linear", "factor": 2, "mscale": 1}})"),
              HasSubstr("field 'rope_scaling.mscale': unknown field (value 1)"));
  EXPECT_THAT(readBad(R"({"rope_scaling": "linear"})"), HasSubstr("field 'rope_scaling': expected an object"));
  EXPECT_THAT(readBad(R"({"rope_scaling": {"type": "linear", "factor": 2},
                          "rope_parameters": {"type": "linear", "factor": 4}})"),
              HasSubstr("fields 'rope_scaling' and 'rope_parameters'"));
  EXPECT_THAT(readBad(R"({"partial_rotary_factor": 0.5})"), HasSubstr("field 'partial_rotary_factor'"));
}

TEST(RopeFrequencies, Standard) {
  RopeParameters rope;
  auto frequencies = getRopeFrequencies(rope, 8);
  EXPECT_THAT(frequencies, ::testing::Pointwise(::testing::FloatEq(), {1.0f, 0.1f, 0.01f, 0.001f}));
  rope.type = RopeParameters::Type::linear;
  rope.factor = 4;
  EXPECT_THAT(getRopeFrequencies(rope, 8),
              ::testing::Pointwise(::testing::FloatEq(), {0.25f, 0.025f, 0.0025f, 0.00025f}));
}

TEST(RopeFrequencies, Llama3StretchesLongWavelengthsAlone) {
  RopeParameters rope;
  rope.type = RopeParameters::Type::llama3;
  rope.theta = 500000;
  rope.factor = 8;
  rope.originalMaxPositions = 64;
  RopeParameters plain;
  plain.theta = 500000;
  auto got = getRopeFrequencies(rope, 32), base = getRopeFrequencies(plain, 32);
  const double pi = std::acos(-1.0);
  bool sawMedium = false;
  for (auto [frequency, original] : llvm::zip_equal(got, base)) {
    double wavelength = 2 * pi / original;
    double smooth = (64 / wavelength - 1) / 3;
    double expected = wavelength > 64   ? original / 8.0
                      : wavelength < 16 ? original
                                        : (1 - smooth) * original / 8.0 + smooth * original;
    sawMedium |= wavelength <= 64 && wavelength >= 16;
    EXPECT_NEAR(frequency, expected, 1e-6 * expected);
  }
  EXPECT_TRUE(sawMedium);
}

} // namespace
