// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A random step of attention: its inputs, its result in double, and runs of the kernels on it.

#ifndef YOCO_TEST_KERNELS_ATTENTIONCASE_H
#define YOCO_TEST_KERNELS_ATTENTIONCASE_H

#include "kernels/nvptx/LaunchShapes.h"
#include "test/kernels/Harness.h"

#include <algorithm>
#include <optional>
#include <sys/mman.h>

namespace yoco::test {

struct AttentionSegment {
  int slot, firstPosition, rowCount;
};

struct AttentionShape {
  int cacheKind, heads, kvHeads, keyWidth, valueWidth;
  int window = 0, ring = 0;
  int freshKind = device::kBf16;
  int style = device::kNoRope;
  int outKind = device::kF32;
  int offset = 0; // of q's, fresh rows' and results' first columns
  float scale = 0.11f;
  int pairs = 0; // that are rotated; 0: all

  int rotatedPairs() const { return style == device::kNoRope ? 0 : pairs ? pairs : keyWidth / 2; }

  std::string text(const std::vector<AttentionSegment> &segments) const {
    std::string text = "cache kind " + std::to_string(cacheKind) + " heads " + std::to_string(heads) + "/" +
                       std::to_string(kvHeads) + " widths " + std::to_string(keyWidth) + "/" +
                       std::to_string(valueWidth) + " window " + std::to_string(window) + " ring " +
                       std::to_string(ring) + " fresh kind " + std::to_string(freshKind) + " style " +
                       std::to_string(style) + " pairs " + std::to_string(rotatedPairs()) + " out kind " +
                       std::to_string(outKind) + " offset " +
                       std::to_string(offset) + " segments";
    for (const AttentionSegment &segment : segments)
      text += " {" + std::to_string(segment.slot) + ", " + std::to_string(segment.firstPosition) + ", " +
              std::to_string(segment.rowCount) + "}";
    return text;
  }
};

/// A cache plane of addresses that are backed by memory where they are touched only. What is not written reads as NaN
/// in the pages of written rows, and ends the program elsewhere.
class SparsePlane {
public:
  SparsePlane(int kind, int64_t rows, int64_t columns) : kind(kind), columns(columns) {
    size = (static_cast<size_t>(rows * columns * device::elementBytes(kind)) + kPage - 1) / kPage * kPage;
    bytes = static_cast<uint8_t *>(mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    if (bytes == MAP_FAILED)
      std::abort();
    present.resize(size / kPage);
  }
  SparsePlane(const SparsePlane &) = delete;
  ~SparsePlane() { munmap(bytes, size); }

  const void *data() const { return bytes; }

  void set(int64_t row, int64_t column, float value) {
    const int64_t at = (row * columns + column) * device::elementBytes(kind);
    if (!present[at / kPage]) {
      present[at / kPage] = true;
      mprotect(bytes + at / kPage * kPage, kPage, PROT_READ | PROT_WRITE);
      std::memset(bytes + at / kPage * kPage, 0xff, kPage);
    }
    device::storeElement(bytes + at, kind, 0, value);
  }

private:
  static constexpr int64_t kPage = 4096;
  int kind;
  int64_t columns;
  size_t size;
  uint8_t *bytes;
  std::vector<bool> present;
};

class AttentionCase {
public:
  AttentionCase(Random &random, const AttentionShape &shape, const std::vector<AttentionSegment> &list)
      : shape(shape), segmentCount(static_cast<int64_t>(list.size())) {
    int slots = 1;
    int64_t longest = 1;
    // Rows of no segment before, between and after those of the segments, and segments not in the order of rows.
    const bool decode = std::all_of(list.begin(), list.end(), [](auto &segment) { return segment.rowCount <= 1; });
    for (const AttentionSegment &segment : list) {
      if (decode)
        rows = static_cast<int64_t>(table.size());
      else if (random.integer(0, 1))
        rows += random.integer(0, 3);
      table.push_back({segment.slot, segment.firstPosition, static_cast<int32_t>(rows), segment.rowCount});
      rows += segment.rowCount;
      slots = std::max(slots, segment.slot + 2);
      longest = std::max<int64_t>(longest, segment.firstPosition + segment.rowCount);
    }
    rows = decode ? segmentCount : rows + random.integer(0, 3);
    if (!decode)
      std::shuffle(table.begin(), table.end(), random.generator);
    seq = longest + random.integer(0, 9);
    // Between the rings of two slots lies something else.
    const int64_t places = shape.ring ? shape.ring + 3 : seq;
    const int keyColumns = shape.kvHeads * shape.keyWidth, valueColumns = shape.kvHeads * shape.valueWidth;
    q.emplace(device::kF32, rows, shape.heads * shape.keyWidth, 0, shape.offset);
    keys.emplace(shape.cacheKind, slots * places, keyColumns);
    values.emplace(shape.cacheKind, slots * places, valueColumns);
    freshKeys.emplace(shape.freshKind, rows, keyColumns, 0, shape.offset);
    freshValues.emplace(shape.freshKind, rows, valueColumns, 0, shape.offset);
    out.emplace(shape.outKind, rows, shape.heads * shape.valueWidth, 0, shape.offset);
    positions.assign(rows, static_cast<int32_t>(random.integer(-5, 5)));
    for (int i = 0; i < shape.keyWidth / 2; ++i)
      frequencies.push_back(std::pow(10000.0f, -2.0f * static_cast<float>(i) / static_cast<float>(shape.keyWidth)));
    reference.assign(rows * out->columns, 0.0);
    expected.assign(rows, false);
    for (const device::Segment &segment : table)
      if (segment.slot >= 0 && segment.rowCount > 0)
        makeSegment(random, segment, places);
  }

