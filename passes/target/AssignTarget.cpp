// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Input: phase `step`. Output: the same, marked with a target and session bounds.

#include "passes/Passes.h"
#include "passes/analysis/Phase.h"
#include "passes/target/Target.h"
#include "llvm/Support/GlobPattern.h"

namespace mlir::yoco {
#define GEN_PASS_DEF_ASSIGNTARGETPASS
#include "passes/Passes.h.inc"
} // namespace mlir::yoco

using namespace mlir;
using namespace mlir::yoco;

/// Rows of a scoring step: enough to keep every core busy, few enough that their logits stay small beside the weights.
static constexpr int64_t kWantedRows = 256;
/// Longest sequence when neither the user nor the checkpoint names one.
static constexpr int64_t kDefaultSeqLen = 4096;

namespace {
struct AssignTargetPass : public yoco::impl::AssignTargetPassBase<AssignTargetPass> {
  using AssignTargetPassBase::AssignTargetPassBase;

  void runOnOperation() override {
    if (failed(expectPhase(getOperation(), getArgument(), {Phase::step})))
      return signalPassFailure();
    ModuleOp module = getOperation();
    FailureOr<TargetAttr> attribute = Target::parse(&getContext(), target, dtype, module.getLoc());
    if (failed(attribute))
      return signalPassFailure();
    std::unique_ptr<Target> machine = Target::get(*attribute, module.getLoc());
    if (!machine)
      return signalPassFailure();
    auto trained = module->getAttrOfType<IntegerAttr>(YocoDialect::getMaxSequenceLengthAttrName());
    int64_t seq = maxSeqLen != 0 ? maxSeqLen : trained ? trained.getInt() : kDefaultSeqLen;
    int64_t chunk = prefillChunk != 0 ? prefillChunk : machine->getDefaultChunk();
    int64_t batch = maxBatch;
    BoundsAttr bounds = BoundsAttr::getChecked([&] { return emitError(module.getLoc()); }, &getContext(), seq, batch,
                                               chunk, kWantedRows);
    if (!bounds)
      return signalPassFailure();
    module->setAttr(YocoDialect::getTargetAttrName(), *attribute);
    module->setAttr(YocoDialect::getBoundsAttrName(), bounds);
    for (StringRef text : place)
      if (failed(placeParameters(text)))
        return signalPassFailure();
  }

private:
  /// `PATTERN=host`: all parameters whose names match are in the memory of the host.
  LogicalResult placeParameters(StringRef text) {
    auto [pattern, placement] = text.rsplit('=');
    std::optional<Placement> where = symbolizePlacement(placement);
    if (pattern.empty() || !where)
      return emitError(getOperation().getLoc(), "place: expected PATTERN=host or PATTERN=device, got `") << text << "`";
    llvm::Expected<llvm::GlobPattern> glob = llvm::GlobPattern::create(pattern);
    if (!glob)
      return emitError(getOperation().getLoc(), "place: ") << llvm::toString(glob.takeError());
    bool found = false;
    for (auto parameter : getOperation().getOps<ParameterOp>())
      if (glob->match(parameter.getSymName())) {
        parameter.setPlacementAttr(*where == Placement::host ? PlacementAttr::get(&getContext(), *where)
                                                             : PlacementAttr());
        found = true;
      }
    if (!found)
      return emitError(getOperation().getLoc(), "place: expected a pattern that some parameter's name matches, got `")
             << pattern << "`";
    return success();
  }
};
} // namespace
