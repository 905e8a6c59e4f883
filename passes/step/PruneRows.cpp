// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Input: phase `step`, complete. Output: phase `step` without undemanded work.
//
// Operations that the demand analysis does not need are deleted from the last to the first. A deleted write leaves the
// version that it would have replaced; other deleted results have no users left, since a user that is needed needs its
// operands. Where that does not hold (another result of an undemanded operation is used, as no operation of phase
// `step` has it) it stays.

#include "passes/Passes.h"
#include "passes/analysis/Phase.h"
#include "passes/analysis/RowDemandAnalysis.h"
#include "passes/analysis/States.h"
#include "passes/step/ExplainDemand.h"

namespace mlir::yoco {
#define GEN_PASS_DEF_PRUNEROWSPASS
#include "passes/Passes.h.inc"
} // namespace mlir::yoco

using namespace mlir;
using namespace mlir::yoco;

namespace {
struct PruneRowsPass : public yoco::impl::PruneRowsPassBase<PruneRowsPass> {
  using PruneRowsPassBase::PruneRowsPassBase;

  void runOnOperation() override {
    if (failed(expectPhase(getOperation(), getArgument(), {Phase::model, Phase::step})))
      return signalPassFailure();
    FailureOr<RowDemands> demands = RowDemands::compute(getOperation());
    if (failed(demands))
      return signalPassFailure();
    if (explain)
      printDemand(getOperation(), *demands, llvm::errs());
    for (func::FuncOp entry : getEntryPoints(getOperation())) {
      if (annotate)
        annotateEntry(entry, *demands);
      else
        pruneEntry(entry, *demands);
    }
  }

  void annotateEntry(func::FuncOp entry, const RowDemands &demands) {
    for (Operation &op : entry.getBody().front().without_terminator()) {
      RowDemand demand;
      for (Value result : op.getResults())
        demand = demand.join(demands.get(result));
      // A write has no rows of its own: show what it asks of its operands.
      if (isa<StateOpInterface>(op) && llvm::none_of(op.getResultTypes(), isRowTensor) && demands.isNeeded(&op))
        for (Value operand : op.getOperands())
          demand = demand.join(demands.get(operand));
      op.setAttr("yoco.demand", DemandAttr::get(&getContext(), demand));
    }
  }

  void pruneEntry(func::FuncOp entry, const RowDemands &demands) {
    SmallVector<Operation *> ops;
    for (Operation &op : entry.getBody().front().without_terminator())
      ops.push_back(&op);
    for (Operation *op : llvm::reverse(ops)) {
      // Sizes and constants go when nobody uses them any more.
      bool isErased = demands.isNeeded(op) ? isOpTriviallyDead(op) : dropUses(op, entry);
      if (isErased)
        op->erase();
      ++(isErased ? numPruned : numKept);
    }
  }

  /// Takes an operation that is not needed out of the way of its users. False, and nothing changes, when one cannot do
  /// without.
  static bool dropUses(Operation *op, func::FuncOp entry) {
    auto stateOp = dyn_cast<StateOpInterface>(op);
    SmallVector<Value> next = stateOp ? stateOp.getNewStates() : SmallVector<Value>();
    bool hasIds = entry.getNumArguments() > 0 && isRowTensor(entry.getArgumentTypes().front());
    if (llvm::any_of(op->getUses(), [&](OpOperand &use) {
          return !llvm::is_contained(next, use.get()) && !(hasIds && isRowCount(use.getOwner()));
        }))
      return false;
    for (Value version : next)
      version.replaceAllUsesWith(stateOp.getReplaced(version));
    // All row tensors of a step have as many rows as its ids.
    for (OpOperand &use : llvm::make_early_inc_range(op->getUses()))
      use.set(entry.getArgument(0));
    return true;
  }

  static bool isRowCount(Operation *op) {
    auto dim = dyn_cast<tensor::DimOp>(op);
    return dim && dim.getConstantIndex() == 0;
  }
};
} // namespace
