// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/lowering/nvptx/MicroKernelCalls.h"

using namespace mlir;
using namespace mlir::yoco;

namespace device = ::yoco::device;

//===- Numbers -----------------------------------------------------------------------------------------------===//

std::optional<device::Kind> mlir::yoco::getKind(Type element) {
  if (element.isF32())
    return device::kF32;
  if (element.isBF16())
    return device::kBf16;
  if (element.isF16())
    return device::kF16;
  return std::nullopt;
}

device::LinearActivation mlir::yoco::getActivationNumber(Activation activation) {
  switch (activation) {
  case Activation::none:
    return device::kNone;
  case Activation::silu:
    return device::kSilu;
  case Activation::gelu:
    return device::kGelu;
  case Activation::swiglu:
    return device::kSwiglu;
  case Activation::geglu:
    return device::kGeglu;
  }
  llvm_unreachable("all activations are listed");
}

static device::RopeStyle getStyle(RopeAttr rope) {
  if (!rope)
    return device::kNoRope;
  return rope.getStyle() == RopeStyle::interleaved ? device::kInterleaved : device::kHalf;
}

//===- Values ------------------------------------------------------------------------------------------------===//

InFlightDiagnostic MicroKernelCall::fail() {
  failed = true;
  return op->emitOpError();
}

bool MicroKernelCall::require(StringRef argument, bool isSet) {
  if (!isSet)
    fail() << "expected `" << argument << "` to be set in the call of @" << name << ", got nothing";
  return isSet;
}

void MicroKernelCall::pushInteger(int64_t value) {
  if (!llvm::isInt<32>(value)) {
    fail() << "expected sizes and strides below 2^31 for @" << name << ", got " << value;
    value = 0;
  }
  push(kernel.constant(kernel.builder.getI32IntegerAttr(static_cast<int32_t>(value))));
}

void MicroKernelCall::pushFlag(bool value) { push(kernel.constant(kernel.builder.getBoolAttr(value))); }

void MicroKernelCall::pushNull() { push(LLVM::ZeroOp::create(kernel.builder, kernel.loc, kernel.pointerType())); }

void MicroKernelCall::pushKind(Type element) {
  std::optional<device::Kind> kind = getKind(element);
  if (!kind)
    fail() << "expected elements of f32, bf16 or f16, got " << element;
  pushInteger(kind.value_or(device::kF32));
}

void MicroKernelCall::pushAddress(Value operand) {
  Value address = kernel.addresses.lookup(operand).front();
  if (auto type = dyn_cast<MemRefType>(operand.getType()))
    address = kernel.getStart(address, type);
  push(address);
}

/// Elements from one slot to the next of the one plane of a state; 0 when it grows.
void MicroKernelCall::pushSlotStride(Value state) {
  StatePlane plane = cast<StateTypeInterface>(state.getType()).getPlanes().front();
  int64_t bytes = kernel.recordStride ? kernel.recordStride : plane.getBytes();
  int64_t elements = plane.grows ? 0 : bytes / (plane.element.getIntOrFloatBitWidth() / 8);
  push(kernel.constant(kernel.builder.getI64IntegerAttr(elements)));
}

/// The stride of rows with adjacent columns.
void MicroKernelCall::pushStride(Value rows) {
  auto [strides, offset] = cast<MemRefType>(rows.getType()).getStridesAndOffset();
  bool fits = strides.size() == 2 && strides[1] == 1 && !ShapedType::isDynamic(strides[0]) &&
              !ShapedType::isDynamic(offset);
  if (!fits)
    fail() << "expected rows of adjacent columns with a static stride, got " << rows.getType();
  pushInteger(fits ? strides[0] : 0);
}

//===- Arguments ---------------------------------------------------------------------------------------------===//

void MicroKernelCall::begin() { push(kernel.getTile()); }

void MicroKernelCall::addNumber(StringRef argument, const NumberField &field) {
  if (require(argument, field.value != nullptr))
    push(field.value);
}

void MicroKernelCall::addIds(StringRef argument, const OperandField &field) {
  if (!require(argument, field.value != nullptr))
    return;
  if (!getElementTypeOrSelf(field.value.getType()).isInteger(32))
    fail() << "expected i32 as `" << argument << "` of @" << name << ", got " << field.value.getType();
  pushAddress(field.value);
}

void MicroKernelCall::addSegments(StringRef argument, const OperandField &field) {
  if (!require(argument, field.value != nullptr))
    return;
  if (!isa<SegmentsType>(field.value.getType()))
    fail() << "expected a segment table as `" << argument << "` of @" << name << ", got " << field.value.getType();
  pushAddress(field.value);
}

