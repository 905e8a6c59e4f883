// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The calls of micro-kernels, from their declaration in kernels/nvptx/MicroKernels.def: a class for each, with a field
// for each argument. A field takes values of the argument's kind alone, and has to be set before the call is emitted:
//
//   ArgmaxCall call(kernel, op);
//   call.rows = kernel.rows;
//   call.logits = op.getInput();
//   call.columns = columns;
//   call.ids = op.getOuts().front();
//   return call.emit();

#ifndef YOCO_PASSES_LOWERING_NVPTX_MICROKERNELCALLS_H
#define YOCO_PASSES_LOWERING_NVPTX_MICROKERNELCALLS_H

#include "kernels/nvptx/MicroKernels.def"
#include "kernels/nvptx/Numbers.h"
#include "passes/lowering/nvptx/NvptxKernel.h"

namespace mlir::yoco {

/// The number of an element type; none when micro-kernels have no such elements.
std::optional<::yoco::device::Kind> getKind(Type element);
/// The number of an activation.
::yoco::device::LinearActivation getActivationNumber(Activation activation);

//===- Fields ------------------------------------------------------------------------------------------------===//

/// A number of the step (NvptxKernel::rows and so on).
struct NumberField {
  Value value;
  void operator=(Value number) { value = number; }
};

/// A constant of type `T` and nothing that converts to it.
template <typename T>
struct ConstantField {
  std::optional<T> value;
  template <typename V, typename = std::enable_if_t<std::is_same_v<T, V> ||
                                                    (std::is_same_v<T, int64_t> && std::is_integral_v<V> &&
                                                     !std::is_same_v<V, bool>)>>
  void operator=(V constant) {
    value = static_cast<T>(constant);
  }
};
using IntegerField = ConstantField<int64_t>;
using FlagField = ConstantField<bool>;
using ActivationField = ConstantField<Activation>;

struct RealField {
  std::optional<float> value;
  void operator=(float constant) { value = constant; }
  void operator=(const llvm::APFloat &constant) { value = constant.convertToFloat(); }
  /// `none` stands for a number that is absent.
  void set(std::optional<llvm::APFloat> constant, float none) { value = constant ? constant->convertToFloat() : none; }
};

/// An element type, given by the type.
struct ElementField {
  Type value;
  void operator=(Type element) { value = element; }
};

/// An operand of the operation: a buffer of `int32_t`, a segment table, a state, or rows.
struct OperandField {
  Value value;
  void operator=(Value operand) { value = operand; }
};
/// The same, or a cache, where null is a value too.
struct OptionalOperandField {
  std::optional<Value> value;
  void operator=(Value operand) { value = operand; }
};

/// An address: of a parameter, or null.
struct PointerField {
  std::optional<Value> value;
  void operator=(Value address) { value = address; }
  void operator=(std::nullptr_t) { value = Value(); }
};

/// A parameter group of the operation that is a vector, by number, or none.
struct VectorField {
  std::optional<std::optional<unsigned>> value;
  void operator=(std::optional<unsigned> group) { value = group; }
};

struct RopeField {
  std::optional<RopeAttr> value;
  void operator=(RopeAttr rope) { value = rope; }
};

//===- Calls -------------------------------------------------------------------------------------------------===//

/// What the calls share. What a micro-kernel cannot take is an error on the operation, and then nothing is emitted.
class MicroKernelCall {
public:
  MicroKernelCall(NvptxKernel &kernel, Operation *op, StringRef name) : kernel(kernel), op(op), name(name) {}

protected:
  /// Begins with the tile.
  void begin();
  // One for each kind of MicroKernels.def.
  void addNumber(StringRef argument, const NumberField &field);
  void addIds(StringRef argument, const OperandField &field);
  void addIdsOut(StringRef argument, const OperandField &field) { addIds(argument, field); }
  void addSegments(StringRef argument, const OperandField &field);
  void addState(StringRef argument, const OperandField &field);
  void addPlane(StringRef argument, const OptionalOperandField &field);
  void addPlaneOut(StringRef argument, const OptionalOperandField &field) { addPlane(argument, field); }
  void addPointer(StringRef argument, const PointerField &field);
  void addRows(StringRef argument, const OptionalOperandField &field);
  void addRowsOut(StringRef argument, const OperandField &field);
  void addFloatRows(StringRef argument, const OperandField &field);
  void addFloatRowsOut(StringRef argument, const OperandField &field) { addFloatRows(argument, field); }
  void addOptionalFloatRows(StringRef argument, const OptionalOperandField &field);
  void addOptionalVector(StringRef argument, const VectorField &field);
  void addRope(StringRef argument, const RopeField &field);
  void addInteger(StringRef argument, const IntegerField &field);
  void addReal(StringRef argument, const RealField &field);
  void addFlag(StringRef argument, const FlagField &field);
  void addElement(StringRef argument, const ElementField &field);
  void addActivation(StringRef argument, const ActivationField &field);
  LogicalResult finish();

private:
  /// Reports an argument that was not set; returns whether it was.
  bool require(StringRef argument, bool isSet);
  InFlightDiagnostic fail();
  void push(Value value) { arguments.push_back(value); }
  void pushInteger(int64_t value);
  void pushFlag(bool value);
  void pushNull();
  void pushKind(Type element);
  void pushAddress(Value operand);
  void pushSlotStride(Value state);
  void pushStride(Value rows);

