// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Input: phase `step` after the other fusions. Output: nothing but kernels.
//
//   1. Operations that have a fused form, a kernel written by hand, become that, on flat rows.
//   2. Operations that decompose become linalg.generic operations: elementwise ones, and sums along a row.
//   3. Elementwise operations, and arithmetic on row tensors, become elementwise linalg.generic operations; constants
//      move into their bodies.
//   4. Chains of them whose inner results nobody else uses become one.
// Which operation is what, the interfaces FusedFormOpInterface, DecomposableOpInterface and ElementwiseOpInterface say.
// Refused: positions without segments, which are of phase `model`.

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Transforms/DialectConversion.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/Passes.h"
#include "passes/analysis/Phase.h"
#include "passes/analysis/RowDemandAnalysis.h"
#include "passes/fusion/Rows.h"

namespace mlir::yoco {
#define GEN_PASS_DEF_FUSEROWWISEPASS
#include "passes/Passes.h.inc"
} // namespace mlir::yoco

using namespace mlir;
using namespace mlir::yoco;

//===- Kernels written by hand -------------------------------------------------------------------------------===//

/// Replaces `op` by `fused`, whose result may be flat.
static void replaceBy(OpBuilder &builder, Operation *op, Operation *fused) {
  copyLayer(op, fused);
  Value result = fused->getResult(0);
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  if (type.getRank() == 3)
    result = getHeadRows(builder, result, type);
  op->getResult(0).replaceAllUsesWith(result);
  op->erase();
}

namespace {
/// The product with a swish gate that a norm takes in, and what goes with it; the norm itself is last.
struct Gate {
  Value swish;
  Operation *product = nullptr;
  SmallVector<Operation *> absorbed;
};
} // namespace

/// silu(swish) * flat(norm), when nothing else uses the norm.
static Gate matchSwish(NormOp norm) {
  Gate gate;
  Value flat = norm.getResult();
  RankedTensorType flatType = norm.getType();
  if (flatType.getRank() == 3)
    flatType = RankedTensorType::get({ShapedType::kDynamic, flatType.getDimSize(1) * flatType.getDimSize(2)},
                                     flatType.getElementType());
  if (auto collapse = dyn_cast_or_null<tensor::CollapseShapeOp>(getOnlyUser(flat))) {
    if (collapse.getResultType() != flatType)
      return {};
    gate.absorbed.push_back(collapse);
    flat = collapse.getResult();
  }
  auto product = dyn_cast_or_null<arith::MulFOp>(getOnlyUser(flat));
  if (!product || flat.getType() != flatType)
    return {};
  Operation *silu = getActivation(product.getLhs() == flat ? product.getRhs() : product.getLhs(), Activation::silu);
  if (!silu)
    return {};
  gate.swish = silu->getOperand(0);
  gate.product = product;
  gate.absorbed.append({silu, norm});
  return gate;
}

/// Makes the kernel of an operation that has one written by hand. False when it has none.
static bool makeKernel(FusedFormOpInterface op) {
  OpBuilder builder(op);
  Gate gate;
  // Of the norms only those with a kernel of their own may take in what follows them.
  if (auto norm = dyn_cast<NormOp>(op.getOperation()); norm && norm.getKind() == NormKind::rms)
    gate = matchSwish(norm);
  SmallVector<Value> operands;
  for (Value operand : op->getOperands()) {
    auto type = dyn_cast<RankedTensorType>(operand.getType());
    operands.push_back(type && type.getRank() == 3 ? getFlatRows(builder, operand) : operand);
  }
  if (gate.product)
    builder.setInsertionPoint(gate.product);
  Operation *fused = op.buildFusedForm(builder, operands);
  if (!fused)
    return false;
  if (gate.product)
    cast<FusedNormOp>(fused).getSwishMutable().assign(gate.swish);
  replaceBy(builder, gate.product ? gate.product : op, fused);
  for (Operation *absorbed : gate.absorbed)
    absorbed->erase();
  return true;
}

//===- Arithmetic --------------------------------------------------------------------------------------------===//

namespace {

/// Gives new kernels the layer of the operation that they are made of.
struct LayerListener : public OpBuilder::Listener {
  explicit LayerListener(Operation *from) : from(from) {}
  void notifyOperationInserted(Operation *op, OpBuilder::InsertPoint) override {
    if (isa<linalg::GenericOp>(op))
      copyLayer(from, op);
  }
  Operation *from;
};

} // namespace

static void decompose(DecomposableOpInterface op) {
  LayerListener listener(op);
  OpBuilder builder(op->getContext(), &listener);
  builder.setInsertionPoint(op);
  RowBuilder rows(builder, op.getLoc());
  op->getResult(0).replaceAllUsesWith(op.decompose(rows));
  op->erase();
}

