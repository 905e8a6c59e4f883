// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Fused operations: checks, parameters, state, and the step from tensors to buffers.

#include "dialect/ParameterUses.h"
#include "dialect/YocoOps.h"
#include "mlir/IR/OpImplementation.h"

using namespace mlir;
using namespace mlir::yoco;

//===- Tensors and buffers -----------------------------------------------------------------------------------===//

bool yoco::isBufferForm(Operation *op) {
  return llvm::any_of(op->getOperandTypes(), llvm::IsaPred<MemRefType>);
}

Operation *yoco::detail::cloneToBuffers(Operation *op, OpBuilder &builder, ValueRange operands, ValueRange outs) {
  OperationState state(op->getLoc(), op->getName());
  state.addOperands(operands);
  state.addOperands(outs);
  NamedAttrList attributes(op->getAttrDictionary());
  StringRef segmentsName = "operandSegmentSizes";
  if (auto segments = dyn_cast_or_null<DenseI32ArrayAttr>(attributes.get(segmentsName))) {
    SmallVector<int32_t> sizes(segments.asArrayRef());
    sizes.back() = static_cast<int32_t>(outs.size());
    attributes.set(segmentsName, builder.getDenseI32ArrayAttr(sizes));
  }
  state.addAttributes(attributes);
  return builder.create(state);
}

LogicalResult yoco::detail::verifyRowKernel(Operation *op) {
  auto kernel = cast<RowKernelOpInterface>(op);
  bool buffers = isBufferForm(op);
  for (Type type : op->getOperandTypes())
    if (buffers && isa<TensorType>(type))
      return op->emitOpError("expected tensors or buffers, got both");
  if (!buffers)
    return success(kernel.getOutBuffers().empty());
  if (op->getNumResults() != 0)
    return op->emitOpError("expected no results on buffers, got ") << op->getNumResults();
  return success();
}

void yoco::detail::getRowKernelEffects(Operation *op, SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  if (!isBufferForm(op))
    return;
  OperandRange outs = cast<RowKernelOpInterface>(op).getOutBuffers();
  auto stateOp = dyn_cast<StateOpInterface>(op);
  SmallVector<Value> written = stateOp ? stateOp.getWrittenStates() : SmallVector<Value>();
  for (OpOperand &operand : op->getOpOperands()) {
    bool isOut = llvm::is_contained(outs, operand.get());
    if (!isOut)
      effects.emplace_back(MemoryEffects::Read::get(), &operand);
    if (isOut || llvm::is_contained(written, operand.get()))
      effects.emplace_back(MemoryEffects::Write::get(), &operand);
  }
}

/// Columns of rows, as tensor or buffer.
static int64_t getColumns(Value rows) { return cast<ShapedType>(rows.getType()).getShape().back(); }

/// What a fused operation writes: the first result on tensors, the one buffer in `outs` on buffers. Null, and an error,
/// when there is not exactly one.
static Value getOut(Operation *op, OperandRange outs, unsigned results = 1) {
  if (isBufferForm(op) ? outs.size() == 1 : op->getNumResults() == results)
    return isBufferForm(op) ? outs.front() : op->getResult(0);
  if (isBufferForm(op))
    op->emitOpError("expected one buffer in `outs`, got ") << outs.size();
  else
    op->emitOpError("expected ") << (results == 1 ? "one result" : "two results") << ", got " << op->getNumResults();
  return {};
}

static LogicalResult expectColumns(Operation *op, StringRef what, Value rows, int64_t columns) {
  if (getColumns(rows) == columns)
    return success();
  return op->emitOpError("expected ") << what << " of " << columns << " columns, got " << rows.getType();
}

//===- Parameters that rows share -----------------------------------------------------------------------------===//