  void runRows() {
    launch(nvptx::attentionRowsShape(shape.cacheKind == device::kBf16, shape.heads, shape.kvHeads, shape.keyWidth,
                                     shape.valueWidth),
           rows, segmentCount, [&](int64_t tile) {
             device::yoco_attention_rows(tile, rows, segmentCount, seq, q->floats(), static_cast<int>(q->stride),
                                         positions.data(), table.data(), keys->data(), slotStride(shape.keyWidth),
                                         values->data(), slotStride(shape.valueWidth), shape.cacheKind, shape.ring,
                                         freshKeys->data(), shape.freshKind,
                                         static_cast<int>(freshKeys->stride), freshValues->data(), shape.freshKind,
                                         static_cast<int>(freshValues->stride), frequencies.data(), shape.style,
                                         shape.rotatedPairs(), shape.window, shape.scale, shape.heads, shape.kvHeads,
                                         shape.keyWidth,
                                         shape.valueWidth, out->data(), shape.outKind, static_cast<int>(out->stride));
           });
  }

  void runSplit(int splits) {
    Buffer partial(device::kF32, rows, shape.heads * splits * (2 + shape.valueWidth));
    const int stride = static_cast<int>(partial.stride);
    launch(nvptx::attentionSplitShape(kSharedLimit, shape.cacheKind == device::kBf16, splits, shape.heads,
                                      shape.kvHeads, shape.keyWidth, shape.valueWidth),
           rows, segmentCount, [&](int64_t tile) {
             device::yoco_attention_split(
                 tile, rows, segmentCount, seq, q->floats(), static_cast<int>(q->stride), positions.data(),
                 table.data(), keys->data(), slotStride(shape.keyWidth), values->data(), slotStride(shape.valueWidth),
                 shape.cacheKind, shape.ring, freshKeys->data(), shape.freshKind, static_cast<int>(freshKeys->stride),
                 freshValues->data(), shape.freshKind, static_cast<int>(freshValues->stride), frequencies.data(),
                 shape.style, shape.rotatedPairs(), shape.window, shape.scale, shape.heads, shape.kvHeads,
                 shape.keyWidth, shape.valueWidth, splits, partial.floats(), stride, kSharedLimit);
           });
    EXPECT_TRUE(partial.onlyWritten());
    launch(nvptx::attentionMergeShape(shape.heads, shape.valueWidth), rows, segmentCount, [&](int64_t tile) {
      device::yoco_attention_merge(tile, rows, table.data(), partial.floats(), stride, splits, shape.heads,
                                   shape.valueWidth, out->data(), shape.outKind, static_cast<int>(out->stride));
    });
  }

  /// Makes the only segment one without its first `count` rows. Its growing cache has them already.
  void startAt(int count) {
    const device::Segment &whole = segment ? *segment : segment.emplace(table[0]);
    table[0] = {whole.slot, whole.firstPosition + count, whole.rowBegin + count, whole.rowCount - count};
  }

  /// The results in the rows of segments.
  std::vector<float> results() const {
    std::vector<float> results;
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t column = 0; expected[row] && column < out->columns; ++column)
        results.push_back(out->get(row, column));
    return results;
  }

  /// Compares the rows of segments, and looks that no others are written.
  void check(double limit) {
    Error error;
    for (int64_t row = 0; row < rows; ++row) {
      if (!expected[row]) {
        for (int64_t column = 0; column < out->columns; ++column)
          ASSERT_TRUE(std::isnan(out->get(row, column))) << "row " << row << " is in no segment, and written";
        continue;
      }
      Error ofRow;
      for (int64_t column = 0; column < out->columns; ++column) {
        error.add(out->get(row, column), reference[row * out->columns + column]);
        ofRow.add(out->get(row, column), reference[row * out->columns + column]);
      }
      ASSERT_LT(ofRow.relative(), 5 * limit) << "row " << row;
    }
    EXPECT_LT(error.relative(), limit);
    EXPECT_TRUE(out->onlyWritten());
  }

private:
  int reach() const { return shape.ring && (!shape.window || shape.window > shape.ring) ? shape.ring : shape.window; }