namespace {

/// An operation on row tensors as a linalg.generic over all elements. Splats become scalars of the body.
struct GenericPattern : public RewritePattern {
  GenericPattern(MLIRContext *context) : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (!op->hasTrait<OpTrait::Elementwise>() || op->getNumResults() != 1 || !isRowTensor(op->getResult(0).getType()))
      return failure();
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    SmallVector<Value> inputs;
    for (Value operand : op->getOperands())
      if (!operand.getDefiningOp<tensor::SplatOp>() && isRowTensor(operand.getType()))
        inputs.push_back(operand);
    if (inputs.empty())
      return failure();
    Location loc = op->getLoc();
    Value empty = tensor::EmptyOp::create(rewriter, loc, type, ValueRange{getRowCount(rewriter, inputs.front())});
    SmallVector<AffineMap> maps(inputs.size() + 1, rewriter.getMultiDimIdentityMap(type.getRank()));
    SmallVector<utils::IteratorType> iterators(type.getRank(), utils::IteratorType::parallel);
    auto generic =
        linalg::GenericOp::create(rewriter, loc, TypeRange{type}, inputs, ValueRange{empty}, maps, iterators,
                                  [&](OpBuilder &builder, Location loc, ValueRange arguments) {
                                    linalg::YieldOp::create(builder, loc, makeScalar(builder, op, arguments));
                                  });
    copyLayer(op, generic);
    rewriter.replaceOp(op, generic);
    return success();
  }

  static Value makeScalar(OpBuilder &builder, Operation *op, ValueRange arguments) {
    Location loc = op->getLoc();
    SmallVector<Value> operands;
    for (Value operand : op->getOperands()) {
      if (auto splat = operand.getDefiningOp<tensor::SplatOp>())
        operands.push_back(splat.getInput());
      else if (isRowTensor(operand.getType()))
        operands.push_back(arguments[operands.size() - countSplats(op, operands.size())]);
      else
        operands.push_back(operand);
    }
    if (auto elementwise = dyn_cast<ElementwiseOpInterface>(op)) {
      ScalarBuilder scalar(builder, loc, getElementTypeOrSelf(op->getResult(0)));
      return elementwise.buildScalar(scalar, operands);
    }
    OperationState state(loc, op->getName(), operands, getElementTypeOrSelf(op->getResult(0)),
                         llvm::to_vector(op->getAttrDictionary()));
    return builder.create(state)->getResult(0);
  }

  /// Operands before number `end` that are no block arguments.
  static unsigned countSplats(Operation *op, unsigned end) {
    return llvm::count_if(op->getOperands().take_front(end), [](Value operand) {
      return operand.getDefiningOp<tensor::SplatOp>() || !isRowTensor(operand.getType());
    });
  }
};

/// Chains take in what nobody else uses. What is one number for a whole row would be computed again for every column.
bool canFuse(OpOperand *fused) {
  auto consumer = cast<linalg::GenericOp>(fused->getOwner());
  return fused->get().hasOneUse() && consumer.getMatchingIndexingMap(fused).isPermutation();
}

struct FuseRowWisePass : public yoco::impl::FuseRowWisePassBase<FuseRowWisePass> {
  void runOnOperation() override {
    if (failed(expectPhase(getOperation(), getArgument(), {Phase::step})))
      return signalPassFailure();
    SmallVector<FusedFormOpInterface> fusedForms;
    SmallVector<DecomposableOpInterface> sums;
    bool failedAny = false;
    getOperation().walk([&](Operation *op) {
      auto positions = dyn_cast<PositionsOp>(op);
      if (positions && !positions.getSegments()) {
        op->emitError("expected positions of a step, with segments, got none");
        failedAny = true;
      }
      if (auto fused = dyn_cast<FusedFormOpInterface>(op))
        fusedForms.push_back(fused);
      else if (auto decomposable = dyn_cast<DecomposableOpInterface>(op))
        sums.push_back(decomposable);
    });
    if (failedAny)
      return signalPassFailure();
    for (FusedFormOpInterface op : fusedForms) {
      auto decomposable = dyn_cast<DecomposableOpInterface>(op.getOperation());
      if (makeKernel(op))
        ++numKernels;
      else if (decomposable)
        sums.push_back(decomposable);
    }
    for (DecomposableOpInterface op : sums)
      decompose(op);
    numDecomposed += sums.size();
    RewritePatternSet generics(&getContext());
    generics.add<GenericPattern>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(generics))))
      return signalPassFailure();
    RewritePatternSet chains(&getContext());
    linalg::populateElementwiseOpsFusionPatterns(chains, canFuse);
    if (failed(applyPatternsGreedily(getOperation(), std::move(chains))))
      return signalPassFailure();
    getOperation().walk([&](linalg::GenericOp) { ++numChains; });
  }
};

} // namespace
