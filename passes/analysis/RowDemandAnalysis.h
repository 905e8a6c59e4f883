// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Demand for rows, propagated backwards from what the entry points must produce.
//
// The lattice is none < last K < all (dialect/RowDemand.h). It starts at the logits that an entry point returns. A
// row-wise operation passes the demand of its results to its operands; other operations say what they need through
// RowDemandOpInterface. Writes of a state that some entry point reads, in this step or a later one, demand rows
// whatever the logits are. The result is a proof that the values of all undemanded rows cannot reach any logit.
//
// Source: the derivation in docs/Demand.md, after "You Only Cache Once", arXiv 2405.05254, section 2.3.

#ifndef YOCO_PASSES_ANALYSIS_ROWDEMANDANALYSIS_H
#define YOCO_PASSES_ANALYSIS_ROWDEMANDANALYSIS_H

#include "dialect/YocoOps.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"

namespace mlir::yoco {

/// The demand on every row tensor of the entry points of a module in phase `step`.
class RowDemands {
public:
  /// Runs the analysis. Fails only when the dataflow solver does.
  static FailureOr<RowDemands> compute(ModuleOp module);

  /// The rows of `value` that are needed.
  RowDemand get(Value value) const { return demands.lookup(value); }
  /// Whether any entry point uses what earlier steps left in the state `name`.
  bool isStateRead(StringAttr name) const { return readStates.contains(name); }
  /// Whether `op` must run: it gives rows that are needed, or writes rows that are needed to a state.
  bool isNeeded(Operation *op) const;

private:
  LogicalResult solve(ModuleOp module);
  /// Adds the states that demanded operations read; true when there was a new one.
  bool collectReadStates(ModuleOp module);

  llvm::DenseMap<Value, RowDemand> demands;
  llvm::DenseSet<StringAttr> readStates;
};

/// True for tensors whose first dimension is the rows of a step.
bool isRowTensor(Type type);

} // namespace mlir::yoco

#endif // YOCO_PASSES_ANALYSIS_ROWDEMANDANALYSIS_H
