// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A model family from outside of frontend/families/.

#ifndef YOCO_TEST_EXTENDING_TOYFAMILY_H
#define YOCO_TEST_EXTENDING_TOYFAMILY_H

#include "frontend/Import.h"

/// model_type `toy-pairs`.
mlir::yoco::Family getToyFamily();

#endif // YOCO_TEST_EXTENDING_TOYFAMILY_H
