// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/planning/EntryBuffers.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::yoco;

/// None when so many bytes do not fit in 63 bits.
std::optional<SizeAttr> EntryBuffers::getSize(int64_t bytesPerRow, const Set &set) {
  SizeTerm term = SizeTerm::constant(bytesPerRow);
  if (set.most != 0 && llvm::MulOverflow(bytesPerRow, set.most, term.coefficient))
    return std::nullopt;
  if (set.most == 0)
    term.powers[set.bound == RowBound::batch ? 1 : set.bound == RowBound::chunk ? 2 : 3] = 1;
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
  // Logits are handed to the caller, row after row.
  int64_t alignment = role == BufferRole::logits || isReturned ? 1 : target.getRowAlignment();
  int64_t elementBytes = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
  auto memref = MemRefType::get(type.getShape(), type.getElementType());
  if (type.getRank() == 2 && bytes % alignment != 0) {
    bytes = llvm::alignTo(bytes, alignment);
    auto layout = StridedLayoutAttr::get(builder.getContext(), 0, {bytes / elementBytes, 1});
    memref = MemRefType::get(type.getShape(), type.getElementType(), layout);
  }
  std::optional<SizeAttr> size = getSize(llvm::alignTo(bytes, kAlignment), sets[set]);
  if (!size) {
    op->emitOpError("expected less than 2^63 bytes of rows, got ") << sets[set].most << " of " << tensor;
    return {};
  }
  ++numBuffers;
  auto attribute = role ? BufferRoleAttr::get(builder.getContext(), *role) : BufferRoleAttr();
  Value buffer = AllocOp::create(builder, op->getLoc(), memref, *size, attribute, set);
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

/// Segments are as many as slots, or as rows where each is one; never more than all rows of the step.
Value EntryBuffers::allocateSegments(Location loc, Type type, unsigned set) {
  ++numBuffers;
  Set segments = sets[set];
  if (!segments.eachRow) {
    segments.bound = RowBound::batch;
    segments.most = sets.front().most;
  }
  auto role = BufferRoleAttr::get(builder.getContext(), BufferRole::segments);
  return AllocOp::create(builder, loc, type, *getSize(16, segments), role, set);
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
  Value first = sets[set].first, &rows = sets[set].rows;
  if (rows)
    return rows;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointAfterValue(first);
  Value zero = arith::ConstantIndexOp::create(builder, first.getLoc(), 0);
  return rows = memref::DimOp::create(builder, first.getLoc(), first, zero);
}
