// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The toy kernel of docs/Extending.md.

#ifndef YOCO_TEST_EXTENDING_TOYKERNEL_H
#define YOCO_TEST_EXTENDING_TOYKERNEL_H

#include "dialect/YocoOps.h"

namespace yoco::toy {

void registerToyKernel(mlir::DialectRegistry &registry);

} // namespace yoco::toy

#endif // YOCO_TEST_EXTENDING_TOYKERNEL_H
