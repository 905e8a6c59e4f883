// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Gated retention, row by row or by blocks of rows.

#include "passes/lowering/nvptx/NvptxKernelModel.h"

using namespace mlir;
using namespace mlir::yoco;

static nvptx::LaunchShape getShape(FusedRetentionOp op, const NvptxTarget &) {
  ArrayRef<int64_t> state = op.getState().getType().getShape();
  if (int64_t chunk = op.getChunk())
    return nvptx::retentionChunkShape(chunk, state[0], state[1], state[2]);
  return nvptx::retentionStepShape(state[0], state[1], state[2]);
}

static LogicalResult lowerRetention(NvptxKernel &kernel, FusedRetentionOp op) {
  int64_t chunk = op.getChunk();
  if (chunk && (op.getEps() || op.getSwish()))
    return op.emitOpError("expected no norm and no swish gate with `chunk` on target `nvptx`");
  ArrayRef<int64_t> state = op.getState().getType().getShape();
  if (!op.getState().getType().getElement().isF32())
    return op.emitOpError("expected a state of f32, got ") << op.getState().getType();

  MicroKernelCall call(kernel, op, chunk ? "yoco_retention_chunk" : "yoco_retention_step");
  call.number(kernel.rows).number(kernel.segments);
  for (Value operand : {op.getQuery(), op.getKey(), op.getValue(), op.getGate()})
    call.floatRows(operand);
  call.pointer(op.getPositions()).pointer(op.getSegments()).pointer(op.getState()).rope(op.getRopeAttr());
  call.real(op.getScaleAttr());
  if (op.getGateDivisorAttr())
    call.real(op.getGateDivisorAttr());
  else
    call.real(0.0f);
  if (chunk) {
    call.integer(chunk);
  } else {
    if (op.getEpsAttr())
      call.real(op.getEpsAttr());
    else
      call.real(-1.0f);
    call.optionalFloatRows(op.getSwish());
  }
  call.integer(state[0]).integer(state[1]).integer(state[2]).rows(op.getOuts().front());
  return call.emit();
}

void mlir::yoco::addRetentionNvptxKernel(NvptxDevice &device) { addNvptxKernel(device, getShape, lowerRetention); }
