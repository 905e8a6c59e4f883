// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The shared object of a host variant: checked, then loaded from memory.

#ifndef YOCO_RUNTIME_DEVICE_HOST_HOSTCODE_H
#define YOCO_RUNTIME_DEVICE_HOST_HOSTCODE_H

#include "runtime/core/Status.h"

#include <cstdint>
#include <utility>

namespace yoco::runtime {

/// As docs/KernelABI.md says.
using HostKernel = void (*)(const uint64_t *arguments, uint32_t tileBegin, uint32_t tileEnd);

/// Checks that `bytes` is an ELF shared object for this machine that stands
/// alone: no undefined symbols, no needed libraries, no initialisers, and
/// tables that lie within it.
Status checkSharedObject(const uint8_t *bytes, uint64_t size);

/// A loaded shared object.
class HostCode {
public:
  HostCode() = default;
  HostCode(HostCode &&other) noexcept { *this = std::move(other); }
  HostCode &operator=(HostCode &&other) noexcept {
    std::swap(library, other.library);
    std::swap(descriptor, other.descriptor);
    return *this;
  }
  ~HostCode();

  /// Checks and loads.
  static Result<HostCode> load(const uint8_t *bytes, uint64_t size);
  Result<HostKernel> find(const char *name) const;

private:
  void *library = nullptr;
  int descriptor = -1; // open as long as the library: its number is in the
                       // library's name, which must be unique
};

} // namespace yoco::runtime

#endif // YOCO_RUNTIME_DEVICE_HOST_HOSTCODE_H
