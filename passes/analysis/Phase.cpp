// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/analysis/Phase.h"

using namespace mlir;
using namespace mlir::yoco;

std::optional<Phase> yoco::getPhase(ModuleOp module) {
  auto attribute = module->getAttrOfType<PhaseAttr>(YocoDialect::getPhaseAttrName());
  return attribute ? std::optional<Phase>(attribute.getValue()) : std::nullopt;
}

LogicalResult yoco::expectPhase(ModuleOp module, StringRef pass, ArrayRef<Phase> phases) {
  std::optional<Phase> phase = getPhase(module);
  if (!phase || llvm::is_contained(phases, *phase))
    return success();
  // At the place and not on the operation, which an error would print as a whole.
  InFlightDiagnostic error = mlir::emitError(module.getLoc(), pass) << ": expected a module in phase ";
  llvm::interleave(
      phases, [&](Phase each) { error << "`" << stringifyPhase(each) << "`"; }, [&] { error << " or "; });
  return error << ", got one in phase `" << stringifyPhase(*phase) << "`";
}
