// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/Pipelines.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "passes/Phases.h"
#include "passes/lowering/Targets.h"
#include "passes/target/Target.h"
#include "passes/step/ExplainDemand.h"

using namespace mlir;
using namespace mlir::yoco;

/// Ends a phase: everything in the module belongs to it.
static void addPhaseCheck(OpPassManager &pm, Phase phase) {
  VerifyPhasePassOptions options;
  options.phase = stringifyPhase(phase).str();
  pm.addPass(createVerifyPhasePass(options));
}

void yoco::buildDeriveStatesPipeline(OpPassManager &pm, ArrayRef<std::string> entries) {
  // The decoders' verifiers have run by now; from here on only the dataflow counts.
  pm.addPass(createInlineDecodersPass());
  // Mixers share a cache when they read the same SSA values, so equal projections must be one value first.
  pm.addPass(createCSEPass());
  DeriveStatesPassOptions options;
  options.entries.assign(entries.begin(), entries.end());
  pm.addPass(createDeriveStatesPass(options));
}

/// The rest of the way to phase `step`.
static void buildPruneRowsPipeline(OpPassManager &pm) {
  pm.addPass(createPruneRowsPass());
  // Demand is what is left of an entry point; only after that is it known which rows its operations need.
  pm.addPass(createNarrowRowsPass());
  pm.addPass(createVerifyRowSetsPass());
  // Pruned writes leave versions alone; whatever is left must still be linear, or bufferization would need copies.
  pm.addPass(createVerifyStatesPass());
  addPhaseCheck(pm, Phase::step);
}

void yoco::buildModelToStepPipeline(OpPassManager &pm) {
  // Nothing may stand between these two: the table that --explain-demand prints is about exactly what is pruned.
  buildDeriveStatesPipeline(pm);
  buildPruneRowsPipeline(pm);
}

