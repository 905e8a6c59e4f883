// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a GPU does at most: copies from device to device, and the library's product at a model's shapes.

#ifndef YOCO_RUNTIME_DEVICE_CUDA_DEVICECEILINGS_H
#define YOCO_RUNTIME_DEVICE_CUDA_DEVICECEILINGS_H

#include "runtime/device/cuda/CudaDevice.h"

namespace yoco::runtime::cuda {

/// Measures with memory that is free, which it gives back.
class DeviceCeilings {
public:
  DeviceCeilings(const CudaProgram &program, const Bounds &bounds, CUstream stream)
      : program(program), context(program.context()), bounds(bounds), stream(stream) {}

  Result<yoco_device_ceilings> measure();

private:
  Status measureCopies();
  Status measureProducts();
  const fb::Gemm *largestProduct() const;
  Result<DeviceMemory> allocate(uint64_t size) const;
  Status fill(const DeviceMemory &memory, CUdeviceptr weight, uint64_t weightBytes) const;
  /// Seconds of one of `count` runs of `start` in a row.
  template <typename Start>
  Result<double> time(uint32_t count, Start start) const;

  const CudaProgram &program;
  const ContextPointer &context;
  const Bounds &bounds;
  CUstream stream;
  yoco_device_ceilings ceilings = {};
};

} // namespace yoco::runtime::cuda

#endif // YOCO_RUNTIME_DEVICE_CUDA_DEVICECEILINGS_H
