// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Retention, attention and cache writes of target `host` against plain loops in double precision: segments of any
// length among rows that belong to none, padding, slots in any order. Memory that no step has written holds numbers
// that show.

#include "test/passes/lowering/KernelHarness.h"
#include "gtest/gtest.h"

using namespace mlir::yoco::test;

namespace {

using Table = std::vector<std::array<int32_t, 4>>;

/// Columns `h * width .. (h + 1) * width` of a row.
std::vector<double> headOf(Rows &rows, int64_t r, int64_t h, int64_t width) {
  std::vector<double> head(width);
  for (int64_t c = 0; c < width; ++c)
    head[c] = rows.at(r, h * width + c);
  return head;
}

double dot(const std::vector<double> &a, const std::vector<double> &b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i)
    sum += a[i] * b[i];
  return sum;
}

/// Rows that belong to a segment get random numbers; the others keep theirs.
void fillSegments(Rows &rows, const Step &step, Random &random, float scale = 1) {
  for (int64_t r = 0; r < step.rows; ++r)
    if (step.segmentOf[r] >= 0)
      rows.fillRow(r, random, scale);
}

void expectUntouched(Rows &rows, const Step &step, const std::string &what) {
  for (int64_t r = 0; r < step.rows; ++r)
    if (step.segmentOf[r] < 0)
      for (int64_t c = 0; c < rows.columns; ++c)
        ASSERT_TRUE(isPoison(rows.at(r, c))) << what << ", row " << r;
}

std::string attribute(const char *name, double value) {
  char text[64];
  std::snprintf(text, sizeof(text), "%s = %.9e : f32, ", name, value);
  return text;
}

//===- Retention ---------------------------------------------------------------------------------------------===//

struct Retention {
  int64_t heads, keyWidth, valueWidth, span;
  float scale, divisor;
  bool hasDivisor, hasRope, hasNorm, hasSwish;
  Rotation rope;
  Rows q{0, 1}, k{0, 1}, v{0, 1}, g{0, 1}, swish{0, 1}, out{0, 1};
  std::string name, what;
};

Retention makeRetention(Random &random, Kernels &kernels, int64_t width) {
  Retention r;
  r.heads = 1 + random() % 3;
  r.keyWidth = width;
  r.valueWidth = random() % 4 == 0 ? width + 3 : width;
  r.span = pick(random, {0, 0, 5, 16, 32, width <= 128 ? 64 : 32});
  r.scale = flip(random) ? 1.0f : 0.25f;
  r.divisor = 16;
  r.hasDivisor = random() % 4 != 0;
  r.hasRope = width % 2 == 0 && random() % 4 != 0;
  r.hasNorm = flip(random);
  r.hasSwish = flip(random);
  r.rope = Rotation::make(random, width);
  int64_t keys = r.heads * r.keyWidth, values = r.heads * r.valueWidth;
  r.q = Rows::make(random, 0, keys);
  r.k = Rows::make(random, 0, keys);
  r.v = Rows::make(random, 0, values);
  r.g = Rows::make(random, 0, r.heads);
  r.swish = Rows::make(random, 0, values);
  r.out = Rows::make(random, 0, values);
  std::string state = "!yoco.state<" + std::to_string(r.heads) + "x" + std::to_string(r.keyWidth) + "x" +
                      std::to_string(r.valueWidth) + "xf32>";
  std::string attributes = attribute("scale", r.scale);
  if (r.hasDivisor)
    attributes += attribute("gate_divisor", r.divisor);
  if (r.hasNorm)
    attributes += attribute("eps", 1e-5);
  if (r.hasRope)
    attributes += "rope = " + r.rope.text() + ", ";
  attributes += "span = " + std::to_string(r.span) + " : i64";
  std::string arguments = "%q: " + r.q.type() + ", %k: " + r.k.type() + ", %v: " + r.v.type() + ", %g: " + r.g.type() +
                          ", %p: memref<?xi32>, %s: !yoco.segments, %t: " + state +
                          (r.hasSwish ? ", %w: " + r.swish.type() : "") + ", %out: " + r.out.type();
  std::string types = r.q.type() + ", " + r.k.type() + ", " + r.v.type() + ", " + r.g.type() +
                      ", memref<?xi32>, !yoco.segments, " + state + (r.hasSwish ? ", " + r.swish.type() : "") + ", " +
                      r.out.type();
  r.name = kernels.add(arguments, "yoco.fused_retention %q, %k, %v, %g at %p, %s from %t " +
                                      std::string(r.hasSwish ? "swish %w " : "") + "outs %out {" + attributes +
                                      "} : (" + types + ") -> ()");
  r.what = "retention of " + std::to_string(r.heads) + " x " + std::to_string(r.keyWidth) + " x " +
           std::to_string(r.valueWidth) + ", span " + std::to_string(r.span);
  return r;
}

