// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Log-probabilities from all columns and from blocks of them, against the same in double.

#include "kernels/nvptx/Logprobs.cu"
#include "test/kernels/Harness.h"
#include "test/kernels/LogprobsReference.h"

using namespace yoco;
using namespace yoco::test;
using device::kBf16, device::kF16, device::kF32;

namespace {

void expectRow(const Buffer &out, int64_t row, const LogprobsRow &expected, int best) {
  EXPECT_TRUE(isNear(out.get(row, 0), expected.logSum)) << out.get(row, 0) << ", expected " << expected.logSum;
  EXPECT_TRUE(isNear(out.get(row, 1), expected.target)) << out.get(row, 1) << ", expected " << expected.target;
  EXPECT_EQ(static_cast<int32_t>(out.getBits(row, 2)), expected.rank);
  for (int i = 0; i < best; ++i) {
    EXPECT_EQ(static_cast<int32_t>(out.getBits(row, 3 + i)), expected.ids[i]) << "best " << i;
    EXPECT_EQ(out.get(row, 3 + best + i), expected.logits[i]) << "best " << i;
  }
}

/// Rows of logits and their targets; a block of `block` columns at a time, of which every row knows its target's logit.
/// 0: all columns at once.
void check(const std::vector<std::vector<float>> &rows, const std::vector<int32_t> &targets, int best, int block,
           int offset = 0) {
  SCOPED_TRACE(::testing::Message() << rows[0].size() << " columns in blocks of " << block << ", best " << best);
  const int count = static_cast<int>(rows.size()), columns = static_cast<int>(rows[0].size());
  Buffer thresholds(kF32, count, 1);
  for (int r = 0; r < count; ++r)
    thresholds.set(r, 0, targets[r] >= 0 && targets[r] < columns ? rows[r][targets[r]] : NAN);
  std::unique_ptr<Buffer> carry, out;
  for (int first = 0; first < columns; first += block ? block : columns) {
    const int width = block ? std::min(block, columns - first) : columns;
    const bool partial = first + width < columns;
    Buffer logits(kF32, count, width, 0, offset);
    for (int r = 0; r < count; ++r)
      for (int c = 0; c < width; ++c)
        logits.set(r, c, rows[r][first + c]);
    // Whole rows stand side by side without padding, as results are handed out.
    const int outColumns = (partial ? 5 : 3) + 2 * best;
    out = std::make_unique<Buffer>(kF32, count, outColumns, partial ? 0 : outColumns);
    launch(nvptx::logprobsShape(width), count, 1, [&](int64_t tile) {
      device::yoco_logprobs(tile, count, logits.floats(), logits.stride, width, targets.data(),
                            block ? thresholds.floats() : nullptr, block != 0, block ? thresholds.stride : 0,
                            carry ? carry->floats() : nullptr, carry != nullptr, carry ? carry->stride : 0, best,
                            partial, out->floats(), out->stride);
    });
    EXPECT_TRUE(out->onlyWritten());
    carry = std::move(out);
  }
  for (int r = 0; r < count; ++r) {
    SCOPED_TRACE(::testing::Message() << "row " << r << ", target " << targets[r]);
    expectRow(*carry, r, getLogprobs(rows[r], targets[r], best), best);
  }
}

std::vector<float> randomRow(Random &random, int columns) {
  std::vector<float> row(columns);
  for (float &logit : row)
    logit = random.normal(4.0f);
  return row;
}

TEST(Logprobs, WidthsAndBlocks) {
  Random random;
  for (int columns : {1, 7, 64, 199, 1000, 4500})
    for (int block : {0, 64, 192, 4096})
      for (int best : {0, 1, 20}) {
        if (block >= columns)
          continue;
        std::vector<std::vector<float>> rows;
        // Of every block, and none.
        std::vector<int32_t> targets = {-1, columns, std::numeric_limits<int32_t>::min(),
                                        std::numeric_limits<int32_t>::max(), 0, columns - 1};
        for (int first = 0; first < columns; first += block ? block : columns)
          targets.push_back(static_cast<int32_t>(random.integer(first, columns - 1)));
        for (size_t r = 0; r < targets.size(); ++r)
          rows.push_back(randomRow(random, columns));
        check(rows, targets, best, block, columns % 5);
      }
}

TEST(Logprobs, EqualLogitsByColumn) {
  Random random;
  // Few different numbers: most of the best are equals, in one block and across blocks, and so is the target.
  std::vector<std::vector<float>> rows;
  std::vector<int32_t> targets;
  for (int r = 0; r < 12; ++r) {
    rows.emplace_back(500);
    for (float &logit : rows.back())
      logit = static_cast<float>(random.integer(0, 2 + r));
    targets.push_back(static_cast<int32_t>(random.integer(0, 499)));
  }
  for (int block : {0, 64, 128})
    check(rows, targets, 20, block);
}

TEST(Logprobs, NumbersThatAreNone) {
  std::vector<float> ordinary(100, -kInfinity), withNaN(100, 1.0f), all(100, NAN), lowest(100, -kInfinity),
      infinite(100, 2.0f);
  for (int c = 3; c < 100; c += 10)
    ordinary[c] = static_cast<float>(c);
  withNaN[70] = NAN;
  infinite[5] = infinite[90] = kInfinity;
  std::vector<float> negative(100, -300.0f), zeros(100, 0.0f);
  zeros[40] = -0.0f;
  const std::vector<std::vector<float>> rows = {ordinary, withNaN, all, lowest, infinite, negative, zeros, withNaN};
  for (int block : {0, 64})
    check(rows, {13, 20, 1, 99, 90, 50, 40, 70}, 20, block);
}

TEST(Logprobs, LargeVocabulary) {
  Random random;
  std::vector<std::vector<float>> rows = {randomRow(random, 40000), randomRow(random, 40000)};
  // Rising logits: every column is better than all before it.
  for (int c = 0; c < 40000; ++c)
    rows[1][c] = static_cast<float>(c) * 1e-3f;
  for (int block : {0, 8192})
    check(rows, {39999, 39990}, 20, block);
}

/// The rank of a target that is among the best does not depend on how its logit was rounded before.
TEST(Logprobs, RoundedTargetLogit) {
  std::vector<float> row(64, 0.0f);
  row[10] = 5.0f;
  row[20] = 5.0000005f;
  Buffer logits(kF32, 1, 64), threshold(kF32, 1, 1), out(kF32, 1, 7, 7);
  for (int c = 0; c < 64; ++c)
    logits.set(0, c, row[c]);
  threshold.set(0, 0, 4.99f);
  const int32_t target = 20;
  launch(nvptx::logprobsShape(64), 1, 1, [&](int64_t tile) {
    device::yoco_logprobs(tile, 1, logits.floats(), logits.stride, 64, &target, threshold.floats(), true,
                          threshold.stride, nullptr, false, 0, 2, false, out.floats(), out.stride);
  });
  EXPECT_EQ(out.getBits(0, 2), 0u);
}

TEST(TargetLogits, KindsAndWidths) {
  Random random;
  for (int xKind : {kF32, kBf16})
    for (int weightKind : {kF32, kBf16, kF16})
      for (int columns : {1, 8, 77, 256, 3000})
        for (bool exact : {true, false}) {
          SCOPED_TRACE(::testing::Message() << xKind << weightKind << " " << columns << " exact " << exact);
          const int32_t targets[] = {0, 9, 4, -1, 10, std::numeric_limits<int32_t>::min()};
          Buffer x(xKind, 6, columns, 0, 3), weight(weightKind, 10, columns), out(kF32, 6, 1);
          x.fillNormal(random);
          weight.fillNormal(random);
          launch(nvptx::targetLogitsShape(columns), 6, 1, [&](int64_t tile) {
            device::yoco_target_logits(tile, 6, x.data(), xKind, x.stride, columns, targets, weight.data(), weightKind,
                                       10, weight.stride, exact, out.floats(), out.stride);
          });
          for (int r = 0; r < 6; ++r) {
            double sum = 0, size = 0;
            for (int c = 0; c < columns && r < 3; ++c) {
              const float value = exact ? x.get(r, c) : roundToBf16(x.get(r, c));
              sum += double(value) * weight.get(targets[r], c);
              size += std::fabs(double(value) * weight.get(targets[r], c));
            }
            if (r < 3)
              EXPECT_NEAR(out.get(r, 0), sum, 1e-6 * size);
            else
              EXPECT_TRUE(std::isnan(out.get(r, 0)));
          }
          EXPECT_TRUE(out.onlyWritten());
        }
}

} // namespace
