// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The demand table: what each layer computes in each entry point, and why it skips the rest.

#ifndef YOCO_PASSES_STEP_EXPLAINDEMAND_H
#define YOCO_PASSES_STEP_EXPLAINDEMAND_H

#include "passes/analysis/RowDemandAnalysis.h"

namespace mlir::yoco {

/// Prints the table for `module`, in phase `step` before yoco-prune-rows.
void printDemand(ModuleOp module, const RowDemands &demands, llvm::raw_ostream &os);

/// Runs the analysis, prints the table to `text` and draws it to `picture`; either may be null.
LogicalResult explainDemand(ModuleOp module, llvm::raw_ostream *text, llvm::raw_ostream *picture);

} // namespace mlir::yoco

#endif // YOCO_PASSES_STEP_EXPLAINDEMAND_H