void yoco::buildStepToFusedPipeline(OpPassManager &pm, const TargetOptions &options) {
  AssignTargetPassOptions target;
  target.target = options.target;
  target.dtype = options.dtype;
  target.maxSeqLen = options.maxSeqLen;
  target.maxBatch = options.maxBatch;
  target.prefillChunk = options.prefillChunk;
  target.place.assign(options.place.begin(), options.place.end());
  pm.addPass(createAssignTargetPass(target));
  // While entry points are what the model says: every program is then fused for the steps that it is for.
  pm.addPass(createMakeRowBucketsPass());
  // Row mixers first: they take in ropes, gates and norms that would otherwise become kernels of their own.
  pm.addPass(createFuseRetentionPass());
  pm.addPass(createFuseAttentionPass());
  // Heads that were split for a mixer and are flat again fold away, so that linears meet their users directly.
  pm.addPass(createCanonicalizerPass());
  // Before linears are grouped: the head of log-probabilities becomes products of a block of its rows each.
  pm.addPass(createStreamLogprobsPass());
  // Groups before epilogues: a swiglu is a pattern over the two halves of one group.
  pm.addPass(createFuseLinearPass());
  pm.addPass(createFuseEpiloguePass());
  pm.addPass(createFuseRowWisePass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(createSplitAttentionPass());
  // Last, when every reader of a row has its final form.
  pm.addPass(createAssignElementTypesPass());
  pm.addPass(createVerifyRowSetsPass());
  pm.addPass(createVerifyStatesPass());
  addPhaseCheck(pm, Phase::fused);
}

void yoco::buildFusedToPlannedPipeline(OpPassManager &pm, const PlanOptions &options) {
  pm.addPass(createBufferizePass());
  // The shared cache is placed first, so that growing the longest sequence moves nothing in front of it.
  pm.addPass(createPlanSharedKVPass());
  PlanMemoryPassOptions plan;
  plan.mode = options.mode;
  pm.addPass(createPlanMemoryPass(plan));
  // Nothing may change buffers between the plan and its proof, nor after it.
  pm.addPass(createVerifyMemoryPlanPass());
  addPhaseCheck(pm, Phase::planned);
}

void yoco::buildPlannedToProgramPipeline(OpPassManager &pm) {
  pm.addPass(createOutlineKernelsPass());
  addTargetLowerings(pm);
  addPhaseCheck(pm, Phase::program);
}

void yoco::registerPipelines() {
  PassPipelineRegistration<>("yoco-model-to-step", "From phase `model` to `step`", buildModelToStepPipeline);
  PassPipelineRegistration<TargetOptions>("yoco-step-to-fused", "From phase `step` to `fused`",
                                          buildStepToFusedPipeline);
  PassPipelineRegistration<PlanOptions>("yoco-fused-to-planned", "From phase `fused` to `planned`",
                                        buildFusedToPlannedPipeline);
  PassPipelineRegistration<>("yoco-planned-to-program", "From phase `planned` to `program`",
                             buildPlannedToProgramPipeline);
  PassPipelineRegistration<TargetOptions>("yoco-compile", "From phase `model` to `program`, for one target",
                                          [](OpPassManager &pm, const TargetOptions &options) {
                                            buildModelToStepPipeline(pm);
                                            buildStepToFusedPipeline(pm, options);
                                            PlanOptions plan;
                                            buildFusedToPlannedPipeline(pm, plan);
                                            buildPlannedToProgramPipeline(pm);
                                          });
}

//===- Running -----------------------------------------------------------------------------------------------===//

static LogicalResult run(ModuleOp module, const RunOptions &options, function_ref<void(OpPassManager &)> build) {
  PassManager pm(module->getContext(), ModuleOp::getOperationName());
  if (options.configure)
    options.configure(pm);
  build(pm);
  return pm.run(module);
}

static LogicalResult runModelToStep(ModuleOp module, const RunOptions &options) {
  bool explains = options.explainDemand || options.drawDemand;
  if (failed(run(module, options, [&](OpPassManager &pm) { buildDeriveStatesPipeline(pm, options.entries); })) ||
      (explains && failed(explainDemand(module, options.explainDemand, options.drawDemand))))
    return failure();
  return run(module, options, buildPruneRowsPipeline);
}

/// Makes a nested module for each variant, when there is more than one.
static void splitVariants(ModuleOp module, size_t count) {
  if (count < 2)
    return;
  OwningOpRef<ModuleOp> step = module.clone();
  module.getBody()->clear();
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  for (size_t i = 0; i < count; ++i) {
    auto variant = cast<ModuleOp>(builder.clone(*step.get()));
    variant.setSymName(("variant_" + Twine(i)).str());
  }
}

/// One file has one set of bounds: where the user names no chunk, the largest that one of its targets chooses.
static LogicalResult chooseChunk(ModuleOp module, MutableArrayRef<std::unique_ptr<TargetOptions>> targets) {
  int64_t chunk = 0;
  for (const std::unique_ptr<TargetOptions> &options : targets) {
    FailureOr<TargetAttr> attr =
        Target::parse(module.getContext(), options->target, options->dtype, module.getLoc());
    std::unique_ptr<Target> target = succeeded(attr) ? Target::get(*attr, module.getLoc()) : nullptr;
    if (!target)
      return failure();
    chunk = std::max(chunk, target->getDefaultChunk());
  }
  for (const std::unique_ptr<TargetOptions> &options : targets)
    if (options->prefillChunk == 0)
      options->prefillChunk = chunk;
  return success();
}

static LogicalResult runStepToFused(ModuleOp module, const RunOptions &options) {
  SmallVector<VariantOptions> variants = options.variants;
  if (variants.empty())
    variants.push_back(std::string("target=") + kDefaultTarget);
  splitVariants(module, variants.size());
  SmallVector<ModuleOp> modules = {module};
  if (variants.size() > 1)
    modules = llvm::to_vector(module.getOps<ModuleOp>());
  SmallVector<std::unique_ptr<TargetOptions>> targets;
  for (const VariantOptions &text : variants) {
    targets.push_back(std::make_unique<TargetOptions>());
    if (failed(targets.back()->parseFromString(text)))
      return failure();
  }
  if (variants.size() > 1 && failed(chooseChunk(module, targets)))
    return failure();
  for (auto [i, variant] : llvm::enumerate(modules)) {
    TargetOptions &target = *targets[i];
    if (failed(run(variant, options, [&](OpPassManager &pm) { buildStepToFusedPipeline(pm, target); })))
      return failure();
  }
  module->setAttr(YocoDialect::getPhaseAttrName(), PhaseAttr::get(module.getContext(), Phase::fused));
  return success();
}

static LogicalResult runVariants(ModuleOp module, Phase phase, const RunOptions &options,
                                 function_ref<void(OpPassManager &)> build) {
  for (ModuleOp variant : getVariants(module))
    if (failed(run(variant, options, build)))
      return failure();
  module->setAttr(YocoDialect::getPhaseAttrName(), PhaseAttr::get(module.getContext(), phase));
  return success();
}

/// The proofs that end phase `phase`, again: a module that starts there may have been changed by hand.
static LogicalResult verifyInput(ModuleOp module, Phase phase, const RunOptions &options) {
  if (phase == Phase::model)
    return success();
  for (ModuleOp variant : getVariants(module))
    if (failed(run(variant, options, [&](OpPassManager &pm) {
          if (phase <= Phase::fused)
            pm.addPass(createVerifyStatesPass());
          else
            pm.addPass(createVerifyMemoryPlanPass());
        })))
      return failure();
  return success();
}

LogicalResult yoco::runToPhase(ModuleOp module, Phase phase, const RunOptions &options) {
  std::optional<Phase> current = getPhase(module);
  if (!current)
    return module.emitError("expected a module with `yoco.phase`, got none");
  if (*current > phase)
    return module.emitError("expected a module in phase `")
           << stringifyPhase(phase) << "` or before it, got phase `" << stringifyPhase(*current) << "`";
  if (failed(verifyInput(module, *current, options)))
    return failure();
  if (*current < Phase::step && phase >= Phase::step && failed(runModelToStep(module, options)))
    return failure();
  if (*current < Phase::fused && phase >= Phase::fused && failed(runStepToFused(module, options)))
    return failure();
  PlanOptions plan;
  if (*current < Phase::planned && phase >= Phase::planned &&
      failed(runVariants(module, Phase::planned, options,
                         [&](OpPassManager &pm) { buildFusedToPlannedPipeline(pm, plan); })))
    return failure();
  if (*current < Phase::program && phase >= Phase::program &&
      failed(runVariants(module, Phase::program, options, buildPlannedToProgramPipeline)))
    return failure();
  return success();
}