LogicalResult ParameterVectorOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto type = cast<ShapedType>(getResult().getType());
  if (getParts().empty() || type.getRank() != 1)
    return emitOpError("expected a vector of at least one parameter, got ") << getParts().size() << " and " << type;
  int64_t size = 0;
  for (auto part : getParts().getAsRange<FlatSymbolRefAttr>()) {
    FailureOr<RankedTensorType> parameter = lookupParameter(*this, tables, part);
    if (failed(parameter))
      return failure();
    if (parameter->getRank() != 1 || parameter->getElementType() != type.getElementType())
      return emitOpError("expected parameter ") << part << " to be a vector of " << type.getElementType() << ", got "
                                                << *parameter;
    size += parameter->getDimSize(0);
  }
  if (size != type.getDimSize(0))
    return emitOpError("expected as many elements as the parameters have, ") << size << ", got " << type;
  return success();
}

//===- Row-wise kernels --------------------------------------------------------------------------------------===//

LogicalResult FusedPositionsOp::verify() { return success(static_cast<bool>(getOut(*this, getOuts()))); }

LogicalResult FusedNarrowOp::verify() {
  Value out = getOut(*this, getOuts());
  if (!out || failed(expectColumns(*this, "a result", out, getColumns(getInput()))))
    return failure();
  bool isIds = getElementTypeOrSelf(out.getType()).isInteger(32);
  if (isIds != getElementTypeOrSelf(getInput().getType()).isInteger(32))
    return emitOpError("expected numbers or integers on both sides, got ")
           << getInput().getType() << " and " << out.getType();
  if (auto table = getTo().getDefiningOp<NarrowSegmentsOp>(); table && table.getEachRow() != getEachRow())
    return emitOpError("expected `each_row` as the table of its result has it, got ")
           << (getEachRow() ? "it" : "none") << " with " << (table.getEachRow() ? "a segment for each row" : "others");
  return success();
}

LogicalResult FusedArgmaxOp::verify() { return success(static_cast<bool>(getOut(*this, getOuts()))); }

LogicalResult FusedTargetLogitsOp::verify() {
  Value out = getOut(*this, getOuts());
  return success(out && succeeded(expectColumns(*this, "a result", out, 1)));
}

SmallVector<ParameterGroup> FusedTargetLogitsOp::getParameterGroups() {
  return {ParameterGroup{{getWeightAttr()}, /*isMatrix=*/true}};
}

LogicalResult FusedTargetLogitsOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyMatrix(*this, tables, getWeightAttr(), -1, getColumns(getInput()));
}

LogicalResult FusedLogprobsOp::verify() {
  Value out = getOut(*this, getOuts());
  if (!out)
    return failure();
  int64_t best = getBest();
  if (best < 0 || best > kMostBest)
    return emitOpError("expected a number of best columns from 0 to ") << kMostBest << ", got " << best;
  if (!getTargetLogits() && (getPartial() || getCarry()))
    return emitOpError("expected the targets' logits with some of the columns, got none");
  if (getTargetLogits() && failed(expectColumns(*this, "targets' logits", getTargetLogits(), 1)))
    return failure();
  if (getCarry() && failed(expectColumns(*this, "partial rows", getCarry(), getLogprobsColumns(best, true))))
    return failure();
  for (Value rows : {Value(getLogits()), Value(getTargetLogits()), Value(getCarry()), out})
    if (rows && !getElementTypeOrSelf(rows.getType()).isF32())
      return emitOpError("expected rows of f32, got ") << rows.getType();
  return expectColumns(*this, "a result", out, getLogprobsColumns(best, getPartial()));
}

LogicalResult FusedEmbedOp::verify() { return success(static_cast<bool>(getOut(*this, getOuts()))); }

SmallVector<ParameterGroup> FusedEmbedOp::getParameterGroups() {
  return {ParameterGroup{{getTableAttr()}, /*isMatrix=*/false, /*isLookedUp=*/true}};
}

LogicalResult FusedEmbedOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyMatrix(*this, tables, getTableAttr(), -1, getColumns(getOut(*this, getOuts())));
}

