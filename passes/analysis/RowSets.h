// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which table of segments the rows of a value belong to.
//
// An entry point begins with one set of rows, those of its ids. `yoco.narrow` begins another: a tail of the rows of
// each segment, with a table of its own. A value is in the set of the rows that it is made of, so that the number of
// rows stays no part of its type; an operation on rows of two sets is refused.

#ifndef YOCO_PASSES_ANALYSIS_ROWSETS_H
#define YOCO_PASSES_ANALYSIS_ROWSETS_H

#include "dialect/YocoOps.h"
#include "llvm/ADT/DenseMap.h"

namespace mlir::yoco {

/// Whether `op` needs rows of a segment together. Where each row is a segment they know nothing of each other: rows of
/// one sequence are not in its states when the next is computed, and none of them is fresh to another.
bool needsWholeSegments(Operation *op);

/// The sets of rows of an entry point in phase `step` or `fused`, each known by its table of segments.
class RowSets {
public:
  /// Finds the set of every value. Reports each operation that mixes rows of two sets.
  static FailureOr<RowSets> compute(func::FuncOp entry);

  /// The table of segments of `rows`, or of the rows that an index counts; null when it has to do with no rows.
  Value getTable(Value rows) const { return tables.lookup(rows); }
  /// The table of the rows that `op` works on: of its results where it takes rows of a larger set.
  Value getTable(Operation *op) const { return ofOps.lookup(op); }

private:
  LogicalResult visit(Operation *op);
  template <typename Narrow>
  LogicalResult visitNarrow(Narrow op);
  LogicalResult check(OpOperand &operand, Value table) const;

  llvm::DenseMap<Value, Value> tables;
  llvm::DenseMap<Operation *, Value> ofOps;
};

} // namespace mlir::yoco

#endif // YOCO_PASSES_ANALYSIS_ROWSETS_H
