// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Elementary functions of host kernels: straight-line code on vectors, without a library. Errors are relative to the
// exact value and are measured in test/passes/lowering/HostKernelsTest.cpp.

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/lowering/host/KernelBuilder.h"

using namespace mlir;
using namespace mlir::yoco;

/// The polynomial with coefficients from the highest power down.
static Value evaluate(KernelBuilder &kernel, Value x, ArrayRef<double> coefficients) {
  Value sum = kernel.constantLike(x, coefficients.front());
  for (double coefficient : coefficients.drop_front())
    sum = kernel.fma(sum, x, kernel.constantLike(x, coefficient));
  return sum;
}

static Value bitcast(KernelBuilder &kernel, Value value, Type element) {
  Type type = element;
  if (auto vector = dyn_cast<VectorType>(value.getType()))
    type = vector.clone(element);
  return arith::BitcastOp::create(kernel.builder, kernel.loc, type, value);
}

/// 2^n for an integral `n` from -126 to 127.
static Value powerOfTwo(KernelBuilder &kernel, Value n) {
  Value biased = kernel.add(n, kernel.integerLike(n, 127));
  Value bits = arith::ShLIOp::create(kernel.builder, kernel.loc, biased, kernel.integerLike(n, 23));
  return bitcast(kernel, bits, kernel.builder.getF32Type());
}

Value KernelBuilder::exp(Value x) {
  // e^x = 2^n e^r with n = round(x / ln 2), |r| <= ln(2) / 2. The argument is kept where n fits; beyond, the result is
  // 0 or infinity anyway. The constant comes first, so that an argument that is not a number goes through.
  x = minF(constantLike(x, 89.0), maxF(constantLike(x, -104.0), x));
  // Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits.
  Value magic = constantLike(x, 12582912.0);
  Value shifted = fma(x, constantLike(x, 1.4426950408889634), magic);
  Value rounded = subF(shifted, magic);
  Type i32 = builder.getI32Type();
  Value n = sub(bitcast(*this, shifted, i32), bitcast(*this, magic, i32));
  // ln 2 in two parts: the first has few enough bits for an exact product.
  Value r = fma(rounded, constantLike(x, -0.693145751953125), x);
  r = fma(rounded, constantLike(x, -1.428606820309417e-06), r);
  Value polynomial = evaluate(*this, r, {1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1.0, 1.0});
  // n is from -150 to 128, more than one exponent holds: two factors.
  Value half = arith::ShRSIOp::create(builder, loc, n, integerLike(n, 1));
  return mulF(mulF(polynomial, powerOfTwo(*this, half)), powerOfTwo(*this, sub(n, half)));
}

Value KernelBuilder::log(Value x) {
  // x = 2^n m with m between 1 / sqrt(2) and sqrt(2); log(m) = 2 atanh(s), s = (m - 1) / (m + 1).
  Value bits = bitcast(*this, x, builder.getI32Type());
  // The exponent, one more where the fraction is above that of sqrt(2).
  Value above = sub(bits, integerLike(bits, 0x3f3504f3));
  Value n = arith::ShRSIOp::create(builder, loc, above, integerLike(bits, 23));
  Value m = bitcast(*this, sub(bits, arith::ShLIOp::create(builder, loc, n, integerLike(bits, 23))),
                    builder.getF32Type());
  Value s = divF(subF(m, constantLike(x, 1)), addF(m, constantLike(x, 1)));
  Value z = mulF(s, s);
  Value series = evaluate(*this, z, {1.0 / 9, 1.0 / 7, 1.0 / 5, 1.0 / 3, 1.0});
  Value power = arith::SIToFPOp::create(builder, loc, x.getType(), n);
  return fma(power, constantLike(x, 0.6931471805599453), mulF(addF(s, s), series));
}

Value KernelBuilder::logSigmoid(Value x) {
  // -log(1 + e^-x) = min(x, 0) - log(1 + y), y = e^-|x| in (0, 1]; log(1 + y) = 2 atanh(s), s = y / (2 + y) <= 1/3.
  Value y = exp(negF(math::AbsFOp::create(builder, loc, x)));
  Value s = divF(y, addF(y, constantLike(y, 2)));
  Value z = mulF(s, s);
  Value series = evaluate(*this, z, {1.0 / 15, 1.0 / 13, 1.0 / 11, 1.0 / 9, 1.0 / 7, 1.0 / 5, 1.0 / 3, 1.0});
  Value log = mulF(addF(s, s), series);
  return subF(minF(constantLike(x, 0), x), log);
}

Value KernelBuilder::silu(Value x) { return divF(x, addF(constantLike(x, 1), exp(negF(x)))); }

Value KernelBuilder::gelu(Value x) {
  // 0.5 (1 + tanh u) = 1 / (1 + e^-2u), which loses nothing where tanh u is near -1.
  Value cubic = fma(mulF(mulF(x, x), x), constantLike(x, 0.044715), x);
  Value twice = mulF(cubic, constantLike(x, 1.5957691216057308));
  return divF(x, addF(constantLike(x, 1), exp(negF(twice))));
}

std::pair<Value, Value> KernelBuilder::sinCos(Value angle) {
  // Positions reach millions, so that an angle in f32 has thousands of turns: the reduction x = n pi/2 + r is done in
  // f64, with pi/2 in two parts (Cody and Waite), where it is exact to 1e-16 for all angles below 2^50.
  Value x = make<arith::ExtFOp>(vectorOf(builder.getF64Type()), angle);
  Value n = make<math::RoundEvenOp>(mulF(x, constantLike(x, 0.6366197723675814)));
  Value r = fma(n, constantLike(x, -1.5707963267948966), x);
  r = fma(n, constantLike(x, -6.123233995736766e-17), r);
  Value z = mulF(r, r);
  // Taylor polynomials; |r| <= pi/4 makes the first term left out below 1e-11.
  Value sine = mulF(r, evaluate(*this, z, {-1.0 / 39916800, 1.0 / 362880, -1.0 / 5040, 1.0 / 120, -1.0 / 6, 1.0}));
  Value cosine = evaluate(*this, z, {1.0 / 479001600, -1.0 / 3628800, 1.0 / 40320, -1.0 / 720, 1.0 / 24, -0.5, 1.0});
  Type f32Type = f32Vector();
  Value sine32 = make<arith::TruncFOp>(f32Type, sine), cosine32 = make<arith::TruncFOp>(f32Type, cosine);
  // Quadrant n mod 4: odd ones swap the two, 2 and 3 negate the sine, 1 and 2 the cosine.
  Value quadrant = make<arith::FPToSIOp>(vectorOf(builder.getI32Type()), n);
  auto isSet = [&](Value bits, int64_t bit) {
    Value masked = make<arith::AndIOp>(bits, integerLike(bits, bit));
    return compare(arith::CmpIPredicate::ne, masked, integerLike(bits, 0));
  };
  Value swap = isSet(quadrant, 1);
  Value sin = select(swap, cosine32, sine32), cos = select(swap, sine32, cosine32);
  Value next = add(quadrant, integerLike(quadrant, 1));
  return {select(isSet(quadrant, 2), negF(sin), sin), select(isSet(next, 2), negF(cos), cos)};
}
