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
  MicroKernelCall call(kernel, op, "yoco_norm");
  int64_t groups = op.getGroups();
  call.number(kernel.rows).rows(op.getInput());
  call.optionalVector(op.getWeightAttr() ? std::optional<unsigned>(0) : std::nullopt).real(op.getEpsAttr());
  call.integer(groups).integer(getColumns(op.getInput()) / groups);
  call.optionalFloatRows(op.getSwish()).rows(op.getOuts().front());
  return call.emit();
}

void mlir::yoco::addNormNvptxKernel(NvptxDevice &device) { addNvptxKernel(device, getShape, lowerNorm); }
