// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels of log-probabilities of target `host`, from all columns and from blocks of them, against the same in double.

#include "test/kernels/LogprobsReference.h"
#include "test/passes/lowering/KernelHarness.h"
#include "gtest/gtest.h"

using namespace mlir::yoco::test;
using yoco::test::getLogprobs;
using yoco::test::isNear;
using yoco::test::kInfinity;
using yoco::test::LogprobsRow;

namespace {

struct LogprobsKernels : testing::TestWithParam<std::string> {
  Random random{1};
  Kernels kernels{GetParam()};
};

std::string rowsOf(int64_t columns) { return "memref<?x" + std::to_string(columns) + "xf32>"; }

/// A kernel for some columns of a row: the first or others, the last or others.
struct Fold {
  int64_t columns, best;
  bool isFirst, isLast;
  std::string name;

  int64_t getResultColumns() const { return (isLast ? 3 : 5) + 2 * best; }

  void add(Kernels &kernels) {
    bool isWhole = isFirst && isLast;
    std::string carry = rowsOf(5 + 2 * best), out = rowsOf(getResultColumns());
    std::string arguments = "%l: " + rowsOf(columns) + ", %t: memref<?xi32>";
    std::string types = rowsOf(columns) + ", memref<?xi32>";
    std::string op = "yoco.fused_logprobs %l, %t ";
    if (!isWhole) {
      arguments += ", %u: memref<?x1xf32>";
      types += ", memref<?x1xf32>";
      op += "target_logits %u ";
    }
    if (!isFirst) {
      arguments += ", %c: " + carry;
      types += ", " + carry;
      op += "after %c ";
    }
    op += "outs %o {best = " + std::to_string(best) + " : i64" + (isLast ? "} : (" : ", partial} : (");
    name = kernels.add(arguments + ", %o: " + out, op + types + ", " + out + ") -> ()");
  }
};

using Logits = std::vector<std::vector<float>>;

/// All rows, `block` columns at a time, by kernels that were added for that.
struct Folds {
  int64_t columns, block, best;
  std::vector<Fold> folds;

  Folds(Kernels &kernels, int64_t columns, int64_t block, int64_t best) : columns(columns), block(block), best(best) {
    for (int64_t first = 0; first < columns; first += block) {
      int64_t width = std::min(block, columns - first);
      folds.push_back({width, best, first == 0, first + width == columns, ""});
      folds.back().add(kernels);
    }
  }

  void check(const Kernels &kernels, Random &random, const Logits &rows, const std::vector<int32_t> &targets) const {
    SCOPED_TRACE(std::to_string(columns) + " columns in blocks of " + std::to_string(block));
    int64_t count = rows.size();
    std::vector<float> thresholds(count), carry;
    for (int64_t r = 0; r < count; ++r)
      thresholds[r] = targets[r] >= 0 && targets[r] < columns ? rows[r][targets[r]] : std::nanf("");
    int64_t first = 0;
    for (const Fold &fold : folds) {
      std::vector<float> logits, out((count + 1) * fold.getResultColumns(), poison());
      for (const std::vector<float> &row : rows)
        logits.insert(logits.end(), row.begin() + first, row.begin() + first + fold.columns);
      std::vector<const void *> buffers = {logits.data(), targets.data()};
      if (!fold.isFirst || !fold.isLast)
        buffers.push_back(thresholds.data());
      if (!fold.isFirst)
        buffers.push_back(carry.data());
      buffers.push_back(out.data());
      kernels.run(fold.name, random, count, 1, 1, buffers);
      EXPECT_TRUE(isPoison(out[count * fold.getResultColumns()])) << "it ends with its rows";
      carry = out;
      first += fold.columns;
    }
    for (int64_t r = 0; r < count; ++r)
      expectRow(&carry[r * folds.back().getResultColumns()], getLogprobs(rows[r], targets[r], int(best)), r);
  }

