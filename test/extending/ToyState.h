// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The toy state of docs/Extending.md.

#ifndef YOCO_TEST_EXTENDING_TOYSTATE_H
#define YOCO_TEST_EXTENDING_TOYSTATE_H

namespace mlir {
class DialectRegistry;
}

/// A state and its mixer, and a pass that prints the memory plan (ToyState.cpp).
void registerToyState(mlir::DialectRegistry &registry);

#endif // YOCO_TEST_EXTENDING_TOYSTATE_H
