// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The micro-kernels of target `nvptx`, as the compiler has them with it.

#ifndef YOCO_KERNELS_NVPTX_BITCODE_H
#define YOCO_KERNELS_NVPTX_BITCODE_H

#include <string_view>

namespace mlir::yoco {

/// LLVM bitcode with every function of kernels/nvptx/MicroKernels.h, not optimised: they are to be inlined into kernels
/// that call them with constants first.
std::string_view getNvptxKernelBitcode();

} // namespace mlir::yoco

#endif // YOCO_KERNELS_NVPTX_BITCODE_H
