// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/lowering/nvptx/NvptxTarget.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::yoco;

/// Rows of a step that the few-row kernels are made for: those of one tensor core instruction.
static constexpr int64_t kFewRows = 16;
/// What the library gets to work in. Its heuristics want this much for Hopper's fastest algorithms.
static constexpr int64_t kLibraryWorkspace = 32 << 20;

ArrayRef<StringLiteral> mlir::yoco::getNvptxChips() {
  static constexpr StringLiteral chips[] = {"sm_80", "sm_90a"};
  return chips;
}

std::unique_ptr<NvptxTarget> NvptxTarget::get(TargetAttr attr, Location loc) {
  if (!llvm::is_contained(getNvptxChips(), attr.getChip())) {
    emitError(loc) << "expected sm_80 or sm_90a as the processor of target `nvptx`, got '" << attr.getChip() << "'";
    return nullptr;
  }
  if (!attr.getCompute().isF32() && !attr.getCompute().isBF16()) {
    emitError(loc) << "expected compute type bf16 or f32 for target `nvptx`, got " << attr.getCompute();
    return nullptr;
  }
  return std::make_unique<NvptxTarget>(attr.getCompute().isBF16());
}

//===- Fusion ------------------------------------------------------------------------------------------------===//

int64_t NvptxTarget::getMaxRows(const StepShape &step) const {
  return step.onePerSegment && step.rows <= kFewRows ? step.rows : 0;
}

int64_t NvptxTarget::getRetentionChunk(int64_t keyWidth, int64_t valueWidth) const {
  return bf16 ? nvptx::retentionChunk(keyWidth, valueWidth) : 0;
}

int64_t NvptxTarget::getAttentionSplits(const StepShape &step, KVCacheType cache, int64_t window) const {
  if (!step.onePerSegment)
    return 0;
  return nvptx::attentionSplits(step.segments, window, cache.getHeads());
}

FloatType NvptxTarget::getStorageType(MLIRContext *context) const {
  return bf16 ? FloatType(BFloat16Type::get(context)) : FloatType(Float32Type::get(context));
}

//===- Memory ------------------------------------------------------------------------------------------------===//

ParameterForm NvptxTarget::getParameterForm(RowKernelOpInterface op, unsigned group) const {
  ParameterForm form;
  // A table has the form of a matrix, so that one that is also multiplied by is stored once.
  if (op.getParameterGroups()[group].isMatrix || isa<FusedEmbedOp>(op.getOperation())) {
    form.multiple = 8; // 16 bytes of bf16
    if (bf16)
      form.element = BFloat16Type::get(op->getContext());
  }
  return form;
}

bool NvptxTarget::isLibraryProduct(FusedLinearOp op) const {
  return bf16 && static_cast<int64_t>(op.getMaxRows()) == 0;
}

int64_t NvptxTarget::getWorkspaceBytes(RowKernelOpInterface op) const {
  auto linear = dyn_cast<FusedLinearOp>(op.getOperation());
  return linear && isLibraryProduct(linear) ? kLibraryWorkspace : 0;
}

//===- Kernels -----------------------------------------------------------------------------------------------===//

/// The columns of rows, which `value` is a buffer of.
static int64_t getColumns(Value value) { return cast<ShapedType>(value.getType()).getShape().back(); }

static nvptx::LaunchShape getRetentionShape(FusedRetentionOp op) {
  ArrayRef<int64_t> state = op.getState().getType().getShape();
  if (int64_t chunk = op.getChunk())
    return nvptx::retentionChunkShape(chunk, state[0], state[1], state[2]);
  return nvptx::retentionStepShape(state[0], state[1], state[2]);
}

static nvptx::LaunchShape getAttentionShape(FusedAttentionOp op) {
  KVCacheType cache = op.getCache().getType();
  bool bf16 = cache.getElement().isBF16();
  int heads = op.getHeads(), kvHeads = cache.getHeads(), keyWidth = cache.getKey(), valueWidth = cache.getValue();
  if (int splits = op.getSplits())
    return nvptx::attentionSplitShape(bf16, splits, heads, kvHeads, keyWidth, valueWidth);
  return nvptx::attentionRowsShape(bf16, heads, kvHeads, keyWidth, valueWidth);
}

std::optional<nvptx::LaunchShape> NvptxTarget::getLaunchShape(RowKernelOpInterface op) const {
  using Shape = std::optional<nvptx::LaunchShape>;
  return llvm::TypeSwitch<Operation *, Shape>(op.getOperation())
      .Case([](FusedPositionsOp) { return nvptx::positionsShape(); })
      .Case([](FusedArgmaxOp op) { return nvptx::argmaxShape(getColumns(op.getInput())); })
      .Case([](FusedEmbedOp op) { return nvptx::embedShape(getColumns(op.getOuts().front())); })
      .Case([](FusedNormOp op) { return nvptx::normShape(op.getGroups(), getColumns(op.getInput()) / op.getGroups()); })
      .Case([](FusedRopeOp op) { return nvptx::ropeShape(op.getHeads(), getColumns(op.getInput()) / op.getHeads()); })
      .Case([&](FusedLinearOp op) {
        int64_t outputs = getColumns(op.getOuts().front());
        if (op.getMaxRows() == 0)
          return nvptx::linearTiledShape(outputs, op.isGated());
        return nvptx::linearFewShape(getColumns(op.getInput()), outputs, !bf16, op.isGated(), op.getEps().has_value());
      })
      .Case([](FusedRetentionOp op) { return getRetentionShape(op); })
      .Case([](FusedAttentionOp op) { return getAttentionShape(op); })
      .Case([](FusedAttentionMergeOp op) {
        return nvptx::attentionMergeShape(op.getHeads(), getColumns(op.getOuts().front()) / op.getHeads());
      })
      .Case([](FusedCacheWriteOp op) {
        KVCacheType cache = op.getCache().getType();
        return nvptx::cacheWriteShape(cache.getHeads(), cache.getKey(), cache.getValue());
      })
      .Default([](Operation *) { return std::nullopt; });
}

static TileUnit getTileUnit(nvptx::BlockUnit unit) {
  switch (unit) {
  case nvptx::BlockUnit::constant:
    return TileUnit::constant;
  case nvptx::BlockUnit::rows:
    return TileUnit::rows;
  case nvptx::BlockUnit::segments:
    return TileUnit::segments;
  }
  llvm_unreachable("all units are listed");
}

TilesAttr NvptxTarget::getTiles(RowKernelOpInterface op) const {
  // An operation without a kernel gets its error when it is lowered.
  nvptx::LaunchShape shape = getLaunchShape(op).value_or(nvptx::LaunchShape{nvptx::BlockUnit::constant, 1, 1, 32, 0});
  return TilesAttr::get(op->getContext(), getTileUnit(shape.unit), shape.divisor, shape.multiplier);
}

ElementwiseGrid ElementwiseGrid::get(MemRefType type) {
  ElementwiseGrid grid;
  grid.groups = llvm::divideCeil(type.getShape().back(), kThreadElements);
  for (int64_t heads : type.getShape().drop_front().drop_back())
    grid.groups *= heads;
  grid.rowsPerBlock = std::max<int64_t>(kThreads / grid.groups, 1);
  grid.blocksPerRow = llvm::divideCeil(grid.groups, kThreads);
  return grid;
}

TilesAttr NvptxTarget::getElementwiseTiles(linalg::GenericOp op) const {
  auto grid = ElementwiseGrid::get(cast<MemRefType>(op.getDpsInits().front().getType()));
  return TilesAttr::get(op.getContext(), TileUnit::rows, grid.rowsPerBlock, grid.blocksPerRow);
}
