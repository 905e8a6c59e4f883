// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What passes from phase `fused` on ask about the machine that a module is for. No pass switches on a target's name.

#ifndef YOCO_PASSES_TARGET_H
#define YOCO_PASSES_TARGET_H

#include "dialect/YocoOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include <memory>

namespace mlir::yoco {

/// How a parameter that a kernel reads is stored.
struct ParameterForm {
  WeightLayout layout = WeightLayout::row_major;
  int64_t panel = 0;    // rows of a panel; 0 unless the layout is `panels`
  int64_t multiple = 1; // elements from one row to the next are a multiple of this; row_major only
  FloatType element;    // null: the parameter's own
};

/// The steps of an entry point.
struct StepShape {
  bool onePerSegment = false;
  int64_t rows = 0;     // at most, at the module's bounds
  int64_t segments = 0; // at most

  /// Of `entry`, a function with `yoco.entry` in a module with `yoco.bounds`.
  static StepShape get(func::FuncOp entry);
};

/// The answers of one kind of machine. Immutable.
class Target {
public:
  virtual ~Target() = default;

  /// The target that a user names on a command line: `device` or `device:chip`, and a type to compute in (empty: the
  /// device's own). Emits an error at `loc` when the device or the type is none that we know.
  static FailureOr<TargetAttr> parse(MLIRContext *context, llvm::StringRef spec, llvm::StringRef dtype, Location loc);

  /// The target that `attr` names. Emits an error at `loc`, and returns null, when there is none such or it cannot compute
  /// in that type.
  static std::unique_ptr<Target> get(TargetAttr attr, Location loc);

  /// Fusion.

  /// `max_rows` of linear groups in such steps: their rows when there is a kernel for so few, else 0.
  virtual int64_t getMaxRows(const StepShape &step) const = 0;
  /// Whether a linear group over `columns` inputs may normalise its input itself.
  virtual bool canFuseNorm(int64_t columns, int64_t maxRows) const = 0;
  /// Whether a linear group may apply an activation to its sums.
  virtual bool canFuseActivation(int64_t maxRows) const = 0;
  /// Whether the two weights of a gated group are one matrix, so that groups without the activation can read it too.
  virtual bool joinsGatedWeights() const = 0;
  /// Rows of a block of chunkwise retention for heads of these widths; 0: row by row.
  virtual int64_t getRetentionChunk(int64_t keyWidth, int64_t valueWidth) const = 0;
  /// Whether retention in blocks of `chunk` rows may normalise and gate its heads itself.
  virtual bool canFuseHeadNorm(int64_t chunk) const = 0;
  /// Parts to divide an attention to `cache` into, in such steps; 0: none, the attention gives its rows itself.
  virtual int64_t getAttentionSplits(const StepShape &step, KVCacheType cache, int64_t window) const = 0;
  /// The element type of caches and of rows that are read as inputs of matrix products alone.
  virtual FloatType getStorageType(MLIRContext *context) const = 0;
  /// Rows of a prefill step when the user names none.
  virtual int64_t getDefaultChunk() const = 0;

  /// Memory.

  /// How group number `group` of `op`'s parameter groups is stored.
  virtual ParameterForm getParameterForm(RowKernelOpInterface op, unsigned group) const = 0;
  /// Bytes that the rows of a buffer start at multiples of.
  virtual int64_t getRowAlignment() const = 0;
  /// Bytes of memory that `op`, on tensors, wants while it runs.
  virtual int64_t getWorkspaceBytes(RowKernelOpInterface op) const = 0;

  /// Kernels.

  /// Whether `op`, a linear group on buffers, is the library's matrix product (`yoco.gemm`) and not a kernel.
  virtual bool isLibraryProduct(FusedLinearOp op) const = 0;
  /// Tiles of the kernel that `op`, in buffer form, becomes.
  virtual TilesAttr getTiles(RowKernelOpInterface op) const = 0;
  /// Tiles of the kernel that an elementwise `linalg.generic` over rows becomes.
  virtual TilesAttr getElementwiseTiles(linalg::GenericOp op) const = 0;
};

/// The target attribute of the variant that `op` is in. Emits an error and returns null when there is none.
TargetAttr getTargetAttrOf(Operation *op);

/// The target of the variant that `op` is in. Emits an error and returns null when there is none.
std::unique_ptr<Target> getTargetOf(Operation *op);

/// The variants in `module`: the nested modules that have a target, or the module itself.
SmallVector<ModuleOp> getVariants(ModuleOp module);

} // namespace mlir::yoco

#endif // YOCO_PASSES_TARGET_H
