// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The thread pool: every tile once, many jobs, sleep and wake, two pools at
// once.

#include "runtime/core/ThreadPool.h"

#include <atomic>
#include <chrono>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <numeric>
#include <thread>

using namespace yoco::runtime;

namespace {

/// Runs a job of `tiles` tiles; each must be computed once.
void runAndCheck(Parallel &parallel, uint32_t tiles) {
  std::vector<uint8_t> counts(tiles); // written by whoever has the tile: a race
                                      // would show under a thread sanitizer
  parallelFor(parallel, tiles, [&](uint32_t begin, uint32_t end) {
    ASSERT_LT(begin, end);
    ASSERT_LE(end, tiles);
    for (uint32_t tile = begin; tile < end; ++tile)
      ++counts[tile];
  });
  EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), uint64_t(0)), tiles);
  EXPECT_TRUE(std::all_of(counts.begin(), counts.end(), [](uint8_t count) { return count == 1; }));
}

TEST(ThreadPoolTest, everyTileOnce) {
  for (uint32_t threads : {1, 2, 3, 8}) {
    auto pool = ThreadPool::create(threads);
    ASSERT_TRUE(pool.ok());
    EXPECT_EQ((*pool)->threads(), threads);
    for (uint32_t tiles : {0, 1, 2, 3, 7, 64, 1000, 100000})
      runAndCheck(**pool, tiles);
  }
}

// Short jobs in a row: a thread that is late for one must not touch the next.
TEST(ThreadPoolTest, manyShortJobs) {
  auto pool = ThreadPool::create(4);
  for (uint32_t i = 0; i < 20000; ++i) {
    uint32_t tiles = 2 + i % 9;
    std::atomic<uint32_t> sum{0};
    parallelFor(**pool, tiles, [&](uint32_t begin, uint32_t end) { sum += end - begin; });
    ASSERT_EQ(sum, tiles);
  }
}

// Threads that have gone to sleep wake up, and the caller sleeps while a long
// tile runs.
TEST(ThreadPoolTest, sleepsAndWakes) {
  auto pool = ThreadPool::create(3);
  for (int i = 0; i < 5; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    std::atomic<int> done{0};
    parallelFor(**pool, 3, [&](uint32_t begin, uint32_t end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(3 * (1 + begin)));
      done += int(end - begin);
    });
    EXPECT_EQ(done, 3);
  }
}

TEST(ThreadPoolTest, poolsAreIndependent) {
  std::vector<std::thread> users;
  for (int user = 0; user < 3; ++user)
    users.emplace_back([] {
      auto pool = ThreadPool::create(2);
      for (uint32_t i = 0; i < 500; ++i)
        runAndCheck(**pool, 1 + i % 50);
    });
  for (std::thread &user : users)
    user.join();
}

TEST(ThreadPoolTest, idlePoolEnds) {
  for (int i = 0; i < 50; ++i)
    ASSERT_TRUE(ThreadPool::create(4).ok());
}

TEST(ThreadPoolTest, refusesTooMany) {
  auto pool = ThreadPool::create(5000);
  ASSERT_FALSE(pool.ok());
  EXPECT_STREQ(pool.status().text(), "threads: expected at most 1024, got 5000");
}

} // namespace
