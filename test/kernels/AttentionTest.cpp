// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// yoco_attention_rows, yoco_attention_split and yoco_attention_merge against attention in double.

#include "kernels/nvptx/AttentionRows.cu"
#include "kernels/nvptx/AttentionSplit.cu"
#include "test/kernels/AttentionCase.h"

using namespace yoco;
using namespace yoco::test;

namespace {

/// An error that rounding explains: of weights and results to bf16, or of f32 sums.
double limitOf(const AttentionShape &shape) {
  return shape.cacheKind == device::kBf16 || shape.outKind == device::kBf16 ? 4e-3 : 5e-6;
}

void checkRows(Random &random, const AttentionShape &shape, const std::vector<AttentionSegment> &segments) {
  SCOPED_TRACE(shape.text(segments));
  AttentionCase test(random, shape, segments);
  test.runRows();
  test.check(limitOf(shape));
}

void checkSplit(Random &random, const AttentionShape &shape, const std::vector<AttentionSegment> &segments,
                int splits) {
  SCOPED_TRACE(shape.text(segments) + " splits " + std::to_string(splits));
  AttentionCase test(random, shape, segments);
  test.runSplit(splits);
  test.check(limitOf(shape));
}

const AttentionShape kPlain = {device::kBf16, 4, 2, 64, 64};

AttentionShape withHeads(AttentionShape shape, int heads, int kvHeads) {
  shape.heads = heads;
  shape.kvHeads = kvHeads;
  return shape;
}
AttentionShape withWidths(AttentionShape shape, int keyWidth, int valueWidth) {
  shape.keyWidth = keyWidth;
  shape.valueWidth = valueWidth;
  return shape;
}
AttentionShape withWindow(AttentionShape shape, int window, int ring) {
  shape.window = window;
  shape.ring = ring;
  return shape;
}
AttentionShape withKind(AttentionShape shape, int cacheKind, int freshKind) {
  shape.cacheKind = cacheKind;
  shape.freshKind = freshKind;
  return shape;
}

// Tiles of the widest heads fit the shared memory of the least chip.
constexpr int rowsBytes(int keyWidth, int valueWidth) {
  return nvptx::attention::rowsTile(keyWidth, valueWidth).sharedBytes();
}
constexpr int splitBytes(int group, int keyWidth, int valueWidth) {
  return nvptx::attention::splitTile(kSharedLimit, group, keyWidth, valueWidth).sharedBytes();
}
static_assert(rowsBytes(512, 512) <= kSharedLimit && rowsBytes(256, 512) <= kSharedLimit &&
              rowsBytes(256, 256) <= kSharedLimit && rowsBytes(512, 16) <= kSharedLimit);
static_assert(splitBytes(64, 512, 512) <= kSharedLimit && splitBytes(64, 256, 256) <= kSharedLimit &&
              splitBytes(64, 16, 512) <= kSharedLimit && splitBytes(64, 128, 128) <= kSharedLimit);

} // namespace

TEST(AttentionRows, OneSegmentFromTheStart) {
  Random random;
  for (int kind : {device::kBf16, device::kF32})
    for (int rows : {1, 2, 63, 64, 65, 130, 200})
      checkRows(random, withKind(kPlain, kind, kind), {{1, 0, rows}});
}

TEST(AttentionRows, LaterRowsOfAGrowingCache) {
  Random random;
  for (int kind : {device::kBf16, device::kF32})
    for (int first : {1, 40, 64, 129, 300})
      checkRows(random, withKind(kPlain, kind, kind), {{0, first, 50}});
}

TEST(AttentionRows, ResultsAreTheSameInEveryStep) {
  Random random;
  for (int window : {0, 50}) {
    AttentionCase test(random, withWindow(withHeads(kPlain, 6, 2), window, 0), {{0, 0, 150}});
    test.runRows();
    const std::vector<float> whole = test.results();
    for (int from : {1, 64, 100, 149}) {
      test.startAt(from);
      test.runRows();
      EXPECT_EQ(test.results(), whole) << "rows from " << from;
    }
  }
}

TEST(AttentionRows, Widths) {
  Random random;
  const int widths[][2] = {{16, 16},   {24, 40},  {40, 24},   {72, 64},   {96, 96},   {128, 128},
                           {128, 64},  {64, 256}, {256, 256}, {136, 200}, {264, 128}, {512, 512},
                           {320, 272}, {16, 512}, {504, 328}, {200, 16}};
  for (const auto &width : widths)
    for (int kind : {device::kBf16, device::kF32})
      checkRows(random, withWidths(withKind(withHeads(kPlain, 2, 1), kind, kind), width[0], width[1]), {{1, 30, 70}});
}

