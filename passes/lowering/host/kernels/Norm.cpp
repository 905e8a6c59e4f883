// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// RMS norm of groups of columns, with an optional weight and an optional swish gate.

#include "passes/lowering/host/HostKernelModel.h"

using namespace mlir;
using namespace mlir::yoco;

/// The columns of a row buffer.
static int64_t getColumns(Value rows) { return cast<MemRefType>(rows.getType()).getShape().back(); }

static LogicalResult lowerNorm(HostKernel &kernel, FusedNormOp op, Value tile) {
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

void yoco::addNormHostKernel(HostDevice &device) { addHostKernel(device, lowerNorm); }
