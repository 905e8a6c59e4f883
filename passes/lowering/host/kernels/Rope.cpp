// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The rotation of the heads of each row by its position.

#include "passes/lowering/host/HostKernelModel.h"

using namespace mlir;
using namespace mlir::yoco;

/// The columns of a row buffer.
static int64_t getColumns(Value rows) { return cast<MemRefType>(rows.getType()).getShape().back(); }

static LogicalResult lowerRope(HostKernel &kernel, FusedRopeOp op, Value tile) {
  KernelBuilder &build = kernel.build;
  Value input = kernel.get(op.getInput()), out = kernel.get(op.getOuts().front());
  Value positions = kernel.get(op.getPositions());
  int64_t heads = op.getHeads(), width = getColumns(op.getInput()) / heads;
  RopeAttr rope = op.getRope();
  Value frequencies = makeFrequencies(build, rope);
  forRowsOfTile(kernel, tile, [&](Value row) {
    Value position = build.toIndex(build.load(positions, row));
    auto forHeads = [&](function_ref<void(const Place &, const Place &)> body) {
      build.forLoop(build.index(0), build.index(heads), 1, [&](Value head) {
        Place from{input, {row, build.mul(head, width)}};
        body(from, Place{out, from.indices});
      });
    };
    forPairs(build, rope, frequencies, position, [&](const Turn &turn) {
      forHeads([&](const Place &from, const Place &to) { rotate(build, rope, turn, from, to); });
    });
    if (isPartial(rope, width))
      forHeads([&](const Place &from, const Place &to) { copyUnpaired(build, rope, width, from, to); });
  });
  return success();
}

void yoco::addRopeHostKernel(HostDevice &device) { addHostKernel(device, lowerRope); }
