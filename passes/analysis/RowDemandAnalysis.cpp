// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/analysis/RowDemandAnalysis.h"
#include "mlir/Analysis/DataFlow/ConstantPropagationAnalysis.h"
#include "mlir/Analysis/DataFlow/DeadCodeAnalysis.h"
#include "mlir/Analysis/DataFlow/SparseAnalysis.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "passes/analysis/States.h"

using namespace mlir;
using namespace mlir::yoco;

bool yoco::isRowTensor(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.getRank() > 0 && tensor.isDynamicDim(0);
}

/// The number of rows of a step: `tensor.dim` of rows.
static bool isRowCount(OpFoldResult size) {
  auto value = dyn_cast<Value>(size);
  auto dim = value ? value.getDefiningOp<tensor::DimOp>() : tensor::DimOp();
  return dim && isRowTensor(dim.getSource().getType()) && getConstantIntValue(dim.getIndex()) == 0;
}

/// True when row `i` of the result is made of row `i` of the operands alone: what works element by element, and what
/// changes the shape of a row but not the number of rows.
static bool isRowWise(Operation *op) {
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
    return expand.getReassociationIndices().front().size() == 1;
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op))
    return collapse.getReassociationIndices().front().size() == 1;
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
    return isConstantIntValue(slice.getMixedOffsets().front(), 0) &&
           isConstantIntValue(slice.getMixedStrides().front(), 1) && isRowCount(slice.getMixedSizes().front());
  return op->hasTrait<OpTrait::Elementwise>();
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

  /// What calls and branches do with rows is not looked into: they need all.
  void visitBranchOperand(OpOperand &operand) override { demandAll(operand.get()); }
  void visitCallOperand(OpOperand &operand) override { demandAll(operand.get()); }
  void visitNonControlFlowArguments(RegionSuccessor &, ArrayRef<BlockArgument>) override {}

  /// What an entry point must give: its logits; of other functions everything.
  void setToExitState(DemandLattice *lattice) override {
    Value value = lattice->getAnchor();
    if (!isRowTensor(value.getType()))
      return;
    auto function = value.getParentRegion()->getParentOfType<func::FuncOp>();
    EntryAttr entry = function ? getEntry(function) : EntryAttr();
    propagateIfChanged(lattice, lattice->add(entry ? entry.getWanted() : RowDemand::all()));
  }

private:
  void demandAll(Value value) {
    DemandLattice *lattice = getLatticeElement(value);
    propagateIfChanged(lattice, lattice->add(RowDemand::all()));
  }

  RowDemand getDemand(Operation *op, unsigned operand, ArrayRef<RowDemand> results) {
    if (auto interface = dyn_cast<RowDemandOpInterface>(op)) {
      auto stateOp = dyn_cast<StateOpInterface>(op);
      bool isRead = stateOp && llvm::any_of(stateOp.getWrittenStates(),
                                            [&](Value state) { return readStates.contains(getStateName(state)); });
      return interface.getOperandDemand(operand, results, isRead);
    }
    if (isa<tensor::DimOp>(op))
      return RowDemand::none();
    if (!llvm::all_of(op->getResultTypes(), isRowTensor) || op->getNumResults() == 0 || !isMemoryEffectFree(op))
      return RowDemand::all();
    RowDemand demand;
    for (RowDemand result : results)
      demand = demand.join(result);
    // Of what we do not know, everything that is wanted at all is taken to need all rows.
    return demand.isNone() || isRowWise(op) ? demand : RowDemand::all();
  }

  const llvm::DenseSet<StringAttr> &readStates;
};

} // namespace

FailureOr<RowDemands> RowDemands::compute(ModuleOp module) {
  // Which states are read depends on what is demanded, and what is demanded on which states are read: start from no
  // state and add until nothing changes.
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
      bool isDemanded = llvm::any_of(op->getResults(), [&](Value result) { return !get(result).isNone(); });
      if (isDemanded)
        for (Value read : op.getReadStates())
          changed |= readStates.insert(getStateName(read)).second;
    });
  return changed;
}

bool RowDemands::isNeeded(Operation *op) const {
  auto stateOp = dyn_cast<StateOpInterface>(op);
  SmallVector<Value> written = stateOp ? stateOp.getWrittenStates() : SmallVector<Value>();
  if (!written.empty()) {
    auto interface = dyn_cast<RowDemandOpInterface>(op);
    bool isRead = llvm::any_of(written, [&](Value state) { return isStateRead(getStateName(state)); });
    SmallVector<RowDemand> results;
    for (Value result : op->getResults())
      results.push_back(get(result));
    for (OpOperand &operand : op->getOpOperands())
      if (interface && isRowTensor(operand.get().getType()) &&
          !interface.getOperandDemand(operand.getOperandNumber(), results, isRead).isNone())
        return true;
    return false;
  }
  // What may have an effect beyond its results runs whatever is demanded.
  if (!isMemoryEffectFree(op))
    return true;
  return op->getNumResults() == 0 || llvm::any_of(op->getResults(), [&](Value result) {
    return !isRowTensor(result.getType()) || !get(result).isNone();
  });
}
