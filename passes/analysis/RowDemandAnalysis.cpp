// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/analysis/RowDemandAnalysis.h"
#include "mlir/Analysis/DataFlow/ConstantPropagationAnalysis.h"
#include "mlir/Analysis/DataFlow/DeadCodeAnalysis.h"
#include "mlir/Analysis/DataFlow/SparseAnalysis.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "passes/analysis/States.h"

using namespace mlir;
using namespace mlir::yoco;

bool yoco::isRowTensor(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.getRank() > 0 && tensor.isDynamicDim(0);
}

namespace {

struct DemandLattice : public dataflow::AbstractSparseLattice {
  using AbstractSparseLattice::AbstractSparseLattice;

  ChangeResult add(RowDemand other) {
    RowDemand joined = demand.join(other);
    if (joined == demand)
      return ChangeResult::NoChange;
    demand = joined;
    return ChangeResult::Change;
  }
  ChangeResult meet(const AbstractSparseLattice &other) override {
    return add(static_cast<const DemandLattice &>(other).demand);
  }
  void print(raw_ostream &os) const override { demand.print(os); }

  RowDemand demand;
};

class DemandAnalysis : public dataflow::SparseBackwardDataFlowAnalysis<DemandLattice> {
public:
  DemandAnalysis(DataFlowSolver &solver, SymbolTableCollection &tables, const llvm::DenseSet<StringAttr> &readStates)
      : SparseBackwardDataFlowAnalysis(solver, tables), readStates(readStates) {}

  LogicalResult visitOperation(Operation *op, ArrayRef<DemandLattice *> operands,
                               ArrayRef<const DemandLattice *> results) override {
    SmallVector<RowDemand> demands;
    for (const DemandLattice *result : results)
      demands.push_back(result->demand);
    for (OpOperand &operand : op->getOpOperands()) {
      if (!isRowTensor(operand.get().getType()))
        continue;
      DemandLattice *lattice = operands[operand.getOperandNumber()];
      propagateIfChanged(lattice, lattice->add(getDemand(op, operand.getOperandNumber(), demands)));
    }
    return success();
  }

  void visitBranchOperand(OpOperand &) override {}
  void visitCallOperand(OpOperand &) override {}
  void visitNonControlFlowArguments(RegionSuccessor &, ArrayRef<BlockArgument>) override {}

  /// What an entry point must give: its logits; of other functions everything.
  void setToExitState(DemandLattice *lattice) override {
    Value value = lattice->getAnchor();
    if (!isRowTensor(value.getType()))
      return;
    auto function = value.getParentRegion()->getParentOfType<func::FuncOp>();
    EntryAttr entry = function ? getEntry(function) : EntryAttr();
    propagateIfChanged(lattice, lattice->add(entry ? entry.getLogits() : RowDemand::all()));
  }

private:
  RowDemand getDemand(Operation *op, unsigned operand, ArrayRef<RowDemand> results) {
    if (auto interface = dyn_cast<RowDemandOpInterface>(op)) {
      auto stateOp = dyn_cast<StateOpInterface>(op);
      Value written = stateOp ? stateOp.getWrittenState() : Value();
      return interface.getOperandDemand(operand, results, written && readStates.contains(getStateName(written)));
    }
    if (isa<tensor::DimOp>(op))
      return RowDemand::none();
    if (llvm::none_of(op->getResultTypes(), isRowTensor))
      return RowDemand::all();
    RowDemand demand;
    for (RowDemand result : results)
      demand = demand.join(result);
    // What changes the shape of rows, or works element by element, is row-wise. Of what we do not know, everything that is
    // wanted at all is taken to need all rows.
    bool rowWise = op->hasTrait<OpTrait::Elementwise>() ||
                   isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::ExtractSliceOp, linalg::GenericOp>(op);
    return rowWise || demand.isNone() ? demand : RowDemand::all();
  }

  const llvm::DenseSet<StringAttr> &readStates;
};

} // namespace

FailureOr<RowDemands> RowDemands::compute(ModuleOp module) {
  // Which states are read depends on what is demanded, and what is demanded on which states are read: start from no state
  // and add until nothing changes.
  RowDemands result;
  do {
    if (failed(result.solve(module)))
      return failure();
  } while (result.collectReadStates(module));
  return result;
}

LogicalResult RowDemands::solve(ModuleOp module) {
  DataFlowSolver solver;
  SymbolTableCollection tables;
  solver.load<dataflow::DeadCodeAnalysis>();
  solver.load<dataflow::SparseConstantPropagation>();
  solver.load<DemandAnalysis>(tables, readStates);
  demands.clear();
  if (failed(solver.initializeAndRun(module)))
    return module.emitError("expected the demand analysis to end, but the dataflow solver failed");
  for (func::FuncOp entry : getEntryPoints(module)) {
    auto store = [&](Value value) {
      if (const auto *lattice = solver.lookupState<DemandLattice>(value))
        demands[value] = lattice->demand;
    };
    entry.walk([&](Operation *op) { llvm::for_each(op->getResults(), store); });
    llvm::for_each(entry.getArguments(), store);
  }
  return success();
}

bool RowDemands::collectReadStates(ModuleOp module) {
  bool changed = false;
  for (func::FuncOp entry : getEntryPoints(module))
    entry.walk([&](StateOpInterface op) {
      Value read = op.getReadState();
      bool isDemanded = llvm::any_of(op->getResults(), [&](Value result) { return !get(result).isNone(); });
      if (read && isDemanded)
        changed |= readStates.insert(getStateName(read)).second;
    });
  return changed;
}

bool RowDemands::isNeeded(Operation *op) const {
  auto stateOp = dyn_cast<StateOpInterface>(op);
  if (Value written = stateOp ? stateOp.getWrittenState() : Value()) {
    auto interface = dyn_cast<RowDemandOpInterface>(op);
    bool isRead = isStateRead(getStateName(written));
    SmallVector<RowDemand> results;
    for (Value result : op->getResults())
      results.push_back(get(result));
    for (OpOperand &operand : op->getOpOperands())
      if (interface && isRowTensor(operand.get().getType()) &&
          !interface.getOperandDemand(operand.getOperandNumber(), results, isRead).isNone())
        return true;
    return false;
  }
  bool givesRows = false;
  for (Value result : op->getResults()) {
    if (!isRowTensor(result.getType()))
      continue;
    givesRows = true;
    if (!get(result).isNone())
      return true;
  }
  return !givesRows;
}
