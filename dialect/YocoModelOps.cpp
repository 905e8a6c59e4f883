// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operations of phase `model`: checks, folds, demand, and the step forms of row mixers.

#include "dialect/ParameterUses.h"
#include "dialect/YocoOps.h"
#include "mlir/IR/OpImplementation.h"

using namespace mlir;
using namespace mlir::yoco;

#include "dialect/YocoInterfaces.cpp.inc"

//===- References to parameters ------------------------------------------------------------------------------===//

bool yoco::isInKernels(Operation *op) {
  auto module = op->getParentOfType<ModuleOp>();
  return module && module->hasAttr(kKernelsAttrName);
}

FailureOr<RankedTensorType> yoco::lookupParameter(Operation *op, SymbolTableCollection &tables,
                                                  FlatSymbolRefAttr name) {
  auto parameter = tables.lookupNearestSymbolFrom<ParameterOp>(op, name);
  if (!parameter)
    return (LogicalResult)(op->emitOpError("expected ") << name << " to name a `yoco.parameter`");
  return parameter.getTensorType();
}

LogicalResult yoco::verifyMatrix(Operation *op, SymbolTableCollection &tables, FlatSymbolRefAttr name, int64_t rows,
                                 int64_t columns) {
  if (isInKernels(op))
    return success();
  FailureOr<RankedTensorType> type = lookupParameter(op, tables, name);
  if (failed(type))
    return failure();
  if (type->getRank() != 2 || type->getDimSize(1) != columns || (rows >= 0 && type->getDimSize(0) != rows)) {
    InFlightDiagnostic error = op->emitOpError("expected parameter ") << name << " to have shape [";
    if (rows >= 0)
      error << rows;
    else
      error << "any";
    return error << ", " << columns << "], got " << *type;
  }
  return success();
}

LogicalResult yoco::verifyVector(Operation *op, SymbolTableCollection &tables, FlatSymbolRefAttr name, int64_t size) {
  if (!name || isInKernels(op))
    return success();
  FailureOr<RankedTensorType> type = lookupParameter(op, tables, name);
  if (failed(type))
    return failure();
  if (type->getRank() != 1 || type->getDimSize(0) != size)
    return op->emitOpError("expected parameter ") << name << " to have shape [" << size << "], got " << *type;
  return success();
}

LogicalResult yoco::verifyRope(Operation *op, RopeAttr rope, int64_t width) {
  if (!rope)
    return success();
  if (width % 2 != 0)
    return op->emitOpError("expected heads of an even width to rotate, got width ") << width;
  int64_t pairs = rope.getInvFreq().size();
  if (pairs >= 1 && pairs <= width / 2)
    return success();
  return op->emitOpError("expected from 1 to ") << width / 2 << " frequencies for a head of width " << width << ", got "
                                                << pairs;
}

LogicalResult yoco::verifyWholeRope(Operation *op, RopeAttr rope, int64_t width) {
  if (!rope || static_cast<int64_t>(rope.getInvFreq().size()) * 2 == width)
    return success();
  return op->emitOpError("expected one frequency for each pair of a head of width ")
         << width << ", got " << rope.getInvFreq().size();
}

//===- Row-wise operations -----------------------------------------------------------------------------------===//

LogicalResult ParameterOp::verify() {
  RankedTensorType type = getTensorType();
  if (!type.hasStaticShape() || type.getNumElements() == 0)
    return emitOpError("expected a static shape without empty dimensions, got ") << type;
  if (type.getRank() != 1 && type.getRank() != 2)
    return emitOpError("expected a vector or a matrix, got rank ") << type.getRank();
  if (std::optional<SliceAttr> slice = getSlice()) {
    auto fits = [](int64_t begin, int64_t size, int64_t end) {
      return begin >= 0 && end >= 0 && begin <= end && size <= end - begin;
    };
    if (!fits(slice->getRow(), getNumRows(), slice->getRows()) ||
        !fits(slice->getColumn(), getNumColumns(), slice->getColumns()))
      return emitOpError("expected a slice that lies within its tensor, got ") << *slice << " of " << type;
    if (type.getRank() == 1 && slice->getRows() != 1)
      return emitOpError("expected a slice of one row for a vector, got ") << *slice;
  }
  return success();
}

