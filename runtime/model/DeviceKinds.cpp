// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/model/DeviceKinds.h"

#include <string_view>

namespace yoco::runtime {

namespace {

/// Threads of the host take tiles by numbers of 32 bits, and one number has to be left for the end. A GPU's grid has
/// one bit less. CUDA gives arguments 4 KiB.
constexpr DeviceKind kKinds[] = {
    // name, code, images, products, words, tiles
    {"host", Presence::required, Presence::refused, false, UINT64_MAX, UINT32_MAX - 1},
    {"cuda", Presence::refused, Presence::required, true, 512, INT32_MAX},
};
constexpr DeviceKind kUnknown = {"", Presence::optional, Presence::optional, true, UINT64_MAX, UINT32_MAX - 1};

} // namespace

const DeviceKind &deviceKind(const fb::Variant &variant) {
  for (const DeviceKind &kind : kKinds)
    if (variant.device()->string_view() == kind.name)
      return kind;
  return kUnknown;
}

} // namespace yoco::runtime
