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
  MicroKernelCall call(kernel, op, "yoco_argmax");
  call.number(kernel.rows).floatRows(op.getInput()).integer(getColumns(op.getInput())).pointer(op.getOuts().front());
  return call.emit();
}

void mlir::yoco::addArgmaxNvptxKernel(NvptxDevice &device) { addNvptxKernel(device, getShape, lowerArgmax); }
