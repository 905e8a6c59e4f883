// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/lowering/host/KernelBuilder.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::yoco;

//===- Types and constants -----------------------------------------------------------------------------------===//

Value KernelBuilder::index(int64_t value) { return make<arith::ConstantIndexOp>(value); }

Value KernelBuilder::floatConstant(Type type, double value) {
  auto element = cast<FloatType>(getElementTypeOrSelf(type));
  FloatAttr scalar = builder.getFloatAttr(element, value);
  if (auto vector = dyn_cast<VectorType>(type))
    return make<arith::ConstantOp>(DenseElementsAttr::get(vector, scalar.getValue()));
  return make<arith::ConstantOp>(scalar);
}

Value KernelBuilder::f32(double value) { return floatConstant(builder.getF32Type(), value); }
Value KernelBuilder::splat(double value) { return floatConstant(f32Vector(), value); }
Value KernelBuilder::constantLike(Value like, double value) { return floatConstant(like.getType(), value); }
Value KernelBuilder::integerLike(Value like, int64_t value) {
  return make<arith::ConstantOp>(
      builder.getIntegerAttr(getElementTypeOrSelf(like), value).getType() == like.getType()
          ? TypedAttr(builder.getIntegerAttr(like.getType(), value))
          : TypedAttr(DenseElementsAttr::get(cast<VectorType>(like.getType()),
                                             builder.getIntegerAttr(getElementTypeOrSelf(like), value).getValue())));
}
Value KernelBuilder::broadcast(Value scalar) { return make<vector::BroadcastOp>(vectorOf(scalar.getType()), scalar); }

//===- Arithmetic --------------------------------------------------------------------------------------------===//

Value KernelBuilder::compare(arith::CmpIPredicate predicate, Value a, Value b) {
  return make<arith::CmpIOp>(predicate, a, b);
}

Value KernelBuilder::toIndex(Value integer) { return make<arith::IndexCastOp>(builder.getIndexType(), integer); }

Value KernelBuilder::toF32(Value index) {
  Value integer = make<arith::IndexCastOp>(builder.getI64Type(), index);
  return make<arith::SIToFPOp>(builder.getF32Type(), integer);
}

Value KernelBuilder::maxF(Value a, Value b) {
  return select(make<arith::CmpFOp>(arith::CmpFPredicate::OGT, a, b), a, b);
}
Value KernelBuilder::minF(Value a, Value b) {
  return select(make<arith::CmpFOp>(arith::CmpFPredicate::OLT, a, b), a, b);
}
Value KernelBuilder::fma(Value a, Value b, Value c) { return make<math::FmaOp>(a, b, c); }
Value KernelBuilder::sqrt(Value a) { return make<math::SqrtOp>(a); }

Value KernelBuilder::lane(Value vector, int64_t position) { return make<vector::ExtractOp>(vector, position); }

Value KernelBuilder::foldLanes(Value vector, function_ref<Value(Value, Value)> combine) {
  for (int64_t half = lanes / 2; half >= 1; half /= 2) {
    SmallVector<int64_t> low, high;
    for (int64_t i = 0; i < half; ++i) {
      low.push_back(i);
      high.push_back(half + i);
    }
    vector = combine(make<vector::ShuffleOp>(vector, vector, low), make<vector::ShuffleOp>(vector, vector, high));
  }
  return lane(vector, 0);
}

Value KernelBuilder::sumLanes(Value vector) {
  return foldLanes(vector, [&](Value a, Value b) { return addF(a, b); });
}
Value KernelBuilder::maxLanes(Value vector) {
  return foldLanes(vector, [&](Value a, Value b) { return maxF(a, b); });
}

//===- Control -----------------------------------------------------------------------------------------------===//

void KernelBuilder::forLoop(Value from, Value to, int64_t step, Body body) {
  scf::ForOp::create(builder, loc, from, to, index(step), ValueRange(),
                     [&](OpBuilder &, Location, Value i, ValueRange) {
                       body(i);
                       scf::YieldOp::create(builder, loc);
                     });
}

SmallVector<Value> KernelBuilder::forLoop(Value from, Value to, int64_t step, ValueRange carried, CarryBody body) {
  auto loop = scf::ForOp::create(
      builder, loc, from, to, index(step), carried,
      [&](OpBuilder &, Location, Value i, ValueRange values) { scf::YieldOp::create(builder, loc, body(i, values)); });
  return llvm::to_vector_of<Value>(loop.getResults());
}

