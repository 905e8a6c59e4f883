// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/core/Status.h"

#include <cstdarg>
#include <cstdio>

namespace yoco::runtime {

static std::string formatList(const char *format, va_list arguments) {
  va_list copy;
  va_copy(copy, arguments);
  int size = vsnprintf(nullptr, 0, format, copy);
  va_end(copy);
  if (size < 0)
    return format;
  std::string text(size_t(size), '\0');
  vsnprintf(text.data(), size_t(size) + 1, format, arguments);
  return text;
}

std::string formatString(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  std::string text = formatList(format, arguments);
  va_end(arguments);
  return text;
}

Status makeError(yoco_status code, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  Status status;
  status.failure.reset(new Status::Failure{code, formatList(format, arguments)});
  va_end(arguments);
  return status;
}

} // namespace yoco::runtime
