// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The loops of an evaluation that are worth several threads.

#ifndef YOCO_COMPILER_INTERPRETER_PARALLEL_H
#define YOCO_COMPILER_INTERPRETER_PARALLEL_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace mlir::yoco {

/// Calls `body` with each number below `count`, in any order, on at most `threads` threads. What a call computes must
/// not depend on other calls, so that results do not depend on the number of threads.
inline void parallelFor(int64_t count, unsigned threads, llvm::function_ref<void(int64_t)> body) {
  std::atomic<int64_t> next{0};
  auto work = [&] {
    for (int64_t i = next++; i < count; i = next++)
      body(i);
  };
  std::vector<std::thread> others;
  for (int64_t i = 1; i < std::min<int64_t>(threads, count); ++i)
    others.emplace_back(work);
  work();
  for (std::thread &thread : others)
    thread.join();
}

} // namespace mlir::yoco

#endif // YOCO_COMPILER_INTERPRETER_PARALLEL_H