LogicalResult FusedNormOp::verify() {
  Value out = getOut(*this, getOuts());
  if (!out || failed(expectColumns(*this, "a result", out, getColumns(getInput()))))
    return failure();
  int64_t groups = getGroups();
  if (groups < 1 || getColumns(getInput()) % groups != 0)
    return emitOpError("expected groups that divide ") << getColumns(getInput()) << " columns, got " << groups;
  if (!(getEps().convertToFloat() >= 0))
    return emitOpError("expected an eps of at least 0, got ") << getEpsAttr();
  return getSwish() ? expectColumns(*this, "a swish gate", getSwish(), getColumns(getInput())) : success();
}

SmallVector<ParameterGroup> FusedNormOp::getParameterGroups() {
  if (!getWeightAttr())
    return {};
  return {ParameterGroup{{getWeightAttr()}, false}};
}

LogicalResult FusedNormOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyVector(*this, tables, getWeightAttr(), getColumns(getInput()) / static_cast<int64_t>(getGroups()));
}

LogicalResult FusedRopeOp::verify() {
  Value out = getOut(*this, getOuts());
  if (!out || failed(expectColumns(*this, "a result", out, getColumns(getInput()))))
    return failure();
  int64_t heads = getHeads();
  if (heads < 1 || getColumns(getInput()) % heads != 0)
    return emitOpError("expected heads that divide ") << getColumns(getInput()) << " columns, got " << heads;
  return verifyRope(*this, getRope(), getColumns(getInput()) / heads);
}

//===- Linear groups -----------------------------------------------------------------------------------------===//

LogicalResult FusedLinearOp::verify() {
  Value out = getOut(*this, getOuts());
  if (!out)
    return failure();
  if (getWeights().empty())
    return emitOpError("expected at least one weight, got none");
  // In a kernel a joined matrix has one name.
  bool isOneMatrix = getJoined() && isInKernels(*this) && getWeights().size() == 1;
  if (getJoined() && !isGated())
    return emitOpError("expected a gated activation with `joined`, got ") << stringifyActivation(getActivation());
  if (isGated() && getWeights().size() != 2 && !isOneMatrix)
    return emitOpError("expected two weights with ")
           << stringifyActivation(getActivation()) << ", got " << getWeights().size();
  if (getNormWeightAttr() && !getEpsAttr())
    return emitOpError("expected `eps` with `norm_weight`, got none");
  if (getEpsAttr() && !(getEps()->convertToFloat() >= 0))
    return emitOpError("expected an eps of at least 0, got ") << getEpsAttr();
  if (getFirstRowAttr() && (getWeights().size() != 1 || isGated() || static_cast<int64_t>(*getFirstRow()) < 0))
    return emitOpError("expected one weight with `first_row`, of at least 0, got ")
           << getWeights().size() << " and " << static_cast<int64_t>(*getFirstRow());
  int64_t maxRows = getMaxRows();
  if (maxRows < 0)
    return emitOpError("expected `max_rows` of at least 0, got ") << maxRows;
  if (getWorkspace() && !isBufferForm(*this))
    return emitOpError("expected no workspace on tensors, got ") << getWorkspace().getType();
  return getResidual() ? expectColumns(*this, "a residual", getResidual(), getColumns(out)) : success();
}

void FusedLinearOp::setWorkspace(Value workspace) { getWorkspaceMutable().assign(workspace); }

SmallVector<ParameterGroup> FusedLinearOp::getParameterGroups() {
  SmallVector<ParameterGroup> groups;
  for (Attribute weight : getWeights()) {
    if (groups.empty() || (isGated() && !getJoined()))
      groups.push_back(ParameterGroup{{}, true});
    groups.back().parts.push_back(cast<FlatSymbolRefAttr>(weight));
  }
  if (std::optional<int64_t> first = getFirstRow()) {
    groups.front().firstRow = *first;
    groups.front().endRow = *first + getColumns(isBufferForm(*this) ? getOuts().front() : Value(getResult().front()));
  }
  if (getNormWeightAttr())
    groups.push_back(ParameterGroup{{getNormWeightAttr()}, false});
  return groups;
}

