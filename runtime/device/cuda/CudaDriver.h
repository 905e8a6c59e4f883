// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// NVIDIA's driver, its GPUs, and its errors as statuses.

#ifndef YOCO_RUNTIME_DEVICE_CUDA_CUDADRIVER_H
#define YOCO_RUNTIME_DEVICE_CUDA_CUDADRIVER_H

#include "runtime/core/Status.h"
#include "runtime/device/cuda/CudaApi.h"
#include "runtime/model/GpuArchitecture.h"

#include <memory>
#include <string>

namespace yoco::runtime::cuda {

/// The open driver. It stays in the process, so opening it again costs little.
class CudaDriver {
public:
  /// Opens and starts it.
  static Result<std::shared_ptr<const CudaDriver>> open();

  CudaApi api = {};

  /// The error "call: CUDA_ERROR_OUT_OF_MEMORY: out of memory" unless `result` is success.
  Status check(const char *call, CUresult result) const {
    return result == CUDA_SUCCESS ? Status() : makeFailure(call, result);
  }
  /// "CUDA_ERROR_OUT_OF_MEMORY: out of memory"
  std::string describe(CUresult result) const;

private:
  Status makeFailure(const char *call, CUresult result) const;
};

/// A GPU of this machine.
struct Gpu {
  CUdevice device;
  uint32_t ordinal;
  std::string name;
  ComputeCapability capability;
  uint32_t mostSharedBytes; // of a block

  /// "GPU 0 (NVIDIA H200, compute capability 9.0)"
  std::string text() const;
};

Result<Gpu> findGpu(const CudaDriver &driver, uint32_t ordinal);

} // namespace yoco::runtime::cuda

#endif // YOCO_RUNTIME_DEVICE_CUDA_CUDADRIVER_H
