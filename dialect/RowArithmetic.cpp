// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialect/RowArithmetic.h"
#include "dialect/YocoOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace mlir::yoco;

//===- Numbers -----------------------------------------------------------------------------------------------===//

Value ScalarBuilder::constant(double value) {
  return arith::ConstantOp::create(builder, loc, builder.getFloatAttr(type, value));
}
Value ScalarBuilder::add(Value a, Value b) { return arith::AddFOp::create(builder, loc, a, b); }
Value ScalarBuilder::sub(Value a, Value b) { return arith::SubFOp::create(builder, loc, a, b); }
Value ScalarBuilder::mul(Value a, Value b) { return arith::MulFOp::create(builder, loc, a, b); }
Value ScalarBuilder::div(Value a, Value b) { return arith::DivFOp::create(builder, loc, a, b); }
Value ScalarBuilder::neg(Value a) { return arith::NegFOp::create(builder, loc, a); }
Value ScalarBuilder::min(Value a, Value b) { return arith::MinimumFOp::create(builder, loc, a, b); }
Value ScalarBuilder::abs(Value a) { return math::AbsFOp::create(builder, loc, a); }
Value ScalarBuilder::exp(Value a) { return math::ExpOp::create(builder, loc, a); }
Value ScalarBuilder::log1p(Value a) { return math::Log1pOp::create(builder, loc, a); }
Value ScalarBuilder::rsqrt(Value a) { return math::RsqrtOp::create(builder, loc, a); }
Value ScalarBuilder::tanh(Value a) { return math::TanhOp::create(builder, loc, a); }

//===- Rows --------------------------------------------------------------------------------------------------===//

static bool isRows(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.getRank() > 0 && tensor.isDynamicDim(0);
}

/// Whether `op` has a table of segments that leaves rows out.
static bool isOfNarrowTable(Operation *op) {
  return llvm::any_of(op->getOperands(), [](Value operand) { return operand.getDefiningOp<NarrowSegmentsOp>(); });
}

/// The first rows of the set that `rows` are in, or an argument, when there is one with rows: all counts of a set are
/// one value then, and no count is a use of what is made of the rows.
static Value getFirstRows(Value rows) {
  while (Operation *op = rows.getDefiningOp()) {
    auto next = llvm::find_if(op->getOperands(), [](Value operand) { return isRows(operand.getType()); });
    // Positions are counted by their table, not by the ids.
    bool begins = next == op->operand_end() || isa<NarrowOp, FusedNarrowOp, PositionsOp, FusedPositionsOp>(op);
    if (begins && isOfNarrowTable(op))
      return rows;
    if (next == op->operand_end())
      break;
    rows = *next;
  }
  auto function = rows.getParentRegion()->getParentOfType<func::FuncOp>();
  if (!function)
    return rows;
  auto *argument = llvm::find_if(function.getArguments(), [](Value argument) { return isRows(argument.getType()); });
  return argument == function.getArguments().end() ? rows : Value(*argument);
}

Value yoco::getRowCount(OpBuilder &builder, Value rows) {
  Location loc = rows.getLoc();
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  return tensor::DimOp::create(builder, loc, getFirstRows(rows), zero);
}

/// Rows of `type` with one column (in each head).
static RankedTensorType getNarrowType(RankedTensorType type) {
  SmallVector<int64_t> shape(type.getShape());
  shape.back() = 1;
  return RankedTensorType::get(shape, type.getElementType());
}

/// Where an operation over the dimensions of `type` reads rows or a vector of type `input`.
static AffineMap getMap(Builder &builder, RankedTensorType type, RankedTensorType input) {
  SmallVector<AffineExpr> results;
  unsigned leading = type.getRank() - input.getRank();
  for (unsigned i = 0; i < input.getRank(); ++i) {
    bool isShared = input.getDimSize(i) == 1 && type.getDimSize(leading + i) != 1;
    results.push_back(isShared ? builder.getAffineConstantExpr(0) : builder.getAffineDimExpr(leading + i));
  }
  return AffineMap::get(type.getRank(), 0, results, builder.getContext());
}

Value RowBuilder::makeGeneric(RankedTensorType type, RankedTensorType result, Value init, ValueRange inputs,
                              bool isReduction, Body body) {
  SmallVector<AffineMap> maps;
  for (Value input : inputs)
    maps.push_back(getMap(builder, type, cast<RankedTensorType>(input.getType())));
  maps.push_back(getMap(builder, type, result));
  SmallVector<utils::IteratorType> iterators(type.getRank(), utils::IteratorType::parallel);
  if (isReduction) {
    iterators.back() = utils::IteratorType::reduction;
    // Also where a row has one column: it is read by the loop, and written once.
    SmallVector<AffineExpr> results(maps.back().getResults());
    results.back() = builder.getAffineConstantExpr(0);
    maps.back() = AffineMap::get(type.getRank(), 0, results, builder.getContext());
  }
  Type element = type.getElementType();
  auto generic = linalg::GenericOp::create(
      builder, loc, TypeRange{result}, inputs, ValueRange{init}, maps, iterators,
      [&](OpBuilder &inside, Location loc, ValueRange arguments) {
        SmallVector<Value> elements;
        for (Value argument : arguments.drop_back()) {
          bool isNarrow = isa<FloatType>(argument.getType()) &&
                          argument.getType().getIntOrFloatBitWidth() < element.getIntOrFloatBitWidth();
          elements.push_back(isNarrow ? arith::ExtFOp::create(inside, loc, element, argument) : argument);
        }
        ScalarBuilder scalar(inside, loc, element);
        Value value = body(scalar, elements);
        if (isReduction)
          value = scalar.add(arguments.back(), value);
        linalg::YieldOp::create(inside, loc, value);
      });
  return generic.getResult(0);
}

Value RowBuilder::map(RankedTensorType type, ValueRange inputs, Body body) {
  Value rows = *llvm::find_if(inputs, [](Value input) { return isRows(input.getType()); });
  Value empty = tensor::EmptyOp::create(builder, loc, type, ValueRange{getRowCount(builder, rows)});
  return makeGeneric(type, type, empty, inputs, /*isReduction=*/false, body);
}

Value RowBuilder::sum(RankedTensorType type, ValueRange inputs, Body body) {
  Value rows = *llvm::find_if(inputs, [](Value input) { return isRows(input.getType()); });
  RankedTensorType narrow = getNarrowType(type);
  Value empty = tensor::EmptyOp::create(builder, loc, narrow, ValueRange{getRowCount(builder, rows)});
  Value zero = ScalarBuilder(builder, loc, type.getElementType()).constant(0);
  Value init = linalg::FillOp::create(builder, loc, ValueRange{zero}, ValueRange{empty}).getResult(0);
  return makeGeneric(type, narrow, init, inputs, /*isReduction=*/true, body);
}

Value RowBuilder::parameters(ArrayRef<FlatSymbolRefAttr> parts, Type element, int64_t size) {
  SmallVector<Attribute> names(parts.begin(), parts.end());
  return ParameterVectorOp::create(builder, loc, RankedTensorType::get({size}, element), builder.getArrayAttr(names));
}
