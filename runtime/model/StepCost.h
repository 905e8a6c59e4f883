// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a step has to move and to compute at least, from the costs that the compiler has written with each instruction.

#ifndef YOCO_RUNTIME_MODEL_STEPCOST_H
#define YOCO_RUNTIME_MODEL_STEPCOST_H

#include "runtime/model/PlanSizes.h"
#include "yoco/yoco.h"

namespace yoco::runtime {

/// The step has `segments` segments of `rows` rows each, which begin at position `position`. The plan is verified.
///
/// Costs are added up, those of weights aside: a parameter counts once, with the largest number of bytes that an
/// instruction reads of it. Activations, logits and elementwise work are not in the plan's costs: the numbers are
/// floors.
Result<yoco_step_cost> computeStepCost(const fb::Entry &entry, uint64_t segments, uint64_t rows, uint64_t position);

} // namespace yoco::runtime

#endif // YOCO_RUNTIME_MODEL_STEPCOST_H
