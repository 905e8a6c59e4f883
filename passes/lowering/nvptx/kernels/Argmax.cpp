// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The greedy choice: the column of the largest logit of each row.

#include "passes/lowering/nvptx/NvptxKernelModel.h"

using namespace mlir;
using namespace mlir::yoco;

static nvptx::LaunchShape getShape(FusedArgmaxOp op, const NvptxTarget &) {
  return nvptx::argmaxShape(getColumns(op.getInput()));
}

static LogicalResult lowerArgmax(NvptxKernel &kernel, FusedArgmaxOp op) {
  ArgmaxCall call(kernel, op);
  call.rows = kernel.rows;
  call.logits = op.getInput();
  call.columns = getColumns(op.getInput());
  call.ids = op.getOuts().front();
  return call.emit();
}

void mlir::yoco::addArgmaxNvptxKernel(NvptxDevice &device) { addNvptxKernel(device, getShape, lowerArgmax); }
