// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the command lines of yoco-run and yoco-bench share. Options come as text: CLI11's own conversions explain too
// little.

#ifndef YOCO_TOOLS_COMMON_COMMANDLINE_H
#define YOCO_TOOLS_COMMON_COMMANDLINE_H

#include <cstdint>
#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace yoco::tools {

/// Throws std::runtime_error: the flag expected something else than it got.
[[noreturn]] void fail(const std::string &flag, const std::string &expected, const std::string &got);

/// A whole number within bounds; throws std::runtime_error when `text` is none.
uint64_t parseWhole(const char *flag, const std::string &text, uint64_t least, uint64_t most);

/// `host`, `cuda` or `cuda:N` as the runtime takes it; throws std::runtime_error for anything else.
std::string parseDevice(const std::string &text);

/// Reads the command line. False when --help or --version has been answered; throws std::runtime_error when the command
/// line makes no sense.
bool parse(CLI::App &app, int argc, char **argv);

/// Calls `body` with sound standard streams. Returns the exit status: 1 after an exception, whose text goes to standard
/// error on one line after the name of the tool.
int runTool(const char *name, const std::function<void()> &body);

} // namespace yoco::tools

#endif // YOCO_TOOLS_COMMON_COMMANDLINE_H
