// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The compiler as a library: from a checkpoint, or a module, to a model file in one call.

#ifndef YOCO_COMPILER_COMPILE_H
#define YOCO_COMPILER_COMPILE_H

#include "frontend/Import.h"
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace mlir {
class PassManager;
}

namespace mlir::yoco {

/// What a compilation makes, and for which machines and sessions. What is absent or empty is chosen: by the checkpoint,
/// by the target, or by the module when that is in a phase in which the choice has been made.
struct CompileOptions {
  /// "host", "host:x86-64-v4", "nvptx:sm_90a": one variant of the model for each. Empty: host.
  std::vector<std::string> targets;
  /// The type to compute in: "f32" or "bf16". Empty: each target's own.
  std::string dtype;
  std::optional<int64_t> maxSeqLen;    // longest sequence, in tokens
  std::optional<int64_t> maxBatch;     // sequences that a session holds at a time
  std::optional<int64_t> prefillChunk; // tokens of a prefill step
  /// "PATTERN=host": parameters whose names match the pattern, a glob, stay in the memory of the host, from which a
  /// device looks rows up.
  std::vector<std::string> placements;
  /// A seed: the weights are generated from it when the model file is loaded, and the checkpoint needs none.
  std::optional<uint64_t> randomWeights;

  /// The phase that the input module must be in; none: what it says itself.
  std::optional<Phase> compileFrom;
  /// The phase to stop after: the output is then a module as text. None: a model file.
  std::optional<Phase> compileTo;

  bool explainDemand = false; // report which rows each layer computes
  std::string demandPicture;  // draw that to this file, whose name ends in .svg; empty: no picture
  bool plan = false;          // report the memory plan
  bool statistics = false;    // report what passes counted

  /// Model families besides those of the project; they are asked first.
  SmallVector<Family> families;
  /// Called on the registry of dialects before the context is made: for dialects and extensions of the embedder's.
  std::function<void(DialectRegistry &)> extendDialects;
  /// Called on each pass manager before it runs: for timing, printing and the like.
  std::function<void(PassManager &)> configurePasses;
  /// Gets what is not an error: `kind` is "warning" or "remark", `text` is one line. Nothing: they are dropped.
  std::function<void(llvm::StringRef kind, llvm::StringRef text)> onDiagnostic;
  /// Stands before the names of options in messages; yoco-compile says "--".
  std::string optionPrefix;
};

/// The dialects and targets of a compilation, for a program that makes a context of its own.
DialectRegistry makeCompilerRegistry();

/// One compilation in steps, for a caller that wants to do something before the output is visible. Has a context of its
/// own and no state outside of it, so that compilations may follow each other, or run in threads, in one process.
class Compilation {
public:
  /// `input` is a checkpoint, a folder or a GGUF file, or a module. `output` is the file to write; without one (empty)
  /// the reports and, with `compileTo`, the module are all that there is.
  Compilation(llvm::StringRef input, llvm::StringRef output, CompileOptions options);
  ~Compilation();

  /// Does everything but make the output visible under its name. The error is one line.
  llvm::Error run();

  /// The reports that were asked for, and the module when there is no output for it.
  llvm::StringRef getText() const;

  /// Makes the output visible. Without it, or after an error, nothing is left of it.
  llvm::Error commit();

private:
  class Impl;
  std::unique_ptr<Impl> impl;
};

/// Compiles `input` to `output` and gives the text of the compilation in `text`, unless that is null. On an error
/// `output` is as it was before. Modules are parsed recursively: a thread that reads modules of unknown origin wants a
/// large stack.
llvm::Error compile(llvm::StringRef input, llvm::StringRef output, const CompileOptions &options,
                    std::string *text = nullptr);

} // namespace mlir::yoco

#endif // YOCO_COMPILER_COMPILE_H
