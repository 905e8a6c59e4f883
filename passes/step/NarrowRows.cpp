// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Input: phase `step`, pruned. Output: phase `step` whose operations work on no more rows than the sets of an entry
// point allow.
//
//   1. The demand analysis says which rows of each value are needed. An entry point gets at most two sets of rows
//   besides
//      all: the longest tail that any value is demanded in, and the wanted rows, when it gives results.
//   2. Every operation is put into the smallest set that holds what is demanded of its results and what its users in
//      larger sets need. A mixer that reads fresh rows of a ring works in the set of those rows: between the first row
//      of a smaller set and the last row of the ring there would be rows that are in neither.
//   3. Where an operation needs rows of a larger set, `yoco.narrow` takes them, once for a value and a set. A value
//   that is
//      made row by row without a matrix from values that are narrowed anyway is made again instead, so that norms stay
//      beside the products that read them. Reads of states and positions are made again for the table of the set.
// Entry points that want all rows stay as they are, and so do those in which everything is needed or nothing, and those
// with operations that have regions.

#include "mlir/IR/IRMapping.h"
#include "passes/Passes.h"
#include "passes/analysis/Phase.h"
#include "passes/analysis/RowDemandAnalysis.h"
#include "passes/analysis/RowSets.h"
#include "passes/analysis/States.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/MapVector.h"

namespace mlir::yoco {
#define GEN_PASS_DEF_NARROWROWSPASS
#include "passes/Passes.h.inc"
} // namespace mlir::yoco

using namespace mlir;
using namespace mlir::yoco;

namespace {

/// Sets of an entry point, from the largest to the smallest.
enum Set : unsigned { everything, tail, wanted };

class EntryNarrower {
public:
  EntryNarrower(func::FuncOp entry, const RowDemands &demands) : entry(entry), demands(demands) {}

  /// Chooses the sets and puts every operation into one; false when all are in the first.
  bool choose();
  void rewrite();

  unsigned numNarrowed = 0, numMadeAgain = 0;

private:
  using Key = std::pair<Value, unsigned>;

  Block &getBody() { return entry.getBody().front(); }
  Set getSet(RowDemand demand) const;
  Set getSetOfMaker(Value value) const;
  bool raise(Operation *op, Set set);
  bool settle(Operation *op);
  void collectMissing(Operation *op, Set set);
  bool canMakeAgain(Operation *op, Set set) const;
  void countAllRows();
  void moveOperands(OpBuilder &builder, Operation *op, Set set);
  Value getTable(Set set);
  Value getRows(OpBuilder &builder, Value value, Set set);
  Value getRowCount(OpBuilder &builder, tensor::DimOp count, Operation *op, Set set);

  func::FuncOp entry;
  const RowDemands &demands;
  int64_t longest = 0; // rows of a tail before the wanted ones
  bool hasWanted = false;
  DenseMap<Operation *, Set> sets;
  llvm::DenseSet<Key> missing; // rows that an operation of a set needs and that are made in a larger one
  DenseMap<Key, Value> made;
  Value tables[3], rowCounts[3];
};

} // namespace

//===- Which set ---------------------------------------------------------------------------------------------===//

/// The smallest set that holds the demanded rows.
Set EntryNarrower::getSet(RowDemand demand) const {
  Set smallest = hasWanted ? wanted : longest > 0 ? tail : everything;
  if (demand.isNone() || demand == RowDemand::from())
    return smallest;
  return demand.isFrom() ? std::min(smallest, tail) : everything;
}

Set EntryNarrower::getSetOfMaker(Value value) const {
  Operation *op = value.getDefiningOp();
  return op ? sets.lookup(op) : everything;
}

/// Puts `op` into `set` when that is larger than the one that it is in.
bool EntryNarrower::raise(Operation *op, Set set) {
  if (!op || sets.lookup(op) <= set)
    return false;
  sets[op] = set;
  return true;
}

/// Rows that come out of a state, for any table.
static bool isStateRead(Value rows) {
  auto stateOp = rows.getDefiningOp<StateOpInterface>();
  return stateOp && stateOp.getWrittenStates().empty() && !stateOp.getReadStates().empty();
}

/// Whether `op` needs more of this operand's rows than it gives.
static bool looksBack(Operation *op, OpOperand &operand, RowDemand results) {
  auto interface = dyn_cast<RowDemandOpInterface>(op);
  if (!interface || isStateRead(operand.get()))
    return false;
  SmallVector<RowDemand> demands(op->getNumResults(), results);
  return interface.getOperandDemand(operand.getOperandNumber(), demands, RowDemand::none()) != results;
}

