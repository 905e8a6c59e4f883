// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A toy dialect with one activation, for the test of docs/Extending.md, "A row-wise operation".

#ifndef YOCO_TEST_EXTENDING_TOYACTIVATION_H
#define YOCO_TEST_EXTENDING_TOYACTIVATION_H

#include "mlir/IR/DialectRegistry.h"

namespace yoco::toy {

void registerToyActivation(mlir::DialectRegistry &registry);

} // namespace yoco::toy

#endif // YOCO_TEST_EXTENDING_TOYACTIVATION_H