void MicroKernelCall::addState(StringRef argument, const OperandField &field) {
  if (!require(argument, field.value != nullptr))
    return;
  auto state = dyn_cast<StateType>(field.value.getType());
  if (!state || !state.getElement().isF32())
    fail() << "expected a state of f32, got " << field.value.getType();
  pushAddress(field.value);
  pushSlotStride(field.value);
}

void MicroKernelCall::addPlane(StringRef argument, const OptionalOperandField &field) {
  if (!require(argument, field.value.has_value()))
    return;
  if (*field.value) {
    pushAddress(*field.value);
    return pushSlotStride(*field.value);
  }
  pushNull();
  push(kernel.constant(kernel.builder.getI64IntegerAttr(0)));
}

void MicroKernelCall::addPointer(StringRef argument, const PointerField &field) {
  if (!require(argument, field.value.has_value()))
    return;
  if (*field.value)
    push(*field.value);
  else
    pushNull();
}

void MicroKernelCall::addRows(StringRef argument, const OptionalOperandField &field) {
  if (!require(argument, field.value.has_value()))
    return;
  if (*field.value)
    return addRowsOut(argument, OperandField{*field.value});
  pushNull();
  pushInteger(device::kF32);
  pushInteger(0);
}

void MicroKernelCall::addRowsOut(StringRef argument, const OperandField &field) {
  if (!require(argument, field.value != nullptr))
    return;
  pushAddress(field.value);
  // Integers, one in a row, are moved like one f32: by their bits.
  auto type = dyn_cast<MemRefType>(field.value.getType());
  if (type && type.getRank() == 1 && type.getElementType().isInteger(32)) {
    pushInteger(device::kF32);
    return pushInteger(1);
  }
  pushKind(getElementTypeOrSelf(field.value.getType()));
  pushStride(field.value);
}

void MicroKernelCall::addFloatRows(StringRef argument, const OperandField &field) {
  if (!require(argument, field.value != nullptr))
    return;
  if (!getElementTypeOrSelf(field.value.getType()).isF32())
    fail() << "expected rows of f32 for @" << name << ", got " << field.value.getType();
  pushAddress(field.value);
  pushStride(field.value);
}

void MicroKernelCall::addOptionalFloatRows(StringRef argument, const OptionalOperandField &field) {
  if (!require(argument, field.value.has_value()))
    return;
  Value rows = *field.value;
  if (!rows) {
    pushNull();
    pushFlag(false);
    return pushInteger(0);
  }
  addFloatRows(argument, OperandField{rows});
  Value stride = arguments.pop_back_val();
  pushFlag(true);
  push(stride);
}

void MicroKernelCall::addOptionalVector(StringRef argument, const VectorField &field) {
  if (!require(argument, field.value.has_value()))
    return;
  if (std::optional<unsigned> group = *field.value) {
    push(kernel.parameters[*group].first);
    pushFlag(true);
    return pushKind(kernel.parameters[*group].second.getElementType());
  }
  pushNull();
  pushFlag(false);
  pushInteger(device::kF32);
}

void MicroKernelCall::addRope(StringRef argument, const RopeField &field) {
  if (!require(argument, field.value.has_value()))
    return;
  RopeAttr rope = *field.value;
  push(kernel.getFrequencies(rope));
  pushInteger(getStyle(rope));
  pushInteger(rope ? rope.getInvFreq().size() : 0);
}

void MicroKernelCall::addInteger(StringRef argument, const IntegerField &field) {
  if (require(argument, field.value.has_value()))
    pushInteger(*field.value);
}

void MicroKernelCall::addReal(StringRef argument, const RealField &field) {
  if (require(argument, field.value.has_value()))
    push(kernel.constant(kernel.builder.getF32FloatAttr(*field.value)));
}

void MicroKernelCall::addFlag(StringRef argument, const FlagField &field) {
  if (require(argument, field.value.has_value()))
    pushFlag(*field.value);
}

void MicroKernelCall::addElement(StringRef argument, const ElementField &field) {
  if (require(argument, field.value != nullptr))
    pushKind(field.value);
}

void MicroKernelCall::addActivation(StringRef argument, const ActivationField &field) {
  if (require(argument, field.value.has_value()))
    pushInteger(getActivationNumber(*field.value));
}

LogicalResult MicroKernelCall::finish() {
  if (failed)
    return failure();
  OpBuilder &builder = kernel.builder;
  auto callee = kernel.module.lookupSymbol<LLVM::LLVMFuncOp>(name);
  if (!callee) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(kernel.module.getBody());
    auto types = llvm::map_to_vector(arguments, [](Value value) { return value.getType(); });
    auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(builder.getContext()), types);
    callee = LLVM::LLVMFuncOp::create(builder, kernel.loc, name, type);
  }
  LLVM::CallOp::create(builder, kernel.loc, callee, arguments);
  return success();
}
