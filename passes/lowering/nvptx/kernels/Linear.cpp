// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Linear groups: a kernel for few rows, a kernel for many rows in f32, and the library's product for many rows in bf16.

#include "passes/lowering/nvptx/NvptxKernelModel.h"

using namespace mlir;
using namespace mlir::yoco;

/// What the library gets to work in. Its heuristics want this much for Hopper's fastest algorithms.
static constexpr int64_t kLibraryWorkspace = 32 << 20;

static nvptx::LaunchShape getShape(FusedLinearOp op, const NvptxTarget &target) {
  int64_t outputs = getColumns(op.getOuts().front());
  if (op.getMaxRows() == 0)
    return nvptx::linearTiledShape(outputs, op.isGated());
  return nvptx::linearFewShape(getColumns(op.getInput()), outputs, !target.isBf16(), op.isGated(),
                               op.getEps().has_value());
}

static int64_t getActivation(Activation activation) {
  switch (activation) {
  case Activation::none:
    return 0;
  case Activation::silu:
    return 1;
  case Activation::gelu:
    return 2;
  case Activation::swiglu:
    return 3;
  case Activation::geglu:
    return 4;
  }
  llvm_unreachable("all activations are listed");
}

static LogicalResult lowerLinear(NvptxKernel &kernel, FusedLinearOp op) {
  bool few = op.getMaxRows() != 0, gated = op.isGated();
  if (!few && op.getEps())
    return op.emitOpError("expected `max_rows` with a norm on target `nvptx`, got none");
  Value out = op.getOuts().front();
  MemRefType weight = kernel.parameters[0].second;
  if (gated && !op.getJoined())
    return op.emitOpError("expected `joined` weights of a gated group on target `nvptx`, got two matrices");
  if (weight.getRank() != 2 || weight.getDimSize(0) != getColumns(out) * (gated ? 2 : 1) ||
      weight.getDimSize(1) != getColumns(op.getInput()))
    return op.emitOpError("expected a matrix of ") << getColumns(out) * (gated ? 2 : 1) << " rows and "
                                                   << getColumns(op.getInput()) << " columns, got " << weight;
  if (few && kernel.bf16 && !weight.getElementType().isBF16())
    return op.emitOpError("expected a matrix of bf16 when computing in bf16, got ") << weight;

  MicroKernelCall call(kernel, op, few ? "yoco_linear_few" : "yoco_linear_tiled");
  call.number(kernel.rows).rows(op.getInput()).integer(getColumns(op.getInput())).parameter(0);
  if (gated)
    call.parameterRow(0, getColumns(out));
  else
    call.null();
  // Groups of several matrices have as many results as rows.
  call.kind(weight.getElementType()).integer(weight.getStridesAndOffset().first.front()).integer(getColumns(out));
  if (few) {
    call.flag(!kernel.bf16).optionalVector(op.getNormWeightAttr() ? std::optional<unsigned>(1) : std::nullopt);
    if (op.getEpsAttr())
      call.real(op.getEpsAttr());
    else
      call.real(-1.0f);
  }
  call.integer(getActivation(op.getActivation())).optionalFloatRows(op.getResidual()).rows(out);
  return call.emit();
}

namespace {
class LinearKernel final : public NvptxKernelModelFor<FusedLinearOp> {
public:
  LinearKernel() : NvptxKernelModelFor(::getShape, lowerLinear) {}

  /// yoco_linear_few waits when its first weights are on their way.
  bool waitsByItself(Operation *op) const override { return cast<FusedLinearOp>(op).getMaxRows() != 0; }

  bool isInstruction(Operation *op, const Target &target) const override {
    return get(target).isBf16() && cast<FusedLinearOp>(op).getMaxRows() == 0;
  }
  int64_t getWorkspaceBytes(Operation *op, const Target &target) const override {
    return isInstruction(op, target) ? kLibraryWorkspace : 0;
  }
  Operation *buildInstruction(OpBuilder &builder, Operation *op, ArrayRef<Value> parameters) const override;
};
} // namespace

Operation *LinearKernel::buildInstruction(OpBuilder &builder, Operation *op, ArrayRef<Value> parameters) const {
  auto linear = cast<FusedLinearOp>(op);
  if (parameters.size() != 1 || linear.getEpsAttr() || linear.getActivation() != Activation::none) {
    op->emitOpError("expected one matrix without norm and activation for the target's library, got ") << *op;
    return nullptr;
  }
  return GemmOp::create(builder, op->getLoc(), linear.getInput(), parameters.front(), linear.getResidual(),
                        linear.getWorkspace(), linear.getOuts().front());
}

void mlir::yoco::addLinearNvptxKernel(NvptxDevice &device) {
  device.addKernel(FusedLinearOp::getOperationName(), std::make_unique<LinearKernel>());
}
