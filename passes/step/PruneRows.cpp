// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Input: phase `step`, complete. Output: phase `step` without undemanded work.
//
// Operations that the demand analysis does not need are deleted from the last to the first. A deleted write leaves the version
// that it would have replaced; other deleted results have no users left, since a user that is needed needs its operands.

#include "passes/Passes.h"
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
      if (isa<CacheWriteOp>(op) && demands.isNeeded(&op))
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
      if (demands.isNeeded(op) && !isOpTriviallyDead(op)) {
        ++numKept;
        continue;
      }
      auto stateOp = dyn_cast<StateOpInterface>(op);
      if (Value next = stateOp ? stateOp.getNewState() : Value())
        next.replaceAllUsesWith(stateOp.getWrittenState());
      // All row tensors of a step have as many rows as its ids.
      for (OpOperand &use : llvm::make_early_inc_range(op->getUses()))
        if (isa<tensor::DimOp>(use.getOwner()))
          use.set(entry.getArgument(0));
      assert(op->use_empty() && "an operation that is needed needs its operands");
      op->erase();
      ++numPruned;
    }
  }
};
} // namespace
