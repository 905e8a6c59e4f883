// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which operations belong to which phase (docs/Phases.md).

#ifndef YOCO_PASSES_PHASES_H
#define YOCO_PASSES_PHASES_H

#include "passes/analysis/Phase.h"

namespace mlir::yoco {

/// Reports every operation of `module` that does not belong to `phase`; returns their number.
unsigned reportIllegalOps(ModuleOp module, Phase phase);

} // namespace mlir::yoco

#endif // YOCO_PASSES_PHASES_H
