// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Input and output: phase `step` or `fused`; nothing is changed.
//
// The number of rows is no part of a type, so that nothing else keeps an operation from taking rows of two sets. Every
// such operation is reported.

#include "passes/Passes.h"
#include "passes/analysis/Phase.h"
#include "passes/analysis/RowSets.h"
#include "passes/analysis/States.h"

namespace mlir::yoco {
#define GEN_PASS_DEF_VERIFYROWSETSPASS
#include "passes/Passes.h.inc"
} // namespace mlir::yoco

using namespace mlir;
using namespace mlir::yoco;

namespace {
struct VerifyRowSetsPass : public yoco::impl::VerifyRowSetsPassBase<VerifyRowSetsPass> {
  void runOnOperation() override {
    if (failed(expectPhase(getOperation(), getArgument(), {Phase::model, Phase::step, Phase::fused})))
      return signalPassFailure();
    for (func::FuncOp entry : getEntryPoints(getOperation()))
      if (failed(RowSets::compute(entry)))
        signalPassFailure();
    markAllAnalysesPreserved();
  }
};
} // namespace
