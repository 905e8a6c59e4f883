// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A bar that shows how far weights are on their way to a device.

#ifndef YOCO_TOOLS_COMMON_PROGRESS_H
#define YOCO_TOOLS_COMMON_PROGRESS_H

#include "yoco/yoco.h"

#include <chrono>

namespace yoco::tools {

/// Draws on standard error, when that is a terminal, and leaves nothing there in the end.
class ProgressBar {
public:
  ProgressBar();
  ProgressBar(const ProgressBar &) = delete;
  ~ProgressBar();

  /// Has sessions made with `options` report to this bar, which must outlive their creation.
  void watch(yoco_session_options &options);

private:
  void draw(uint64_t done, uint64_t total);

  bool isTerminal, isDrawn = false;
  std::chrono::steady_clock::time_point lastDrawn;
};

} // namespace yoco::tools

#endif // YOCO_TOOLS_COMMON_PROGRESS_H
