// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The target `nvptx`: kernels in a gpu.module, for NVIDIA GPUs, computing in bf16 or f32.

#ifndef YOCO_PASSES_LOWERING_NVPTX_NVPTXTARGET_H
#define YOCO_PASSES_LOWERING_NVPTX_NVPTXTARGET_H

#include "kernels/nvptx/LaunchShapes.h"
#include "passes/Target.h"

namespace mlir::yoco {

namespace nvptx = ::yoco::nvptx;

class NvptxTarget final : public Target {
public:
  /// The GPU that `attr` names; an error at `loc`, and null, when there is none such.
  static std::unique_ptr<NvptxTarget> get(TargetAttr attr, Location loc);

  explicit NvptxTarget(bool bf16) : bf16(bf16) {}

  int64_t getMaxRows(const StepShape &step) const override;
  bool canFuseNorm(int64_t columns, int64_t maxRows) const override { return maxRows != 0; }
  bool canFuseActivation(int64_t maxRows) const override { return maxRows != 0 || !bf16; }
  /// Prefill multiplies by both with one product, decode with a kernel: they read the same bytes.
  bool joinsGatedWeights() const override { return true; }
  int64_t getRetentionChunk(int64_t keyWidth, int64_t valueWidth) const override;
  bool canFuseHeadNorm(int64_t chunk) const override { return chunk == 0; }
  int64_t getAttentionSplits(const StepShape &step, KVCacheType cache, int64_t window) const override;
  FloatType getStorageType(MLIRContext *context) const override;
  int64_t getDefaultChunk() const override { return 2048; }
  ParameterForm getParameterForm(RowKernelOpInterface op, unsigned group) const override;
  int64_t getRowAlignment() const override { return 16; }
  int64_t getWorkspaceBytes(RowKernelOpInterface op) const override;
  bool isLibraryProduct(FusedLinearOp op) const override;
  TilesAttr getTiles(RowKernelOpInterface op) const override;
  TilesAttr getElementwiseTiles(linalg::GenericOp op) const override;

  /// Matrices, caches and inputs of products are bf16, and tensor cores multiply them; else everything is f32.
  bool isBf16() const { return bf16; }
  /// How the kernel of `op`, in buffer form, is launched. None when there is no kernel for such an operation.
  std::optional<nvptx::LaunchShape> getLaunchShape(RowKernelOpInterface op) const;

private:
  const bool bf16;
};

/// How elementwise arithmetic is spread over a grid: every thread has `kThreadElements` adjacent columns of one row.
struct ElementwiseGrid {
  static constexpr int kThreads = 256;
  static constexpr int kThreadElements = 8;

  int64_t groups;       // of columns in a row, the last one possibly shorter
  int64_t rowsPerBlock; // 1 when a row has more groups than a block has threads
  int64_t blocksPerRow; // 1 when a block has several rows

  /// Of buffers of `type`: rows of vectors, or of heads.
  static ElementwiseGrid get(MemRefType type);
};

/// The chips of target `nvptx`, from the least to the most able.
llvm::ArrayRef<llvm::StringLiteral> getNvptxChips();

} // namespace mlir::yoco

#endif // YOCO_PASSES_LOWERING_NVPTX_NVPTXTARGET_H
