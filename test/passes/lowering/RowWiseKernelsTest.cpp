// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Row-wise kernels of target `host` against plain loops in double precision.

#include "test/passes/lowering/KernelHarness.h"
#include "gtest/gtest.h"

using namespace mlir::yoco::test;

namespace {

/// One kernel and how to run and check it. All kernels of a test are compiled together.
using Check = std::function<void(const Kernels &, Random &)>;

struct HostKernels : testing::TestWithParam<std::string> {
  Random random{1};
  Kernels kernels{GetParam()};
  std::vector<Check> checks;

  void runChecks() {
    kernels.compile();
    ASSERT_FALSE(HasFatalFailure());
    for (const Check &check : checks)
      check(kernels, random);
  }
};

std::string shapeOf(const Rows &x) { return "memref<?x" + std::to_string(x.columns) + "xf32>"; }
std::string weightType(std::vector<int64_t> shape, const Weights &w) {
  std::string text = "memref<";
  for (int64_t size : shape)
    text += std::to_string(size) + "x";
  return text + w.element + ">";
}
TEST_P(HostKernels, Positions) {
  std::string name =
      kernels.add("%ids: memref<?xi32>, %s: !yoco.segments, %out: memref<?xi32>",
                  "yoco.fused_positions %ids at %s outs %out : (memref<?xi32>, !yoco.segments, memref<?xi32>) -> ()");
  kernels.compile();
  for (int round = 0; round < 20; ++round) {
    Step step = Step::make(
        random, [&] { return random() % 1000; }, [&] { return random() % 9; });
    std::vector<int32_t> ids(step.rows + 1, 7), out(step.rows + 1, -5);
    kernels.run(name, random, step.rows, step.table.size(), 1000, {ids.data(), step.table.data(), out.data()});
    for (int64_t r = 0; r <= step.rows; ++r) {
      bool covered = r < step.rows && step.segmentOf[r] >= 0;
      EXPECT_EQ(out[r], covered ? step.positionOf(r) : -5);
    }
  }
}

/// The last rows of each segment of `step`: all, some or none.
Step makeTail(Random &random, const Step &step) {
  Step tail = step;
  tail.rows = 0;
  tail.segmentOf.clear();
  for (size_t s = 0; s < step.table.size(); ++s) {
    auto &[slot, position, begin, count] = tail.table[s];
    int32_t kept = random() % (count + 1);
    position += count - kept;
    count = kept;
    tail.rows += random() % 2; // a row of no segment
    begin = static_cast<int32_t>(tail.rows);
    tail.rows += kept;
    tail.segmentOf.resize(begin, -1);
    tail.segmentOf.resize(tail.rows, slot < 0 ? -1 : static_cast<int>(s));
  }
  return tail;
}

TEST_P(HostKernels, Narrow) {
  for (int64_t width : {1, 8, 17, 64, 131}) {
    Rows inShape = Rows::make(random, 0, width), outShape = Rows::make(random, 0, width);
    std::string name =
        kernels.add("%x: " + inShape.type() + ", %s: !yoco.segments, %t: !yoco.segments, %out: " + outShape.type(),
                    "yoco.fused_narrow %x at %s to %t outs %out : (" + inShape.type() +
                        ", !yoco.segments, !yoco.segments, " + outShape.type() + ") -> ()");
    checks.push_back([=](const Kernels &kernels, Random &random) {
      for (int round = 0; round < 20; ++round) {
        Step all = Step::make(
            random, [&] { return random() % 1000; }, [&] { return random() % 20; });
        Step some = makeTail(random, all);
        Rows x(all.rows, width, inShape.stride, inShape.offset),
            out(some.rows, width, outShape.stride, outShape.offset);
        x.fill(random);
        kernels.run(name, random, some.rows, some.table.size(), 1000,
                    {x.data.data(), all.table.data(), some.table.data(), out.data.data()});
        for (int64_t r = 0; r <= some.rows; ++r)
          for (int64_t c = 0; c < width; ++c) {
            int segment = r < some.rows ? some.segmentOf[r] : -1;
            if (segment < 0) {
              ASSERT_TRUE(isPoison(out.at(r, c)));
              continue;
            }
            int64_t source = all.table[segment][2] + some.positionOf(r) - all.table[segment][1];
            ASSERT_EQ(out.at(r, c), x.at(source, c));
          }
      }
    });
  }
  runChecks();
}

/// Rows of several segments, each a segment of its own: they come from the segment with their slot.
TEST_P(HostKernels, NarrowToARowPerSegment) {
  std::string name = kernels.add("%x: memref<?xi32>, %s: !yoco.segments, %t: !yoco.segments, %out: memref<?xi32>",
                                 "yoco.fused_narrow %x at %s to %t outs %out {each_row} : (memref<?xi32>, "
                                 "!yoco.segments, !yoco.segments, memref<?xi32>) -> ()");
  kernels.compile();
  const int32_t all[][4] = {{-1, 0, 0, 0}, {7, 100, 0, 5}, {0, 3, 5, 1}, {4, 20, 6, 3}};
  const int32_t some[][4] = {{7, 102, 0, 1}, {7, 104, 1, 1}, {0, 3, 2, 1}, {4, 22, 3, 1}, {-1, 0, 4, 1}};
  std::vector<int32_t> x = {10, 11, 12, 13, 14, 15, 16, 17, 18}, out(6, -5);
  kernels.run(name, random, 5, 5, 1000, {x.data(), all, some, out.data()});
  EXPECT_EQ(out, (std::vector<int32_t>{12, 14, 15, 18, -5, -5}));
}

/// Integers are moved like rows.
TEST_P(HostKernels, NarrowOfIntegers) {
  std::string name = kernels.add("%x: memref<?xi32>, %s: !yoco.segments, %t: !yoco.segments, %out: memref<?xi32>",
                                 "yoco.fused_narrow %x at %s to %t outs %out : (memref<?xi32>, !yoco.segments, "
                                 "!yoco.segments, memref<?xi32>) -> ()");
  kernels.compile();
  for (int round = 0; round < 20; ++round) {
    Step all = Step::make(
        random, [&] { return random() % 1000; }, [&] { return random() % 20; });
    Step some = makeTail(random, all);
    std::vector<int32_t> x(all.rows), out(some.rows + 1, -5);
    for (int32_t &value : x)
      value = int32_t(random());
    kernels.run(name, random, some.rows, some.table.size(), 1000,
                {x.data(), all.table.data(), some.table.data(), out.data()});
    for (int64_t r = 0; r <= some.rows; ++r) {
      int segment = r < some.rows ? some.segmentOf[r] : -1;
      EXPECT_EQ(out[r], segment < 0 ? -5
                                    : x[all.table[segment][2] + some.positionOf(r) - all.table[segment][1]]);
    }
  }
}

/// The positions of a smaller set: the kernel of positions, with its table and its numbers of rows and segments.
TEST_P(HostKernels, PositionsOfATail) {
  std::string name =
      kernels.add("%ids: memref<?xi32>, %s: !yoco.segments, %out: memref<?xi32>",
                  "yoco.fused_positions %ids at %s outs %out : (memref<?xi32>, !yoco.segments, memref<?xi32>) -> ()");
  kernels.compile();
  for (int round = 0; round < 20; ++round) {
    Step step = makeTail(random, Step::make(
                                     random, [&] { return random() % 1000; }, [&] { return random() % 9; }));
    std::vector<int32_t> out(step.rows + 1, -5);
    kernels.run(name, random, step.rows, step.table.size(), 1000, {nullptr, step.table.data(), out.data()});
    for (int64_t r = 0; r <= step.rows; ++r)
      EXPECT_EQ(out[r], r < step.rows && step.segmentOf[r] >= 0 ? step.positionOf(r) : -5);
  }
}

void addEmbed(HostKernels &test, int64_t vocabulary, int64_t width) {
  Weights table = Weights::draw(test.random, vocabulary * width);
  Rows shape = Rows::make(test.random, 0, width);
  std::string out = shape.type();
  std::string name = test.kernels.add(
      "%ids: memref<?xi32>, %out: " + out + ", %w: " + weightType({vocabulary, width}, table) +
          " {yoco.parameter = @w0}",
      "yoco.fused_embed %ids table @w0 outs %out {scale = 1.5 : f32} : (memref<?xi32>, " + out + ") -> ()");
  test.checks.push_back([=](const Kernels &kernels, Random &random) {
    for (int64_t rows : {0, 1, 3, 17}) {
      Rows result(rows, width, shape.stride, shape.offset);
      std::vector<int32_t> ids(rows + 1);
      for (int32_t &id : ids)
        id = random() % vocabulary;
      kernels.run(name, random, rows, 1, 1, {ids.data(), result.data.data(), table.bytes.data()});
      for (int64_t r = 0; r <= rows; ++r)
        for (int64_t c = 0; c < width; ++c) {
          if (r < rows)
            ASSERT_EQ(result.at(r, c), 1.5f * table.values[ids[r] * width + c]);
          else
            ASSERT_TRUE(isPoison(result.at(r, c)));
        }
    }
  });
}

TEST_P(HostKernels, Embed) {
  for (int64_t width : {1, 7, 8, 16, 33, 99, 256})
    addEmbed(*this, 1 + random() % 60, width);
  runChecks();
}

void addNorm(HostKernels &test, int64_t groups, int64_t width) {
  bool hasWeight = flip(test.random), hasSwish = flip(test.random);
  Weights weight = Weights::draw(test.random, width);
  Rows shape = Rows::make(test.random, 0, groups * width), outShape = Rows::make(test.random, 0, groups * width);
  std::string name = test.kernels.add(
      "%x: " + shape.type() + (hasSwish ? ", %g: " + shape.type() : "") + ", %out: " + outShape.type() +
          (hasWeight ? ", %w: " + weightType({width}, weight) + " {yoco.parameter = @w0}" : ""),
      "yoco.fused_norm %x " + std::string(hasSwish ? "swish %g " : "") + (hasWeight ? "weight @w0 " : "") +
          "outs %out {eps = 1.0e-5 : f32, groups = " + std::to_string(groups) + " : i64} : (" + shape.type() +
          (hasSwish ? ", " + shape.type() : "") + ", " + outShape.type() + ") -> ()");
  test.checks.push_back([=](const Kernels &kernels, Random &random) {
    int64_t rows = random() % 20;
    Rows x(rows, groups * width, shape.stride, shape.offset), gate = x,
        out(rows, groups * width, outShape.stride, outShape.offset);
    x.fill(random, 3);
    gate.fill(random, 3);
    if (hasSwish)
      kernels.run(name, random, rows, 1, 1, {x.data.data(), gate.data.data(), out.data.data(), weight.bytes.data()});
    else
      kernels.run(name, random, rows, 1, 1, {x.data.data(), out.data.data(), weight.bytes.data()});
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t g = 0; g < groups; ++g) {
        std::vector<double> got, expected;
        double sum = 0;
        for (int64_t c = 0; c < width; ++c)
          sum += double(x.at(r, g * width + c)) * x.at(r, g * width + c);
        for (int64_t c = 0; c < width; ++c) {
          got.push_back(out.at(r, g * width + c));
          double z = gate.at(r, g * width + c), silu = z / (1 + std::exp(-z));
          expected.push_back(x.at(r, g * width + c) / std::sqrt(sum / width + 1e-5) *
                             (hasWeight ? weight.values[c] : 1) * (hasSwish ? silu : 1));
        }
        expectClose(got, expected, 1e-6, "norm of " + std::to_string(width));
      }
    EXPECT_TRUE(isPoison(out.at(rows, 0)));
  });
}

