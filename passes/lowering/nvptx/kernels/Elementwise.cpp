// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arithmetic on rows, generated. Elementwise, every thread has 8 adjacent columns of one row, which it loads in pieces
// of up to 16 bytes, as the widths, strides and offsets of each buffer allow. The body of the operation is repeated for
// each element. The last columns of a row whose width is no multiple of 8 are taken one by one. Sums along a row are
// those of one warp.

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/lowering/RowLoops.h"
#include "passes/lowering/nvptx/NvptxKernelModel.h"
#include "llvm/Support/MathExtras.h"
#include <numeric>

using namespace mlir;
using namespace mlir::yoco;

namespace {
/// How arithmetic on rows is spread over a grid: every thread has `kThreadElements` adjacent columns of one row; of
/// sums along a row every warp has a row, or a head of it.
struct ElementwiseGrid {
  static constexpr int kThreads = 256;
  static constexpr int kThreadElements = 8;
  static constexpr int kWarpThreads = 32;

  int64_t workersPerBlock; // threads, or warps
  int64_t groups;          // of columns in a row, one for each worker; the last one possibly shorter
  int64_t rowsPerBlock;    // 1 when a row has more groups than a block has workers
  int64_t blocksPerRow;    // 1 when a block has several rows

  static ElementwiseGrid get(linalg::GenericOp op);
};
} // namespace

static constexpr int64_t kElements = ElementwiseGrid::kThreadElements, kWarp = ElementwiseGrid::kWarpThreads;

ElementwiseGrid ElementwiseGrid::get(linalg::GenericOp op) {
  // An output has as many columns as the loops, or one.
  ArrayRef<int64_t> shape = cast<MemRefType>(op.getDpsInits().front().getType()).getShape();
  ElementwiseGrid grid;
  grid.workersPerBlock = op.getNumReductionLoops() ? kThreads / kWarpThreads : kThreads;
  grid.groups = llvm::divideCeil(shape.back(), kThreadElements);
  for (int64_t heads : shape.drop_front().drop_back())
    grid.groups *= heads;
  grid.rowsPerBlock = std::max<int64_t>(grid.workersPerBlock / grid.groups, 1);
  grid.blocksPerRow = llvm::divideCeil(grid.groups, grid.workersPerBlock);
  return grid;
}

/// Functions that NvptxMath.cpp or a machine instruction has.
static bool hasCode(Operation *op) {
  return isa<math::AbsFOp, math::CeilOp, math::CopySignOp, math::ExpOp, math::Exp2Op, math::FloorOp, math::FmaOp,
             math::LogOp, math::Log1pOp, math::Log2Op, math::RoundEvenOp, math::RsqrtOp, math::SqrtOp, math::TanhOp,
             math::TruncOp>(op) ||
         isa<arith::ArithDialect>(op->getDialect());
}

static LogicalResult check(linalg::GenericOp op) {
  if (failed(checkRowLoops(op, "nvptx")))
    return failure();
  for (Operation &inner : op.getBody()->without_terminator())
    if (!hasCode(&inner))
      return inner.emitOpError("expected a function that target `nvptx` has code for");
  return success();
}

namespace {

class ElementwiseLowering {
public:
  ElementwiseLowering(NvptxKernel &kernel, linalg::GenericOp op)
      : kernel(kernel), builder(kernel.builder), loc(kernel.loc), loops(op), op(op), shape(loops.getShape()),
        grid(ElementwiseGrid::get(op)) {}

  void lower();

private:
  using Bodies = function_ref<void()>;
  template <typename OpType, typename... Args>
  Value make(Args &&...args) {
    return OpType::create(builder, loc, std::forward<Args>(args)...);
  }
  Value i32(int64_t value) { return kernel.constant(builder.getI32IntegerAttr(value)); }
  Value i64(int64_t value) { return kernel.constant(builder.getI64IntegerAttr(value)); }
  Value less(Value a, Value b) { return make<arith::CmpIOp>(arith::CmpIPredicate::ult, a, b); }
  Value read(Value index) { return make<arith::IndexCastOp>(builder.getI32Type(), index); }
  Value widen(Value integer) { return make<arith::ExtUIOp>(builder.getI64Type(), integer); }
  void ifThen(Value condition, Bodies body);

  void findPlace();
  Value getAddress(OpOperand &operand, Value first);
  SmallVector<Value> load(Value operand, Value address, int64_t count);
  SmallVector<SmallVector<Value>> loadInputs(Value first, int64_t count);
  void store(Value operand, Value address, ArrayRef<Value> values);
  void emitElements(Value column, int64_t count);
  SmallVector<Value> emitBody(ArrayRef<Value> values, ArrayRef<Value> wanted);
  void lowerElements();

