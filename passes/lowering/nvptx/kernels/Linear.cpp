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
  return nvptx::linearFewShape(target.getChip().multiprocessors, outputs, !target.isBf16(), op.isGated());
}

/// The weight, when it is a matrix that the kernels can read; null after an error.
static MemRefType checkWeight(NvptxKernel &kernel, FusedLinearOp op) {
  MemRefType weight = kernel.parameters[0].second;
  bool few = op.getMaxRows() != 0, gated = op.isGated();
  int64_t rows = getColumns(op.getOuts().front()) * (gated ? 2 : 1), columns = getColumns(op.getInput());
  if (!few && op.getEps())
    op.emitOpError("expected `max_rows` with a norm on target `nvptx`, got none");
  else if (gated && !op.getJoined())
    op.emitOpError("expected `joined` weights of a gated group on target `nvptx`, got two matrices");
  else if (weight.getRank() != 2 || weight.getDimSize(0) != rows || weight.getDimSize(1) != columns)
    op.emitOpError("expected a matrix of ") << rows << " rows and " << columns << " columns, got " << weight;
  else if (few && kernel.target.isBf16() && !weight.getElementType().isBF16())
    op.emitOpError("expected a matrix of bf16 when computing in bf16, got ") << weight;
  else
    return weight;
  return {};
}

/// What the calls for few and for many rows share.
template <typename Call>
static void setLinear(Call &call, NvptxKernel &kernel, FusedLinearOp op, MemRefType weight) {
  Value out = op.getOuts().front();
  call.rows = kernel.rows;
  call.x = op.getInput();
  call.columns = getColumns(op.getInput());
  call.w0 = kernel.parameters[0].first;
  call.w1 = op.isGated() ? kernel.getParameterRow(0, getColumns(out)) : Value();
  call.weightKind = weight.getElementType();
  call.weightStride = weight.getStridesAndOffset().first.front();
  // Groups of several matrices have as many results as rows.
  call.outputs = getColumns(out);
  call.activation = op.getActivation();
  call.residual = op.getResidual();
  call.out = out;
}

static LogicalResult lowerLinear(NvptxKernel &kernel, FusedLinearOp op) {
  MemRefType weight = checkWeight(kernel, op);
  if (!weight)
    return failure();
  if (op.getMaxRows() == 0) {
    LinearTiledCall call(kernel, op);
    setLinear(call, kernel, op, weight);
    return call.emit();
  }
  LinearFewCall call(kernel, op);
  setLinear(call, kernel, op, weight);
  call.exact = !kernel.target.isBf16();
  call.normWeight = op.getNormWeightAttr() ? std::optional<unsigned>(1) : std::nullopt;
  call.eps.set(op.getEps(), -1.0f);
  call.multiprocessors = kernel.target.getChip().multiprocessors;
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
                        linear.getWorkspace(), linear.getOuts().front(), /*costs=*/ArrayAttr());
}

void mlir::yoco::addLinearNvptxKernel(NvptxDevice &device) {
  device.addKernel(FusedLinearOp::getOperationName(), std::make_unique<LinearKernel>());
}
