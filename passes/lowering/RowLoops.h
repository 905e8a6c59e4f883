// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the lowerings of all targets ask about a linalg.generic on rows: arithmetic on each element with broadcasts, or
// sums along a row.

#ifndef YOCO_PASSES_LOWERING_ROWLOOPS_H
#define YOCO_PASSES_LOWERING_ROWLOOPS_H

#include "dialect/YocoOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace mlir::yoco {

/// A result that combines all columns of a row: a sum, a product, the largest or the smallest.
struct RowReduction {
  Operation *combiner; // the last operation of the body's value: combiner(accumulator, element)
  Value element;       // of the body
  double initial;      // what `yoco.initial` says
  double neutral;      // changes nothing when it is combined

  /// The combiner on other values.
  Value combine(OpBuilder &builder, Value a, Value b) const;
};

/// A generic that checkRowLoops accepts.
class RowLoops {
public:
  explicit RowLoops(linalg::GenericOp op) : op(op) {}

  /// The ranges of the loops: rows (dynamic), heads when rows have them, columns.
  SmallVector<int64_t> getShape();
  bool isReduction() { return op.getNumReductionLoops() != 0; }
  /// One for each output.
  SmallVector<RowReduction> getReductions();
  /// The loop that result number `dim` of the operand's map is; none when it is the constant 0.
  std::optional<unsigned> getLoop(OpOperand &operand, unsigned dim);
  /// Whether the operand has a column for each column of the loops.
  bool hasColumns(OpOperand &operand);

  linalg::GenericOp op;
};

/// Checks that `op`, on buffers, is arithmetic on rows: elementwise operations in the body; operands of floats whose
/// maps are loops in their order or 0, with all loops for an output; and for reductions a combiner at the end of the
/// body, and `yoco.initial`. `target` is for messages.
LogicalResult checkRowLoops(linalg::GenericOp op, StringRef target);

} // namespace mlir::yoco

#endif // YOCO_PASSES_LOWERING_ROWLOOPS_H
