// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Demand for rows, propagated backwards from what the entry points must produce.
//
// The lattice is none < from w-c < all (dialect/RowDemand.h), where w is the first position of a sequence whose results
// are wanted, in this step or a later one. It starts at what an entry point returns. A row-wise operation passes the
// demand of its results to its operands; other operations say what they need through RowDemandOpInterface. What is read
// of a state, by any entry point, is a demand on the state, and a write of it demands the rows that are owed. Since w
// is one position for all steps of a sequence, demands of different entry points join as they are. The result is a
// proof that the values of all undemanded rows cannot reach any result.
//
// Source: the derivation in docs/Demand.md, after "You Only Cache Once", arXiv 2405.05254, section 2.3.

#ifndef YOCO_PASSES_ANALYSIS_ROWDEMANDANALYSIS_H
#define YOCO_PASSES_ANALYSIS_ROWDEMANDANALYSIS_H

#include "dialect/YocoOps.h"
#include "llvm/ADT/DenseMap.h"

namespace mlir::yoco {

/// The demand on every row tensor of the entry points of a module in phase `step`.
class RowDemands {
public:
  /// Runs the analysis. Fails only when the dataflow solver does.
  static FailureOr<RowDemands> compute(ModuleOp module);

  /// The rows of `value` that are needed in a step of its entry point.
  RowDemand get(Value value) const;
  /// What entry points read of that which earlier steps left in the state `name`.
  RowDemand getState(StringAttr name) const { return states.lookup(name); }
  /// Whether `op` must run: it gives rows that are needed, or writes rows that are needed to a state.
  bool isNeeded(Operation *op) const;

private:
  LogicalResult solve(ModuleOp module);
  /// Adds what demanded operations read of states; true when that was more than before. `settle` takes all of a state
  /// that is still rising.
  bool collectStates(ModuleOp module, bool settle);

  llvm::DenseMap<Value, RowDemand> demands; // by position, whatever a step has of it
  llvm::DenseMap<StringAttr, RowDemand> states;
};

/// True for tensors whose first dimension is the rows of a step.
bool isRowTensor(Type type);

} // namespace mlir::yoco

#endif // YOCO_PASSES_ANALYSIS_ROWDEMANDANALYSIS_H
