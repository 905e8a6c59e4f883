// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Passes of passes/lowering.

#ifndef YOCO_PASSES_LOWERING_PASSES_TD
#define YOCO_PASSES_LOWERING_PASSES_TD

include "mlir/Pass/PassBase.td"

#endif // YOCO_PASSES_LOWERING_PASSES_TD
