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

/// The positions of the rows of the entry point that `op` is in; made at its start when there are none.
Value getPositions(OpBuilder &builder, Operation *op);

/// The number of rows of the entry point that `op` is in.
Value getRowCount(OpBuilder &builder, Operation *op);

/// The segment table of the entry point that `op` is in.
Value getSegments(Operation *op);

/// Gives `to` the layer of `from`.
void copyLayer(Operation *from, Operation *to);

/// The only user of `value` when it has one use; null otherwise.
Operation *getOnlyUser(Value value);

/// The number that every element of `value` is, when it is a splat of a constant.
std::optional<APFloat> matchSplat(Value value);

} // namespace mlir::yoco

#endif // YOCO_PASSES_FUSION_ROWS_H
