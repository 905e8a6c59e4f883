// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/lowering/nvptx/NvptxKernel.h"

using namespace mlir;
using namespace mlir::yoco;

//===- Kernels -----------------------------------------------------------------------------------------------===//

Value NvptxKernel::getStart(Value address, MemRefType type) {
  int64_t offset = type.getStridesAndOffset().second;
  if (offset == 0)
    return address;
  return LLVM::GEPOp::create(builder, loc, pointerType(), type.getElementType(), address,
                             ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(offset)});
}

Value NvptxKernel::getFrequencies(RopeAttr rope) {
  if (!rope)
    return LLVM::ZeroOp::create(builder, loc, pointerType());
  ArrayRef<float> values = rope.getInvFreq().asArrayRef();
  constexpr unsigned kGlobal = 1;
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())}, builder.getF32Type());
  auto data = DenseElementsAttr::get(type, values);
  LLVM::GlobalOp table;
  unsigned count = 0;
  for (auto global : module.getOps<LLVM::GlobalOp>()) {
    ++count;
    if (global.getValueOrNull() == data)
      table = global;
  }
  if (!table) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(module.getBody());
    table = LLVM::GlobalOp::create(builder, loc, LLVM::LLVMArrayType::get(builder.getF32Type(), values.size()),
                                   /*isConstant=*/true, LLVM::Linkage::Internal,
                                   ("yoco_frequencies_" + Twine(count)).str(), data, /*alignment=*/16, kGlobal);
  }
  Value address = LLVM::AddressOfOp::create(builder, loc, table);
  return LLVM::AddrSpaceCastOp::create(builder, loc, pointerType(), address);
}

//===- Calls -------------------------------------------------------------------------------------------------===//

// Numbers as in kernels/nvptx/MicroKernels.h.

static int64_t getKind(Type element) { return element.isF32() ? 0 : element.isBF16() ? 1 : element.isF16() ? 2 : -1; }

static int64_t getStyle(RopeAttr rope) { return !rope ? 0 : rope.getStyle() == RopeStyle::interleaved ? 1 : 2; }

MicroKernelCall &MicroKernelCall::add(Value value) {
  arguments.push_back(value);
  return *this;
}

MicroKernelCall &MicroKernelCall::number(Value value) { return add(value); }

MicroKernelCall &MicroKernelCall::integer(int64_t value) {
  if (!llvm::isInt<32>(value)) {
    op->emitOpError("expected sizes and strides below 2^31 for @") << name << ", got " << value;
    failed = true;
    value = 0;
  }
  return add(kernel.constant(kernel.builder.getI32IntegerAttr(static_cast<int32_t>(value))));
}

MicroKernelCall &MicroKernelCall::real(FloatAttr value) { return add(kernel.constant(value)); }
MicroKernelCall &MicroKernelCall::real(float value) { return real(kernel.builder.getF32FloatAttr(value)); }
MicroKernelCall &MicroKernelCall::flag(bool value) { return add(kernel.constant(kernel.builder.getBoolAttr(value))); }

MicroKernelCall &MicroKernelCall::pointer(Value operand) {
  Value address = kernel.addresses.lookup(operand).front();
  if (auto type = dyn_cast<MemRefType>(operand.getType()))
    address = kernel.getStart(address, type);
  return add(address);
}

MicroKernelCall &MicroKernelCall::cache(Value operand) {
  for (Value plane : kernel.addresses.lookup(operand))
    add(plane);
  return *this;
}

MicroKernelCall &MicroKernelCall::null() {
  return add(LLVM::ZeroOp::create(kernel.builder, kernel.loc, kernel.pointerType()));
}

int64_t MicroKernelCall::getStride(Value buffer) {
  auto [strides, offset] = cast<MemRefType>(buffer.getType()).getStridesAndOffset();
  if (strides.size() == 2 && strides[1] == 1 && !ShapedType::isDynamic(strides[0]) && !ShapedType::isDynamic(offset))
    return strides[0];
  op->emitOpError("expected rows of adjacent columns with a static stride, got ") << buffer.getType();
  failed = true;
  return 0;
}

MicroKernelCall &MicroKernelCall::rows(Value buffer) {
  return pointer(buffer).kind(getElementTypeOrSelf(buffer.getType())).integer(getStride(buffer));
}

MicroKernelCall &MicroKernelCall::floatRows(Value buffer) {
  if (!getElementTypeOrSelf(buffer.getType()).isF32()) {
    op->emitOpError("expected rows of f32 for @") << name << ", got " << buffer.getType();
    failed = true;
  }
  return pointer(buffer).integer(getStride(buffer));
}

MicroKernelCall &MicroKernelCall::optionalFloatRows(Value buffer) {
  if (!buffer)
    return null().flag(false).integer(0);
  floatRows(buffer);
  Value stride = arguments.pop_back_val();
  return flag(true).add(stride);
}

MicroKernelCall &MicroKernelCall::kind(Type element) {
  int64_t number = getKind(element);
  if (number < 0) {
    op->emitOpError("expected elements of f32, bf16 or f16, got ") << element;
    failed = true;
  }
  return integer(number);
}

MicroKernelCall &MicroKernelCall::parameter(unsigned index) { return add(kernel.parameters[index].first); }

MicroKernelCall &MicroKernelCall::parameterRow(unsigned index, int64_t row) {
  auto [base, type] = kernel.parameters[index];
  int64_t elements = row * type.getStridesAndOffset().first.front();
  Value offset = kernel.constant(kernel.builder.getI64IntegerAttr(elements));
  return add(LLVM::GEPOp::create(kernel.builder, kernel.loc, kernel.pointerType(), type.getElementType(), base,
                                 ArrayRef<LLVM::GEPArg>{offset}));
}

MicroKernelCall &MicroKernelCall::optionalVector(std::optional<unsigned> index) {
  if (!index)
    return null().flag(false).integer(0);
  return parameter(*index).flag(true).kind(kernel.parameters[*index].second.getElementType());
}

MicroKernelCall &MicroKernelCall::rope(RopeAttr rope) {
  return add(kernel.getFrequencies(rope)).integer(getStyle(rope));
}

LogicalResult MicroKernelCall::emit() {
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
