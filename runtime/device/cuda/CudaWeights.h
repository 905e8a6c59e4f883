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

/// Where each parameter of a variant is. Those that share bytes of the file share memory. A parameter whose placement
/// is `host` is here as well: kernels read it like any other.
class WeightLayout {
public:
  explicit WeightLayout(const fb::Variant &variant);

  /// Bytes from the beginning of the weights, a multiple of 256.
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

/// The filled memory.
class CudaWeights {
public:
  static Result<CudaWeights> load(const ContextPointer &context, const WeightLayout &layout,
                                  const ProgramSource &source);

  CUdeviceptr address() const { return memory.address(); }
  uint64_t size() const { return memory.size(); }

private:
  DeviceMemory memory;
};

} // namespace yoco::runtime::cuda

#endif // YOCO_RUNTIME_DEVICE_CUDA_CUDAWEIGHTS_H
