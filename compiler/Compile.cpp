// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Options are checked before files are touched, and the output is opened before work begins: what can fail, fails at
// once.

#include "compiler/Compile.h"
#include "compiler/Diagnostics.h"
#include "compiler/OutputFile.h"
#include "frontend/Config.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Parser/Parser.h"
#include "passes/Phases.h"
#include "passes/Pipelines.h"
#include "passes/emit/Emit.h"
#include "passes/lowering/Targets.h"
#include "passes/planning/PrintMemoryPlan.h"
#include "passes/target/Target.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/GlobPattern.h"

using namespace llvm;
using namespace mlir;
using namespace mlir::yoco;

DialectRegistry mlir::yoco::makeCompilerRegistry() {
  DialectRegistry registry;
  registerAllDialects(registry);
  registerAllExtensions(registry);
  registry.insert<YocoDialect>();
  registerAllTargets(registry);
  return registry;
}

namespace {

constexpr int64_t kMaxBatch = 1 << 16;

DialectRegistry makeRegistry(const CompileOptions &options) {
  DialectRegistry registry = makeCompilerRegistry();
  if (options.extendDialects)
    options.extendDialects(registry);
  return registry;
}

} // namespace

class Compilation::Impl {
public:
  // One thread, which a caller can guard against crashes. The work is a few seconds for billions of parameters.
  Impl(StringRef input, StringRef outputPath, CompileOptions given)
      : input(input), outputPath(outputPath), options(std::move(given)),
        context(makeRegistry(options), MLIRContext::Threading::DISABLED), diagnostics(&context, options.onDiagnostic) {
    context.loadDialect<YocoDialect>();
  }

  Error run();
  StringRef getText() const { return text; }
  Error commit();

private:
  Error checkOptions() const;
  Error checkTargets();
  Error openOutputs();
  Error readInput();
  Error importInput();
  Error parseInput();
  Error checkPhase();
  Error checkVariants();
  Error checkPlacements();
  Error checkVariant(TargetAttr target, BoundsAttr bounds);
  Error runPipelines();
  Error write();
  Phase getLastPhase() const;
  bool explainsDemand() const { return options.explainDemand || !options.demandPicture.empty(); }
  SmallVector<VariantOptions> getVariantOptions() const;

  /// The name of an option as the caller calls it.
  std::string option(StringRef name) const { return options.optionPrefix + name.str(); }

  const std::string input, outputPath;
  const CompileOptions options;
  MLIRContext context;
  Diagnostics diagnostics;
  SmallVector<TargetAttr> targets;    // of the options; the default one when they name none
  std::unique_ptr<OutputFile> output, picture; // null when not written
  OwningOpRef<ModuleOp> module;
  std::string text;
};

Error Compilation::Impl::run() {
  if (Error error = checkOptions())
    return error;
  if (Error error = checkTargets())
    return error;
  if (Error error = openOutputs())
    return error;
  if (Error error = readInput())
    return error;
  if (Error error = checkPlacements())
    return error;
  if (Error error = runPipelines())
    return error;
  return write();
}

Error Compilation::Impl::commit() {
  for (OutputFile *file : {picture.get(), output.get()})
    if (file)
      if (Error error = file->commit())
        return error;
  return Error::success();
}

//===- Options ------------------------------------------------------------------------------------------------===//

Error Compilation::Impl::checkOptions() const {
  auto checkBound = [&](StringRef name, std::optional<int64_t> value, int64_t high) -> Error {
    if (!value || (*value >= 1 && *value <= high))
      return Error::success();
    return createStringError(option(name) + ": expected an integer from 1 to " + Twine(high) + ", got " +
                             Twine(*value));
  };
  if (Error error = checkBound("max-seq-len", options.maxSeqLen, kMaxPositions))
    return error;
  if (Error error = checkBound("max-batch", options.maxBatch, kMaxBatch))
    return error;
  if (Error error = checkBound("prefill-chunk", options.prefillChunk, kMaxPositions))
    return error;
  for (StringRef placement : options.placements) {
    // Part of a pipeline's options, whose syntax it may not break.
    StringRef pattern = placement.rsplit('=').first;
    if (!placement.ends_with("=host") || pattern.empty() || pattern.find_first_of(" ,{}()'\"") != StringRef::npos)
      return createStringError(option("place") + ": expected PATTERN=host, got '" + placement + "'");
    if (Expected<GlobPattern> glob = GlobPattern::create(pattern); !glob)
      return createStringError(option("place") + ": " + toString(glob.takeError()));
  }
  StringRef pictureName = options.demandPicture;
  if (!pictureName.empty() && !pictureName.ends_with(".svg"))
    return createStringError(option("explain-demand") + ": expected a file whose name ends in .svg, got '" +
                             pictureName + "'");
  if (!pictureName.empty() && pictureName == outputPath)
    return createStringError(option("explain-demand") + ": expected another file than the output, got '" + pictureName +
                             "'");
  if (!options.compileTo)
    return Error::success();
  if (explainsDemand() && *options.compileTo < Phase::step)
    return createStringError(option("explain-demand") + ": expected " + option("compile-to") + "=step or later");
  if (options.plan && *options.compileTo < Phase::planned)
    return createStringError(option("plan") + ": expected " + option("compile-to") + "=planned or later");
  if (options.compileFrom && *options.compileTo < *options.compileFrom)
    return createStringError(option("compile-to") + ": expected a phase that does not come before " +
                             option("compile-from") + "=" + stringifyPhase(*options.compileFrom) + ", got " +
                             stringifyPhase(*options.compileTo));
  return Error::success();
}

