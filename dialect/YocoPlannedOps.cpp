// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operations of phases `planned` and `program`: checks.

#include "dialect/ParameterUses.h"
#include "dialect/YocoOps.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::yoco;

#define GET_OP_CLASSES
#include "dialect/YocoOps.cpp.inc"

LogicalResult ArenaOp::verify() {
  if (getSizes().empty())
    return emitOpError("expected at least one size, got none");
  if (!getRecords() != !getStride())
    return emitOpError("expected records with a place and a stride, got one without the other");
  if (!getStride())
    return success();
  if (getKind() != ArenaKind::persistent)
    return emitOpError("expected records in an arena of kind persistent, got ") << stringifyArenaKind(getKind());
  if (int64_t stride = *getStride(); stride < 1 || stride % kAlignment != 0)
    return emitOpError("expected a stride that is a positive multiple of ") << kAlignment << ", got " << stride;
  return success();
}

BufferRole yoco::getRole(EntryOutput output) {
  switch (output) {
  case EntryOutput::logits:
    return BufferRole::logits;
  case EntryOutput::sampled:
    return BufferRole::sampled;
  case EntryOutput::logprobs:
    return BufferRole::logprobs;
  }
  llvm_unreachable("all outputs are listed");
}

std::optional<EntryOutput> yoco::getOutput(BufferRole role) {
  switch (role) {
  case BufferRole::ids:
  case BufferRole::segments:
  case BufferRole::targets:
    return std::nullopt;
  case BufferRole::logits:
    return EntryOutput::logits;
  case BufferRole::sampled:
    return EntryOutput::sampled;
  case BufferRole::logprobs:
    return EntryOutput::logprobs;
  }
  llvm_unreachable("all roles are listed");
}

LogicalResult ViewOp::verifySymbolUses(SymbolTableCollection &tables) {
  if (!tables.lookupNearestSymbolFrom<ArenaOp>(*this, getArenaAttr()))
    return emitOpError("expected ") << getArenaAttr() << " to name a `yoco.arena`";
  return success();
}

LogicalResult RowSetOp::verifySymbolUses(SymbolTableCollection &tables) {
  for (Attribute name : getStatesAttr() ? getStatesAttr().getValue() : ArrayRef<Attribute>())
    if (!tables.lookupNearestSymbolFrom<StateDeclOp>(*this, cast<FlatSymbolRefAttr>(name)))
      return emitOpError("expected ") << name << " to name a `yoco.state_decl`";
  return success();
}

/// Costs of parameters name some that are there.
static LogicalResult verifyCosts(Operation *op, std::optional<ArrayAttr> costs, SymbolTableCollection &tables) {
  if (!costs)
    return success();
  for (auto cost : costs->getAsRange<CostAttr>())
    if (FlatSymbolRefAttr name = cost.getParameter();
        name && !tables.lookupNearestSymbolFrom<PackedParameterOp>(op, name))
      return op->emitOpError("expected costs of ") << name << " to name a `yoco.packed_parameter`";
  return success();
}

LogicalResult GemmOp::verifySymbolUses(SymbolTableCollection &tables) { return verifyCosts(*this, getCosts(), tables); }

LogicalResult GemmOp::verify() {
  MemRefType input = getInput().getType(), out = getOut().getType();
  auto weight = cast<MemRefType>(getWeight().getType());
  if (weight.getRank() != 2 || weight.getDimSize(0) != out.getDimSize(1) || weight.getDimSize(1) != input.getDimSize(1))
    return emitOpError("expected a weight of ")
           << out.getDimSize(1) << " rows and " << input.getDimSize(1) << " columns, got " << weight;
  if (weight.getElementType() != input.getElementType())
    return emitOpError("expected input and weight of one element type, got ") << input << " and " << weight;
  if (getResidual() && (getResidual().getType().getDimSize(1) != out.getDimSize(1) ||
                        getResidual().getType().getElementType() != out.getElementType()))
    return emitOpError("expected a residual like the result, ") << out << ", got " << getResidual().getType();
  for (MemRefType type : {input, weight, out}) {
    auto [strides, offset] = type.getStridesAndOffset();
    if (strides.back() != 1 || ShapedType::isDynamic(strides.front()) || ShapedType::isDynamic(offset))
      return emitOpError("expected rows of consecutive elements at a fixed distance, got ") << type;
  }
  return success();
}

