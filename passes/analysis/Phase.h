// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The phase of a module, as its attribute says, and the passes that want one.

#ifndef YOCO_PASSES_ANALYSIS_PHASE_H
#define YOCO_PASSES_ANALYSIS_PHASE_H

#include "dialect/YocoOps.h"

namespace mlir::yoco {

/// The phase that `module` says it is in; none when it has no `yoco.phase`.
std::optional<Phase> getPhase(ModuleOp module);

/// Checks that `module` is in one of `phases`, which pass `pass` works on. A module that says nothing is taken as it
/// is: pieces of IR need no phase to be tried out.
LogicalResult expectPhase(ModuleOp module, StringRef pass, ArrayRef<Phase> phases);

} // namespace mlir::yoco

#endif // YOCO_PASSES_ANALYSIS_PHASE_H