  SmallVector<Value> accumulate(ValueRange sums, int64_t count);
  SmallVector<Value> accumulateIf(Value condition, ValueRange sums, int64_t count);
  SmallVector<Value> accumulateRow();
  void lowerReductions();

  NvptxKernel &kernel;
  OpBuilder &builder;
  Location loc;
  RowLoops loops;
  linalg::GenericOp op;
  const SmallVector<int64_t> shape; // of the loops
  const ElementwiseGrid grid;
  SmallVector<RowReduction> reductions;
  Value row, head, column; // of the thread; 64-bit, and 32-bit but for the row
  Value isInside, lane;
};

} // namespace

void ElementwiseLowering::ifThen(Value condition, Bodies body) {
  auto conditional = scf::IfOp::create(builder, loc, condition, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(conditional.thenYield());
  body();
}

/// The row, the head and the first column of this thread; of a reduction the row, the head and the lane. Division is by
/// constants and in 32 bits.
void ElementwiseLowering::findPlace() {
  Value thread = read(make<gpu::ThreadIdOp>(gpu::Dimension::x)), block = read(make<gpu::BlockIdOp>(gpu::Dimension::x));
  if (loops.isReduction()) {
    lane = make<arith::RemUIOp>(thread, i32(kWarp));
    thread = make<arith::DivUIOp>(thread, i32(kWarp));
  }
  Value group, row32;
  if (grid.blocksPerRow == 1) {
    group = make<arith::RemUIOp>(thread, i32(grid.groups));
    Value rowOfBlock = make<arith::DivUIOp>(thread, i32(grid.groups));
    row32 = make<arith::AddIOp>(make<arith::MulIOp>(block, i32(grid.rowsPerBlock)), rowOfBlock);
    isInside = less(rowOfBlock, i32(grid.rowsPerBlock));
  } else {
    Value blockOfRow = make<arith::RemUIOp>(block, i32(grid.blocksPerRow));
    group = make<arith::AddIOp>(make<arith::MulIOp>(blockOfRow, i32(grid.workersPerBlock)), thread);
    row32 = make<arith::DivUIOp>(block, i32(grid.blocksPerRow));
    isInside = less(group, i32(grid.groups));
  }
  row = widen(row32);
  isInside = make<arith::AndIOp>(isInside, less(row, kernel.rows));
  if (shape.size() == 3) {
    int64_t groupsOfHead = grid.groups / shape[1];
    head = make<arith::DivUIOp>(group, i32(groupsOfHead));
    group = make<arith::RemUIOp>(group, i32(groupsOfHead));
  }
  column = make<arith::MulIOp>(loops.isReduction() ? lane : group, i32(kElements));
}

/// The address of the thread's element number `first` (null: 0) of `operand`.
Value ElementwiseLowering::getAddress(OpOperand &operand, Value first) {
  auto type = cast<MemRefType>(operand.get().getType());
  auto [strides, offset] = type.getStridesAndOffset();
  Value index;
  for (unsigned dim = 0; dim < strides.size(); ++dim) {
    std::optional<unsigned> loop = loops.getLoop(operand, dim);
    if (!loop)
      continue;
    bool isColumn = *loop + 1 == shape.size();
    Value place = *loop == 0 ? row : widen(isColumn ? column : head);
    if (!isColumn)
      place = make<arith::MulIOp>(place, i64(strides[dim]));
    index = index ? make<arith::AddIOp>(index, place) : place;
  }
  Value start = kernel.getStart(kernel.addresses.lookup(operand.get()).front(), type);
  for (Value offset : {index, first})
    if (offset)
      start = make<LLVM::GEPOp>(kernel.pointerType(), type.getElementType(), start, ArrayRef<LLVM::GEPArg>{offset});
  return start;
}

/// Elements that can be moved at once: what every thread's address is a multiple of, at most 16 bytes.
static int64_t getPiece(MemRefType type) {
  auto [strides, offset] = type.getStridesAndOffset();
  int64_t bytes = type.getElementTypeBitWidth() / 8;
  int64_t common = std::gcd<int64_t>(16, std::gcd(kElements, offset) * bytes);
  for (int64_t stride : ArrayRef(strides).drop_back())
    common = std::gcd(common, stride * bytes);
  return std::max<int64_t>(common / bytes, 1);
}

SmallVector<Value> ElementwiseLowering::load(Value operand, Value address, int64_t count) {
  auto type = cast<MemRefType>(operand.getType());
  Type element = type.getElementType();
  int64_t piece = std::min(getPiece(type), count), bytes = type.getElementTypeBitWidth() / 8;
  SmallVector<Value> values;
  for (int64_t i = 0; i < count; i += piece) {
    Value at =
        make<LLVM::GEPOp>(kernel.pointerType(), element, address, ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(i)});
    if (piece == 1) {
      values.push_back(make<LLVM::LoadOp>(element, at, bytes));
      continue;
    }
    Value loaded = make<LLVM::LoadOp>(VectorType::get({piece}, element), at, bytes * piece);
    for (int64_t j = 0; j < piece; ++j)
      values.push_back(make<vector::ExtractOp>(loaded, j));
  }
  return values;
}

