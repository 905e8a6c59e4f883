// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Input: phase `step` after the other fusions. Output: nothing but kernels.
//
//   1. Positions, embeddings, norms and ropes become their fused forms, on flat rows.
//   2. silu, gelu and log-sigmoid, and arithmetic on row tensors, become elementwise linalg.generic operations; constants
//      move into their bodies.
//   3. Chains of them whose inner results nobody else uses become one.
// Refused: positions without segments, which are of phase `model`.

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Transforms/DialectConversion.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/Passes.h"
#include "passes/analysis/RowDemandAnalysis.h"
#include "passes/fusion/Rows.h"

namespace mlir::yoco {
#define GEN_PASS_DEF_FUSEROWWISEPASS
#include "passes/Passes.h.inc"
} // namespace mlir::yoco

using namespace mlir;
using namespace mlir::yoco;

//===- Kernels of their own ----------------------------------------------------------------------------------===//

static RankedTensorType getFlatType(RankedTensorType type) {
  if (type.getRank() != 3)
    return type;
  return RankedTensorType::get({ShapedType::kDynamic, type.getDimSize(1) * type.getDimSize(2)}, type.getElementType());
}

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
  if (auto collapse = dyn_cast_or_null<tensor::CollapseShapeOp>(getOnlyUser(flat))) {
    if (collapse.getResultType() != getFlatType(norm.getType()))
      return {};
    gate.absorbed.push_back(collapse);
    flat = collapse.getResult();
  }
  auto product = dyn_cast_or_null<arith::MulFOp>(getOnlyUser(flat));
  if (!product || flat.getType() != getFlatType(norm.getType()))
    return {};
  auto silu = (product.getLhs() == flat ? product.getRhs() : product.getLhs()).getDefiningOp<SiluOp>();
  if (!silu || !silu->hasOneUse())
    return {};
  gate.swish = silu.getInput();
  gate.product = product;
  gate.absorbed.append({silu, norm});
  return gate;
}

static void makeKernel(Operation *op) {
  OpBuilder builder(op);
  Location loc = op->getLoc();
  if (auto positions = dyn_cast<PositionsOp>(op)) {
    replaceBy(builder, op,
              FusedPositionsOp::create(builder, loc, TypeRange{positions.getType()}, positions.getIds(),
                                       positions.getSegments(), ValueRange{}));
  } else if (auto embed = dyn_cast<EmbedOp>(op)) {
    replaceBy(builder, op,
              FusedEmbedOp::create(builder, loc, TypeRange{embed.getType()}, embed.getIds(), embed.getTableAttr(),
                                   embed.getScaleAttr(), ValueRange{}));
  } else if (auto norm = dyn_cast<NormOp>(op)) {
    bool heads = norm.getType().getRank() == 3;
    Value input = heads ? getFlatRows(builder, norm.getInput()) : norm.getInput();
    auto groups = builder.getI64IntegerAttr(heads ? norm.getType().getDimSize(1) : 1);
    Gate gate = matchSwish(norm);
    if (gate.product)
      builder.setInsertionPoint(gate.product);
    auto fused = FusedNormOp::create(builder, loc, TypeRange{getFlatType(norm.getType())}, input, gate.swish,
                                     norm.getWeightAttr(), norm.getEpsAttr(), groups, ValueRange{});
    replaceBy(builder, gate.product ? gate.product : op, fused);
    for (Operation *absorbed : gate.absorbed)
      absorbed->erase();
  } else if (auto argmax = dyn_cast<ArgmaxOp>(op)) {
    replaceBy(builder, op,
              FusedArgmaxOp::create(builder, loc, TypeRange{argmax.getType()}, argmax.getInput(), ValueRange{}));
  } else if (auto rope = dyn_cast<RopeOp>(op)) {
    replaceBy(builder, op,
              FusedRopeOp::create(builder, loc, TypeRange{getFlatType(rope.getType())},
                                  getFlatRows(builder, rope.getInput()), rope.getPositions(),
                                  builder.getI64IntegerAttr(rope.getType().getDimSize(1)), rope.getRopeAttr(),
                                  ValueRange{}));
  }
}

