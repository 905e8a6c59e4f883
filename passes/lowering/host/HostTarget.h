// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The target `host`: kernels that are functions in a shared object, for x86-64 processors, computing in f32.

#ifndef YOCO_PASSES_LOWERING_HOST_HOSTTARGET_H
#define YOCO_PASSES_LOWERING_HOST_HOSTTARGET_H

#include "kernels/host/HostTiles.h"
#include "passes/Target.h"
#include <string>
#include <vector>

namespace mlir::yoco {

/// Panels that a linear group of `columns` results has, and how many tiles they make side by side.
struct LinearTiling {
  int64_t panels;
  int64_t columnTiles;
};
LinearTiling getLinearTiling(const HostTiles &tiles, int64_t columns);

/// Bytes of stack that a block of `chunk` rows of chunkwise retention takes.
int64_t getRetentionStackBytes(const HostTiles &tiles, int64_t chunk, int64_t keyWidth);

class HostTarget final : public Target {
public:
  /// The host target that `attr` names; an error at `loc`, and null, when there is none such.
  static std::unique_ptr<HostTarget> get(TargetAttr attr, Location loc);

  explicit HostTarget(const HostChip &chip) : chip(chip) {}

  /// One kernel does for all numbers of rows.
  int64_t getMaxRows(const StepShape &step) const override { return 0; }
  bool canFuseNorm(int64_t columns, int64_t maxRows) const override;
  bool canFuseActivation(int64_t maxRows) const override { return true; }
  bool joinsGatedWeights() const override { return false; }
  int64_t getRetentionChunk(int64_t keyWidth, int64_t valueWidth) const override;
  bool canFuseHeadNorm(int64_t chunk) const override { return true; }
  int64_t getAttentionSplits(const StepShape &step, KVCacheType cache, int64_t window) const override { return 0; }
  FloatType getStorageType(MLIRContext *context) const override { return Float32Type::get(context); }
  int64_t getDefaultChunk() const override { return chip.tiles.prefillChunk; }
  ParameterForm getParameterForm(RowKernelOpInterface op, unsigned group) const override;
  int64_t getRowAlignment() const override { return 1; }
  int64_t getWorkspaceBytes(RowKernelOpInterface op) const override { return 0; }
  bool isLibraryProduct(FusedLinearOp op) const override { return false; }
  TilesAttr getTiles(RowKernelOpInterface op) const override;
  TilesAttr getElementwiseTiles(linalg::GenericOp op) const override;

  const HostTiles &getTileSizes() const { return chip.tiles; }

private:
  const HostChip &chip;
};

/// LLVM's names, sorted, of the processor features that code for the host target `attr` uses: code generation uses
/// these and no others, and a loader must find all of them. The target must be one that HostTarget::get accepts.
std::vector<std::string> getCpuFeatures(TargetAttr attr);

} // namespace mlir::yoco

#endif // YOCO_PASSES_LOWERING_HOST_HOSTTARGET_H
