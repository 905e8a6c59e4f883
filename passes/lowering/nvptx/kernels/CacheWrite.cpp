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
  MicroKernelCall call(kernel, op, "yoco_cache_write");
  call.number(kernel.rows).number(kernel.segments).number(kernel.seq).rows(op.getKeys()).rows(op.getValues());
  call.pointer(op.getPositions()).pointer(op.getSegments()).cache(op.getCache()).kind(cache.getElement());
  call.integer(cache.isRing() ? cache.getWindow() : 0);
  call.integer(cache.getHeads()).integer(cache.getKey()).integer(cache.getValue()).rope(op.getRopeAttr());
  return call.emit();
}

void mlir::yoco::addCacheWriteNvptxKernel(NvptxDevice &device) { addNvptxKernel(device, getShape, lowerCacheWrite); }
