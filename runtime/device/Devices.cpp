// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/device/Device.h"
#include "runtime/device/cuda/CudaDevice.h"
#include "runtime/device/host/HostDevice.h"

#include <charconv>
#include <cstring>
#include <string>

namespace yoco::runtime {

Status Progress::report(uint64_t done, uint64_t total) const {
  if (!callback || callback(user, done, total) == 0)
    return Status();
  return makeError(YOCO_CANCELLED, "the progress callback stopped the loading of weights");
}

const Device *findDevice(const char *name) {
  static const HostDevice host;
  static const cuda::CudaDevice cuda;
  static const Device *const devices[] = {&host, &cuda};
  for (const Device *device : devices)
    if (strcmp(device->name(), name) == 0)
      return device;
  return nullptr;
}

std::optional<DeviceChoice> parseDeviceName(const char *text) {
  const char *colon = strchr(text, ':');
  if (!colon) {
    const Device *device = findDevice(text);
    return device ? std::optional<DeviceChoice>({device, 0}) : std::nullopt;
  }
  const Device *device = findDevice(std::string(text, colon).c_str());
  const char *number = colon + 1, *numberEnd = number + strlen(number);
  uint32_t ordinal = 0;
  auto [end, error] = std::from_chars(number, numberEnd, ordinal);
  if (!device || !device->isNumbered() || error != std::errc() || end != numberEnd)
    return std::nullopt;
  return DeviceChoice{device, ordinal};
}

} // namespace yoco::runtime