struct RetentionRows {
  Rows q, k, v, g, swish, out;
};

/// One row of one head, in the recurrent form. `size` receives how large the row would be if nothing in its sums
/// cancelled.
std::vector<double> referenceRow(const Retention &r, RetentionRows &x, int64_t row, int64_t position, int64_t h,
                                 std::vector<double> &state, double &size) {
  std::vector<double> q = headOf(x.q, row, h, r.keyWidth), k = headOf(x.k, row, h, r.keyWidth);
  std::vector<double> v = headOf(x.v, row, h, r.valueWidth), y(r.valueWidth);
  if (r.hasRope) {
    r.rope.apply(q, position);
    r.rope.apply(k, position);
  }
  double gate = x.g.at(row, h);
  if (r.hasDivisor)
    gate = (std::min(gate, 0.0) - std::log1p(std::exp(-std::fabs(gate)))) / r.divisor;
  for (int64_t d = 0; d < r.keyWidth; ++d)
    for (int64_t c = 0; c < r.valueWidth; ++c) {
      double &s = state[d * r.valueWidth + c];
      s = std::exp(gate) * s + r.scale * k[d] * v[c];
      y[c] += q[d] * s;
    }
  double factor = r.hasNorm ? 1 / std::sqrt(dot(y, y) / r.valueWidth + 1e-5) : 1;
  size = factor * r.scale * std::sqrt(double(r.keyWidth) * r.valueWidth);
  for (int64_t c = 0; c < r.valueWidth; ++c) {
    double w = r.hasSwish ? x.swish.at(row, h * r.valueWidth + c) : 0;
    y[c] *= factor * (r.hasSwish ? w / (1 + std::exp(-w)) : 1);
  }
  return y;
}

void runRetention(const Kernels &kernels, Random &random, const Retention &r, RetentionRows &x, const Table &table,
                  int64_t rows, std::vector<float> &state) {
  std::vector<int32_t> positions(rows + 1, -1); // not needed: segments say the same
  std::vector<const void *> buffers{x.q.data.data(),  x.k.data.data(), x.v.data.data(), x.g.data.data(),
                                    positions.data(), table.data(),    state.data()};
  if (r.hasSwish)
    buffers.push_back(x.swish.data.data());
  buffers.push_back(x.out.data.data());
  kernels.run(r.name, random, rows, table.size(), 4096, buffers);
}

