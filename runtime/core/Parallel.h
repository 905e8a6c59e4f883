// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Running the tiles of a job on several threads.

#ifndef YOCO_RUNTIME_CORE_PARALLEL_H
#define YOCO_RUNTIME_CORE_PARALLEL_H

#include "yoco/yoco.h"

#include <cstdint>

namespace yoco::runtime {

/// Computes tiles begin .. end of a job.
using TileFunction = void (*)(void *context, uint32_t begin, uint32_t end);

/// Something that runs jobs, one at a time.
class Parallel {
public:
  virtual ~Parallel() = default;
  /// Calls `body` for disjoint ranges that cover 0 .. tiles, and returns when
  /// all are done.
  virtual void run(uint32_t tiles, TileFunction body, void *context) = 0;
};

/// As above, for anything that can be called with (begin, end).
template <typename Body>
void parallelFor(Parallel &parallel, uint32_t tiles, Body body) {
  parallel.run(
      tiles, [](void *context, uint32_t begin, uint32_t end) { (*static_cast<Body *>(context))(begin, end); }, &body);
}

/// The caller's parallel-for.
class CallerParallel final : public Parallel {
public:
  CallerParallel(yoco_parallel_for function, void *user) : function(function), user(user) {}
  void run(uint32_t tiles, TileFunction body, void *context) override {
    if (tiles != 0)
      function(user, tiles, body, context);
  }

private:
  yoco_parallel_for function;
  void *user;
};

} // namespace yoco::runtime

#endif // YOCO_RUNTIME_CORE_PARALLEL_H