  /// Elements from one slot of a ring to the next.
  int64_t slotStride(int width) const { return static_cast<int64_t>(shape.ring + 3) * shape.kvHeads * width; }

  void makeSegment(Random &random, const device::Segment &segment, int64_t places) {
    const int keyColumns = shape.kvHeads * shape.keyWidth, valueColumns = shape.kvHeads * shape.valueWidth;
    const int end = segment.firstPosition + segment.rowCount;
    const int begin = reach() ? std::max(0, segment.firstPosition - reach() + 1) : 0; // the first position that is seen
    const bool bf16 = shape.cacheKind == device::kBf16;
    auto rounded = [&](float value, bool round) { return round ? roundToBf16(value) : value; };
    std::vector<double> keyRows, valueRows;
    for (int position = begin; position < end; ++position) {
      const bool fresh = position >= segment.firstPosition;
      const int64_t row = segment.rowBegin + position - segment.firstPosition;
      const int64_t place = segment.slot * places + (shape.ring ? position % shape.ring : position);
      auto fill = [&](std::optional<SparsePlane> &cache, std::optional<Buffer> &buffer, int columns,
                      std::vector<double> &copy) {
        for (int column = 0; column < columns; ++column) {
          const float value = random.normal();
          if (fresh)
            buffer->set(row, column, value);
          if (!fresh || !shape.ring)
            cache->set(place, column, value);
          copy.push_back(rounded(fresh && shape.ring ? buffer->get(row, column) : value, bf16));
        }
      };
      fill(keys, freshKeys, keyColumns, keyRows);
      fill(values, freshValues, valueColumns, valueRows);
    }
    for (int i = 0; i < segment.rowCount; ++i) {
      const int64_t row = segment.rowBegin + i;
      positions[row] = segment.firstPosition + i;
      expected[row] = true;
      for (int head = 0; head < shape.heads; ++head)
        makeRow(random, row, head, begin, keyRows, valueRows);
    }
  }

  void makeRow(Random &random, int64_t row, int head, int begin, const std::vector<double> &keyRows,
               const std::vector<double> &valueRows) {
    const int width = shape.keyWidth, kvHead = head / (shape.heads / shape.kvHeads), position = positions[row];
    std::vector<double> query(width);
    for (int column = 0; column < width; ++column) {
      query[column] = random.normal();
      q->set(row, head * width + column, static_cast<float>(query[column]));
    }
    const int pairs = shape.rotatedPairs();
    for (int i = 0; i < pairs; ++i) {
      const bool half = shape.style == device::kHalf;
      double &a = query[half ? i : 2 * i], &b = query[half ? i + pairs : 2 * i + 1];
      const double angle = static_cast<float>(position) * frequencies[i], x = a;
      a = x * std::cos(angle) - b * std::sin(angle);
      b = x * std::sin(angle) + b * std::cos(angle);
    }
    if (shape.cacheKind == device::kBf16)
      for (double &x : query)
        x = roundToBf16(static_cast<float>(x));
    const int first = reach() ? std::max(0, position - reach() + 1) : 0;
    std::vector<double> logits;
    double most = -INFINITY, total = 0;
    for (int key = first; key <= position; ++key) {
      const double *from = &keyRows[(static_cast<int64_t>(key - begin) * shape.kvHeads + kvHead) * width];
      double sum = 0;
      for (int column = 0; column < width; ++column)
        sum += query[column] * from[column];
      logits.push_back(sum * shape.scale);
      most = std::max(most, logits.back());
    }
    for (double &logit : logits)
      total += logit = std::exp(logit - most);
    for (int key = first; key <= position; ++key) {
      const double *from = &valueRows[(static_cast<int64_t>(key - begin) * shape.kvHeads + kvHead) * shape.valueWidth];
      for (int column = 0; column < shape.valueWidth; ++column)
        reference[row * out->columns + head * shape.valueWidth + column] += logits[key - first] / total * from[column];
    }
  }

  AttentionShape shape;
  int64_t segmentCount, rows = 0, seq = 0;
  std::vector<device::Segment> table;
  std::optional<device::Segment> segment; // before startAt
  std::vector<int32_t> positions;
  std::vector<float> frequencies;
  std::optional<Buffer> q, freshKeys, freshValues, out;
  std::optional<SparsePlane> keys, values;
  std::vector<double> reference;
  std::vector<bool> expected;
};

} // namespace yoco::test

#endif // YOCO_TEST_KERNELS_ATTENTIONCASE_H
