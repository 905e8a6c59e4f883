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
//   4. Where some rows of a step are wanted, the target also names numbers of these; there each wanted row becomes a
//      segment of its own, as a row of decode is. Not where an operation needs the wanted rows of a segment together.
// Entry points that have such programs already are left as they are. Refused: modules without a target.

#include "passes/Passes.h"
#include "passes/analysis/Phase.h"
#include "passes/analysis/RowSets.h"
#include "passes/analysis/States.h"
#include "passes/target/Target.h"

namespace mlir::yoco {
#define GEN_PASS_DEF_MAKEROWBUCKETSPASS
#include "passes/Passes.h.inc"
} // namespace mlir::yoco

using namespace mlir;
using namespace mlir::yoco;

namespace {

/// The steps that a program is for: those of at most so many rows, and so many wanted ones; 0 is any number.
struct Steps {
  int64_t most, mostWanted;
  bool eachRow; // each wanted row is a segment
};

/// Makes the programs of one entry point.
class ProgramMaker {
public:
  ProgramMaker(func::FuncOp entry, const RowSets &sets, const Target &target);

  void make();

  unsigned numPrograms = 0, numAlike = 0;

private:
  using Answers = SmallVector<int64_t>;

  Value findWantedTable();
  Answers getAnswers(Value table, const StepShape &step);
  Answers getAnswersForWanted(const Steps &steps);
  void makeFor(int64_t most);
  void makeProgram(const Steps &steps);
  std::string getFreeName(std::string name);

  func::FuncOp entry;
  EntryAttr shape;
  const RowSets &sets;
  const Target &target;
  StepShape step, wantedStep;
  Value wantedTable; // of the wanted rows, when each of them may be a segment; else null
  Operation *next;   // the smallest program so far
};

} // namespace

ProgramMaker::ProgramMaker(func::FuncOp entry, const RowSets &sets, const Target &target)
    : entry(entry), shape(getEntry(entry)), sets(sets), target(target), step(StepShape::get(entry)),
      wantedTable(findWantedTable()), next(entry) {
  wantedStep = StepShape::get(entry, wantedTable);
}

Value ProgramMaker::findWantedTable() {
  if (!shape.getWanted().isFrom())
    return {};
  Block &body = entry.getBody().front();
  for (auto table : body.getOps<NarrowSegmentsOp>()) {
    bool isWhole = llvm::any_of(
        body, [&](Operation &op) { return sets.getTable(&op) == table.getResult() && needsWholeSegments(&op); });
    if (table.getHalo() == 0 && !table.getEachRow() && !isWhole)
      return table;
  }
  return {};
}

/// What fusion would be told of the operations on the rows of `table` in such steps.
ProgramMaker::Answers ProgramMaker::getAnswers(Value table, const StepShape &step) {
  Answers answers = {target.getMaxRows(step)};
  for (auto attention : entry.getBody().front().getOps<StepAttentionOp>())
    if (auto read = attention.getPastKeys().getDefiningOp<CacheReadOp>(); read && attention.getSegments() == table)
      answers.push_back(target.getAttentionSplits(step, read.getCache().getType(), attention.getWindow()));
  return answers;
}

ProgramMaker::Answers ProgramMaker::getAnswersForWanted(const Steps &steps) {
  StepShape rows = steps.most == 0 ? wantedStep : wantedStep.limitTo(steps.most);
  if (steps.mostWanted != 0)
    rows.rows = std::min(rows.rows, steps.mostWanted);
  if (steps.eachRow) {
    rows.onePerSegment = true;
    rows.segments = rows.rows;
  }
  return getAnswers(wantedTable, rows);
}

/// The programs for steps of at most `most` rows, from that for any number of wanted ones on.
void ProgramMaker::makeFor(int64_t most) {
  int64_t mostWanted = most == 0 ? wantedStep.rows : std::min(most, wantedStep.rows);
  SmallVector<int64_t> buckets = wantedTable ? target.getWantedBuckets(mostWanted) : SmallVector<int64_t>();
  Steps all = {most, 0, false};
  Answers last = getAnswersForWanted(all);
  if (!buckets.empty() && buckets.back() == mostWanted) {
    buckets.pop_back();
    Answers each = getAnswersForWanted({most, 0, true});
    all.eachRow = each != last;
    last = std::move(each);
  }
  makeProgram(all);
  for (int64_t wanted : llvm::reverse(buckets)) {
    Steps some = {most, wanted, true};
    Answers answers = getAnswersForWanted(some);
    if (answers == last) {
      ++numAlike;
      continue;
    }
    last = std::move(answers);
    makeProgram(some);
  }
}

void ProgramMaker::make() {
  Value table = entry.getArguments().size() > 1 ? entry.getArgument(1) : Value();
  makeFor(/*most=*/0);
  Answers last = getAnswers(table, step);
  SmallVector<int64_t> buckets = target.getRowBuckets(step);
  for (int64_t most : llvm::reverse(buckets)) {
    Answers answers = getAnswers(table, step.limitTo(most));
    if (answers == last) {
      ++numAlike;
      continue;
    }
    last = std::move(answers);
    makeFor(most);
  }
}

void ProgramMaker::makeProgram(const Steps &steps) {
  func::FuncOp program = entry;
  if (steps.most != 0 || steps.mostWanted != 0) {
    program = entry.clone();
    std::string name = entry.getName().str();
    if (steps.most != 0)
      name += "_" + std::to_string(steps.most);
    if (steps.mostWanted != 0)
      name += "_wanted_" + std::to_string(steps.mostWanted);
    program.setName(getFreeName(name));
    program->setAttr(YocoDialect::getEntryAttrName(), shape.getProgram(steps.most, steps.mostWanted));
    next->getBlock()->getOperations().insert(next->getIterator(), program);
    next = program;
    ++numPrograms;
  }
  for (auto table : program.getBody().front().getOps<NarrowSegmentsOp>())
    if (wantedTable && table.getHalo() == 0)
      table.setEachRow(steps.eachRow);
}

/// `name`, or with more behind it when something is called that.
std::string ProgramMaker::getFreeName(std::string name) {
  while (SymbolTable::lookupSymbolIn(entry->getParentOp(), name))
    name += "_";
  return name;
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
      if (EntryAttr shape = getEntry(entry); shape.isWhole() && !entry.isExternal() && !made.contains(shape))
        if (failed(makePrograms(entry, *target)))
          return signalPassFailure();
  }

  LogicalResult makePrograms(func::FuncOp entry, const Target &target) {
    FailureOr<RowSets> sets = RowSets::compute(entry);
    if (failed(sets))
      return failure();
    ProgramMaker maker(entry, *sets, target);
    maker.make();
    numPrograms += maker.numPrograms;
    numAlike += maker.numAlike;
    return success();
  }
};
} // namespace
