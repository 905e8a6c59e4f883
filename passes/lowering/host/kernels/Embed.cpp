// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rows of a table, looked up by token id and scaled.

#include "passes/lowering/host/HostKernelModel.h"

using namespace mlir;
using namespace mlir::yoco;

/// The columns of a row buffer.
static int64_t getColumns(Value rows) { return cast<MemRefType>(rows.getType()).getShape().back(); }

/// Copies row `id` of a table that is also multiplied by, and lies in panels for that: element (r, c) is at
/// [r / panel][c][r % panel].
static void copyRowOfPanels(KernelBuilder &build, Value table, Value id, Value out, Value row, Value factor) {
  int64_t panel = cast<MemRefType>(table.getType()).getDimSize(2);
  Value outer = build.div(id, panel), inner = build.rem(id, panel);
  build.forLoop(build.index(0), build.index(getColumns(out)), 1, [&](Value column) {
    build.store(build.mulF(build.load(table, {outer, column, inner}), factor), out, {row, column});
  });
}

static LogicalResult lowerEmbed(HostKernel &kernel, FusedEmbedOp op, Value tile) {
  KernelBuilder &build = kernel.build;
  Value ids = kernel.get(op.getIds()), out = kernel.get(op.getOuts().front()), table = kernel.parameters[0];
  ArrayRef<int64_t> shape = cast<MemRefType>(table.getType()).getShape();
  bool isPanels = shape.size() == 3;
  int64_t vocabulary = isPanels ? shape[0] * shape[2] : shape[0];
  Value scale = build.f32(op.getScale().convertToDouble());
  forRowsOfTile(kernel, tile, [&](Value row) {
    // The caller has checked the ids of all segments; rows outside every segment may hold anything.
    Value id = build.toIndex(build.load(ids, row));
    id = build.min(build.max(id, build.index(0)), build.index(vocabulary - 1));
    if (isPanels)
      return copyRowOfPanels(build, table, id, out, row, scale);
    Value zero = build.index(0);
    copyRow(build, getColumns(op.getOuts().front()), Place{table, {id, zero}}, Place{out, {row, zero}}, scale);
  });
  return success();
}

void yoco::addEmbedHostKernel(HostDevice &device) { addHostKernel(device, lowerEmbed); }
