// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Threads that take the tiles of a job from each other's hands.
//
// A job is published by storing its number in the upper half of `ticket` and
// the first free tile, 0, in the lower. Whoever wants work raises the lower
// half by compare-exchange, which fails as soon as the job's number has
// changed, so a thread that wakes up late can neither take tiles of a job that
// it has not looked at nor hold up one that is done without it. The job's
// fields are written between closing the old ticket and publishing the new one;
// a thread that reads some of them too early has its compare-exchange fail. A
// job is done when `finished` counts all its tiles.
//
// Threads wait by spinning for some microseconds and then on a condition
// variable.

#ifndef YOCO_RUNTIME_CORE_THREADPOOL_H
#define YOCO_RUNTIME_CORE_THREADPOOL_H

#include "runtime/core/Parallel.h"
#include "runtime/core/Status.h"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <pthread.h>
#include <vector>

namespace yoco::runtime {

class ThreadPool final : public Parallel {
public:
  static constexpr uint32_t kMostThreads = 1024;

  /// A pool of `threads` threads, the calling one included; 0: one per hardware
  /// thread.
  static Result<std::unique_ptr<ThreadPool>> create(uint32_t threads);
  ~ThreadPool() override;

  uint32_t threads() const { return uint32_t(workers.size()) + 1; }
  /// Only one thread may call this at a time.
  void run(uint32_t tiles, TileFunction body, void *context) override;

private:
  ThreadPool() = default;
  static void *workerMain(void *pool);
  void work();
  bool takeTiles();
  uint32_t waitForJob(uint32_t seen);
  void waitUntilFinished(uint32_t tiles);

  std::vector<pthread_t> workers;

  alignas(64) std::atomic<uint64_t> ticket{0};
  std::atomic<TileFunction> jobBody{nullptr};
  std::atomic<void *> jobContext{nullptr};
  std::atomic<uint32_t> jobTiles{0};
  std::atomic<uint32_t> jobGrain{1};
  alignas(64) std::atomic<uint32_t> finished{0};

  std::atomic<uint32_t> sleepers{0};
  std::atomic<bool> callerSleeps{false};
  std::atomic<bool> stopping{false};
  std::mutex mutex;
  std::condition_variable jobPublished;
  std::condition_variable jobFinished;
};

} // namespace yoco::runtime

#endif // YOCO_RUNTIME_CORE_THREADPOOL_H
