// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sampling, against a plain implementation that sorts.

#include "runtime/schema/GeneratedParameters.h"
#include "yoco/yoco.h"

#include <algorithm>
#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <numeric>
#include <set>
#include <vector>

using testing::HasSubstr;

namespace {

using Logits = std::vector<float>;

yoco_sampling_options options(float temperature, uint32_t topK = 0, float topP = 0, uint64_t seed = 0) {
  yoco_sampling_options result = {};
  result.struct_size = sizeof(result);
  result.temperature = temperature;
  result.top_k = topK;
  result.top_p = topP;
  result.seed = seed;
  return result;
}

int32_t draw(const Logits &logits, const yoco_sampling_options &how, uint64_t counter = 0) {
  int32_t id = -1;
  char error[256] = "";
  EXPECT_EQ(yoco_sample(logits.data(), uint32_t(logits.size()), &how, counter, &id, error, sizeof(error)), YOCO_OK)
      << error;
  return id;
}

std::set<int32_t> drawMany(const Logits &logits, const yoco_sampling_options &how, int count = 3000) {
  std::set<int32_t> ids;
  for (int i = 0; i < count; ++i)
    ids.insert(draw(logits, how, uint64_t(i)));
  return ids;
}

/// The ids that top-k and then top-p leave, by sorting.
std::set<int32_t> keptBySorting(const Logits &logits, const yoco_sampling_options &how) {
  std::vector<int32_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    float x = logits[size_t(a)], y = logits[size_t(b)];
    return x != y ? x > y : a < b;
  });
  if (how.top_k != 0 && how.top_k < order.size())
    order.resize(how.top_k);
  auto weight = [&](int32_t id) {
    return std::exp((double(logits[size_t(id)]) - logits[size_t(order[0])]) / how.temperature);
  };
  double mass = 0, sum = 0;
  for (int32_t id : order)
    mass += weight(id);
  if (how.top_p > 0 && how.top_p < 1)
    for (size_t i = 0; i < order.size(); ++i)
      if ((sum += weight(order[i])) >= double(how.top_p) * mass) {
        order.resize(i + 1);
        break;
      }
  return {order.begin(), order.end()};
}

TEST(SamplingTest, greedy) {
  EXPECT_EQ(draw({1, 3, 2}, options(0)), 1);
  EXPECT_EQ(draw({-1, 5, 5, 5}, options(0)), 1) << "the lowest of equals";
  EXPECT_EQ(draw({-INFINITY, -INFINITY}, options(0)), 0);
  EXPECT_EQ(draw({0.0f, -0.0f}, options(0)), 0);
  int32_t id;
  Logits logits = {1, 2};
  EXPECT_EQ(yoco_sample(logits.data(), 2, nullptr, 0, &id, nullptr, 0), YOCO_OK);
  EXPECT_EQ(id, 1);
}

TEST(SamplingTest, notANumber) {
  Logits logits = {NAN, 1, NAN, 2};
  EXPECT_EQ(draw(logits, options(0)), 3);
  EXPECT_EQ(drawMany(logits, options(1)), (std::set<int32_t>{1, 3}));
  EXPECT_EQ(drawMany(logits, options(1, 3, 0.99f)), (std::set<int32_t>{1, 3}));
  EXPECT_EQ(draw({1, INFINITY, INFINITY}, options(1)), 1);
  Logits none = {NAN, NAN};
  int32_t id;
  char error[256];
  auto how = options(1);
  EXPECT_EQ(yoco_sample(none.data(), 2, &how, 0, &id, error, sizeof(error)), YOCO_INVALID_ARGUMENT);
  EXPECT_THAT(error, HasSubstr("NaN in all of 2"));
}

// The kept ids are those that sorting gives, with ties broken by id, for many
// shapes of logits.
TEST(SamplingTest, keepsWhatSortingKeeps) {
  for (uint64_t round = 0; round < 60; ++round) {
    Logits logits;
    for (uint64_t i = 0; i < 12; ++i) {
      float value = yoco::generatedValue(round, i, 1.0f);
      logits.push_back(round % 2 ? std::round(value * 2) / 2 : value); // with ties, or without
    }
    yoco_sampling_options how =
        options(round % 3 ? 1.0f : 3.0f, uint32_t(round % 5 * 2), round % 4 ? 0.2f * float(round % 4) : 0);
    EXPECT_EQ(drawMany(logits, how), keptBySorting(logits, how)) << round;
  }
}

TEST(SamplingTest, frequenciesFollowProbabilities) {
  Logits logits = {0, std::log(2.0f), std::log(5.0f)};
  int counts[3] = {};
  for (int i = 0; i < 40000; ++i)
    ++counts[draw(logits, options(1, 0, 0, 9), uint64_t(i))];
  EXPECT_NEAR(counts[0] / 40000.0, 0.125, 0.01);
  EXPECT_NEAR(counts[1] / 40000.0, 0.25, 0.01);
  EXPECT_NEAR(counts[2] / 40000.0, 0.625, 0.01);
}

TEST(SamplingTest, seedAndCounterDecide) {
  Logits logits(100, 0.0f);
  int differences = 0;
  for (uint64_t i = 0; i < 100; ++i) {
    EXPECT_EQ(draw(logits, options(1, 0, 0, 5), i), draw(logits, options(1, 0, 0, 5), i));
    differences += draw(logits, options(1, 0, 0, 5), i) != draw(logits, options(1, 0, 0, 6), i);
  }
  EXPECT_GT(differences, 80);
}

TEST(SamplingTest, tinyAndHugeTemperatures) {
  Logits logits = {1, 1.5f, -40};
  EXPECT_EQ(drawMany(logits, options(1e-30f)), (std::set<int32_t>{1}));
  EXPECT_EQ(drawMany(logits, options(1e30f)), (std::set<int32_t>{0, 1, 2}));
}

TEST(SamplingTest, refusesBadOptions) {
  Logits logits = {1, 2};
  int32_t id;
  char error[256];
  for (const auto &how :
       {options(-1), options(NAN), options(INFINITY), options(1, 0, 1.5f), options(1, 0, NAN), options(1, 0, -0.5f)})
    EXPECT_EQ(yoco_sample(logits.data(), 2, &how, 0, &id, error, sizeof(error)), YOCO_INVALID_ARGUMENT);
  EXPECT_THAT(error, HasSubstr("top_p: expected a number from 0 to 1, got -0.5"));
}

} // namespace
