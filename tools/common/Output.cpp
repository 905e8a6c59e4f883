// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/common/Output.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <stdexcept>
#include <unistd.h>

namespace yoco::tools {

void prepareStandardStreams() {
  signal(SIGPIPE, SIG_IGN);
  for (int number = 0; number <= 2; ++number)
    // Opened the wrong way round, so that use of it fails as use of a closed
    // one does. open() takes the lowest number.
    if (fcntl(number, F_GETFD) < 0 && open("/dev/null", number == 0 ? O_WRONLY : O_RDONLY) < 0)
      return;
}

void print(std::string_view text) {
  while (!text.empty()) {
    ssize_t written = write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      throw std::runtime_error(std::string("standard output: cannot write: ") + strerror(errno));
    text.remove_prefix(size_t(written));
  }
}

std::string printable(std::string_view text) {
  constexpr size_t kMost = 60;
  std::string result;
  for (char c : text.substr(0, kMost)) {
    char escaped[8];
    if (c >= 0x20 && c <= 0x7E)
      result += c;
    else
      result.append(escaped,
                    size_t(snprintf(escaped, sizeof(escaped), "\\x%02X", unsigned(static_cast<unsigned char>(c)))));
  }
  return text.size() > kMost ? result + "..." : result;
}

} // namespace yoco::tools
