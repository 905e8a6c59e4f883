// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/lowering/RowLoops.h"

using namespace mlir;
using namespace mlir::yoco;

/// The number that changes nothing when it is combined; none when `op` is no combiner.
static std::optional<double> getNeutral(Operation *op) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (isa<arith::AddFOp>(op))
    return 0.0;
  if (isa<arith::MulFOp>(op))
    return 1.0;
  if (isa<arith::MaximumFOp, arith::MaxNumFOp>(op))
    return -kInfinity;
  if (isa<arith::MinimumFOp, arith::MinNumFOp>(op))
    return kInfinity;
  return std::nullopt;
}

Value RowReduction::combine(OpBuilder &builder, Value a, Value b) const {
  OperationState state(combiner->getLoc(), combiner->getName(), ValueRange{a, b}, TypeRange{a.getType()},
                       llvm::to_vector(combiner->getAttrDictionary()));
  return builder.create(state)->getResult(0);
}

SmallVector<int64_t> RowLoops::getShape() { return op.getStaticLoopRanges(); }

std::optional<unsigned> RowLoops::getLoop(OpOperand &operand, unsigned dim) {
  if (auto loop = dyn_cast<AffineDimExpr>(op.getMatchingIndexingMap(&operand).getResult(dim)))
    return loop.getPosition();
  return std::nullopt;
}

bool RowLoops::hasColumns(OpOperand &operand) {
  unsigned rank = op.getMatchingIndexingMap(&operand).getNumResults();
  return getLoop(operand, rank - 1) == op.getNumLoops() - 1;
}

/// The end of the body of a reduction: a combiner of the accumulator, used nowhere else, and an element.
static std::optional<RowReduction> matchReduction(linalg::GenericOp op, unsigned output) {
  Value yielded = op.getBody()->getTerminator()->getOperand(output);
  BlockArgument accumulator = op.getMatchingBlockArgument(op.getDpsInitOperand(output));
  Operation *combiner = yielded.getDefiningOp();
  if (!combiner || !getNeutral(combiner) || !accumulator.hasOneUse() || !yielded.hasOneUse())
    return std::nullopt;
  auto initial = op->getAttrOfType<ArrayAttr>(kInitialAttrName);
  if (!initial || initial.size() != op.getDpsInits().size() || !isa<FloatAttr>(initial[output]))
    return std::nullopt;
  for (unsigned i : {0u, 1u})
    if (combiner->getOperand(i) == accumulator)
      return RowReduction{combiner, combiner->getOperand(1 - i), cast<FloatAttr>(initial[output]).getValueAsDouble(),
                          *getNeutral(combiner)};
  return std::nullopt;
}

SmallVector<RowReduction> RowLoops::getReductions() {
  SmallVector<RowReduction> reductions;
  for (int64_t i = 0; isReduction() && i < op.getNumDpsInits(); ++i)
    reductions.push_back(*matchReduction(op, i));
  return reductions;
}

/// Loops in their order, or 0; all loops of an output, but for that of the columns when they are combined.
static bool isRowMap(AffineMap map, bool isOut, bool isReduction) {
  int64_t last = -1;
  for (auto [index, result] : llvm::enumerate(map.getResults())) {
    auto loop = dyn_cast<AffineDimExpr>(result);
    auto constant = dyn_cast<AffineConstantExpr>(result);
    bool isCombined = isReduction && isOut && index + 1 == map.getNumResults();
    if (isCombined ? static_cast<bool>(loop) : isOut && (!loop || loop.getPosition() != index))
      return false;
    if (loop ? int64_t(loop.getPosition()) <= last : !constant || constant.getValue() != 0)
      return false;
    last = loop ? loop.getPosition() : last;
  }
  return map.getNumResults() > 0 && (!isOut || map.getNumResults() == map.getNumDims());
}

static LogicalResult checkOperand(linalg::GenericOp op, OpOperand &operand, StringRef target) {
  auto type = dyn_cast<MemRefType>(operand.get().getType());
  bool isRows = type && isa<FloatType>(type.getElementType()) && type.getElementTypeBitWidth() <= 32;
  if (!isRows || !isRowMap(op.getMatchingIndexingMap(&operand), op.isDpsInit(&operand), op.getNumReductionLoops() != 0))
    return op.emitOpError("expected rows of f32, bf16 or f16 whose maps are loops in order or 0 on target `")
           << target << "`, got " << operand.get().getType();
  auto [strides, offset] = type.getStridesAndOffset();
  if (strides.back() != 1 || llvm::any_of(strides, ShapedType::isDynamic) || ShapedType::isDynamic(offset))
    return op.emitOpError("expected rows of adjacent columns with a static stride, got ") << type;
  return success();
}

LogicalResult yoco::checkRowLoops(linalg::GenericOp op, StringRef target) {
  SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
  if (iterators.size() < 2 || iterators.size() > 3 ||
      llvm::is_contained(ArrayRef(iterators).drop_back(), utils::IteratorType::reduction))
    return op.emitOpError("expected loops over rows, heads and columns, parallel but for the last, on target `")
           << target << "`, got " << op.getIteratorTypes();
  for (OpOperand &operand : op->getOpOperands())
    if (failed(checkOperand(op, operand, target)))
      return failure();
  if (llvm::any_of(ArrayRef(RowLoops(op).getShape()).drop_front(), ShapedType::isDynamic))
    return op.emitOpError("expected rows of static width, got ") << op.getInputs().getTypes();
  for (OpOperand &out : op.getDpsInitsMutable())
    if (!op.getNumReductionLoops() && op.payloadUsesValueFromOperand(&out))
      return op.emitOpError("expected a body that does not read outputs, got one that reads ") << out.get().getType();
  for (int64_t i = 0; op.getNumReductionLoops() && i < op.getNumDpsInits(); ++i)
    if (!matchReduction(op, i))
      return op.emitOpError("expected output ")
             << i << " to be a sum, product, maximum or minimum along the row that starts from `" << kInitialAttrName
             << "`";
  for (Operation &inner : op.getBody()->without_terminator())
    if (!isa<arith::ConstantOp>(inner) && !OpTrait::hasElementwiseMappableTraits(&inner))
      return inner.emitOpError("expected an elementwise operation in a kernel of target `") << target << "`";
  return success();
}
