// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arithmetic on rows as linalg operations: what elementwise operations and decompositions are built of.

#ifndef YOCO_DIALECT_ROWARITHMETIC_H
#define YOCO_DIALECT_ROWARITHMETIC_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"

namespace mlir::yoco {

/// Emits arithmetic on floating-point numbers of one type, or on vectors of them.
class ScalarBuilder {
public:
  ScalarBuilder(OpBuilder &builder, Location loc, Type type) : builder(builder), loc(loc), type(type) {}

  Value constant(double value);
  Value add(Value a, Value b);
  Value sub(Value a, Value b);
  Value mul(Value a, Value b);
  Value div(Value a, Value b);
  Value neg(Value a);
  Value min(Value a, Value b);
  Value abs(Value a);
  Value exp(Value a);
  Value log1p(Value a);
  Value rsqrt(Value a);
  Value tanh(Value a);

  OpBuilder &builder;
  Location loc;
  Type type;
};

/// Emits linalg operations on rows. An input of such an operation is one of
///   * rows with the result's dimensions;
///   * rows of width 1, whose number stands for every column of its row (of its head, with heads);
///   * a vector (rank 1), which all rows (and heads) share.
/// Elements of a type that is narrower than the result's are extended before the body gets them.
class RowBuilder {
public:
  using Body = llvm::function_ref<Value(ScalarBuilder &, ValueRange)>;

  RowBuilder(OpBuilder &builder, Location loc) : builder(builder), loc(loc) {}

  /// `result[i, j] = body(inputs[i, j])`.
  Value map(RankedTensorType type, ValueRange inputs, Body body);
  /// `result[i, 0] = sum over j of body(inputs[i, j])`: rows of width 1 from rows of `type`.
  Value sum(RankedTensorType type, ValueRange inputs, Body body);
  /// The parameters `parts`, vectors of one element type, one after the other.
  Value parameters(ArrayRef<FlatSymbolRefAttr> parts, Type element, int64_t size);

private:
  Value makeGeneric(RankedTensorType type, RankedTensorType result, Value init, ValueRange inputs,
                    bool isReduction, Body body);

  OpBuilder &builder;
  Location loc;
};

/// The number of rows of a step, of which `rows` has as many as all others.
Value getRowCount(OpBuilder &builder, Value rows);

} // namespace mlir::yoco

#endif // YOCO_DIALECT_ROWARITHMETIC_H
