// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// yoco-lower-host: the kernels of a planned module for target `host`, to loops (phase `planned` to `program`).
//
//   1. A function with the same name takes the place of each kernel: handles among its arguments become buffers.
//   2. It loops over its tiles; the lowering of the one operation in the old body emits what a tile computes.
//
// Kernels for other targets are left alone. Refused: a body with another operation in it, rows that are not f32,
// buffers on the stack that are too large.

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/Passes.h"
#include "passes/analysis/Phase.h"
#include "passes/lowering/Kernels.h"
#include "passes/lowering/host/HostKernelModel.h"

namespace mlir::yoco {
#define GEN_PASS_DEF_LOWERHOSTPASS
#include "passes/Passes.h.inc"
} // namespace mlir::yoco

using namespace mlir;
using namespace mlir::yoco;

namespace {

/// Arguments in front of the buffers: rows, segments, seq, begin, end.
constexpr unsigned kScalarArguments = 5;

/// The buffers for an argument of `function`, a kernel, of type `type`.
SmallVector<Type> getBuffers(func::FuncOp function, Type type) {
  return getKernelBuffers(type, getRecordStride(function->getParentOp()));
}

LogicalResult checkElementTypes(func::FuncOp function, Operation *op) {
  for (Value operand : op->getOperands()) {
    auto argument = dyn_cast<BlockArgument>(operand);
    // Parameters are stored in types of their own and extended when they are loaded.
    if (argument && function.getArgAttr(argument.getArgNumber(), kParameterAttrName))
      continue;
    Type type = operand.getType();
    for (Type buffer : getBuffers(function, type)) {
      auto memref = dyn_cast<MemRefType>(buffer);
      if (!memref)
        return op->emitOpError("expected buffers, got ") << type;
      if (!memref.getElementType().isF32() && !memref.getElementType().isInteger(32))
        return op->emitOpError("expected f32 or i32 in buffers of target `host`, got ") << type;
    }
  }
  return success();
}

class LowerHostPass : public yoco::impl::LowerHostPassBase<LowerHostPass> {
public:
  using LowerHostPassBase::LowerHostPassBase;

  void runOnOperation() override {
    auto lower = [&](ModuleOp kernels, const Target &target) {
      return lowerModule(kernels, static_cast<const HostTarget &>(target));
    };
    if (failed(expectPhase(getOperation(), getArgument(), {Phase::planned, Phase::program})) ||
        failed(forEachKernelModule(getOperation(), HostDevice::kTraits.name, lower)))
      signalPassFailure();
  }

private:
  LogicalResult lowerModule(ModuleOp module, const HostTarget &target) {
    LogicalResult result = success();
    for (auto function : llvm::make_early_inc_range(module.getOps<func::FuncOp>())) {
      if (function.isExternal() || llvm::none_of(function.getBody().front(), [&](Operation &op) {
            return isa<RowKernelOpInterface>(op) || isa<YocoDialect>(op.getDialect()) || target.findKernel(&op);
          })) {
        ++numSkipped;
        continue;
      }
      // All errors of a module, not the first alone.
      if (failed(lowerKernel(function, target)))
        result = failure();
    }
    return result;
  }

  LogicalResult lowerKernel(func::FuncOp function, const HostTarget &target) {
    Operation *op = getOnlyOperation(function);
    if (!op || failed(checkElementTypes(function, op)) || failed(checkKernelArguments(function, op)))
      return failure();
    auto *model = static_cast<const HostKernelModel *>(target.getKernel(op));
    if (!model)
      return failure();
    StringAttr name = function.getNameAttr();
    function.setName((name.getValue() + ".before").str());
    func::FuncOp lowered = makeFunction(function, name);
    Block &entry = lowered.getBody().front();
    OpBuilder builder = OpBuilder::atBlockEnd(&entry);
    KernelBuilder build(builder, lowered, target.getTileSizes().lanes);
    HostKernel kernel(build, target.getTileSizes(), entry.getArgument(0), entry.getArgument(1));
    mapArguments(function, lowered, kernel);
    LogicalResult result = success();
    build.forLoop(entry.getArgument(3), entry.getArgument(4), 1,
                  [&](Value tile) { result = model->lower(kernel, op, tile); });
    func::ReturnOp::create(builder, function.getLoc());
    if (failed(result)) {
      lowered.erase();
      function.setName(name);
      return failure();
    }
    ++(isa<RowKernelOpInterface>(op) ? numKernels : numElementwise);
    stackBytes += build.getStackBytes();
    function.erase();
    return success();
  }

  /// An empty function called `name` before `function`, with buffers instead of handles; attributes of arguments stay
  /// on the first buffer.
  static func::FuncOp makeFunction(func::FuncOp function, StringAttr name) {
    OpBuilder builder(function);
    SmallVector<Type> types;
    SmallVector<DictionaryAttr> attributes;
    for (BlockArgument argument : function.getArguments()) {
      SmallVector<Type> buffers = getBuffers(function, argument.getType());
      llvm::append_range(types, buffers);
      attributes.push_back(function.getArgAttrDict(argument.getArgNumber()));
      attributes.resize(types.size(), builder.getDictionaryAttr({}));
    }
    for (DictionaryAttr &dictionary : attributes)
      if (!dictionary)
        dictionary = builder.getDictionaryAttr({});
    auto lowered = func::FuncOp::create(builder, function.getLoc(), name, builder.getFunctionType(types, {}));
    lowered.setAllArgAttrs(attributes);
    lowered.addEntryBlock();
    return lowered;
  }

  static void mapArguments(func::FuncOp function, func::FuncOp lowered, HostKernel &kernel) {
    unsigned next = kScalarArguments;
    for (BlockArgument argument : function.getArguments().drop_front(kScalarArguments)) {
      unsigned count = getBuffers(function, argument.getType()).size();
      for (BlockArgument buffer : lowered.getArguments().slice(next, count))
        kernel.buffers[argument].push_back(buffer);
      if (function.getArgAttr(argument.getArgNumber(), kParameterAttrName))
        kernel.parameters.push_back(lowered.getArgument(next));
      next += count;
    }
  }
};

} // namespace
