// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Libraries of the machine that are opened when first needed.

#ifndef YOCO_RUNTIME_CORE_DYNAMICLIBRARY_H
#define YOCO_RUNTIME_CORE_DYNAMICLIBRARY_H

#include "runtime/core/Status.h"

#include <initializer_list>

namespace yoco::runtime {

/// An open library. It stays in the process to its end: drivers do not take to being unloaded.
class DynamicLibrary {
public:
  /// Opens the file that the environment variable `variable` names, or when that is not set the first of `names` that
  /// the dynamic linker finds. The error says for each name why not.
  static Result<DynamicLibrary> open(const char *variable, std::initializer_list<const char *> names);

  /// Null when the library does not define it.
  void *find(const char *symbol) const;
  /// As it was opened.
  const std::string &name() const { return openedName; }

private:
  void *handle = nullptr;
  std::string openedName;
};

} // namespace yoco::runtime

#endif // YOCO_RUNTIME_CORE_DYNAMICLIBRARY_H