TEST_P(HostKernels, Norm) {
  for (int64_t width : {1, 8, 17, 64, 131, 999, 2048})
    addNorm(*this, 1 + random() % 3, width);
  runChecks();
}

TEST_P(HostKernels, Argmax) {
  constexpr float kNaN = std::numeric_limits<float>::quiet_NaN(), kInfinity = std::numeric_limits<float>::infinity();
  std::string name = kernels.add("%x: memref<?x5xf32>, %out: memref<?xi32>",
                                 "yoco.fused_argmax %x outs %out : (memref<?x5xf32>, memref<?xi32>) -> ()");
  kernels.compile();
  std::vector<float> x = {1,    7,    3, 7,    2,                                   // the first of equals
                          kNaN, -5,   kNaN, -2, -9,                                 // NaN is smallest
                          kNaN, kNaN, kNaN, kNaN, kNaN,                             // nothing to choose
                          kNaN, -kInfinity, kNaN, -kInfinity, kNaN,                 // but this is a number
                          0,    kInfinity, 3, 4, kInfinity};
  std::vector<int32_t> out(6, 77);
  kernels.run(name, random, 5, 1, 1, {x.data(), out.data()});
  EXPECT_EQ(out, (std::vector<int32_t>{1, 3, -1, 1, 1, 77}));
}

