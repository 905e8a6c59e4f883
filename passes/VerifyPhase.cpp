// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Input: what a phase's passes have left. Output: the same, marked as being in that phase.

#include "passes/Passes.h"
#include "passes/Phases.h"

namespace mlir::yoco {
#define GEN_PASS_DEF_VERIFYPHASEPASS
#include "passes/Passes.h.inc"
} // namespace mlir::yoco

using namespace mlir;
using namespace mlir::yoco;

namespace {
struct VerifyPhasePass : public yoco::impl::VerifyPhasePassBase<VerifyPhasePass> {
  using VerifyPhasePassBase::VerifyPhasePassBase;

  void runOnOperation() override {
    std::optional<Phase> target = phase.empty() ? getPhase(getOperation()) : symbolizePhase(phase);
    if (!target) {
      getOperation().emitError("expected a phase of `model`, `step`, `fused`, `planned` or `program`, got ")
          << (phase.empty() ? "a module without `yoco.phase`" : "`" + phase + "`");
      return signalPassFailure();
    }
    unsigned illegal = reportIllegalOps(getOperation(), *target);
    numIllegal += illegal;
    if (illegal)
      return signalPassFailure();
    getOperation()->setAttr(YocoDialect::getPhaseAttrName(), PhaseAttr::get(&getContext(), *target));
  }
};
} // namespace
