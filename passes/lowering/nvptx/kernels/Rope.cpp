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
  int64_t heads = op.getHeads();
  RopeCall call(kernel, op);
  call.rows = kernel.rows;
  call.in = op.getInput();
  call.positions = op.getPositions();
  call.rope = op.getRope();
  call.heads = heads;
  call.width = getColumns(op.getInput()) / heads;
  call.out = op.getOuts().front();
  return call.emit();
}

void mlir::yoco::addRopeNvptxKernel(NvptxDevice &device) { addNvptxKernel(device, getShape, lowerRope); }