void addRope(HostKernels &test, int64_t heads, int64_t width) {
  Rotation rotation = Rotation::make(test.random, width);
  Rows shape = Rows::make(test.random, 0, heads * width);
  std::string name = test.kernels.add("%x: " + shape.type() + ", %p: memref<?xi32>, %out: " + shapeOf(shape),
                                      "yoco.fused_rope %x, %p outs %out {heads = " + std::to_string(heads) +
                                          " : i64, rope = " + rotation.text() + "} : (" + shape.type() +
                                          ", memref<?xi32>, " + shapeOf(shape) + ") -> ()");
  test.checks.push_back([=](const Kernels &kernels, Random &random) {
    int64_t rows = 40;
    Rows x(rows, heads * width, shape.stride, shape.offset), out(rows, heads * width);
    x.fill(random);
    std::vector<int32_t> positions(rows);
    for (int32_t &position : positions)
      position = random() % 4 == 0 ? random() % 3 : flip(random) ? 1000000 + random() % 100000 : random() % 16777216;
    kernels.run(name, random, rows, 1, 1, {x.data.data(), positions.data(), out.data.data()});
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t h = 0; h < heads; ++h) {
        std::vector<double> got, expected;
        for (int64_t c = 0; c < width; ++c) {
          got.push_back(out.at(r, h * width + c));
          expected.push_back(x.at(r, h * width + c));
        }
        rotation.apply(expected, positions[r]);
        expectClose(got, expected, 3e-7, "rope of " + std::to_string(width) + " at " + std::to_string(positions[r]));
      }
  });
}