  NvptxKernel &kernel;
  Operation *op;
  StringRef name;
  SmallVector<Value> arguments;
  bool failed = false;
};

// The type of the field of each kind.
#define YOCO_FIELD_Number NumberField
#define YOCO_FIELD_Ids OperandField
#define YOCO_FIELD_IdsOut OperandField
#define YOCO_FIELD_Segments OperandField
#define YOCO_FIELD_Plane OptionalOperandField
#define YOCO_FIELD_PlaneOut OptionalOperandField
#define YOCO_FIELD_State OperandField
#define YOCO_FIELD_Pointer PointerField
#define YOCO_FIELD_Rows OptionalOperandField
#define YOCO_FIELD_RowsOut OperandField
#define YOCO_FIELD_FloatRows OperandField
#define YOCO_FIELD_FloatRowsOut OperandField
#define YOCO_FIELD_OptionalFloatRows OptionalOperandField
#define YOCO_FIELD_OptionalVector VectorField
#define YOCO_FIELD_Rope RopeField
#define YOCO_FIELD_Integer IntegerField
#define YOCO_FIELD_Real RealField
#define YOCO_FIELD_Flag FlagField
#define YOCO_FIELD_Element ElementField
#define YOCO_FIELD_Activation ActivationField

#define YOCO_FIRST(first, ...) first
#define YOCO_FIELD(kind, ...) YOCO_FIELD_##kind YOCO_FIRST(__VA_ARGS__, );
#define YOCO_ADD_FIELD_NAMED(kind, name) add##kind(#name, name);
#define YOCO_ADD_FIELD_EXPANDED(kind, name) YOCO_ADD_FIELD_NAMED(kind, name)
#define YOCO_ADD_FIELD(kind, ...) YOCO_ADD_FIELD_EXPANDED(kind, YOCO_FIRST(__VA_ARGS__, ))
#define YOCO_CALL(function, Name)                                                                                      \
  struct Name##Call : MicroKernelCall {                                                                                \
    Name##Call(NvptxKernel &kernel, Operation *op) : MicroKernelCall(kernel, op, "yoco_" #function) {}                 \
    YOCO_ARGUMENTS_##function(YOCO_FIELD)                                                                              \
    LogicalResult emit() {                                                                                             \
      begin();                                                                                                         \
      YOCO_ARGUMENTS_##function(YOCO_ADD_FIELD)                                                                        \
      return finish();                                                                                                 \
    }                                                                                                                  \
  };
YOCO_MICRO_KERNELS(YOCO_CALL)
#undef YOCO_CALL
#undef YOCO_FIELD
#undef YOCO_ADD_FIELD
#undef YOCO_ADD_FIELD_EXPANDED
#undef YOCO_ADD_FIELD_NAMED
#undef YOCO_FIRST

/// The call of yoco_begin, which has no arguments and no tile.
struct BeginCall : MicroKernelCall {
  BeginCall(NvptxKernel &kernel, Operation *op) : MicroKernelCall(kernel, op, "yoco_begin") {}
  LogicalResult emit() { return finish(); }
};

} // namespace mlir::yoco

#endif // YOCO_PASSES_LOWERING_NVPTX_MICROKERNELCALLS_H
