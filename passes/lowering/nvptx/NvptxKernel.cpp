// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/lowering/nvptx/NvptxKernel.h"

using namespace mlir;
using namespace mlir::yoco;

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

Value NvptxKernel::getTile() {
  Value block = gpu::BlockIdOp::create(builder, loc, gpu::Dimension::x);
  return arith::IndexCastOp::create(builder, loc, builder.getI64Type(), block);
}

Value NvptxKernel::getParameterRow(unsigned index, int64_t row) {
  auto [base, type] = parameters[index];
  Value offset = constant(builder.getI64IntegerAttr(row * type.getStridesAndOffset().first.front()));
  return LLVM::GEPOp::create(builder, loc, pointerType(), type.getElementType(), base,
                             ArrayRef<LLVM::GEPArg>{offset});
}
