// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What yoco-bench prints.

#ifndef YOCO_TOOLS_YOCOBENCH_REPORT_H
#define YOCO_TOOLS_YOCOBENCH_REPORT_H

#include "tools/yoco-bench/Ceilings.h"
#include "tools/yoco-bench/Measure.h"

#include <string>
#include <vector>

namespace yoco::bench {

struct Report {
  std::string model;
  uint64_t batch = 1, slots = 1;
  yoco_session_stats stats = {};
  Ceilings ceilings;
  std::vector<Measurement> measurements;
};

std::string makeTable(const Report &report);
std::string makeJson(const Report &report);

} // namespace yoco::bench

#endif // YOCO_TOOLS_YOCOBENCH_REPORT_H
