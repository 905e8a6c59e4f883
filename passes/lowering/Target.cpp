// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/Target.h"
#include "passes/lowering/host/HostTarget.h"

using namespace mlir;
using namespace mlir::yoco;

std::unique_ptr<Target> Target::get(TargetAttr attr, Location loc) {
  if (attr.getDevice() == "host")
    return HostTarget::get(attr, loc);
  emitError(loc) << "expected target `host`, got '" << attr.getDevice() << "'";
  return nullptr;
}

TargetAttr yoco::getTargetAttrOf(Operation *op) {
  for (Operation *scope = op; scope; scope = scope->getParentOp())
    if (auto attr = scope->getAttrOfType<TargetAttr>(YocoDialect::getTargetAttrName()))
      return attr;
  op->emitError("expected a module with `") << YocoDialect::getTargetAttrName() << "` around it, got none";
  return {};
}

std::unique_ptr<Target> yoco::getTargetOf(Operation *op) {
  TargetAttr attr = getTargetAttrOf(op);
  return attr ? Target::get(attr, op->getLoc()) : nullptr;
}
