// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attention to a cache: of many rows, or divided into parts, which a second kernel puts together.

#include "passes/lowering/nvptx/NvptxKernelModel.h"

using namespace mlir;
using namespace mlir::yoco;

static nvptx::LaunchShape getAttentionShape(FusedAttentionOp op, const NvptxTarget &target) {
  bool bf16 = op.getKeyCache().getType().getElement().isBF16();
  int heads = op.getHeads(), kvHeads = op.getKeyHeads(), keyWidth = op.getKeyWidth(), valueWidth = op.getValueWidth();
  if (int splits = op.getSplits())
    return nvptx::attentionSplitShape(target.getSharedLimit(), bf16, splits, heads, kvHeads, keyWidth, valueWidth);
  return nvptx::attentionRowsShape(bf16, heads, kvHeads, keyWidth, valueWidth);
}

/// What the calls for many rows and for a divided attention share.
template <typename Call>
static void setAttention(Call &call, NvptxKernel &kernel, FusedAttentionOp op) {
  call.rows = kernel.rows;
  call.segments = kernel.segments;
  call.seq = kernel.seq;
  call.q = op.getQuery();
  call.positions = op.getPositions();
  call.table = op.getSegments();
  call.keyCache = op.getKeyCache();
  call.valueCache = op.getValueCache();
  call.cacheKind = op.getKeyCache().getType().getElement();
  call.ring = op.getRing();
  call.freshKeys = op.getKeys();
  call.freshValues = op.getValues();
  call.rope = op.getRopeAttr();
  call.window = op.getWindow();
  call.scale = op.getScale();
  call.heads = op.getHeads();
  call.kvHeads = op.getKeyHeads();
  call.keyWidth = op.getKeyWidth();
  call.valueWidth = op.getValueWidth();
}

static LogicalResult lowerAttention(NvptxKernel &kernel, FusedAttentionOp op) {
  if (int64_t splits = op.getSplits()) {
    AttentionSplitCall call(kernel, op);
    setAttention(call, kernel, op);
    call.splits = splits;
    call.partial = op.getOuts().front();
    call.sharedLimit = kernel.target.getSharedLimit();
    return call.emit();
  }
  AttentionRowsCall call(kernel, op);
  setAttention(call, kernel, op);
  call.out = op.getOuts().front();
  return call.emit();
}

static nvptx::LaunchShape getMergeShape(FusedAttentionMergeOp op, const NvptxTarget &) {
  return nvptx::attentionMergeShape(op.getHeads(), getColumns(op.getOuts().front()) / op.getHeads());
}

static LogicalResult lowerMerge(NvptxKernel &kernel, FusedAttentionMergeOp op) {
  int64_t heads = op.getHeads();
  AttentionMergeCall call(kernel, op);
  call.rows = kernel.rows;
  call.table = op.getSegments();
  call.partial = op.getPartial();
  call.splits = op.getSplits();
  call.heads = heads;
  call.valueWidth = getColumns(op.getOuts().front()) / heads;
  call.out = op.getOuts().front();
  return call.emit();
}

void mlir::yoco::addAttentionNvptxKernel(NvptxDevice &device) {
  addNvptxKernel(device, getAttentionShape, lowerAttention);
  addNvptxKernel(device, getMergeShape, lowerMerge);
}
