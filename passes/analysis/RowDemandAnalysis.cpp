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
  if (auto concat = dyn_cast<tensor::ConcatOp>(op))
    return concat.getDim() != 0;
  return op->hasTrait<OpTrait::Elementwise>();
}

/// Where all rows are wanted, w is the first of them, so that one w serves all entry points.
static RowDemand getSeed(EntryAttr entry) { return entry.getWanted().isNone() ? RowDemand::none() : RowDemand::from(); }

/// `demand` on an operand of `op`, unless it is on no row of a step of its entry point.
static RowDemand getNeeded(Operation *op, RowDemand demand) {
  auto function = op->getParentOfType<func::FuncOp>();
  EntryAttr entry = function ? getEntry(function) : EntryAttr();
  return entry && entry.getComputed(demand).isNone() ? RowDemand::none() : demand;
}

/// What is read of the states that `op` writes.
static RowDemand joinWritten(Operation *op, const llvm::DenseMap<StringAttr, RowDemand> &states) {
  RowDemand demand;
  if (auto stateOp = dyn_cast<StateOpInterface>(op))
    for (Value state : stateOp.getWrittenStates())
      demand = demand.join(states.lookup(getStateName(state)));
  return demand;
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
  DemandAnalysis(DataFlowSolver &solver, SymbolTableCollection &tables,
                 const llvm::DenseMap<StringAttr, RowDemand> &states)
      : SparseBackwardDataFlowAnalysis(solver, tables), states(states) {}

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

  /// What an entry point must give: its results from the first wanted row on; of other functions everything.
  void setToExitState(DemandLattice *lattice) override {
    Value value = lattice->getAnchor();
    if (!isRowTensor(value.getType()))
      return;
    auto function = value.getParentRegion()->getParentOfType<func::FuncOp>();
    EntryAttr entry = function ? getEntry(function) : EntryAttr();
    propagateIfChanged(lattice, lattice->add(entry ? getSeed(entry) : RowDemand::all()));
  }

private:
  void demandAll(Value value) {
    DemandLattice *lattice = getLatticeElement(value);
    propagateIfChanged(lattice, lattice->add(RowDemand::all()));
  }

  RowDemand getDemand(Operation *op, unsigned operand, ArrayRef<RowDemand> results) {
    if (auto interface = dyn_cast<RowDemandOpInterface>(op))
      return getNeeded(op, interface.getOperandDemand(operand, results, joinWritten(op, states)));
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

  const llvm::DenseMap<StringAttr, RowDemand> &states;
};

} // namespace

FailureOr<RowDemands> RowDemands::compute(ModuleOp module) {
  // What is read of states depends on what is demanded, and the other way round: start from states that nobody reads
  // and add until nothing changes. Entry points of one model read their states in one order, so that each round settles
  // at least one state. Where they do not, two states may raise each other for ever.
  auto declarations = module.getOps<StateDeclOp>();
  int64_t rounds = std::distance(declarations.begin(), declarations.end()) + 2;
  RowDemands result;
  do {
    if (failed(result.solve(module)))
      return failure();
  } while (result.collectStates(module, /*settle=*/--rounds < 0));
  return result;
}

LogicalResult RowDemands::solve(ModuleOp module) {
  DataFlowSolver solver;
  SymbolTableCollection tables;
  solver.load<dataflow::DeadCodeAnalysis>();
  solver.load<dataflow::SparseConstantPropagation>();
  solver.load<DemandAnalysis>(tables, states);
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

bool RowDemands::collectStates(ModuleOp module, bool settle) {
  bool changed = false;
  for (func::FuncOp entry : getEntryPoints(module))
    entry.walk([&](StateOpInterface op) {
      RowDemand demand;
      for (Value result : op->getResults())
        demand = demand.join(demands.lookup(result));
      for (Value read : op.getReadStates()) {
        RowDemand &state = states[getStateName(read)];
        RowDemand joined = state.join(demand);
        changed |= joined != state;
        state = joined != state && settle ? RowDemand::all() : joined;
      }
    });
  return changed;
}

RowDemand RowDemands::get(Value value) const {
  auto function = value.getParentRegion()->getParentOfType<func::FuncOp>();
  EntryAttr entry = function ? getEntry(function) : EntryAttr();
  RowDemand demand = demands.lookup(value);
  return entry ? entry.getComputed(demand) : demand;
}

bool RowDemands::isNeeded(Operation *op) const {
  auto stateOp = dyn_cast<StateOpInterface>(op);
  if (stateOp && !stateOp.getWrittenStates().empty()) {
    auto interface = dyn_cast<RowDemandOpInterface>(op);
    RowDemand state = joinWritten(op, states);
    SmallVector<RowDemand> results;
    for (Value result : op->getResults())
      results.push_back(demands.lookup(result));
    for (OpOperand &operand : op->getOpOperands())
      if (interface && isRowTensor(operand.get().getType()) &&
          !getNeeded(op, interface.getOperandDemand(operand.getOperandNumber(), results, state)).isNone())
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
