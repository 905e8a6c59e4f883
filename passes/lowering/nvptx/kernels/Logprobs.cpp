// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Log-probabilities: the logit of each row's target, and what a block of logits adds to what earlier blocks have said.

#include "passes/lowering/nvptx/NvptxKernelModel.h"

using namespace mlir;
using namespace mlir::yoco;

static nvptx::LaunchShape getTargetShape(FusedTargetLogitsOp op, const NvptxTarget &) {
  return nvptx::targetLogitsShape(getColumns(op.getInput()));
}

static LogicalResult lowerTargetLogits(NvptxKernel &kernel, FusedTargetLogitsOp op) {
  auto [weight, type] = kernel.parameters[0];
  TargetLogitsCall call(kernel, op);
  call.rows = kernel.rows;
  call.x = op.getInput();
  call.columns = getColumns(op.getInput());
  call.targets = op.getTargets();
  call.weight = weight;
  call.weightKind = type.getElementType();
  call.weightRows = type.getDimSize(0);
  call.weightStride = type.getStridesAndOffset().first.front();
  call.exact = !kernel.target.isBf16();
  call.out = op.getOuts().front();
  return call.emit();
}

static nvptx::LaunchShape getShape(FusedLogprobsOp op, const NvptxTarget &) {
  return nvptx::logprobsShape(getColumns(op.getLogits()));
}

static LogicalResult lowerLogprobs(NvptxKernel &kernel, FusedLogprobsOp op) {
  LogprobsCall call(kernel, op);
  call.rows = kernel.rows;
  call.logits = op.getLogits();
  call.columns = getColumns(op.getLogits());
  call.targets = op.getTargets();
  call.targetLogits = op.getTargetLogits();
  call.carry = op.getCarry();
  call.best = op.getBest();
  call.partial = op.getPartial();
  call.out = op.getOuts().front();
  return call.emit();
}

void mlir::yoco::addLogprobsNvptxKernel(NvptxDevice &device) {
  addNvptxKernel(device, getTargetShape, lowerTargetLogits);
  addNvptxKernel(device, getShape, lowerLogprobs);
}
