// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/yoco-diff/Exposed.h"

#include "compiler/Diagnostics.h"
#include "passes/Pipelines.h"
#include "passes/emit/Emit.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Signals.h"

using namespace mlir::yoco;

namespace yoco::diff {

/// The options of `request` as the pipeline reads them.
static VariantOptions getOptions(const CompileRequest &request) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "target=" << request.target << " dtype=" << request.computeType
     << " max-seq-len=" << request.bounds.max_sequence_length << " max-batch=" << request.bounds.max_batch
     << " prefill-chunk=" << request.bounds.prefill_chunk;
  if (!request.placements.empty())
    os << " place=" << llvm::join(llvm::map_range(request.placements, [](auto &name) { return name + "=host"; }), ",");
  return text;
}

static void runPipelines(mlir::ModuleOp module, const CompileRequest &request, llvm::ArrayRef<std::string> entries) {
  Diagnostics diagnostics(module.getContext(), {});
  RunOptions options;
  options.variants.push_back(getOptions(request));
  options.entries.assign(entries.begin(), entries.end());
  if (mlir::failed(runToPhase(module, Phase::program, options)))
    unwrap(diagnostics.takeError("expected to reach phase program"));
}

mlir::OwningOpRef<mlir::ModuleOp> compileToProgram(const Reference &reference, const CompileRequest &request) {
  mlir::OwningOpRef<mlir::ModuleOp> module = exposeValues(reference.getModule(), {});
  runPipelines(*module, request, {});
  return module;
}

namespace {
/// A file in the system's folder for temporary ones, removed at the end.
struct TemporaryFile {
  TemporaryFile() {
    if (std::error_code code = llvm::sys::fs::createTemporaryFile("yoco-diff", "yoco", descriptor, path))
      throw std::runtime_error("a temporary file cannot be made: " + code.message());
    llvm::sys::RemoveFileOnSignal(path);
  }
  ~TemporaryFile() {
    llvm::sys::fs::remove(path);
    llvm::sys::DontRemoveFileOnSignal(path);
  }
  int descriptor = -1;
  llvm::SmallString<128> path;
};
} // namespace

void writeExposed(const Reference &reference, llvm::ArrayRef<mlir::Value> values, const CompileRequest &request,
                  Entry entry, const FileWeights &weights, int descriptor, const std::string &path) {
  llvm::raw_fd_ostream os(descriptor, /*shouldClose=*/true);
  mlir::OwningOpRef<mlir::ModuleOp> module = exposeValues(reference.getModule(), values);
  runPipelines(*module, request, {entry == Entry::score ? "score" : "decode"});
  Diagnostics diagnostics(module->getContext(), {});
  if (mlir::failed(emitModel(*module, os, nullptr, [&](ParameterOp op) { return weights.getReplacement(op); })))
    unwrap(diagnostics.takeError("expected a model file"));
  os.close();
  if (std::error_code code = os.error()) {
    os.clear_error();
    throw std::runtime_error(path + ": " + code.message());
  }
}

tools::ModelPointer compileExposed(const Reference &reference, llvm::ArrayRef<mlir::Value> values,
                                   const CompileRequest &request, Entry entry, const FileWeights &weights) {
  TemporaryFile file;
  writeExposed(reference, values, request, entry, weights, file.descriptor, file.path.str().str());
  // The runtime maps the file, which may then lose its name.
  return tools::openModel(file.path.str().str(), YOCO_VERIFY_PLAN, 0);
}

} // namespace yoco::diff