TEST_P(HostKernels, Rope) {
  for (int64_t width : {2, 4, 8, 18, 20, 64, 80, 128, 256})
    addRope(*this, 1 + random() % 3, width);
  runChecks();
}

void addElementwise(HostKernels &test, const std::string &body, const std::function<double(double, double)> &reference,
                    double scale, double tolerance) {
  int64_t width = pick(test.random, {5, 16, 99});
  Rows shape = Rows::make(test.random, 0, width);
  std::string type = shape.type(), map = "affine_map<(d0, d1) -> (d0, d1)>";
  std::string name = test.kernels.add(
      "%x: " + type + ", %y: " + type + ", %out: " + type,
      "linalg.generic {indexing_maps = [" + map + ", " + map + ", " + map +
          "], iterator_types = [\"parallel\", \"parallel\"]} ins(%x, %y : " + type + ", " + type +
          ") outs(%out : " + type + ") {\n^bb0(%a: f32, %b: f32, %o: f32):\n" + body + "\nlinalg.yield %r : f32\n}");
  test.checks.push_back([=](const Kernels &kernels, Random &random) {
    int64_t rows = 30;
    Rows x(rows, width, shape.stride, shape.offset), y = x, out = x;
    x.fill(random, scale);
    y.fill(random, scale);
    kernels.run(name, random, rows, 1, 1, {x.data.data(), y.data.data(), out.data.data()});
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t c = 0; c < width; ++c)
        expectClose({out.at(r, c)}, {reference(x.at(r, c), y.at(r, c))}, tolerance, body + std::to_string(x.at(r, c)));
  });
}

