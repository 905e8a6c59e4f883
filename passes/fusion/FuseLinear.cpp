// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Input: phase `step`, or between fusions. Output: no yoco.linear; one yoco.fused_linear for each input.
//
// Linears of one block with the same input, weight type and result type form a group, in program order, which stands
// where its first member stood. The input's norm goes into the group when the group is all that uses it and the target
// agrees. Biases are added to the group's result, all at once when every member has one.

#include "dialect/ParameterUses.h"
#include "passes/Passes.h"
#include "passes/analysis/Phase.h"
#include "passes/analysis/RowSets.h"
#include "passes/analysis/States.h"
#include "passes/fusion/Rows.h"
#include "passes/target/Target.h"
#include "llvm/ADT/MapVector.h"

namespace mlir::yoco {
#define GEN_PASS_DEF_FUSELINEARPASS
#include "passes/Passes.h.inc"
} // namespace mlir::yoco

using namespace mlir;
using namespace mlir::yoco;

namespace {
struct FuseLinearPass : public yoco::impl::FuseLinearPassBase<FuseLinearPass> {
  void runOnOperation() override {
    if (failed(expectPhase(getOperation(), getArgument(), {Phase::step})))
      return signalPassFailure();
    std::unique_ptr<Target> target = getTargetOf(getOperation());
    if (!target)
      return signalPassFailure();
    SymbolTableCollection symbols;
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      FailureOr<RowSets> sets = RowSets::compute(function);
      if (failed(sets))
        return signalPassFailure();
      llvm::MapVector<std::tuple<Value, Block *, Type, Type>, SmallVector<LinearOp>> groups;
      WalkResult result = function.walk([&](LinearOp op) -> WalkResult {
        FailureOr<RankedTensorType> weight = lookupParameter(op, symbols, op.getWeightAttr());
        if (failed(weight))
          return WalkResult::interrupt();
        groups[{op.getInput(), op->getBlock(), weight->getElementType(), op.getType().getElementType()}].push_back(op);
        return WalkResult::advance();
      });
      if (result.wasInterrupted())
        return signalPassFailure();
      for (auto &[key, linears] : groups) {
        StepShape step = StepShape::get(function, sets->getTable(linears.front().getOperation()));
        fuseGroup(linears, *target, target->getMaxRows(step));
      }
    }
  }

  /// The norm of `input` when the group can do it itself.
  NormOp takeNorm(Value input, ArrayRef<LinearOp> linears, const Target &target, int64_t maxRows) {
    auto norm = input.getDefiningOp<NormOp>();
    if (!norm || norm.getKind() != NormKind::rms)
      return {};
    bool isOnlyUser = llvm::all_of(
        input.getUsers(), [&](Operation *user) { return llvm::is_contained(linears, dyn_cast<LinearOp>(user)); });
    if (!isOnlyUser || !target.canFuseNorm(norm.getType().getDimSize(1), maxRows)) {
      ++numMissedNorms;
      return {};
    }
    ++numNorms;
    return norm;
  }

  void fuseGroup(ArrayRef<LinearOp> linears, const Target &target, int64_t maxRows) {
    Value input = LinearOp(linears.front()).getInput(); // by now perhaps a slice of another group
    OpBuilder builder(linears.front());
    SmallVector<Attribute> weights;
    int64_t columns = 0;
    for (LinearOp linear : linears) {
      weights.push_back(linear.getWeightAttr());
      columns += linear.getType().getDimSize(1);
    }
    NormOp norm = takeNorm(input, linears, target, maxRows);
    auto type =
        RankedTensorType::get({ShapedType::kDynamic, columns}, getElementTypeOrSelf(linears.front()->getResult(0)));
    auto fused = FusedLinearOp::create(
        builder, linears.front()->getLoc(), TypeRange{type}, norm ? norm.getInput() : input, Value(),
        builder.getArrayAttr(weights), norm ? norm.getEpsAttr() : FloatAttr(),
        norm ? norm.getWeightAttr() : FlatSymbolRefAttr(), ActivationAttr::get(&getContext(), Activation::none),
        builder.getI64IntegerAttr(maxRows), UnitAttr(), /*first_row=*/IntegerAttr(), Value(), ValueRange{});
    copyLayer(linears.front(), fused);
    replaceLinears(linears, fused, builder);
    if (norm)
      norm.erase();
    ++numGroups;
    numLinears += linears.size();
  }

  /// `group` with the biases of its members added, by one sum over all columns. The group itself when none has one, or
  /// not all have one of the same type: then they are added one by one.
  Value addBiases(ArrayRef<LinearOp> linears, Value group, OpBuilder &builder) {
    SmallVector<FlatSymbolRefAttr> biases;
    SmallVector<Type> elements;
    for (LinearOp linear : linears) {
      if (!linear.getBiasAttr())
        return group;
      biases.push_back(linear.getBiasAttr());
      elements.push_back(getBiasElement(linear));
    }
    return llvm::all_equal(elements) ? addParameters(group, biases, elements.front(), builder) : group;
  }

  Type getBiasElement(LinearOp linear) {
    auto parameter = SymbolTable::lookupNearestSymbolFrom<ParameterOp>(linear, linear.getBiasAttr());
    return parameter.getTensorType().getElementType();
  }

  Value addParameters(Value rows, ArrayRef<FlatSymbolRefAttr> parameters, Type element, OpBuilder &builder) {
    auto type = cast<RankedTensorType>(rows.getType());
    RowBuilder arithmetic(builder, rows.getLoc());
    Value vector = arithmetic.parameters(parameters, element, type.getDimSize(1));
    Value sum = arithmetic.map(type, {rows, vector}, [](ScalarBuilder &s, ValueRange x) { return s.add(x[0], x[1]); });
    copyLayer(rows.getDefiningOp(), sum.getDefiningOp());
    ++numBiases;
    return sum;
  }

  void replaceLinears(ArrayRef<LinearOp> linears, FusedLinearOp fused, OpBuilder &builder) {
    builder.setInsertionPointAfter(fused);
    Value group = fused.getResult().front(), all = addBiases(linears, group, builder);
    int64_t offset = 0;
    for (LinearOp linear : linears) {
      builder.setInsertionPoint(linear);
      Value result = all;
      int64_t columns = linear.getType().getDimSize(1);
      if (linears.size() > 1) {
        SmallVector<OpFoldResult> offsets = {builder.getIndexAttr(0), builder.getIndexAttr(offset)};
        SmallVector<OpFoldResult> sizes = {getRowCount(builder, all), builder.getIndexAttr(columns)};
        SmallVector<OpFoldResult> strides(2, builder.getIndexAttr(1));
        auto slice =
            tensor::ExtractSliceOp::create(builder, linear.getLoc(), linear.getType(), all, offsets, sizes, strides);
        copyLayer(linear, slice);
        result = slice;
      }
      if (all == group && linear.getBiasAttr())
        result = addParameters(result, linear.getBiasAttr(), getBiasElement(linear), builder);
      offset += columns;
      linear.getResult().replaceAllUsesWith(result);
      linear.erase();
    }
  }
};
} // namespace
