// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// RMS norm of groups of columns, with an optional weight and an optional swish gate.

#include "passes/lowering/nvptx/NvptxKernelModel.h"

using namespace mlir;
using namespace mlir::yoco;

static nvptx::LaunchShape getShape(FusedNormOp op, const NvptxTarget &) {
  return nvptx::normShape(op.getGroups(), getColumns(op.getInput()) / op.getGroups());
}

static LogicalResult lowerNorm(NvptxKernel &kernel, FusedNormOp op) {
  int64_t groups = op.getGroups();
  NormCall call(kernel, op);
  call.rows = kernel.rows;
  call.in = op.getInput();
  call.weight = op.getWeightAttr() ? std::optional<unsigned>(0) : std::nullopt;
  call.eps = op.getEps();
  call.groups = groups;
  call.width = getColumns(op.getInput()) / groups;
  call.swish = op.getSwish();
  call.out = op.getOuts().front();
  return call.emit();
}

void mlir::yoco::addNormNvptxKernel(NvptxDevice &device) { addNvptxKernel(device, getShape, lowerNorm); }
