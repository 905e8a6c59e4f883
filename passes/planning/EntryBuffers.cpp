// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/planning/EntryBuffers.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::yoco;

SizeAttr EntryBuffers::getSize(int64_t bytesPerRow, RowBound bound) {
  SizeTerm term = SizeTerm::constant(bytesPerRow);
  term.powers[bound == RowBound::batch ? 1 : bound == RowBound::chunk ? 2 : 3] = 1;
  return SizeAttr::get(builder.getContext(), term);
}

Value EntryBuffers::allocate(Operation *op, Type tensor, unsigned set, std::optional<BufferRole> role,
                             bool isReturned) {
  auto type = dyn_cast<RankedTensorType>(tensor);
  int64_t bytes = 0;
  bool valid = type && type.getRank() >= 1 && type.getRank() <= 3 && type.isDynamicDim(0) &&
               (isa<FloatType>(type.getElementType()) || type.getElementType().isInteger(32)) &&
               llvm::none_of(type.getShape().drop_front(), [](int64_t size) { return size <= 0; });
  if (valid) {
    bytes = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
    for (int64_t size : type.getShape().drop_front())
      valid &= !llvm::MulOverflow(bytes, size, bytes);
    valid &= bytes <= std::numeric_limits<int64_t>::max() - kAlignment;
  }
  if (!valid) {
    op->emitOpError("expected rows of floats or 32-bit integers, got ") << tensor;
    return {};
  }
  ++numBuffers;
  // Logits are handed to the caller, row after row.
  int64_t alignment = role == BufferRole::logits || isReturned ? 1 : target.getRowAlignment();
  int64_t elementBytes = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
  auto memref = MemRefType::get(type.getShape(), type.getElementType());
  if (type.getRank() == 2 && bytes % alignment != 0) {
    bytes = llvm::alignTo(bytes, alignment);
    auto layout = StridedLayoutAttr::get(builder.getContext(), 0, {bytes / elementBytes, 1});
    memref = MemRefType::get(type.getShape(), type.getElementType(), layout);
  }
  SizeAttr size = getSize(llvm::alignTo(bytes, kAlignment), sets[set].bound);
  auto attribute = role ? BufferRoleAttr::get(builder.getContext(), *role) : BufferRoleAttr();
  Value buffer = AllocOp::create(builder, op->getLoc(), memref, size, attribute, set);
  if (!sets[set].first)
    sets[set].first = buffer;
  if (role == BufferRole::ids)
    ids = buffer;
  return buffer;
}

Value EntryBuffers::allocate(OpResult result, unsigned set) {
  return allocate(result.getOwner(), result.getType(), set, std::nullopt,
                  llvm::any_of(result.getUsers(), llvm::IsaPred<func::ReturnOp>));
}

Value EntryBuffers::allocateSegments(Location loc, Type type, unsigned set) {
  ++numBuffers;
  auto role = BufferRoleAttr::get(builder.getContext(), BufferRole::segments);
  return AllocOp::create(builder, loc, type, getSize(16, RowBound::batch), role, set);
}

Value EntryBuffers::allocateWorkspace(Operation *op, int64_t bytes) {
  ++numBuffers;
  auto type = MemRefType::get({bytes}, builder.getI8Type());
  SizeAttr size = SizeAttr::get(builder.getContext(), SizeTerm::constant(llvm::alignTo(bytes, kAlignment)));
  return AllocOp::create(builder, op->getLoc(), type, size, BufferRoleAttr()).getResult();
}

FailureOr<Value> EntryBuffers::get(Operation *op, Value value) {
  auto it = buffers.find(value);
  if (it == buffers.end()) {
    if (!isa<TensorType, SegmentsType, StateTypeInterface>(value.getType()))
      return value;
    return (LogicalResult)(op->emitOpError("expected an operand that has a buffer, got one of type ")
                           << value.getType() << " that has none");
  }
  auto version = current.find(it->second);
  if (version != current.end() && version->second != value) {
    InFlightDiagnostic error = op->emitOpError("uses a version of a state that has been overwritten");
    if (Operation *writer = version->second.getDefiningOp())
      error.attachNote(writer->getLoc()) << "overwritten here";
    return (LogicalResult)error;
  }
  return it->second;
}

void EntryBuffers::setVersion(Value version, Value reference) {
  buffers[version] = reference;
  current[reference] = version;
}

Value EntryBuffers::getRows(unsigned set) {
  auto &[bound, first, rows] = sets[set];
  if (rows)
    return rows;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointAfterValue(first);
  Value zero = arith::ConstantIndexOp::create(builder, first.getLoc(), 0);
  return rows = memref::DimOp::create(builder, first.getLoc(), first, zero);
}