/// A default target stands for itself until the pipeline names it, but a flag must be right even when nothing comes of
/// it.
Error Compilation::Impl::checkTargets() {
  std::vector<std::string> specs = options.targets;
  if (specs.empty())
    specs.push_back(kDefaultTarget);
  for (const std::string &spec : specs) {
    Location unknown = UnknownLoc::get(&context);
    FailureOr<TargetAttr> target = Target::parse(&context, spec, options.dtype, unknown);
    if (failed(target) || !Target::get(*target, unknown))
      return createStringError((options.dtype.empty() ? option("target") : option("target") + ", " + option("dtype")) +
                               ": " + toString(diagnostics.takeError("expected another target")));
    if (is_contained(targets, *target))
      return createStringError(option("target") + ": expected each target once, got '" + spec + "' again");
    targets.push_back(*target);
  }
  return Error::success();
}

Phase Compilation::Impl::getLastPhase() const {
  if (options.compileTo)
    return *options.compileTo;
  if (!outputPath.empty())
    return Phase::program;
  if (options.statistics)
    return Phase::program;
  return options.plan ? Phase::planned : Phase::step;
}

SmallVector<VariantOptions> Compilation::Impl::getVariantOptions() const {
  SmallVector<VariantOptions> variants;
  for (TargetAttr target : targets) {
    std::string variant;
    raw_string_ostream os(variant);
    os << "target=" << target.getDevice() << ':' << target.getChip() << " dtype=" << target.getCompute();
    if (options.maxSeqLen)
      os << " max-seq-len=" << *options.maxSeqLen;
    if (options.maxBatch)
      os << " max-batch=" << *options.maxBatch;
    if (options.prefillChunk)
      os << " prefill-chunk=" << *options.prefillChunk;
    if (!options.placements.empty())
      os << " place=" << llvm::join(options.placements, ",");
    variants.push_back(variant);
  }
  return variants;
}

//===- Input --------------------------------------------------------------------------------------------------===//

Error Compilation::Impl::openOutputs() {
  auto open = [](StringRef path, std::unique_ptr<OutputFile> &to) -> Error {
    if (path.empty())
      return Error::success();
    Expected<std::unique_ptr<OutputFile>> file = OutputFile::create(path);
    if (!file)
      return file.takeError();
    to = std::move(*file);
    return Error::success();
  };
  if (Error error = open(outputPath, output))
    return error;
  return open(options.demandPicture, picture);
}

Error Compilation::Impl::readInput() {
  sys::fs::file_status status;
  if (std::error_code code = sys::fs::status(input, status))
    return createStringError(input + ": " + code.message());
  if (status.type() == sys::fs::file_type::directory_file || Gguf::isGguf(input))
    return importInput();
  if (status.type() != sys::fs::file_type::regular_file)
    return createStringError(input + ": expected a checkpoint, a folder or a GGUF file, or a module");
  return parseInput();
}

Error Compilation::Impl::importInput() {
  if (options.compileFrom)
    return createStringError(option("compile-from") + ": expected a module to resume, got the checkpoint " + input);
  ImportOptions import;
  import.randomSeed = options.randomWeights;
  import.families = options.families;
  Expected<OwningOpRef<ModuleOp>> imported = importCheckpoint(input, import, &context);
  if (!imported)
    return imported.takeError();
  module = std::move(*imported);
  return Error::success();
}

Error Compilation::Impl::parseInput() {
  if (options.randomWeights)
    return createStringError(option("random-weights") + ": expected a checkpoint, got the module " + input);
  module = parseSourceFile<ModuleOp>(input, ParserConfig(&context));
  if (!module)
    return diagnostics.takeError(input + ": expected a module");
  if (Error error = checkPhase())
    return error;
  return checkVariants();
}

Error Compilation::Impl::checkPhase() {
  std::optional<Phase> phase = getPhase(*module);
  if (!phase)
    return createStringError(input + ": expected a module with yoco.phase, got none");
  std::string name = stringifyPhase(*phase).str();
  if (options.compileFrom && options.compileFrom != phase)
    return createStringError(input + ": expected phase " + stringifyPhase(*options.compileFrom) + ", as " +
                             option("compile-from") + " says, got " + name);
  if (*phase > getLastPhase())
    return createStringError(input + ": expected phase " + stringifyPhase(getLastPhase()) + " or earlier, got " + name);
  if (explainsDemand() && *phase != Phase::model)
    return createStringError(input + ": expected phase model for " + option("explain-demand") + ", got " + name);
  for (ModuleOp variant : getVariants(*module))
    if (reportIllegalOps(variant, *phase) != 0)
      return diagnostics.takeError(input + ": expected only operations of phase " + name);
  return Error::success();
}

