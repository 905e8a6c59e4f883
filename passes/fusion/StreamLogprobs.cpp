// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Input: phase `step`, before linears are fused. Output: log-probabilities of logits that are never all there at once.
//
// Where the logits of a yoco.row_logprobs come from a yoco.linear without a bias, through nothing but functions of
// single elements (a soft cap, a factor), and nothing else uses them:
//   1. the logit of each row's target is made first, since the rank counts the columns above it;
//   2. the matrix is cut into blocks of rows. For each of them a product gives a block of logits, which those functions
//      are applied to and a yoco.fused_logprobs reads; from block to block go partial rows alone.
// All products read the one matrix: it is stored once, and read once in a step. Other logits are left as they are, and
// so are those that are one block.

#include "mlir/IR/IRMapping.h"
#include "passes/Passes.h"
#include "passes/analysis/Phase.h"
#include "passes/analysis/RowSets.h"
#include "passes/analysis/RowDemandAnalysis.h"
#include "passes/fusion/Rows.h"
#include "passes/target/Target.h"

namespace mlir::yoco {
#define GEN_PASS_DEF_STREAMLOGPROBSPASS
#include "passes/Passes.h.inc"
} // namespace mlir::yoco

using namespace mlir;
using namespace mlir::yoco;

namespace {

/// How logits are made: by a linear, then by functions of single elements, the first of them last.
struct Logits {
  LinearOp linear;
  SmallVector<Operation *> functions;
};

/// The one operand of `op` that is no constant, when it is a function of single elements with one result of their type.
OpOperand *getArgument(Operation *op) {
  if (!op->hasTrait<OpTrait::Elementwise>() || op->getNumResults() != 1 || op->getNumRegions() != 0)
    return nullptr;
  OpOperand *argument = nullptr;
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isRowTensor(operand.get().getType()) || matchSplat(operand.get()))
      continue;
    if (argument)
      return nullptr;
    argument = &operand;
  }
  return argument && argument->get().getType() == op->getResult(0).getType() ? argument : nullptr;
}

std::optional<Logits> matchLogits(Value value) {
  Logits logits;
  while (Operation *op = value.hasOneUse() ? value.getDefiningOp() : nullptr) {
    if ((logits.linear = dyn_cast<LinearOp>(op)))
      return logits.linear.getBiasAttr() ? std::nullopt : std::optional(logits);
    OpOperand *argument = getArgument(op);
    if (!argument)
      return std::nullopt;
    logits.functions.push_back(op);
    value = argument->get();
  }
  return std::nullopt;
}

/// The functions of `logits`, of `rows`, which are fewer columns.
Value applyFunctions(OpBuilder &builder, const Logits &logits, Value rows) {
  for (Operation *op : llvm::reverse(logits.functions)) {
    auto type = cast<RankedTensorType>(rows.getType());
    IRMapping mapping;
    mapping.map(getArgument(op)->get(), rows);
    for (Value operand : op->getOperands())
      if (auto splat = operand.getDefiningOp<tensor::SplatOp>())
        mapping.map(operand, tensor::SplatOp::create(builder, op->getLoc(), splat.getInput(), type,
                                                     ValueRange{getRowCount(builder, rows)}));
    Operation *clone = builder.clone(*op, mapping);
    clone->getResult(0).setType(type);
    rows = clone->getResult(0);
  }
  return rows;
}

struct StreamLogprobsPass : public yoco::impl::StreamLogprobsPassBase<StreamLogprobsPass> {
  using StreamLogprobsPassBase::StreamLogprobsPassBase;

  void runOnOperation() override {
    if (failed(expectPhase(getOperation(), getArgument(), {Phase::step})))
      return signalPassFailure();
    if (block < 64 || block % 64 != 0) {
      getOperation().emitError("expected blocks of a multiple of 64 columns, got ") << int64_t(block);
      return signalPassFailure();
    }
    std::unique_ptr<Target> target = getTargetOf(getOperation());
    if (!target)
      return signalPassFailure();
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      FailureOr<RowSets> sets = RowSets::compute(function);
      if (failed(sets))
        return signalPassFailure();
      SmallVector<RowLogprobsOp> ops;
      function.walk([&](RowLogprobsOp op) { ops.push_back(op); });
      for (RowLogprobsOp op : ops) {
        // A block of logits is no more than others have.
        if (op.getLogits().getType().getDimSize(1) <= block)
          continue;
        std::optional<Logits> logits = matchLogits(op.getLogits());
        if (logits && op.getLogits().getType().getElementType().isF32())
          stream(op, *logits, target->getMaxRows(StepShape::get(function, sets->getTable(op.getOperation()))));
        else
          ++numMissed;
      }
    }
  }

  void stream(RowLogprobsOp op, const Logits &logits, int64_t maxRows) {
    OpBuilder builder(op);
    LinearOp linear = logits.linear;
    int64_t columns = linear.getType().getDimSize(1), best = op.getBest();
    auto rowsOf = [&](int64_t width) {
      return RankedTensorType::get({ShapedType::kDynamic, width}, builder.getF32Type());
    };
    auto targetLogits = FusedTargetLogitsOp::create(builder, linear.getLoc(), TypeRange{rowsOf(1)}, linear.getInput(),
                                                    op.getTargets(), linear.getWeightAttr(), ValueRange{});
    copyLayer(linear, targetLogits);
    Value threshold = applyFunctions(builder, logits, targetLogits.getResult().front()), carry;
    for (int64_t first = 0; first < columns; first += block) {
      int64_t width = std::min<int64_t>(block, columns - first);
      bool isLast = first + width == columns;
      auto product = FusedLinearOp::create(
          builder, linear.getLoc(), TypeRange{rowsOf(width)}, linear.getInput(), Value(),
          builder.getArrayAttr(linear.getWeightAttr()), FloatAttr(), FlatSymbolRefAttr(),
          ActivationAttr::get(&getContext(), Activation::none), builder.getI64IntegerAttr(maxRows), UnitAttr(),
          builder.getI64IntegerAttr(first), Value(), ValueRange{});
      copyLayer(linear, product);
      Value some = applyFunctions(builder, logits, product.getResult().front());
      auto fold = FusedLogprobsOp::create(
          builder, op.getLoc(), TypeRange{rowsOf(getLogprobsColumns(best, !isLast))}, some, op.getTargets(), threshold,
          carry, op.getBestAttr(), isLast ? UnitAttr() : builder.getUnitAttr(), ValueRange{});
      copyLayer(op, fold);
      carry = fold.getResult().front();
      ++numBlocks;
    }
    op.getResult().replaceAllUsesWith(carry);
    op.erase();
    for (Operation *function : logits.functions)
      function->erase();
    linear.erase();
    ++numStreamed;
  }
};
} // namespace
