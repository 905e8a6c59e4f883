// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Gated retention against a recurrence in double.

#include "kernels/nvptx/LaunchShapes.h"
#include "kernels/nvptx/RetentionSpan.cu"
#include "kernels/nvptx/RetentionStep.cu"
#include "test/kernels/Harness.h"

using namespace yoco;
using namespace yoco::test;
using device::kBf16;
using device::kF32;
using device::kHalf;
using device::kInterleaved;
using device::kNoRope;
using device::Segment;

namespace {

struct Shape {
  int heads, keyWidth, valueWidth;
  int style = kInterleaved;
  float scale = 0.125f, gateDivisor = 16.0f, eps = -1.0f;
  bool hasSwish = false;
  int outKind = kF32;
  int offset = 0; // of all column slices
  float lowGate = -4.0f, highGate = 6.0f;
  int span = 0; // 0: what the compiler takes
};

enum class Form { step, span };

/// Rows and states of a session, and what the states should be.
class Session {
public:
  Session(Random &random, const Shape &shape, int slots)
      : random(random), shape(shape),
        state(kF32, slots * (static_cast<int64_t>(shape.heads) * shape.keyWidth + kGapRows), shape.valueWidth),
        frequencies(kF32, 1, shape.keyWidth / 2),
        expected(static_cast<size_t>(slots * slotSize())) {
    for (int i = 0; i < shape.keyWidth / 2; ++i)
      frequencies.set(0, i, std::pow(10000.0f, -static_cast<float>(i) / (shape.keyWidth / 2 - 1)));
  }

  /// Fills a slot as if rows had been there.
  void fillState(int slot) {
    for (int64_t i = 0; i < headSize() * shape.heads; ++i) {
      const int64_t index = slot * slotSize() + i;
      expected[index] = random.normal();
      state.set(index / shape.valueWidth, index % shape.valueWidth, static_cast<float>(expected[index]));
    }
  }

  /// Runs new random rows and returns the error of the outputs so far.
  double run(Form form, const std::vector<Segment> &table) {
    int64_t rows = 0;
    for (const Segment &segment : table)
      rows = std::max<int64_t>(rows, segment.rowBegin + segment.rowCount + 3);
    const int keys = shape.heads * shape.keyWidth, values = shape.heads * shape.valueWidth;
    Buffer q(kF32, rows, keys, 0, shape.offset), k(kF32, rows, keys, 0, shape.offset);
    Buffer v(kF32, rows, values, 0, shape.offset), swish(kF32, rows, values, 0, shape.offset);
    Buffer gate(kF32, rows, shape.heads, 0, shape.offset), out(shape.outKind, rows, values, 0, shape.offset);
    Buffer positions(kF32, 1, rows);
    std::vector<bool> isUsed(rows);
    std::vector<double> reference(rows * values);
    for (const Segment &segment : table) {
      if (segment.slot < 0)
        continue;
      for (int64_t row = segment.rowBegin; row < segment.rowBegin + segment.rowCount; ++row) {
        isUsed[row] = true;
        positions.ints()[row] = static_cast<int32_t>(segment.firstPosition + row - segment.rowBegin);
        for (int i = 0; i < keys; ++i) {
          q.set(row, i, random.normal());
          k.set(row, i, random.normal());
        }
        for (int i = 0; i < values; ++i) {
          v.set(row, i, random.normal());
          swish.set(row, i, random.normal());
        }
        for (int i = 0; i < shape.heads; ++i)
          gate.set(row, i, random.uniform(shape.lowGate, shape.highGate));
      }
      compute(segment, q, k, v, gate, swish, reference);
    }
    launchKernel(form, rows, table, q, k, v, gate, swish, positions, out);
    EXPECT_TRUE(out.onlyWritten());
    for (int64_t row = 0; row < rows; ++row)
      for (int i = 0; i < values; ++i) {
        if (isUsed[row])
          outputs.add(out.get(row, i), reference[row * values + i]);
        else
          EXPECT_TRUE(std::isnan(out.get(row, i))) << "row " << row << " is of no segment";
      }
    return outputs.relative();
  }

