// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Linear groups of target `host` against plain loops in double precision, for shapes that nothing divides.

#include "test/passes/lowering/KernelHarness.h"
#include "gtest/gtest.h"

using namespace mlir::yoco::test;

namespace {

struct Linear {
  int64_t inputs, outputs;
  std::string activation = "none";
  bool hasNorm = false, hasNormWeight = false, hasResidual = false;
  std::vector<Weights> matrices; // as stored: one, or two of a gated activation
  std::vector<Weights> packed;
  std::vector<Weights> normWeight;
  Rows in{0, 1}, residual{0, 1}, out{0, 1};
  std::string name;

  bool isGated() const { return activation == "swiglu" || activation == "geglu"; }
};

/// Element (r, c) at `(r / panel) * columns * panel + c * panel + r % panel`, rows padded with zeros.
Weights pack(const Weights &matrix, int64_t rows, int64_t columns, int64_t panel) {
  std::vector<float> numbers((rows + panel - 1) / panel * panel * columns, 0.0f);
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; ++c)
      numbers[(r / panel) * columns * panel + c * panel + r % panel] = matrix.values[r * columns + c];
  return Weights(matrix.element, numbers);
}

double activate(const std::string &name, double a, double b) {
  double gelu = 0.5 * a * (1 + std::tanh(0.7978845608028654 * (a + 0.044715 * a * a * a)));
  if (name == "silu")
    return a / (1 + std::exp(-a));
  if (name == "gelu")
    return gelu;
  if (name == "swiglu")
    return a / (1 + std::exp(-a)) * b;
  return name == "geglu" ? gelu * b : a;
}

Linear makeLinear(Random &random, Kernels &kernels, int64_t panel) {
  Linear linear;
  linear.inputs = pick(random, {1, 7, 33, 64, 99, 131, 256, 500});
  linear.outputs = pick(random, {1, 5, 15, 16, 17, 32, 99, 131, 250, 500, 999});
  linear.activation = std::vector<std::string>{"none", "none", "silu", "gelu", "swiglu", "geglu"}[random() % 6];
  linear.hasNorm = flip(random);
  linear.hasNormWeight = linear.hasNorm && flip(random);
  linear.hasResidual = flip(random);
  linear.in = Rows::make(random, 0, linear.inputs);
  linear.residual = Rows::make(random, 0, linear.outputs);
  linear.out = Rows::make(random, 0, linear.outputs);
  std::string weights = "[@w0", arguments, types = linear.in.type();
  int count = linear.isGated() ? 2 : 1;
  int64_t panels = (linear.outputs + panel - 1) / panel;
  for (int i = 0; i < count; ++i) {
    linear.matrices.push_back(
        Weights::draw(random, linear.inputs * linear.outputs, 1 / std::sqrt(float(linear.inputs))));
    linear.packed.push_back(pack(linear.matrices[i], linear.outputs, linear.inputs, panel));
    std::string number = std::to_string(i);
    arguments += ", %w" + number + ": memref<" + std::to_string(panels) + "x" + std::to_string(linear.inputs) + "x" +
                 std::to_string(panel) + "x" + linear.packed[i].element + "> {yoco.parameter = @w" + number + "}";
    weights += i > 0 ? ", @w" + number : "";
  }
  std::string attributes = "activation = #yoco.activation<" + linear.activation + ">";
  if (linear.hasNorm)
    attributes += ", eps = 1.0e-5 : f32";
  if (linear.hasNormWeight) {
    linear.normWeight.push_back(Weights::draw(random, linear.inputs));
    std::string symbol = "@w" + std::to_string(count);
    attributes += ", norm_weight = " + symbol;
    arguments += ", %n: memref<" + std::to_string(linear.inputs) + "x" + linear.normWeight[0].element +
                 "> {yoco.parameter = " + symbol + "}";
  }
  std::string residual = linear.hasResidual ? "%r: " + linear.residual.type() + ", " : "";
  if (linear.hasResidual)
    types += ", " + linear.residual.type();
  linear.name =
      kernels.add("%x: " + linear.in.type() + ", " + residual + "%out: " + linear.out.type() + arguments,
                  "yoco.fused_linear %x " + std::string(linear.hasResidual ? "residual %r " : "") + "weights " +
                      weights + "] outs %out {" + attributes + "} : (" + types + ", " + linear.out.type() + ") -> ()");
  return linear;
}