void KernelBuilder::ifThen(Value condition, function_ref<void()> then) {
  scf::IfOp::create(builder, loc, condition, [&](OpBuilder &, Location) {
    then();
    scf::YieldOp::create(builder, loc);
  });
}

Value KernelBuilder::countWhile(function_ref<Value(Value)> holds) {
  auto loop = scf::WhileOp::create(
      builder, loc, TypeRange{builder.getIndexType()}, ValueRange{index(0)},
      [&](OpBuilder &, Location, ValueRange i) {
        Value condition = holds(i[0]);
        scf::ConditionOp::create(builder, loc, condition, i);
      },
      [&](OpBuilder &, Location, ValueRange i) { scf::YieldOp::create(builder, loc, add(i[0], 1)); });
  return loop.getResult(0);
}

void KernelBuilder::forGroups(Value from, Value to, ArrayRef<int64_t> sizes, function_ref<void(Value, int64_t)> body) {
  for (int64_t size : sizes) {
    Value count = div(max(sub(to, from), index(0)), size);
    Value end = add(from, mul(count, size));
    forLoop(from, end, size, [&](Value begin) { body(begin, size); });
    from = end;
  }
}

SmallVector<Value> KernelBuilder::forStrips(int64_t width, int64_t vectors, ValueRange carried,
                                            function_ref<SmallVector<Value>(const Strip &, ValueRange)> body) {
  int64_t step = vectors * lanes, whole = width / step * step;
  SmallVector<Value> values(carried);
  if (whole == step) {
    values = body(Strip{index(0), vectors, lanes}, values);
  } else if (whole > 0) {
    values = forLoop(index(0), index(whole), step, values, [&](Value column, ValueRange inside) {
      return body(Strip{column, vectors, lanes}, inside);
    });
  }
  if (whole < width) {
    int64_t rest = static_cast<int64_t>(llvm::divideCeil(width - whole, lanes));
    values = body(Strip{index(whole), rest, width - whole - (rest - 1) * lanes}, values);
  }
  return values;
}

void KernelBuilder::forStrips(int64_t width, int64_t vectors, function_ref<void(const Strip &)> body) {
  forStrips(width, vectors, {}, [&](const Strip &strip, ValueRange) {
    body(strip);
    return SmallVector<Value>();
  });
}

//===- Memory ------------------------------------------------------------------------------------------------===//

Value KernelBuilder::stack(ArrayRef<int64_t> shape) {
  OpBuilder::InsertionGuard guard(builder);
  // In the entry block: an allocation inside a loop would take new stack in every iteration.
  builder.setInsertionPointToStart(&function.getBody().front());
  auto type = MemRefType::get(shape, builder.getF32Type());
  stackBytes += llvm::alignTo(type.getNumElements() * 4, 64);
  return make<memref::AllocaOp>(type, builder.getI64IntegerAttr(64));
}

Value KernelBuilder::extendToF32(Value value) {
  Type type = getElementTypeOrSelf(value);
  if (!isa<FloatType>(type) || type.isF32())
    return value;
  Type wide = builder.getF32Type();
  if (auto vector = dyn_cast<VectorType>(value.getType()))
    wide = vector.clone(wide);
  return make<arith::ExtFOp>(wide, value);
}

Value KernelBuilder::load(Value buffer, ValueRange indices) {
  return extendToF32(make<memref::LoadOp>(buffer, indices));
}

void KernelBuilder::store(Value value, Value buffer, ValueRange indices) {
  memref::StoreOp::create(builder, loc, value, buffer, indices);
}

Value KernelBuilder::maskBelow(Value count) {
  return make<vector::CreateMaskOp>(vectorOf(builder.getI1Type()), ValueRange(count));
}

Value KernelBuilder::maskBelow(int64_t count) {
  SmallVector<bool> bits;
  for (int64_t i = 0; i < lanes; ++i)
    bits.push_back(i < count);
  return make<arith::ConstantOp>(DenseElementsAttr::get(vectorOf(builder.getI1Type()), bits));
}

Value KernelBuilder::loadMasked(Value buffer, ValueRange indices, Value mask) {
  auto type = vectorOf(getElementTypeOrSelf(buffer));
  Value zero = make<arith::ConstantOp>(builder.getZeroAttr(type));
  return extendToF32(make<vector::MaskedLoadOp>(type, buffer, indices, mask, zero));
}

