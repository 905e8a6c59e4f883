// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Types: syntax and checks.

#include "dialect/YocoOps.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::yoco;

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

LogicalResult KVCacheType::verify(function_ref<InFlightDiagnostic()> emitError, int64_t heads, int64_t key,
                                  int64_t value, Type element, int64_t window, CacheLayout) {
  if (heads < 1 || key < 1 || value < 1)
    return emitError() << "expected heads, key and value to be at least 1, got " << heads << ", " << key << " and "
                       << value;
  if (!element.isF32() && !element.isBF16() && !element.isF16())
    return emitError() << "expected an element type of f32, f16 or bf16, got " << element;
  if (window < 0)
    return emitError() << "expected a window of at least 0, got " << window;
  if (!getSlotBytes({heads, std::max(key, value), std::max<int64_t>(window, 1)}, element))
    return emitError() << "expected at most 2^63 - 1 bytes of keys and of values, got more";
  return success();
}

int64_t KVCacheType::getKeyBytesPerPosition() const { return getHeads() * getKey() * getBytes(getElement()); }
int64_t KVCacheType::getValueBytesPerPosition() const { return getHeads() * getValue() * getBytes(getElement()); }

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

int64_t StateType::getBytesPerSlot() const { return ShapedType::getNumElements(getShape()) * getBytes(getElement()); }
