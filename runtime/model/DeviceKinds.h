// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the plan of a variant may hold depends on the kind of device that it is for. All that the model's code knows of
// devices is here, a row for each kind.

#ifndef YOCO_RUNTIME_MODEL_DEVICEKINDS_H
#define YOCO_RUNTIME_MODEL_DEVICEKINDS_H

#include "runtime/schema/model_generated.h"

#include <cstdint>

namespace yoco::runtime {

enum class Presence { refused, optional, required };

struct DeviceKind {
  const char *name;   // as plans name it
  Presence code;      // machine code of the variant itself, which runs in this process
  Presence images;    // code that a driver takes
  bool hasProducts;   // instructions `Gemm`
  uint64_t mostWords; // of a kernel's arguments
  uint64_t mostTiles; // of a launch
};

/// The kind of device that `variant` is for. One that nobody here knows may have everything: a file is good for other
/// builds, too, and this one finds no device for the variant.
const DeviceKind &deviceKind(const fb::Variant &variant);

} // namespace yoco::runtime

#endif // YOCO_RUNTIME_MODEL_DEVICEKINDS_H
