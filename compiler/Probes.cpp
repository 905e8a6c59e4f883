// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "compiler/Probes.h"
#include "compiler/Diagnostics.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "passes/Passes.h"
#include "passes/analysis/RowDemandAnalysis.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace mlir::yoco;

llvm::Error mlir::yoco::flattenModel(ModuleOp module) {
  Diagnostics diagnostics(module.getContext(), {});
  PassManager pm(module.getContext(), ModuleOp::getOperationName());
  pm.addPass(createInlineDecodersPass());
  pm.addPass(createCSEPass());
  if (failed(pm.run(module)))
    return diagnostics.takeError("expected a model whose decoders can be dissolved");
  return llvm::Error::success();
}

static bool isFloatRows(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && isRowTensor(type) && type.getElementType().isF32() && (type.getRank() == 2 || type.getRank() == 3) &&
         llvm::none_of(type.getShape().drop_front(), ShapedType::isDynamic);
}

static StringRef getLayerName(Operation *op) {
  auto layer = op->getAttrOfType<StringAttr>(YocoDialect::getLayerAttrName());
  return layer ? layer.getValue() : "";
}

SmallVector<ModelLayer> mlir::yoco::getLayers(func::FuncOp forward) {
  llvm::MapVector<StringRef, ModelLayer> layers;
  for (Operation &op : forward.front().without_terminator()) {
    StringRef name = getLayerName(&op);
    ModelLayer &layer = layers[name];
    layer.name = name;
    layer.operations.push_back(&op);
    auto isElsewhere = [&](Operation *user) {
      return user->hasTrait<OpTrait::IsTerminator>() || getLayerName(user) != name;
    };
    for (Value result : op.getResults())
      if (isFloatRows(result) && !isa<tensor::SplatOp>(op) && llvm::any_of(result.getUsers(), isElsewhere))
        layer.results.push_back(result);
  }
  SmallVector<ModelLayer> list;
  for (auto &entry : layers)
    if (llvm::any_of(entry.second.operations,
                     [](Operation *op) { return llvm::any_of(op->getResults(), isFloatRows); }))
      list.push_back(std::move(entry.second));
  return list;
}

bool mlir::yoco::isComputed(Value value) {
  return isFloatRows(value) && value.getDefiningOp() &&
         !isa<tensor::SplatOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp>(value.getDefiningOp());
}

int64_t mlir::yoco::getRowSize(Value value) {
  int64_t size = 1;
  for (int64_t dim : cast<RankedTensorType>(value.getType()).getShape().drop_front())
    size *= dim;
  return size;
}

OwningOpRef<ModuleOp> mlir::yoco::exposeValues(ModuleOp module, ArrayRef<Value> values) {
  IRMapping mapping;
  OwningOpRef<ModuleOp> copy(cast<ModuleOp>(module->clone(mapping)));
  auto forward = copy->lookupSymbol<func::FuncOp>("forward");
  Operation *end = forward.front().getTerminator();
  OpBuilder builder(end);
  Location loc = forward.getLoc();
  SmallVector<Value> columns = {end->getOperand(0)};
  for (Value value : values) {
    Value rows = mapping.lookup(value);
    if (cast<RankedTensorType>(rows.getType()).getRank() == 3)
      rows = tensor::CollapseShapeOp::create(builder, loc, rows, ArrayRef<ReassociationIndices>{{0}, {1, 2}});
    columns.push_back(rows);
  }
  if (columns.size() == 1)
    return copy;
  auto concat = tensor::ConcatOp::create(builder, loc, /*dim=*/1, columns);
  end->setOperand(0, concat);
  forward.setFunctionType(builder.getFunctionType(forward.getArgumentTypes(), concat.getType()));
  return copy;
}

std::string mlir::yoco::describeMaker(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (!isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op))
      return describeOperation(op);
    value = op->getOperand(0);
  }
  return "argument";
}

std::string mlir::yoco::describeOperation(Operation *op) {
  std::string text = op->getName().stripDialect().str();
  for (NamedAttribute attribute : op->getAttrs())
    if (auto symbol = dyn_cast<FlatSymbolRefAttr>(attribute.getValue()))
      text += " @" + symbol.getValue().str();
  return text;
}