/// A step of every segment, then a second one that goes on where the first ended.
void checkRetention(const Kernels &kernels, Random &random, const Retention &r) {
  int64_t far = flip(random) ? 1000000 : 0;
  Step step = Step::make(
      random, [&] { return flip(random) ? 0 : int64_t(far + random() % 200); },
      [&] {
        return pick(random, {0, 1, 1, 2, 7, 15, 33, 64, 65, 130});
      });
  int64_t size = r.keyWidth * r.valueWidth;
  std::vector<float> state(step.slots * r.heads * size, poison());
  std::vector<std::vector<double>> reference(step.table.size() * r.heads, std::vector<double>(size, 0.0));
  for (size_t s = 0; s < step.table.size(); ++s) {
    auto [slot, first, begin, count] = step.table[s];
    if (slot < 0 || first == 0)
      continue;
    for (int64_t i = 0; i < r.heads * size; ++i)
      reference[s * r.heads + i / size][i % size] = state[slot * r.heads * size + i] = draw(random);
  }
  auto like = [&](const Rows &rows) { return Rows(step.rows, rows.columns, rows.stride, rows.offset); };
  for (int round = 0; round < 2; ++round) {
    RetentionRows x{like(r.q), like(r.k), like(r.v), like(r.g), like(r.swish), like(r.out)};
    for (Rows *rows : {&x.q, &x.k, &x.v, &x.swish})
      fillSegments(*rows, step, random);
    fillSegments(x.g, step, random, pick(random, {1, 5, 60}));
    if (!r.hasDivisor)
      for (float &gate : x.g.data)
        gate = isPoison(gate) ? gate : -std::fabs(gate);
    runRetention(kernels, random, r, x, step.table, step.rows, state);
    for (int64_t row = 0; row < step.rows; ++row) {
      if (step.segmentOf[row] < 0)
        continue;
      for (int64_t h = 0; h < r.heads; ++h) {
        double floor;
        std::vector<double> expected =
            referenceRow(r, x, row, step.positionOf(row), h, reference[step.segmentOf[row] * r.heads + h], floor);
        expectClose(headOf(x.out, row, h, r.valueWidth), expected, 5e-6, r.what + ", row " + std::to_string(row),
                    floor);
      }
    }
    expectUntouched(x.out, step, r.what);
    for (size_t s = 0; s < step.table.size(); ++s) {
      auto &[slot, first, begin, count] = step.table[s];
      for (int64_t h = 0; h < r.heads && slot >= 0 && count > 0; ++h) {
        const float *place = &state[(slot * r.heads + h) * size];
        expectClose(std::vector<double>(place, place + size), reference[s * r.heads + h], 1e-5, r.what + ", state");
      }
      first += count;
    }
  }
}

struct MixerKernels : testing::TestWithParam<std::string> {};

TEST_P(MixerKernels, Retention) {
  Random random(3);
  Kernels kernels(GetParam());
  std::vector<Retention> all;
  for (int64_t width : {8, 17, 64, 80, 128, 256, 8, 17, 64, 80, 128, 4, 64})
    all.push_back(makeRetention(random, kernels, width));
  kernels.compile();
  for (const Retention &each : all)
    for (int round = 0; round < 6 && !HasFatalFailure(); ++round)
      checkRetention(kernels, random, each);
}

//===- Attention ---------------------------------------------------------------------------------------------===//

struct Attention {
  int64_t keyHeads, group, keyWidth, valueWidth, ring, window;
  float scale;
  bool hasRope;
  Rotation rope;
  Rows q{0, 1}, k{0, 1}, v{0, 1}, out{0, 1};
  std::string name, write, what;
};

/// The types of the caches of keys and of values.
std::string cacheTypes(const Attention &a) {
  auto type = [&](int64_t width) {
    return "!yoco.cache<heads = " + std::to_string(a.keyHeads) + ", width = " + std::to_string(width) +
           ", element = f32, window = " + std::to_string(a.ring) + ", layout = contiguous>";
  };
  return type(a.keyWidth) + ", " + type(a.valueWidth);
}

/// The arguments that are caches of these types.
std::string cacheArguments(const Attention &a) {
  std::string types = cacheTypes(a);
  return "%c: " + types.insert(types.find(">, ") + 3, "%d: ");
}

/// The kernel that writes the caches; it rotates the keys of growing ones, the keys of rings are rotated already.
std::string makeWrite(Kernels &kernels, const Attention &a) {
  return kernels.add("%k: " + a.k.type() + ", %v: " + a.v.type() + ", %p: memref<?xi32>, %s: !yoco.segments, " +
                         cacheArguments(a),
                     "yoco.fused_cache_write %k, %v at %p, %s to %c, %d " +
                         (a.hasRope && a.ring == 0 ? "{rope = " + a.rope.text() + "} " : "") + ": (" + a.k.type() +
                         ", " + a.v.type() + ", memref<?xi32>, !yoco.segments, " + cacheTypes(a) + ") -> ()");
}

