// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/analysis/RowSets.h"
#include "passes/analysis/RowDemandAnalysis.h"

using namespace mlir;
using namespace mlir::yoco;

/// Where a table comes from, for messages: the argument of the entry point or an operation.
static void attachTable(InFlightDiagnostic &error, Value table, StringRef what) {
  error.attachNote(table.getLoc()) << what;
}

/// The rows of `operand` have the table `table`.
LogicalResult RowSets::check(OpOperand &operand, Value table) const {
  Value other = getTable(operand.get());
  if (!other || other == table)
    return success();
  InFlightDiagnostic error = operand.getOwner()->emitError("expected rows of one set, got operand ")
                             << operand.getOperandNumber() << " of another";
  attachTable(error, table, "the table of the operation");
  attachTable(error, other, "the table of the operand");
  return error;
}

template <typename Narrow>
LogicalResult RowSets::visitNarrow(Narrow op) {
  ofOps[op] = tables[op->getResult(0)] = op.getTo();
  return check(op.getInputMutable(), op.getFrom());
}

static bool writesStates(Operation *op) {
  auto stateOp = dyn_cast<StateOpInterface>(op);
  return stateOp && !stateOp.getWrittenStates().empty();
}

bool mlir::yoco::needsWholeSegments(Operation *op) {
  auto step = dyn_cast<StepAttentionOp>(op);
  auto fused = dyn_cast<FusedAttentionOp>(op);
  return writesStates(op) || (step && step.getKeys()) || (fused && fused.getKeys());
}

static LogicalResult checkAlone(Operation *op, Value table) {
  auto narrow = table.getDefiningOp<NarrowSegmentsOp>();
  if (!narrow || !narrow.getEachRow() || !needsWholeSegments(op))
    return success();
  InFlightDiagnostic error = op->emitError("expected ")
                             << (writesStates(op) ? "no state to be written" : "no fresh keys")
                                                        << " where each row is a segment of its own";
  error.attachNote(table.getLoc()) << "the table of the operation";
  return error;
}

LogicalResult RowSets::visit(Operation *op) {
  if (auto narrow = dyn_cast<NarrowOp>(op))
    return visitNarrow(narrow);
  if (auto narrow = dyn_cast<FusedNarrowOp>(op))
    return visitNarrow(narrow);
  // The table that the operation is given; else that of its first rows.
  Value table;
  for (Value operand : op->getOperands())
    if (isa<SegmentsType>(operand.getType()) && !table)
      table = operand;
  for (Value operand : op->getOperands())
    if (!table)
      table = getTable(operand);
  if (!table)
    return success();
  ofOps[op] = table;
  bool ok = succeeded(checkAlone(op, table));
  // Positions take nothing from the ids but that there are rows.
  for (OpOperand &operand : op->getOpOperands())
    if (!isa<PositionsOp, FusedPositionsOp>(op))
      ok &= succeeded(check(operand, table));
  for (Value result : op->getResults())
    if (isRowTensor(result.getType()) || result.getType().isIndex())
      tables[result] = table;
  return success(ok);
}

FailureOr<RowSets> RowSets::compute(func::FuncOp entry) {
  RowSets sets;
  Value table;
  for (BlockArgument argument : entry.getArguments())
    if (isa<SegmentsType>(argument.getType()) && !table)
      table = argument;
  if (!table || entry.isExternal())
    return sets;
  for (BlockArgument argument : entry.getArguments())
    if (isRowTensor(argument.getType()))
      sets.tables[argument] = table;
  bool ok = true;
  for (Operation &op : entry.getBody().front().without_terminator())
    ok &= succeeded(sets.visit(&op));
  if (!ok)
    return failure();
  return sets;
}
