// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/lowering/Kernels.h"

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
