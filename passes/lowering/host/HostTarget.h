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

  bool canFuseNorm(int64_t columns) const override;
  int64_t getRetentionChunk(int64_t keyWidth, int64_t valueWidth) const override;
  MatrixLayout getParameterLayout(RowKernelOpInterface op, unsigned group) const override;
  TilesAttr getTiles(RowKernelOpInterface op) const override;
  TilesAttr getElementwiseTiles(MLIRContext *context) const override;
  int64_t getDefaultChunk() const override { return chip.tiles.prefillChunk; }

  const HostTiles &getTileSizes() const { return chip.tiles; }

private:
  const HostChip &chip;
};

/// LLVM's names, sorted, of the processor features that code for the host target `attr` uses: code generation uses
/// these and no others, and a loader must find all of them. The target must be one that HostTarget::get accepts.
std::vector<std::string> getCpuFeatures(TargetAttr attr);

} // namespace mlir::yoco

#endif // YOCO_PASSES_LOWERING_HOST_HOSTTARGET_H
