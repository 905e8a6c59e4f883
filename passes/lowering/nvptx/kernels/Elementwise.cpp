// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Elementwise arithmetic on rows, generated: every thread has 8 adjacent columns of one row, which it loads in pieces
// of up to 16 bytes, as the widths, strides and offsets of each buffer allow. The body of the operation is repeated for
// each element. The last columns of a row whose width is no multiple of 8 are taken one by one.

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "passes/lowering/nvptx/NvptxKernelModel.h"
#include "llvm/Support/MathExtras.h"
#include <numeric>

using namespace mlir;
using namespace mlir::yoco;

namespace {
/// How elementwise arithmetic is spread over a grid: every thread has `kThreadElements` adjacent columns of one row.
struct ElementwiseGrid {
  static constexpr int kThreads = 256;
  static constexpr int kThreadElements = 8;

  int64_t groups;       // of columns in a row, the last one possibly shorter
  int64_t rowsPerBlock; // 1 when a row has more groups than a block has threads
  int64_t blocksPerRow; // 1 when a block has several rows

  /// Of buffers of `type`: rows of vectors, or of heads.
  static ElementwiseGrid get(MemRefType type);
};
} // namespace

static constexpr int64_t kElements = ElementwiseGrid::kThreadElements;

ElementwiseGrid ElementwiseGrid::get(MemRefType type) {
  ElementwiseGrid grid;
  grid.groups = llvm::divideCeil(type.getShape().back(), kThreadElements);
  for (int64_t heads : type.getShape().drop_front().drop_back())
    grid.groups *= heads;
  grid.rowsPerBlock = std::max<int64_t>(kThreads / grid.groups, 1);
  grid.blocksPerRow = llvm::divideCeil(grid.groups, kThreads);
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
  for (utils::IteratorType iterator : op.getIteratorTypesArray())
    if (iterator != utils::IteratorType::parallel)
      return op.emitOpError("expected parallel loops alone on target `nvptx`, got ") << op.getIteratorTypes();
  auto shape = cast<ShapedType>(op.getDpsInits().front().getType()).getShape();
  for (OpOperand &operand : op->getOpOperands()) {
    auto type = dyn_cast<MemRefType>(operand.get().getType());
    bool isRows = type && isa<FloatType>(type.getElementType()) && type.getElementTypeBitWidth() <= 32 &&
                  type.getRank() >= 2 && type.getRank() <= 3 && type.getShape() == shape;
    if (!isRows || !op.getMatchingIndexingMap(&operand).isIdentity())
      return op.emitOpError("expected rows of f32, bf16 or f16 with identity maps on target `nvptx`, got ")
             << operand.get().getType();
    auto [strides, offset] = type.getStridesAndOffset();
    if (strides.back() != 1 || llvm::any_of(strides, ShapedType::isDynamic) || ShapedType::isDynamic(offset))
      return op.emitOpError("expected rows of adjacent columns with a static stride, got ") << type;
  }
  for (Operation &inner : op.getBody()->without_terminator())
    if (!OpTrait::hasElementwiseMappableTraits(&inner) && !isa<arith::ConstantOp>(inner))
      return inner.emitOpError("expected an elementwise operation in a kernel of target `nvptx`");
    else if (!hasCode(&inner))
      return inner.emitOpError("expected a function that target `nvptx` has code for");
  return success();
}

namespace {

class ElementwiseLowering {
public:
  ElementwiseLowering(NvptxKernel &kernel, linalg::GenericOp op)
      : kernel(kernel), builder(kernel.builder), loc(kernel.loc), op(op),
        shape(cast<MemRefType>(op.getDpsInits().front().getType()).getShape()),
        grid(ElementwiseGrid::get(cast<MemRefType>(op.getDpsInits().front().getType()))) {}

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
  Value getAddress(Value operand);
  SmallVector<Value> load(Value operand, Value address, int64_t count);
  void store(Value operand, Value address, ArrayRef<Value> values);
  void emitElements(Value column, int64_t count);
  SmallVector<Value> emitBody(ArrayRef<Value> values);

  NvptxKernel &kernel;
  OpBuilder &builder;
  Location loc;
  linalg::GenericOp op;
  ArrayRef<int64_t> shape;
  const ElementwiseGrid grid;
  Value row, head, column; // of the thread; 64-bit, and 32-bit but for the row
  Value isInside;
};

} // namespace

