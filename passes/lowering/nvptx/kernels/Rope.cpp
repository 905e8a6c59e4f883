// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The rotation of the heads of each row by its position.

#include "passes/lowering/nvptx/NvptxKernelModel.h"

using namespace mlir;
using namespace mlir::yoco;

static nvptx::LaunchShape getShape(FusedRopeOp op, const NvptxTarget &) {
  return nvptx::ropeShape(op.getHeads(), getColumns(op.getInput()) / op.getHeads());
}

static LogicalResult lowerRope(NvptxKernel &kernel, FusedRopeOp op) {
  MicroKernelCall call(kernel, op, "yoco_rope");
  int64_t heads = op.getHeads();
  call.number(kernel.rows).floatRows(op.getInput()).pointer(op.getPositions()).rope(op.getRope());
  call.integer(heads).integer(getColumns(op.getInput()) / heads).rows(op.getOuts().front());
  return call.emit();
}

void mlir::yoco::addRopeNvptxKernel(NvptxDevice &device) { addNvptxKernel(device, getShape, lowerRope); }
