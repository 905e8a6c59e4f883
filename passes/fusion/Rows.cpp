// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/fusion/Rows.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::yoco;

static SmallVector<ReassociationIndices> getHeadReassociation() { return {{0}, {1, 2}}; }

Value yoco::getFlatRows(OpBuilder &builder, Value heads) {
  auto expand = heads.getDefiningOp<tensor::ExpandShapeOp>();
  if (expand && expand.getSrcType().getRank() == 2)
    return expand.getSrc();
  auto collapse = tensor::CollapseShapeOp::create(builder, heads.getLoc(), heads, getHeadReassociation());
  if (Operation *op = heads.getDefiningOp())
    copyLayer(op, collapse);
  return collapse;
}

Value yoco::getHeadRows(OpBuilder &builder, Value flat, RankedTensorType type) {
  Operation *op = flat.getDefiningOp();
  Value rows = getRowCount(builder, op ? op : flat.getParentBlock()->getParentOp());
  SmallVector<OpFoldResult> shape = {rows, builder.getIndexAttr(type.getDimSize(1)),
                                     builder.getIndexAttr(type.getDimSize(2))};
  auto expand =
      tensor::ExpandShapeOp::create(builder, flat.getLoc(), type, flat, getHeadReassociation(), shape);
  if (op)
    copyLayer(op, expand);
  return expand;
}

static func::FuncOp getFunction(Operation *op) {
  auto function = dyn_cast<func::FuncOp>(op);
  return function ? function : op->getParentOfType<func::FuncOp>();
}

Value yoco::getSegments(Operation *op) {
  for (BlockArgument argument : getFunction(op).getArguments())
    if (isa<SegmentsType>(argument.getType()))
      return argument;
  return {};
}

/// The first argument that has rows: the ids of an entry point.
static Value getIds(func::FuncOp function) { return function.getArgument(0); }

Value yoco::getPositions(OpBuilder &builder, Operation *op) {
  func::FuncOp function = getFunction(op);
  Block &body = function.getBody().front();
  // What is at the start dominates every use.
  if (!body.empty())
    if (auto positions = dyn_cast<PositionsOp>(body.front()))
      return positions;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&body);
  return PositionsOp::create(builder, function.getLoc(), getIds(function), getSegments(op));
}

Value yoco::getRowCount(OpBuilder &builder, Operation *op) {
  func::FuncOp function = getFunction(op);
  Value zero = arith::ConstantIndexOp::create(builder, function.getLoc(), 0);
  return tensor::DimOp::create(builder, function.getLoc(), getIds(function), zero);
}

void yoco::copyLayer(Operation *from, Operation *to) {
  if (Attribute layer = from->getAttr(YocoDialect::getLayerAttrName()))
    to->setAttr(YocoDialect::getLayerAttrName(), layer);
}

Operation *yoco::getOnlyUser(Value value) { return value.hasOneUse() ? *value.user_begin() : nullptr; }

std::optional<APFloat> yoco::matchSplat(Value value) {
  APFloat constant(0.0f);
  if (auto splat = value.getDefiningOp<tensor::SplatOp>())
    value = splat.getInput();
  if (matchPattern(value, m_ConstantFloat(&constant)))
    return constant;
  return std::nullopt;
}
