// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Checks that several operations share: references to parameters, ropes, and the heads of attentions.

#ifndef YOCO_DIALECT_PARAMETERUSES_H
#define YOCO_DIALECT_PARAMETERUSES_H

#include "dialect/YocoOps.h"

namespace mlir::yoco {

/// True inside a module of kernels, where parameters are function arguments and their names are not symbols.
bool isInKernels(Operation *op);

/// The shape of the parameter `name`, or an error on `op` when there is none such.
FailureOr<RankedTensorType> lookupParameter(Operation *op, SymbolTableCollection &tables, FlatSymbolRefAttr name);

/// Checks that parameter `name` is a matrix of `rows` (any number when negative) by `columns`.
LogicalResult verifyMatrix(Operation *op, SymbolTableCollection &tables, FlatSymbolRefAttr name, int64_t rows,
                           int64_t columns);

/// Checks that parameter `name`, when it is there, is a vector of `size`.
LogicalResult verifyVector(Operation *op, SymbolTableCollection &tables, FlatSymbolRefAttr name, int64_t size);

/// Checks that `rope` has a frequency for each pair of a head of `width`.
LogicalResult verifyRope(Operation *op, RopeAttr rope, int64_t width);
/// The same, and that all of a head is rotated.
LogicalResult verifyWholeRope(Operation *op, RopeAttr rope, int64_t width);

/// Checks that heads of queries, keys, values and result of an attention fit together, and that its window is one.
LogicalResult verifyAttention(Operation *op, RankedTensorType query, RankedTensorType key, RankedTensorType value,
                              RankedTensorType result, int64_t window);

} // namespace mlir::yoco

#endif // YOCO_DIALECT_PARAMETERUSES_H
