// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Wall-clock time for statistics.

#ifndef YOCO_RUNTIME_CORE_CLOCK_H
#define YOCO_RUNTIME_CORE_CLOCK_H

#include <chrono>

namespace yoco::runtime {

/// Seconds since it was made.
class Stopwatch {
public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); }

private:
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
};

} // namespace yoco::runtime

#endif // YOCO_RUNTIME_CORE_CLOCK_H
