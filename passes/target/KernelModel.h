// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How one target runs one operation: what planning and outlining ask about the kernel of an operation. Each target
// derives from this class and adds the lowering (passes/lowering/<target>); what a kernel model holds stays in one file
// per operation and target.

#ifndef YOCO_PASSES_TARGET_KERNELMODEL_H
#define YOCO_PASSES_TARGET_KERNELMODEL_H

#include "dialect/YocoOps.h"

namespace mlir::yoco {

class Target;

/// How a parameter that a kernel reads is stored.
struct ParameterForm {
  WeightLayout layout = WeightLayout::row_major;
  int64_t panel = 0;    // rows of a panel; 0 unless the layout is `panels`
  int64_t multiple = 1; // elements from one row to the next are a multiple of this; row_major only
  FloatType element;    // null: the parameter's own
  EncodingAttr encoding; // null: numbers as they are; else row_major
};

class KernelModel {
public:
  virtual ~KernelModel() = default;

  /// Tiles of the kernel that `op`, in buffer form, becomes.
  virtual TilesAttr getTiles(Operation *op, const Target &target) const = 0;
  /// How group number `group` of `op`'s parameter groups is stored.
  virtual ParameterForm getParameterForm(Operation *op, unsigned group, const Target &target) const { return {}; }
  /// Bytes of memory that `op`, on tensors, wants while it runs.
  virtual int64_t getWorkspaceBytes(Operation *op, const Target &target) const { return 0; }

  /// Whether `op` is an instruction of its own, such as a product of the machine's library, and not the launch of a
  /// kernel.
  virtual bool isInstruction(Operation *op, const Target &target) const { return false; }
  /// Builds that instruction from `op`, in buffer form, and references to its parameter groups. Null after an error.
  virtual Operation *buildInstruction(OpBuilder &builder, Operation *op, ArrayRef<Value> parameters) const {
    llvm_unreachable("only kernel models whose operations are instructions are asked");
  }
};

} // namespace mlir::yoco

#endif // YOCO_PASSES_TARGET_KERNELMODEL_H
