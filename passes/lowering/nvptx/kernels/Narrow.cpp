// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The rows of a smaller set, copied to where its table has them.

#include "passes/lowering/nvptx/NvptxKernelModel.h"

using namespace mlir;
using namespace mlir::yoco;

static nvptx::LaunchShape getShape(FusedNarrowOp op, const NvptxTarget &) {
  return nvptx::narrowShape(getColumns(op.getInput()));
}

static LogicalResult lowerNarrow(NvptxKernel &kernel, FusedNarrowOp op) {
  NarrowCall call(kernel, op);
  call.rows = kernel.rows;
  call.segments = kernel.segments;
  call.table = op.getTo();
  call.from = op.getFrom();
  call.in = op.getInput();
  call.columns = getColumns(op.getInput());
  call.out = op.getOuts().front();
  return call.emit();
}

void mlir::yoco::addNarrowNvptxKernel(NvptxDevice &device) { addNvptxKernel(device, getShape, lowerNarrow); }
