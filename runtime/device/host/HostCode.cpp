// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/device/host/HostCode.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

namespace yoco::runtime {

HostCode::~HostCode() {
  if (library)
    dlclose(library);
  if (descriptor >= 0)
    close(descriptor);
}

static Status writeAll(int descriptor, const uint8_t *bytes, uint64_t size) {
  constexpr uint64_t kMostAtOnce = uint64_t(1) << 30;
  while (size != 0) {
    ssize_t written = write(descriptor, bytes, size_t(std::min(size, kMostAtOnce)));
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return makeError(YOCO_OUT_OF_MEMORY, "code: cannot be copied to memory: %s", strerror(errno));
    bytes += written;
    size -= uint64_t(written);
  }
  return Status();
}

Result<HostCode> HostCode::load(const uint8_t *bytes, uint64_t size) {
  YOCO_RETURN_IF_ERROR(checkSharedObject(bytes, size));
  HostCode code;
  code.descriptor = memfd_create("yoco-kernels", MFD_CLOEXEC);
  if (code.descriptor < 0)
    return makeError(YOCO_UNSUPPORTED, "code: memfd_create failed: %s", strerror(errno));
  YOCO_RETURN_IF_ERROR(writeAll(code.descriptor, bytes, size));
  std::string path = formatString("/proc/self/fd/%d", code.descriptor);
  code.library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!code.library)
    return makeError(YOCO_UNSUPPORTED, "code: cannot be loaded: %s", dlerror());
  return code;
}

Result<HostKernel> HostCode::find(const char *name) const {
  void *address = dlsym(library, name);
  if (!address)
    return makeError(YOCO_INVALID_FILE, "the code defines no kernel `%s`", name);
  return reinterpret_cast<HostKernel>(address);
}

} // namespace yoco::runtime
