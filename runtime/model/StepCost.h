// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a step has to move and to compute at least, from the costs that the compiler has written with each instruction.

#ifndef YOCO_RUNTIME_MODEL_STEPCOST_H
#define YOCO_RUNTIME_MODEL_STEPCOST_H

#include "runtime/model/PlanSizes.h"
#include "yoco/yoco.h"

namespace yoco::runtime {

/// A step of equal segments, each of `rows` rows that begin at position `position`. The last `wanted` rows of each are
/// wanted; an entry of which all or none are takes no notice.
struct EqualSegments {
  uint64_t segments;
  uint64_t rows;
  uint64_t wanted;
  uint64_t position;
};

/// Of the program that runs such a step. The plan is verified.
///
/// Costs are added up, those of weights aside: a parameter counts once, with the largest number of bytes that an
/// instruction reads of it. Activations, logits and elementwise work are not in the plan's costs: the numbers are
/// floors.
Result<yoco_step_cost> computeStepCost(const fb::Entry &entry, const EqualSegments &step);

} // namespace yoco::runtime

#endif // YOCO_RUNTIME_MODEL_STEPCOST_H