  /// Of the states in `used`; the others must be as they were made.
  double stateError(const std::vector<int> &used) {
    EXPECT_TRUE(state.onlyWritten());
    Error error;
    for (int64_t index = 0; index < static_cast<int64_t>(expected.size()); ++index) {
      const float value = state.get(index / shape.valueWidth, index % shape.valueWidth);
      const bool isUsed = std::find(used.begin(), used.end(), index / slotSize()) != used.end();
      if (isUsed && index % slotSize() < headSize() * shape.heads)
        error.add(value, expected[index]);
      else
        EXPECT_TRUE(std::isnan(value)) << "state element " << index;
    }
    return error.relative();
  }

private:
  /// Between the states of two slots lies something else: so many rows of a head.
  static constexpr int64_t kGapRows = 16;
  int64_t slotSize() const { return headSize() * shape.heads + kGapRows * shape.valueWidth; }
  int64_t headSize() const { return static_cast<int64_t>(shape.keyWidth) * shape.valueWidth; }

  double rotated(const Buffer &from, int64_t row, int head, int column, int64_t position) {
    const int first = head * shape.keyWidth, half = shape.keyWidth / 2;
    if (shape.style == kNoRope)
      return from.get(row, first + column);
    const bool isHalf = shape.style == kHalf, isSecond = isHalf ? column >= half : column % 2;
    const int pair = isHalf ? column % half : column / 2;
    const double a = from.get(row, first + (isHalf ? pair : 2 * pair));
    const double b = from.get(row, first + (isHalf ? pair + half : 2 * pair + 1));
    const double angle = static_cast<float>(position) * frequencies.get(0, pair);
    return isSecond ? a * std::sin(angle) + b * std::cos(angle) : a * std::cos(angle) - b * std::sin(angle);
  }

  void compute(const Segment &segment, const Buffer &q, const Buffer &k, const Buffer &v, const Buffer &gate,
               const Buffer &swish, std::vector<double> &reference) {
    const int keyWidth = shape.keyWidth, valueWidth = shape.valueWidth, values = shape.heads * valueWidth;
    std::vector<double> query(keyWidth), key(keyWidth);
    for (int head = 0; head < shape.heads; ++head) {
      double *s = expected.data() + segment.slot * slotSize() + head * headSize();
      if (segment.firstPosition == 0)
        std::fill(s, s + headSize(), 0.0);
      for (int t = 0; t < segment.rowCount; ++t) {
        const int64_t row = segment.rowBegin + t, position = segment.firstPosition + t;
        double log = gate.get(row, head);
        if (shape.gateDivisor != 0)
          log = (std::min(log, 0.0) - std::log1p(std::exp(-std::fabs(log)))) / shape.gateDivisor;
        const double decay = std::exp(log);
        for (int d = 0; d < keyWidth; ++d) {
          query[d] = rotated(q, row, head, d, position);
          key[d] = rotated(k, row, head, d, position) * shape.scale;
        }
        double *y = reference.data() + row * values + head * valueWidth;
        for (int d = 0; d < keyWidth; ++d)
          for (int e = 0; e < valueWidth; ++e) {
            double &element = s[d * valueWidth + e];
            element = decay * element + key[d] * v.get(row, head * valueWidth + e);
            y[e] += query[d] * element;
          }
        double square = 0;
        for (int e = 0; e < valueWidth; ++e)
          square += y[e] * y[e];
        for (int e = 0; e < valueWidth; ++e) {
          const double gated = swish.get(row, head * valueWidth + e);
          if (shape.eps >= 0)
            y[e] /= std::sqrt(square / valueWidth + shape.eps);
          if (shape.hasSwish)
            y[e] *= gated / (1 + std::exp(-gated));
        }
      }
    }
  }

  void launchKernel(Form form, int64_t rows, const std::vector<Segment> &table, Buffer &q, Buffer &k, Buffer &v,
                    Buffer &gate, Buffer &swish, Buffer &positions, Buffer &out) {
    const int64_t segments = static_cast<int64_t>(table.size());
    const Shape &s = shape;
    if (form == Form::step)
      return launch(nvptx::retentionStepShape(s.heads, s.keyWidth, s.valueWidth), rows, segments, [&](int64_t tile) {
        device::yoco_retention_step(tile, rows, segments, q.floats(), q.stride, k.floats(), k.stride, v.floats(),
                                    v.stride, gate.floats(), gate.stride, positions.ints(), table.data(),
                                    state.floats(), slotSize(), s.style == kNoRope ? nullptr : frequencies.floats(),
                                    s.style, s.keyWidth / 2, s.scale, s.gateDivisor, s.eps,
                                    s.hasSwish ? swish.floats() : nullptr,
                                    s.hasSwish, swish.stride, s.heads, s.keyWidth, s.valueWidth, out.data(), s.outKind,
                                    out.stride);
      });
    const int span = s.span ? s.span : nvptx::retentionSpan(s.keyWidth, s.valueWidth);
    launch(nvptx::retentionSpanShape(kSharedLimit, span, s.heads, s.keyWidth, s.valueWidth), rows, segments,
           [&](int64_t tile) {
             device::yoco_retention_span(tile, rows, segments, q.floats(), q.stride, k.floats(), k.stride, v.floats(),
                                          v.stride, gate.floats(), gate.stride, positions.ints(), table.data(),
                                          state.floats(), slotSize(),
                                          s.style == kNoRope ? nullptr : frequencies.floats(), s.style, s.keyWidth / 2,
                                          s.scale, s.gateDivisor, span, s.heads, s.keyWidth, s.valueWidth, out.data(),
                                          s.outKind, out.stride, kSharedLimit);
           });
  }

