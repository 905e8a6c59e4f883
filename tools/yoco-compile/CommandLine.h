// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The command line of yoco-compile. CommandLine.cpp alone is compiled with exceptions, which CLI11 needs; no MLIR in
// here.

#ifndef YOCO_TOOLS_YOCO_COMPILE_COMMANDLINE_H
#define YOCO_TOOLS_YOCO_COMPILE_COMMANDLINE_H

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace yoco::compile {

/// What the user asked for; what was left out is absent or empty.
struct CommandLine {
  std::string input;
  std::string output;
  std::vector<std::string> targets;
  std::string dtype;
  std::optional<int64_t> maxSeqLen;
  std::optional<int64_t> maxBatch;
  std::optional<int64_t> prefillChunk;
  std::vector<std::string> placements;
  std::optional<uint64_t> randomWeights;
  std::string compileTo;
  std::string compileFrom;
  bool explainDemand = false;
  std::string demandPicture;
  bool plan = false;
  bool passStatistics = false;
};

/// Text for stdout instead of work: --help and --version.
struct Information {
  std::string text;
};

/// One line about what is wrong.
struct UsageError {
  std::string message;
};

using ParsedCommandLine = std::variant<CommandLine, Information, UsageError>;

/// Checks everything that can be checked without looking at files.
ParsedCommandLine parseCommandLine(int argc, const char *const *argv);

} // namespace yoco::compile

#endif // YOCO_TOOLS_YOCO_COMPILE_COMMANDLINE_H