TEST_P(HostKernels, Elementwise) {
  addElementwise(
      *this, "%c = arith.constant 2.0 : f32\n%p = arith.mulf %a, %c : f32\n%r = arith.addf %p, %b : f32",
      [](double a, double b) { return 2 * a + b; }, 1, 1e-5);
  addElementwise(
      *this, "%r = math.exp %a : f32", [](double a, double) { return std::exp(a); }, 20, 1e-6);
  addElementwise(
      *this, "%r = math.tanh %a : f32", [](double a, double) { return std::tanh(a); }, 3, 1e-6);
  addElementwise(
      *this, "%s = math.absf %a : f32\n%r = math.log %s : f32", [](double a, double) { return std::log(std::fabs(a)); },
      1e3, 1e-6);
  addElementwise(
      *this, "%s = math.absf %a : f32\n%r = math.rsqrt %s : f32",
      [](double a, double) { return 1 / std::sqrt(std::fabs(a)); }, 1, 1e-6);
  runChecks();
}

/// A generic over rows of `x`, numbers of a row `m`, and a vector `w` that all rows share. With `heads`, of every head.
/// `reference` gives what becomes of a row: all its columns, or with `combiner` the one number that they are combined
/// to.
struct RowCase {
  std::string body, combiner, initial;
  std::function<double(double x, double m, double w)> element;
  std::function<double(double, double)> combine;
  double start;
};

void addRows(HostKernels &test, const RowCase &row, int64_t heads, int64_t width) {
  Weights w = Weights::draw(test.random, width);
  bool reduces = !row.combiner.empty();
  std::string dims = heads ? "d0, d1, d2" : "d0, d1", h = heads ? std::to_string(heads) + "x" : "";
  std::string id = "affine_map<(" + dims + ") -> (" + dims + ")>";
  std::string number = "affine_map<(" + dims + ") -> (" + (heads ? "d0, d1, 0" : "d0, 0") + ")>";
  std::string vector = "affine_map<(" + dims + ") -> (" + (heads ? "d2" : "d1") + ")>";
  std::string x = "memref<?x" + h + std::to_string(width) + "xf32>", m = "memref<?x" + h + "1xf32>";
  std::string wType = weightType({width}, w), out = reduces ? m : x;
  std::string iterators = heads ? "[\"parallel\", \"parallel\", \"" : "[\"parallel\", \"";
  iterators += reduces ? "reduction\"]" : "parallel\"]";
  std::string body = "^bb0(%a: f32, %n: f32, %s: " + w.element + ", %o: f32):\n";
  body += w.element == "f32" ? "%zero = arith.constant 0.0 : f32\n%v = arith.addf %s, %zero : f32\n"
                             : "%v = arith.extf %s : " + w.element + " to f32\n";
  body += row.body + "\n";
  if (reduces)
    body += "%t = arith." + row.combiner + " %r, %o : f32\nlinalg.yield %t : f32\n";
  else
    body += "linalg.yield %r : f32\n";
  std::string name = test.kernels.add(
      "%x: " + x + ", %m: " + m + ", %w: " + wType + " {yoco.parameter = @v2}, %out: " + out,
      "linalg.generic {indexing_maps = [" + id + ", " + number + ", " + vector + ", " + (reduces ? number : id) +
          "], iterator_types = " + iterators + "} ins(%x, %m, %w : " + x + ", " + m + ", " + wType + ") outs(%out : " +
          out + ")" + (reduces ? " attrs = {yoco.initial = [" + row.initial + " : f32]}" : "") + " {\n" + body + "}");
  test.checks.push_back([=](const Kernels &kernels, Random &random) {
    int64_t rows = 30, count = heads ? heads : 1, results = reduces ? 1 : width;
    Rows x(rows, count * width), m(rows, count), out(rows, count * results);
    x.fill(random);
    m.fill(random);
    kernels.run(name, random, rows, 1, 1, {x.data.data(), m.data.data(), w.bytes.data(), out.data.data()});
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t head = 0; head < count; ++head) {
        std::vector<double> expected, got;
        double combined = row.start;
        for (int64_t c = 0; c < width; ++c) {
          double value = row.element(x.at(r, head * width + c), m.at(r, head), w.values[c]);
          combined = reduces ? row.combine(combined, value) : combined;
          expected.push_back(value);
        }
        for (int64_t c = 0; c < results; ++c)
          got.push_back(out.at(r, head * results + c));
        expectClose(got, reduces ? std::vector<double>{combined} : expected, 1e-5, row.body, reduces ? 1 : 1e-20);
      }
    EXPECT_TRUE(isPoison(out.at(rows, 0)));
  });
}

