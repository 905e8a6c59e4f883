// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Types: syntax and checks.

#include "dialect/YocoOps.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::yoco;

#include "dialect/YocoStateInterface.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "dialect/YocoTypes.cpp.inc"

void YocoDialect::registerTypes() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialect/YocoTypes.cpp.inc"
      >();
}

static int64_t getBytes(Type element) { return element.getIntOrFloatBitWidth() / 8; }

/// Bytes of so many elements; none when that is more than 2^63 - 1.
static std::optional<int64_t> getSlotBytes(ArrayRef<int64_t> sizes, Type element) {
  int64_t bytes = getBytes(element);
  for (int64_t size : sizes)
    if (llvm::MulOverflow(bytes, size, bytes))
      return std::nullopt;
  return bytes;
}

//===- Planes ------------------------------------------------------------------------------------------------===//

MemRefType StatePlane::getBufferType(int64_t stride) const {
  SmallVector<int64_t> sizes(grows ? 2 : 1, ShapedType::kDynamic);
  llvm::append_range(sizes, shape);
  if (grows || stride == 0 || stride == getBytes())
    return MemRefType::get(sizes, element);
  SmallVector<int64_t> strides(sizes.size(), 1);
  for (size_t i = sizes.size() - 1; i > 1; --i)
    strides[i - 1] = strides[i] * sizes[i];
  strides.front() = stride / ::getBytes(element);
  return MemRefType::get(sizes, element, StridedLayoutAttr::get(element.getContext(), 0, strides));
}

//===- Caches ------------------------------------------------------------------------------------------------===//

CacheType CacheType::get(RankedTensorType rows, int64_t window) {
  return get(rows.getContext(), rows.getDimSize(1), rows.getDimSize(2), rows.getElementType(), window,
             CacheLayout::contiguous);
}

LogicalResult CacheType::verify(function_ref<InFlightDiagnostic()> emitError, int64_t heads, int64_t width,
                                Type element, int64_t window, CacheLayout) {
  if (heads < 1 || width < 1)
    return emitError() << "expected heads and width to be at least 1, got " << heads << " and " << width;
  if (!element.isF32() && !element.isBF16() && !element.isF16())
    return emitError() << "expected an element type of f32, f16 or bf16, got " << element;
  if (window < 0)
    return emitError() << "expected a window of at least 0, got " << window;
  if (!getSlotBytes({heads, width, std::max<int64_t>(window, 1)}, element))
    return emitError() << "expected at most 2^63 - 1 bytes, got more";
  return success();
}

RankedTensorType CacheType::getRowsType() const {
  return RankedTensorType::get({ShapedType::kDynamic, getHeads(), getWidth()}, getElement());
}

SmallVector<StatePlane> CacheType::getPlanes() const {
  if (isRing())
    return {StatePlane{getElement(), {getWindow(), getHeads(), getWidth()}, false}};
  return {StatePlane{getElement(), {getHeads(), getWidth()}, true}};
}

std::string CacheType::getDescription() const {
  return isRing() ? "ring of the last " + std::to_string(getWindow()) + " positions" : "growing cache";
}

std::string CacheType::getSymbolPrefix(StringRef rows) const { return ((isRing() ? "ring_" : "") + rows).str(); }

RowDemand CacheType::getOwedRows(RowDemand read) const {
  if (isRing())
    return getWindow() == 1 ? RowDemand::none() : read; // a window of one row sees nothing of earlier steps
  // A growing cache holds every position, also those that no reader looks at: kernels read it in tiles.
  return read.isNone() ? read : RowDemand::all();
}

bool CacheType::isWrittenFirst() const {
  // A chunk that is written first would overwrite positions of a ring that the chunk's early rows still see.
  return !isRing();
}

Type CacheType::join(Type other) const {
  auto cache = dyn_cast<CacheType>(other);
  if (!cache)
    return {};
  // No window wins, then the longer one.
  int64_t window = isRing() && cache.isRing() ? std::max(getWindow(), cache.getWindow()) : 0;
  return get(getContext(), getHeads(), getWidth(), getElement(), window, getLayout());
}

Type CacheType::withStorageElement(FloatType element) const {
  return get(getContext(), getHeads(), getWidth(), element, getWindow(), getLayout());
}

Value CacheType::buildRowWrite(OpBuilder &builder, Location loc, Value state, Value rows, Value segments) const {
  return CacheWriteOp::create(builder, loc, state, rows, segments).getResult();
}

//===- States of scans ---------------------------------------------------------------------------------------===//

Type StateType::parse(AsmParser &parser) {
  SmallVector<int64_t> shape;
  Type element;
  if (parser.parseLess() || parser.parseDimensionList(shape, /*allowDynamic=*/false) || parser.parseType(element) ||
      parser.parseGreater())
    return {};
  return parser.getChecked<StateType>(parser.getContext(), shape, element);
}

void StateType::print(AsmPrinter &printer) const {
  printer << "<";
  printer.printDimensionList(getShape());
  printer << "x" << getElement() << ">";
}

LogicalResult StateType::verify(function_ref<InFlightDiagnostic()> emitError, ArrayRef<int64_t> shape, Type element) {
  if (shape.empty() || llvm::any_of(shape, [](int64_t size) { return size < 1; }))
    return emitError() << "expected at least one dimension and none below 1";
  if (!isa<FloatType>(element) || element.getIntOrFloatBitWidth() % 8 != 0)
    return emitError() << "expected a floating-point element type of whole bytes, got " << element;
  if (!getSlotBytes(shape, element))
    return emitError() << "expected at most 2^63 - 1 bytes, got more";
  return success();
}

SmallVector<StatePlane> StateType::getPlanes() const {
  return {StatePlane{getElement(), SmallVector<int64_t>(getShape()), false}};
}

std::string StateType::getDescription() const { return "state"; }

std::string StateType::getSymbolPrefix(StringRef) const { return "state"; }