void KernelBuilder::storeMasked(Value vector, Value buffer, ValueRange indices, Value mask) {
  vector::MaskedStoreOp::create(builder, loc, buffer, indices, mask, vector);
}

Value KernelBuilder::loadVector(Value buffer, ValueRange indices, int64_t valid) {
  if (valid < lanes)
    return loadMasked(buffer, indices, maskBelow(valid));
  return extendToF32(make<vector::LoadOp>(vectorOf(getElementTypeOrSelf(buffer)), buffer, indices));
}

void KernelBuilder::storeVector(Value vector, Value buffer, ValueRange indices, int64_t valid) {
  if (valid < lanes)
    return storeMasked(vector, buffer, indices, maskBelow(valid));
  vector::StoreOp::create(builder, loc, vector, buffer, indices);
}

/// `indices` with the place of vector `j` of `strip` added to the last.
static SmallVector<Value> moveToStrip(KernelBuilder &kernel, ValueRange indices, const Strip &strip, int64_t j) {
  SmallVector<Value> moved(indices);
  moved.back() = kernel.add(kernel.add(moved.back(), strip.column), j * kernel.lanes);
  return moved;
}

Value KernelBuilder::loadStrip(Value buffer, ValueRange indices, const Strip &strip, int64_t j) {
  return loadVector(buffer, moveToStrip(*this, indices, strip, j), j + 1 == strip.vectors ? strip.tail : lanes);
}

void KernelBuilder::storeStrip(Value vector, Value buffer, ValueRange indices, const Strip &strip, int64_t j) {
  storeVector(vector, buffer, moveToStrip(*this, indices, strip, j), j + 1 == strip.vectors ? strip.tail : lanes);
}

Value KernelBuilder::constantRow(ArrayRef<float> values) {
  SmallVector<float> padded(values);
  padded.resize(llvm::alignTo(values.size(), lanes), 0.0f);
  int64_t size = padded.size();
  auto tensor = RankedTensorType::get({size}, builder.getF32Type());
  auto type = MemRefType::get({size}, builder.getF32Type());
  auto module = function->getParentOfType<ModuleOp>();
  std::string name;
  for (int64_t i = 0; name.empty() || SymbolTable::lookupSymbolIn(module, name); ++i)
    name = (function.getName() + ".row" + Twine(i)).str();
  OpBuilder outside(function);
  memref::GlobalOp::create(outside, loc, name, outside.getStringAttr("private"), type,
                           DenseElementsAttr::get(tensor, ArrayRef<float>(padded)), /*constant=*/true,
                           outside.getI64IntegerAttr(64));
  return make<memref::GetGlobalOp>(type, name);
}

/// In log2(lanes) steps, each of which exchanges one bit of the row's number with the same bit of the lane's.
SmallVector<Value> KernelBuilder::transpose(ValueRange rows) {
  SmallVector<Value> result(rows);
  for (int64_t bit = lanes / 2; bit >= 1; bit /= 2) {
    SmallVector<int64_t> low, high;
    for (int64_t i = 0; i < lanes; ++i) {
      low.push_back(i & bit ? lanes + i - bit : i);
      high.push_back(i & bit ? lanes + i : i + bit);
    }
    for (int64_t i = 0; i < lanes; ++i) {
      if (i & bit)
        continue;
      Value a = result[i], b = result[i + bit];
      result[i] = make<vector::ShuffleOp>(a, b, low);
      result[i + bit] = make<vector::ShuffleOp>(a, b, high);
    }
  }
  return result;
}

//===- Products ----------------------------------------------------------------------------------------------===//

SmallVector<Value> KernelBuilder::multiply(Value from, Value to, int64_t rows, int64_t vectors, ValueRange sums,
                                           function_ref<Value(Value, int64_t)> a,
                                           function_ref<Value(Value, int64_t)> b) {
  return forLoop(from, to, 1, sums, [&](Value k, ValueRange inside) {
    SmallVector<Value> right, next(inside.size());
    for (int64_t j = 0; j < vectors; ++j)
      right.push_back(b(k, j));
    for (int64_t r = 0; r < rows; ++r) {
      Value left = broadcast(a(k, r));
      for (int64_t j = 0; j < vectors; ++j)
        next[r * vectors + j] = fma(left, right[j], inside[r * vectors + j]);
    }
    return next;
  });
}
