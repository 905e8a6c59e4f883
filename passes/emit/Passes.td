// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Passes of passes/emit.

#ifndef YOCO_PASSES_EMIT_PASSES_TD
#define YOCO_PASSES_EMIT_PASSES_TD

include "mlir/Pass/PassBase.td"

#endif // YOCO_PASSES_EMIT_PASSES_TD