/// From phase `fused` on the targets and bounds are in the module; flags can only repeat them.
Error Compilation::Impl::checkVariants() {
  if (*getPhase(*module) < Phase::fused)
    return Error::success();
  if (!options.placements.empty())
    return createStringError(option("place") + ": expected none, as " + input +
                             " is past the phase that places parameters");
  SmallVector<ModuleOp> variants = getVariants(*module);
  if (!options.targets.empty() && variants.size() != targets.size())
    return createStringError(option("target") + ": expected the targets of " + input);
  for (auto [i, variant] : enumerate(variants)) {
    auto target = variant->getAttrOfType<TargetAttr>(YocoDialect::getTargetAttrName());
    auto bounds = variant->getAttrOfType<BoundsAttr>(YocoDialect::getBoundsAttrName());
    if (!target || !bounds)
      return createStringError(input + ": expected a module with yoco.target and yoco.bounds");
    if (!options.targets.empty() && target != targets[i])
      return createStringError(option("target") + ": expected the targets of " + input);
    if (Error error = checkVariant(target, bounds))
      return error;
  }
  return Error::success();
}

Error Compilation::Impl::checkVariant(TargetAttr target, BoundsAttr bounds) {
  auto check = [&](StringRef name, std::optional<int64_t> value, int64_t expected) -> Error {
    if (!value || *value == expected)
      return Error::success();
    return createStringError(option(name) + ": expected " + Twine(expected) + ", which " + input +
                             " was compiled for, got " + Twine(*value));
  };
  if (Error error = check("max-seq-len", options.maxSeqLen, bounds.getSeq()))
    return error;
  if (Error error = check("max-batch", options.maxBatch, bounds.getBatch()))
    return error;
  if (Error error = check("prefill-chunk", options.prefillChunk, bounds.getChunk()))
    return error;
  std::string compute;
  raw_string_ostream(compute) << target.getCompute();
  if (!options.dtype.empty() && options.dtype != compute)
    return createStringError(option("dtype") + ": expected " + compute + ", which " + input +
                             " was compiled for, got " + options.dtype);
  return Error::success();
}

/// Whether each pattern names a parameter; its syntax has been checked. The pass that places them would say its own
/// option's name.
Error Compilation::Impl::checkPlacements() {
  for (StringRef placement : options.placements) {
    StringRef pattern = placement.rsplit('=').first;
    GlobPattern glob = cantFail(GlobPattern::create(pattern));
    if (none_of(module->getOps<ParameterOp>(), [&](ParameterOp op) { return glob.match(op.getSymName()); }))
      return createStringError(option("place") + ": expected a pattern that some parameter's name matches, got '" +
                               pattern + "'");
  }
  return Error::success();
}

//===- Work ---------------------------------------------------------------------------------------------------===//

Error Compilation::Impl::runPipelines() {
  raw_string_ostream report(text);
  RunOptions run;
  run.variants = getVariantOptions();
  run.explainDemand = options.explainDemand ? &report : nullptr;
  run.drawDemand = picture ? &picture->os() : nullptr;
  run.configure = options.configurePasses;
  StatisticsCollector statistics; // there is one thread
  if (failed(runToPhase(*module, getLastPhase(), run)))
    return diagnostics.takeError("expected to reach phase " + stringifyPhase(getLastPhase()).str());
  auto separate = [&] {
    if (!text.empty())
      report << '\n';
  };
  if (options.plan) {
    separate();
    if (failed(printMemoryPlan(*module, report)))
      return diagnostics.takeError("expected a memory plan");
  }
  if (options.statistics) {
    separate();
    statistics.print(report);
  }
  return Error::success();
}

Error Compilation::Impl::write() {
  if (options.compileTo) {
    raw_string_ostream toText(text);
    module->print(output ? static_cast<raw_ostream &>(output->os()) : toText);
    return Error::success();
  }
  if (output && failed(emitModel(*module, output->os())))
    return diagnostics.takeError(outputPath + ": the model file could not be written");
  return Error::success();
}

//===- The calls --------------------------------------------------------------------------------------------------===//

Compilation::Compilation(StringRef input, StringRef output, CompileOptions options)
    : impl(std::make_unique<Impl>(input, output, std::move(options))) {}
Compilation::~Compilation() = default;

Error Compilation::run() { return impl->run(); }
StringRef Compilation::getText() const { return impl->getText(); }
Error Compilation::commit() { return impl->commit(); }

Error mlir::yoco::compile(StringRef input, StringRef output, const CompileOptions &options, std::string *text) {
  Compilation compilation(input, output, options);
  if (Error error = compilation.run())
    return error;
  if (text)
    *text = compilation.getText().str();
  return compilation.commit();
}
