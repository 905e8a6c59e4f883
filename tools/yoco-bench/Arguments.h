// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The command line of yoco-bench.

#ifndef YOCO_TOOLS_YOCOBENCH_ARGUMENTS_H
#define YOCO_TOOLS_YOCOBENCH_ARGUMENTS_H

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace yoco::bench {

struct Arguments {
  std::string model;
  std::string device;             // "": the first target that this machine can run
  std::vector<uint64_t> contexts; // tokens; rising
  uint64_t batch = 1;
  uint64_t slots = 1; // of the session, at least `batch`
  bool noGraphs = false;
  bool json = false;
};

/// Reads the command line. Nothing is returned when --help or --version has been answered; throws std::runtime_error
/// when the command line makes no sense.
std::optional<Arguments> parseArguments(int argc, char **argv);

} // namespace yoco::bench

#endif // YOCO_TOOLS_YOCOBENCH_ARGUMENTS_H
