// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/emit/TargetCode.h"
#include "passes/lowering/host/HostCodeGen.h"
#include "passes/lowering/host/HostTarget.h"

using namespace mlir;
using namespace mlir::yoco;

std::optional<TargetCode> mlir::yoco::compileKernels(ModuleOp kernels, TargetAttr target) {
  // The one place that turns the name of a kind of device into the compiler for it.
  if (target.getDevice() != "host") {
    kernels.emitError("expected kernels for target `host`, got '") << target.getDevice() << "'";
    return std::nullopt;
  }
  auto object = compileHostKernels(kernels, target);
  if (failed(object))
    return std::nullopt;
  return TargetCode{std::vector<char>(object->begin(), object->end()), getCpuFeatures(target)};
}
