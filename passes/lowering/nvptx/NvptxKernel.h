// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A kernel that is being lowered to a gpu.func: its arguments, and the call of a micro-kernel.

#ifndef YOCO_PASSES_LOWERING_NVPTX_NVPTXKERNEL_H
#define YOCO_PASSES_LOWERING_NVPTX_NVPTXKERNEL_H

#include "dialect/YocoOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace mlir::yoco {

struct NvptxKernel {
  NvptxKernel(OpBuilder &builder, gpu::GPUModuleOp module, gpu::GPUFuncOp function, bool bf16)
      : builder(builder), loc(function.getLoc()), module(module), function(function), bf16(bf16),
        rows(function.getArgument(0)), segments(function.getArgument(1)), seq(function.getArgument(2)) {}

  OpBuilder &builder;
  Location loc;
  gpu::GPUModuleOp module;
  gpu::GPUFuncOp function;
  /// Products are of bf16, by tensor cores.
  const bool bf16;
  /// Numbers of the step, as 64-bit integers.
  Value rows, segments, seq;
  /// Addresses that stand for each operand of the operation: two of a cache, one of everything else.
  DenseMap<Value, SmallVector<Value>> addresses;
  /// The address and the type of each parameter group of the operation.
  SmallVector<std::pair<Value, MemRefType>> parameters;

  Type pointerType() { return LLVM::LLVMPointerType::get(builder.getContext()); }
  Value constant(TypedAttr value) { return arith::ConstantOp::create(builder, loc, value); }
  /// `address` with the offset of `type` added: where element 0 is.
  Value getStart(Value address, MemRefType type);
  /// The frequencies of a rotation, as a constant in global memory: lanes read different ones. Null without a rotation.
  Value getFrequencies(RopeAttr rope);
};

/// The call of a micro-kernel (kernels/nvptx/MicroKernels.h), argument by argument. What the micro-kernel cannot take
/// is an error on the operation, and then nothing is emitted.
class MicroKernelCall {
public:
  MicroKernelCall(NvptxKernel &kernel, Operation *op, StringRef name) : kernel(kernel), op(op), name(name) {}

  /// A number of the step.
  MicroKernelCall &number(Value value);
  /// `int`, `float` and `bool` constants.
  MicroKernelCall &integer(int64_t value);
  MicroKernelCall &real(FloatAttr value);
  MicroKernelCall &real(float value);
  MicroKernelCall &flag(bool value);
  /// Addresses: of 32-bit integers or a segment table; of a state; of the two planes of a cache; none at all.
  MicroKernelCall &pointer(Value operand);
  MicroKernelCall &cache(Value operand);
  MicroKernelCall &null();
  /// Rows: address, element type, stride.
  MicroKernelCall &rows(Value buffer);
  /// Rows that must be f32: address and stride.
  MicroKernelCall &floatRows(Value buffer);
  /// The same for rows that need not be there: f32 rows with a flag before the stride.
  MicroKernelCall &optionalFloatRows(Value buffer);
  /// An element type.
  MicroKernelCall &kind(Type element);
  /// The address of parameter group `index`.
  MicroKernelCall &parameter(unsigned index);
  /// The address of row `row` of the matrix that is parameter group `index`.
  MicroKernelCall &parameterRow(unsigned index, int64_t row);
  /// A vector that need not be there: address, flag, element type.
  MicroKernelCall &optionalVector(std::optional<unsigned> index);
  /// Frequencies and style.
  MicroKernelCall &rope(RopeAttr rope);

  LogicalResult emit();

private:
  MicroKernelCall &add(Value value);
  /// The stride of rows with adjacent columns.
  int64_t getStride(Value buffer);

  NvptxKernel &kernel;
  Operation *op;
  StringRef name;
  SmallVector<Value> arguments;
  bool failed = false;
};

} // namespace mlir::yoco

#endif // YOCO_PASSES_LOWERING_NVPTX_NVPTXKERNEL_H