TEST_P(HostKernels, BroadcastsAndReductions) {
  auto scaled = [](double x, double m, double w) { return (x - m) * w; };
  const std::string body = "%d = arith.subf %a, %n : f32\n%r = arith.mulf %d, %v : f32";
  auto larger = [](double a, double b) { return std::max(a, b); };
  auto smaller = [](double a, double b) { return std::min(a, b); };
  const RowCase cases[] = {
      {body, "", "", scaled, {}, 0},
      {body, "addf", "0.5", scaled, std::plus<double>(), 0.5},
      {body, "maximumf", "-3.0", scaled, larger, -3},
      {body, "minimumf", "0.25", scaled, smaller, 0.25},
      {"%r = arith.mulf %a, %v : f32", "addf", "0.0", [](double x, double, double w) { return x * w; },
       std::plus<double>(), 0},
  };
  for (const RowCase &row : cases)
    for (int64_t heads : {0, 1, 3})
      for (int64_t width : {1, 7, 8, 33, 64, 200})
        addRows(*this, row, heads, width);
  runChecks();
}

/// A linear of one row and one input, which is 1: the result is the activation of the weight.
TEST_P(HostKernels, ActivationsAreAccurateEverywhere) {
  const char *names[] = {"silu", "gelu"};
  std::string found[2];
  for (int i = 0; i < 2; ++i)
    found[i] = kernels.add("%x: memref<?x1xf32>, %out: memref<?x4096xf32>, %w: memref<" +
                               std::string(GetParam() == "x86-64-v3" ? "256x1x16" : "128x1x32") +
                               "xf32> {yoco.parameter = @w0}",
                           "yoco.fused_linear %x weights [@w0] outs %out {activation = #yoco.activation<" +
                               std::string(names[i]) + ">} : (memref<?x1xf32>, memref<?x4096xf32>) -> ()");
  kernels.compile();
  ASSERT_FALSE(HasFatalFailure());
  std::vector<float> x{1}, w(4096), out(4096);
  for (int i = 0; i < 4096; ++i)
    w[i] = (i - 2048) / 16.0f; // -128 to 128
  for (int i = 0; i < 2; ++i) {
    kernels.run(found[i], random, 1, 1, 1, {x.data(), out.data(), w.data()});
    for (int j = 0; j < 4096; ++j) {
      double v = w[j], u = i == 0 ? v : 1.5957691216057308 * (v + 0.044715 * v * v * v);
      double expected = v / (1 + std::exp(-u));
      // The argument of the exponential is rounded: half a unit of |u| in the last place.
      double tolerance = (3e-7 + 1.2e-7 * std::fabs(u)) * std::fabs(expected) + 1e-36;
      ASSERT_NEAR(out[j], expected, tolerance) << names[i] << " of " << v;
    }
  }
}

TEST_P(HostKernels, SameBytesTwice) {
  Kernels again(GetParam());
  for (Kernels *each : {&kernels, &again}) {
    each->add("%x: memref<?x64xf32>, %out: memref<?x64xf32>",
              "yoco.fused_norm %x outs %out {eps = 1.0e-5 : f32} : (memref<?x64xf32>, memref<?x64xf32>) -> ()");
    each->compile();
  }
  EXPECT_EQ(kernels.getBytes(), again.getBytes());
}

INSTANTIATE_TEST_SUITE_P(Chips, HostKernels, testing::ValuesIn(getRunnableChips()),
                         [](const auto &info) { return info.param.substr(info.param.size() - 2); });

} // namespace
