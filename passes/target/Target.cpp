// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/target/Target.h"
#include "passes/target/TargetRegistry.h"

using namespace mlir;
using namespace mlir::yoco;

/// The device that a user names, with an error that lists what may be named.
static TargetDevice *findNamedDevice(MLIRContext *context, StringRef spec, Location loc) {
  if (TargetDevice *device = TargetRegistry::findDevice(context, spec.split(':').first))
    return device;
  std::vector<std::string> names;
  for (const TargetDevice *device : TargetRegistry::getDevices(context)) {
    const DeviceTraits &traits = device->getTraits();
    names.push_back(("`" + traits.name + "`").str());
    names.push_back(("`" + traits.name + ":" + traits.chipWord + "`").str());
  }
  emitError(loc) << "expected target " << joinNames(names) << ", got `" << spec << "`";
  return nullptr;
}

FailureOr<TargetAttr> Target::parse(MLIRContext *context, StringRef spec, StringRef dtype, Location loc) {
  const TargetDevice *device = findNamedDevice(context, spec, loc);
  if (!device)
    return failure();
  StringRef chip = spec.split(':').second;
  if (spec.contains(':') && chip.empty())
    return (LogicalResult)(emitError(loc) << "expected a processor after `" << spec << "`, got none");
  if (chip.empty())
    chip = device->getTraits().chip;
  if (dtype.empty())
    dtype = device->getTraits().dtype;
  Builder builder(context);
  FloatType compute = dtype == "f32"    ? FloatType(builder.getF32Type())
                      : dtype == "bf16" ? FloatType(builder.getBF16Type())
                                        : FloatType();
  if (!compute)
    return (LogicalResult)(emitError(loc) << "expected dtype `f32` or `bf16`, got `" << dtype << "`");
  return TargetAttr::get(context, device->getTraits().name, chip, compute);
}

std::unique_ptr<Target> Target::get(TargetAttr attr, Location loc) {
  const TargetDevice *device = TargetRegistry::getDevice(attr.getContext(), attr.getDevice(), loc);
  return device ? device->createTarget(attr, loc) : nullptr;
}

const KernelModel *Target::findKernel(Operation *op) const { return device.findKernel(op); }

const KernelModel *Target::getKernel(Operation *op) const {
  if (const KernelModel *kernel = findKernel(op))
    return kernel;
  op->emitOpError("expected an operation that target `") << device.getTraits().name << "` has a kernel for";
  return nullptr;
}

TilesAttr Target::getTiles(Operation *op) const {
  const KernelModel *kernel = findKernel(op);
  return kernel ? kernel->getTiles(op, *this) : TilesAttr();
}

int64_t Target::getWorkspaceBytes(Operation *op) const {
  const KernelModel *kernel = findKernel(op);
  return kernel ? kernel->getWorkspaceBytes(op, *this) : 0;
}

static BoundsAttr getBoundsOf(Operation *op) {
  BoundsAttr bounds;
  for (Operation *scope = op; scope && !bounds; scope = scope->getParentOp())
    bounds = scope->getAttrOfType<BoundsAttr>(YocoDialect::getBoundsAttrName());
  return bounds;
}

StepShape StepShape::get(func::FuncOp entry) {
  StepShape step;
  auto shape = entry->getAttrOfType<EntryAttr>(YocoDialect::getEntryAttrName());
  BoundsAttr bounds = getBoundsOf(entry);
  if (!shape || !bounds)
    return step;
  step.onePerSegment = shape.getRows() == RowShape::single;
  step.rows = shape.getBound() == RowBound::batch   ? bounds.getBatch()
              : shape.getBound() == RowBound::chunk ? bounds.getChunk()
                                                    : bounds.getWanted();
  step.segments = bounds.getBatch();
  return shape.getMost() == 0 ? step : step.limitTo(shape.getMost());
}

StepShape StepShape::get(func::FuncOp entry, Value table) {
  StepShape step = get(entry);
  auto narrow = table ? table.getDefiningOp<NarrowSegmentsOp>() : NarrowSegmentsOp();
  auto shape = entry->getAttrOfType<EntryAttr>(YocoDialect::getEntryAttrName());
  if (!narrow || !shape)
    return step;
  if (shape.getTailBound(narrow.getHalo()) == RowBound::wanted)
    if (BoundsAttr bounds = getBoundsOf(entry))
      step.rows = std::min(step.rows, bounds.getWanted());
  if (int64_t most = shape.getTailMost(narrow.getHalo()))
    step.rows = std::min(step.rows, most);
  if (narrow.getEachRow()) {
    step.onePerSegment = true;
    step.segments = step.rows;
  }
  return step;
}

StepShape StepShape::limitTo(int64_t most) const {
  StepShape step = *this;
  step.rows = std::min(step.rows, most);
  step.segments = std::min(step.segments, most);
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
