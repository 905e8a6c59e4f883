// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The write of fresh keys and values to a cache.

#include "passes/lowering/nvptx/NvptxKernelModel.h"

using namespace mlir;
using namespace mlir::yoco;

static nvptx::LaunchShape getShape(FusedCacheWriteOp op, const NvptxTarget &) {
  KVCacheType cache = op.getCache().getType();
  return nvptx::cacheWriteShape(cache.getHeads(), cache.getKey(), cache.getValue());
}

static LogicalResult lowerCacheWrite(NvptxKernel &kernel, FusedCacheWriteOp op) {
  KVCacheType cache = op.getCache().getType();
  CacheWriteCall call(kernel, op);
  call.rows = kernel.rows;
  call.segments = kernel.segments;
  call.seq = kernel.seq;
  call.keys = op.getKeys();
  call.values = op.getValues();
  call.positions = op.getPositions();
  call.table = op.getSegments();
  call.keyCache = kernel.getPlane(op.getCache(), 0);
  call.valueCache = kernel.getPlane(op.getCache(), 1);
  call.cacheKind = cache.getElement();
  call.window = cache.isRing() ? cache.getWindow() : 0;
  call.heads = cache.getHeads();
  call.keyWidth = cache.getKey();
  call.valueWidth = cache.getValue();
  call.rope = op.getRopeAttr();
  return call.emit();
}

void mlir::yoco::addCacheWriteNvptxKernel(NvptxDevice &device) { addNvptxKernel(device, getShape, lowerCacheWrite); }