Attention makeAttention(Random &random, Kernels &kernels, int64_t width, int64_t ring) {
  Attention a;
  a.keyHeads = 1 + random() % 3;
  a.group = pick(random, {1, 2, 3, 4, 6});
  a.keyWidth = width;
  a.valueWidth = random() % 4 == 0 ? width + 1 : width;
  a.ring = ring;
  a.window = ring > 0 ? (flip(random) ? ring : 1 + random() % ring) : pick(random, {0, 0, 9});
  a.scale = 1 / std::sqrt(float(width));
  a.hasRope = width % 2 == 0 && random() % 4 != 0;
  a.rope = Rotation::make(random, width);
  a.q = Rows::make(random, 0, a.keyHeads * a.group * width);
  a.k = Rows::make(random, 0, a.keyHeads * width);
  a.v = Rows::make(random, 0, a.keyHeads * a.valueWidth);
  a.out = Rows::make(random, 0, a.keyHeads * a.group * a.valueWidth);
  std::string fresh = ring > 0 ? ", %k: " + a.k.type() + ", %v: " + a.v.type() : "";
  std::string freshTypes = ring > 0 ? ", " + a.k.type() + ", " + a.v.type() : "";
  a.name = kernels.add(
      "%q: " + a.q.type() + ", %p: memref<?xi32>, %s: !yoco.segments, " + cacheArguments(a) + fresh +
          ", %out: " + a.out.type(),
      "yoco.fused_attention %q at %p, %s to %c, %d " + std::string(ring > 0 ? "fresh(%k, %v) " : "") + "outs %out {" +
          attribute("scale", a.scale) + (a.hasRope ? "rope = " + a.rope.text() + ", " : "") +
          "heads = " + std::to_string(a.keyHeads * a.group) + " : i64, window = " + std::to_string(a.window) +
          " : i64} : (" + a.q.type() + ", memref<?xi32>, !yoco.segments, " + cacheTypes(a) + freshTypes + ", " +
          a.out.type() + ") -> ()");
  a.write = makeWrite(kernels, a);
  a.what = "attention of " + std::to_string(a.keyHeads) + " x " + std::to_string(a.group) + " heads of " +
           std::to_string(width) + ", ring " + std::to_string(ring) + ", window " + std::to_string(a.window);
  return a;
}

/// The sequence of one slot: its rotated keys and its values, for each position since its first.
struct History {
  int64_t first = 0;
  std::vector<std::vector<std::vector<double>>> keys, values; // [position][head][column]
};

std::vector<double> referenceHead(const Attention &a, const History &history, std::vector<double> q, int64_t position,
                                  int64_t h) {
  if (a.hasRope)
    a.rope.apply(q, position);
  int64_t begin = a.window > 0 ? std::max<int64_t>(position - a.window + 1, 0) : 0;
  std::vector<double> scores, y(a.valueWidth);
  double largest = -1e300, total = 0;
  for (int64_t p = begin; p <= position; ++p) {
    scores.push_back(a.scale * dot(q, history.keys[p - history.first][h]));
    largest = std::max(largest, scores.back());
  }
  for (int64_t p = begin; p <= position; ++p) {
    double weight = std::exp(scores[p - begin] - largest);
    total += weight;
    for (int64_t c = 0; c < a.valueWidth; ++c)
      y[c] += weight * history.values[p - history.first][h][c];
  }
  for (double &value : y)
    value /= total;
  return y;
}

class AttentionCheck {
public:
  AttentionCheck(const Kernels &kernels, Random &random, const Attention &a)
      : kernels(kernels), random(random), a(a), positions(a.ring > 0 ? a.ring : 300) {}