LogicalResult FusedLinearOp::verifySymbolUses(SymbolTableCollection &tables) {
  if (isInKernels(*this))
    return success();
  int64_t columns = getColumns(getInput()), rows = 0;
  int64_t outColumns = getColumns(getOut(*this, getOuts()));
  for (Attribute weight : getWeights()) {
    auto name = cast<FlatSymbolRefAttr>(weight);
    if (failed(verifyMatrix(*this, tables, name, isGated() ? outColumns : -1, columns)))
      return failure();
    rows += lookupParameter(*this, tables, name)->getDimSize(0);
  }
  if (std::optional<int64_t> first = getFirstRow(); first && (*first > rows || outColumns > rows - *first))
    return emitOpError("expected some of the ") << rows << " rows of the weight, got " << outColumns << " from "
                                                << *first << " on";
  if (!isGated() && !getFirstRow() && rows != outColumns)
    return emitOpError("expected a result of as many columns as the weights have rows, ")
           << rows << ", got " << outColumns;
  return verifyVector(*this, tables, getNormWeightAttr(), columns);
}

//===- Retention ---------------------------------------------------------------------------------------------===//

LogicalResult FusedRetentionOp::verify() {
  Value out = getOut(*this, getOuts(), 2);
  if (!out)
    return failure();
  ArrayRef<int64_t> shape = getState().getType().getShape();
  if (shape.size() != 3)
    return emitOpError("expected a state of heads, key width and value width, got ") << getState().getType();
  if (!isa<ShapedType>(out.getType()))
    return emitOpError("expected rows as the first result, got ") << out.getType();
  int64_t keys = shape[0] * shape[1], values = shape[0] * shape[2];
  if (failed(expectColumns(*this, "queries", getQuery(), keys)) ||
      failed(expectColumns(*this, "keys", getKey(), keys)) ||
      failed(expectColumns(*this, "values", getValue(), values)) ||
      failed(expectColumns(*this, "gates", getGate(), shape[0])) ||
      failed(expectColumns(*this, "a result", out, values)) ||
      (getSwish() && failed(expectColumns(*this, "a swish gate", getSwish(), values))))
    return failure();
  if (!isBufferForm(*this) && getResult(1).getType() != getState().getType())
    return emitOpError("expected the next state to be of type ")
           << getState().getType() << ", got " << getResult(1).getType();
  if (static_cast<int64_t>(getSpan()) < 0)
    return emitOpError("expected a span of at least 0, got ") << static_cast<int64_t>(getSpan());
  if (getEpsAttr() && !(getEps()->convertToFloat() >= 0))
    return emitOpError("expected an eps of at least 0, got ") << getEpsAttr();
  return verifyWholeRope(*this, getRopeAttr(), shape[1]);
}

SmallVector<Value> FusedRetentionOp::getReadStates() { return {getState()}; }
SmallVector<Value> FusedRetentionOp::getWrittenStates() { return {getState()}; }

SmallVector<Value> FusedRetentionOp::getNewStates() {
  if (isBufferForm(*this))
    return {};
  return {getResult(1)};
}

//===- Attention and cache writes ----------------------------------------------------------------------------===//

/// Two caches that one kernel works on: of as many heads, of one element type, both growing or both rings of one
/// window.
static LogicalResult verifyPair(Operation *op, CacheType first, CacheType second) {
  if (first.getHeads() == second.getHeads() && first.getElement() == second.getElement() &&
      first.getWindow() == second.getWindow() && first.getLayout() == second.getLayout())
    return success();
  return op->emitOpError("expected two caches that differ in their widths alone, got ") << first << " and " << second;
}