//===- Elementwise operations --------------------------------------------------------------------------------===//

static Value makeConstant(OpBuilder &builder, Location loc, Type type, double value) {
  return arith::ConstantOp::create(builder, loc, builder.getFloatAttr(type, value));
}

/// x / (1 + exp(-x))
static Value makeSilu(OpBuilder &builder, Location loc, Value x) {
  Value one = makeConstant(builder, loc, x.getType(), 1.0);
  Value exp = math::ExpOp::create(builder, loc, arith::NegFOp::create(builder, loc, x));
  return arith::DivFOp::create(builder, loc, x, arith::AddFOp::create(builder, loc, one, exp));
}

/// 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
static Value makeGelu(OpBuilder &builder, Location loc, Value x) {
  auto constant = [&](double value) { return makeConstant(builder, loc, x.getType(), value); };
  auto mul = [&](Value a, Value b) -> Value { return arith::MulFOp::create(builder, loc, a, b); };
  Value cube = mul(constant(0.044715), mul(x, mul(x, x)));
  Value inner = mul(constant(0.7978845608028654), arith::AddFOp::create(builder, loc, x, cube));
  Value tanh = math::TanhOp::create(builder, loc, inner);
  return mul(mul(constant(0.5), x), arith::AddFOp::create(builder, loc, constant(1.0), tanh));
}

/// min(x, 0) - log(1 + exp(-|x|)): never takes the exponential of a positive number.
static Value makeLogSigmoid(OpBuilder &builder, Location loc, Value x) {
  Value negative = arith::MinimumFOp::create(builder, loc, x, makeConstant(builder, loc, x.getType(), 0.0));
  Value exp = math::ExpOp::create(
      builder, loc, arith::NegFOp::create(builder, loc, math::AbsFOp::create(builder, loc, x)));
  return arith::SubFOp::create(builder, loc, negative, math::Log1pOp::create(builder, loc, exp));
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
    auto generic = linalg::GenericOp::create(
        rewriter, loc, TypeRange{type}, inputs, ValueRange{empty}, maps, iterators,
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
    if (isa<SiluOp>(op))
      return makeSilu(builder, loc, operands[0]);
    if (isa<GeluOp>(op))
      return makeGelu(builder, loc, operands[0]);
    if (isa<LogSigmoidOp>(op))
      return makeLogSigmoid(builder, loc, operands[0]);
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

struct FuseRowWisePass : public yoco::impl::FuseRowWisePassBase<FuseRowWisePass> {
  void runOnOperation() override {
    SmallVector<Operation *> kernels;
    bool failedAny = false;
    getOperation().walk([&](Operation *op) {
      auto positions = dyn_cast<PositionsOp>(op);
      if (positions && !positions.getSegments()) {
        op->emitError("expected positions of a step, with segments, got none");
        failedAny = true;
      }
      if (isa<PositionsOp, EmbedOp, NormOp, RopeOp, ArgmaxOp>(op))
        kernels.push_back(op);
    });
    if (failedAny)
      return signalPassFailure();
    for (Operation *op : kernels)
      makeKernel(op);
    numKernels += kernels.size();
    RewritePatternSet generics(&getContext());
    generics.add<GenericPattern>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(generics))))
      return signalPassFailure();
    RewritePatternSet chains(&getContext());
    linalg::populateElementwiseOpsFusionPatterns(chains, [](OpOperand *fused) { return fused->get().hasOneUse(); });
    if (failed(applyPatternsGreedily(getOperation(), std::move(chains))))
      return signalPassFailure();
    getOperation().walk([&](linalg::GenericOp) { ++numChains; });
  }
};

} // namespace
