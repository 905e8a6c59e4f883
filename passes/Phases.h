// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which operations belong to which phase (docs/Phases.md).

#ifndef YOCO_PASSES_PHASES_H
#define YOCO_PASSES_PHASES_H

#include "dialect/YocoOps.h"

namespace mlir::yoco {

/// The phase that `module` says it is in; none when it says nothing.
std::optional<Phase> getPhase(ModuleOp module);

/// Reports every operation of `module` that does not belong to `phase`; returns their number.
unsigned reportIllegalOps(ModuleOp module, Phase phase);

} // namespace mlir::yoco

#endif // YOCO_PASSES_PHASES_H