TEST(AttentionRows, Groups) {
  Random random;
  for (int group : {1, 2, 3, 5, 8, 17, 33, 64})
    for (int kind : {device::kBf16, device::kF32})
      checkRows(random, withKind(withHeads(withWidths(kPlain, 32, 32), group * 2, 2), kind, kind),
                {{0, 70, group > 8 ? 12 : 40}});
}

TEST(AttentionRows, Windows) {
  Random random;
  for (int kind : {device::kBf16, device::kF32})
    for (int window : {1, 2, 63, 64, 65, 128, 1000}) {
      checkRows(random, withKind(withWindow(kPlain, window, 0), kind, kind), {{0, 0, 150}});
      checkRows(random, withKind(withWindow(kPlain, window, 0), kind, kind), {{0, 200, 70}});
    }
}

TEST(AttentionRows, RingsAndFreshRows) {
  Random random;
  for (int cacheKind : {device::kBf16, device::kF32})
    for (int freshKind : {device::kBf16, device::kF32})
      for (int window : {1, 5, 64, 100, 128})
        for (int first : {0, 1, 60, 64, 99, 100, 101, 250})
          for (int rows : {1, 30, 140})
            if (random.integer(0, 4) == 0)
              checkRows(random, withKind(withWindow(kPlain, window, window), cacheKind, freshKind), {{1, first, rows}});
  // A ring that is larger than the window, and one whose own size is the window.
  checkRows(random, withWindow(kPlain, 40, 64), {{1, 100, 70}});
  checkRows(random, withWindow(kPlain, 0, 64), {{1, 100, 70}});
}

TEST(AttentionRows, SeveralSegments) {
  Random random;
  const std::vector<AttentionSegment> segments = {{2, 0, 10}, {0, 70, 1},  {-1, 5, 7}, {4, 130, 60},
                                                  {1, 3, 3},  {3, 64, 90}, {-1, 0, 0}};
  for (int kind : {device::kBf16, device::kF32}) {
    checkRows(random, withKind(kPlain, kind, kind), segments);
    checkRows(random, withKind(withHeads(kPlain, 3, 1), kind, kind), segments);
    checkRows(random, withKind(withWindow(kPlain, 64, 64), kind, device::kF32), segments);
    checkRows(random, withKind(withWindow(kPlain, 20, 0), kind, kind), segments);
  }
  std::vector<AttentionSegment> many;
  for (int i = 0; i < 40; ++i)
    many.push_back({i, static_cast<int>(random.integer(0, 90)), static_cast<int>(random.integer(1, 5))});
  checkRows(random, kPlain, many);
}

TEST(AttentionRows, Rope) {
  Random random;
  for (int style : {device::kInterleaved, device::kHalf})
    for (int kind : {device::kBf16, device::kF32}) {
      AttentionShape shape = withKind(withWidths(kPlain, 72, 64), kind, kind);
      shape.style = style;
      checkRows(random, shape, {{0, 100, 70}});
      checkRows(random, shape, {{0, 0, 20}, {1, 77, 20}});
      shape.pairs = 9;
      checkRows(random, shape, {{0, 100, 70}});
    }
}

TEST(AttentionRows, UnalignedColumnSlices) {
  Random random;
  for (int cacheKind : {device::kBf16, device::kF32})
    for (int kind : {device::kBf16, device::kF32})
      for (int offset : {1, 2, 3, 8}) {
        AttentionShape shape = withKind(withWindow(kPlain, 64, 64), cacheKind, kind);
        shape.offset = offset;
        shape.outKind = kind;
        checkRows(random, shape, {{0, 100, 70}});
      }
}

TEST(AttentionRows, ScalesAndFarPositions) {
  Random random;
  for (float scale : {0.0f, -0.2f, 3.0f}) {
    AttentionShape shape = kPlain;
    shape.scale = scale;
    checkRows(random, shape, {{0, 10, 30}});
    checkRows(random, withKind(shape, device::kF32, device::kF32), {{0, 10, 30}});
  }
  for (int kind : {device::kBf16, device::kF32}) {
    AttentionShape shape = withKind(withWindow(kPlain, 100, 100), kind, kind);
    shape.style = device::kInterleaved;
    checkRows(random, shape, {{0, 999950, 90}});
    shape.ring = 0; // sparse memory: 1 GiB of addresses
    checkRows(random, shape, {{1, 999950, 90}});
  }
}

TEST(AttentionSplit, GrowingCaches) {
  Random random;
  for (int kind : {device::kBf16, device::kF32})
    for (int splits : {1, 3, 7})
      for (int first : {0, 1, 63, 64, 65, 191, 192, 500})
        checkSplit(random, withKind(kPlain, kind, kind), {{1, first, 1}}, splits);
}

