// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operations of phase `step`: checks, demand, and what they read and write.

#include "dialect/ParameterUses.h"
#include "dialect/YocoOps.h"
#include "mlir/IR/OpImplementation.h"

using namespace mlir;
using namespace mlir::yoco;

/// Rows of a cache have its heads and width.
static LogicalResult verifyCacheRows(Operation *op, CacheType cache, RankedTensorType rows) {
  if (rows != cache.getRowsType())
    return op->emitOpError("expected rows of type ") << cache.getRowsType() << ", got " << rows;
  return success();
}

//===- Sets of rows ------------------------------------------------------------------------------------------===//

LogicalResult NarrowSegmentsOp::verify() {
  if (getEachRow() && getHalo() != 0)
    return emitOpError("expected a halo of 0 with `each_row`, got ") << getHalo();
  return success();
}

//===- Cache read --------------------------------------------------------------------------------------------===//

void CacheReadOp::build(OpBuilder &builder, OperationState &state, Value cache, Value segments) {
  build(builder, state, cast<CacheType>(cache.getType()).getRowsType(), cache, segments);
}

LogicalResult CacheReadOp::verify() { return verifyCacheRows(*this, getCache().getType(), getRows().getType()); }

RowDemand CacheReadOp::getOperandDemand(unsigned, ArrayRef<RowDemand>, RowDemand) { return RowDemand::none(); }
SmallVector<Value> CacheReadOp::getReadStates() { return {getCache()}; }
SmallVector<Value> CacheReadOp::getWrittenStates() { return {}; }
SmallVector<Value> CacheReadOp::getNewStates() { return {}; }

//===- Cache write -------------------------------------------------------------------------------------------===//

void CacheWriteOp::build(OpBuilder &builder, OperationState &state, Value cache, Value rows, Value segments) {
  build(builder, state, cache.getType(), cache, rows, segments);
}

LogicalResult CacheWriteOp::verify() { return verifyCacheRows(*this, getCache().getType(), getRows().getType()); }

RowDemand CacheWriteOp::getOperandDemand(unsigned operand, ArrayRef<RowDemand>, RowDemand state) {
  bool isRows = operand == getRowsMutable().getOperandNumber();
  return isRows ? getCache().getType().getOwedRows(state) : RowDemand::none();
}

SmallVector<Value> CacheWriteOp::getReadStates() { return {}; }
SmallVector<Value> CacheWriteOp::getWrittenStates() { return {getCache()}; }
SmallVector<Value> CacheWriteOp::getNewStates() { return {getResult()}; }

//===- Attention and retention -------------------------------------------------------------------------------===//

LogicalResult StepAttentionOp::verify() {
  RankedTensorType keys = getPastKeys().getType(), values = getPastValues().getType();
  if (failed(verifyAttention(*this, getQuery().getType(), keys, values, getType(), static_cast<int64_t>(getWindow()))))
    return failure();
  if (!getKeys() != !getValues())
    return emitOpError("expected fresh keys and values together, got one without the other");
  if (getKeys() && (getKeys().getType() != keys || getValues().getType() != values))
    return emitOpError("expected fresh rows of the types of the past ones, ")
           << keys << " and " << values << ", got " << getKeys().getType() << " and " << getValues().getType();
  return success();
}

RowDemand StepAttentionOp::getOperandDemand(unsigned operand, ArrayRef<RowDemand> results, RowDemand) {
  OperandRange query = getODSOperands(0);
  if (operand == query.getBeginOperandIndex() || results[0].isNone())
    return results[0];
  // Of rows of earlier steps and of this one alike: the first row sees W - 1 positions before it.
  return getWindow() == 0 ? RowDemand::all() : results[0].widen(getWindow() - 1);
}

LogicalResult RowLogprobsOp::verify() {
  int64_t best = getBest();
  if (best < 0 || best > kMostBest)
    return emitOpError("expected a number of best columns from 0 to ") << kMostBest << ", got " << best;
  if (getType().getDimSize(1) != getLogprobsColumns(best) || !getType().getElementType().isF32())
    return emitOpError("expected a result of ") << getLogprobsColumns(best) << " columns of f32, got " << getType();
  return success();
}

RowDemand StepRetentionOp::getOperandDemand(unsigned operand, ArrayRef<RowDemand> results, RowDemand state) {
  if (operand == getQueryMutable().getOperandNumber())
    return results[0];
  bool isRows = operand == getKeyMutable().getOperandNumber() || operand == getValueMutable().getOperandNumber() ||
                operand == getGateMutable().getOperandNumber();
  if (!isRows)
    return RowDemand::none();
  // Every row leaves its mark on the state and on all results after it.
  return getState().getType().getOwedRows(state.join(results[0]));
}

SmallVector<Value> StepRetentionOp::getReadStates() { return {getState()}; }
SmallVector<Value> StepRetentionOp::getWrittenStates() { return {getState()}; }
SmallVector<Value> StepRetentionOp::getNewStates() { return {getNext()}; }
