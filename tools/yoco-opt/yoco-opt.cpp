// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// MLIR's opt driver with the yoco dialect, passes and pipelines.

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "passes/Passes.h"
#include "passes/Pipelines.h"
#include "passes/lowering/Targets.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  registry.insert<mlir::yoco::YocoDialect>();
  mlir::yoco::registerAllTargets(registry);
  mlir::registerAllPasses();
  mlir::yoco::registerYocoPasses();
  mlir::yoco::registerPipelines();
  // An error shows its line of the input and not the operation, which may be a whole module.
  std::vector<char *> arguments(argv, argv + argc);
  auto isSet = [&](llvm::StringRef option) {
    return llvm::any_of(arguments, [&](llvm::StringRef argument) { return argument.ltrim('-').starts_with(option); });
  };
  char quiet[] = "--mlir-print-op-on-diagnostic=false", single[] = "--mlir-disable-threading";
  if (!isSet("mlir-print-op-on-diagnostic"))
    arguments.insert(arguments.begin() + 1, quiet);
  // Statistics are collected by thread.
  if (isSet("yoco-pass-statistics") && !isSet("mlir-disable-threading"))
    arguments.insert(arguments.begin() + 1, single);
  static llvm::cl::opt<bool> printStatistics("yoco-pass-statistics",
                                             llvm::cl::desc("Print to stderr what the passes counted"));
  mlir::yoco::StatisticsCollector statistics;
  mlir::LogicalResult result =
      mlir::MlirOptMain(static_cast<int>(arguments.size()), arguments.data(), "YOCO optimizer driver\n", registry);
  if (printStatistics)
    statistics.print(llvm::errs());
  return mlir::asMainReturnCode(result);
}