TEST(AttentionSplit, Widths) {
  Random random;
  const int widths[][2] = {{16, 16},   {24, 40},  {40, 24},   {72, 64},   {96, 96},   {128, 128},
                           {128, 64},  {64, 256}, {256, 256}, {136, 200}, {264, 128}, {512, 512},
                           {320, 272}, {16, 512}, {504, 328}, {200, 16}};
  for (const auto &width : widths)
    for (int kind : {device::kBf16, device::kF32})
      checkSplit(random, withWidths(withKind(kPlain, kind, kind), width[0], width[1]), {{1, 150, 1}, {0, 3, 1}}, 2);
}

TEST(AttentionSplit, Groups) {
  Random random;
  for (int group : {1, 2, 3, 5, 8, 9, 16, 17, 33, 64})
    for (int kind : {device::kBf16, device::kF32})
      for (int width : {16, 64, 128})
        checkSplit(random, withKind(withHeads(withWidths(kPlain, width, width), group * 2, 2), kind, kind),
                   {{0, 170, 1}}, 2);
  checkSplit(random, withHeads(withWidths(kPlain, 256, 256), 64, 1), {{0, 100, 1}}, 1);
  checkSplit(random, withHeads(withWidths(kPlain, 512, 512), 64, 1), {{0, 100, 1}}, 1);
  checkSplit(random, withHeads(withWidths(kPlain, 512, 512), 12, 1), {{0, 100, 1}}, 1);
}

TEST(AttentionSplit, WindowsAndRings) {
  Random random;
  for (int cacheKind : {device::kBf16, device::kF32})
    for (int freshKind : {device::kBf16, device::kF32})
      for (int window : {1, 5, 64, 100, 128, 200})
        for (int first : {0, 1, 60, 64, 99, 100, 101, 127, 128, 450}) {
          const int splits = static_cast<int>(random.integer(1, 4));
          checkSplit(random, withKind(withWindow(kPlain, window, window), cacheKind, freshKind), {{1, first, 1}},
                     splits);
          if (cacheKind == freshKind)
            checkSplit(random, withKind(withWindow(kPlain, window, 0), cacheKind, freshKind), {{1, first, 1}}, splits);
        }
}

TEST(AttentionSplit, SeveralRowsAndPadding) {
  Random random;
  std::vector<AttentionSegment> segments = {{3, 200, 1}, {-1, 9, 1},  {0, 0, 1}, {2, 77, 1},
                                            {-1, 0, 1},  {1, 128, 1}, {-1, 0, 0}};
  for (int kind : {device::kBf16, device::kF32})
    for (int splits : {1, 3, 7})
      for (int style : {device::kNoRope, device::kInterleaved, device::kHalf}) {
        AttentionShape shape = withKind(withHeads(kPlain, 6, 2), kind, kind);
        shape.style = style;
        shape.outKind = random.integer(0, 1) ? device::kF32 : device::kBf16;
        shape.offset = static_cast<int>(random.integer(0, 3));
        checkSplit(random, shape, segments, splits);
        checkSplit(random, withWindow(shape, 64, 64), segments, splits);
        shape.pairs = 5;
        checkSplit(random, shape, segments, splits);
      }
}

TEST(AttentionSplit, ScalesAndFarPositions) {
  Random random;
  for (float scale : {0.0f, -0.2f, 3.0f}) {
    AttentionShape shape = kPlain;
    shape.scale = scale;
    checkSplit(random, shape, {{0, 200, 1}}, 2);
    checkSplit(random, withKind(shape, device::kF32, device::kF32), {{0, 200, 1}}, 2);
  }
  for (int kind : {device::kBf16, device::kF32})
    for (int first : {999999, 1000000, 1048575}) {
      AttentionShape shape = withKind(withWindow(kPlain, 300, 300), kind, kind);
      shape.style = device::kHalf;
      checkSplit(random, shape, {{0, first, 1}}, 5);
      shape.ring = 0;
      checkSplit(random, shape, {{1, first, 1}}, 5);
    }
}

TEST(AttentionShapes, Splits) {
  EXPECT_EQ(nvptx::attentionSplits(132, 1, 0, 8), 66);
  EXPECT_EQ(nvptx::attentionSplits(132, 64, 0, 8), 1);
  EXPECT_EQ(nvptx::attentionSplits(132, 1, 0, 1), 128);
  EXPECT_EQ(nvptx::attentionSplits(132, 1, 1, 1), 1);
  EXPECT_EQ(nvptx::attentionSplits(132, 1, 128, 1), 3);
  EXPECT_EQ(nvptx::attentionSplits(132, 1000, 4096, 64), 1);
}
