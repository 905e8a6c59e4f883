// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Flags are checked before files are touched, and the output is opened before work begins: what can fail, fails at
// once.

#include "tools/yoco-compile/Compile.h"
#include "frontend/Import.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Parser/Parser.h"
#include "passes/Phases.h"
#include "passes/Target.h"
#include "passes/emit/Emit.h"
#include "passes/planning/PrintMemoryPlan.h"
#include "llvm/Support/FileSystem.h"

using namespace llvm;
using namespace mlir;
using namespace mlir::yoco;

namespace yoco::compile {

static DialectRegistry makeRegistry() {
  DialectRegistry registry;
  registerAllDialects(registry);
  registerAllExtensions(registry);
  registry.insert<YocoDialect>();
  return registry;
}

// One thread, which main can guard against crashes. The work is a few seconds for billions of parameters.
Job::Job(const CommandLine &line)
    : line(line), context(makeRegistry(), MLIRContext::Threading::DISABLED), diagnostics(&context) {
  context.loadDialect<YocoDialect>();
}

Error Job::run() {
  if (Error error = checkTargets())
    return error;
  if (Error error = openOutput())
    return error;
  if (Error error = readInput())
    return error;
  if (Error error = runPipelines())
    return error;
  return write();
}

Error Job::commit() { return output ? output->commit() : Error::success(); }

//===- Flags --------------------------------------------------------------------------------------------------===//

/// A default target stands for itself until the pipeline names it, but a flag must be right even when nothing comes of
/// it.
Error Job::checkTargets() {
  std::vector<std::string> specs = line.targets;
  if (specs.empty())
    specs.push_back("host");
  for (const std::string &spec : specs) {
    Location unknown = UnknownLoc::get(&context);
    FailureOr<TargetAttr> target = Target::parse(&context, spec, line.dtype, unknown);
    if (failed(target) || !Target::get(*target, unknown))
      return createStringError((line.dtype.empty() ? "--target: " : "--target, --dtype: ") +
                               toString(diagnostics.takeError("expected another target")));
    if (is_contained(targets, *target))
      return createStringError("--target: expected each target once, got '" + spec + "' again");
    targets.push_back(*target);
  }
  return Error::success();
}

Phase Job::getLastPhase() const {
  if (!line.compileTo.empty())
    return *symbolizePhase(line.compileTo);
  if (!line.output.empty())
    return Phase::program;
  return line.plan ? Phase::planned : Phase::step;
}

SmallVector<VariantOptions> Job::getVariantOptions() const {
  SmallVector<VariantOptions> variants;
  for (TargetAttr target : targets) {
    std::string options;
    raw_string_ostream os(options);
    os << "target=" << target.getDevice() << ':' << target.getChip() << " dtype=" << target.getCompute();
    if (line.maxSeqLen)
      os << " max-seq-len=" << *line.maxSeqLen;
    if (line.maxBatch)
      os << " max-batch=" << *line.maxBatch;
    if (line.prefillChunk)
      os << " prefill-chunk=" << *line.prefillChunk;
    variants.push_back(options);
  }
  return variants;
}

//===- Input --------------------------------------------------------------------------------------------------===//

Error Job::openOutput() {
  if (line.output.empty())
    return Error::success();
  Expected<std::unique_ptr<OutputFile>> file = OutputFile::create(line.output);
  if (!file)
    return file.takeError();
  output = std::move(*file);
  return Error::success();
}

Error Job::readInput() {
  sys::fs::file_status status;
  if (std::error_code code = sys::fs::status(line.input, status))
    return createStringError(line.input + ": " + code.message());
  if (status.type() == sys::fs::file_type::directory_file)
    return importInput();
  if (status.type() != sys::fs::file_type::regular_file)
    return createStringError(line.input + ": expected the folder of a checkpoint or a module");
  return parseInput();
}

Error Job::importInput() {
  if (!line.compileFrom.empty())
    return createStringError("--compile-from: expected a module to resume, got the folder " + line.input);
  ImportOptions options;
  options.randomSeed = line.randomWeights;
  Expected<OwningOpRef<ModuleOp>> imported = importCheckpoint(line.input, options, &context);
  if (!imported)
    return imported.takeError();
  module = std::move(*imported);
  return Error::success();
}

Error Job::parseInput() {
  if (line.randomWeights)
    return createStringError("--random-weights: expected the folder of a checkpoint, got the file " + line.input);
  module = parseSourceFile<ModuleOp>(line.input, ParserConfig(&context));
  if (!module)
    return diagnostics.takeError(line.input + ": expected a module");
  if (Error error = checkPhase())
    return error;
  return checkVariants();
}

Error Job::checkPhase() {
  std::optional<Phase> phase = getPhase(*module);
  if (!phase)
    return createStringError(line.input + ": expected a module with yoco.phase, got none");
  std::string name = stringifyPhase(*phase).str();
  if (!line.compileFrom.empty() && line.compileFrom != name)
    return createStringError(line.input + ": expected phase " + line.compileFrom + ", as --compile-from says, got " +
                             name);
  if (*phase > getLastPhase())
    return createStringError(line.input + ": expected phase " + stringifyPhase(getLastPhase()) + " or earlier, got " +
                             name);
  if (line.explainDemand && *phase != Phase::model)
    return createStringError(line.input + ": expected phase model for --explain-demand, got " + name);
  for (ModuleOp variant : getVariants(*module))
    if (reportIllegalOps(variant, *phase) != 0)
      return diagnostics.takeError(line.input + ": expected only operations of phase " + name);
  return Error::success();
}

/// From phase `fused` on the targets and bounds are in the module; flags can only repeat them.
Error Job::checkVariants() {
  if (*getPhase(*module) < Phase::fused)
    return Error::success();
  SmallVector<ModuleOp> variants = getVariants(*module);
  if (!line.targets.empty() && variants.size() != targets.size())
    return createStringError("--target: expected the targets of " + line.input);
  for (auto [i, variant] : enumerate(variants)) {
    auto target = variant->getAttrOfType<TargetAttr>(YocoDialect::getTargetAttrName());
    auto bounds = variant->getAttrOfType<BoundsAttr>(YocoDialect::getBoundsAttrName());
    if (!target || !bounds)
      return createStringError(line.input + ": expected a module with yoco.target and yoco.bounds");
    if (!line.targets.empty() && target != targets[i])
      return createStringError("--target: expected the targets of " + line.input);
    if (Error error = checkVariant(target, bounds))
      return error;
  }
  return Error::success();
}

Error Job::checkVariant(TargetAttr target, BoundsAttr bounds) {
  auto check = [&](StringRef flag, std::optional<int64_t> value, int64_t expected) -> Error {
    if (!value || *value == expected)
      return Error::success();
    return createStringError(flag + ": expected " + Twine(expected) + ", which " + line.input +
                             " was compiled for, got " + Twine(*value));
  };
  if (Error error = check("--max-seq-len", line.maxSeqLen, bounds.getSeq()))
    return error;
  if (Error error = check("--max-batch", line.maxBatch, bounds.getBatch()))
    return error;
  if (Error error = check("--prefill-chunk", line.prefillChunk, bounds.getChunk()))
    return error;
  std::string compute;
  raw_string_ostream(compute) << target.getCompute();
  if (!line.dtype.empty() && line.dtype != compute)
    return createStringError("--dtype: expected " + compute + ", which " + line.input + " was compiled for, got " +
                             line.dtype);
  return Error::success();
}

//===- Work ---------------------------------------------------------------------------------------------------===//

Error Job::runPipelines() {
  raw_string_ostream report(text);
  RunOptions options;
  options.variants = getVariantOptions();
  options.explainDemand = line.explainDemand ? &report : nullptr;
  if (failed(runToPhase(*module, getLastPhase(), options)))
    return diagnostics.takeError("expected to reach phase " + stringifyPhase(getLastPhase()).str());
  if (!line.plan)
    return Error::success();
  if (!text.empty())
    report << '\n';
  if (failed(printMemoryPlan(*module, report)))
    return diagnostics.takeError("expected a memory plan");
  return Error::success();
}

Error Job::write() {
  if (!line.compileTo.empty()) {
    raw_string_ostream toText(text);
    module->print(output ? static_cast<raw_ostream &>(output->os()) : toText);
    return Error::success();
  }
  if (output && failed(emitModel(*module, output->os())))
    return diagnostics.takeError(line.output + ": the model file could not be written");
  return Error::success();
}

} // namespace yoco::compile
