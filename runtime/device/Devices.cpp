// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/device/Device.h"
#include "runtime/device/host/HostDevice.h"

#include <cstring>

namespace yoco::runtime {

const Device *findDevice(const char *name) {
  static const HostDevice host;
  static const Device *const devices[] = {&host};
  for (const Device *device : devices)
    if (strcmp(device->name(), name) == 0)
      return device;
  return nullptr;
}

} // namespace yoco::runtime
