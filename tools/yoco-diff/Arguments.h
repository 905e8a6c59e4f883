// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The command line of yoco-diff.

#ifndef YOCO_TOOLS_YOCODIFF_ARGUMENTS_H
#define YOCO_TOOLS_YOCODIFF_ARGUMENTS_H

#include <cstdint>
#include <optional>
#include <string>

namespace yoco::diff {

constexpr uint64_t kDefaultTokens = 32;

/// Which program's inside is looked at.
enum class Entry { score, decode };

struct Arguments {
  std::string checkpoint;
  std::string model; // "": the reference alone
  std::string tokens = "random:" + std::to_string(kDefaultTokens);
  std::string device; // "": the first target in the file that this machine can run
  Entry entry = Entry::score;
  std::optional<double> tolerance; // none: that of the type that the target computes in
  std::optional<uint64_t> randomWeights;
  std::string logits;       // file for those of the reference; "": none
  std::string exportFolder; // for what another machine compares; "": this one compares
  uint32_t threads = 0;
  bool json = false;
};

/// None when --help or --version has been answered; throws std::runtime_error when the command line makes no sense.
std::optional<Arguments> parseArguments(int argc, char **argv);

} // namespace yoco::diff

#endif // YOCO_TOOLS_YOCODIFF_ARGUMENTS_H
