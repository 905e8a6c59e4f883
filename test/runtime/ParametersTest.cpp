// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Generated parameters: the values of docs/FileFormat.md, rounding, layouts.

#include "runtime/model/Parameters.h"
#include "runtime/core/ThreadPool.h"
#include "runtime/schema/GeneratedParameters.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>

using namespace yoco;
using namespace yoco::runtime;

namespace {

std::vector<uint8_t> generate(fb::ParameterT description, uint32_t threads = 3) {
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(fb::Parameter::Pack(builder, &description));
  const auto &parameter = *flatbuffers::GetRoot<fb::Parameter>(builder.GetBufferPointer());
  std::vector<uint8_t> bytes(parameterBytes(parameter).value(), 0xEE);
  auto pool = ThreadPool::create(threads);
  generateParameter(parameter, bytes.data(), **pool);
  return bytes;
}

fb::ParameterT describe(fb::ElementType element, uint64_t rows, uint64_t columns, float scale, uint32_t panel = 0) {
  fb::ParameterT parameter;
  parameter.name = "p";
  parameter.element = element;
  parameter.rows = rows;
  parameter.columns = columns;
  parameter.layout = panel ? fb::ParameterLayout::panels : fb::ParameterLayout::row_major;
  parameter.panel = panel;
  parameter.generated.push_back(std::make_unique<fb::GeneratedRowsT>());
  parameter.generated[0]->rows = rows;
  parameter.generated[0]->seed = 1;
  parameter.generated[0]->stream = 2;
  parameter.generated[0]->scale = scale;
  return parameter;
}

template <typename Element>
std::vector<Element> as(const std::vector<uint8_t> &bytes) {
  std::vector<Element> elements(bytes.size() / sizeof(Element));
  memcpy(elements.data(), bytes.data(), bytes.size());
  return elements;
}

// Numbers computed by another program from the text of docs/FileFormat.md.
TEST(ParametersTest, valuesOfTheSpecification) {
  EXPECT_EQ(mixBits(1), 0x5692161D100B05E5u);
  EXPECT_EQ(generatorKey(1, 2), 0xF893A2EEFB32555Eu);
  std::vector<float> values = as<float>(generate(describe(fb::ElementType::f32, 2, 2, 0.5f)));
  EXPECT_EQ(values, (std::vector<float>{0x1.0ca8ec0000000p-2f, -0x1.02efdc0000000p-3f, 0x1.2668900000000p-2f,
                                        -0x1.87d3760000000p-1f}));
}

// Rows 2 to 7 and columns 1 to 4 of a tensor have the numbers that the whole tensor has there.
TEST(ParametersTest, slicesHaveTheNumbersOfTheWhole) {
  std::vector<float> whole = as<float>(generate(describe(fb::ElementType::f32, 9, 6, 0.5f)));
  for (uint32_t panel : {0, 4}) {
    fb::ParameterT slice = describe(fb::ElementType::f32, 5, 3, 0.5f, panel);
    slice.generated[0]->first = 2 * 6 + 1;
    slice.generated[0]->stride = 6;
    std::vector<float> values = as<float>(generate(slice));
    for (uint64_t row = 0; row < 5; ++row)
      for (uint64_t column = 0; column < 3; ++column)
        EXPECT_EQ(values[panel ? row / 4 * 12 + column * 4 + row % 4 : row * 3 + column],
                  whole[(row + 2) * 6 + column + 1])
            << panel << " " << row << " " << column;
  }
}

TEST(ParametersTest, spreadIsTheScale) {
  std::vector<float> values = as<float>(generate(describe(fb::ElementType::f32, 1000, 200, 0.25f)));
  double sum = 0, squares = 0;
  for (float value : values) {
    sum += value;
    squares += double(value) * value;
  }
  double count = double(values.size());
  EXPECT_NEAR(sum / count, 0, 0.002);
  EXPECT_NEAR(std::sqrt(squares / count), 0.25, 0.001);
}

TEST(ParametersTest, scaleZeroIsOne) {
  EXPECT_EQ(as<float>(generate(describe(fb::ElementType::f32, 1, 3, 0))), (std::vector<float>{1, 1, 1}));
  EXPECT_EQ(as<uint16_t>(generate(describe(fb::ElementType::bf16, 1, 2, 0))), (std::vector<uint16_t>{0x3F80, 0x3F80}));
  EXPECT_EQ(as<uint16_t>(generate(describe(fb::ElementType::f16, 1, 2, 0))), (std::vector<uint16_t>{0x3C00, 0x3C00}));
}

// Panels hold the same values elsewhere, and zeros in the rows that fill the
// last one.
TEST(ParametersTest, panels) {
  std::vector<float> rows = as<float>(generate(describe(fb::ElementType::f32, 5, 3, 1)));
  std::vector<float> panels = as<float>(generate(describe(fb::ElementType::f32, 5, 3, 1, 4)));
  ASSERT_EQ(panels.size(), 24u);
  for (size_t r = 0; r < 8; ++r)
    for (size_t c = 0; c < 3; ++c)
      EXPECT_EQ(panels[r / 4 * 12 + c * 4 + r % 4], r < 5 ? rows[r * 3 + c] : 0.0f) << r << ", " << c;
}

// Runs count their elements from their own first row, and the number of threads
// does not matter.
TEST(ParametersTest, runsAndThreads) {
  fb::ParameterT two = describe(fb::ElementType::f32, 900, 300, 1);
  two.generated[0]->rows = 400;
  two.generated.push_back(std::make_unique<fb::GeneratedRowsT>(*two.generated[0]));
  two.generated[1]->rows = 500;
  std::vector<float> values = as<float>(generate(two, 4));
  std::vector<float> run = as<float>(generate(describe(fb::ElementType::f32, 500, 300, 1), 1));
  EXPECT_TRUE(std::equal(run.begin(), run.begin() + 400 * 300, values.begin()));
  EXPECT_TRUE(std::equal(run.begin(), run.end(), values.begin() + 400 * 300));
}

TEST(ParametersTest, roundsToNearestEven) {
  EXPECT_EQ(roundToBf16(1.0f), 0x3F80);
  EXPECT_EQ(roundToBf16(0x1.01p0f), 0x3F80); // half way: even
  EXPECT_EQ(roundToBf16(0x1.03p0f), 0x3F82);
  EXPECT_EQ(roundToBf16(0x1.010002p0f), 0x3F81);
  EXPECT_EQ(roundToBf16(-2.5f), 0xC020);
  EXPECT_EQ(roundToBf16(0x1.fffffep127f), 0x7F80);
  EXPECT_EQ(roundToBf16(NAN) & 0x7FFF, 0x7FC0);
}

// Against the compiler's conversion, for values of every size.
TEST(ParametersTest, roundsToF16) {
  for (uint64_t i = 0; i < 200000; ++i) {
    uint32_t bits = uint32_t(mixBits(i));
    float value;
    memcpy(&value, &bits, sizeof(value));
    value = i % 2 ? std::ldexp(generatedValue(i, i, 1), int(i % 45) - 30) : value;
    _Float16 half = _Float16(value);
    uint16_t expected;
    memcpy(&expected, &half, sizeof(expected));
    if (std::isnan(value))
      EXPECT_EQ(roundToF16(value) & 0x7E00, 0x7E00);
    else
      EXPECT_EQ(roundToF16(value), expected) << value;
  }
}

// Rows that are wider than their columns end with zeros.
TEST(ParametersTest, stride) {
  fb::ParameterT narrow = describe(fb::ElementType::f32, 3, 5, 0.5f), wide = describe(fb::ElementType::f32, 3, 5, 0.5f);
  wide.stride = 8;
  std::vector<float> expected = as<float>(generate(narrow)), values = as<float>(generate(wide));
  ASSERT_EQ(values.size(), 24u);
  for (size_t row = 0; row < 3; ++row)
    for (size_t column = 0; column < 8; ++column)
      EXPECT_EQ(values[row * 8 + column], column < 5 ? expected[row * 5 + column] : 0.0f);
}

// Any piece is the same as in the whole.
TEST(ParametersTest, piecesOfAParameter) {
  for (uint32_t panel : {0, 3, 4}) {
    fb::ParameterT description = describe(fb::ElementType::bf16, 10, 6, 0.5f, panel);
    if (panel == 0)
      description.stride = 7;
    for (uint64_t rows : {0, 1, 4}) { // several runs, an empty one among them
      description.generated.push_back(std::make_unique<fb::GeneratedRowsT>());
      description.generated.back()->rows = rows;
      description.generated.back()->seed = rows;
      description.generated.back()->scale = rows == 1 ? 0.0f : 2.0f;
    }
    description.rows = 15;
    std::vector<uint16_t> whole = as<uint16_t>(generate(description));
    flatbuffers::FlatBufferBuilder builder;
    builder.Finish(fb::Parameter::Pack(builder, &description));
    const auto &parameter = *flatbuffers::GetRoot<fb::Parameter>(builder.GetBufferPointer());
    for (size_t begin = 0; begin <= whole.size(); ++begin)
      for (size_t end = begin; end <= whole.size(); end += 5) {
        std::vector<uint16_t> piece(end - begin);
        generateElements(parameter, begin, end, reinterpret_cast<uint8_t *>(piece.data()));
        EXPECT_TRUE(std::equal(piece.begin(), piece.end(), whole.begin() + long(begin))) << panel << " " << begin;
      }
  }
}

} // namespace
