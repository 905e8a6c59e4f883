// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A small language in which host kernels are written: loops that take lambdas, vectors of one register, strips of
// columns with a masked tail, and the product that all matrix kernels share.
//
// Nothing here carries a fast-math flag: the value of every row is fixed by the operations on that row alone, whatever
// rows are computed beside it.

#ifndef YOCO_PASSES_LOWERING_HOST_KERNELBUILDER_H
#define YOCO_PASSES_LOWERING_HOST_KERNELBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

namespace mlir::yoco {

/// `vectors` vectors of adjacent columns that begin at `column`; the last of them has `tail` valid lanes.
struct Strip {
  Value column;
  int64_t vectors;
  int64_t tail;
};

class KernelBuilder {
public:
  /// Emits into `function` at the place of `builder`.
  KernelBuilder(OpBuilder &builder, func::FuncOp function, int64_t lanes)
      : builder(builder), loc(function.getLoc()), lanes(lanes), function(function) {}

  OpBuilder &builder;
  Location loc;
  const int64_t lanes;

  //===- Types and constants -----------------------------------------------------------------------------------===//

  VectorType vectorOf(Type element) { return VectorType::get({lanes}, element); }
  VectorType f32Vector() { return vectorOf(builder.getF32Type()); }
  Value index(int64_t value);
  Value f32(double value);
  /// `value` in every lane; of the shape and element type of `like`.
  Value constantLike(Value like, double value);
  Value integerLike(Value like, int64_t value);
  Value splat(double value);
  Value broadcast(Value scalar);

  //===- Index arithmetic --------------------------------------------------------------------------------------===//

  Value add(Value a, Value b) { return make<arith::AddIOp>(a, b); }
  Value add(Value a, int64_t b) { return b == 0 ? a : add(a, index(b)); }
  Value sub(Value a, Value b) { return make<arith::SubIOp>(a, b); }
  Value mul(Value a, int64_t b) { return b == 1 ? a : make<arith::MulIOp>(a, index(b)); }
  Value div(Value a, int64_t b) { return b == 1 ? a : make<arith::DivUIOp>(a, index(b)); }
  Value rem(Value a, int64_t b) { return b == 1 ? index(0) : make<arith::RemUIOp>(a, index(b)); }
  Value min(Value a, Value b) { return make<arith::MinSIOp>(a, b); }
  Value max(Value a, Value b) { return make<arith::MaxSIOp>(a, b); }
  Value differ(Value a, Value b) { return compare(arith::CmpIPredicate::ne, a, b); }
  Value less(Value a, Value b) { return compare(arith::CmpIPredicate::slt, a, b); }
  Value compare(arith::CmpIPredicate predicate, Value a, Value b);
  Value both(Value a, Value b) { return make<arith::AndIOp>(a, b); }
  Value select(Value condition, Value a, Value b) { return make<arith::SelectOp>(condition, a, b); }
  /// A 32-bit integer from memory as an index, and an index as f32.
  Value toIndex(Value integer);
  Value toF32(Value index);

  //===- Floating-point arithmetic, on scalars and vectors -----------------------------------------------------===//

  Value addF(Value a, Value b) { return make<arith::AddFOp>(a, b); }
  Value subF(Value a, Value b) { return make<arith::SubFOp>(a, b); }
  Value mulF(Value a, Value b) { return make<arith::MulFOp>(a, b); }
  Value divF(Value a, Value b) { return make<arith::DivFOp>(a, b); }
  Value negF(Value a) { return make<arith::NegFOp>(a); }
  /// The larger; `b` when one is not a number (as `maxps`).
  Value maxF(Value a, Value b);
  Value minF(Value a, Value b);
  Value fma(Value a, Value b, Value c);
  Value sqrt(Value a);
  /// Sum and maximum of the lanes, in a tree of fixed shape.
  Value sumLanes(Value vector);
  Value maxLanes(Value vector);
  /// All lanes combined, in that tree.
  Value foldLanes(Value vector, function_ref<Value(Value, Value)> combine);
  Value firstLane(Value vector) { return lane(vector, 0); }

  //===- Elementary functions (KernelMath.cpp) -----------------------------------------------------------------===//

