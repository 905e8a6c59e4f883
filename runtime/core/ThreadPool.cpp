// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/core/ThreadPool.h"

#include <algorithm>
#include <cstring>
#include <thread>

namespace yoco::runtime {

namespace {

/// Rounds of waiting before a thread sleeps: some tens of microseconds.
constexpr int kSpinRounds = 2000;
/// Tiles are handed out so that each thread comes back about this many times.
constexpr uint32_t kGrabsPerThread = 4;
/// Kernels may use 256 KiB of stack (docs/KernelABI.md).
constexpr size_t kStackSize = size_t(1) << 20;
/// First tile of a closed ticket: larger than any job.
constexpr uint64_t kClosed = UINT32_MAX;

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  std::this_thread::yield();
#endif
}

uint32_t jobNumber(uint64_t ticket) { return uint32_t(ticket >> 32); }
bool isClosed(uint64_t ticket) { return uint32_t(ticket) == kClosed; }

} // namespace

Result<std::unique_ptr<ThreadPool>> ThreadPool::create(uint32_t threads) {
  if (threads == 0)
    threads = std::clamp<uint32_t>(std::thread::hardware_concurrency(), 1, kMostThreads);
  if (threads > kMostThreads)
    return makeError(YOCO_INVALID_ARGUMENT, "threads: expected at most %u, got %u", kMostThreads, threads);
  std::unique_ptr<ThreadPool> pool(new ThreadPool());
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStackSize);
  int error = 0;
  pool->workers.reserve(threads - 1);
  while (error == 0 && pool->workers.size() + 1 < threads) {
    pthread_t worker;
    error = pthread_create(&worker, &attributes, workerMain, pool.get());
    if (error == 0)
      pool->workers.push_back(worker);
  }
  pthread_attr_destroy(&attributes);
  if (error != 0)
    return makeError(YOCO_OUT_OF_MEMORY, "cannot start thread %zu of %u: %s", pool->workers.size() + 2, threads,
                     strerror(error));
  return pool;
}

ThreadPool::~ThreadPool() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    stopping.store(true);
  }
  jobPublished.notify_all();
  for (pthread_t worker : workers)
    pthread_join(worker, nullptr);
}

void ThreadPool::run(uint32_t tiles, TileFunction body, void *context) {
  if (tiles == 0)
    return;
  if (tiles == 1 || workers.empty())
    return body(context, 0, tiles);
  // Closing comes first: from here on no thread can take tiles with what it has
  // read of the old job.
  uint64_t number = uint64_t(jobNumber(ticket.load(std::memory_order_relaxed)) + 1) << 32;
  ticket.store(number | kClosed);
  jobBody.store(body, std::memory_order_release);
  jobContext.store(context, std::memory_order_release);
  jobTiles.store(tiles, std::memory_order_release);
  jobGrain.store(std::max<uint32_t>(1, tiles / (threads() * kGrabsPerThread)), std::memory_order_release);
  finished.store(0, std::memory_order_release);
  ticket.store(number);
  if (sleepers.load() != 0) {
    std::lock_guard<std::mutex> lock(mutex);
    jobPublished.notify_all();
  }
  while (takeTiles()) {
  }
  waitUntilFinished(tiles);
}

/// Takes some tiles of the current job and computes them. False when there are
/// none left.
bool ThreadPool::takeTiles() {
  uint64_t current = ticket.load(std::memory_order_acquire);
  for (;;) {
    uint32_t begin = uint32_t(current);
    uint32_t tiles = jobTiles.load(std::memory_order_acquire);
    uint32_t grain = jobGrain.load(std::memory_order_acquire);
    TileFunction body = jobBody.load(std::memory_order_acquire);
    void *context = jobContext.load(std::memory_order_acquire);
    if (isClosed(current) || begin >= tiles)
      return false;
    uint32_t count = std::min(grain, tiles - begin);
    if (!ticket.compare_exchange_weak(current, current + count, std::memory_order_acq_rel, std::memory_order_acquire))
      continue;
    body(context, begin, begin + count);
    if (finished.fetch_add(count) + count == tiles && callerSleeps.load()) {
      std::lock_guard<std::mutex> lock(mutex);
      jobFinished.notify_one();
    }
    return true;
  }
}

void ThreadPool::waitUntilFinished(uint32_t tiles) {
  for (int round = 0; round < kSpinRounds; ++round) {
    if (finished.load(std::memory_order_acquire) == tiles)
      return;
    pause();
  }
  std::unique_lock<std::mutex> lock(mutex);
  callerSleeps.store(true);
  jobFinished.wait(lock, [&] { return finished.load() == tiles; });
  callerSleeps.store(false);
}

/// Waits for an open job other than number `seen`, and returns its number.
uint32_t ThreadPool::waitForJob(uint32_t seen) {
  auto published = [&] {
    uint64_t current = ticket.load();
    return stopping.load() || (jobNumber(current) != seen && !isClosed(current));
  };
  for (int round = 0; round < kSpinRounds; ++round) {
    if (published())
      return jobNumber(ticket.load());
    pause();
  }
  std::unique_lock<std::mutex> lock(mutex);
  ++sleepers;
  jobPublished.wait(lock, published);
  --sleepers;
  return jobNumber(ticket.load());
}

void ThreadPool::work() {
  for (uint32_t seen = 0;;) {
    seen = waitForJob(seen);
    if (stopping.load())
      return;
    while (takeTiles()) {
    }
  }
}

void *ThreadPool::workerMain(void *pool) {
  static_cast<ThreadPool *>(pool)->work();
  return nullptr;
}

} // namespace yoco::runtime