SliceAttr ParameterOp::getWholeSlice() {
  if (std::optional<SliceAttr> slice = getSlice())
    return *slice;
  return SliceAttr::get(getContext(), 0, 0, getNumRows(), getNumColumns());
}

void PositionsOp::build(OpBuilder &builder, OperationState &state, Value ids, Value segments) {
  build(builder, state, ids.getType(), ids, segments);
}

LogicalResult EmbedOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyMatrix(*this, tables, getTableAttr(), -1, getType().getDimSize(1));
}

LogicalResult LinearOp::verifySymbolUses(SymbolTableCollection &tables) {
  if (failed(verifyMatrix(*this, tables, getWeightAttr(), getType().getDimSize(1), getInput().getType().getDimSize(1))))
    return failure();
  return verifyVector(*this, tables, getBiasAttr(), getType().getDimSize(1));
}

LogicalResult NormOp::verify() {
  // Also refuses what is not a number.
  if (!(getEps().convertToFloat() >= 0))
    return emitOpError("expected an eps of at least 0, got ") << getEpsAttr();
  if (getBiasAttr() && getKind() == NormKind::rms)
    return emitOpError("expected no bias with kind `rms`, got ") << getBiasAttr();
  return success();
}

LogicalResult NormOp::verifySymbolUses(SymbolTableCollection &tables) {
  if (failed(verifyVector(*this, tables, getWeightAttr(), getType().getShape().back())))
    return failure();
  return verifyVector(*this, tables, getBiasAttr(), getType().getShape().back());
}

LogicalResult BroadcastOp::verify() {
  RankedTensorType input = getInput().getType(), type = getType();
  if (input.getShape().back() != 1 || input.getShape().drop_back() != type.getShape().drop_back())
    return emitOpError("expected an operand with one column where the result has ")
           << type.getShape().back() << ", got " << input << " for " << type;
  return success();
}

LogicalResult ScaleOp::verifySymbolUses(SymbolTableCollection &tables) {
  if (getWeights().empty())
    return emitOpError("expected parameters, got none");
  int64_t width = getType().getShape().back(), size = 0;
  Type element;
  for (auto name : getWeights().getAsRange<FlatSymbolRefAttr>()) {
    FailureOr<RankedTensorType> type = lookupParameter(*this, tables, name);
    if (failed(type))
      return failure();
    if (type->getRank() != 1 || (element && element != type->getElementType()))
      return emitOpError("expected parameter ")
             << name << " to be a vector of the same type as the first, got " << *type;
    element = type->getElementType();
    size += type->getDimSize(0);
  }
  if (size != width && size != 1)
    return emitOpError("expected parameters with 1 or ") << width << " elements together, got " << size;
  return success();
}

LogicalResult SoftCapOp::verify() {
  // Also refuses what is not a number.
  if (!(getCap().convertToFloat() > 0))
    return emitOpError("expected a cap of more than 0, got ") << getCapAttr();
  return success();
}

LogicalResult RopeOp::verify() { return verifyRope(*this, getRope(), getType().getDimSize(2)); }

OpFoldResult RopeOp::fold(FoldAdaptor) {
  // Pairs of frequency 0 are not rotated.
  if (llvm::all_of(getRope().getInvFreq().asArrayRef(), [](float frequency) { return frequency == 0.0f; }))
    return getInput();
  return {};
}

//===- Attention ---------------------------------------------------------------------------------------------===//

LogicalResult yoco::verifyAttention(Operation *op, RankedTensorType query, RankedTensorType key,
                                    RankedTensorType value, RankedTensorType result, int64_t window) {
  if (query.getDimSize(2) != key.getDimSize(2))
    return op->emitOpError("expected query and key heads of the same width, got ")
           << query.getDimSize(2) << " and " << key.getDimSize(2);
  if (key.getDimSize(1) != value.getDimSize(1))
    return op->emitOpError("expected as many value heads as key heads, got ")
           << value.getDimSize(1) << " and " << key.getDimSize(1);
  if (query.getDimSize(1) % key.getDimSize(1) != 0)
    return op->emitOpError("expected the number of query heads to be a multiple of that of key heads, got ")
           << query.getDimSize(1) << " and " << key.getDimSize(1);
  if (result.getDimSize(1) != query.getDimSize(1) || result.getDimSize(2) != value.getDimSize(2))
    return op->emitOpError("expected a result of ")
           << query.getDimSize(1) << " heads of width " << value.getDimSize(2) << ", got " << result;
  if (window < 0)
    return op->emitOpError("expected a window of at least 0, got ") << window;
  return success();
}

