// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The positions of the rows, from the segment table.

#include "passes/lowering/nvptx/NvptxKernelModel.h"

using namespace mlir;
using namespace mlir::yoco;

static nvptx::LaunchShape getShape(FusedPositionsOp op, const NvptxTarget &) {
  return nvptx::positionsShape();
}

static LogicalResult lowerPositions(NvptxKernel &kernel, FusedPositionsOp op) {
  PositionsCall call(kernel, op);
  call.segments = kernel.segments;
  call.table = op.getSegments();
  call.out = op.getOuts().front();
  return call.emit();
}

void mlir::yoco::addPositionsNvptxKernel(NvptxDevice &device) { addNvptxKernel(device, getShape, lowerPositions); }
