// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The linear group: a product with packed weights, a norm before it, an activation and a residual behind.
//
// A tile is some rows by some panels. For each block of rows that fits the registers, the rows are normalised into a
// buffer on the stack, then multiplied panel by panel; weights of the tile stay in the cache from block to block. The
// sum of an element runs over the inputs in order, in one accumulator, so that it does not depend on the rows beside
// it. A single row takes several panels at once instead: it is bound by the bytes of the weights.

#include "passes/lowering/host/HostKernel.h"

using namespace mlir;
using namespace mlir::yoco;

namespace {

class LinearLowering {
public:
  LinearLowering(HostKernel &kernel, FusedLinearOp op)
      : kernel(kernel), build(kernel.build), tiles(kernel.tiles), op(op), input(kernel.get(op.getInput())),
        out(kernel.get(op.getOuts().front())) {
    if (op.getResidual())
      residual = kernel.get(op.getResidual());
    inputs = cast<MemRefType>(input.getType()).getDimSize(1);
    outputs = cast<MemRefType>(out.getType()).getDimSize(1);
    matrices = op.isGated() ? 2 : 1;
  }

  LogicalResult lower(Value tile);

private:
  void normalise(Value row, int64_t rows);
  void multiplyBlock(Value row, int64_t rows, Value firstPanel, Value endPanel);
  void multiplyPanels(Value row, int64_t rows, Value panel, int64_t panels);
  Value loadInput(Value row, int64_t r, Value k);
  Value activate(ArrayRef<Value> sums);
  void finish(Value row, Value column, ArrayRef<Value> sums);

  HostKernel &kernel;
  KernelBuilder &build;
  const HostTiles &tiles;
  FusedLinearOp op;
  Value input, out, residual, normalised;
  int64_t inputs, outputs, matrices;
};

LogicalResult LinearLowering::lower(Value tile) {
  LinearTiling tiling = getLinearTiling(tiles, outputs);
  if (op.getEps()) {
    if (tiles.rowBlock * inputs * 4 > tiles.stackBytes)
      return op.emitOpError("expected a norm of at most ")
             << tiles.stackBytes / (4 * tiles.rowBlock) << " columns inside a linear group, got " << inputs;
    normalised = build.stack({tiles.rowBlock, inputs});
  }
  Value rowBegin = build.mul(build.div(tile, tiling.columnTiles), tiles.tileRows);
  Value rowEnd = build.min(build.add(rowBegin, tiles.tileRows), kernel.rows);
  Value firstPanel = build.mul(build.rem(tile, tiling.columnTiles), tiles.tilePanels);
  Value endPanel = build.min(build.add(firstPanel, tiles.tilePanels), build.index(tiling.panels));
  SmallVector<int64_t> blocks{tiles.rowBlock, tiles.smallRowBlock, 1};
  build.forBlocks(rowBegin, rowEnd, blocks, [&](Value row, int64_t rows) {
    if (op.getEps())
      normalise(row, rows);
    multiplyBlock(row, rows, firstPanel, endPanel);
  });
  return success();
}

void LinearLowering::normalise(Value row, int64_t rows) {
  Value weight = op.getNormWeightAttr() ? kernel.parameters[matrices] : Value();
  build.forLoop(build.index(0), build.index(rows), 1, [&](Value r) {
    Place from{input, {build.add(row, r), build.index(0)}};
    Value factor = build.broadcast(inverseRms(build, inputs, from, op.getEps()->convertToDouble()));
    build.forStrips(inputs, 1, [&](const Strip &strip) {
      Value x = build.mulF(build.loadStrip(input, from.indices, strip, 0), factor);
      if (weight)
        x = build.mulF(x, build.loadStrip(weight, build.index(0), strip, 0));
      build.storeStrip(x, normalised, {r, build.index(0)}, strip, 0);
    });
  });
}

void LinearLowering::multiplyBlock(Value row, int64_t rows, Value firstPanel, Value endPanel) {
  SmallVector<int64_t> groups{1};
  if (rows == 1)
    groups.insert(groups.begin(), std::max<int64_t>(tiles.singleRowPanels / matrices, 1));
  if (groups.size() == 2 && groups[0] == 1)
    groups.pop_back();
  build.forBlocks(firstPanel, endPanel, groups,
                  [&](Value panel, int64_t panels) { multiplyPanels(row, rows, panel, panels); });
}

Value LinearLowering::loadInput(Value row, int64_t r, Value k) {
  if (normalised)
    return build.load(normalised, {build.index(r), k});
  return build.load(input, {build.add(row, r), k});
}

/// Sums of `rows` rows and `panels` panels of all matrices, then what comes behind.
void LinearLowering::multiplyPanels(Value row, int64_t rows, Value panel, int64_t panels) {
  int64_t perPanel = tiles.panelVectors, perMatrix = panels * perPanel, vectors = perMatrix * matrices;
  // Two matrices need twice the sums: as many rows as fit the registers at a time.
  int64_t step = matrices == 1 || rows == 1 ? rows : std::max<int64_t>(rows / 2, 1);
  for (int64_t r0 = 0; r0 < rows; r0 += step) {
    int64_t count = std::min(step, rows - r0);
    SmallVector<Value> sums = build.multiply(
        build.index(0), build.index(inputs), count, vectors, build.zeros(count * vectors),
        [&](Value k, int64_t r) { return loadInput(row, r0 + r, k); },
        [&](Value k, int64_t j) {
          Value weights = kernel.parameters[j / perMatrix];
          Value which = build.add(panel, j % perMatrix / perPanel);
          return build.loadVector(weights, {which, k, build.index(j % perPanel * build.lanes)});
        });
    for (int64_t r = 0; r < count; ++r) {
      for (int64_t j = 0; j < perMatrix; ++j) {
        SmallVector<Value> both;
        for (int64_t matrix = 0; matrix < matrices; ++matrix)
          both.push_back(sums[r * vectors + matrix * perMatrix + j]);
        Value column = build.add(build.mul(panel, tiles.panel()), j * build.lanes);
        finish(build.add(row, r0 + r), column, both);
      }
    }
  }
}

Value LinearLowering::activate(ArrayRef<Value> sums) {
  switch (op.getActivation()) {
  case Activation::none:
    return sums[0];
  case Activation::silu:
    return build.silu(sums[0]);
  case Activation::gelu:
    return build.gelu(sums[0]);
  case Activation::swiglu:
    return build.mulF(build.silu(sums[0]), sums[1]);
  case Activation::geglu:
    return build.mulF(build.gelu(sums[0]), sums[1]);
  }
  llvm_unreachable("all activations are listed");
}

void LinearLowering::finish(Value row, Value column, ArrayRef<Value> sums) {
  Value y = activate(sums);
  SmallVector<Value> indices{row, column};
  if (outputs % tiles.panel() == 0) {
    if (residual)
      y = build.addF(y, build.loadVector(residual, indices));
    return build.storeVector(y, out, indices);
  }
  // The last panel is padded with rows of zeros.
  Value mask = build.maskBelow(build.sub(build.index(outputs), column));
  if (residual)
    y = build.addF(y, build.loadMasked(residual, indices, mask));
  build.storeMasked(y, out, indices, mask);
}

} // namespace

LogicalResult yoco::lowerLinear(HostKernel &kernel, FusedLinearOp op, Value tile) {
  return LinearLowering(kernel, op).lower(tile);
}
