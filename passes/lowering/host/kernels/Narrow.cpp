// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The rows of a smaller set, copied to where its table has them.

#include "passes/lowering/host/HostKernelModel.h"

using namespace mlir;
using namespace mlir::yoco;

static LogicalResult lowerNarrow(HostKernel &kernel, FusedNarrowOp op, Value tile) {
  KernelBuilder &build = kernel.build;
  Value input = kernel.get(op.getInput()), out = kernel.get(op.getOuts().front()), zero = build.index(0);
  auto type = cast<MemRefType>(input.getType());
  forRowsOfTile(kernel, tile, [&](Value row) {
    withSegmentOf(kernel, kernel.get(op.getTo()), row, [&](const Segment &to) {
      // The same segment in the table of the input's rows, and there the row at the same position.
      Value table = kernel.get(op.getFrom()), number = to.number;
      if (op.getEachRow())
        number = build.countWhile([&](Value s) { return build.differ(loadSegment(build, table, s).slot, to.slot); });
      Segment from = loadSegment(build, table, number);
      Value skipped = build.sub(to.firstPosition, from.firstPosition);
      Value source = build.add(build.add(from.rowBegin, skipped), build.sub(row, to.rowBegin));
      if (type.getRank() == 1)
        return build.store(build.load(input, source), out, row);
      copyRow(build, type.getShape().back(), Place{input, {source, zero}}, Place{out, {row, zero}});
    });
  });
  return success();
}

void yoco::addNarrowHostKernel(HostDevice &device) { addHostKernel(device, lowerNarrow); }
