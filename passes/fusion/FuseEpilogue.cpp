// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Input: linear groups. Output: the same, with activations and residuals taken in.
//
// First activations, then residuals, since a group applies its activation before it adds. What is taken in must be the
// only user of the group's result.

#include "passes/Passes.h"
#include "passes/analysis/Phase.h"
#include "passes/target/Target.h"
#include "passes/analysis/States.h"
#include "passes/fusion/Rows.h"

namespace mlir::yoco {
#define GEN_PASS_DEF_FUSEEPILOGUEPASS
#include "passes/Passes.h.inc"
} // namespace mlir::yoco

using namespace mlir;
using namespace mlir::yoco;

/// `group` again, at the builder's place, with another activation and residual, and weights in this order.
static Value rebuild(OpBuilder &builder, FusedLinearOp group, ArrayAttr weights, Activation activation, Value residual,
                     Type type, bool joined) {
  auto fused = FusedLinearOp::create(builder, group.getLoc(), TypeRange{type}, group.getInput(), residual, weights,
                                     group.getEpsAttr(), group.getNormWeightAttr(),
                                     ActivationAttr::get(builder.getContext(), activation), group.getMaxRowsAttr(),
                                     joined ? builder.getUnitAttr() : UnitAttr(), group.getFirstRowAttr(), Value(),
                                     ValueRange{});
  copyLayer(group, fused);
  return fused.getResult().front();
}

/// The group that `value` is the whole result of, when it still can take something in and nothing else uses it.
static FusedLinearOp getOpenGroup(Value value) {
  auto group = value.getDefiningOp<FusedLinearOp>();
  return group && value.hasOneUse() && !group.getResidual() ? group : FusedLinearOp();
}

namespace {
struct FuseEpiloguePass : public yoco::impl::FuseEpiloguePassBase<FuseEpiloguePass> {
  void runOnOperation() override {
    if (failed(expectPhase(getOperation(), getArgument(), {Phase::step})))
      return signalPassFailure();
    target = getTargetOf(getOperation());
    if (!target)
      return signalPassFailure();
    SmallVector<Operation *> products, sums;
    SmallVector<ElementwiseOpInterface> activations;
    getOperation().walk([&](Operation *op) {
      if (isa<arith::MulFOp>(op))
        products.push_back(op);
      auto elementwise = dyn_cast<ElementwiseOpInterface>(op);
      if (elementwise && elementwise.getGroupActivation(/*gated=*/false) != Activation::none)
        activations.push_back(elementwise);
      if (isa<arith::AddFOp>(op))
        sums.push_back(op);
    });
    llvm::SmallPtrSet<Operation *, 16> gone;
    for (Operation *op : products)
      fuseGated(cast<arith::MulFOp>(op), gone);
    for (ElementwiseOpInterface op : activations)
      if (!gone.contains(op))
        fuseActivation(op);
    for (Operation *op : sums)
      fuseResidual(cast<arith::AddFOp>(op));
  }

  /// Number of the half of a group of two equal weights that `value` is; none when it is no such half.
  std::optional<unsigned> getHalf(tensor::ExtractSliceOp slice, FusedLinearOp group) {
    std::optional<int64_t> first = getFirstColumn(slice);
    if (!first || !slice->hasOneUse())
      return std::nullopt;
    int64_t columns = slice.getType().getDimSize(1);
    if (columns * 2 != cast<ShapedType>(group.getResult().front().getType()).getDimSize(1))
      return std::nullopt;
    return *first == 0 ? std::optional<unsigned>(0) : *first == columns ? std::optional<unsigned>(1) : std::nullopt;
  }

  void fuseGated(arith::MulFOp product, llvm::SmallPtrSetImpl<Operation *> &gone) {
    for (auto [left, right] : {std::pair(product.getLhs(), product.getRhs()),
                               std::pair(product.getRhs(), product.getLhs())}) {
      auto activation = left.getDefiningOp<ElementwiseOpInterface>();
      if (!activation || !activation->hasOneUse() || activation->getNumOperands() != 1)
        continue;
      Activation kind = activation.getGroupActivation(/*gated=*/true);
      if (kind == Activation::none)
        continue;
      auto gate = activation->getOperand(0).getDefiningOp<tensor::ExtractSliceOp>();
      auto up = right.getDefiningOp<tensor::ExtractSliceOp>();
      if (!gate || !up || gate.getSource() != up.getSource())
        continue;
      auto group = gate.getSource().getDefiningOp<FusedLinearOp>();
      if (!group || group.getWeights().size() != 2 || group.getActivation() != Activation::none ||
          group.getResidual() || !gate.getSource().hasNUses(2) || !target->canFuseActivation(group.getMaxRows()))
        continue;
      std::optional<unsigned> gateHalf = getHalf(gate, group), upHalf = getHalf(up, group);
      if (!gateHalf || !upHalf || *gateHalf == *upHalf || !isEqualSplit(group))
        continue;
      OpBuilder builder(product);
      ArrayAttr weights = builder.getArrayAttr({group.getWeights()[*gateHalf], group.getWeights()[*upHalf]});
      product.getResult().replaceAllUsesWith(rebuild(builder, group, weights, kind, Value(), product.getType(),
                                              target->joinsGatedWeights()));
      gone.insert(activation);
      for (Operation *op : {product.getOperation(), activation.getOperation(), gate.getOperation(), up.getOperation(),
                            group.getOperation()})
        op->erase();
      ++numGated;
      return;
    }
  }

  /// Both weights of `group` have as many rows as half its columns.
  bool isEqualSplit(FusedLinearOp group) {
    SymbolTableCollection tables;
    auto rows = [&](unsigned i) {
      auto name = cast<FlatSymbolRefAttr>(group.getWeights()[i]);
      auto parameter = tables.lookupNearestSymbolFrom<ParameterOp>(group, name);
      return parameter ? parameter.getTensorType().getDimSize(0) : -1;
    };
    return rows(0) == rows(1) && rows(0) != -1;
  }

  void fuseActivation(ElementwiseOpInterface activation) {
    FusedLinearOp group = getOpenGroup(activation->getOperand(0));
    if (!group || group.getActivation() != Activation::none || !target->canFuseActivation(group.getMaxRows()))
      return;
    OpBuilder builder(activation);
    Activation kind = activation.getGroupActivation(/*gated=*/false);
    Value fused = rebuild(builder, group, group.getWeights(), kind, Value(), activation->getResult(0).getType(), false);
    activation->getResult(0).replaceAllUsesWith(fused);
    activation->erase();
    group.erase();
    ++numActivations;
  }

  void fuseResidual(arith::AddFOp sum) {
    for (auto [left, right] : {std::pair(sum.getLhs(), sum.getRhs()), std::pair(sum.getRhs(), sum.getLhs())}) {
      FusedLinearOp group = getOpenGroup(right);
      // A constant in every element is no residual that a kernel could read.
      if (!group || left.getDefiningOp<tensor::SplatOp>())
        continue;
      OpBuilder builder(sum);
      Value fused = rebuild(builder, group, group.getWeights(), group.getActivation(), left, sum.getType(),
                            group.getJoined());
      sum.getResult().replaceAllUsesWith(fused);
      sum.erase();
      group.erase();
      ++numResiduals;
      return;
    }
  }

  std::shared_ptr<Target> target; // a pass can be copied
};
} // namespace
