// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/nvptx/Linear.cu"
#include "test/kernels/Harness.h"

using namespace yoco;
using namespace yoco::test;
using device::kBf16, device::kF16, device::kF32;

namespace {

struct Case {
  int64_t rows;
  int columns, outputs;
  int xKind = kF32, weightKind = kBf16;
  int activation = device::kNone;
  bool normalised = false, hasNormWeight = false, hasResidual = false;
  int outKind = kF32;
  int xOffset = 0; // of the column slice that x is
  int normKind = kBf16;
};

std::ostream &operator<<(std::ostream &stream, const Case &c) {
  return stream << c.rows << " rows " << c.columns << " -> " << c.outputs << " x " << c.xKind << "+" << c.xOffset
                << " weights " << c.weightKind << " activation " << c.activation << " norm " << c.normalised
                << c.hasNormWeight << c.normKind << " residual " << c.hasResidual << " out " << c.outKind;
}

struct Tensors {
  Tensors(Random &random, const Case &c, int weightStride)
      : x(c.xKind, c.rows, c.columns, 0, c.xOffset), w0(c.weightKind, c.outputs, c.columns, weightStride),
        w1(c.weightKind, c.outputs, c.columns, weightStride), norm(c.normKind, 1, c.columns),
        residual(kF32, c.rows, c.outputs, 0, 3), out(c.outKind, c.rows, c.outputs, 0, 5) {
    x.fillNormal(random, 3.0f);
    for (Buffer *weights : {&w0, &w1}) {
      weights->fillNormal(random, 1.0f / std::sqrt(static_cast<float>(c.columns)));
      weights->zeroPadding();
    }
    norm.fillNormal(random);
    residual.fillNormal(random);
  }
  Buffer x, w0, w1, norm, residual, out;
};

constexpr float kEps = 1e-5f;

/// In double. Of the kernel on tensor cores, the products of inputs and the norm's weights are rounded to bf16 first.
std::vector<double> reference(const Case &c, const Tensors &t, bool exact) {
  std::vector<double> result(c.rows * c.outputs), row(c.columns);
  for (int64_t r = 0; r < c.rows; ++r) {
    double square = 0;
    for (int k = 0; k < c.columns; ++k) {
      row[k] = t.x.get(r, k);
      square += row[k] * row[k];
    }
    for (int k = 0; k < c.columns; ++k) {
      const float weight = c.normalised && c.hasNormWeight ? t.norm.get(0, k) : 1.0f;
      row[k] = exact ? row[k] * weight : roundToBf16(t.x.get(r, k) * weight);
      if (c.normalised)
        row[k] /= std::sqrt(square / c.columns + double(kEps));
    }
    for (int o = 0; o < c.outputs; ++o) {
      double a = 0, b = 0;
      for (int k = 0; k < c.columns; ++k) {
        a += row[k] * t.w0.get(o, k);
        b += row[k] * t.w1.get(o, k);
      }
      double value = a;
      if (c.activation == device::kSilu || c.activation == device::kSwiglu)
        value = a / (1 + std::exp(-a));
      if (c.activation == device::kGelu || c.activation == device::kGeglu)
        value = 0.5 * a * (1 + std::tanh(0.7978845608028654 * (a + 0.044715 * a * a * a)));
      if (c.activation == device::kSwiglu || c.activation == device::kGeglu)
        value *= b;
      result[r * c.outputs + o] = value + (c.hasResidual ? t.residual.get(r, o) : 0);
    }
  }
  return result;
}

void checkFew(Random &random, const Case &c, bool exact, int weightStride = 0) {
  SCOPED_TRACE(::testing::Message() << c << " exact " << exact);
  Tensors t(random, c, weightStride);
  const bool gated = c.activation == device::kSwiglu || c.activation == device::kGeglu;
  launch(nvptx::linearFewShape(kMultiprocessors, c.outputs, exact, gated), c.rows, 1, [&](int64_t tile) {
    device::yoco_linear_few(tile, c.rows, t.x.data(), c.xKind, t.x.stride, c.columns, t.w0.data(),
                            gated ? t.w1.data() : nullptr, c.weightKind, t.w0.stride, c.outputs, exact,
                            c.hasNormWeight ? t.norm.data() : nullptr, c.hasNormWeight, c.normKind,
                            c.normalised ? kEps : -1.0f, c.activation, c.hasResidual ? t.residual.floats() : nullptr,
                            c.hasResidual, t.residual.stride, t.out.data(), c.outKind, t.out.stride,
                            kMultiprocessors);
  });
  const double error = relativeError(t.out, reference(c, t, exact));
  EXPECT_LT(error, c.outKind == kBf16 ? 5e-3 : exact ? 1e-5 : 1e-4);
  EXPECT_TRUE(t.out.onlyWritten());
  if (std::getenv("YOCO_PRINT_ERRORS"))
    std::cout << c << ": " << error << "\n";
}

void checkTiled(Random &random, const Case &c) {
  SCOPED_TRACE(::testing::Message() << c);
  Tensors t(random, c, 0);
  const bool gated = c.activation == device::kSwiglu || c.activation == device::kGeglu;
  launch(nvptx::linearTiledShape(c.outputs, gated), c.rows, 1, [&](int64_t tile) {
    device::yoco_linear_tiled(tile, c.rows, t.x.data(), c.xKind, t.x.stride, c.columns, t.w0.data(),
                              gated ? t.w1.data() : nullptr, c.weightKind, t.w0.stride, c.outputs, c.activation,
                              c.hasResidual ? t.residual.floats() : nullptr, c.hasResidual, t.residual.stride,
                              t.out.data(), c.outKind, t.out.stride);
  });
  const double error = relativeError(t.out, reference(c, t, true));
  EXPECT_LT(error, c.outKind == kBf16 ? 5e-3 : 1e-5);
  EXPECT_TRUE(t.out.onlyWritten());
  if (std::getenv("YOCO_PRINT_ERRORS"))
    std::cout << c << ": " << error << "\n";
}

TEST(LinearFew, RowCounts) {
  Random random;
  for (int64_t rows : {1, 2, 7, 8, 9, 15, 16, 17, 33})
    for (int xKind : {kF32, kBf16})
      checkFew(random, {rows, 256, 40, xKind, kBf16, device::kNone, true, true, true}, false);
}

TEST(LinearFew, Widths) {
  Random random;
  for (int columns : {1, 7, 8, 24, 32, 100, 256, 264, 500, 768, 999, 2048, 2600, 4096})
    for (int outputs : {1, 7, 16, 24, 37})
      for (bool normalised : {false, true})
        checkFew(random, {3, columns, outputs, columns % 3 ? kF32 : kBf16, kBf16, device::kNone, normalised, true},
                 false);
}

TEST(LinearFew, Epilogues) {
  Random random;
  for (int activation : {device::kNone, device::kSilu, device::kGelu, device::kSwiglu, device::kGeglu})
    for (bool hasResidual : {false, true})
      for (int outKind : {kF32, kBf16})
        for (int64_t rows : {2, 11})
          checkFew(random, {rows, 328, 50, kF32, kBf16, activation, true, hasResidual, hasResidual, outKind}, false);
}

TEST(LinearFew, Norms) {
  Random random;
  for (int normKind : {kF32, kBf16, kF16})
    for (int columns : {72, 77})
      for (bool exact : {false, true})
        checkFew(random, {3, columns, 20, kF32, kBf16, 0, true, true, false, kF32, 0, normKind}, exact);
  checkFew(random, {3, 72, 20, kF32, kBf16, 0, true, false}, false);
}

TEST(LinearFew, InputsThatAreSlices) {
  Random random;
  for (int offset : {1, 3, 4, 8})
    for (int xKind : {kF32, kBf16})
      for (int columns : {128, 301})
        for (int64_t rows : {1, 12})
          for (bool exact : {false, true})
            checkFew(random, {rows, columns, 33, xKind, kBf16, 0, true, true, true, kF32, offset}, exact);
}

TEST(LinearFew, WideMatrices) {
  Random random;
  checkFew(random, {2, 264, 8448 + 24}, false);
  checkFew(random, {9, 32, 8460, kBf16}, false);
  checkFew(random, {1, 1300, 8450, kBf16}, false);
  checkFew(random, {1, 16384, 18, kBf16}, false);
  for (int64_t rows : {3, 9})
    checkFew(random, {rows, 1500, 40, kF32, kBf16, device::kSwiglu, true, true}, false);
  checkFew(random, {2, 100, 20, kBf16}, false, 128); // weights with a stride of their own
  checkFew(random, {2, 1000, 20, kBf16}, false, 2048);
}

TEST(LinearFew, InF32) {
  Random random;
  for (int weightKind : {kF32, kBf16, kF16})
    for (int columns : {1, 7, 128, 500, 999, 1032})
      for (int64_t rows : {1, 3, 17})
        for (int activation : {device::kNone, device::kSwiglu})
          checkFew(random, {rows, columns, 37, kF32, weightKind, activation, rows > 1, columns > 7, rows < 4}, true);
  checkFew(random, {5, 100, 9, kBf16, kF32, device::kGelu, true, true, true, kBf16}, true);
}

TEST(LinearTiled, RowsAndWidths) {
  Random random;
  for (int64_t rows : {1, 64, 65, 130})
    for (int columns : {7, 16, 100, 257})
      for (int outputs : {7, 64, 100})
        checkTiled(random, {rows, columns, outputs, rows % 2 ? kF32 : kBf16, columns % 2 ? kF32 : kBf16});
}

TEST(LinearTiled, Epilogues) {
  Random random;
  for (int activation : {device::kNone, device::kSilu, device::kGelu, device::kSwiglu, device::kGeglu})
    for (bool hasResidual : {false, true})
      for (int outKind : {kF32, kBf16})
        checkTiled(random, {20, 36, 30, kF32, kF16, activation, false, false, hasResidual, outKind});
  for (int offset : {1, 4, 8})
    checkTiled(random, {20, 36, 30, offset == 8 ? kBf16 : kF32, kF32, 0, false, false, false, kF32, offset});
}

} // namespace
