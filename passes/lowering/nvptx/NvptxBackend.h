// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// LLVM's part of making kernels: from bitcode to PTX.

#ifndef YOCO_PASSES_LOWERING_NVPTX_NVPTXBACKEND_H
#define YOCO_PASSES_LOWERING_NVPTX_NVPTXBACKEND_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace mlir::yoco {

/// Must have been called before generatePtx, which any thread may call.
void initializeNvptxBackend();

/// The kernels in `bitcode`, with what they call of `library` (bitcode too) inlined, as PTX for `architecture`. Nothing
/// else is left: an error names a function that is called and not there, or that could not be inlined.
llvm::Expected<std::string> generatePtx(llvm::StringRef bitcode, llvm::StringRef library, llvm::StringRef architecture);

} // namespace mlir::yoco

#endif // YOCO_PASSES_LOWERING_NVPTX_NVPTXBACKEND_H
