// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The demand table as a picture: a row for each layer, a column for each entry point.

#ifndef YOCO_PASSES_STEP_DRAWDEMAND_H
#define YOCO_PASSES_STEP_DRAWDEMAND_H

#include "passes/analysis/RowDemandAnalysis.h"

namespace mlir::yoco {

/// Draws the table for `module`, in phase `step` before yoco-prune-rows, as SVG: system fonts, no scripts, nothing to
/// load. The same module always gives the same bytes.
void drawDemand(ModuleOp module, const RowDemands &demands, llvm::raw_ostream &os);

} // namespace mlir::yoco

#endif // YOCO_PASSES_STEP_DRAWDEMAND_H
