// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/fusion/Rows.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"
#include "passes/analysis/RowDemandAnalysis.h"

using namespace mlir;
using namespace mlir::yoco;

static SmallVector<ReassociationIndices> getHeadReassociation() { return {{0}, {1, 2}}; }

Value yoco::getFlatRows(OpBuilder &builder, Value heads) {
  auto type = cast<RankedTensorType>(heads.getType());
  auto expand = heads.getDefiningOp<tensor::ExpandShapeOp>();
  if (expand && expand.getSrcType().getRank() == 2 &&
      expand.getSrcType().getDimSize(1) == type.getDimSize(1) * type.getDimSize(2))
    return expand.getSrc();
  auto collapse = tensor::CollapseShapeOp::create(builder, heads.getLoc(), heads, getHeadReassociation());
  if (Operation *op = heads.getDefiningOp())
    copyLayer(op, collapse);
  return collapse;
}

Value yoco::getHeadRows(OpBuilder &builder, Value flat, RankedTensorType type) {
  SmallVector<OpFoldResult> shape = {getRowCount(builder, flat), builder.getIndexAttr(type.getDimSize(1)),
                                     builder.getIndexAttr(type.getDimSize(2))};
  auto expand = tensor::ExpandShapeOp::create(builder, flat.getLoc(), type, flat, getHeadReassociation(), shape);
  if (Operation *op = flat.getDefiningOp())
    copyLayer(op, expand);
  return expand;
}

LogicalResult yoco::verifyStepFunction(Operation *op) {
  auto function = op->getParentOfType<func::FuncOp>();
  auto ids = RankedTensorType::get({ShapedType::kDynamic}, IntegerType::get(op->getContext(), 32));
  if (function && function.getNumArguments() >= 2 && function.getArgumentTypes()[0] == ids &&
      isa<SegmentsType>(function.getArgumentTypes()[1]))
    return success();
  InFlightDiagnostic error =
      op->emitError("expected a function of ids and segments (tensor<?xi32>, !yoco.segments, ...), got ");
  if (function)
    return error << function.getFunctionType();
  return error << "none";
}

/// The ids of an entry point.
static Value getIds(func::FuncOp function) { return function.getArgument(0); }

bool yoco::isStepPositions(Value value, Value table) {
  auto positions = value.getDefiningOp<PositionsOp>();
  auto function = positions ? positions->getParentOfType<func::FuncOp>() : func::FuncOp();
  return function && function.getNumArguments() >= 2 && positions.getIds() == getIds(function) &&
         positions.getSegments() == table;
}

Value yoco::getPositions(OpBuilder &builder, Operation *op, Value table) {
  auto function = op->getParentOfType<func::FuncOp>();
  Block &body = function.getBody().front();
  // Where they dominate every use: at the start, or right after a table that is made there.
  Operation *maker = table.getDefiningOp();
  Block::iterator place = maker ? std::next(maker->getIterator()) : body.begin();
  // The model's own positions will do.
  for (auto positions : body.getOps<PositionsOp>()) {
    if (!isStepPositions(positions, table))
      continue;
    if (place != positions->getIterator())
      positions->moveBefore(&body, place);
    return positions;
  }
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(&body, place);
  return PositionsOp::create(builder, function.getLoc(), getIds(function), table);
}

std::optional<int64_t> yoco::getFirstColumn(tensor::ExtractSliceOp slice) {
  SmallVector<OpFoldResult> offsets = slice.getMixedOffsets(), sizes = slice.getMixedSizes();
  auto rows = dyn_cast<Value>(sizes.front());
  auto dim = rows ? rows.getDefiningOp<tensor::DimOp>() : tensor::DimOp();
  if (offsets.size() != 2 || slice.getType().getRank() != 2 || !slice.hasUnitStride() ||
      !isConstantIntValue(offsets[0], 0) || !dim || dim.getConstantIndex() != 0 ||
      !isRowTensor(dim.getSource().getType()))
    return std::nullopt;
  return getConstantIntValue(offsets[1]);
}

void yoco::copyLayer(Operation *from, Operation *to) {
  if (Attribute layer = from->getAttr(YocoDialect::getLayerAttrName()))
    to->setAttr(YocoDialect::getLayerAttrName(), layer);
}

Operation *yoco::getOnlyUser(Value value) { return value.hasOneUse() ? *value.user_begin() : nullptr; }

Operation *yoco::getActivation(Value value, Activation activation) {
  auto op = value.getDefiningOp<ElementwiseOpInterface>();
  bool matches = op && value.hasOneUse() && op->getNumOperands() == 1 && op.getGroupActivation(false) == activation;
  return matches ? op.getOperation() : nullptr;
}

std::optional<APFloat> yoco::matchSplat(Value value) {
  APFloat constant(0.0f);
  if (auto splat = value.getDefiningOp<tensor::SplatOp>())
    value = splat.getInput();
  if (matchPattern(value, m_ConstantFloat(&constant)))
    return constant;
  return std::nullopt;
}