LogicalResult AttentionOp::verify() {
  RankedTensorType key = getKey().getType(), value = getValue().getType();
  if (failed(verifyAttention(*this, getQuery().getType(), key, value, getType(), static_cast<int64_t>(getWindow()))))
    return failure();
  Type element = key.getElementType();
  if (element != value.getElementType() || !(element.isF32() || element.isF16() || element.isBF16()))
    return emitOpError("expected keys and values of one of f32, f16 and bf16, got ")
           << element << " and " << value.getElementType();
  return success();
}

RowDemand AttentionOp::getOperandDemand(unsigned operand, ArrayRef<RowDemand> results, RowDemand) {
  if (operand == getQueryMutable().getOperandNumber() || results[0].isNone())
    return results[0];
  // The first row sees W - 1 rows before it.
  return getWindow() == 0 ? RowDemand::all() : results[0].widen(getWindow() - 1);
}

SmallVector<CachedRows> AttentionOp::getCachedRows() {
  auto cached = [&](TypedValue<RankedTensorType> rows, StringRef name) {
    return CachedRows{rows, name, CacheType::get(rows.getType(), getWindow())};
  };
  return {cached(getKey(), "keys"), cached(getValue(), "values")};
}

SmallVector<Type> AttentionOp::getOwnStates() { return {}; }

SmallVector<Value> AttentionOp::buildStepForm(OpBuilder &builder, ValueRange operands, Value segments,
                                              MutableArrayRef<Value> states) {
  Value pastKeys = CacheReadOp::create(builder, getLoc(), states[0], segments), pastValues = pastKeys;
  if (states[1] != states[0])
    pastValues = CacheReadOp::create(builder, getLoc(), states[1], segments);
  // A cache that is written first has the fresh rows already.
  bool isFresh = !cast<StateTypeInterface>(states[0].getType()).isWrittenFirst();
  auto attention = StepAttentionOp::create(builder, getLoc(), getType(), operands[0], segments, pastKeys, pastValues,
                                           isFresh ? operands[1] : Value(), isFresh ? operands[2] : Value(),
                                           getScaleAttr(), getWindowAttr());
  return {attention.getResult()};
}

//===- Gated retention ---------------------------------------------------------------------------------------===//

/// Heads of query, key and value of a retention, and its gate, fit together.
static LogicalResult verifyRetention(Operation *op, RankedTensorType query, RankedTensorType key,
                                     RankedTensorType value, RankedTensorType gate, RankedTensorType result) {
  if (query != key)
    return op->emitOpError("expected query and key of the same shape, got ") << query << " and " << key;
  if (value.getDimSize(1) != key.getDimSize(1))
    return op->emitOpError("expected as many value heads as key heads, got ")
           << value.getDimSize(1) << " and " << key.getDimSize(1);
  if (gate.getDimSize(1) != key.getDimSize(1))
    return op->emitOpError("expected one gate for each of ") << key.getDimSize(1) << " heads, got " << gate;
  if (result != value)
    return op->emitOpError("expected a result of the type of the values, ") << value << ", got " << result;
  return success();
}

LogicalResult GatedRetentionOp::verify() {
  return verifyRetention(*this, getQuery().getType(), getKey().getType(), getValue().getType(), getGate().getType(),
                         getType());
}

RowDemand GatedRetentionOp::getOperandDemand(unsigned operand, ArrayRef<RowDemand> results, RowDemand) {
  if (operand == getQueryMutable().getOperandNumber() || results[0].isNone())
    return results[0];
  return RowDemand::all();
}

SmallVector<CachedRows> GatedRetentionOp::getCachedRows() { return {}; }

SmallVector<Type> GatedRetentionOp::getOwnStates() {
  RankedTensorType key = getKey().getType();
  const int64_t shape[] = {key.getDimSize(1), key.getDimSize(2), getValue().getType().getDimSize(2)};
  return {yoco::StateType::get(getContext(), shape, Float32Type::get(getContext()))};
}

