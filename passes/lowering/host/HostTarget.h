// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The target `host`: kernels that are functions in a shared object, for x86-64 processors, computing in f32.

#ifndef YOCO_PASSES_LOWERING_HOST_HOSTTARGET_H
#define YOCO_PASSES_LOWERING_HOST_HOSTTARGET_H

#include "passes/target/HostChips.h"
#include "passes/target/Target.h"
#include "passes/target/TargetRegistry.h"
#include <string>
#include <vector>

namespace mlir::yoco {

class HostKernelModel;

/// Bytes of stack that a span of `span` rows of retention takes.
int64_t getRetentionStackBytes(const HostTiles &tiles, int64_t span, int64_t keyWidth);

/// The kind of device. Its kernels are in passes/lowering/host/kernels.
class HostDevice final : public TargetDevice {
public:
  static constexpr DeviceTraits kTraits = {"host", "host", "CPU", "x86-64-v3", "f32"};

  HostDevice() : TargetDevice(kTraits), chips(getHostChips()) {}

  /// Makes `chip` known beside the rows of the table.
  void addChip(const HostChip &chip) { chips.push_back(chip); }
  /// The chip called `name`, or for `native` the most able one of the table that this machine has all features of; null
  /// when there is none.
  const HostChip *findChip(StringRef name) const;

  /// Registers the kernel for operations called `operation`.
  void addKernel(StringRef operation, std::unique_ptr<HostKernelModel> kernel);
  const HostKernelModel *findKernel(Operation *op) const;

  std::unique_ptr<Target> createTarget(TargetAttr attr, Location loc) const override;
  std::optional<TargetCode> compile(Operation *kernels, TargetAttr attr) const override;

private:
  SmallVector<HostChip> chips;
};

class HostTarget final : public Target {
public:
  /// The host target that `attr` names; an error at `loc`, and null, when there is none such.
  static std::unique_ptr<HostTarget> get(TargetAttr attr, Location loc);

  HostTarget(const HostDevice &device, const HostChip &chip) : Target(device), chip(chip) {}

  /// One kernel does for all numbers of rows.
  SmallVector<int64_t> getRowBuckets(const StepShape &step) const override { return {}; }
  SmallVector<int64_t> getWantedBuckets(int64_t wanted) const override { return {}; }
  int64_t getMaxRows(const StepShape &step) const override { return 0; }
  bool canFuseNorm(int64_t columns, int64_t maxRows) const override;
  bool canFuseActivation(int64_t maxRows) const override { return true; }
  bool joinsGatedWeights() const override { return false; }
  int64_t getRetentionSpan(int64_t keyWidth, int64_t valueWidth) const override;
  bool canFuseHeadNorm(int64_t span) const override { return true; }
  int64_t getAttentionSplits(const StepShape &step, CacheType keys, int64_t window) const override { return 0; }
  FloatType getStorageType(MLIRContext *context) const override { return Float32Type::get(context); }
  int64_t getDefaultChunk() const override { return chip.tiles.prefillChunk; }
  int64_t getRowAlignment() const override { return 1; }

  const HostTiles &getTileSizes() const { return chip.tiles; }
  const HostChip &getChip() const { return chip; }

private:
  const HostChip chip;
};

/// LLVM's names, sorted, of the processor features that code for the host target `attr` uses: code generation uses
/// these and no others, and a loader must find all of them. The target must be one that HostTarget::get accepts.
std::vector<std::string> getCpuFeatures(TargetAttr attr);

} // namespace mlir::yoco

#endif // YOCO_PASSES_LOWERING_HOST_HOSTTARGET_H
