// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The parameters of a variant in one piece of a GPU's memory, and how they get there.
//
// They go through two pinned buffers: while the GPU copies one, threads fill the other, from the mapped file, whose
// checksums they compare on the way, or with generated values.

#ifndef YOCO_RUNTIME_DEVICE_CUDA_CUDAWEIGHTS_H
#define YOCO_RUNTIME_DEVICE_CUDA_CUDAWEIGHTS_H

#include "runtime/core/ThreadPool.h"
#include "runtime/device/Device.h"
#include "runtime/device/cuda/CudaContext.h"

#include <vector>

namespace yoco::runtime::cuda {

/// Where each parameter of a placement is. Those that share bytes of the file share memory.
class WeightLayout {
public:
  WeightLayout(const fb::Variant &variant, fb::Placement placement);

  /// Bytes from the beginning of the weights, a multiple of 256. The parameter has this placement.
  uint64_t offset(uint32_t parameter) const { return offsets[parameter]; }
  /// Of all parameters, each rounded up to a multiple of 256.
  uint64_t totalBytes() const { return total; }

  /// A parameter that has memory of its own.
  struct Piece {
    uint64_t offset;
    uint64_t size;
    const fb::Parameter *parameter;
  };
  /// By rising offset.
  const std::vector<Piece> &pieces() const { return all; }

private:
  std::vector<uint64_t> offsets;
  std::vector<Piece> all;
  uint64_t total = 0;
};

/// The filled memory: of the GPU, and of the host for the parameters that are placed there, which the GPU reads row by
/// row.
class CudaWeights {
public:
  explicit CudaWeights(const fb::Variant &variant)
      : variant(variant), deviceLayout(variant, fb::Placement::device), hostLayout(variant, fb::Placement::host) {}

  Status load(const ContextPointer &context, const ProgramSource &source);

  CUdeviceptr address(uint32_t parameter) const {
    if (variant.parameters()->Get(parameter)->placement() == fb::Placement::host)
      return hostMemory.deviceAddress() + hostLayout.offset(parameter);
    return memory.address() + deviceLayout.offset(parameter);
  }
  uint64_t deviceBytes() const { return deviceLayout.totalBytes(); }
  uint64_t hostBytes() const { return hostLayout.totalBytes(); }

private:
  const fb::Variant &variant;
  WeightLayout deviceLayout, hostLayout;
  DeviceMemory memory;
  PinnedMemory hostMemory;
};

} // namespace yoco::runtime::cuda

#endif // YOCO_RUNTIME_DEVICE_CUDA_CUDAWEIGHTS_H
