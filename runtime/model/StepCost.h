// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a step has to move and to compute at least, from the plan alone.

#ifndef YOCO_RUNTIME_MODEL_STEPCOST_H
#define YOCO_RUNTIME_MODEL_STEPCOST_H

#include "runtime/model/PlanSizes.h"
#include "yoco/yoco.h"

namespace yoco::runtime {

/// The step has `segments` segments of `rows` rows each, which begin at position `position`. The plan is verified.
///
///   weights       every parameter that a launch or a product names, once; of a table that is looked up (row-major,
///   more rows
///                 than one, in a launch that reads the ids) the rows of the step
///   state         read and written once by each launch that names it; nothing is read at position 0
///   cache         one launch of an entry that names a cache writes the rows of the step; every other one reads what
///                 the rows attend to, once per segment
///   operations    2 for each element of a matrix and row; 4 for each element of a state and row (the recurrent
///                 form: in and out); and for each row and position that it attends to 2 for each element of a query
///                 and of a result, whose number stands in the buffers of the launch
///
/// Activations, logits and elementwise work do not count: the numbers are floors.
Result<yoco_step_cost> computeStepCost(const fb::Variant &variant, const fb::Entry &entry, uint64_t segments,
                                       uint64_t rows, uint64_t position);

} // namespace yoco::runtime

#endif // YOCO_RUNTIME_MODEL_STEPCOST_H
