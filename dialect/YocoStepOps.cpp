// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operations of phase `step`: checks, demand, and what they read and write.

#include "dialect/ParameterUses.h"
#include "dialect/YocoOps.h"
#include "mlir/IR/OpImplementation.h"

using namespace mlir;
using namespace mlir::yoco;

/// Keys and values of a cache are rows of its heads and widths.
static LogicalResult verifyCacheRows(Operation *op, KVCacheType cache, RankedTensorType keys, RankedTensorType values) {
  auto expected = [&](int64_t width) {
    return RankedTensorType::get({ShapedType::kDynamic, cache.getHeads(), width}, cache.getElement());
  };
  if (keys != expected(cache.getKey()))
    return op->emitOpError("expected keys of type ") << expected(cache.getKey()) << ", got " << keys;
  if (values != expected(cache.getValue()))
    return op->emitOpError("expected values of type ") << expected(cache.getValue()) << ", got " << values;
  return success();
}

//===- Cache read --------------------------------------------------------------------------------------------===//

void CacheReadOp::build(OpBuilder &builder, OperationState &state, Value cache, Value segments) {
  auto type = cast<KVCacheType>(cache.getType());
  auto rows = [&](int64_t width) {
    return RankedTensorType::get({ShapedType::kDynamic, type.getHeads(), width}, type.getElement());
  };
  build(builder, state, rows(type.getKey()), rows(type.getValue()), cache, segments);
}

LogicalResult CacheReadOp::verify() {
  return verifyCacheRows(*this, getCache().getType(), getKeys().getType(), getValues().getType());
}

RowDemand CacheReadOp::getOperandDemand(unsigned, ArrayRef<RowDemand>, bool) { return RowDemand::none(); }
Value CacheReadOp::getReadState() { return getCache(); }
Value CacheReadOp::getWrittenState() { return {}; }
Value CacheReadOp::getNewState() { return {}; }

//===- Cache write -------------------------------------------------------------------------------------------===//

LogicalResult CacheWriteOp::verify() {
  return verifyCacheRows(*this, getCache().getType(), getKeys().getType(), getValues().getType());
}

RowDemand CacheWriteOp::getOperandDemand(unsigned operand, ArrayRef<RowDemand>, bool stateIsRead) {
  bool isRows = operand == getKeysMutable().getOperandNumber() || operand == getValuesMutable().getOperandNumber();
  if (!isRows || !stateIsRead)
    return RowDemand::none();
  // A growing cache must hold every position; of a ring, later steps see the W - 1 positions before their first row.
  int64_t window = getCache().getType().getWindow();
  return window == 0 ? RowDemand::all() : RowDemand::last(window - 1);
}

Value CacheWriteOp::getReadState() { return {}; }
Value CacheWriteOp::getWrittenState() { return getCache(); }
Value CacheWriteOp::getNewState() { return getResult(); }

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

RowDemand StepAttentionOp::getOperandDemand(unsigned operand, ArrayRef<RowDemand> results, bool) {
  OperandRange query = getODSOperands(0);
  if (operand == query.getBeginOperandIndex() || results[0].isNone())
    return results[0];
  // Past rows are not rows of this step; whoever reads them is noted as a reader of the cache by any demand but none.
  bool isFresh = getKeys() && operand >= getODSOperands(4).getBeginOperandIndex();
  if (!isFresh || getWindow() == 0)
    return RowDemand::all();
  return results[0].widen(getWindow() - 1);
}

RowDemand StepRetentionOp::getOperandDemand(unsigned operand, ArrayRef<RowDemand> results, bool stateIsRead) {
  if (operand == getQueryMutable().getOperandNumber())
    return results[0];
  bool isRows = operand == getKeyMutable().getOperandNumber() || operand == getValueMutable().getOperandNumber() ||
                operand == getGateMutable().getOperandNumber();
  if (!isRows)
    return RowDemand::none();
  // Every row leaves its mark on the state and on all results behind it.
  return stateIsRead || !results[0].isNone() ? RowDemand::all() : RowDemand::none();
}

Value StepRetentionOp::getReadState() { return getState(); }
Value StepRetentionOp::getWrittenState() { return getState(); }
Value StepRetentionOp::getNewState() { return getNext(); }
