// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/yoco-diff/Reference.h"

#include "compiler/Compile.h"
#include "compiler/Diagnostics.h"
#include "frontend/Import.h"
#include "passes/Phases.h"

#include "mlir/Parser/Parser.h"
#include "llvm/Support/FileSystem.h"

#include <thread>

using namespace mlir::yoco;

namespace yoco::diff {

/// A module in phase `model`.
static mlir::OwningOpRef<mlir::ModuleOp> parseModel(const std::string &path, mlir::MLIRContext *context) {
  Diagnostics diagnostics(context, {});
  auto module = mlir::parseSourceFile<mlir::ModuleOp>(path, mlir::ParserConfig(context));
  if (!module)
    unwrap(diagnostics.takeError(path + ": expected a module"));
  auto phase = (*module)->getAttrOfType<PhaseAttr>(YocoDialect::getPhaseAttrName());
  if (!phase || phase.getValue() != Phase::model)
    throw std::runtime_error(path + ": expected a module in phase model, got " +
                             (phase ? stringifyPhase(phase.getValue()).str() : "none"));
  if (reportIllegalOps(*module, Phase::model) != 0)
    unwrap(diagnostics.takeError(path + ": expected only operations of phase model"));
  auto forward = module->lookupSymbol<mlir::func::FuncOp>("forward");
  if (!forward || forward.isExternal())
    throw std::runtime_error(path + ": expected a function @forward with a body, got none");
  return module;
}

Reference::Reference(const std::string &input, std::optional<uint64_t> seed, uint32_t threads)
    : input(input), context(makeCompilerRegistry(), mlir::MLIRContext::Threading::DISABLED),
      threads(threads ? threads : std::max(1u, std::thread::hardware_concurrency())) {
  context.loadDialect<YocoDialect>();
  ImportOptions options;
  options.randomSeed = seed;
  if (llvm::sys::fs::is_regular_file(input))
    module = parseModel(input, &context);
  else
    module = unwrap(importCheckpoint(input, options, &context));
  unwrap(flattenModel(*module));
  layers = mlir::yoco::getLayers(getForward());
}

mlir::func::FuncOp Reference::getForward() const { return getModule().lookupSymbol<mlir::func::FuncOp>("forward"); }

void Reference::expectVocabulary(const std::string &path, uint64_t vocabulary) const {
  if (getVocabulary() != vocabulary)
    throw std::runtime_error(path + ": expected a model of " + input + " with a vocabulary of " +
                             std::to_string(getVocabulary()) + ", got one of " + std::to_string(vocabulary));
}

llvm::SmallVector<mlir::Value> Reference::getLayerValues() const {
  llvm::SmallVector<mlir::Value> values;
  for (const ModelLayer &layer : layers)
    for (mlir::Value value : layer.results)
      if (value != getLogitsValue())
        values.push_back(value);
  return values;
}

void Reference::run(const std::vector<int32_t> &tokens, llvm::ArrayRef<mlir::Value> values) {
  kept.clear();
  for (mlir::Value value : values)
    kept[value];
  InterpreterOptions options;
  options.threads = threads;
  Interpreter interpreter(*module, options);
  logits = unwrap(interpreter.run(getForward(), tokens, [&](mlir::Value value, const Array &array) {
    if (auto it = kept.find(value); it != kept.end())
      it->second = array;
  }));
}

} // namespace yoco::diff
