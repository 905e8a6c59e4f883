// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All passes, in the order in which the pipelines run them. Each folder declares its own.

#ifndef YOCO_PASSES_PASSES_TD
#define YOCO_PASSES_PASSES_TD

include "passes/step/Passes.td"
include "passes/fusion/Passes.td"
include "passes/planning/Passes.td"
include "passes/lowering/Passes.td"
include "passes/emit/Passes.td"

#endif // YOCO_PASSES_PASSES_TD
