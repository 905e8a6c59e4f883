// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rows of a table, looked up by token id and scaled.

#include "passes/lowering/host/HostKernelModel.h"

using namespace mlir;
using namespace mlir::yoco;

/// The columns of a row buffer.
static int64_t getColumns(Value rows) { return cast<MemRefType>(rows.getType()).getShape().back(); }

static LogicalResult lowerEmbed(HostKernel &kernel, FusedEmbedOp op, Value tile) {
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

void yoco::addEmbedHostKernel(HostDevice &device) { addHostKernel(device, lowerEmbed); }
