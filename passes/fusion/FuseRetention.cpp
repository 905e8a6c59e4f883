// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Input: phase `step`. Output: no yoco.step_retention; yoco.fused_retention on flat rows instead.
//
// Around each retention, from the inside out: both rotations, the log-sigmoid and divisor of the gate, then the norm of
// each head and the product with a swish gate. Each is taken in only when nothing else uses what it gives, and
// rotations only when they are by the rows' own positions.
// Refused: entry points that do not begin with ids and segments.

#include "passes/Passes.h"
#include "passes/analysis/Phase.h"
#include "passes/target/Target.h"
#include "passes/analysis/States.h"
#include "passes/fusion/Rows.h"

namespace mlir::yoco {
#define GEN_PASS_DEF_FUSERETENTIONPASS
#include "passes/Passes.h.inc"
} // namespace mlir::yoco

using namespace mlir;
using namespace mlir::yoco;

namespace {

/// What one fused retention is made of.
struct Match {
  Value query, key, value, gate, swish;
  FloatAttr gateDivisor, eps;
  RopeAttr rope;
  Value out;                 // what the fused result replaces
  SmallVector<Operation *> absorbed;
};

struct FuseRetentionPass : public yoco::impl::FuseRetentionPassBase<FuseRetentionPass> {
  void runOnOperation() override {
    if (failed(expectPhase(getOperation(), getArgument(), {Phase::step})))
      return signalPassFailure();
    std::unique_ptr<Target> target = getTargetOf(getOperation());
    if (!target)
      return signalPassFailure();
    for (func::FuncOp entry : getEntryPoints(getOperation())) {
      SmallVector<StepRetentionOp> retentions;
      entry.walk([&](StepRetentionOp op) { retentions.push_back(op); });
      bool recurrent = getEntry(entry).getRows() == RowShape::single;
      for (StepRetentionOp op : retentions) {
        if (failed(verifyStepFunction(op)))
          return signalPassFailure();
        fuse(op, *target, recurrent);
      }
    }
  }

  void matchRope(Match &match, Value segments) {
    auto query = match.query.getDefiningOp<RopeOp>(), key = match.key.getDefiningOp<RopeOp>();
    // Its kernels rotate whole heads.
    auto isWhole = [](RopeOp op) {
      return static_cast<int64_t>(op.getRope().getInvFreq().size()) * 2 == op.getType().getDimSize(2);
    };
    if (!query || !key || query.getRope() != key.getRope() || !isWhole(query) || !query->hasOneUse() ||
        !key->hasOneUse() ||
        !isStepPositions(query.getPositions(), segments) || !isStepPositions(key.getPositions(), segments)) {
      numMissedRopes += (query ? 1 : 0) + (key ? 1 : 0);
      return;
    }
    match.query = query.getInput();
    match.key = key.getInput();
    match.rope = query.getRope();
    match.absorbed.append({query, key});
    numRopes += 2;
  }

  /// log_sigmoid(x), and log_sigmoid(x) / c.
  void matchGate(Match &match, OpBuilder &builder) {
    Value gate = match.gate;
    FloatAttr divisor = builder.getF32FloatAttr(1.0f);
    auto div = gate.getDefiningOp<arith::DivFOp>();
    if (div && div->hasOneUse()) {
      std::optional<APFloat> constant = matchSplat(div.getRhs());
      if (!constant || &constant->getSemantics() != &APFloat::IEEEsingle())
        return;
      divisor = builder.getF32FloatAttr(constant->convertToFloat());
      gate = div.getLhs();
    }
    auto logSigmoid = gate.getDefiningOp<LogSigmoidOp>();
    if (!logSigmoid || !logSigmoid->hasOneUse())
      return;
    if (div)
      match.absorbed.push_back(div);
    match.absorbed.push_back(logSigmoid);
    match.gate = logSigmoid.getInput();
    match.gateDivisor = divisor;
    ++numGates;
  }

  /// norm(o) per head, then silu(g) * o on flat rows.
  void matchEpilogue(Match &match) {
    auto norm = dyn_cast_or_null<NormOp>(getOnlyUser(match.out));
    if (!norm || norm.getWeightAttr() || norm.getKind() != NormKind::rms)
      return;
    match.out = norm.getResult();
    match.eps = norm.getEpsAttr();
    match.absorbed.push_back(norm);
    ++numNorms;
    auto collapse = dyn_cast_or_null<tensor::CollapseShapeOp>(getOnlyUser(match.out));
    if (!collapse || collapse.getResultType().getRank() != 2 ||
        collapse.getReassociationIndices().front().size() != 1)
      return;
    auto product = dyn_cast_or_null<arith::MulFOp>(getOnlyUser(collapse.getResult()));
    if (!product)
      return;
    Value other = product.getLhs() == collapse.getResult() ? product.getRhs() : product.getLhs();
    Operation *silu = getActivation(other, Activation::silu);
    if (!silu)
      return;
    match.out = product.getResult();
    match.swish = silu->getOperand(0);
    match.absorbed.append({collapse, product, silu});
    ++numSwishes;
  }

  void fuse(StepRetentionOp op, const Target &target, bool recurrent) {
    Match match{op.getQuery(), op.getKey(), op.getValue(), op.getGate(), {}, {}, {}, {}, op.getResult(), {}};
    OpBuilder builder(op);
    matchRope(match, op.getSegments());
    matchGate(match, builder);
    ArrayRef<int64_t> shape = op.getState().getType().getShape();
    int64_t span = recurrent ? 0 : target.getRetentionSpan(shape[1], shape[2]);
    // The fused operation stands where the last absorbed one stood; whoever reads the next state must stand after
    // that.
    if (target.canFuseHeadNorm(span) && llvm::all_of(op.getNext().getUsers(), llvm::IsaPred<func::ReturnOp>))
      matchEpilogue(match);
    Operation *last = match.out.getDefiningOp();
    builder.setInsertionPointAfter(last);
    createFused(op, match, builder, span);
    SmallVector<Operation *> dead = {op};
    llvm::append_range(dead, match.absorbed);
    for (bool changed = true; changed;) {
      changed = false;
      for (Operation *&candidate : dead)
        if (candidate && candidate->use_empty()) {
          candidate->erase();
          candidate = nullptr;
          changed = true;
        }
    }
    ++numFused;
  }

  void createFused(StepRetentionOp op, const Match &match, OpBuilder &builder, int64_t span) {
    ArrayRef<int64_t> shape = op.getState().getType().getShape();
    Value positions = getPositions(builder, op, op.getSegments());
    auto flatType = RankedTensorType::get({ShapedType::kDynamic, shape[0] * shape[2]},
                                          getElementTypeOrSelf(match.out.getType()));
    auto fused = FusedRetentionOp::create(
        builder, op.getLoc(), TypeRange{flatType, op.getState().getType()}, getFlatRows(builder, match.query),
        getFlatRows(builder, match.key), getFlatRows(builder, match.value), match.gate, positions, op.getSegments(),
        op.getState(), match.swish, op.getScaleAttr(), match.gateDivisor, match.eps, match.rope,
        builder.getI64IntegerAttr(span), ValueRange{});
    copyLayer(op, fused);
    Value out = fused.getResult(0);
    auto outType = cast<RankedTensorType>(match.out.getType());
    if (outType.getRank() == 3)
      out = getHeadRows(builder, out, outType);
    Value replaced = match.out;
    replaced.replaceAllUsesWith(out);
    op.getNext().replaceAllUsesWith(fused.getResult(1));
  }
};

} // namespace
