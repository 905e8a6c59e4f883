// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/common/CommandLine.h"

#include "tools/common/Output.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string_view>

namespace yoco::tools {

void fail(const std::string &flag, const std::string &expected, const std::string &got) {
  throw std::runtime_error(flag + ": expected " + expected + ", got `" + printable(got) + "`");
}

uint64_t parseWhole(const char *flag, const std::string &text, uint64_t least, uint64_t most) {
  uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && value >= least && value <= most)
    return value;
  fail(flag, "a whole number from " + std::to_string(least) + " to " + std::to_string(most), text);
}

std::string parseDevice(const std::string &text) {
  constexpr std::string_view kNumbered = "cuda:";
  if (text.rfind(kNumbered, 0) == 0)
    return std::string(kNumbered) +
           std::to_string(parseWhole("--device=cuda:N", text.substr(kNumbered.size()), 0, 1023));
  if (text != "host" && text != "cuda")
    fail("--device", "host or cuda[:N]", text);
  return text;
}

bool parse(CLI::App &app, int argc, char **argv) {
  try {
    app.parse(argc, argv);
    return true;
  } catch (const CLI::Success &request) {
    app.exit(request);
    return false;
  } catch (const CLI::ParseError &error) {
    throw std::runtime_error(std::string(error.what()) + " (" + app.get_name() + " --help has examples)");
  }
}

int runTool(const char *name, const std::function<void()> &body) {
  try {
    prepareStandardStreams();
    body();
    return 0;
  } catch (const std::exception &error) {
    std::string text = error.what();
    std::replace(text.begin(), text.end(), '\n', ' ');
    fprintf(stderr, "%s: %s\n", name, text.c_str());
    return 1;
  }
}

} // namespace yoco::tools
