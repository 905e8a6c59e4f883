// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/yoco-diff/Tokens.h"

#include "runtime/schema/GeneratedParameters.h"
#include "tools/common/CommandLine.h"
#include "tools/common/Output.h"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>

using namespace yoco::tools;

namespace yoco::diff {

static std::string readAll(const std::string &path) {
  if (path == "-")
    return {std::istreambuf_iterator<char>(std::cin), {}};
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file)
    throw std::runtime_error("--tokens: " + printable(path) + ": " + strerror(errno));
  return text;
}

/// Ids with any of `separators` between them.
static std::vector<int32_t> parseIds(std::string_view text, const char *separators) {
  std::vector<int32_t> ids;
  for (size_t begin = text.find_first_not_of(separators); begin != std::string_view::npos;) {
    size_t end = std::min(text.find_first_of(separators, begin), text.size());
    int32_t id = 0;
    auto [last, error] = std::from_chars(text.data() + begin, text.data() + end, id);
    if (error != std::errc() || last != text.data() + end)
      throw std::runtime_error("--tokens: token " + std::to_string(ids.size()) + ": expected an id, got `" +
                               printable(text.substr(begin, end - begin)) + "`");
    ids.push_back(id);
    begin = text.find_first_not_of(separators, end);
  }
  return ids;
}

std::vector<int32_t> readTokens(const std::string &text, uint64_t vocabulary) {
  constexpr std::string_view kRandom = "random:";
  std::vector<int32_t> ids;
  if (text.rfind(kRandom, 0) == 0) {
    uint64_t count = parseWhole("--tokens=random:N", text.substr(kRandom.size()), 1, 1 << 20);
    for (uint64_t i = 0; i < count; ++i)
      ids.push_back(int32_t(mixBits(kGoldenGamma * (i + 1)) % vocabulary));
  } else if (text[0] == '@') {
    ids = parseIds(readAll(text.substr(1)), " \t\r\n\v\f");
  } else {
    ids = parseIds(text, ", ");
  }
  if (ids.empty())
    throw std::runtime_error("--tokens: expected at least one id, got none");
  for (size_t i = 0; i < ids.size(); ++i)
    if (ids[i] < 0 || uint64_t(ids[i]) >= vocabulary)
      throw std::runtime_error("--tokens: token " + std::to_string(i) + ": id " + std::to_string(ids[i]) +
                               " is not in the vocabulary: expected 0 to " + std::to_string(vocabulary - 1));
  return ids;
}

} // namespace yoco::diff
