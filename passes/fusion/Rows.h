// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What fusions need to know of rows: heads side by side, positions, layers.

#ifndef YOCO_PASSES_FUSION_ROWS_H
#define YOCO_PASSES_FUSION_ROWS_H

#include "dialect/YocoOps.h"

namespace mlir::yoco {

/// The rows of `heads` (tensor<?xHxD>) with their heads side by side (tensor<?x(H*D)>).
Value getFlatRows(OpBuilder &builder, Value heads);

/// `flat` split into heads, as `type` says.
Value getHeadRows(OpBuilder &builder, Value flat, RankedTensorType type);

/// Checks that the function around `op` begins with ids and segments, as every entry point of phase `step` does.
LogicalResult verifyStepFunction(Operation *op);

/// The positions of the rows that `table` describes, in the entry point that `op` is in; made where the table comes
/// from when there are none. Needs `verifyStepFunction`.
Value getPositions(OpBuilder &builder, Operation *op, Value table);

/// Whether `positions` are those of the rows that `table` describes.
bool isStepPositions(Value positions, Value table);

/// The first of the columns that `slice` takes from all rows of its source; none when it is no such slice.
std::optional<int64_t> getFirstColumn(tensor::ExtractSliceOp slice);

/// Gives `to` the layer of `from`.
void copyLayer(Operation *from, Operation *to);

/// The only user of `value` when it has one use; null otherwise.
Operation *getOnlyUser(Value value);

/// The operation that makes `value` by applying what linear groups call `activation` to one operand, when it has no
/// other user; null otherwise.
Operation *getActivation(Value value, Activation activation);

/// The number that every element of `value` is, when it is a splat of a constant.
std::optional<APFloat> matchSplat(Value value);

} // namespace mlir::yoco

#endif // YOCO_PASSES_FUSION_ROWS_H
