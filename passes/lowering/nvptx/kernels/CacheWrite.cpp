// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The write of fresh rows, mostly keys and values, to their caches.

#include "passes/lowering/nvptx/NvptxKernelModel.h"

using namespace mlir;
using namespace mlir::yoco;

namespace {
/// Rows and the cache that they go to; none has no width.
struct Side {
  Value rows, cache;
  int64_t width = 0;
};
} // namespace

/// The micro-kernel rotates the first rows and moves the second ones; either may be missing.
static std::pair<Side, Side> getSides(FusedCacheWriteOp op) {
  Side first{op.getRows(), op.getCache(), op.getCache().getType().getWidth()}, second;
  if (CacheType more = op.getMoreType())
    second = {op.getMoreRows(), op.getMoreCache(), more.getWidth()};
  else if (!op.getRopeAttr())
    std::swap(first, second);
  return {first, second};
}

static nvptx::LaunchShape getShape(FusedCacheWriteOp op, const NvptxTarget &) {
  auto [first, second] = getSides(op);
  return nvptx::cacheWriteShape(op.getCache().getType().getHeads(), first.width, second.width);
}

static LogicalResult lowerCacheWrite(NvptxKernel &kernel, FusedCacheWriteOp op) {
  auto [first, second] = getSides(op);
  CacheType cache = op.getCache().getType();
  CacheWriteCall call(kernel, op);
  call.rows = kernel.rows;
  call.segments = kernel.segments;
  call.seq = kernel.seq;
  call.keys = first.rows;
  call.values = second.rows;
  call.positions = op.getPositions();
  call.table = op.getSegments();
  call.keyCache = first.cache;
  call.valueCache = second.cache;
  call.cacheKind = cache.getElement();
  call.window = cache.getWindow();
  call.heads = cache.getHeads();
  call.keyWidth = first.width;
  call.valueWidth = second.width;
  call.rope = op.getRopeAttr();
  return call.emit();
}

void mlir::yoco::addCacheWriteNvptxKernel(NvptxDevice &device) { addNvptxKernel(device, getShape, lowerCacheWrite); }