  /// Several steps over the same slots: prefill in pieces, single rows, both mixed.
  void run() {
    int64_t begin = a.ring > 0 && flip(random) ? 1000003 : 0;
    Step step = Step::make(
        random, [&] { return 0; }, [&] { return lengthOf(); });
    keys.assign(step.slots * positions * a.keyHeads * a.keyWidth, poison());
    values.assign(step.slots * positions * a.keyHeads * a.valueWidth, poison());
    histories.assign(step.slots, {});
    // Ring: a sequence that is far along has its last rows in place.
    for (int64_t slot = 0; slot < step.slots && begin > 0; ++slot)
      seedRing(slot, begin);
    for (int round = 0; round < 4 && !testing::Test::HasFatalFailure(); ++round) {
      runStep(step);
      step = nextStep(step);
    }
  }

private:
  int64_t lengthOf() { return pick(random, {0, 1, 1, 1, 2, 8, 9, 63, 70}); }

  Step nextStep(const Step &before) {
    Step step = Step::make(
        random, [&] { return 0; }, [&] { return lengthOf(); });
    // Keep to the slots there are.
    for (auto &segment : step.table)
      segment[0] = segment[0] >= before.slots ? -1 : segment[0];
    step.slots = before.slots;
    for (int64_t r = 0; r < step.rows; ++r)
      if (step.segmentOf[r] >= 0 && step.table[step.segmentOf[r]][0] < 0)
        step.segmentOf[r] = -1;
    return step;
  }

  void seedRing(int64_t slot, int64_t begin) {
    History &history = histories[slot];
    history.first = begin - a.ring;
    for (int64_t p = history.first; p < begin; ++p) {
      history.keys.emplace_back(a.keyHeads, std::vector<double>(a.keyWidth));
      history.values.emplace_back(a.keyHeads, std::vector<double>(a.valueWidth));
      for (int64_t h = 0; h < a.keyHeads; ++h) {
        for (int64_t c = 0; c < a.keyWidth; ++c)
          history.keys.back()[h][c] = place(keys, a.keyWidth, slot, p, h)[c] = draw(random);
        for (int64_t c = 0; c < a.valueWidth; ++c)
          history.values.back()[h][c] = place(values, a.valueWidth, slot, p, h)[c] = draw(random);
      }
    }
  }

  float *place(std::vector<float> &plane, int64_t width, int64_t slot, int64_t p, int64_t h) {
    return &plane[((slot * positions + p % positions) * a.keyHeads + h) * width];
  }

  void runStep(Step step) {
    for (auto &[slot, first, begin, count] : step.table)
      if (slot >= 0)
        first = static_cast<int32_t>(histories[slot].first + histories[slot].keys.size());
    auto like = [&](const Rows &rows) { return Rows(step.rows, rows.columns, rows.stride, rows.offset); };
    Rows q = like(a.q), k = like(a.k), v = like(a.v), out = like(a.out);
    for (Rows *rows : {&q, &k, &v})
      fillSegments(*rows, step, random);
    std::vector<int32_t> none(step.rows + 1, -1);
    std::vector<const void *> buffers{q.data.data(), none.data(), step.table.data(), keys.data(), values.data()};
    std::vector<const void *> write{k.data.data(),     v.data.data(), none.data(),
                                    step.table.data(), keys.data(),   values.data()};
    if (a.ring > 0)
      buffers.insert(buffers.end(), {k.data.data(), v.data.data()});
    buffers.push_back(out.data.data());
    auto launch = [&](const std::string &name, const std::vector<const void *> &words) {
      kernels.run(name, random, step.rows, step.table.size(), positions, words);
    };
    if (a.ring == 0)
      launch(a.write, write);
    launch(a.name, buffers);
    if (a.ring > 0)
      launch(a.write, write);
    if (a.ring == 0)
      compareAlone(step, buffers, out);
    extend(step, k, v);
    compare(step, q, out);
    compareCache(step);
  }

  /// To the bit, a row is what it is without rows beside it: every row again, as a segment of its own.
  void compareAlone(const Step &step, std::vector<const void *> buffers, const Rows &together) {
    Rows alone(step.rows, a.out.columns, a.out.stride, a.out.offset);
    std::vector<std::array<int32_t, 4>> table;
    for (int64_t r = 0; r < step.rows; ++r)
      if (step.segmentOf[r] >= 0)
        table.push_back({step.table[step.segmentOf[r]][0], static_cast<int32_t>(step.positionOf(r)),
                         static_cast<int32_t>(r), 1});
    buffers[2] = table.data();
    buffers.back() = alone.data.data();
    kernels.run(a.name, random, step.rows, table.size(), positions, buffers);
    ASSERT_EQ(0, std::memcmp(alone.data.data(), together.data.data(), alone.data.size() * sizeof(float))) << a.what;
  }

