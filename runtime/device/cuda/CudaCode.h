// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The kernels of a variant on a GPU.

#ifndef YOCO_RUNTIME_DEVICE_CUDA_CUDACODE_H
#define YOCO_RUNTIME_DEVICE_CUDA_CUDACODE_H

#include "runtime/device/cuda/CudaContext.h"

#include <vector>

namespace yoco::runtime::cuda {

/// Checks that machine code is an ELF file for NVIDIA's GPUs whose tables lie within it: the driver is told where it
/// begins and not where it ends.
Status checkCubin(const uint8_t *bytes, uint64_t size);

/// The image of a verified variant that the GPU runs best; an error that names the GPU and what the file has when there
/// is none.
Result<const fb::Image *> findImage(const fb::Variant &variant, const Gpu &gpu);

/// "cubin for sm_90a"
std::string describeImage(const fb::Image &image);

/// A loaded image with the functions of the variant's kernels, by index.
class CudaCode {
public:
  /// `bytes` is where the image's code begins.
  static Result<CudaCode> load(const ContextPointer &context, const fb::Variant &variant, const fb::Image &image,
                               const uint8_t *bytes);

  CUfunction function(uint32_t kernel) const { return functions[kernel]; }

private:
  Status loadModule(const ContextPointer &context, const fb::Image &image, const uint8_t *bytes);
  Status addFunction(const ContextPointer &context, const fb::Kernel &kernel, const fb::KernelLaunch &launch,
                     const fb::Image &image);

  Module module;
  std::vector<CUfunction> functions;
};

} // namespace yoco::runtime::cuda

#endif // YOCO_RUNTIME_DEVICE_CUDA_CUDACODE_H
