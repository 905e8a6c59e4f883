// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/lowering/Kernels.h"
#include "passes/target/TargetRegistry.h"

using namespace mlir;
using namespace mlir::yoco;

SmallVector<ModuleOp> yoco::getKernelModules(ModuleOp module) {
  SmallVector<ModuleOp> modules;
  module.walk([&](ModuleOp nested) {
    if (nested->hasAttr(kKernelsAttrName))
      modules.push_back(nested);
  });
  return modules;
}

LogicalResult yoco::forEachKernelModule(ModuleOp module, StringRef device,
                                        function_ref<LogicalResult(ModuleOp, const Target &)> lower) {
  const TargetDevice *wanted = TargetRegistry::findDevice(module.getContext(), device);
  for (ModuleOp kernels : getKernelModules(module)) {
    TargetAttr attr = getTargetAttrOf(kernels);
    if (!attr)
      return failure();
    if (TargetRegistry::findDevice(module.getContext(), attr.getDevice()) != wanted)
      continue;
    std::unique_ptr<Target> target = Target::get(attr, kernels.getLoc());
    if (!target || failed(lower(kernels, *target)))
      return failure();
  }
  return success();
}

Operation *yoco::getOnlyOperation(func::FuncOp function) {
  Operation *only = nullptr;
  if (function.isExternal()) {
    function.emitOpError("expected a kernel with a body, got a declaration");
    return nullptr;
  }
  for (Operation &op : function.getBody().front().without_terminator()) {
    if (isa<arith::ConstantOp>(op))
      continue;
    if (only) {
      op.emitOpError("expected one operation in a kernel, got another beside ") << only->getName();
      return nullptr;
    }
    only = &op;
  }
  if (!only)
    function.emitOpError("expected one operation in a kernel, got none");
  return only;
}

LogicalResult yoco::checkKernelArguments(func::FuncOp function, Operation *op) {
  constexpr unsigned kNumbers = 5;
  if (function.getNumArguments() < kNumbers)
    return function.emitOpError("expected rows, segments, seq, begin and end as arguments, got ")
           << function.getFunctionType();
  auto kernel = dyn_cast<RowKernelOpInterface>(op);
  if (!kernel) // Arithmetic on rows reads parameters as operands.
    return success();
  size_t groups = kernel.getParameterGroups().size(), parameters = 0;
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    parameters += function.getArgAttr(i, kParameterAttrName) ? 1 : 0;
  if (groups == parameters)
    return success();
  return op->emitOpError("expected one `")
         << kParameterAttrName << "` argument for each of " << groups << " parameter groups, got " << parameters;
}

//===- Launches ----------------------------------------------------------------------------------------------===//

DictionaryAttr yoco::makeImageLaunch(MLIRContext *context, const TargetCode::Block &block) {
  Builder builder(context);
  NamedAttrList list;
  list.append("threads", builder.getI64IntegerAttr(block.threads));
  list.append("shared_bytes", builder.getI64IntegerAttr(block.sharedBytes));
  if (block.cluster != 1)
    list.append("cluster", builder.getI64IntegerAttr(block.cluster));
  if (block.cooperative)
    list.append("cooperative", builder.getUnitAttr());
  return list.getDictionary(context);
}

FailureOr<TargetCode::Block> yoco::getImageLaunch(Operation *kernel, StringRef architecture, int64_t sharedLimit) {
  auto images = kernel->getAttrOfType<DictionaryAttr>(kImagesAttrName);
  auto launch = images ? images.getAs<DictionaryAttr>(architecture) : DictionaryAttr();
  if (!launch)
    return (LogicalResult)(kernel->emitOpError("expected `")
                           << kImagesAttrName << "` to say how it is launched on " << architecture << ", got "
                           << kernel->getAttr(kImagesAttrName));
  bool failed = false;
  auto getNumber = [&](StringRef name, int64_t least, int64_t most, int64_t absent) -> uint32_t {
    auto number = launch.getAs<IntegerAttr>(name);
    if (!launch.contains(name) && absent >= 0)
      return absent;
    if (number && number.getValue().isSignedIntN(64) && number.getInt() >= least && number.getInt() <= most)
      return number.getInt();
    kernel->emitOpError("expected `") << name << "` from " << least << " to " << most << " on " << architecture
                                      << ", got " << launch.get(name);
    failed = true;
    return 0;
  };
  TargetCode::Block block;
  block.threads = getNumber("threads", 1, 1024, -1);
  block.sharedBytes = getNumber("shared_bytes", 0, sharedLimit, -1);
  block.cluster = getNumber("cluster", 1, 8, 1);
  block.cooperative = launch.contains("cooperative");
  if (failed)
    return failure();
  return block;
}
