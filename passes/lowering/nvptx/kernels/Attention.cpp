// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attention to a cache: of many rows, or divided into parts, which a second kernel puts together.

#include "passes/lowering/nvptx/NvptxKernelModel.h"

using namespace mlir;
using namespace mlir::yoco;

static nvptx::LaunchShape getAttentionShape(FusedAttentionOp op, const NvptxTarget &) {
  KVCacheType cache = op.getCache().getType();
  bool bf16 = cache.getElement().isBF16();
  int heads = op.getHeads(), kvHeads = cache.getHeads(), keyWidth = cache.getKey(), valueWidth = cache.getValue();
  if (int splits = op.getSplits())
    return nvptx::attentionSplitShape(bf16, splits, heads, kvHeads, keyWidth, valueWidth);
  return nvptx::attentionRowsShape(bf16, heads, kvHeads, keyWidth, valueWidth);
}

static LogicalResult lowerAttention(NvptxKernel &kernel, FusedAttentionOp op) {
  KVCacheType cache = op.getCache().getType();
  int64_t splits = op.getSplits();
  MicroKernelCall call(kernel, op, splits ? "yoco_attention_split" : "yoco_attention_rows");
  call.number(kernel.rows).number(kernel.segments).number(kernel.seq).floatRows(op.getQuery());
  call.pointer(op.getPositions()).pointer(op.getSegments()).cache(op.getCache()).kind(cache.getElement());
  call.integer(cache.isRing() ? cache.getWindow() : 0);
  for (Value fresh : {op.getKeys(), op.getValues()}) {
    if (fresh)
      call.rows(fresh);
    else
      call.null().integer(0).integer(0);
  }
  call.rope(op.getRopeAttr()).integer(op.getWindow()).real(op.getScaleAttr());
  call.integer(op.getHeads()).integer(cache.getHeads()).integer(cache.getKey()).integer(cache.getValue());
  if (splits)
    call.integer(splits).floatRows(op.getOuts().front());
  else
    call.rows(op.getOuts().front());
  return call.emit();
}

static nvptx::LaunchShape getMergeShape(FusedAttentionMergeOp op, const NvptxTarget &) {
  return nvptx::attentionMergeShape(op.getHeads(), getColumns(op.getOuts().front()) / op.getHeads());
}

static LogicalResult lowerMerge(NvptxKernel &kernel, FusedAttentionMergeOp op) {
  MicroKernelCall call(kernel, op, "yoco_attention_merge");
  Value out = op.getOuts().front();
  int64_t heads = op.getHeads();
  call.number(kernel.rows).pointer(op.getSegments()).floatRows(op.getPartial());
  call.integer(op.getSplits()).integer(heads).integer(getColumns(out) / heads).rows(out);
  return call.emit();
}

void mlir::yoco::addAttentionNvptxKernel(NvptxDevice &device) {
  addNvptxKernel(device, getAttentionShape, lowerAttention);
  addNvptxKernel(device, getMergeShape, lowerMerge);
}
