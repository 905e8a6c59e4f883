// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Input: fused attentions. Output: those that the target wants divided give partial rows, and a merge joins them.
//
// One row against a long cache is too little work for one kernel instance; parts by absolute position fill the machine,
// and the partial rows are rows like any other, so that their memory is planned with the rest.

#include "passes/Passes.h"
#include "passes/analysis/Phase.h"
#include "passes/target/Target.h"
#include "passes/analysis/States.h"
#include "passes/fusion/Rows.h"

namespace mlir::yoco {
#define GEN_PASS_DEF_SPLITATTENTIONPASS
#include "passes/Passes.h.inc"
} // namespace mlir::yoco

using namespace mlir;
using namespace mlir::yoco;

namespace {
struct SplitAttentionPass : public yoco::impl::SplitAttentionPassBase<SplitAttentionPass> {
  void runOnOperation() override {
    if (failed(expectPhase(getOperation(), getArgument(), {Phase::step, Phase::fused})))
      return signalPassFailure();
    std::unique_ptr<Target> target = getTargetOf(getOperation());
    if (!target)
      return signalPassFailure();
    for (func::FuncOp entry : getEntryPoints(getOperation())) {
      SmallVector<FusedAttentionOp> attentions;
      entry.walk([&](FusedAttentionOp op) { attentions.push_back(op); });
      for (FusedAttentionOp op : attentions) {
        StepShape step = StepShape::get(entry, op.getSegments());
        int64_t splits = target->getAttentionSplits(step, op.getKeyCache().getType(), op.getWindow());
        if (splits > 0 && op.getSplits() == 0 && !isBufferForm(op))
          split(op, splits);
      }
    }
  }

  void split(FusedAttentionOp op, int64_t splits) {
    OpBuilder builder(op);
    int64_t columns = getPartialColumns(op.getHeads(), splits, op.getValueWidth());
    auto type = RankedTensorType::get({ShapedType::kDynamic, columns}, builder.getF32Type());
    auto part = cast<FusedAttentionOp>(builder.clone(*op));
    part.setSplits(splits);
    part->getResult(0).setType(type);
    auto merge = FusedAttentionMergeOp::create(builder, op.getLoc(), op->getResultTypes(), part->getResult(0),
                                               op.getSegments(), op.getHeadsAttr(), part.getSplitsAttr(), ValueRange{});
    copyLayer(op, merge);
    op->replaceAllUsesWith(merge->getResults());
    op.erase();
    ++numSplit;
  }
};
} // namespace