void ElementwiseLowering::ifThen(Value condition, Bodies body) {
  auto conditional = scf::IfOp::create(builder, loc, condition, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(conditional.thenYield());
  body();
}

/// The row, the head and the first column of this thread. Division is by constants and in 32 bits.
void ElementwiseLowering::findPlace() {
  Value thread = read(make<gpu::ThreadIdOp>(gpu::Dimension::x)), block = read(make<gpu::BlockIdOp>(gpu::Dimension::x));
  Value group, row32;
  if (grid.blocksPerRow == 1) {
    group = make<arith::RemUIOp>(thread, i32(grid.groups));
    Value rowOfBlock = make<arith::DivUIOp>(thread, i32(grid.groups));
    row32 = make<arith::AddIOp>(make<arith::MulIOp>(block, i32(grid.rowsPerBlock)), rowOfBlock);
    isInside = less(rowOfBlock, i32(grid.rowsPerBlock));
  } else {
    Value blockOfRow = make<arith::RemUIOp>(block, i32(grid.blocksPerRow));
    group = make<arith::AddIOp>(make<arith::MulIOp>(blockOfRow, i32(ElementwiseGrid::kThreads)), thread);
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
  column = make<arith::MulIOp>(group, i32(kElements));
}

/// The address of the thread's first element of `operand`.
Value ElementwiseLowering::getAddress(Value operand) {
  auto type = cast<MemRefType>(operand.getType());
  auto [strides, offset] = type.getStridesAndOffset();
  Value index = make<arith::AddIOp>(make<arith::MulIOp>(row, i64(strides[0])), widen(column));
  if (head)
    index = make<arith::AddIOp>(index, make<arith::MulIOp>(widen(head), i64(strides[1])));
  Value start = kernel.getStart(kernel.addresses.lookup(operand).front(), type);
  return make<LLVM::GEPOp>(kernel.pointerType(), type.getElementType(), start, ArrayRef<LLVM::GEPArg>{index});
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

/// The body for one element: `values` stand for the arguments of its block. Returns what it yields.
SmallVector<Value> ElementwiseLowering::emitBody(ArrayRef<Value> values) {
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
    llvm::for_each(inner.getOperands(), lookup);
    builder.clone(inner, mapping);
  }
  return llvm::map_to_vector(op.getBody()->getTerminator()->getOperands(), lookup);
}

/// `count` elements of every operand, from the thread's column number `first` on.
void ElementwiseLowering::emitElements(Value first, int64_t count) {
  SmallVector<SmallVector<Value>> inputs, results(count);
  SmallVector<Value> addresses;
  for (OpOperand &operand : op->getOpOperands()) {
    Value address = getAddress(operand.get());
    if (first)
      address = make<LLVM::GEPOp>(kernel.pointerType(), getElementTypeOrSelf(operand.get().getType()), address,
                                  ArrayRef<LLVM::GEPArg>{first});
    addresses.push_back(address);
    inputs.push_back({});
    if (!op.getMatchingBlockArgument(&operand).use_empty())
      inputs.back() = load(operand.get(), address, count);
  }
  for (int64_t i = 0; i < count; ++i) {
    SmallVector<Value> values;
    for (ArrayRef<Value> input : inputs)
      values.push_back(input.empty() ? Value() : input[i]);
    results[i] = emitBody(values);
  }
  for (unsigned number = 0; number < results.front().size(); ++number) {
    auto values = llvm::map_to_vector(results, [&](ArrayRef<Value> yielded) { return yielded[number]; });
    store(op.getDpsInits()[number], addresses[op.getNumDpsInputs() + number], values);
  }
}

void ElementwiseLowering::lower() {
  findPlace();
  ifThen(isInside, [&] {
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
  });
}

static LogicalResult lowerElementwise(NvptxKernel &kernel, linalg::GenericOp op) {
  if (failed(check(op)))
    return failure();
  ElementwiseLowering(kernel, op).lower();
  return success();
}

static nvptx::LaunchShape getShape(linalg::GenericOp op, const NvptxTarget &) {
  auto grid = ElementwiseGrid::get(cast<MemRefType>(op.getDpsInits().front().getType()));
  return {nvptx::BlockUnit::rows, static_cast<int>(grid.rowsPerBlock), static_cast<int>(grid.blocksPerRow),
          ElementwiseGrid::kThreads, 0};
}

void mlir::yoco::addElementwiseNvptxKernel(NvptxDevice &device) { addNvptxKernel(device, getShape, lowerElementwise); }
