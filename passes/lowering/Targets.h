// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Registration of the targets that the compiler has code generators for.

#ifndef YOCO_PASSES_LOWERING_TARGETS_H
#define YOCO_PASSES_LOWERING_TARGETS_H

#include "dialect/YocoOps.h"
#include "mlir/Pass/PassManager.h"

namespace mlir::yoco {

// Each target, with its kernels, as an extension of the dialect.
#define YOCO_TARGET(name) void register##name##Target(DialectRegistry &registry);
#include "passes/lowering/Targets.def"

/// Makes all targets known to contexts that are made from `registry`.
void registerAllTargets(DialectRegistry &registry);

/// Adds the lowering of every target. Each lowers the kernels of its own target and leaves others alone.
void addTargetLowerings(OpPassManager &pm);

} // namespace mlir::yoco

#endif // YOCO_PASSES_LOWERING_TARGETS_H
