// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Passes of passes/fusion.

#ifndef YOCO_PASSES_FUSION_PASSES_TD
#define YOCO_PASSES_FUSION_PASSES_TD

include "mlir/Pass/PassBase.td"

#endif // YOCO_PASSES_FUSION_PASSES_TD
