// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/lowering/host/HostTarget.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/TargetParser/Host.h"

using namespace mlir;
using namespace mlir::yoco;

/// The most able chip of the table whose features this machine has all of: `native` is restricted to what was tested.
static const HostChip *findNativeChip() {
  llvm::StringMap<bool> available = llvm::sys::getHostCPUFeatures();
  // Every x86-64 processor has these, and LLVM's table for the host has no entry for some of them.
  for (const char *feature : {"cmov", "cx8", "fxsr", "mmx", "sse", "sse2"})
    available[feature] = true;
  size_t count;
  const HostChip *chips = getHostChips(count), *best = nullptr;
  for (const HostChip &chip : llvm::ArrayRef(chips, count)) {
    bool hasAll = true;
    for (const char *const *feature = chip.features; *feature; ++feature)
      hasAll &= available.lookup(*feature);
    if (hasAll)
      best = &chip;
  }
  return best;
}

static const HostChip *findChip(StringRef name) {
  return name == "native" ? findNativeChip() : findHostChip(name.str().c_str());
}

std::unique_ptr<HostTarget> HostTarget::get(TargetAttr attr, Location loc) {
  if (!attr.getCompute().isF32()) {
    emitError(loc) << "expected compute type f32 for target `host`, got " << attr.getCompute();
    return nullptr;
  }
  if (const HostChip *chip = findChip(attr.getChip()))
    return std::make_unique<HostTarget>(*chip);
  if (attr.getChip() == "native")
    emitError(loc) << "expected a processor with at least the features of x86-64-v3 for `native`, got "
                   << llvm::sys::getHostCPUName();
  else
    emitError(loc) << "expected x86-64-v3, x86-64-v4 or native as the processor of target `host`, got '"
                   << attr.getChip() << "'";
  return nullptr;
}

std::vector<std::string> yoco::getCpuFeatures(TargetAttr attr) {
  std::vector<std::string> features;
  if (const HostChip *chip = findChip(attr.getChip()))
    for (const char *const *feature = chip->features; *feature; ++feature)
      features.push_back(*feature);
  llvm::sort(features);
  return features;
}

//===- Tiles -------------------------------------------------------------------------------------------------===//

LinearTiling yoco::getLinearTiling(const HostTiles &tiles, int64_t columns) {
  int64_t panels = llvm::divideCeil(columns, tiles.panel());
  return {panels, static_cast<int64_t>(llvm::divideCeil(panels, tiles.tilePanels))};
}

int64_t yoco::getRetentionStackBytes(const HostTiles &tiles, int64_t chunk, int64_t keyWidth) {
  int64_t padded = llvm::alignTo(chunk, tiles.panel());
  // Queries, transposed keys, scores, a rotated row and three rows of gates.
  return 4 * (padded * keyWidth * 2 + padded * padded + llvm::alignTo(keyWidth, tiles.lanes) + 3 * padded);
}

bool HostTarget::canFuseNorm(int64_t columns, int64_t maxRows) const {
  return columns * chip.tiles.rowBlock * 4 <= chip.tiles.stackBytes;
}

int64_t HostTarget::getRetentionChunk(int64_t keyWidth, int64_t valueWidth) const {
  int64_t chunk = chip.tiles.retentionChunk;
  while (chunk >= chip.tiles.panel() && getRetentionStackBytes(chip.tiles, chunk, keyWidth) > chip.tiles.stackBytes)
    chunk /= 2;
  // Wider heads than that go row by row.
  return chunk >= chip.tiles.panel() ? chunk : 0;
}

ParameterForm HostTarget::getParameterForm(RowKernelOpInterface op, unsigned group) const {
  ParameterForm form;
  if (op.getParameterGroups()[group].isMatrix) {
    form.layout = WeightLayout::panels;
    form.panel = chip.tiles.panel();
  }
  return form;
}

/// Tiles of kernels that work on rows by themselves.
static TilesAttr getRowTiles(MLIRContext *context, const HostTiles &tiles) {
  return TilesAttr::get(context, TileUnit::rows, tiles.rowWiseRows, 1);
}

TilesAttr HostTarget::getTiles(RowKernelOpInterface op) const {
  MLIRContext *context = op->getContext();
  if (isa<FusedPositionsOp>(op.getOperation()))
    return TilesAttr::get(context, TileUnit::segments, 1, 1);
  if (auto retention = dyn_cast<FusedRetentionOp>(op.getOperation()))
    return TilesAttr::get(context, TileUnit::segments, 1, retention.getState().getType().getShape()[0]);
  if (auto attention = dyn_cast<FusedAttentionOp>(op.getOperation()))
    return TilesAttr::get(context, TileUnit::rows, 1, attention.getCache().getType().getHeads());
  if (auto linear = dyn_cast<FusedLinearOp>(op.getOperation())) {
    Value out = linear.getOuts().empty() ? linear->getResult(0) : linear.getOuts().front();
    int64_t columns = cast<ShapedType>(out.getType()).getShape().back();
    return TilesAttr::get(context, TileUnit::rows, chip.tiles.tileRows,
                          getLinearTiling(chip.tiles, columns).columnTiles);
  }
  return getRowTiles(context, chip.tiles);
}

TilesAttr HostTarget::getElementwiseTiles(linalg::GenericOp op) const {
  return getRowTiles(op.getContext(), chip.tiles);
}