  Random &random;
  Shape shape;
  Buffer state, frequencies;
  Error outputs;
  std::vector<double> expected;
};

/// f32 throughout, and bf16 operands: both with a margin over what is measured.
double getBound(Form form, const Shape &shape) {
  if (form == Form::span)
    return 6e-3;
  return shape.outKind == kBf16 ? 4e-3 : 4e-6;
}

/// Several segments at once: a new sequence in a used slot, one that goes on, padding, and a row to decode.
void checkShape(Random &random, Form form, const Shape &shape, int rows, int position) {
  SCOPED_TRACE("heads " + std::to_string(shape.heads) + ", widths " + std::to_string(shape.keyWidth) + " and " +
               std::to_string(shape.valueWidth) + ", style " + std::to_string(shape.style) + ", rows " +
               std::to_string(rows) + " from " + std::to_string(position) + ", offset " + std::to_string(shape.offset));
  Session session(random, shape, 5);
  session.fillState(3);
  session.fillState(4);
  const double error = session.run(form, {{3, position, 2, rows},
                                          {-1, 0, 0, 1},
                                          {1, 0, rows + 4, rows},
                                          {4, position + 7, 2 * rows + 4, 1},
                                          {-1, 0, 0, 0}});
  EXPECT_LT(error, getBound(form, shape));
  const double stateError = session.stateError({1, 3, 4});
  EXPECT_LT(stateError, form == Form::span ? 5e-3 : 2e-6);
  if (std::getenv("YOCO_TEST_VERBOSE"))
    std::printf("%s %dx%dx%d style %d rows %d from %d: outputs %.2g, state %.2g\n",
                form == Form::step ? "step" : "span", shape.heads, shape.keyWidth, shape.valueWidth, shape.style, rows,
                position, error, stateError);
}

TEST(Retention, stepShapes) {
  Random random;
  const Form form = Form::step;
  checkShape(random, form, {3, 16, 16}, 3, 5);
  checkShape(random, form, {3, 24, 40, kHalf, -0.3f, 0.0f, 0.05f, true, kF32, 1, -3.0f, 0.0f}, 5, 63);
  checkShape(random, form, {2, 40, 24, kNoRope, 1.0f, 16.0f, -1.0f, true, kBf16, 3}, 2, 64);
  checkShape(random, form, {1, 64, 64, kInterleaved, 0.125f, 16.0f, 0.05f, false}, 4, 1000003);
  checkShape(random, form, {3, 128, 128, kInterleaved, 0.0884f, 16.0f, 0.05f, true}, 1, 1000003);
  checkShape(random, form, {1, 128, 256, kHalf, 0.0884f, 16.0f, 0.05f, true}, 2, 1);
  checkShape(random, form, {1, 256, 128, kHalf, 0.0884f, 16.0f, -1.0f, true}, 3, 1);
  checkShape(random, form, {1, 256, 256, kInterleaved, 0.0625f, 16.0f, 0.05f, true}, 3, 9);
  checkShape(random, form, {1, 200, 512, kInterleaved, 0.0625f, 16.0f, 0.05f, true, kBf16}, 2, 9);
  checkShape(random, form, {1, 512, 16, kHalf, 0.0625f}, 2, 9);
  checkShape(random, form, {1, 16, 512, kHalf, 0.0625f, 16.0f, 0.05f, true}, 2, 9);
}

TEST(Retention, spanRemainders) {
  Random random;
  for (int style : {kInterleaved, kHalf})
    for (int rows : {1, 63, 64, 65, 200})
      for (int position : {1, 63, 64, 1000003})
        checkShape(random, Form::span, {1, 16, 16, style}, rows, position);
}

TEST(Retention, spanShapes) {
  Random random;
  const Form form = Form::span;
  checkShape(random, form, {3, 16, 16, kNoRope}, 70, 5);
  checkShape(random, form, {3, 24, 40, kHalf, -0.3f, 16.0f, -1.0f, false, kF32, 1}, 65, 63);
  checkShape(random, form, {2, 40, 24, kInterleaved, 1.0f, 16.0f, -1.0f, false, kBf16, 3}, 40, 1000003);
  checkShape(random, form, {2, 40, 24, kNoRope, 1.0f, 16.0f, -1.0f, false, kBf16, 4}, 40, 30);
  checkShape(random, form, {3, 64, 64, kInterleaved, 0.125f, 16.0f, -1.0f, false, kBf16}, 130, 33);
  checkShape(random, form, {2, 128, 128, kInterleaved, 0.0884f}, 100, 100);
  for (int span : {16, 32})
    checkShape(random, form, {2, 24, 72, kHalf, 0.2f, 16.0f, -1.0f, false, kF32, 0, -4.0f, 6.0f, span}, 50, 7);
  checkShape(random, form, {1, 128, 128, kHalf, 0.0884f}, 65, 1000003);
  checkShape(random, form, {1, 72, 136, kHalf, 0.1f}, 50, 31);
  checkShape(random, form, {1, 136, 72, kInterleaved, 0.1f}, 50, 31);
  checkShape(random, form, {1, 128, 256, kInterleaved, 0.0884f}, 65, 1);
  checkShape(random, form, {1, 256, 256, kHalf, 0.0625f}, 40, 1);
  checkShape(random, form, {1, 504, 24, kInterleaved, 0.0442f}, 20, 13);
  checkShape(random, form, {1, 512, 32, kHalf, 0.0442f}, 20, 13);
}

/// From gates that forget everything at once to gates that keep everything.
TEST(Retention, gates) {
  Random random;
  for (Form form : {Form::step, Form::span}) {
    checkShape(random, form, {2, 16, 16, kInterleaved, 0.25f, 1.0f, -1.0f, false, kF32, 0, -30.0f, 30.0f}, 130, 10);
    checkShape(random, form, {2, 16, 16, kInterleaved, 0.25f, 16.0f, -1.0f, false, kF32, 0, 10.0f, 30.0f}, 130, 10);
    checkShape(random, form, {2, 16, 16, kInterleaved, 0.25f, 0.0f, -1.0f, false, kF32, 0, -30.0f, 0.0f}, 130, 10);
    checkShape(random, form, {2, 16, 16, kInterleaved, 0.25f, 0.0f, -1.0f, false, kF32, 0, -1000.0f, 0.0f}, 70, 10);
    checkShape(random, form, {2, 16, 16, kInterleaved, 0.25f, 0.0f, -1.0f, false, kF32, 0, -1e-3f, 0.0f}, 130, 10);
    checkShape(random, form, {2, 16, 16, kInterleaved, 0.25f, 0.0f, -1.0f, false, kF32, 0, 0.0f, 0.0f}, 70, 10);
  }
}

/// A long sequence in pieces of one size: errors of the state would add up.
void checkDrift(Random &random, Form form, int piece, int rows) {
  SCOPED_TRACE("pieces of " + std::to_string(piece));
  Session session(random, {1, 16, 16, kInterleaved, 0.25f, 16.0f, -1.0f, false, kF32, 0, 2.0f, 9.0f}, 2);
  double error = 0;
  for (int position = 0; position < rows; position += piece)
    error = session.run(form, {{1, position, 1, std::min(piece, rows - position)}});
  const double stateError = session.stateError({1});
  EXPECT_LT(error, form == Form::span ? 6e-3 : 2e-6);
  EXPECT_LT(stateError, form == Form::span ? 5e-3 : 2e-6);
  if (std::getenv("YOCO_TEST_VERBOSE"))
    std::printf("%s in pieces of %d: outputs %.2g, state %.2g\n", form == Form::step ? "step" : "span", piece, error,
                stateError);
}

TEST(Retention, drift) {
  Random random;
  for (int piece : {1, 7, 64, 2000})
    checkDrift(random, Form::step, piece, 2000);
  checkDrift(random, Form::span, 1, 300);
  for (int piece : {7, 64, 2000})
    checkDrift(random, Form::span, piece, 2000);
}

} // namespace
