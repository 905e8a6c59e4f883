// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The rows of a smaller set, copied to where its table has them.

#include "passes/lowering/nvptx/NvptxKernelModel.h"

using namespace mlir;
using namespace mlir::yoco;

/// Columns of a row; integers have one.
static int64_t getWidth(Value rows) {
  return cast<ShapedType>(rows.getType()).getRank() == 1 ? 1 : getColumns(rows);
}

static nvptx::LaunchShape getShape(FusedNarrowOp op, const NvptxTarget &) {
  return nvptx::narrowShape(getWidth(op.getInput()));
}

static LogicalResult lowerNarrow(NvptxKernel &kernel, FusedNarrowOp op) {
  NarrowCall call(kernel, op);
  call.rows = kernel.rows;
  call.segments = kernel.segments;
  call.table = op.getTo();
  call.from = op.getFrom();
  call.eachRow = op.getEachRow();
  call.in = op.getInput();
  call.columns = getWidth(op.getInput());
  call.out = op.getOuts().front();
  return call.emit();
}

void mlir::yoco::addNarrowNvptxKernel(NvptxDevice &device) { addNvptxKernel(device, getShape, lowerNarrow); }