/// Keeps `op` with the rows that it writes to states or looks back to, and its operands at least as large as itself.
/// True when something moved.
bool EntryNarrower::settle(Operation *op) {
  auto stateOp = dyn_cast<StateOpInterface>(op);
  bool isWrite = stateOp && !stateOp.getWrittenStates().empty();
  bool changed = false;
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isRowTensor(operand.get().getType()))
      continue;
    if (isWrite || looksBack(op, operand, RowDemand::from()))
      changed |= raise(op, getSetOfMaker(operand.get()));
    changed |= raise(operand.get().getDefiningOp(), sets.lookup(op));
  }
  return changed;
}

bool EntryNarrower::choose() {
  EntryAttr shape = getEntry(entry);
  bool hasTable = llvm::any_of(entry.getArgumentTypes(), llvm::IsaPred<SegmentsType>);
  if (!hasTable || !entry.getBody().hasOneBlock() ||
      llvm::any_of(getBody(), [](Operation &op) { return op.getNumRegions() != 0; }))
    return false;
  if (shape.getWanted().isAll() || !getBody().getOps<NarrowSegmentsOp>().empty())
    return false;
  hasWanted = shape.getWanted().isFrom();
  auto demandOn = [&](Operation &op) {
    RowDemand demand;
    for (Value result : op.getResults())
      demand = demand.join(demands.get(result));
    return demand;
  };
  for (Operation &op : getBody())
    if (RowDemand demand = demandOn(op); demand.isFrom())
      longest = std::max(longest, demand.getBefore());
  for (Operation &op : getBody().without_terminator())
    if (llvm::any_of(op.getOperandTypes(), isRowTensor) || llvm::any_of(op.getResultTypes(), isRowTensor))
      if (!isa<tensor::DimOp>(op))
        sets[&op] = getSet(demandOn(op));
  bool changed = true;
  while (changed) {
    changed = false;
    for (Operation &op : llvm::reverse(getBody().without_terminator()))
      if (sets.count(&op))
        changed |= settle(&op);
  }
  return llvm::any_of(sets, [](const auto &set) { return set.second != everything; });
}

//===- Rewriting ---------------------------------------------------------------------------------------------===//

Value EntryNarrower::getTable(Set set) {
  if (tables[set])
    return tables[set];
  for (BlockArgument argument : entry.getArguments())
    if (isa<SegmentsType>(argument.getType()) && !tables[everything])
      tables[everything] = argument;
  if (set == everything)
    return tables[everything];
  OpBuilder builder = OpBuilder::atBlockBegin(&getBody());
  tables[set] = NarrowSegmentsOp::create(builder, entry.getLoc(), tables[everything], set == tail ? longest : 0);
  return tables[set];
}

void EntryNarrower::collectMissing(Operation *op, Set set) {
  for (Value operand : op->getOperands())
    if (isRowTensor(operand.getType()) && getSetOfMaker(operand) != set)
      missing.insert({operand, set});
}

/// Whether `op` reads a matrix, whose product is no work to do twice.
static bool readsMatrix(Operation *op) {
  return llvm::any_of(op->getAttrs(), [&](NamedAttribute attribute) {
    auto name = dyn_cast<FlatSymbolRefAttr>(attribute.getValue());
    auto parameter = name ? SymbolTable::lookupNearestSymbolFrom<ParameterOp>(op, name) : ParameterOp();
    return parameter && parameter.getTensorType().getRank() == 2;
  });
}

/// Whether the result of `op` is made again for `set` instead of narrowed.
bool EntryNarrower::canMakeAgain(Operation *op, Set set) const {
  if (isStateRead(op->getResult(0)) || isa<PositionsOp>(op))
    return true;
  if (op->getNumResults() != 1 || !isa<RowWiseOpInterface>(op) || readsMatrix(op))
    return false;
  return llvm::all_of(op->getOperands(), [&](Value operand) {
    return !isRowTensor(operand.getType()) || getSetOfMaker(operand) == set || missing.contains({operand, set});
  });
}

