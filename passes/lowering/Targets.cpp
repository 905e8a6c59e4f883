// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/lowering/Targets.h"
#include "passes/Passes.h"

void mlir::yoco::registerAllTargets(DialectRegistry &registry) {
#define YOCO_TARGET(name) register##name##Target(registry);
#include "passes/lowering/Targets.def"
}

void mlir::yoco::addTargetLowerings(OpPassManager &pm) {
#define YOCO_TARGET(name) pm.addPass(createLower##name##Pass());
#include "passes/lowering/Targets.def"
}