std::vector<double> referenceRow(const Linear &linear, Rows &x, Rows &residual, int64_t r) {
  std::vector<double> y(linear.inputs), result(linear.outputs);
  double sum = 0, factor = 1;
  for (int64_t k = 0; k < linear.inputs; ++k)
    sum += double(x.at(r, k)) * x.at(r, k);
  if (linear.hasNorm)
    factor = 1 / std::sqrt(sum / linear.inputs + 1e-5);
  for (int64_t k = 0; k < linear.inputs; ++k)
    y[k] = x.at(r, k) * factor * (linear.hasNormWeight ? linear.normWeight[0].values[k] : 1);
  for (int64_t n = 0; n < linear.outputs; ++n) {
    double sums[2] = {0, 0};
    for (size_t i = 0; i < linear.matrices.size(); ++i)
      for (int64_t k = 0; k < linear.inputs; ++k)
        sums[i] += y[k] * linear.matrices[i].values[n * linear.inputs + k];
    result[n] = activate(linear.activation, sums[0], sums[1]) + (linear.hasResidual ? residual.at(r, n) : 0);
  }
  return result;
}

void runLinear(const Kernels &kernels, Random &random, const Linear &linear, Rows &x, Rows &residual, Rows &out,
               int64_t first, int64_t rows) {
  std::vector<const void *> buffers{x.data.data() + first * x.stride};
  if (linear.hasResidual)
    buffers.push_back(residual.data.data() + first * residual.stride);
  buffers.push_back(out.data.data() + first * out.stride);
  for (const Weights &matrix : linear.packed)
    buffers.push_back(matrix.bytes.data());
  for (const Weights &weight : linear.normWeight)
    buffers.push_back(weight.bytes.data());
  kernels.run(linear.name, random, rows, 1, 1, buffers);
}

void checkLinear(const Kernels &kernels, Random &random, const Linear &linear) {
  int64_t rows = pick(random, {0, 1, 2, 3, 5, 6, 7, 12, 13, 25, 49, 100});
  Rows x(rows, linear.inputs, linear.in.stride, linear.in.offset);
  Rows residual(rows, linear.outputs, linear.residual.stride, linear.residual.offset);
  Rows out(rows, linear.outputs, linear.out.stride, linear.out.offset), alone = out;
  x.fill(random, linear.hasNorm ? 20 : 1);
  residual.fill(random);
  runLinear(kernels, random, linear, x, residual, out, 0, rows);
  std::string what = linear.name + " " + linear.activation + " " + std::to_string(linear.inputs) + " to " +
                     std::to_string(linear.outputs) + ", rows " + std::to_string(rows);
  for (int64_t r = 0; r < rows; ++r) {
    std::vector<double> got;
    for (int64_t n = 0; n < linear.outputs; ++n)
      got.push_back(out.at(r, n));
    expectClose(got, referenceRow(linear, x, residual, r), 2e-6, what, 1);
    // A row alone gives the same bits as among others.
    runLinear(kernels, random, linear, x, residual, alone, r, 1);
  }
  ASSERT_EQ(std::memcmp(out.data.data(), alone.data.data(), out.data.size() * 4), 0) << what;
  for (int64_t r = 0; r <= rows; ++r)
    for (int64_t c = linear.outputs - linear.out.stride; c < linear.outputs; ++c)
      if (c < 0 || r == rows)
        ASSERT_TRUE(c < -linear.out.offset || isPoison(out.at(r, c))) << what << " wrote beside its row";
}

struct LinearKernels : testing::TestWithParam<std::string> {};

TEST_P(LinearKernels, RandomShapes) {
  Random random(2);
  Kernels kernels(GetParam());
  std::vector<Linear> linears;
  for (int i = 0; i < 40; ++i)
    linears.push_back(makeLinear(random, kernels, GetParam() == "x86-64-v3" ? 16 : 32));
  kernels.compile();
  for (const Linear &linear : linears)
    for (int round = 0; round < 3 && !HasFatalFailure(); ++round)
      checkLinear(kernels, random, linear);
}

INSTANTIATE_TEST_SUITE_P(Chips, LinearKernels, testing::ValuesIn(getRunnableChips()),
                         [](const auto &info) { return info.param.substr(info.param.size() - 2); });

} // namespace
