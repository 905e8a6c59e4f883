// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What passes from phase `fused` on ask about the machine that a module is for. No pass switches on a target's name.

#ifndef YOCO_PASSES_TARGET_TARGET_H
#define YOCO_PASSES_TARGET_TARGET_H

#include "passes/target/KernelModel.h"
#include <memory>

namespace mlir::yoco {

class TargetDevice;

/// The steps of an entry point.
struct StepShape {
  bool onePerSegment = false;
  int64_t rows = 0;     // at most, at the module's bounds
  int64_t segments = 0; // at most

  /// Of `entry`, a function with `yoco.entry` in a module with `yoco.bounds`.
  static StepShape get(func::FuncOp entry);
  /// Of the set of rows with this table of segments; null and arguments are all rows of the step.
  static StepShape get(func::FuncOp entry, Value table);
  /// Such steps with at most `most` rows.
  StepShape limitTo(int64_t most) const;
};

/// The answers of one machine: a chip of a registered device, and the type that it computes in. Immutable.
class Target {
public:
  explicit Target(const TargetDevice &device) : device(device) {}
  virtual ~Target() = default;

  /// The target that a user names on a command line: `device` or `device:chip`, and a type to compute in (empty: the
  /// device's own). Emits an error at `loc` when no such device is registered, or the type is none that we know.
  static FailureOr<TargetAttr> parse(MLIRContext *context, llvm::StringRef spec, llvm::StringRef dtype, Location loc);

  /// The target that `attr` names. Emits an error at `loc`, and returns null, when there is none such or it cannot
  /// compute in that type.
  static std::unique_ptr<Target> get(TargetAttr attr, Location loc);

  /// Programs.

  /// Numbers of rows, rising and below those of `step`, for which a program of its own may pay: one for steps of at
  /// most so many. yoco-make-row-buckets makes those in which anything that passes ask for is different.
  virtual SmallVector<int64_t> getRowBuckets(const StepShape &step) const = 0;
  /// Numbers of wanted rows, rising and at most `wanted`, for which programs may pay in which each wanted row is a
  /// segment of its own.
  virtual SmallVector<int64_t> getWantedBuckets(int64_t wanted) const = 0;

  /// Fusion.

  /// `max_rows` of linear groups in such steps: the most rows of a kernel for few when they have no more, else 0.
  virtual int64_t getMaxRows(const StepShape &step) const = 0;
  /// Whether a linear group over `columns` inputs may normalise its input itself.
  virtual bool canFuseNorm(int64_t columns, int64_t maxRows) const = 0;
  /// Whether a linear group may apply an activation to its sums.
  virtual bool canFuseActivation(int64_t maxRows) const = 0;
  /// Whether the two weights of a gated group are one matrix, so that groups without the activation can read it too.
  virtual bool joinsGatedWeights() const = 0;
  /// Rows of a span of retention for heads of these widths; 0: row by row.
  virtual int64_t getRetentionSpan(int64_t keyWidth, int64_t valueWidth) const = 0;
  /// Whether retention in spans of `span` rows may normalise and gate its heads itself.
  virtual bool canFuseHeadNorm(int64_t span) const = 0;
  /// Parts to divide an attention to cached `keys` into, in such steps; 0: none, the attention gives its rows itself.
  virtual int64_t getAttentionSplits(const StepShape &step, CacheType keys, int64_t window) const = 0;
  /// The element type of caches and of rows that are read as inputs of matrix products alone.
  virtual FloatType getStorageType(MLIRContext *context) const = 0;
  /// Rows of a prefill step when the user names none.
  virtual int64_t getDefaultChunk() const = 0;

  /// Memory.

  /// Bytes that the rows of a buffer start at multiples of.
  virtual int64_t getRowAlignment() const = 0;

  /// Kernels. Each answers for itself (passes/target/KernelModel.h).

  /// The kernel for operations such as `op`; null when there is none.
  const KernelModel *findKernel(Operation *op) const;
  /// The same, with an error on `op` when there is none.
  const KernelModel *getKernel(Operation *op) const;
  /// Tiles of the kernel of `op`, in buffer form. Null when there is no kernel.
  TilesAttr getTiles(Operation *op) const;
  /// Bytes of memory that `op`, on tensors, wants while it runs.
  int64_t getWorkspaceBytes(Operation *op) const;

  const TargetDevice &getDevice() const { return device; }

private:
  const TargetDevice &device;
};

/// The target attribute of the variant that `op` is in. Emits an error and returns null when there is none.
TargetAttr getTargetAttrOf(Operation *op);

/// The target of the variant that `op` is in. Emits an error and returns null when there is none.
std::unique_ptr<Target> getTargetOf(Operation *op);

/// The variants in `module`: the nested modules that have a target, or the module itself.
SmallVector<ModuleOp> getVariants(ModuleOp module);

} // namespace mlir::yoco

#endif // YOCO_PASSES_TARGET_TARGET_H