SmallVector<Value> GatedRetentionOp::buildStepForm(OpBuilder &builder, ValueRange operands, Value segments,
                                                   MutableArrayRef<Value> states) {
  auto retention = StepRetentionOp::create(builder, getLoc(), getType(), states[0].getType(), operands[0], operands[1],
                                           operands[2], operands[3], segments, states[0], getScaleAttr());
  states[0] = retention.getNext();
  return {retention.getResult()};
}

LogicalResult StepRetentionOp::verify() {
  if (failed(verifyRetention(*this, getQuery().getType(), getKey().getType(), getValue().getType(),
                             getGate().getType(), getResult().getType())))
    return failure();
  RankedTensorType key = getKey().getType();
  const int64_t shape[] = {key.getDimSize(1), key.getDimSize(2), getValue().getType().getDimSize(2)};
  if (getState().getType().getShape() != ArrayRef<int64_t>(shape))
    return emitOpError("expected a state of shape [") << shape[0] << ", " << shape[1] << ", " << shape[2] << "], got "
                                                      << getState().getType();
  return success();
}

//===- Decoders ----------------------------------------------------------------------------------------------===//

/// The block of a decoder takes `inputs` and yields the results.
static LogicalResult verifyDecoderBody(Operation *op, Region &body, ValueRange inputs) {
  if (inputs.empty() || op->getNumResults() == 0)
    return op->emitOpError("expected at least one operand and one result, got ")
           << inputs.size() << " and " << op->getNumResults();
  Block &block = body.front();
  if (!llvm::equal(block.getArgumentTypes(), inputs.getTypes()))
    return op->emitOpError("expected a block with one argument of the type of each operand, ")
           << inputs.size() << " in all, got " << block.getNumArguments();
  Operation *yield = block.getTerminator();
  if (!llvm::equal(yield->getOperandTypes(), op->getResultTypes())) {
    InFlightDiagnostic error = op->emitOpError("expected `yoco.yield` to give the types of the results");
    error.attachNote(yield->getLoc()) << "it is here";
    return error;
  }
  return success();
}

/// Rows of floating-point vectors come in as operands; positions and sizes may be used from outside. No decoder inside.
static LogicalResult verifyDecoderUses(Operation *op, Region &body) {
  WalkResult result = body.walk([&](Operation *inner) -> WalkResult {
    if (isa<SelfDecoderOp, CrossDecoderOp>(inner)) {
      op->emitOpError("expected no decoder inside, got '") << inner->getName() << "'";
      return WalkResult::interrupt();
    }
    for (Value operand : inner->getOperands()) {
      auto type = dyn_cast<RankedTensorType>(operand.getType());
      bool isRows = type && isa<FloatType>(type.getElementType());
      if (!isRows || body.isAncestor(operand.getParentRegion()))
        continue;
      InFlightDiagnostic error = op->emitOpError("expected rows from outside to come in as operands, got ")
                                 << type << " used inside";
      error.attachNote(inner->getLoc()) << "the use is here";
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

LogicalResult SelfDecoderOp::verify() {
  if (failed(verifyDecoderBody(*this, getBody(), getInputs())))
    return failure();
  return verifyDecoderUses(*this, getBody());
}

LogicalResult CrossDecoderOp::verify() {
  if (failed(verifyDecoderBody(*this, getBody(), getOperands())) || failed(verifyDecoderUses(*this, getBody())))
    return failure();
  auto shared = getBody().front().getArguments().drop_front(getInputs().size());
  WalkResult result = getBody().walk([&](RowMixerOpInterface mixer) -> WalkResult {
    if (!mixer.getOwnStates().empty()) {
      InFlightDiagnostic error = emitOpError("expected no state of its own, got '") << mixer->getName() << "' inside";
      error.attachNote(mixer->getLoc()) << "it is here";
      return WalkResult::interrupt();
    }
    for (const CachedRows &cached : mixer.getCachedRows()) {
      if (llvm::is_contained(shared, cached.rows))
        continue;
      InFlightDiagnostic error = emitOpError("expected keys and values to be shared operands, got rows made inside");
      error.attachNote(mixer->getLoc()) << "'" << mixer->getName() << "' caches them here";
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}