LogicalResult CopyOp::canonicalize(CopyOp op, PatternRewriter &rewriter) {
  if (op.getSource() != op.getDestination())
    return failure();
  rewriter.eraseOp(op);
  return success();
}

LogicalResult StateRefOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto state = tables.lookupNearestSymbolFrom<StateDeclOp>(*this, getStateAttr());
  if (!state)
    return emitOpError("expected ") << getStateAttr() << " to name a `yoco.state_decl`";
  if (state.getType() != getType())
    return emitOpError("expected the declared type ") << state.getType() << ", got " << getType();
  return success();
}

LogicalResult PackedParameterOp::verify() {
  auto type = cast<RankedTensorType>(getType());
  bool panels = getLayout() == WeightLayout::panels;
  if (getParts().empty())
    return emitOpError("expected at least one part, got none");
  int64_t panel = getPanel();
  if (panels ? panel < 1 : panel != 0)
    return emitOpError("expected a panel of ") << (panels ? "at least 1 row" : "0 with layout row_major") << ", got "
                                               << panel;
  if (getStride() && (panels || type.getRank() != 2 || static_cast<int64_t>(*getStride()) < type.getDimSize(1)))
    return emitOpError("expected a stride with layout row_major, of at least the columns of ")
           << type << ", got " << *getStride();
  if (getEncoding() && (panels || getStride()))
    return emitOpError("expected layout row_major without a stride with an encoding, got ")
           << (panels ? "panels" : "a stride");
  if (!type.hasStaticShape() || type.getRank() == 0 || type.getRank() > 2 || (panels && type.getRank() != 2))
    return emitOpError("expected the type of a vector or matrix of static shape, a matrix with panels, got ") << type;
  return success();
}

int64_t PackedParameterOp::getRowBytes() {
  auto type = cast<RankedTensorType>(getType());
  if (std::optional<EncodingAttr> encoding = getEncoding()) {
    int64_t columns = type.getShape().back();
    return encoding->getCodeBytesOfRow(columns) +
           encoding->getScalesOfRow(columns) * int64_t(encoding->getScale().getIntOrFloatBitWidth() / 8);
  }
  return type.getShape().back() * type.getElementTypeBitWidth() / 8;
}

int64_t PackedParameterOp::getStoredBytes() {
  auto type = cast<RankedTensorType>(getType());
  int64_t rows = type.getRank() == 2 ? type.getDimSize(0) : 1;
  if (std::optional<EncodingAttr> encoding = getEncoding())
    return encoding->getBytes(rows, type.getShape().back());
  if (getLayout() == WeightLayout::panels)
    return llvm::alignTo(rows, getPanel()) * getRowBytes();
  return getStride() ? rows * *getStride() * type.getElementTypeBitWidth() / 8 : rows * getRowBytes();
}

int64_t PackedParameterOp::getRowOffset(int64_t row) {
  auto type = cast<RankedTensorType>(getType());
  return row * (getStride() ? *getStride() * type.getElementTypeBitWidth() / 8 : getRowBytes());
}

MemRefType PackedParameterOp::getMemoryType(int64_t end, int64_t first) {
  auto type = cast<RankedTensorType>(getType());
  if (getEncoding())
    return MemRefType::get({getStoredBytes()}, IntegerType::get(getContext(), 8));
  SmallVector<int64_t> shape(type.getShape());
  if (end != 0)
    shape[0] = end - first;
  if (getLayout() == WeightLayout::panels) {
    int64_t panel = getPanel();
    shape = {static_cast<int64_t>(llvm::divideCeil(shape[0], panel)), shape[1], panel};
  }
  if (std::optional<int64_t> stride = getStride(); stride && *stride != shape[1])
    return MemRefType::get(shape, type.getElementType(), StridedLayoutAttr::get(getContext(), 0, {*stride, 1}));
  return MemRefType::get(shape, type.getElementType());
}

