// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/Target.h"
#include "passes/lowering/host/HostTarget.h"
#include "passes/lowering/nvptx/NvptxTarget.h"

using namespace mlir;
using namespace mlir::yoco;

namespace {
/// A kind of device, and what a user who names no more than that gets.
struct DeviceDefaults {
  StringLiteral device, chip, dtype;
};
} // namespace

static constexpr DeviceDefaults kDevices[] = {{"host", "x86-64-v3", "f32"}, {"nvptx", "sm_90a", "bf16"}};

FailureOr<TargetAttr> Target::parse(MLIRContext *context, StringRef spec, StringRef dtype, Location loc) {
  StringRef device = spec.split(':').first, chip = spec.split(':').second;
  const auto *defaults = llvm::find_if(kDevices, [&](const DeviceDefaults &known) { return known.device == device; });
  if (defaults == std::end(kDevices))
    return (LogicalResult)(emitError(loc)
                           << "expected target `host`, `host:CPU`, `nvptx` or `nvptx:CHIP`, got `" << spec << "`");
  if (spec.contains(':') && chip.empty())
    return (LogicalResult)(emitError(loc) << "expected a processor behind `" << spec << "`, got none");
  if (chip.empty())
    chip = defaults->chip;
  if (dtype.empty())
    dtype = defaults->dtype;
  Builder builder(context);
  FloatType compute = dtype == "f32"    ? FloatType(builder.getF32Type())
                      : dtype == "bf16" ? FloatType(builder.getBF16Type())
                                        : FloatType();
  if (!compute)
    return (LogicalResult)(emitError(loc) << "expected dtype `f32` or `bf16`, got `" << dtype << "`");
  return TargetAttr::get(context, device, chip, compute);
}

std::unique_ptr<Target> Target::get(TargetAttr attr, Location loc) {
  if (attr.getDevice() == "host")
    return HostTarget::get(attr, loc);
  if (attr.getDevice() == "nvptx")
    return NvptxTarget::get(attr, loc);
  emitError(loc) << "expected target `host` or `nvptx`, got '" << attr.getDevice() << "'";
  return nullptr;
}

StepShape StepShape::get(func::FuncOp entry) {
  StepShape step;
  auto shape = entry->getAttrOfType<EntryAttr>(YocoDialect::getEntryAttrName());
  BoundsAttr bounds;
  for (Operation *scope = entry; scope && !bounds; scope = scope->getParentOp())
    bounds = scope->getAttrOfType<BoundsAttr>(YocoDialect::getBoundsAttrName());
  if (!shape || !bounds)
    return step;
  step.onePerSegment = shape.getRows() == RowShape::single;
  step.rows = shape.getBound() == RowBound::batch   ? bounds.getBatch()
              : shape.getBound() == RowBound::chunk ? bounds.getChunk()
                                                    : bounds.getBlock();
  step.segments = bounds.getBatch();
  return step;
}

TargetAttr mlir::yoco::getTargetAttrOf(Operation *op) {
  for (Operation *scope = op; scope; scope = scope->getParentOp())
    if (auto attr = scope->getAttrOfType<TargetAttr>(YocoDialect::getTargetAttrName()))
      return attr;
  op->emitError("expected a module with `") << YocoDialect::getTargetAttrName() << "` around it, got none";
  return {};
}

std::unique_ptr<Target> mlir::yoco::getTargetOf(Operation *op) {
  TargetAttr attr = getTargetAttrOf(op);
  return attr ? Target::get(attr, op->getLoc()) : nullptr;
}

SmallVector<ModuleOp> mlir::yoco::getVariants(ModuleOp module) {
  SmallVector<ModuleOp> variants;
  for (auto nested : module.getOps<ModuleOp>())
    if (nested->hasAttr(YocoDialect::getTargetAttrName()))
      variants.push_back(nested);
  if (variants.empty())
    variants.push_back(module);
  return variants;
}
