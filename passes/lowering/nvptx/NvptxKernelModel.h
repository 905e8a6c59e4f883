// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A kernel of target `nvptx`: how it is launched, the form of its parameters, its memory and its lowering. A file of
// passes/lowering/nvptx/kernels holds those of one operation.

#ifndef YOCO_PASSES_LOWERING_NVPTX_NVPTXKERNELMODEL_H
#define YOCO_PASSES_LOWERING_NVPTX_NVPTXKERNELMODEL_H

#include "passes/lowering/nvptx/MicroKernelCalls.h"
#include "passes/lowering/nvptx/NvptxTarget.h"
#include "passes/target/TargetCode.h"

namespace mlir::yoco {

class NvptxKernelModel : public KernelModel {
public:
  /// How the kernel of `op`, in buffer form, is launched.
  virtual nvptx::LaunchShape getShape(Operation *op, const NvptxTarget &target) const = 0;
  /// The blocks of that launch in the image for `chip`: as getShape says, for a kernel that has them alike on all
  /// chips. Images share tiles and the body, which reads the size of its block from `gpu.block_dim` where that differs.
  virtual TargetCode::Block getBlock(Operation *op, const NvptxTarget &target, const NvptxChip &chip) const;
  /// Emits the body of the kernel.
  virtual LogicalResult lower(NvptxKernel &kernel, Operation *op) const = 0;
  /// Whether the kernel itself waits for those before it; others begin with the call of yoco_begin.
  virtual bool waitsByItself(Operation *op) const { return false; }

  TilesAttr getTiles(Operation *op, const Target &target) const final;
  /// Matrices have rows of a multiple of 16 bytes, and are bf16 when that is computed in.
  ParameterForm getParameterForm(Operation *op, unsigned group, const Target &target) const override;

protected:
  static const NvptxTarget &get(const Target &target) { return static_cast<const NvptxTarget &>(target); }
  /// The form of a matrix.
  static ParameterForm getMatrixForm(const NvptxTarget &target, MLIRContext *context);
};

/// The kernel of operations of type `OpT`, made of functions.
template <typename OpT>
class NvptxKernelModelFor : public NvptxKernelModel {
public:
  using Shape = nvptx::LaunchShape (*)(OpT, const NvptxTarget &);
  using Lowering = LogicalResult (*)(NvptxKernel &, OpT);

  NvptxKernelModelFor(Shape shape, Lowering lowering) : shape(shape), lowering(lowering) {}

  nvptx::LaunchShape getShape(Operation *op, const NvptxTarget &target) const final {
    return shape(cast<OpT>(op), target);
  }
  LogicalResult lower(NvptxKernel &kernel, Operation *op) const final { return lowering(kernel, cast<OpT>(op)); }

private:
  Shape shape;
  Lowering lowering;
};

/// Registers the kernel of operations of type `OpT`: its launch and what emits its body.
template <typename OpT>
void addNvptxKernel(NvptxDevice &device, nvptx::LaunchShape (*shape)(OpT, const NvptxTarget &),
                    LogicalResult (*lowering)(NvptxKernel &, OpT)) {
  device.addKernel(OpT::getOperationName(), std::make_unique<NvptxKernelModelFor<OpT>>(shape, lowering));
}

/// The columns of rows, which `value` is a buffer of.
inline int64_t getColumns(Value value) { return cast<ShapedType>(value.getType()).getShape().back(); }

// The functions that register the kernels, one for each line of Kernels.def.
#define YOCO_NVPTX_KERNEL(name) void add##name##NvptxKernel(NvptxDevice &device);
#include "passes/lowering/nvptx/Kernels.def"

} // namespace mlir::yoco

#endif // YOCO_PASSES_LOWERING_NVPTX_NVPTXKERNELMODEL_H
