// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Gated retention, row by row or by spans of rows.

#include "passes/lowering/nvptx/NvptxKernelModel.h"

using namespace mlir;
using namespace mlir::yoco;

static nvptx::LaunchShape getShape(FusedRetentionOp op, const NvptxTarget &target) {
  ArrayRef<int64_t> state = op.getState().getType().getShape();
  if (int64_t span = op.getSpan())
    return nvptx::retentionSpanShape(target.getSharedLimit(), span, state[0], state[1], state[2]);
  return nvptx::retentionStepShape(state[0], state[1], state[2]);
}

/// What the calls row by row and by spans share.
template <typename Call>
static void setRetention(Call &call, NvptxKernel &kernel, FusedRetentionOp op) {
  ArrayRef<int64_t> state = op.getState().getType().getShape();
  call.rows = kernel.rows;
  call.segments = kernel.segments;
  call.q = op.getQuery();
  call.k = op.getKey();
  call.v = op.getValue();
  call.gate = op.getGate();
  call.positions = op.getPositions();
  call.table = op.getSegments();
  call.state = op.getState();
  call.rope = op.getRopeAttr();
  call.scale = op.getScale();
  call.gateDivisor.set(op.getGateDivisor(), 0.0f);
  call.heads = state[0];
  call.keyWidth = state[1];
  call.valueWidth = state[2];
  call.out = op.getOuts().front();
}

static LogicalResult lowerRetention(NvptxKernel &kernel, FusedRetentionOp op) {
  int64_t span = op.getSpan();
  if (span && (op.getEps() || op.getSwish()))
    return op.emitOpError("expected no norm and no swish gate with `span` on target `nvptx`");
  if (span) {
    RetentionSpanCall call(kernel, op);
    setRetention(call, kernel, op);
    call.span = span;
    call.sharedLimit = kernel.target.getSharedLimit();
    return call.emit();
  }
  RetentionStepCall call(kernel, op);
  setRetention(call, kernel, op);
  call.eps.set(op.getEps(), -1.0f);
  call.swish = op.getSwish();
  return call.emit();
}

void mlir::yoco::addRetentionNvptxKernel(NvptxDevice &device) { addNvptxKernel(device, getShape, lowerRetention); }
