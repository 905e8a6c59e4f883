// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/lowering/host/HostTarget.h"
#include "passes/lowering/host/HostCodeGen.h"
#include "passes/lowering/host/HostKernelModel.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/TargetParser/Host.h"

using namespace mlir;
using namespace mlir::yoco;

//===- Chips -------------------------------------------------------------------------------------------------===//

/// The most able chip of the table whose features this machine has all of: `native` is restricted to what was tested.
static const HostChip *findNativeChip() {
  llvm::StringMap<bool> available = llvm::sys::getHostCPUFeatures();
  // Every x86-64 processor has these, and LLVM's table for the host has no entry for some of them.
  for (const char *feature : {"cmov", "cx8", "fxsr", "mmx", "sse", "sse2"})
    available[feature] = true;
  const HostChip *best = nullptr;
  for (const HostChip &chip : getHostChips())
    if (llvm::all_of(chip.features, [&](StringRef feature) { return available.lookup(feature); }))
      best = &chip;
  return best;
}

std::vector<std::string> yoco::getCpuFeatures(TargetAttr attr) {
  std::vector<std::string> features;
  if (std::unique_ptr<HostTarget> target = HostTarget::get(attr, UnknownLoc::get(attr.getContext())))
    features.assign(target->getChip().features.begin(), target->getChip().features.end());
  llvm::sort(features);
  return features;
}

//===- Device ------------------------------------------------------------------------------------------------===//

void HostDevice::addKernel(StringRef operation, std::unique_ptr<HostKernelModel> kernel) {
  setKernel(operation, std::move(kernel));
}

const HostChip *HostDevice::findChip(StringRef name) const {
  if (name == "native")
    return findNativeChip();
  const auto *chip = llvm::find_if(chips, [&](const HostChip &known) { return known.name == name; });
  return chip == chips.end() ? nullptr : chip;
}

const HostKernelModel *HostDevice::findKernel(Operation *op) const {
  return static_cast<const HostKernelModel *>(TargetDevice::findKernel(op));
}

std::unique_ptr<Target> HostDevice::createTarget(TargetAttr attr, Location loc) const {
  if (!attr.getCompute().isF32()) {
    emitError(loc) << "expected compute type f32 for target `host`, got " << attr.getCompute();
    return nullptr;
  }
  if (const HostChip *chip = findChip(attr.getChip()))
    return std::make_unique<HostTarget>(*this, *chip);
  if (attr.getChip() == "native") {
    emitError(loc) << "expected a processor with at least the features of " << getHostChips().front().name
                   << " for `native`, got " << llvm::sys::getHostCPUName();
    return nullptr;
  }
  std::vector<std::string> names;
  for (const HostChip &chip : chips)
    names.push_back(chip.name.str());
  names.push_back("native");
  emitError(loc) << "expected " << joinNames(names) << " as the processor of target `host`, got '" << attr.getChip()
                 << "'";
  return nullptr;
}

std::optional<TargetCode> HostDevice::compile(Operation *kernels, TargetAttr attr) const {
  auto module = dyn_cast<ModuleOp>(kernels);
  if (!module) {
    kernels->emitError("expected a module of kernels for target `host`, got '") << kernels->getName() << "'";
    return std::nullopt;
  }
  FailureOr<std::vector<char>> object = compileHostKernels(module, attr);
  if (failed(object))
    return std::nullopt;
  TargetCode code;
  code.bytes = std::move(*object);
  code.cpuFeatures = getCpuFeatures(attr);
  return code;
}

/// Whether rows are multiplied by the parameters of `group`, as one matrix, anywhere in the module of `op`.
static bool isMultipliedBy(Operation *op, const ParameterGroup &group) {
  auto isSame = [&](const ParameterGroup &other) { return other.isMatrix && other.parts == group.parts; };
  return op->getParentOfType<ModuleOp>()
      .walk([&](RowKernelOpInterface other) {
        return llvm::any_of(other.getParameterGroups(), isSame) ? WalkResult::interrupt() : WalkResult::advance();
      })
      .wasInterrupted();
}

ParameterForm HostKernelModel::getParameterForm(Operation *op, unsigned group, const Target &target) const {
  ParameterForm form;
  auto kernel = dyn_cast<RowKernelOpInterface>(op);
  if (!kernel)
    return form;
  ParameterGroup parameters = kernel.getParameterGroups()[group];
  // A table that rows are multiplied by, too, is stored once.
  if (parameters.isMatrix || (parameters.isLookedUp && isMultipliedBy(op, parameters))) {
    form.layout = WeightLayout::panels;
    form.panel = getTileSizes(target).panel();
  }
  return form;
}

//===- Target ------------------------------------------------------------------------------------------------===//

std::unique_ptr<HostTarget> HostTarget::get(TargetAttr attr, Location loc) {
  return std::unique_ptr<HostTarget>(static_cast<HostTarget *>(Target::get(attr, loc).release()));
}

int64_t yoco::getRetentionStackBytes(const HostTiles &tiles, int64_t span, int64_t keyWidth) {
  int64_t padded = llvm::alignTo(span, tiles.panel());
  // Queries, transposed keys, scores, a rotated row and three rows of gates.
  return 4 * (padded * keyWidth * 2 + padded * padded + llvm::alignTo(keyWidth, tiles.lanes) + 3 * padded);
}

bool HostTarget::canFuseNorm(int64_t columns, int64_t maxRows) const {
  return columns * chip.tiles.rowGroup * 4 <= chip.tiles.stackBytes;
}

int64_t HostTarget::getRetentionSpan(int64_t keyWidth, int64_t valueWidth) const {
  int64_t span = chip.tiles.retentionSpan;
  while (span >= chip.tiles.panel() && getRetentionStackBytes(chip.tiles, span, keyWidth) > chip.tiles.stackBytes)
    span /= 2;
  // Wider heads than that go row by row.
  return span >= chip.tiles.panel() ? span : 0;
}
