// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where in a plan something stands, for error texts:
// variants[0].entries[1].instructions[7].

#ifndef YOCO_RUNTIME_MODEL_PATH_H
#define YOCO_RUNTIME_MODEL_PATH_H

#include "runtime/core/Status.h"

#include <cstdint>
#include <string>

namespace yoco::runtime {

/// A place, as a list of steps down from the root that lives on the stack. Text
/// is made only when something is wrong.
class Path {
public:
  Path() = default;
  Path(const Path &parent, const char *field, int64_t index = -1) : parent(&parent), field(field), index(index) {}

  std::string text() const {
    if (!parent)
      return "";
    std::string result = parent->text();
    if (!result.empty())
      result += '.';
    result += field;
    if (index >= 0)
      result += '[' + std::to_string(index) + ']';
    return result;
  }

private:
  const Path *parent = nullptr;
  const char *field = "";
  int64_t index = -1;
};

} // namespace yoco::runtime

/// The error "place: text" of a malformed file.
#define YOCO_PLAN_ERROR(path, format, ...)                                                                             \
  ::yoco::runtime::makeError(YOCO_INVALID_FILE, "%s: " format, (path).text().c_str(), ##__VA_ARGS__)

#endif // YOCO_RUNTIME_MODEL_PATH_H
