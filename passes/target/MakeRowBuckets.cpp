// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Input: phase `step` with a target. Output: the same; entry points have programs for steps of few rows, functions of
// their own with `most`.
//
//   1. The target names the numbers of rows that may have programs of their own, for the steps of an entry point.
//   2. From the largest on, it is asked for all that fusion decides by the number of rows, at the limit of each: which
//      kernel multiplies, and how each attention is divided.
//   3. Where an answer differs from those for the next larger program, the entry point is cloned. Programs stand before
//      it, from small to large.
// A step of three rows then runs as one of at most four would in a session that has no room for more.
// Entry points of which some rows are wanted, and those that have such programs already, are left as they are.
// Refused: modules without a target.

#include "passes/Passes.h"
#include "passes/analysis/Phase.h"
#include "passes/analysis/States.h"
#include "passes/target/Target.h"

namespace mlir::yoco {
#define GEN_PASS_DEF_MAKEROWBUCKETSPASS
#include "passes/Passes.h.inc"
} // namespace mlir::yoco

using namespace mlir;
using namespace mlir::yoco;

/// What fusion would be told in such steps of `entry`.
static SmallVector<int64_t> getAnswers(func::FuncOp entry, const Target &target, const StepShape &step) {
  SmallVector<int64_t> answers = {target.getMaxRows(step)};
  entry.walk([&](StepAttentionOp attention) {
    if (auto read = attention.getPastKeys().getDefiningOp<CacheReadOp>())
      answers.push_back(target.getAttentionSplits(step, read.getCache().getType(), attention.getWindow()));
  });
  return answers;
}

namespace {
struct MakeRowBucketsPass : public yoco::impl::MakeRowBucketsPassBase<MakeRowBucketsPass> {
  void runOnOperation() override {
    if (failed(expectPhase(getOperation(), getArgument(), {Phase::step})))
      return signalPassFailure();
    std::unique_ptr<Target> target = getTargetOf(getOperation());
    if (!target)
      return signalPassFailure();
    SmallVector<func::FuncOp> entries = getEntryPoints(getOperation());
    llvm::SmallDenseSet<EntryAttr> made; // entry points that have programs already
    for (func::FuncOp entry : entries)
      if (EntryAttr shape = getEntry(entry); !shape.isWhole())
        made.insert(shape.getProgram(0, 0));
    for (func::FuncOp entry : entries)
      if (EntryAttr shape = getEntry(entry); shape.isWhole() && !shape.getWanted().isFrom() && !made.contains(shape))
        makePrograms(entry, shape, *target);
  }

  void makePrograms(func::FuncOp entry, EntryAttr shape, const Target &target) {
    StepShape step = StepShape::get(entry);
    SmallVector<int64_t> last = getAnswers(entry, target, step);
    Operation *next = entry; // the smallest program so far
    SmallVector<int64_t> buckets = target.getRowBuckets(step);
    for (int64_t most : llvm::reverse(buckets)) {
      SmallVector<int64_t> answers = getAnswers(entry, target, step.limitTo(most));
      if (answers == last) {
        ++numAlike;
        continue;
      }
      last = std::move(answers);
      func::FuncOp program = entry.clone();
      program.setName(getFreeName((entry.getName() + "_" + Twine(most)).str()));
      program->setAttr(YocoDialect::getEntryAttrName(), shape.getProgram(most, /*mostWanted=*/0));
      next->getBlock()->getOperations().insert(next->getIterator(), program);
      next = program;
      ++numPrograms;
    }
  }

  /// `name`, or with more behind it when something is called that.
  std::string getFreeName(std::string name) {
    while (getOperation().lookupSymbol(name))
      name += "_";
    return name;
  }
};
} // namespace
