// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels whose rows do not meet: positions, embedding, the greedy choice, norm, rope.

#include "passes/lowering/host/HostKernel.h"

using namespace mlir;
using namespace mlir::yoco;

/// The columns of a row buffer.
static int64_t getColumns(Value rows) { return cast<MemRefType>(rows.getType()).getShape().back(); }

LogicalResult yoco::lowerPositions(HostKernel &kernel, FusedPositionsOp op, Value tile) {
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

LogicalResult yoco::lowerEmbed(HostKernel &kernel, FusedEmbedOp op, Value tile) {
  KernelBuilder &build = kernel.build;
  Value ids = kernel.get(op.getIds()), out = kernel.get(op.getOuts().front()), table = kernel.parameters[0];
  int64_t vocabulary = cast<MemRefType>(table.getType()).getDimSize(0);
  Value scale = build.f32(op.getScale().convertToDouble());
  forRowsOfTile(kernel, tile, [&](Value row) {
    // The caller has checked the ids of all segments; rows outside every segment may hold anything.
    Value id = build.toIndex(build.load(ids, row));
    id = build.min(build.max(id, build.index(0)), build.index(vocabulary - 1));
    Value zero = build.index(0);
    copyRow(build, getColumns(op.getOuts().front()), Place{table, {id, zero}}, Place{out, {row, zero}}, scale);
  });
  return success();
}

LogicalResult yoco::lowerArgmax(HostKernel &kernel, FusedArgmaxOp op, Value tile) {
  KernelBuilder &build = kernel.build;
  Value input = kernel.get(op.getInput()), out = kernel.get(op.getOuts().front());
  auto compare = [&](arith::CmpFPredicate predicate, Value a, Value b) -> Value {
    return arith::CmpFOp::create(build.builder, build.loc, predicate, a, b);
  };
  forRowsOfTile(kernel, tile, [&](Value row) {
    Value lowest = build.f32(-std::numeric_limits<float>::infinity());
    SmallVector<Value> best = build.forLoop(
        build.index(0), build.index(getColumns(op.getInput())), 1, {lowest, build.index(-1)},
        [&](Value column, ValueRange carried) -> SmallVector<Value> {
          Value x = build.load(input, {row, column});
          // The first number wins even when it is minus infinity; a NaN never does.
          Value isFirst = build.both(build.less(carried[1], build.index(0)), compare(arith::CmpFPredicate::ORD, x, x));
          Value isBetter = arith::OrIOp::create(build.builder, build.loc, isFirst,
                                                compare(arith::CmpFPredicate::OGT, x, carried[0]));
          return {build.select(isBetter, x, carried[0]), build.select(isBetter, column, carried[1])};
        });
    build.store(arith::IndexCastOp::create(build.builder, build.loc, build.builder.getI32Type(), best[1]), out, row);
  });
  return success();
}

LogicalResult yoco::lowerNorm(HostKernel &kernel, FusedNormOp op, Value tile) {
  KernelBuilder &build = kernel.build;
  Value input = kernel.get(op.getInput()), out = kernel.get(op.getOuts().front());
  Value swish = op.getSwish() ? kernel.get(op.getSwish()) : Value();
  int64_t groups = op.getGroups(), width = getColumns(op.getInput()) / groups;
  forRowsOfTile(kernel, tile, [&](Value row) {
    build.forLoop(build.index(0), build.index(groups), 1, [&](Value group) {
      Place from{input, {row, build.mul(group, width)}}, to{out, from.indices};
      Value factor = build.broadcast(inverseRms(build, width, from, op.getEps().convertToDouble()));
      build.forStrips(width, 1, [&](const Strip &strip) {
        Value x = build.mulF(build.loadStrip(input, from.indices, strip, 0), factor);
        if (op.getWeightAttr())
          x = build.mulF(x, build.loadStrip(kernel.parameters[0], build.index(0), strip, 0));
        if (swish)
          x = build.mulF(x, build.silu(build.loadStrip(swish, from.indices, strip, 0)));
        build.storeStrip(x, out, to.indices, strip, 0);
      });
    });
  });
  return success();
}

LogicalResult yoco::lowerRope(HostKernel &kernel, FusedRopeOp op, Value tile) {
  KernelBuilder &build = kernel.build;
  Value input = kernel.get(op.getInput()), out = kernel.get(op.getOuts().front());
  Value positions = kernel.get(op.getPositions());
  int64_t heads = op.getHeads(), width = getColumns(op.getInput()) / heads;
  RopeAttr rope = op.getRope();
  Value frequencies = makeFrequencies(build, rope);
  forRowsOfTile(kernel, tile, [&](Value row) {
    Value position = build.toIndex(build.load(positions, row));
    forPairs(build, rope, frequencies, position, [&](const Turn &turn) {
      build.forLoop(build.index(0), build.index(heads), 1, [&](Value head) {
        Place from{input, {row, build.mul(head, width)}};
        rotate(build, rope, turn, from, Place{out, from.indices});
      });
    });
  });
  return success();
}