LogicalResult PackedParameterOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto type = cast<RankedTensorType>(getType());
  int64_t rows = 0;
  for (Attribute part : getParts()) {
    FailureOr<RankedTensorType> source = lookupParameter(*this, tables, cast<FlatSymbolRefAttr>(part));
    if (failed(source))
      return failure();
    if (source->getRank() != type.getRank() || source->getShape().drop_front() != type.getShape().drop_front())
      return emitOpError("expected parts with rows like those of ") << type << ", got " << *source;
    rows += source->getDimSize(0);
  }
  if (rows != type.getDimSize(0))
    return emitOpError("expected as many rows as the parts have, ") << rows << ", got " << type.getDimSize(0);
  return success();
}

LogicalResult ParameterRefOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto packed = tables.lookupNearestSymbolFrom<PackedParameterOp>(*this, getParameterAttr());
  if (!packed)
    return emitOpError("expected ") << getParameterAttr() << " to name a `yoco.packed_parameter`";
  int64_t first = getFirstRow(), end = getEndRow();
  if (end != 0) {
    auto matrix = cast<RankedTensorType>(packed.getType());
    int64_t panel = std::max<int64_t>(packed.getPanel(), 1), rows = matrix.getDimSize(0);
    if (packed.getEncoding() || matrix.getRank() != 2)
      return emitOpError("expected rows of a matrix without an encoding, got ") << getParameterAttr();
    if (first < 0 || first >= end || end > rows || first % panel != 0 || (end % panel != 0 && end != rows))
      return emitOpError("expected some of ")
             << rows << " rows in whole panels of " << panel << ", got " << first << " to " << end;
    if (packed.getRowOffset(first) % kAlignment != 0)
      return emitOpError("expected a first row at a multiple of ") << kAlignment << " bytes, got one at "
                                                                   << packed.getRowOffset(first);
  }
  MemRefType expected = packed.getMemoryType(end, first);
  if (getType() != expected)
    return emitOpError("expected type ") << expected << ", got " << getType();
  return success();
}

int64_t yoco::getRecordStride(Operation *kernels) {
  auto stride = kernels->getAttrOfType<IntegerAttr>(kRecordStrideAttrName);
  return stride ? stride.getInt() : 0;
}

SmallVector<Type> yoco::getKernelBuffers(Type type, int64_t recordStride) {
  if (isa<SegmentsType>(type))
    return {MemRefType::get({ShapedType::kDynamic, 4}, IntegerType::get(type.getContext(), 32))};
  auto state = dyn_cast<StateTypeInterface>(type);
  if (!state)
    return {type};
  return llvm::map_to_vector(state.getPlanes(),
                             [&](const StatePlane &plane) { return Type(plane.getBufferType(recordStride)); });
}

/// A kernel of a GPU has one 64-bit word for each argument: rows, segments, seq, and the address of each buffer.
static LogicalResult verifyWords(LaunchOp launch, FunctionOpInterface kernel) {
  SmallVector<Type> words;
  for (Type type : launch.getOperandTypes())
    llvm::append_range(words, getKernelBuffers(type, /*recordStride=*/0));
  if (kernel.getNumArguments() != words.size() + 3)
    return launch.emitOpError("expected a kernel of rows, segments, seq and ")
           << words.size() << " addresses, got " << kernel.getFunctionType();
  return success();
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &tables) {
  if (failed(verifyCosts(*this, getCosts(), tables)))
    return failure();
  Operation *symbol = tables.lookupNearestSymbolFrom(*this, getKernelAttr());
  auto function = dyn_cast_or_null<FunctionOpInterface>(symbol);
  if (!function)
    return emitOpError("expected ") << getKernelAttr() << " to name a kernel function";
  auto kernel = dyn_cast<func::FuncOp>(symbol);
  if (!kernel)
    return verifyWords(*this, function);
  // Before a kernel is lowered its arguments are the launch's own; afterwards states are buffers.
  auto index = IndexType::get(getContext());
  SmallVector<Type> plain(5, index), lowered(5, index);
  for (Type type : getOperandTypes()) {
    plain.push_back(type);
    llvm::append_range(lowered, getKernelBuffers(type, getRecordStride(kernel->getParentOp())));
  }
  ArrayRef<Type> inputs = kernel.getFunctionType().getInputs();
  if (inputs != ArrayRef<Type>(plain) && inputs != ArrayRef<Type>(lowered))
    return emitOpError("expected arguments that fit the kernel, ") << kernel.getFunctionType() << ", got "
                                                                   << getOperandTypes();
  return success();
}
