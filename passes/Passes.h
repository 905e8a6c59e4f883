// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Constructors, options and registration of all passes, generated from Passes.td.

#ifndef YOCO_PASSES_PASSES_H
#define YOCO_PASSES_PASSES_H

#include "dialect/YocoOps.h"
#include "mlir/Pass/Pass.h"
#include "passes/analysis/Statistics.h"

namespace mlir::yoco {

#define GEN_PASS_DECL
#include "passes/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "passes/Passes.h.inc"

} // namespace mlir::yoco

#endif // YOCO_PASSES_PASSES_H
