// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The way from a model to a program, as pipelines between named phases. Tools only parse flags and call these.

#ifndef YOCO_PASSES_PIPELINES_H
#define YOCO_PASSES_PIPELINES_H

#include "passes/Passes.h"
#include "passes/target/Target.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"
#include <functional>
#include <string>

namespace mlir::yoco {

/// The machine that a model is compiled for when nobody names one.
inline constexpr char kDefaultTarget[] = "host";

/// For which machine and sessions a variant of a model is compiled. A number of 0 is chosen by the pipeline.
struct TargetOptions : public PassPipelineOptions<TargetOptions> {
  Option<std::string> target{*this, "target", llvm::cl::desc("Machine: `device` or `device:chip`"),
                             llvm::cl::init(kDefaultTarget)};
  Option<std::string> dtype{*this, "dtype", llvm::cl::desc("Type to compute in (default: the target's)"),
                            llvm::cl::init("")};
  Option<int64_t> maxSeqLen{*this, "max-seq-len", llvm::cl::desc("Longest sequence of a session, in tokens"),
                            llvm::cl::init(0)};
  Option<int64_t> maxBatch{*this, "max-batch", llvm::cl::desc("Slots of a session"), llvm::cl::init(1)};
  Option<int64_t> prefillChunk{*this, "prefill-chunk", llvm::cl::desc("Most rows of a prefill step"),
                               llvm::cl::init(0)};
  ListOption<std::string> place{*this, "place", llvm::cl::desc("Placements of parameters: `PATTERN=host`")};
};

/// How the memory of a variant is planned.
struct PlanOptions : public PassPipelineOptions<PlanOptions> {
  Option<std::string> mode{*this, "mode", llvm::cl::desc("`packed` or `naive`"), llvm::cl::init("packed")};
};

/// Phase `model` to `step`, up to and without the deletion of undemanded work, which `explainDemand` wants to see. With
/// the `entries` that are named; without names with all.
void buildDeriveStatesPipeline(OpPassManager &pm, ArrayRef<std::string> entries = {});
/// Phase `model` to `step`.
void buildModelToStepPipeline(OpPassManager &pm);
/// Phase `step` to `fused`, for one target.
void buildStepToFusedPipeline(OpPassManager &pm, const TargetOptions &options);
/// Phase `fused` to `planned`.
void buildFusedToPlannedPipeline(OpPassManager &pm, const PlanOptions &options);
/// Phase `planned` to `program`.
void buildPlannedToProgramPipeline(OpPassManager &pm);

/// Makes the pipelines known to yoco-opt: yoco-model-to-step, yoco-step-to-fused, yoco-fused-to-planned,
/// yoco-planned-to-program, and yoco-compile, which is all of them.
void registerPipelines();

/// One variant that a compilation makes: the options of `TargetOptions`, as text ("target=host max-seq-len=4096").
using VariantOptions = std::string;

/// What runToPhase does besides.
struct RunOptions {
  /// One for each target; used when the module goes from `step` to `fused`.
  SmallVector<VariantOptions> variants;
  /// The entry points that are made when the module goes from `model` to `step`; none: all.
  SmallVector<std::string> entries;
  /// Where the demand table goes when the module goes from `model` to `step`; nowhere when null.
  llvm::raw_ostream *explainDemand = nullptr;
  /// Where its picture goes, likewise.
  llvm::raw_ostream *drawDemand = nullptr;
  /// Called on each new pass manager, for timing, printing and the like.
  std::function<void(PassManager &)> configure;
};

/// Takes `module` from the phase it is in, whose proofs it must pass, to `phase`. With more than one variant, `module`
/// holds them as nested modules from `fused` on. Errors go to the context's diagnostics.
LogicalResult runToPhase(ModuleOp module, Phase phase, const RunOptions &options);

} // namespace mlir::yoco

#endif // YOCO_PASSES_PIPELINES_H