/// The rows of `value` in `set`.
Value EntryNarrower::getRows(OpBuilder &builder, Value value, Set set) {
  Set from = getSetOfMaker(value);
  if (from == set)
    return value;
  if (Value rows = made.lookup({value, set}))
    return rows;
  Operation *op = value.getDefiningOp();
  if (op && canMakeAgain(op, set)) {
    Operation *again = builder.clone(*op);
    sets[again] = set;
    moveOperands(builder, again, set);
    ++numMadeAgain;
    return made[{value, set}] = again->getResult(0);
  }
  auto narrow = NarrowOp::create(builder, value.getLoc(), value.getType(), value, getTable(from), getTable(set));
  if (Attribute layer = op ? op->getAttr(YocoDialect::getLayerAttrName()) : Attribute())
    narrow->setAttr(YocoDialect::getLayerAttrName(), layer);
  sets[narrow] = set;
  ++numNarrowed;
  return made[{value, set}] = narrow;
}

/// The number of rows of a set, made where `op` is the first in it that asks.
Value EntryNarrower::getRowCount(OpBuilder &builder, tensor::DimOp count, Operation *op, Set set) {
  if (rowCounts[set])
    return rowCounts[set];
  auto rows = llvm::find_if(op->getOperands(), [](Value operand) { return isRowTensor(operand.getType()); });
  // Rows that are made of nothing but their number: as many as the set has positions.
  Value source = rows != op->operand_end()
                     ? *rows
                     : PositionsOp::create(builder, count.getLoc(), entry.getArgument(0), getTable(set)).getResult();
  return rowCounts[set] = tensor::DimOp::create(builder, count.getLoc(), source, count.getIndex());
}

/// Lets numbers of rows that are taken of values with fewer rows by now be those of the ids. They may have users in any
/// set, and smaller ones get numbers of their own.
void EntryNarrower::countAllRows() {
  auto ids = llvm::find_if(entry.getArguments(), [](Value argument) { return isRowTensor(argument.getType()); });
  for (auto count : getBody().getOps<tensor::DimOp>())
    if (ids != entry.args_end() && count.getConstantIndex() == 0 && isRowTensor(count.getSource().getType()) &&
        getSetOfMaker(count.getSource()) != everything)
      count.getSourceMutable().assign(*ids);
}

/// Gives `op`, which is in `set`, the table, the rows and the numbers of rows of that set.
void EntryNarrower::moveOperands(OpBuilder &builder, Operation *op, Set set) {
  if (set == everything)
    return;
  // What is made for one operand stands before what is made for the next.
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(op);
  for (OpOperand &operand : op->getOpOperands()) {
    if (isa<SegmentsType>(operand.get().getType()))
      operand.set(getTable(set)); // what is made again may have the table of another set by now
    else if (isRowTensor(operand.get().getType()) && !isa<PositionsOp>(op))
      operand.set(getRows(builder, operand.get(), set));
  }
  for (OpOperand &operand : op->getOpOperands())
    if (auto count = operand.get().getDefiningOp<tensor::DimOp>(); count && isRowTensor(count.getSource().getType()))
      operand.set(getRowCount(builder, count, op, set));
}

void EntryNarrower::rewrite() {
  SmallVector<Operation *> ops;
  for (Operation &op : getBody().without_terminator())
    if (sets.count(&op))
      ops.push_back(&op);
  for (Operation *op : ops)
    collectMissing(op, sets.lookup(op));
  countAllRows();
  OpBuilder builder(entry.getContext());
  for (Operation *op : ops)
    moveOperands(builder, op, sets.lookup(op));
  Operation *end = getBody().getTerminator();
  builder.setInsertionPoint(end);
  for (OpOperand &operand : end->getOpOperands())
    if (hasWanted && isRowTensor(operand.get().getType()))
      operand.set(getRows(builder, operand.get(), wanted));
  // What was made again may have no other users.
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(getBody())))
    if (isOpTriviallyDead(&op))
      op.erase();
}

namespace {
struct NarrowRowsPass : public yoco::impl::NarrowRowsPassBase<NarrowRowsPass> {
  void runOnOperation() override {
    if (failed(expectPhase(getOperation(), getArgument(), {Phase::model, Phase::step})))
      return signalPassFailure();
    FailureOr<RowDemands> demands = RowDemands::compute(getOperation());
    if (failed(demands))
      return signalPassFailure();
    for (func::FuncOp entry : getEntryPoints(getOperation())) {
      EntryNarrower narrower(entry, *demands);
      if (!narrower.choose())
        continue;
      narrower.rewrite();
      numNarrowed += narrower.numNarrowed;
      numMadeAgain += narrower.numMadeAgain;
      if (failed(RowSets::compute(entry)))
        return signalPassFailure();
    }
  }
};
} // namespace