  /// e^x, relative error about 1e-7; 0 and infinity outside the range of f32.
  Value exp(Value x);
  /// Natural logarithm of a positive, normal number.
  Value log(Value x);
  /// log(1 / (1 + e^-x)), without overflow for any x.
  Value logSigmoid(Value x);
  Value silu(Value x);
  /// The tanh form of the Gaussian error linear unit.
  Value gelu(Value x);
  /// Sine and cosine of vectors of f32 of any size, accurate to f32.
  std::pair<Value, Value> sinCos(Value angle);

  //===- Control -----------------------------------------------------------------------------------------------===//

  using Body = function_ref<void(Value)>;
  using CarryBody = function_ref<SmallVector<Value>(Value, ValueRange)>;
  void forLoop(Value from, Value to, int64_t step, Body body);
  SmallVector<Value> forLoop(Value from, Value to, int64_t step, ValueRange carried, CarryBody body);
  void ifThen(Value condition, function_ref<void()> then);
  /// The first index from 0 on for which `holds` gives false; there must be one.
  Value countWhile(function_ref<Value(Value)> holds);
  /// Groups of `sizes[0]` from `from` while they fit before `to`, then groups of `sizes[1]`, and so on. The last size
  /// is 1.
  void forGroups(Value from, Value to, ArrayRef<int64_t> sizes, function_ref<void(Value, int64_t)> body);
  /// All columns of a row of static `width`, at most `vectors` vectors at a time.
  void forStrips(int64_t width, int64_t vectors, function_ref<void(const Strip &)> body);
  /// The same with values that go from strip to strip; the body gets and returns as many values as there are in
  /// `carried`.
  SmallVector<Value> forStrips(int64_t width, int64_t vectors, ValueRange carried,
                               function_ref<SmallVector<Value>(const Strip &, ValueRange)> body);

  //===- Memory ------------------------------------------------------------------------------------------------===//

  /// A buffer on the stack, which lives as long as the kernel runs.
  Value stack(ArrayRef<int64_t> shape);
  int64_t getStackBytes() const { return stackBytes; }
  /// A scalar, extended to f32 when it is a narrower float.
  Value load(Value buffer, ValueRange indices);
  void store(Value value, Value buffer, ValueRange indices);
  /// `valid` lanes from `indices` on, extended to f32; the others are 0 and their memory is not read.
  Value loadVector(Value buffer, ValueRange indices, int64_t valid);
  Value loadVector(Value buffer, ValueRange indices) { return loadVector(buffer, indices, lanes); }
  void storeVector(Value vector, Value buffer, ValueRange indices, int64_t valid);
  void storeVector(Value vector, Value buffer, ValueRange indices) { storeVector(vector, buffer, indices, lanes); }
  /// Vector `j` of a strip. The strip's column is added to the last index.
  Value loadStrip(Value buffer, ValueRange indices, const Strip &strip, int64_t j);
  void storeStrip(Value vector, Value buffer, ValueRange indices, const Strip &strip, int64_t j);
  /// Lanes below `count`, which may be any number.
  Value maskBelow(Value count);
  Value maskBelow(int64_t count);
  Value loadMasked(Value buffer, ValueRange indices, Value mask);
  void storeMasked(Value vector, Value buffer, ValueRange indices, Value mask);
  /// A constant row of numbers, padded with zeros to whole vectors.
  Value constantRow(ArrayRef<float> values);

  /// `lanes` vectors as the rows of a square; its columns.
  SmallVector<Value> transpose(ValueRange rows);

  //===- Products ----------------------------------------------------------------------------------------------===//

  /// `sums[r * vectors + j] += a(k, r) * b(k, j)` for `k` from `from` to `to`, in this order; `a` gives scalars, `b`
  /// vectors.
  SmallVector<Value> multiply(Value from, Value to, int64_t rows, int64_t vectors, ValueRange sums,
                              function_ref<Value(Value, int64_t)> a, function_ref<Value(Value, int64_t)> b);
  SmallVector<Value> zeros(int64_t count) { return SmallVector<Value>(count, splat(0)); }

private:
  template <typename OpType, typename... Args>
  Value make(Args &&...args) {
    return OpType::create(builder, loc, std::forward<Args>(args)...);
  }
  Value floatConstant(Type type, double value);
  Value extendToF32(Value value);
  Value lane(Value vector, int64_t position);


  func::FuncOp function;
  int64_t stackBytes = 0;
};

} // namespace mlir::yoco

#endif // YOCO_PASSES_LOWERING_HOST_KERNELBUILDER_H