  void extend(const Step &step, Rows &k, Rows &v) {
    for (int64_t r = 0; r < step.rows; ++r) {
      if (step.segmentOf[r] < 0)
        continue;
      History &history = histories[step.table[step.segmentOf[r]][0]];
      history.keys.emplace_back();
      history.values.emplace_back();
      for (int64_t h = 0; h < a.keyHeads; ++h) {
        std::vector<double> key = headOf(k, r, h, a.keyWidth);
        if (a.hasRope && a.ring == 0)
          a.rope.apply(key, step.positionOf(r));
        history.keys.back().push_back(key);
        history.values.back().push_back(headOf(v, r, h, a.valueWidth));
      }
    }
  }

  void compare(const Step &step, Rows &q, Rows &out) {
    for (int64_t r = 0; r < step.rows; ++r)
      for (int64_t h = 0; h < a.keyHeads * a.group && step.segmentOf[r] >= 0; ++h)
        expectClose(headOf(out, r, h, a.valueWidth),
                    referenceHead(a, histories[step.table[step.segmentOf[r]][0]], headOf(q, r, h, a.keyWidth),
                                  step.positionOf(r), h / a.group),
                    3e-6, a.what + ", position " + std::to_string(step.positionOf(r)));
    expectUntouched(out, step, a.what);
  }

  /// The cache has exactly what the histories end with.
  void compareCache(const Step &step) {
    for (int64_t slot = 0; slot < step.slots; ++slot) {
      const History &history = histories[slot];
      int64_t end = history.first + history.keys.size();
      for (int64_t p = std::max<int64_t>(end - positions, 0); p < end; ++p)
        for (int64_t h = 0; h < a.keyHeads; ++h) {
          const float *key = place(keys, a.keyWidth, slot, p, h), *value = place(values, a.valueWidth, slot, p, h);
          expectClose(std::vector<double>(key, key + a.keyWidth), history.keys[p - history.first][h], 3e-7, a.what);
          ASSERT_EQ(std::vector<double>(value, value + a.valueWidth), history.values[p - history.first][h]) << a.what;
        }
      for (int64_t p = end; p < positions; ++p)
        ASSERT_TRUE(isPoison(*place(keys, a.keyWidth, slot, p, 0))) << a.what;
    }
  }

  const Kernels &kernels;
  Random &random;
  const Attention &a;
  int64_t positions;
  std::vector<float> keys, values;
  std::vector<History> histories;
};

TEST_P(MixerKernels, AttentionToGrowingCache) {
  Random random(4);
  Kernels kernels(GetParam());
  std::vector<Attention> all;
  for (int64_t width : {8, 17, 64, 80, 128, 256, 4})
    all.push_back(makeAttention(random, kernels, width, 0));
  kernels.compile();
  for (const Attention &each : all)
    for (int round = 0; round < 4 && !HasFatalFailure(); ++round)
      AttentionCheck(kernels, random, each).run();
}

TEST_P(MixerKernels, AttentionToRing) {
  Random random(5);
  Kernels kernels(GetParam());
  std::vector<Attention> all;
  for (int64_t ring : {1, 2, 7, 8, 64, 100})
    all.push_back(makeAttention(random, kernels, pick(random, {8, 17, 64, 80}), ring));
  kernels.compile();
  for (const Attention &each : all)
    for (int round = 0; round < 8 && !HasFatalFailure(); ++round)
      AttentionCheck(kernels, random, each).run();
}

INSTANTIATE_TEST_SUITE_P(Chips, MixerKernels, testing::ValuesIn(getRunnableChips()),
                         [](const auto &info) { return info.param.substr(info.param.size() - 2); });

} // namespace
