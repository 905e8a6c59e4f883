// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/common/Progress.h"

#include <cstdio>
#include <string>
#include <unistd.h>

namespace yoco::tools {

constexpr int kBarCells = 40;
constexpr std::chrono::milliseconds kPause(50); // between two pictures

ProgressBar::ProgressBar() : isTerminal(isatty(STDERR_FILENO) == 1) {}

ProgressBar::~ProgressBar() {
  if (isDrawn)
    fputs("\r\033[K", stderr);
}

void ProgressBar::watch(yoco_session_options &options) {
  if (!isTerminal)
    return;
  options.progress_user = this;
  options.progress = [](void *user, uint64_t done, uint64_t total) {
    static_cast<ProgressBar *>(user)->draw(done, total);
    return 0;
  };
}

void ProgressBar::draw(uint64_t done, uint64_t total) {
  auto now = std::chrono::steady_clock::now();
  if (total == 0 || (isDrawn && now - lastDrawn < kPause))
    return;
  isDrawn = true;
  lastDrawn = now;
  double share = double(done) / double(total);
  std::string bar(size_t(share * kBarCells), '#');
  bar.resize(kBarCells, '.');
  fprintf(stderr, "\rweights [%s] %3.0f%% of %.2f GB", bar.c_str(), share * 100, double(total) * 1e-9);
  fflush(stderr);
}

} // namespace yoco::tools
