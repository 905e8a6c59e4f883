// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The linear group: a product with packed weights, a norm before it, an activation and a residual after it.
//
// A tile is some rows by some panels. For each group of rows that fits the registers, the rows are normalised into a
// buffer on the stack, then multiplied panel by panel; weights of the tile stay in the cache from one to the next. The
// sum of an element runs over the inputs in order, in one accumulator, so that it does not depend on the rows beside
// it. Few rows are bound by the bytes of the weights, which are read once for all of them; a single row takes several
// panels at once, whose sums hide the latency of a multiply-add.

#include "passes/lowering/host/HostKernelModel.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::yoco;

namespace {
/// Panels that a linear group of some columns has, and how many tiles they make side by side.
struct LinearTiling {
  int64_t panels;
  int64_t columnTiles;
};
} // namespace

static LinearTiling getLinearTiling(const HostTiles &tiles, int64_t columns) {
  int64_t panels = llvm::divideCeil(columns, tiles.panel());
  return {panels, static_cast<int64_t>(llvm::divideCeil(panels, tiles.tilePanels))};
}

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
  void startRows(Value row, Value count);
  SmallVector<int64_t> getPanelGroups(int64_t most) const;
  void multiplyRow(Value row, Value firstPanel, Value endPanel);
  void multiplyFew(Value row, Value rowEnd, Value firstPanel, Value endPanel);
  void multiplyPanels(Value row, int64_t rows, Value panel, int64_t panels);
  Value loadInput(Value row, int64_t r, Value k);
  Value activate(ArrayRef<Value> sums);
  void finish(Value row, Value column, ArrayRef<Value> sums);

  HostKernel &kernel;
  KernelBuilder &build;
  const HostTiles &tiles;
  FusedLinearOp op;
  Value input, out, residual, normalised, firstRow;
  int64_t inputs, outputs, matrices;
};

LogicalResult LinearLowering::lower(Value tile) {
  LinearTiling tiling = getLinearTiling(tiles, outputs);
  if (op.getEps()) {
    if (tiles.rowGroup * inputs * 4 > tiles.stackBytes)
      return op.emitOpError("expected a norm of at most ")
             << tiles.stackBytes / (4 * tiles.rowGroup) << " columns inside a linear group, got " << inputs;
    normalised = build.stack({tiles.rowGroup, inputs});
  }
  // Tiles of the same panels are neighbours: a cache that all threads share holds the weights until the last rows.
  Value rowTiles = build.div(build.add(kernel.rows, tiles.tileRows - 1), tiles.tileRows);
  Value columnTile = arith::DivUIOp::create(build.builder, build.loc, tile, rowTiles);
  Value rowTile = arith::RemUIOp::create(build.builder, build.loc, tile, rowTiles);
  Value rowBegin = build.mul(rowTile, tiles.tileRows);
  Value rowEnd = build.min(build.add(rowBegin, tiles.tileRows), kernel.rows);
  Value firstPanel = build.mul(columnTile, tiles.tilePanels);
  Value endPanel = build.min(build.add(firstPanel, tiles.tilePanels), build.index(tiling.panels));
  Value count = build.sub(rowEnd, rowBegin);
  Value restBegin = build.add(rowBegin, build.mul(build.div(count, tiles.rowGroup), tiles.rowGroup));
  build.forLoop(rowBegin, restBegin, tiles.rowGroup, [&](Value row) {
    startRows(row, build.index(tiles.rowGroup));
    build.forLoop(firstPanel, endPanel, 1, [&](Value panel) { multiplyPanels(row, tiles.rowGroup, panel, 1); });
  });
  build.ifThen(build.less(restBegin, rowEnd), [&] {
    startRows(restBegin, build.sub(rowEnd, restBegin));
    Value next = build.add(restBegin, 1);
    build.ifThen(build.compare(arith::CmpIPredicate::eq, next, rowEnd),
                 [&] { multiplyRow(restBegin, firstPanel, endPanel); });
    build.ifThen(build.less(next, rowEnd), [&] { multiplyFew(restBegin, rowEnd, firstPanel, endPanel); });
  });
  return success();
}

/// `count` rows from `row` on, at most `rowGroup`, are multiplied next.
void LinearLowering::startRows(Value row, Value count) {
  firstRow = row;
  if (!op.getEps())
    return;
  Value weight = op.getNormWeightAttr() ? kernel.parameters[matrices] : Value();
  build.forLoop(build.index(0), count, 1, [&](Value r) {
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

/// Sizes of groups of panels, the last 1.
SmallVector<int64_t> LinearLowering::getPanelGroups(int64_t most) const {
  int64_t size = std::max<int64_t>(most / matrices, 1);
  return size == 1 ? SmallVector<int64_t>{1} : SmallVector<int64_t>{size, 1};
}

void LinearLowering::multiplyRow(Value row, Value firstPanel, Value endPanel) {
  build.forGroups(firstPanel, endPanel, getPanelGroups(tiles.singleRowPanels),
                  [&](Value panel, int64_t panels) { multiplyPanels(row, 1, panel, panels); });
}

/// Fewer than `rowGroup` rows: all of them use a few panels before the next are read, since the panels of the tile may
/// be more than a cache holds.
void LinearLowering::multiplyFew(Value row, Value rowEnd, Value firstPanel, Value endPanel) {
  build.forGroups(firstPanel, endPanel, getPanelGroups(2), [&](Value panel, int64_t panels) {
    build.forGroups(row, rowEnd, {tiles.smallRowGroup, 2, 1}, [&](Value some, int64_t rows) {
      int64_t step = rows == tiles.smallRowGroup ? 1 : panels;
      for (int64_t i = 0; i < panels; i += step)
        multiplyPanels(some, rows, build.add(panel, i), step);
    });
  });
}

Value LinearLowering::loadInput(Value row, int64_t r, Value k) {
  if (normalised)
    return build.load(normalised, {build.add(build.sub(row, firstRow), r), k});
  return build.load(input, {build.add(row, r), k});
}

/// Sums of `rows` rows and `panels` panels of all matrices, then the activation and the residual.
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

static LogicalResult lowerLinear(HostKernel &kernel, FusedLinearOp op, Value tile) {
  return LinearLowering(kernel, op).lower(tile);
}

static TilesAttr getTiles(FusedLinearOp op, const HostTiles &tiles) {
  int64_t columns = cast<ShapedType>(op.getOuts().front().getType()).getShape().back();
  return TilesAttr::get(op->getContext(), TileUnit::rows, tiles.tileRows, getLinearTiling(tiles, columns).columnTiles);
}

void yoco::addLinearHostKernel(HostDevice &device) { addHostKernel(device, lowerLinear, getTiles); }
