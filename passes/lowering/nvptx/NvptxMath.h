// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Elementary functions of generated kernels, without a library.

#ifndef YOCO_PASSES_LOWERING_NVPTX_NVPTXMATH_H
#define YOCO_PASSES_LOWERING_NVPTX_NVPTXMATH_H

#include "mlir/IR/PatternMatch.h"

namespace mlir::yoco {

/// Functions of `math` and divisions of scalars, by the machine's approximations of 2^x, log2, 1/x and 1/sqrt(x)
/// (relative error about 2^-22). `coarse` allows the approximation of tanh too, whose error is 2^-11.
void populateNvptxMathPatterns(RewritePatternSet &patterns, bool coarse);

} // namespace mlir::yoco

#endif // YOCO_PASSES_LOWERING_NVPTX_NVPTXMATH_H
