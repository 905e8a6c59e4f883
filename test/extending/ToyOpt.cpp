// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// MLIR's opt driver with the yoco dialect and passes, like yoco-opt, and with the toy members of open sets that the
// tests of docs/Extending.md add. Each Toy*.cpp of this folder has one function here.

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "passes/Passes.h"
#include "passes/Pipelines.h"
#include "passes/lowering/Targets.h"
#include "test/extending/ToyActivation.h"
#include "test/extending/ToyKernel.h"
#include "test/extending/ToyState.h"

void registerToyEncoding();

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  registry.insert<mlir::yoco::YocoDialect>();
  mlir::yoco::registerAllTargets(registry);
  yoco::toy::registerToyActivation(registry);
  yoco::toy::registerToyKernel(registry);
  registerToyState(registry);
  mlir::registerAllPasses();
  mlir::yoco::registerYocoPasses();
  mlir::yoco::registerPipelines();
  registerToyEncoding();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "YOCO optimizer driver with toys\n", registry));
}
