// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Registers the dialect of ToyActivation.td, which has nothing but the definition of one operation.

#include "test/extending/ToyActivation.h"
#include "dialect/YocoOps.h"

#include "test/extending/ToyActivationDialect.h.inc"
#define GET_OP_CLASSES
#include "test/extending/ToyActivation.h.inc"

// Constraints of operations of other dialects come along and are not used.
#pragma clang diagnostic ignored "-Wunused-function"
#include "test/extending/ToyActivationDialect.cpp.inc"
#define GET_OP_CLASSES
#include "test/extending/ToyActivation.cpp.inc"

void yoco::toy::ToyActivationDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "test/extending/ToyActivation.cpp.inc"
      >();
}

void yoco::toy::registerToyActivation(mlir::DialectRegistry &registry) { registry.insert<ToyActivationDialect>(); }
