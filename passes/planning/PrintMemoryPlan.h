// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The memory plan for people: what yoco-compile --plan prints.

#ifndef YOCO_PASSES_PLANNING_PRINTMEMORYPLAN_H
#define YOCO_PASSES_PLANNING_PRINTMEMORYPLAN_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/raw_ostream.h"

namespace mlir::yoco {

/// Prints the plan of each variant of `module`, which is in phase `planned` or `program`, at the bounds that it was
/// made for. "a session holds" is what a session of the runtime reports as bytes held. A failure, with an error, when
/// there is no plan or when it cannot be evaluated.
LogicalResult printMemoryPlan(ModuleOp module, llvm::raw_ostream &os);

} // namespace mlir::yoco

#endif // YOCO_PASSES_PLANNING_PRINTMEMORYPLAN_H
