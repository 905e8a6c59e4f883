// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A kernel that is being lowered to a gpu.func, and its arguments.

#ifndef YOCO_PASSES_LOWERING_NVPTX_NVPTXKERNEL_H
#define YOCO_PASSES_LOWERING_NVPTX_NVPTXKERNEL_H

#include "dialect/YocoOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "passes/lowering/nvptx/NvptxTarget.h"

namespace mlir::yoco {

struct NvptxKernel {
  NvptxKernel(OpBuilder &builder, gpu::GPUModuleOp module, gpu::GPUFuncOp function, const NvptxTarget &target)
      : builder(builder), loc(function.getLoc()), module(module), function(function), target(target),
        recordStride(getRecordStride(module)), rows(function.getArgument(0)), segments(function.getArgument(1)),
        seq(function.getArgument(2)) {}

  OpBuilder &builder;
  Location loc;
  gpu::GPUModuleOp module;
  gpu::GPUFuncOp function;
  const NvptxTarget &target;
  /// Bytes from one slot to the next of what does not grow; 0: slots are contiguous.
  const int64_t recordStride;
  /// Numbers of the step, as 64-bit integers.
  Value rows, segments, seq;
  /// Addresses that stand for each operand of the operation: one for each plane of a state, one of everything else.
  DenseMap<Value, SmallVector<Value>> addresses;
  /// The address and the type of each parameter group of the operation.
  SmallVector<std::pair<Value, MemRefType>> parameters;

  Type pointerType() { return LLVM::LLVMPointerType::get(builder.getContext()); }
  Value constant(TypedAttr value) { return arith::ConstantOp::create(builder, loc, value); }
  /// The number of the tile that a block computes, as a 64-bit integer: its index in the grid.
  Value getTile();
  /// The address of row `row` of the matrix that is parameter group `index`.
  Value getParameterRow(unsigned index, int64_t row);
  /// `address` with the offset of `type` added: where element 0 is.
  Value getStart(Value address, MemRefType type);
  /// The frequencies of a rotation, as a constant in global memory: lanes read different ones. Null without a rotation.
  Value getFrequencies(RopeAttr rope);
};

} // namespace mlir::yoco

#endif // YOCO_PASSES_LOWERING_NVPTX_NVPTXKERNEL_H
