// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The device `cuda`: NVIDIA's GPUs, by the driver API, with cuBLASLt for large matrix products.
//
//   CudaDriver     the library, its GPUs, its errors         CudaWeights   parameters on their way to the GPU
//   CudaContext    memory, streams, events, graphs           CudaExecutor  a session: arenas, inputs, logits
//   CudaCode       kernels                                   CudaEntry     an entry point, recorded for each size of
//   step CublasLt       matrix products

#ifndef YOCO_RUNTIME_DEVICE_CUDA_CUDADEVICE_H
#define YOCO_RUNTIME_DEVICE_CUDA_CUDADEVICE_H

#include "runtime/device/Device.h"
#include "runtime/device/cuda/CublasLt.h"
#include "runtime/device/cuda/CudaCode.h"
#include "runtime/device/cuda/CudaWeights.h"

namespace yoco::runtime::cuda {

class CudaDevice final : public Device {
public:
  const char *name() const override { return "cuda"; }
  bool isNumbered() const override { return true; }
  Status supports(const fb::Variant &variant, uint32_t ordinal) const override;
  Result<std::unique_ptr<Program>> load(const ProgramSource &source) const override;
};

/// Kernels and parameters of a variant on a GPU.
class CudaProgram final : public Program {
public:
  static Result<std::unique_ptr<Program>> load(const ProgramSource &source);

  Result<std::unique_ptr<Executor>> createExecutor(ExecutorOptions options) const override;
  uint64_t deviceWeightBytes() const override { return weights.deviceBytes(); }
  uint64_t hostWeightBytes() const override { return weights.hostBytes(); }
  const char *description() const override { return text.c_str(); }

  const ContextPointer &context() const { return gpuContext; }
  const fb::Variant &variant() const { return verified; }
  uint32_t vocabularySize() const { return vocabulary; }
  CUfunction function(uint32_t kernel) const { return code.function(kernel); }
  /// Whether a kernel may be started while the one before it still runs.
  bool startsEarly() const { return image.starts_early(); }
  /// How a kernel of the image that this GPU runs is launched.
  const fb::KernelLaunch &launch(uint32_t kernel) const { return *image.launches()->Get(kernel); }
  CUdeviceptr parameter(uint32_t index) const { return weights.address(index); }
  /// Null when the variant has no matrix products.
  const std::shared_ptr<const CublasLt> &cublasLt() const { return library; }

private:
  CudaProgram(const ProgramSource &source, const fb::Image &image, ContextPointer context,
              std::shared_ptr<const CublasLt> library);

  const fb::Variant &verified;
  uint32_t vocabulary;
  const fb::Image &image;
  std::string text;
  ContextPointer gpuContext;
  std::shared_ptr<const CublasLt> library;
  CudaCode code;
  CudaWeights weights;
};

/// OK when the GPU's free memory holds weights and arenas; else an error with the numbers.
Status checkMemory(const CudaContext &context, const fb::Variant &variant, uint64_t weightBytes,
                   const std::vector<uint64_t> &arenas);

} // namespace yoco::runtime::cuda

#endif // YOCO_RUNTIME_DEVICE_CUDA_CUDADEVICE_H
