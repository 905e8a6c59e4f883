// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Machine code of kernels for NVIDIA GPUs.

#ifndef YOCO_PASSES_LOWERING_NVPTX_NVPTXCODEGEN_H
#define YOCO_PASSES_LOWERING_NVPTX_NVPTXCODEGEN_H

#include "dialect/YocoOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "passes/lowering/nvptx/Ptxas.h"

namespace mlir::yoco {

/// All kernels of a module for one architecture: a cubin, which runs on that alone, or PTX (text without a zero after
/// it), which a driver compiles.
struct NvptxImage {
  bool isCubin = false;
  std::string architecture;
  std::vector<char> bytes;
};

struct NvptxCode {
  /// In order of preference: the cubin for the target's architecture when there is an assembler, and PTX for sm_80,
  /// which also newer GPUs run.
  std::vector<NvptxImage> images;
  /// What the assembler said about the kernels of the cubin.
  std::vector<KernelResources> resources;
};

/// Compiles a module of kernels that yoco-lower-nvptx has lowered. Equal input gives equal bytes. `kernels` is left as
/// it is. Errors are emitted on it, and a warning when there is no assembler.
FailureOr<NvptxCode> compileNvptxKernels(gpu::GPUModuleOp kernels, TargetAttr target);

/// The PTX of the same kernels for `architecture`.
FailureOr<std::string> compileNvptxKernelsToPtx(gpu::GPUModuleOp kernels, TargetAttr target, StringRef architecture);

} // namespace mlir::yoco

#endif // YOCO_PASSES_LOWERING_NVPTX_NVPTXCODEGEN_H
