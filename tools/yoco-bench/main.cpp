// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// yoco-bench: times of a model file beside what its plan says cannot be done without.

#include "tools/common/CommandLine.h"
#include "tools/common/Output.h"
#include "tools/yoco-bench/GpuCeilings.h"
#include "tools/yoco-bench/Report.h"

#include <string_view>

namespace yoco::bench {

/// Of `cuda:N`, which the runtime has accepted; else 0.
static uint32_t ordinalOf(const std::string &device) {
  size_t colon = device.find(':');
  return colon == std::string::npos ? 0 : uint32_t(std::stoul(device.substr(colon + 1)));
}

static void run(const Arguments &arguments) {
  Bench bench(arguments);
  Report report;
  report.model = tools::printable(arguments.model);
  report.batch = arguments.batch;
  report.slots = arguments.slots;
  report.stats = bench.stats();
  std::optional<HostCeilings> host;
  std::optional<GpuCeilings> gpu;
  if (std::string_view(report.stats.device) == "host")
    host.emplace(report.stats.threads);
  else
    gpu.emplace(arguments.model, bench.variantIndex(), ordinalOf(arguments.device), report.stats.bounds.prefill_chunk);
  auto measureCeilings = [&] {
    if (gpu)
      return improve(report.ceilings, gpu->measure());
    host->measure();
    report.ceilings = host->best();
  };
  // Before and after each length: other work on the machine comes and goes.
  for (uint64_t context : arguments.contexts) {
    measureCeilings();
    report.measurements.push_back(bench.measure(context));
  }
  measureCeilings();
  tools::print(arguments.json ? makeJson(report) : makeTable(report));
}

} // namespace yoco::bench

int main(int argc, char **argv) {
  return yoco::tools::runTool("yoco-bench", [&] {
    if (auto arguments = yoco::bench::parseArguments(argc, argv))
      yoco::bench::run(*arguments);
  });
}
