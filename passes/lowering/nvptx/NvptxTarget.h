// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The target `nvptx`: kernels in a gpu.module, for NVIDIA GPUs, computing in bf16 or f32.

#ifndef YOCO_PASSES_LOWERING_NVPTX_NVPTXTARGET_H
#define YOCO_PASSES_LOWERING_NVPTX_NVPTXTARGET_H

#include "kernels/nvptx/LaunchShapes.h"
#include "passes/target/NvptxChips.h"
#include "passes/target/Target.h"
#include "passes/target/TargetRegistry.h"

namespace mlir::yoco {

namespace nvptx = ::yoco::nvptx;

class NvptxKernelModel;

/// The kind of device. Its kernels are in passes/lowering/nvptx/kernels.
class NvptxDevice final : public TargetDevice {
public:
  // A runtime knows a GPU by the interface that it reaches it through.
  static constexpr DeviceTraits kTraits = {"nvptx", "cuda", "CHIP", "sm_90a", "bf16"};

  NvptxDevice() : TargetDevice(kTraits), chips(getNvptxChips()) {}

  /// Makes `chip` known beside the rows of the table.
  void addChip(const NvptxChip &chip) { chips.push_back(chip); }
  ArrayRef<NvptxChip> getChips() const { return chips; }
  /// The chip called `name`; null when there is none.
  const NvptxChip *findChip(StringRef name) const;
  /// The chip whose PTX runs on all others.
  const NvptxChip &getPortableChip() const { return chips.front(); }
  /// The names of all chips, for messages.
  std::string listChips() const;

  /// Registers the kernel for operations called `operation`.
  void addKernel(StringRef operation, std::unique_ptr<NvptxKernelModel> kernel);

  std::unique_ptr<Target> createTarget(TargetAttr attr, Location loc) const override;
  std::optional<TargetCode> compile(Operation *kernels, TargetAttr attr) const override;

private:
  SmallVector<NvptxChip> chips;
};

class NvptxTarget final : public Target {
public:
  /// The GPU that `attr` names; an error at `loc`, and null, when there is none such.
  static std::unique_ptr<NvptxTarget> get(TargetAttr attr, Location loc);

  NvptxTarget(const NvptxDevice &device, const NvptxChip &chip, bool bf16)
      : Target(device), device(device), chip(chip), bf16(bf16) {}

  SmallVector<int64_t> getRowBuckets(const StepShape &step) const override;
  SmallVector<int64_t> getWantedBuckets(int64_t wanted) const override;
  int64_t getMaxRows(const StepShape &step) const override;
  bool canFuseNorm(int64_t columns, int64_t maxRows) const override { return maxRows != 0; }
  bool canFuseActivation(int64_t maxRows) const override { return maxRows != 0 || !bf16; }
  /// Prefill multiplies by both with one product, decode with a kernel: they read the same bytes.
  bool joinsGatedWeights() const override { return true; }
  int64_t getRetentionSpan(int64_t keyWidth, int64_t valueWidth) const override;
  bool canFuseHeadNorm(int64_t span) const override { return span == 0; }
  int64_t getAttentionSplits(const StepShape &step, CacheType keys, int64_t window) const override;
  FloatType getStorageType(MLIRContext *context) const override;
  int64_t getDefaultChunk() const override { return 2048; }
  int64_t getRowAlignment() const override { return 16; }

  /// Matrices, caches and inputs of products are bf16, and tensor cores multiply them; else everything is f32.
  bool isBf16() const { return bf16; }
  const NvptxChip &getChip() const { return chip; }
  /// The most bytes of shared memory that a kernel with equal blocks in all images may have: what the least of their
  /// chips has.
  int getSharedLimit() const {
    return std::min(chip.sharedBytesPerBlock, device.getPortableChip().sharedBytesPerBlock);
  }
  const NvptxDevice &getNvptxDevice() const { return device; }
  /// The chips that a file has images for: this one, and the one whose PTX runs on all.
  SmallVector<const NvptxChip *> getImageChips() const {
    const NvptxChip &portable = device.getPortableChip();
    if (chip.name == portable.name)
      return {&portable};
    return {&chip, &portable};
  }

private:
  const NvptxDevice &device;
  const NvptxChip chip;
  const bool bf16;
};

} // namespace mlir::yoco

#endif // YOCO_PASSES_LOWERING_NVPTX_NVPTXTARGET_H
