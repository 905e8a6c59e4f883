// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/model/GpuArchitecture.h"

namespace yoco::runtime {

std::optional<GpuArchitecture> GpuArchitecture::parse(std::string_view name) {
  constexpr std::string_view kPrefix = "sm_";
  if (name.substr(0, kPrefix.size()) != kPrefix)
    return std::nullopt;
  name.remove_prefix(kPrefix.size());
  bool exact = !name.empty() && name.back() == 'a';
  if (exact)
    name.remove_suffix(1);
  // The last digit is the minor version: 90 is 9.0, 120 is 12.0. What is older than 5.0 no driver of today runs.
  if (name.size() < 2 || name.size() > 3 || name[0] == '0')
    return std::nullopt;
  uint32_t number = 0;
  for (char c : name) {
    if (c < '0' || c > '9')
      return std::nullopt;
    number = number * 10 + uint32_t(c - '0');
  }
  if (number < 50)
    return std::nullopt;
  return GpuArchitecture{{number / 10, number % 10}, exact};
}

bool GpuArchitecture::cubinRunsOn(ComputeCapability gpu) const {
  if (exact)
    return gpu.number() == capability.number();
  return gpu.major == capability.major && gpu.minor >= capability.minor;
}

bool GpuArchitecture::ptxRunsOn(ComputeCapability gpu) const {
  if (exact)
    return gpu.number() == capability.number();
  return gpu.number() >= capability.number();
}

/// 0: does not run; the larger, the better.
static uint32_t rankOf(const fb::Image &image, ComputeCapability gpu) {
  GpuArchitecture architecture = *GpuArchitecture::parse(image.architecture()->string_view());
  constexpr uint32_t kAnyCubin = 1000, kExact = 2000;
  uint32_t number = architecture.capability.number();
  if (image.format() == fb::ImageFormat::cubin) {
    if (!architecture.cubinRunsOn(gpu))
      return 0;
    return number == gpu.number() ? kExact : kAnyCubin + number;
  }
  return architecture.ptxRunsOn(gpu) ? number : 0;
}

std::optional<uint32_t> chooseImage(const flatbuffers::Vector<flatbuffers::Offset<fb::Image>> &images,
                                    ComputeCapability gpu) {
  std::optional<uint32_t> best;
  uint32_t bestRank = 0;
  for (uint32_t i = 0; i < images.size(); ++i)
    if (uint32_t rank = rankOf(*images.Get(i), gpu); rank > bestRank) {
      best = i;
      bestRank = rank;
    }
  return best;
}

} // namespace yoco::runtime
