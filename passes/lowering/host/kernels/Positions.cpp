// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The positions of the rows, from the segment table. A tile is a segment.

#include "passes/lowering/host/HostKernelModel.h"

using namespace mlir;
using namespace mlir::yoco;

static LogicalResult lowerPositions(HostKernel &kernel, FusedPositionsOp op, Value tile) {
  KernelBuilder &build = kernel.build;
  Value out = kernel.get(op.getOuts().front());
  Segment segment = loadSegment(build, kernel.get(op.getSegments()), tile);
  build.ifThen(build.less(build.index(-1), segment.slot), [&] {
    build.forLoop(build.index(0), segment.rowCount, 1, [&](Value i) {
      Value position = arith::IndexCastOp::create(build.builder, build.loc, build.builder.getI32Type(),
                                                  build.add(segment.firstPosition, i));
      build.store(position, out, build.add(segment.rowBegin, i));
    });
  });
  return success();
}

static TilesAttr getTiles(FusedPositionsOp op, const HostTiles &) {
  return TilesAttr::get(op->getContext(), TileUnit::segments, 1, 1);
}

void yoco::addPositionsHostKernel(HostDevice &device) { addHostKernel(device, lowerPositions, getTiles); }
