// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Architectures of GPUs as ptxas names them, and which GPUs run code for them.

#ifndef YOCO_RUNTIME_MODEL_GPUARCHITECTURE_H
#define YOCO_RUNTIME_MODEL_GPUARCHITECTURE_H

#include "runtime/schema/model_generated.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace yoco::runtime {

/// What a block of a GPU has at most, on any that we know: threads, and bytes of dynamic shared memory (compute
/// capability 9.0 and 10.0).
constexpr uint32_t kMostBlockThreads = 1024;
constexpr uint32_t kMostBlockSharedBytes = 227 * 1024;
/// Blocks of a cluster that every GPU with clusters can have, and the first compute capability that has them.
constexpr uint32_t kMostClusterBlocks = 8;
constexpr uint32_t kClusterMajor = 9;

/// The compute capability of a GPU: 9.0 is {9, 0}.
struct ComputeCapability {
  uint32_t major;
  uint32_t minor;

  uint32_t number() const { return major * 10 + minor; }
};

/// "sm_90a" is {{9, 0}, true}.
struct GpuArchitecture {
  ComputeCapability capability;
  bool exact; // the suffix `a`: uses what this compute capability alone has

  /// Nothing when `name` is none that we know.
  static std::optional<GpuArchitecture> parse(std::string_view name);

  /// Whether machine code for this architecture runs on a GPU: on the same major version, if the minor one is not
  /// older.
  bool cubinRunsOn(ComputeCapability gpu) const;
  /// Whether a driver can compile PTX for this architecture for a GPU: for this one and all later ones.
  bool ptxRunsOn(ComputeCapability gpu) const;
};

/// The index of the image that a GPU runs best: machine code of its very architecture, else the newest machine code
/// that it runs, else the newest PTX; among equals the first. Nothing when there is none. The images are verified.
std::optional<uint32_t> chooseImage(const flatbuffers::Vector<flatbuffers::Offset<fb::Image>> &images,
                                    ComputeCapability gpu);

} // namespace yoco::runtime

#endif // YOCO_RUNTIME_MODEL_GPUARCHITECTURE_H
