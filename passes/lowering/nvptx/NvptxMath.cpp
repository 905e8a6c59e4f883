// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions are computed in f32; arguments of narrower types are widened and the result is rounded.

#include "passes/lowering/nvptx/NvptxMath.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace mlir::yoco;

namespace {

/// Emits arithmetic on f32.
class Emitter {
public:
  Emitter(OpBuilder &builder, Location loc) : builder(builder), loc(loc), f32(builder.getF32Type()) {}

  Value constant(double value) { return make<arith::ConstantOp>(builder.getF32FloatAttr(value)); }
  Value add(Value a, Value b) { return make<arith::AddFOp>(a, b); }
  Value sub(Value a, Value b) { return make<arith::SubFOp>(a, b); }
  Value mul(Value a, Value b) { return make<arith::MulFOp>(a, b); }
  Value fma(Value a, Value b, Value c) { return make<LLVM::FMAOp>(a, b, c); }
  Value less(Value a, Value b) { return make<arith::CmpFOp>(arith::CmpFPredicate::OLT, a, b); }
  Value select(Value condition, Value a, Value b) { return make<arith::SelectOp>(condition, a, b); }

  /// The machine instruction `name`.
  Value instruction(StringRef name, Value x) {
    std::string text = (name + " $0, $1;").str();
    return LLVM::InlineAsmOp::create(builder, loc, f32, x, text, "=f,f", /*has_side_effects=*/false,
                                     /*is_align_stack=*/false, LLVM::TailCallKind::None,
                                     LLVM::AsmDialectAttr::get(builder.getContext(), LLVM::AsmDialect::AD_ATT),
                                     ArrayAttr())
        .getRes();
  }
  Value reciprocal(Value x) { return instruction("rcp.approx.ftz.f32", x); }
  Value exp2(Value x) { return instruction("ex2.approx.ftz.f32", x); }
  Value exp(Value x) { return exp2(mul(x, constant(1.4426950408889634))); }

  /// log(n / d) = 2 atanh(s) with s = (n - d) / (n + d) given, |s| <= 1/3: small logarithms keep their relative
  /// precision.
  Value logBySeries(Value s) {
    Value square = mul(s, s), sum = constant(1.0 / 15);
    for (int divisor = 13; divisor >= 3; divisor -= 2)
      sum = fma(sum, square, constant(1.0 / divisor));
    return mul(constant(2), fma(mul(sum, square), s, s));
  }
  Value log(Value x) {
    Value one = constant(1);
    Value series = logBySeries(mul(sub(x, one), reciprocal(add(x, one))));
    Value general = mul(instruction("lg2.approx.ftz.f32", x), constant(0.6931471805599453));
    return select(both(less(constant(0.5), x), less(x, constant(2))), series, general);
  }
  Value log1p(Value x) {
    Value series = logBySeries(mul(x, reciprocal(add(constant(2), x))));
    Value general = mul(instruction("lg2.approx.ftz.f32", add(constant(1), x)), constant(0.6931471805599453));
    // 1 is in the series' range: log-sigmoid asks for arguments from 0 to 1.
    return select(both(less(constant(-0.5), x), less(x, constant(1.001))), series, general);
  }
  /// (1 - e) / (1 + e) with e = e^-2|x|, and near 0, where that loses digits, the first terms of the series.
  Value tanh(Value x) {
    Value magnitude = make<LLVM::FAbsOp>(x), one = constant(1);
    Value e = exp(mul(constant(-2), magnitude));
    Value general = mul(sub(one, e), reciprocal(add(one, e)));
    Value square = mul(x, x), sum = constant(62.0 / 2835);
    for (double coefficient : {-17.0 / 315, 2.0 / 15, -1.0 / 3})
      sum = fma(sum, square, constant(coefficient));
    Value series = fma(mul(sum, square), x, x);
    return select(less(magnitude, constant(0.2)), series, make<LLVM::CopySignOp>(general, x));
  }

private:
  template <typename OpType, typename... Args>
  Value make(Args &&...args) {
    return OpType::create(builder, loc, std::forward<Args>(args)...);
  }
  Value both(Value a, Value b) { return make<arith::AndIOp>(a, b); }

  OpBuilder &builder;
  Location loc;
  Type f32;
};

using Unary = Value (*)(Emitter &, Value);

template <typename OpType>
struct UnaryPattern : public OpRewritePattern<OpType> {
  UnaryPattern(MLIRContext *context, Unary function) : OpRewritePattern<OpType>(context), function(function) {}

  LogicalResult matchAndRewrite(OpType op, PatternRewriter &rewriter) const override {
    Type type = op.getType();
    if (!isa<FloatType>(type) || type.getIntOrFloatBitWidth() > 32)
      return failure();
    Value x = op.getOperand();
    if (!type.isF32())
      x = arith::ExtFOp::create(rewriter, op.getLoc(), rewriter.getF32Type(), x);
    Emitter emitter(rewriter, op.getLoc());
    Value result = function(emitter, x);
    if (!type.isF32())
      result = arith::TruncFOp::create(rewriter, op.getLoc(), type, result);
    rewriter.replaceOp(op, result);
    return success();
  }

  Unary function;
};

struct DivisionPattern : public OpRewritePattern<arith::DivFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::DivFOp op, PatternRewriter &rewriter) const override {
    if (!op.getType().isF32())
      return failure();
    Emitter emitter(rewriter, op.getLoc());
    rewriter.replaceOp(op, emitter.mul(op.getLhs(), emitter.reciprocal(op.getRhs())));
    return success();
  }
};

} // namespace

void yoco::populateNvptxMathPatterns(RewritePatternSet &patterns, bool coarse) {
  MLIRContext *context = patterns.getContext();
  patterns.add<UnaryPattern<math::ExpOp>>(context, [](Emitter &e, Value x) { return e.exp(x); });
  patterns.add<UnaryPattern<math::Exp2Op>>(context, [](Emitter &e, Value x) { return e.exp2(x); });
  patterns.add<UnaryPattern<math::LogOp>>(context, [](Emitter &e, Value x) { return e.log(x); });
  patterns.add<UnaryPattern<math::Log2Op>>(
      context, [](Emitter &e, Value x) { return e.mul(e.log(x), e.constant(1.4426950408889634)); });
  patterns.add<UnaryPattern<math::Log1pOp>>(context, [](Emitter &e, Value x) { return e.log1p(x); });
  patterns.add<UnaryPattern<math::RsqrtOp>>(
      context, [](Emitter &e, Value x) { return e.instruction("rsqrt.approx.ftz.f32", x); });
  patterns.add<UnaryPattern<math::TanhOp>>(
      context, coarse ? Unary([](Emitter &e, Value x) { return e.instruction("tanh.approx.f32", x); })
                      : Unary([](Emitter &e, Value x) { return e.tanh(x); }));
  patterns.add<DivisionPattern>(context);
}
