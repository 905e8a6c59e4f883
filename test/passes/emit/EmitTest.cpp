// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/emit/ModelFileWriter.h"
#include "passes/emit/WeightPacker.h"
#include "runtime/schema/FileHeader.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/xxhash.h"
#include <cstring>
#include <gtest/gtest.h>

using namespace mlir::yoco;

namespace {

uint64_t hash(llvm::StringRef bytes) {
  return llvm::xxh3_64bits(llvm::ArrayRef(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()));
}

std::string write(llvm::function_ref<void(ModelFileWriter &)> body) {
  std::string text;
  llvm::raw_string_ostream os(text);
  ModelFileWriter writer(os);
  body(writer);
  writer.finish();
  return text;
}

/// What `write` gives without its checksums.
std::string withoutTable(const std::string &file, uint64_t size) {
  EXPECT_EQ(file.size(), size + ::yoco::checksumTableSize(size));
  return file.substr(0, size);
}

TEST(ModelFileWriter, HashesEveryBlockAndTheTable) {
  const uint64_t block = ::yoco::kChecksumBlockSize;
  for (uint64_t size : {uint64_t(1), block - 1, block, block + 1, 2 * block + 64}) {
    std::string content(size, '\0');
    for (uint64_t i = 0; i < size; ++i)
      content[i] = char(i * 7 + i / 251);
    std::string file = write([&](ModelFileWriter &writer) {
      // In pieces that end nowhere near a block.
      for (uint64_t i = 0; i < size; i += 99991)
        writer.write(llvm::ArrayRef<char>(content.data(), size).slice(i, std::min<uint64_t>(99991, size - i)));
    });
    ASSERT_EQ(withoutTable(file, size), content);
    uint64_t table = size;
    for (uint64_t begin = 0; begin < size; begin += block, table += 8)
      EXPECT_EQ(llvm::support::endian::read64le(&file[table]), hash(llvm::StringRef(content).substr(begin, block)));
    EXPECT_EQ(llvm::support::endian::read64le(&file[table]), hash(llvm::StringRef(file).slice(size, table)));
  }
}

TEST(SegmentTable, EqualKeysAreOneSegment) {
  SegmentTable table;
  auto text = [](std::string bytes) {
    return [bytes](ModelFileWriter &writer) {
      writer.write(bytes);
      return llvm::Error::success();
    };
  };
  auto a = table.add("a", 65, text(std::string(65, 'a')));
  auto b = table.add("b", 1, text("b"));
  auto again = table.add("a", 65, text(std::string(65, 'a')));
  EXPECT_EQ(table.getNumSegments(), 2u);
  EXPECT_EQ(table.getNumRequests(), 3u);
  EXPECT_EQ(table.place(100), 257u);
  EXPECT_EQ(a->offset, 128u);
  EXPECT_EQ(again->offset, 128u);
  EXPECT_EQ(b->offset, 256u);
  std::string file = write([&](ModelFileWriter &writer) { EXPECT_FALSE(bool(table.write(writer))); });
  EXPECT_EQ(withoutTable(file, 257), std::string(128, '\0') + std::string(65, 'a') + std::string(63, '\0') + "b");
}

TEST(SegmentTable, ASourceOfAnotherSizeIsAnError) {
  SegmentTable table;
  auto segment = table.add("a", 2, [](ModelFileWriter &writer) {
    writer.write(llvm::ArrayRef("x", 1));
    return llvm::Error::success();
  });
  table.place(0);
  write([&](ModelFileWriter &writer) {
    EXPECT_EQ(llvm::toString(table.write(writer)), "expected a segment of 2 bytes, got 1");
  });
}

/// Packs a matrix whose elements are their numbers, given in `parts` of some rows each, and compares with the formula.
template <typename Word>
void checkPanels(std::vector<int64_t> partRows, int64_t columns, int64_t panel) {
  PackedShape shape;
  shape.columns = columns;
  shape.panel = panel;
  shape.elementBytes = sizeof(Word);
  std::vector<std::string> storage; // begins at odd addresses, as tensors of a file may
  Word next = 1;
  for (int64_t rows : partRows) {
    storage.emplace_back(1, '\0');
    for (int64_t i = 0; i < rows * columns; ++i, ++next)
      storage.back().append(reinterpret_cast<char *>(&next), sizeof(Word));
    shape.rows += rows;
  }
  std::vector<llvm::ArrayRef<char>> parts;
  for (const std::string &part : storage)
    parts.push_back(llvm::ArrayRef<char>(part.data(), part.size()).drop_front());

  int64_t padded = (shape.rows + panel - 1) / panel * panel;
  std::vector<Word> expected(padded * columns, 0);
  Word number = 1;
  for (int64_t r = 0; r < shape.rows; ++r)
    for (int64_t c = 0; c < columns; ++c)
      expected[r / panel * columns * panel + c * panel + r % panel] = number++;

  std::string file = write([&](ModelFileWriter &writer) { writePanels(writer, parts, shape); });
  ASSERT_EQ(*shape.getBytes(), expected.size() * sizeof(Word));
  file = withoutTable(file, *shape.getBytes());
  EXPECT_EQ(memcmp(file.data(), expected.data(), file.size()), 0)
      << shape.rows << " x " << columns << ", panels of " << panel;
}

TEST(WeightPacker, PanelsFollowTheFormula) {
  for (int64_t panel : {1, 3, 16})
    for (int64_t columns : {1, 7, 64, 65, 130}) {
      checkPanels<uint16_t>({16}, columns, panel);
      checkPanels<uint16_t>({1}, columns, panel);
      checkPanels<uint16_t>({5, 1, 12, 31}, columns, panel); // a panel may hold rows of several parts
      checkPanels<uint32_t>({17, 4}, columns, panel);
    }
}

TEST(WeightPacker, SizesThatOverflowHaveNoBytes) {
  PackedShape shape;
  shape.rows = int64_t(1) << 40;
  shape.columns = int64_t(1) << 40;
  shape.panel = 16;
  shape.elementBytes = 2;
  EXPECT_FALSE(shape.getBytes());
}

} // namespace
