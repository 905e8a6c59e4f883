// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/nvptx/Bitcode.h"

/// The bytes as escapes of one string literal (cmake/EmbedFile.cmake).
static const char kBitcode[] =
#include "kernels/nvptx/Bitcode.inc"
    ;

std::string_view mlir::yoco::getNvptxKernelBitcode() { return {kBitcode, sizeof(kBitcode) - 1}; }