LogicalResult FusedAttentionOp::verify() {
  Value out = getOut(*this, getOuts());
  if (!out || failed(verifyPair(*this, getKeyCache().getType(), getValueCache().getType())))
    return failure();
  CacheType cache = getKeyCache().getType();
  int64_t heads = getHeads();
  if (heads < 1 || heads % cache.getHeads() != 0)
    return emitOpError("expected the number of query heads to be a multiple of that of key heads, got ")
           << heads << " and " << cache.getHeads();
  int64_t splits = getSplits();
  if (splits < 0)
    return emitOpError("expected splits of at least 0, got ") << splits;
  int64_t columns = splits ? getPartialColumns(heads, splits, getValueWidth()) : heads * getValueWidth();
  if (failed(expectColumns(*this, "queries", getQuery(), heads * getKeyWidth())) ||
      failed(expectColumns(*this, "a result", out, columns)))
    return failure();
  if (splits && !getElementTypeOrSelf(out.getType()).isF32())
    return emitOpError("expected partial rows of f32, got ") << out.getType();
  if (!getKeys() != !getValues())
    return emitOpError("expected fresh keys and values together, got one without the other");
  if (cache.isRing() != static_cast<bool>(getKeys()))
    return emitOpError("expected fresh keys and values with rings and only there, got ") << cache;
  int64_t window = getWindow();
  if (window < 0)
    return emitOpError("expected a window of at least 0, got ") << window;
  if (cache.isRing() && (window < 1 || window > cache.getWindow()))
    return emitOpError("expected a window from 1 to that of the ring, ") << cache.getWindow() << ", got " << window;
  if (getKeys() && (failed(expectColumns(*this, "keys", getKeys(), cache.getHeads() * getKeyWidth())) ||
                    failed(expectColumns(*this, "values", getValues(), cache.getHeads() * getValueWidth()))))
    return failure();
  return verifyRope(*this, getRopeAttr(), getKeyWidth());
}

int64_t yoco::getPartialColumns(int64_t heads, int64_t splits, int64_t valueWidth) {
  return heads * splits * (valueWidth + 2);
}

LogicalResult FusedAttentionMergeOp::verify() {
  Value out = getOut(*this, getOuts());
  if (!out)
    return failure();
  int64_t heads = getHeads(), splits = getSplits();
  if (heads < 1 || splits < 1 || getColumns(out) % heads != 0)
    return emitOpError("expected at least 1 split, and heads that divide ")
           << getColumns(out) << " columns, got " << splits << " and " << heads;
  return expectColumns(*this, "partial rows", getPartial(), getPartialColumns(heads, splits, getColumns(out) / heads));
}

SmallVector<Value> FusedAttentionOp::getReadStates() { return {getKeyCache(), getValueCache()}; }
SmallVector<Value> FusedAttentionOp::getWrittenStates() { return {}; }
SmallVector<Value> FusedAttentionOp::getNewStates() { return {}; }

LogicalResult FusedCacheWriteOp::verify() {
  if (!getOuts().empty())
    return emitOpError("expected no buffers in `outs`, got ") << getOuts().size();
  if (!getMoreRows() != !getMoreCache())
    return emitOpError("expected a cache for each of its rows, got ")
           << (getMoreRows() ? "one for both" : "two for one");
  SmallVector<Value> caches = getWrittenStates();
  if (caches.size() == 2 && caches[0] == caches[1])
    return emitOpError("expected two caches, got one twice");
  if (!isBufferForm(*this) && getResult().getTypes() != ValueRange(caches).getTypes())
    return emitOpError("expected results of the types of the caches, ")
           << ValueRange(caches).getTypes() << ", got " << getResult().getTypes();
  CacheType cache = getCache().getType();
  if (failed(expectColumns(*this, "rows", getRows(), cache.getHeads() * cache.getWidth())))
    return failure();
  if (CacheType more = getMoreType();
      more && (failed(verifyPair(*this, cache, more)) ||
               failed(expectColumns(*this, "rows", getMoreRows(), more.getHeads() * more.getWidth()))))
    return failure();
  return verifyRope(*this, getRopeAttr(), cache.getWidth());
}

SmallVector<Value> FusedCacheWriteOp::getReadStates() { return {}; }

SmallVector<Value> FusedCacheWriteOp::getWrittenStates() {
  SmallVector<Value> caches = {getCache()};
  if (getMoreCache())
    caches.push_back(getMoreCache());
  return caches;
}

SmallVector<Value> FusedCacheWriteOp::getNewStates() {
  return isBufferForm(*this) ? SmallVector<Value>() : SmallVector<Value>(getResult());
}
