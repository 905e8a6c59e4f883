// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The dialect and its passes as a plugin of mlir-opt:
//   mlir-opt --load-dialect-plugin=YocoPlugin.so --load-pass-plugin=YocoPlugin.so --pass-pipeline=...

#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "passes/Passes.h"
#include "passes/Pipelines.h"
#include "passes/lowering/Targets.h"

extern "C" LLVM_ATTRIBUTE_WEAK mlir::DialectPluginLibraryInfo mlirGetDialectPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "yoco", "0.1",
          [](mlir::DialectRegistry *registry) {
            registry->insert<mlir::yoco::YocoDialect>();
            mlir::yoco::registerAllTargets(*registry);
          }};
}

extern "C" LLVM_ATTRIBUTE_WEAK mlir::PassPluginLibraryInfo mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "yoco", "0.1", []() {
            mlir::yoco::registerYocoPasses();
            mlir::yoco::registerPipelines();
          }};
}
