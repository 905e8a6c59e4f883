// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/analysis/States.h"

using namespace mlir;
using namespace mlir::yoco;

bool yoco::isStateType(Type type) { return isa<StateTypeInterface>(type); }

StringAttr yoco::getStateName(Value version) {
  while (Operation *op = version.getDefiningOp()) {
    auto stateOp = dyn_cast<StateOpInterface>(op);
    Value replaced = stateOp ? stateOp.getReplaced(version) : Value();
    if (!replaced)
      return {};
    version = replaced;
  }
  auto argument = cast<BlockArgument>(version);
  auto function = dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp());
  if (!function || !argument.getOwner()->isEntryBlock())
    return {};
  auto name = function.getArgAttrOfType<FlatSymbolRefAttr>(argument.getArgNumber(), YocoDialect::getStateAttrName());
  return name ? name.getAttr() : StringAttr();
}

EntryAttr yoco::getEntry(func::FuncOp function) {
  return function->getAttrOfType<EntryAttr>(YocoDialect::getEntryAttrName());
}

SmallVector<func::FuncOp> yoco::getEntryPoints(ModuleOp module) {
  SmallVector<func::FuncOp> entries;
  for (auto function : module.getOps<func::FuncOp>())
    if (getEntry(function))
      entries.push_back(function);
  return entries;
}
