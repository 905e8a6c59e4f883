// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The command line of yoco-run.

#ifndef YOCO_TOOLS_YOCORUN_ARGUMENTS_H
#define YOCO_TOOLS_YOCORUN_ARGUMENTS_H

#include "yoco/yoco.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace yoco::run {

struct Arguments {
  std::string model;
  std::string device; // "": the first target that this machine can run
  std::optional<std::string> prompt;
  std::optional<std::string> promptTokens; // a file; "-": standard input
  std::optional<uint64_t> maxNewTokens;
  yoco_sampling_options sampling = {};
  bool ignoreEos = false;
  bool printTokens = false;
  bool score = false;
  std::string logits; // file to write; "": none
  std::vector<std::string> continuations;        // texts to score after the prompt
  std::optional<std::string> continuationTokens; // a file with the ids of one on each line; "-": standard input
  uint32_t threads = 0;
  uint64_t maxSeqLen = 0;
  uint64_t maxBatch = 0;
  yoco_verify verify = YOCO_VERIFY_FULL;
  bool noGraphs = false;
  bool stats = false;
  bool describe = false;

  bool hasContinuations() const { return continuationTokens || !continuations.empty(); }
};

/// What `--max-new-tokens` is when it is not given and the sequence bound
/// leaves that much room.
constexpr uint64_t kDefaultNewTokens = 128;

/// Reads the command line. Nothing is returned when --help or --version has
/// been answered; throws std::runtime_error when the command line makes no
/// sense.
std::optional<Arguments> parseArguments(int argc, char **argv);

} // namespace yoco::run

#endif // YOCO_TOOLS_YOCORUN_ARGUMENTS_H
