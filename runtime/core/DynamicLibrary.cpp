// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/core/DynamicLibrary.h"

#include <cstdlib>
#include <dlfcn.h>

namespace yoco::runtime {

Result<DynamicLibrary> DynamicLibrary::open(const char *variable, std::initializer_list<const char *> names) {
  std::string reasons;
  auto tryName = [&](const char *name) {
    DynamicLibrary library;
    library.handle = dlopen(name, RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE);
    library.openedName = name;
    if (!library.handle) {
      const char *reason = dlerror();
      reasons += (reasons.empty() ? "" : "; ") + std::string(reason ? reason : name);
    }
    return library;
  };
  if (const char *named = getenv(variable); named && *named) {
    if (DynamicLibrary library = tryName(named); library.handle)
      return library;
    return makeError(YOCO_UNSUPPORTED, "%s (as %s says)", reasons.c_str(), variable);
  }
  for (const char *name : names)
    if (DynamicLibrary library = tryName(name); library.handle)
      return library;
  return makeError(YOCO_UNSUPPORTED, "%s", reasons.c_str());
}

void *DynamicLibrary::find(const char *symbol) const { return dlsym(handle, symbol); }

} // namespace yoco::runtime
