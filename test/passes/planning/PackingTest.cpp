// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/planning/Packing.h"
#include <algorithm>
#include <chrono>
#include <gtest/gtest.h>
#include <random>
#include <vector>

using namespace mlir::yoco;

namespace {

bool areAliveTogether(const LiveInterval &a, const LiveInterval &b) { return a.first <= b.last && b.first <= a.last; }

void expectDisjoint(const std::vector<LiveInterval> &intervals, int64_t height) {
  for (size_t i = 0; i < intervals.size(); ++i) {
    ASSERT_GE(intervals[i].offset, 0);
    ASSERT_LE(intervals[i].offset + intervals[i].size, height);
    for (size_t j = 0; j < i; ++j) {
      const LiveInterval &a = intervals[i], &b = intervals[j];
      ASSERT_TRUE(!areAliveTogether(a, b) || a.offset + a.size <= b.offset || b.offset + b.size <= a.offset)
          << i << " and " << j;
    }
  }
}

/// The most bytes alive at one instant: no plan can do with less.
int64_t getMostAlive(const std::vector<LiveInterval> &intervals) {
  int64_t most = 0;
  for (const LiveInterval &at : intervals) {
    int64_t alive = 0;
    for (const LiveInterval &other : intervals)
      alive += other.first <= at.first && at.first <= other.last ? other.size : 0;
    most = std::max(most, alive);
  }
  return most;
}

std::vector<LiveInterval> makeRandom(std::mt19937 &random, size_t count, int64_t instants, int64_t longest) {
  std::vector<LiveInterval> intervals;
  for (size_t i = 0; i < count; ++i) {
    int64_t first = int64_t(random() % instants) - 1;
    intervals.push_back({first, first + int64_t(random() % longest), 64 * (1 + int64_t(random() % 100))});
  }
  return intervals;
}

TEST(Packing, NothingNeedsNothing) {
  EXPECT_EQ(placeBestFit({}), 0);
  EXPECT_EQ(placeNaively({}), 0);
}

TEST(Packing, OneIntervalBeginsAtZero) {
  std::vector<LiveInterval> one = {{5, 7, 64, -1}};
  EXPECT_EQ(placeBestFit(one), 64);
  EXPECT_EQ(one[0].offset, 0);
}

TEST(Packing, RandomIntervalsAreDisjointAndNeverWorseThanNaive) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    std::vector<LiveInterval> intervals = makeRandom(random, 1 + random() % 60, 1 + random() % 40, 1 + random() % 20);
    std::vector<LiveInterval> naive = intervals;
    int64_t height = placeBestFit(intervals);
    expectDisjoint(intervals, height);
    EXPECT_GE(height, getMostAlive(intervals));
    EXPECT_LE(height, placeNaively(naive));
    expectDisjoint(naive, placeNaively(naive));
  }
}

TEST(Packing, EqualInputGivesEqualOffsets) {
  std::mt19937 random(2);
  std::vector<LiveInterval> a = makeRandom(random, 500, 300, 20), b = a;
  EXPECT_EQ(placeBestFit(a), placeBestFit(b));
  for (size_t i = 0; i < a.size(); ++i)
    EXPECT_EQ(a[i].offset, b[i].offset);
}

// 10,000 buffers, a few of them alive all the time, as in a model of a thousand layers.
TEST(Packing, ManyBuffersTakeSeconds) {
  std::mt19937 random(3);
  std::vector<LiveInterval> intervals = makeRandom(random, 10000, 10000, 8);
  for (int i = 0; i < 4; ++i)
    intervals.push_back({-1, 10010, 64});
  auto begin = std::chrono::steady_clock::now();
  int64_t height = placeBestFit(intervals);
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  EXPECT_LT(height, 64 * 100 * 60);
  EXPECT_LT(seconds, 10.0);
}

} // namespace