  void expectRow(const float *row, const LogprobsRow &expected, int64_t r) const {
    auto integer = [&](int64_t column) {
      int32_t value;
      std::memcpy(&value, row + column, 4);
      return value;
    };
    EXPECT_TRUE(isNear(row[0], expected.logSum)) << "row " << r << ": " << row[0] << ", expected " << expected.logSum;
    EXPECT_TRUE(isNear(row[1], expected.target)) << "row " << r << ": " << row[1] << ", expected " << expected.target;
    EXPECT_EQ(integer(2), expected.rank) << "row " << r;
    for (int64_t i = 0; i < best; ++i) {
      EXPECT_EQ(integer(3 + i), expected.ids[i]) << "row " << r << ", best " << i;
      EXPECT_EQ(row[3 + best + i], expected.logits[i]) << "row " << r << ", best " << i;
    }
  }
};

TEST_P(LogprobsKernels, WidthsAndBlocks) {
  std::vector<Folds> all;
  for (int64_t columns : {1, 7, 199, 600})
    for (int64_t block : {64, 600})
      all.emplace_back(kernels, columns, block, 20);
  for (int64_t best : {0, 1})
    all.emplace_back(kernels, 100, 64, best);
  kernels.compile();
  for (const Folds &folds : all) {
    Logits rows;
    std::vector<int32_t> targets = {-1, int32_t(folds.columns), std::numeric_limits<int32_t>::min(),
                                    std::numeric_limits<int32_t>::max(), 0};
    for (int64_t first = 0; first < folds.columns; first += folds.block)
      targets.push_back(int32_t(first + random() % std::min(folds.block, folds.columns - first)));
    for (size_t r = 0; r < targets.size(); ++r) {
      rows.emplace_back(folds.columns);
      for (float &logit : rows.back())
        logit = draw(random, 4);
    }
    folds.check(kernels, random, rows, targets);
  }
}

TEST_P(LogprobsKernels, EqualsAndNumbersThatAreNone) {
  std::vector<Folds> all;
  for (int64_t block : {64, 150})
    all.emplace_back(kernels, 150, block, 20);
  kernels.compile();
  Logits rows;
  std::vector<int32_t> targets;
  for (int r = 0; r < 12; ++r) {
    // Few different numbers: most of the best are equals, in one block and across blocks, and so is the target.
    rows.emplace_back(150);
    for (float &logit : rows.back())
      logit = float(random() % (3 + r));
    targets.push_back(int32_t(random() % 150));
  }
  const float nan = std::nanf("");
  std::vector<float> few(150, -kInfinity), withNaN(150, 1), onlyNaN(150, nan), lowest(150, -kInfinity),
      infinite(150, 2), negative(150, -300);
  for (int c = 3; c < 150; c += 10)
    few[c] = float(c);
  withNaN[70] = nan;
  infinite[5] = infinite[90] = kInfinity;
  for (const auto &[row, target] :
       {std::pair(few, 13), {withNaN, 20}, {onlyNaN, 1}, {lowest, 99}, {infinite, 90}, {negative, 50}, {withNaN, 70}}) {
    rows.push_back(row);
    targets.push_back(target);
  }
  for (const Folds &folds : all)
    folds.check(kernels, random, rows, targets);
}

/// It is what the linear kernel gives in the target's column, to the bit.
TEST_P(LogprobsKernels, TargetLogits) {
  struct Case {
    int64_t columns, outputs, panel;
    std::string linear, target;
  };
  int64_t panel = GetParam() == "x86-64-v4" ? 32 : 16;
  std::vector<Case> cases;
  for (int64_t columns : {1, 8, 77, 300})
    for (int64_t outputs : {5, 64, 100}) {
      Case c{columns, outputs, panel, "", ""};
      std::string x = rowsOf(columns), y = rowsOf(outputs), one = rowsOf(1);
      std::string w = "memref<" + std::to_string((outputs + panel - 1) / panel) + "x" + std::to_string(columns) + "x" +
                      std::to_string(panel) + "xf32>";
      c.linear = kernels.add("%x: " + x + ", %y: " + y + ", %w: " + w + " {yoco.parameter = @w0}",
                             "yoco.fused_linear %x weights [@w0] outs %y : (" + x + ", " + y + ") -> ()");
      c.target = kernels.add("%x: " + x + ", %t: memref<?xi32>, %y: " + one + ", %w: " + w + " {yoco.parameter = @w0}",
                             "yoco.fused_target_logits %x, %t weight @w0 outs %y : (" + x + ", memref<?xi32>, " + one +
                                 ") -> ()");
      cases.push_back(c);
    }
  kernels.compile();
  for (const Case &c : cases) {
    const int64_t rows = 21;
    Rows x(rows, c.columns), y(rows, c.outputs), one(rows, 1);
    x.fill(random);
    std::vector<float> weights((c.outputs + panel - 1) / panel * panel * c.columns);
    for (float &weight : weights)
      weight = draw(random);
    std::vector<int32_t> targets(rows);
    for (int32_t &target : targets)
      target = int32_t(random() % c.outputs);
    targets[3] = -1;
    targets[5] = std::numeric_limits<int32_t>::max();
    kernels.run(c.linear, random, rows, 1, 1, {x.data.data(), y.data.data(), weights.data()});
    kernels.run(c.target, random, rows, 1, 1, {x.data.data(), targets.data(), one.data.data(), weights.data()});
    for (int64_t r = 0; r < rows; ++r)
      if (targets[r] >= 0 && targets[r] < c.outputs)
        EXPECT_EQ(one.at(r, 0), y.at(r, targets[r])) << c.columns << " " << c.outputs << " row " << r;
      else
        EXPECT_TRUE(std::isnan(one.at(r, 0)));
  }
}

INSTANTIATE_TEST_SUITE_P(Chips, LogprobsKernels, testing::ValuesIn(getRunnableChips()), [](const auto &info) {
  return info.param == "x86-64-v4" ? std::string("v4") : std::string("v3");
});

} // namespace
