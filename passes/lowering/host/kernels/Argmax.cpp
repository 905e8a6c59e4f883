// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The greedy choice: the column of the largest logit of each row.

#include "passes/lowering/host/HostKernelModel.h"

using namespace mlir;
using namespace mlir::yoco;

/// The columns of a row buffer.
static int64_t getColumns(Value rows) { return cast<MemRefType>(rows.getType()).getShape().back(); }

static LogicalResult lowerArgmax(HostKernel &kernel, FusedArgmaxOp op, Value tile) {
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

void yoco::addArgmaxHostKernel(HostDevice &device) { addHostKernel(device, lowerArgmax); }