void ElementwiseLowering::store(Value operand, Value address, ArrayRef<Value> values) {
  auto type = cast<MemRefType>(operand.getType());
  Type element = type.getElementType();
  int64_t count = values.size(), piece = std::min(getPiece(type), count), bytes = type.getElementTypeBitWidth() / 8;
  for (int64_t i = 0; i < count; i += piece) {
    Value at =
        make<LLVM::GEPOp>(kernel.pointerType(), element, address, ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(i)});
    Value stored = values[i];
    if (piece > 1)
      stored = make<vector::FromElementsOp>(VectorType::get({piece}, element), values.slice(i, piece));
    LLVM::StoreOp::create(builder, loc, stored, at, bytes * piece);
  }
}

/// The body for one element: `values` stand for the arguments of its block, null for those that are not read. Returns
/// the `wanted` values of it.
SmallVector<Value> ElementwiseLowering::emitBody(ArrayRef<Value> values, ArrayRef<Value> wanted) {
  IRMapping mapping;
  for (auto [argument, value] : llvm::zip(op.getBody()->getArguments(), values))
    if (value)
      mapping.map(argument, value);
  auto lookup = [&](Value value) {
    // From outside the body come constants alone (yoco-outline-kernels).
    if (!mapping.contains(value) && value.getParentBlock() != op.getBody())
      mapping.map(value, builder.clone(*value.getDefiningOp())->getResult(0));
    return mapping.lookup(value);
  };
  for (Operation &inner : op.getBody()->without_terminator()) {
    if (llvm::any_of(reductions, [&](const RowReduction &reduction) { return reduction.combiner == &inner; }))
      continue;
    llvm::for_each(inner.getOperands(), lookup);
    builder.clone(inner, mapping);
  }
  return llvm::map_to_vector(wanted, lookup);
}

/// `count` elements of every operand that the body reads, from the thread's column number `first` on; nothing for the
/// others.
SmallVector<SmallVector<Value>> ElementwiseLowering::loadInputs(Value first, int64_t count) {
  SmallVector<SmallVector<Value>> inputs;
  for (OpOperand &operand : op->getOpOperands()) {
    inputs.push_back({});
    if (op.isDpsInit(&operand) || !op.payloadUsesValueFromOperand(&operand))
      continue;
    if (loops.hasColumns(operand))
      inputs.back() = load(operand.get(), getAddress(operand, first), count);
    else
      inputs.back().assign(count, load(operand.get(), getAddress(operand, {}), 1).front());
  }
  return inputs;
}

/// The values of element `i` of all operands.
static SmallVector<Value> getElement(ArrayRef<SmallVector<Value>> inputs, int64_t i) {
  return llvm::map_to_vector(inputs, [&](ArrayRef<Value> input) { return input.empty() ? Value() : input[i]; });
}

//===- Elements ----------------------------------------------------------------------------------------------===//

/// `count` elements of every operand, from the thread's column number `first` on.
void ElementwiseLowering::emitElements(Value first, int64_t count) {
  SmallVector<SmallVector<Value>> inputs = loadInputs(first, count), results(count);
  SmallVector<Value> addresses, yielded(op.getBody()->getTerminator()->getOperands());
  for (OpOperand &out : op.getDpsInitsMutable())
    addresses.push_back(getAddress(out, first));
  for (int64_t i = 0; i < count; ++i)
    results[i] = emitBody(getElement(inputs, i), yielded);
  for (auto [number, out] : llvm::enumerate(op.getDpsInits())) {
    auto values = llvm::map_to_vector(results, [number = number](ArrayRef<Value> each) { return each[number]; });
    store(out, addresses[number], values);
  }
}

