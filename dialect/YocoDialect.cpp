// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Registration of the dialect, and the checks of its attributes on other dialects' operations.

#include "dialect/YocoOps.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace mlir::yoco;

#include "dialect/YocoDialect.cpp.inc"

namespace {
/// Gives long rope attributes a name at the top of the printed module.
struct YocoAsmInterface : public OpAsmDialectInterface {
  using OpAsmDialectInterface::OpAsmDialectInterface;

  AliasResult getAlias(Attribute attribute, llvm::raw_ostream &os) const override {
    if (!isa<RopeAttr>(attribute))
      return AliasResult::NoAlias;
    os << "rope";
    return AliasResult::FinalAlias;
  }
};
} // namespace

void YocoDialect::initialize() {
  registerAttributes();
  registerTypes();
  addOperations<
#define GET_OP_LIST
#include "dialect/YocoOps.cpp.inc"
      >();
  addInterfaces<YocoAsmInterface>();
}

/// Checks an attribute of a module. Names that the dialect does not know are left alone.
static LogicalResult verifyModuleAttribute(Operation *op, NamedAttribute attribute) {
  StringRef name = attribute.getName().strref();
  auto expect = [&](bool holds, StringRef what) -> LogicalResult {
    if (holds)
      return success();
    return op->emitOpError("expected `") << name << "` to be " << what << ", got " << attribute.getValue();
  };
  Attribute value = attribute.getValue();
  if (name == YocoDialect::getPhaseAttrName())
    return expect(isa<PhaseAttr>(value), "a `#yoco.phase`");
  if (name == YocoDialect::getTargetAttrName())
    return expect(isa<TargetAttr>(value), "a `#yoco.target`");
  if (name == YocoDialect::getBoundsAttrName())
    return expect(isa<BoundsAttr>(value), "a `#yoco.bounds`");
  if (name == YocoDialect::getCheckpointAttrName() || name == YocoDialect::getTokenizerAttrName())
    return expect(isa<StringAttr>(value), "a string");
  if (name == YocoDialect::getStopIdsAttrName())
    return expect(isa<DenseI32ArrayAttr>(value), "an array of 32-bit integers");
  if (name == kRecordStrideAttrName) {
    auto integer = dyn_cast<IntegerAttr>(value);
    return expect(integer && integer.getType().isSignlessInteger(64) && integer.getInt() > 0 &&
                      integer.getInt() % kAlignment == 0,
                  "a 64-bit integer that is a positive multiple of 64");
  }
  if (name == YocoDialect::getMaxSequenceLengthAttrName()) {
    auto integer = dyn_cast<IntegerAttr>(value);
    return expect(integer && integer.getType().isSignlessInteger(64) && integer.getInt() > 0,
                  "a positive 64-bit integer");
  }
  return success();
}

LogicalResult YocoDialect::verifyOperationAttribute(Operation *op, NamedAttribute attribute) {
  StringRef name = attribute.getName().strref();
  if (isa<ModuleOp>(op) && name != getEntryAttrName())
    return verifyModuleAttribute(op, attribute);
  if (name == getLayerAttrName()) {
    if (!isa<StringAttr>(attribute.getValue()))
      return op->emitOpError("expected `yoco.layer` to be a string, got ") << attribute.getValue();
    return success();
  }
  if (name == kInitialAttrName) {
    auto values = dyn_cast<ArrayAttr>(attribute.getValue());
    if (!values || !llvm::all_of(values, llvm::IsaPred<FloatAttr>))
      return op->emitOpError("expected `yoco.initial` to be a list of numbers, got ") << attribute.getValue();
    return success();
  }
  if (name != getEntryAttrName())
    return success();
  if (!isa<func::FuncOp>(op))
    return op->emitOpError("expected `yoco.entry` on a function, got it on '") << op->getName() << "'";
  if (!isa<EntryAttr>(attribute.getValue()))
    return op->emitOpError("expected `yoco.entry` to be a `#yoco.entry`, got ") << attribute.getValue();
  if (!op->getRegion(0).hasOneBlock())
    return op->emitOpError("expected an entry point to have one block, got ") << op->getRegion(0).getBlocks().size();
  return success();
}

LogicalResult YocoDialect::verifyRegionArgAttribute(Operation *op, unsigned, unsigned argument,
                                                    NamedAttribute attribute) {
  StringRef name = attribute.getName().strref();
  if (name != getStateAttrName() && name != kParameterAttrName)
    return success();
  if (!isa<FlatSymbolRefAttr>(attribute.getValue()))
    return op->emitOpError("expected `") << name << "` of argument " << argument << " to be a symbol, got "
                                         << attribute.getValue();
  auto function = dyn_cast<FunctionOpInterface>(op);
  Type type = function ? function.getArgumentTypes()[argument] : Type();
  if (name == getStateAttrName() && !isa_and_present<StateTypeInterface>(type))
    return op->emitOpError("expected `yoco.state` on a cache or a state, got it on argument ")
           << argument << " of type " << type;
  return success();
}
