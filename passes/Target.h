// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What passes from phase `fused` on ask about the machine that a module is for. No pass switches on a target's name.

#ifndef YOCO_PASSES_TARGET_H
#define YOCO_PASSES_TARGET_H

#include "dialect/YocoOps.h"
#include <memory>

namespace mlir::yoco {

/// How a matrix that a kernel multiplies by is stored.
struct MatrixLayout {
  WeightLayout layout = WeightLayout::row_major;
  int64_t panel = 0; // rows of a panel; 0 unless the layout is `panels`
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

  /// Whether a linear group over `columns` inputs may normalise its input itself.
  virtual bool canFuseNorm(int64_t columns) const = 0;
  /// Rows of a block of chunkwise retention for heads of these widths.
  virtual int64_t getRetentionChunk(int64_t keyWidth, int64_t valueWidth) const = 0;
  /// How group number `group` of `op`'s parameter groups is stored.
  virtual MatrixLayout getParameterLayout(RowKernelOpInterface op, unsigned group) const = 0;
  /// Tiles of the kernel that `op`, in buffer form, becomes.
  virtual TilesAttr getTiles(RowKernelOpInterface op) const = 0;
  /// Tiles of the kernel that an elementwise `linalg.generic` over rows becomes.
  virtual TilesAttr getElementwiseTiles(MLIRContext *context) const = 0;
  /// Rows of a prefill step when the user names none.
  virtual int64_t getDefaultChunk() const = 0;
};

/// The target attribute of the variant that `op` is in. Emits an error and returns null when there is none.
TargetAttr getTargetAttrOf(Operation *op);

/// The target of the variant that `op` is in. Emits an error and returns null when there is none.
std::unique_ptr<Target> getTargetOf(Operation *op);

/// The variants in `module`: the nested modules that have a target, or the module itself.
SmallVector<ModuleOp> getVariants(ModuleOp module);

} // namespace mlir::yoco

#endif // YOCO_PASSES_TARGET_H