void ElementwiseLowering::lowerElements() {
  int64_t columns = shape.back();
  if (columns % kElements == 0)
    return emitElements({}, kElements);
  Value rest = make<arith::SubIOp>(i32(columns), column);
  auto whole = make<arith::CmpIOp>(arith::CmpIPredicate::uge, rest, i32(kElements));
  auto branches = scf::IfOp::create(builder, loc, whole, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(branches.thenYield());
  emitElements({}, kElements);
  builder.setInsertionPoint(branches.elseYield());
  auto loop = scf::ForOp::create(builder, loc, i32(0), rest, i32(1));
  builder.setInsertionPoint(loop.getBody()->getTerminator());
  emitElements(loop.getInductionVar(), 1);
}

//===- Reductions --------------------------------------------------------------------------------------------===//

/// `sums` with `count` elements from `column` on: element `i` goes into the sum number `i` of each reduction.
SmallVector<Value> ElementwiseLowering::accumulate(ValueRange sums, int64_t count) {
  SmallVector<SmallVector<Value>> inputs = loadInputs({}, count);
  SmallVector<Value> after(sums);
  auto wanted = llvm::map_to_vector(reductions, [](const RowReduction &reduction) { return reduction.element; });
  for (int64_t i = 0; i < count; ++i) {
    SmallVector<Value> elements = emitBody(getElement(inputs, i), wanted);
    for (auto [number, reduction] : llvm::enumerate(reductions)) {
      Value &sum = after[number * kElements + i];
      sum = reduction.combine(builder, sum, elements[number]);
    }
  }
  return after;
}

SmallVector<Value> ElementwiseLowering::accumulateIf(Value condition, ValueRange sums, int64_t count) {
  auto conditional = scf::IfOp::create(builder, loc, sums.getTypes(), condition, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(conditional.thenBlock());
  scf::YieldOp::create(builder, loc, accumulate(sums, count));
  builder.setInsertionPointToStart(conditional.elseBlock());
  scf::YieldOp::create(builder, loc, sums);
  return llvm::to_vector_of<Value>(conditional.getResults());
}

/// The sums of this lane: of groups of 8 columns, every 32nd one, and in the first lane what is left.
SmallVector<Value> ElementwiseLowering::accumulateRow() {
  int64_t groups = shape.back() / kElements, rounds = groups / kWarp;
  Value first = column;
  SmallVector<Value> sums;
  for (const RowReduction &reduction : reductions)
    sums.append(kElements, kernel.constant(FloatAttr::get(reduction.element.getType(), reduction.neutral)));
  if (rounds) {
    auto loop = scf::ForOp::create(builder, loc, i32(0), i32(rounds), i32(1), sums);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    column = make<arith::AddIOp>(first, make<arith::MulIOp>(loop.getInductionVar(), i32(kWarp * kElements)));
    scf::YieldOp::create(builder, loc, accumulate(loop.getRegionIterArgs(), kElements));
    sums = llvm::to_vector_of<Value>(loop.getResults());
  }
  column = make<arith::AddIOp>(first, i32(rounds * kWarp * kElements));
  if (int64_t rest = groups % kWarp)
    sums = accumulateIf(less(lane, i32(rest)), sums, kElements);
  column = i32(groups * kElements);
  if (int64_t rest = shape.back() % kElements)
    sums = accumulateIf(less(lane, i32(1)), sums, rest);
  return sums;
}

/// One warp for each row or head. The order in which its numbers are combined depends on the width alone.
void ElementwiseLowering::lowerReductions() {
  SmallVector<Value> sums = accumulateRow(), totals;
  for (auto [number, reduction] : llvm::enumerate(reductions)) {
    SmallVector<Value> parts(ArrayRef(sums).slice(number * kElements, kElements));
    for (int64_t half = kElements / 2; half >= 1; half /= 2)
      for (int64_t i = 0; i < half; ++i)
        parts[i] = reduction.combine(builder, parts[i], parts[i + half]);
    Value total = parts[0];
    for (int64_t distance = kWarp / 2; distance >= 1; distance /= 2) {
      auto other =
          gpu::ShuffleOp::create(builder, loc, total, static_cast<int32_t>(distance), kWarp, gpu::ShuffleMode::XOR);
      total = reduction.combine(builder, total, other.getShuffleResult());
    }
    Value initial = kernel.constant(FloatAttr::get(total.getType(), reduction.initial));
    totals.push_back(reduction.combine(builder, initial, total));
  }
  ifThen(less(lane, i32(1)), [&] {
    for (auto [number, total] : llvm::enumerate(totals)) {
      OpOperand *out = op.getDpsInitOperand(number);
      store(out->get(), getAddress(*out, {}), total);
    }
  });
}

void ElementwiseLowering::lower() {
  reductions = loops.getReductions();
  findPlace();
  ifThen(isInside, [&] { return loops.isReduction() ? lowerReductions() : lowerElements(); });
}

static LogicalResult lowerElementwise(NvptxKernel &kernel, linalg::GenericOp op) {
  if (failed(check(op)))
    return failure();
  ElementwiseLowering(kernel, op).lower();
  return success();
}

static nvptx::LaunchShape getShape(linalg::GenericOp op, const NvptxTarget &) {
  auto grid = ElementwiseGrid::get(op);
  return {nvptx::BlockUnit::rows, static_cast<int>(grid.rowsPerBlock), static_cast<int>(grid.blocksPerRow),
          ElementwiseGrid::kThreads, 0};
}

void mlir::yoco::addElementwiseNvptxKernel(NvptxDevice &device) { addNvptxKernel(device, getShape, lowerElementwise); }
