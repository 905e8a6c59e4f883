// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What row-wise operations become in phase `fused`: operations with a kernel written by hand, or arithmetic on rows.

#include "dialect/YocoOps.h"

using namespace mlir;
using namespace mlir::yoco;

//===- Kernels written by hand -------------------------------------------------------------------------------===//

/// Rows as wide as all heads of `type` together.
static RankedTensorType getFlatType(RankedTensorType type) {
  if (type.getRank() != 3)
    return type;
  return RankedTensorType::get({ShapedType::kDynamic, type.getDimSize(1) * type.getDimSize(2)}, type.getElementType());
}

Operation *PositionsOp::buildFusedForm(OpBuilder &builder, ValueRange operands) {
  return FusedPositionsOp::create(builder, getLoc(), TypeRange{getType()}, operands[0], operands[1], ValueRange{});
}

Operation *NarrowOp::buildFusedForm(OpBuilder &builder, ValueRange operands) {
  auto table = getTo().getDefiningOp<NarrowSegmentsOp>();
  return FusedNarrowOp::create(builder, getLoc(), TypeRange{getFlatType(getType())}, operands[0], operands[1],
                               operands[2], table ? table.getEachRowAttr() : UnitAttr(), ValueRange{});
}

Operation *EmbedOp::buildFusedForm(OpBuilder &builder, ValueRange operands) {
  return FusedEmbedOp::create(builder, getLoc(), TypeRange{getType()}, operands[0], getTableAttr(), getScaleAttr(),
                              ValueRange{});
}

Operation *NormOp::buildFusedForm(OpBuilder &builder, ValueRange operands) {
  if (getKind() != NormKind::rms)
    return nullptr;
  int64_t groups = getType().getRank() == 3 ? getType().getDimSize(1) : 1;
  return FusedNormOp::create(builder, getLoc(), TypeRange{getFlatType(getType())}, operands[0], Value(),
                             getWeightAttr(), getEpsAttr(), builder.getI64IntegerAttr(groups), ValueRange{});
}

Operation *RopeOp::buildFusedForm(OpBuilder &builder, ValueRange operands) {
  return FusedRopeOp::create(builder, getLoc(), TypeRange{getFlatType(getType())}, operands[0], operands[1],
                             builder.getI64IntegerAttr(getType().getDimSize(1)), getRopeAttr(), ValueRange{});
}

Operation *ArgmaxOp::buildFusedForm(OpBuilder &builder, ValueRange operands) {
  return FusedArgmaxOp::create(builder, getLoc(), TypeRange{getType()}, operands[0], ValueRange{});
}

Operation *RowLogprobsOp::buildFusedForm(OpBuilder &builder, ValueRange operands) {
  return FusedLogprobsOp::create(builder, getLoc(), TypeRange{getType()}, operands[0], operands[1],
                                 /*target_logits=*/Value(), /*carry=*/Value(), getBestAttr(), /*partial=*/UnitAttr(),
                                 ValueRange{});
}

//===- Arithmetic --------------------------------------------------------------------------------------------===//

/// The element type of parameter `name`, which verifiers have found.
static Type getElementType(Operation *op, FlatSymbolRefAttr name) {
  SymbolTableCollection tables;
  return tables.lookupNearestSymbolFrom<ParameterOp>(op, name).getTensorType().getElementType();
}

/// As in the description; the mean first, then the mean of the squared distances from it, each a sum in f32 divided by
/// the width.
Value NormOp::decompose(RowBuilder &rows) {
  RankedTensorType type = getType();
  double width = type.getShape().back(), eps = getEps().convertToDouble();
  bool isLayer = getKind() == NormKind::layer;
  SmallVector<Value> inputs = {getInput()};
  if (isLayer)
    inputs.push_back(rows.sum(type, inputs, [](ScalarBuilder &, ValueRange x) { return x[0]; }));
  auto center = [&](ScalarBuilder &s, ValueRange x) {
    return isLayer ? s.sub(x[0], s.div(x[1], s.constant(width))) : x[0];
  };
  inputs.push_back(rows.sum(type, inputs, [&](ScalarBuilder &s, ValueRange x) {
    Value centered = center(s, x);
    return s.mul(centered, centered);
  }));
  const unsigned squares = inputs.size() - 1;
  for (FlatSymbolRefAttr name : {getWeightAttr(), getBiasAttr()})
    if (name)
      inputs.push_back(rows.parameters(name, getElementType(*this, name), type.getShape().back()));
  return rows.map(type, inputs, [&](ScalarBuilder &s, ValueRange x) {
    Value mean = s.div(x[squares], s.constant(width));
    Value result = s.mul(center(s, x), s.rsqrt(s.add(mean, s.constant(eps))));
    if (getWeightAttr())
      result = s.mul(result, x[squares + 1]);
    return getBiasAttr() ? s.add(result, x.back()) : result;
  });
}

Value BroadcastOp::decompose(RowBuilder &rows) {
  return rows.map(getType(), getInput(), [](ScalarBuilder &, ValueRange x) { return x[0]; });
}

Value ScaleOp::decompose(RowBuilder &rows) {
  SymbolTableCollection tables;
  SmallVector<FlatSymbolRefAttr> names(getWeights().getAsRange<FlatSymbolRefAttr>());
  int64_t size = 0;
  for (FlatSymbolRefAttr name : names)
    size += tables.lookupNearestSymbolFrom<ParameterOp>(*this, name).getTensorType().getDimSize(0);
  Value weights = rows.parameters(names, getElementType(*this, names.front()), size);
  return rows.map(getType(), {getInput(), weights}, [](ScalarBuilder &s, ValueRange x) { return s.mul(x[0], x[1]); });
}
