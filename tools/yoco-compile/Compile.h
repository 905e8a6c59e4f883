// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One run of the compiler: read, run the pipelines, write.

#ifndef YOCO_TOOLS_YOCO_COMPILE_COMPILE_H
#define YOCO_TOOLS_YOCO_COMPILE_COMPILE_H

#include "dialect/YocoOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "passes/Pipelines.h"
#include "tools/yoco-compile/CommandLine.h"
#include "tools/yoco-compile/Diagnostics.h"
#include "tools/yoco-compile/OutputFile.h"
#include <memory>

namespace yoco::compile {

/// What one command line asks for. `run`, then print `getText`, then `commit`.
class Job {
public:
  explicit Job(const CommandLine &line);

  /// Does everything but make the output visible under its name.
  llvm::Error run();

  /// What goes to stdout: reports, or the module.
  llvm::StringRef getText() const { return text; }

  llvm::Error commit();

private:
  llvm::Error checkTargets();
  llvm::Error openOutput();
  llvm::Error readInput();
  llvm::Error importInput();
  llvm::Error parseInput();
  llvm::Error checkPhase();
  llvm::Error checkVariants();
  llvm::Error checkVariant(mlir::yoco::TargetAttr target, mlir::yoco::BoundsAttr bounds);
  llvm::Error runPipelines();
  llvm::Error write();
  mlir::yoco::Phase getLastPhase() const;
  mlir::SmallVector<mlir::yoco::VariantOptions> getVariantOptions() const;

  const CommandLine &line;
  mlir::MLIRContext context;
  Diagnostics diagnostics;
  mlir::SmallVector<mlir::yoco::TargetAttr> targets; // of --target; empty when the default is meant
  std::unique_ptr<OutputFile> output;                // null when only stdout is written
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::string text;
};

} // namespace yoco::compile

#endif // YOCO_TOOLS_YOCO_COMPILE_COMPILE_H
