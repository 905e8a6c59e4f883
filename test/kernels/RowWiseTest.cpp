// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/nvptx/RowWise.cu"
#include "kernels/nvptx/Sample.cu"
#include "test/kernels/Harness.h"

#include <cmath>
#include <sys/mman.h>

using namespace yoco;
using namespace yoco::test;
using device::kBf16, device::kF16, device::kF32, device::Segment;

namespace {

/// Values of bf16 outputs are rounded once.
double limit(int kind) { return kind == kBf16 ? 4e-3 : 2e-6; }

std::vector<float> makeFrequencies(int width) {
  std::vector<float> frequencies(width / 2);
  for (int i = 0; i < width / 2; ++i)
    frequencies[i] = static_cast<float>(std::pow(10000.0, -2.0 * i / width));
  return frequencies;
}

/// Element c of a head after rope of its first 2 `pairs` elements, in double; angles are products in f32.
template <typename Get>
double roped(Get get, int style, int pairs, int position, const std::vector<float> &frequencies, int c) {
  if (style == device::kNoRope || c >= 2 * pairs)
    return get(c);
  const int i = style == device::kHalf ? c % pairs : c / 2;
  const int first = style == device::kHalf ? i : 2 * i, second = style == device::kHalf ? i + pairs : 2 * i + 1;
  const double angle = static_cast<float>(position) * frequencies[i];
  return c == first ? get(first) * std::cos(angle) - get(second) * std::sin(angle)
                    : get(first) * std::sin(angle) + get(second) * std::cos(angle);
}

TEST(Positions, OfRaggedSegments) {
  const Segment table[] = {{3, 100, 5, 300}, {-1, 7, 0, 1}, {0, 0, 1, 4}, {1, 1 << 20, 305, 1}, {-1, 0, 0, 0}};
  std::vector<int32_t> out(310, -5), expected(310, -5);
  for (const Segment &segment : table)
    for (int i = 0; i < segment.rowCount && segment.slot >= 0; ++i)
      expected[segment.rowBegin + i] = segment.firstPosition + i;
  launch(nvptx::positionsShape(), 310, 5, [&](int64_t tile) { device::yoco_positions(tile, 5, table, out.data()); });
  EXPECT_EQ(out, expected);
}

/// Ragged, of one row, of all rows, empty, and padding, in both tables; rows of no segment between them.
const Segment kAllRows[] = {{3, 100, 2, 30}, {-1, 7, 0, 1},       {0, 0, 33, 4},
                            {5, 64, 37, 9},  {1, 1 << 20, 46, 1}, {-1, 0, 0, 0}};
const Segment kSomeRows[] = {{3, 123, 1, 7}, {-1, 9, 0, 1},       {0, 0, 9, 4},
                             {5, 73, 13, 0}, {1, 1 << 20, 13, 1}, {-1, 0, 0, 0}};

void checkNarrow(Random &random, int inKind, int outKind, int columns, int inOffset, int outOffset) {
  SCOPED_TRACE(::testing::Message() << inKind << " to " << outKind << ", " << columns << " columns, offsets "
                                    << inOffset << " " << outOffset);
  const int rows = 16;
  Buffer in(inKind, 48, columns, 0, inOffset), out(outKind, rows, columns, 0, outOffset);
  for (int64_t row = 0; row < in.rows; ++row)
    for (int c = 0; c < columns; ++c)
      if (inKind == outKind) // any bits: token ids, denormal numbers, NaNs
        in.setBits(row, c, static_cast<uint32_t>(random.integer(0, 0xffffffff)));
      else
        in.set(row, c, random.normal());
  launch(nvptx::narrowShape(columns), rows, 6, [&](int64_t tile) {
    device::yoco_narrow(tile, rows, 6, kSomeRows, kAllRows, /*eachRow=*/false, in.data(), inKind, in.stride, columns,
                        out.data(), outKind, out.stride);
  });
  std::vector<int64_t> source(rows, -1);
  for (int s = 0; s < 6; ++s)
    for (int i = 0; i < kSomeRows[s].rowCount && kSomeRows[s].slot >= 0; ++i)
      source[kSomeRows[s].rowBegin + i] =
          kAllRows[s].rowBegin + kSomeRows[s].firstPosition - kAllRows[s].firstPosition + i;
  Buffer expected(outKind, rows, columns, 0, outOffset);
  for (int row = 0; row < rows; ++row)
    for (int c = 0; c < columns && source[row] >= 0; ++c)
      if (inKind == outKind)
        expected.setBits(row, c, in.getBits(source[row], c));
      else
        expected.set(row, c, in.get(source[row], c));
  EXPECT_TRUE(out.equals(expected));
}

TEST(Narrow, KindsAndWidths) {
  Random random;
  for (int inKind : {kF32, kBf16})
    for (int outKind : {kF32, kBf16})
      for (int columns : {1, 7, 8, 256, 999, 5000})
        for (int inOffset : {0, 3})
          for (int outOffset : {0, 5})
            checkNarrow(random, inKind, outKind, columns, inOffset, outOffset);
}

/// Rows of several segments, each a segment of its own: they come from the segment with their slot.
TEST(Narrow, EachRow) {
  Random random;
  const int columns = 24;
  const Segment all[] = {{-1, 0, 0, 0}, {7, 100, 0, 5}, {0, 3, 5, 1}, {4, 20, 6, 3}};
  const Segment some[] = {{7, 102, 0, 1}, {7, 104, 1, 1}, {0, 3, 2, 1}, {4, 22, 3, 1}, {-1, 0, 4, 1}};
  const int source[] = {2, 4, 5, 8};
  Buffer in(kF32, 9, columns), out(kF32, 5, columns), expected(kF32, 5, columns);
  in.fillNormal(random);
  launch(nvptx::narrowShape(columns), 5, 5, [&](int64_t tile) {
    device::yoco_narrow(tile, 5, 5, some, all, /*eachRow=*/true, in.data(), kF32, in.stride, columns, out.data(), kF32,
                        out.stride);
  });
  for (int row = 0; row < 4; ++row)
    for (int c = 0; c < columns; ++c)
      expected.setBits(row, c, in.getBits(source[row], c));
  EXPECT_TRUE(out.equals(expected));
}

TEST(Embed, KindsAndWidths) {
  Random random;
  for (int tableKind : {kF32, kBf16, kF16})
    for (int outKind : {kF32, kBf16})
      for (int columns : {1, 7, 256, 999, 5000})
        for (int offset : {0, 3}) {
          SCOPED_TRACE(::testing::Message() << tableKind << " " << outKind << " " << columns << " " << offset);
          Buffer table(tableKind, 50, columns), out(outKind, 6, columns, 0, offset);
          table.fillNormal(random);
          const int32_t ids[] = {0, 49, 7, 50, -1, 0x7fffffff};
          launch(nvptx::embedShape(columns), 6, 1, [&](int64_t tile) {
            device::yoco_embed(tile, 6, ids, table.data(), tableKind, 50, table.stride, 3.0f, columns, out.data(),
                               outKind, out.stride);
          });
          std::vector<double> reference(6 * columns);
          for (int row = 0; row < 3; ++row)
            for (int c = 0; c < columns; ++c)
              reference[row * columns + c] = 3.0 * table.get(ids[row], c);
          EXPECT_LT(relativeError(out, reference), limit(outKind));
          EXPECT_TRUE(out.onlyWritten());
        }
}

void checkNorm(Random &random, int groups, int width, int inKind, int outKind, int weightKind, bool hasWeight,
               bool hasSwish, int offset) {
  SCOPED_TRACE(::testing::Message() << groups << " x " << width << " in " << inKind << " out " << outKind << " weight "
                                    << weightKind << hasWeight << " swish " << hasSwish << " offset " << offset);
  const int rows = 3, columns = groups * width;
  Buffer in(inKind, rows, columns, 0, offset), out(outKind, rows, columns, 0, 2 * offset), weight(weightKind, 1, width),
      swish(kF32, rows, columns, 0, offset);
  in.fillNormal(random, 2.0f);
  weight.fillNormal(random);
  swish.fillNormal(random);
  launch(nvptx::normShape(groups, width), rows, 1, [&](int64_t tile) {
    device::yoco_norm(tile, rows, in.data(), inKind, in.stride, hasWeight ? weight.data() : nullptr, hasWeight,
                      weightKind, 1e-5f, groups, width, hasSwish ? swish.floats() : nullptr, hasSwish, swish.stride,
                      out.data(), outKind, out.stride);
  });
  std::vector<double> reference(rows * columns);
  for (int row = 0; row < rows; ++row)
    for (int group = 0; group < groups; ++group) {
      double square = 0;
      for (int c = 0; c < width; ++c)
        square += double(in.get(row, group * width + c)) * in.get(row, group * width + c);
      for (int c = 0; c < width; ++c) {
        const int column = group * width + c;
        const double gate = swish.get(row, column);
        reference[row * columns + column] = in.get(row, column) / std::sqrt(square / width + 1e-5) *
                                            (hasWeight ? weight.get(0, c) : 1.0) *
                                            (hasSwish ? gate / (1 + std::exp(-gate)) : 1.0);
      }
    }
  EXPECT_LT(relativeError(out, reference), limit(outKind));
  EXPECT_TRUE(out.onlyWritten());
}

TEST(Norm, GroupsAndWidths) {
  Random random;
  const int shapes[][2] = {{1, 7}, {1, 256}, {1, 999}, {1, 5000}, {4, 64}, {24, 128}, {3, 24}, {9, 500}, {2, 1032}};
  for (const auto &shape : shapes)
    for (int inKind : {kF32, kBf16})
      for (int outKind : {kF32, kBf16})
        for (int offset : {0, 1})
          checkNorm(random, shape[0], shape[1], inKind, outKind, kBf16, inKind == kF32, outKind == kBf16, offset);
  for (int weightKind : {kF32, kF16})
    checkNorm(random, 2, 77, kF32, kF32, weightKind, true, true, 4);
}

TEST(Rope, StylesAndWidths) {
  Random random;
  const int shapes[][2] = {{1, 16}, {2, 64}, {24, 128}, {5, 24}, {1, 512}, {3, 40}, {2, 256}};
  const int32_t positions[] = {0, 1, 4095, 1048576};
  for (const auto &shape : shapes)
    for (int part : {1, 4})
      for (int style : {device::kInterleaved, device::kHalf})
        for (int outKind : {kF32, kBf16}) {
          const int heads = shape[0], width = shape[1], columns = heads * width, pairs = width / 2 / part;
          SCOPED_TRACE(::testing::Message() << heads << " x " << width << " style " << style << " pairs " << pairs
                                            << " out " << outKind);
          const std::vector<float> frequencies = makeFrequencies(width);
          Buffer in(kF32, 4, columns, 0, 1), out(outKind, 4, columns, 0, 3);
          in.fillNormal(random);
          launch(nvptx::ropeShape(heads, width), 4, 1, [&](int64_t tile) {
            device::yoco_rope(tile, 4, in.floats(), in.stride, positions, frequencies.data(), style, pairs, heads,
                              width, out.data(), outKind, out.stride);
          });
          std::vector<double> reference(4 * columns);
          for (int row = 0; row < 4; ++row)
            for (int c = 0; c < columns; ++c)
              reference[row * columns + c] = roped([&](int i) { return in.get(row, c / width * width + i); }, style,
                                                   pairs, positions[row], frequencies, c % width);
          EXPECT_LT(relativeError(out, reference), limit(outKind));
          EXPECT_TRUE(out.onlyWritten());
        }
}

struct CacheCase {
  int heads, keyWidth, valueWidth, window, style, inKind, cacheKind;
  int pairs = 0; // that are rotated; 0: all
};

void checkCacheWrite(Random &random, const CacheCase &c) {
  SCOPED_TRACE(::testing::Message() << c.heads << " heads " << c.keyWidth << " " << c.valueWidth << " window "
                                    << c.window << " style " << c.style << " kinds " << c.inKind << c.cacheKind);
  const int slots = 4, seq = 40, rows = 44, pairs = c.pairs ? c.pairs : c.keyWidth / 2;
  const int places = c.window ? c.window + 3 : seq; // between the rings of two slots lies something else
  const Segment table[] = {{2, 3, 5, 30}, {-1, 0, 0, 1}, {0, 0, 1, 4}, {3, 39, 35, 1}, {-1, 0, 36, 0}, {-1, 9, 40, 1}};
  std::vector<int32_t> positions(rows, 0x7fffffff);
  const std::vector<float> frequencies = makeFrequencies(c.keyWidth);
  Buffer keys(c.inKind, rows, c.heads * c.keyWidth, 0, 1), values(c.inKind, rows, c.heads * c.valueWidth, 0, 4);
  keys.fillNormal(random);
  values.fillNormal(random);
  // A row of these is a position of a slot.
  Buffer keyCache(c.cacheKind, slots * places, c.heads * c.keyWidth),
      valueCache(c.cacheKind, slots * places, c.heads * c.valueWidth);
  std::vector<int> source(slots * places, -1);
  for (const Segment &segment : table)
    for (int i = 0; i < segment.rowCount && segment.slot >= 0; ++i) {
      const int position = segment.firstPosition + i;
      positions[segment.rowBegin + i] = position;
      source[segment.slot * places + (c.window ? position % c.window : position)] = segment.rowBegin + i;
    }
  launch(nvptx::cacheWriteShape(c.heads, c.keyWidth, c.valueWidth), rows, 6, [&](int64_t tile) {
    device::yoco_cache_write(tile, rows, 6, seq, keys.data(), c.inKind, keys.stride, values.data(), c.inKind,
                             values.stride, positions.data(), table, keyCache.data(),
                             int64_t(places) * keyCache.columns, valueCache.data(),
                             int64_t(places) * valueCache.columns, c.cacheKind, c.window, c.heads, c.keyWidth,
                             c.valueWidth, frequencies.data(), c.style, pairs);
  });
  Error keyError, valueError;
  for (int place = 0; place < slots * places; ++place) {
    const int row = source[place];
    for (int column = 0; column < keyCache.columns; ++column) {
      if (row < 0) {
        ASSERT_TRUE(std::isnan(keyCache.get(place, column))) << "place " << place << " is written";
        continue;
      }
      const int start = column / c.keyWidth * c.keyWidth;
      keyError.add(keyCache.get(place, column), roped([&](int i) { return keys.get(row, start + i); }, c.style,
                                                      pairs, positions[row], frequencies, column - start));
    }
    for (int column = 0; column < valueCache.columns; ++column) {
      if (row >= 0)
        valueError.add(valueCache.get(place, column), values.get(row, column));
      else
        ASSERT_TRUE(std::isnan(valueCache.get(place, column))) << "place " << place << " is written";
    }
  }
  EXPECT_LT(keyError.relative(), limit(c.cacheKind));
  EXPECT_LT(valueError.relative(), limit(c.cacheKind));
  EXPECT_TRUE(keyCache.onlyWritten());
  EXPECT_TRUE(valueCache.onlyWritten());
}

TEST(CacheWrite, GrowingAndRings) {
  Random random;
  for (int window : {0, 1, 7, 64})
    for (int style : {device::kNoRope, device::kInterleaved, device::kHalf})
      for (int inKind : {kF32, kBf16})
        for (int cacheKind : {kF32, kBf16}) {
          checkCacheWrite(random, {2, 64, 64, window, style, inKind, cacheKind});
          checkCacheWrite(random, {3, 24, 40, window, style, inKind, cacheKind});
          checkCacheWrite(random, {2, 40, 24, window, style, inKind, cacheKind, 5});
        }
  checkCacheWrite(random, {8, 128, 128, 0, device::kInterleaved, kF32, kBf16});
  checkCacheWrite(random, {1, 16, 512, 20, device::kHalf, kF32, kBf16});
}

TEST(CacheWrite, BeyondFourGigabytes) {
  // Of a cache that is never touched except where a row belongs: 2^21 places of 2 KiB in each slot.
  Random random;
  const int heads = 8, width = 128;
  const int64_t seq = 1 << 21, row = seq * heads * width, bytes = 2 * row * 2;
  const Segment table[] = {{1, (1 << 21) - 1, 0, 1}};
  const int32_t positions[] = {(1 << 21) - 1};
  Buffer keys(kBf16, 1, heads * width), values(kBf16, 1, heads * width);
  keys.fillNormal(random);
  values.fillNormal(random);
  void *pages = mmap(nullptr, 2 * bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(pages, MAP_FAILED);
  auto *keyCache = static_cast<uint16_t *>(pages), *valueCache = keyCache + bytes / 2;
  launch(nvptx::cacheWriteShape(heads, width, width), 1, 1, [&](int64_t tile) {
    device::yoco_cache_write(tile, 1, 1, seq, keys.data(), kBf16, keys.stride, values.data(), kBf16, values.stride,
                             positions, table, keyCache, 0, valueCache, 0, kBf16, 0, heads, width, width, nullptr,
                             device::kNoRope, 0);
  });
  for (int i = 0; i < heads * width; ++i) {
    ASSERT_EQ(bf16ToFloat(keyCache[2 * row - heads * width + i]), keys.get(0, i));
    ASSERT_EQ(bf16ToFloat(valueCache[2 * row - heads * width + i]), values.get(0, i));
  }
  munmap(pages, 2 * bytes);
}

TEST(Argmax, RowsAndWidths) {
  Random random;
  for (int columns : {1, 7, 8, 33, 999, 4096, 70001})
    for (int offset : {0, 1, 4}) {
      Buffer logits(kF32, 3, columns, 0, offset);
      logits.fillNormal(random);
      std::vector<int32_t> ids(5, -7), expected(5, -7);
      for (int row = 0; row < 3; ++row) {
        expected[1 + row] = 0;
        for (int c = 1; c < columns; ++c)
          if (logits.get(row, c) > logits.get(row, expected[1 + row]))
            expected[1 + row] = c;
      }
      launch(nvptx::argmaxShape(columns), 3, 1, [&](int64_t tile) {
        device::yoco_argmax(tile, 3, logits.floats(), logits.stride, columns, ids.data() + 1);
      });
      EXPECT_EQ(ids, expected) << columns << " columns, offset " << offset;
    }
}

TEST(Argmax, EqualsAndNumbersThatAreNone) {
  const float nan = NAN, infinity = INFINITY;
  const std::vector<std::pair<std::vector<float>, int>> cases = {
      {{1, 5, 2, 5, 5}, 1}, {{nan, nan, nan}, -1}, {{nan, -infinity, nan}, 1}, {{-nan, nan, -3, nan}, 2},
      {{-0.0f, 0.0f}, 0},   {{0.0f, -0.0f}, 0},    {{-1, nan, infinity}, 2},   {{-infinity, -infinity}, 0},
      {{-2, -1, -3}, 1},    {{nan, 1e-45f, 0}, 1},
  };
  for (const auto &one : cases) {
    int32_t id = -7;
    const int columns = static_cast<int>(one.first.size());
    Buffer logits(kF32, 1, columns);
    for (int c = 0; c < columns; ++c)
      logits.set(0, c, one.first[c]);
    launch(nvptx::argmaxShape(columns), 1, 1,
           [&](int64_t tile) { device::yoco_argmax(tile, 1, logits.floats(), logits.stride, columns, &id); });
    EXPECT_EQ(id, one.second) << ::testing::PrintToString(one.first);
  }
}

} // namespace
