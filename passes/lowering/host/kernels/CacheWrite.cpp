// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The write of fresh rows, mostly keys and values, to their caches.

#include "passes/lowering/host/HostKernelModel.h"

using namespace mlir;
using namespace mlir::yoco;

static LogicalResult lowerCacheWrite(HostKernel &kernel, FusedCacheWriteOp op, Value tile) {
  KernelBuilder &build = kernel.build;
  CacheType cache = op.getCache().getType(), more = op.getMoreType();
  Value heads = build.index(cache.getHeads()), zero = build.index(0);
  RopeAttr rope = op.getRopeAttr();
  Value frequencies = makeFrequencies(build, rope);

  auto writeRow = [&](Value row, const Segment &segment) {
    Value position = build.add(segment.firstPosition, build.sub(row, segment.rowBegin));
    Value place = cache.isRing() ? build.rem(position, cache.getWindow()) : position;
    auto from = [&](Value rows, CacheType type, Value h) {
      return Place{kernel.get(rows), {row, build.mul(h, type.getWidth())}};
    };
    auto to = [&](Value operand, Value h) { return Place{kernel.get(operand), {segment.slot, place, h, zero}}; };
    build.forLoop(zero, heads, 1, [&](Value h) {
      if (more)
        copyRow(build, more.getWidth(), from(op.getMoreRows(), more, h), to(op.getMoreCache(), h));
      if (!rope)
        copyRow(build, cache.getWidth(), from(op.getRows(), cache, h), to(op.getCache(), h));
      else if (isPartial(rope, cache.getWidth()))
        copyUnpaired(build, rope, cache.getWidth(), from(op.getRows(), cache, h), to(op.getCache(), h));
    });
    if (!rope)
      return;
    forPairs(build, rope, frequencies, position, [&](const Turn &turn) {
      build.forLoop(zero, heads, 1, [&](Value h) {
        rotate(build, rope, turn, from(op.getRows(), cache, h), to(op.getCache(), h));
      });
    });
  };

  forRowsOfTile(kernel, tile, [&](Value row) {
    withSegmentOf(kernel, kernel.get(op.getSegments()), row, [&](const Segment &segment) {
      if (!cache.isRing())
        return writeRow(row, segment);
      // Of a segment longer than the window only the last rows stay; tiles run in any order, so that no other may be
      // written.
      Value left = build.sub(build.add(segment.rowBegin, segment.rowCount), row);
      build.ifThen(build.less(left, build.index(cache.getWindow() + 1)), [&] { writeRow(row, segment); });
    });
  });
  return success();
}

void yoco::addCacheWriteHostKernel(HostDevice &device) { addHostKernel(device, lowerCacheWrite); }
