// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/emit/ModelFileWriter.h"
#include "passes/emit/WeightPacker.h"
#include "runtime/schema/FileHeader.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/xxhash.h"
#include <cmath>
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
      // In pieces that end nowhere near a checksum block.
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

/// A tensor of these bytes, all in one row.
Tensor makeTensor(llvm::ArrayRef<char> bytes, const StoredType *type) {
  Tensor tensor;
  tensor.bytes = bytes;
  tensor.type = type;
  tensor.number = type->number;
  tensor.shape = {int64_t(bytes.size()) / type->blockBytes * type->blockNumbers};
  return tensor;
}

const StoredType *getType(mlir::Type type) {
  return findStoredType(type.isF32() ? "F32" : type.isF16() ? "F16" : "BF16");
}

template <typename T>
llvm::ArrayRef<char> bytesOf(const std::vector<T> &values) {
  return {reinterpret_cast<const char *>(values.data()), values.size() * sizeof(T)};
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
  std::vector<Tensor> tensors;
  for (const std::string &part : storage)
    tensors.push_back(makeTensor(llvm::ArrayRef<char>(part.data(), part.size()).drop_front(),
                                 findStoredType(sizeof(Word) == 2 ? "BF16" : "F32")));
  std::vector<WeightPart> parts;
  for (auto [tensor, rows] : llvm::zip_equal(tensors, partRows))
    parts.push_back({&tensor, rows, 0, columns});

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

/// Rows of three columns at a distance of four, in elements of another type: padding is zero, rounding is to nearest
/// even.
TEST(WeightPacker, RowsAreConvertedAndPadded) {
  mlir::MLIRContext context;
  mlir::Builder builder(&context);
  mlir::Type f32 = builder.getF32Type(), bf16 = builder.getBF16Type(), f16 = builder.getF16Type();
  PackedShape shape;
  shape.rows = 2;
  shape.columns = 3;
  shape.stride = 4;
  auto pack = [&](llvm::ArrayRef<char> first, llvm::ArrayRef<char> second, mlir::Type from, mlir::Type to) {
    Tensor a = makeTensor(first, getType(from)), b = makeTensor(second, getType(from));
    std::vector<WeightPart> parts = {{&a, 1, 0, 3}, {&b, 1, 0, 3}};
    shape.element = to;
    shape.elementBytes = to.getIntOrFloatBitWidth() / 8;
    std::string file = write([&](ModelFileWriter &writer) { writeRows(writer, parts, from, shape); });
    EXPECT_EQ(*shape.getBytes(), uint64_t(8) * shape.elementBytes);
    std::string bytes = withoutTable(file, *shape.getBytes());
    std::vector<uint16_t> words(bytes.size() / 2);
    memcpy(words.data(), bytes.data(), bytes.size());
    return words;
  };
  // 1 + 2^-8 lies between two bf16 and goes to the even one, 1 + 3 * 2^-8 likewise.
  std::vector<float> floats = {1.0f, 1.00390625f, 1.01171875f}, others = {-2.5f, std::nanf(""), 1e38f};
  std::vector<uint16_t> rounded = pack(bytesOf(floats), bytesOf(others), f32, bf16);
  EXPECT_EQ(llvm::ArrayRef(rounded).take_front(5), llvm::ArrayRef<uint16_t>({0x3f80, 0x3f80, 0x3f82, 0, 0xc020}));
  EXPECT_EQ(rounded[5] & 0x7fc0, 0x7fc0); // still no number
  EXPECT_EQ(rounded[7], 0);
  std::vector<uint16_t> halves = {0x3c00, 0xc100, 0x0001}, more = {0x7c00, 0x0000, 0x8000};
  EXPECT_EQ(pack(bytesOf(halves), bytesOf(more), f16, bf16),
            (std::vector<uint16_t>{0x3f80, 0xc020, 0x3380, 0, 0x7f80, 0, 0x8000, 0}));
  EXPECT_EQ(pack(bytesOf(halves), bytesOf(more), f16, f16),
            (std::vector<uint16_t>{0x3c00, 0xc100, 0x0001, 0, 0x7c00, 0, 0x8000, 0}));
}

/// Columns 1 to 4 of rows 1 and 2 of a tensor of three rows of five, in rows and in panels.
TEST(WeightPacker, SlicesAreReadInPlace) {
  mlir::MLIRContext context;
  mlir::Builder builder(&context);
  std::vector<uint16_t> numbers(15);
  for (uint16_t i = 0; i < 15; ++i)
    numbers[i] = i;
  Tensor tensor = makeTensor(bytesOf(numbers), findStoredType("BF16"));
  WeightPart part = {&tensor, 2, 6, 5};
  PackedShape shape;
  shape.rows = 2;
  shape.columns = shape.stride = 3;
  shape.element = builder.getBF16Type();
  shape.elementBytes = 2;
  auto wordsOf = [](const std::string &bytes) {
    std::vector<uint16_t> words(bytes.size() / 2);
    memcpy(words.data(), bytes.data(), bytes.size());
    return words;
  };
  std::string rows = write([&](ModelFileWriter &writer) { writeRows(writer, part, shape.element, shape); });
  EXPECT_EQ(wordsOf(withoutTable(rows, 12)), (std::vector<uint16_t>{6, 7, 8, 11, 12, 13}));
  shape.panel = 2;
  std::string panels = write([&](ModelFileWriter &writer) { writePanels(writer, part, shape); });
  EXPECT_EQ(wordsOf(withoutTable(panels, 12)), (std::vector<uint16_t>{6, 11, 7, 12, 8, 13}));
}

/// Rows of numbers in blocks become f32 numbers, or bf16; the order of the file's rows, halves between each other, is
/// undone.
TEST(WeightPacker, BlocksAreWidenedAndRowsReordered) {
  mlir::MLIRContext context;
  mlir::Builder builder(&context);
  std::string bytes; // four rows of one block of Q8_0 each: scale 1, codes 10 * row + column
  for (int row = 0; row < 4; ++row) {
    bytes += std::string("\x00\x3c", 2);
    for (int column = 0; column < 32; ++column)
      bytes += char(10 * row + column);
  }
  Tensor tensor = makeTensor(llvm::ArrayRef<char>(bytes.data(), bytes.size()), findStoredType("Q8_0"));
  tensor.pairedRows = 4;
  WeightPart part = {&tensor, 3, 32 + 5, 32}; // rows 1 to 3, columns 5 to 7: rows 2, 1, 3 of the file
  PackedShape shape;
  shape.rows = 3;
  shape.columns = shape.stride = 2;
  shape.element = builder.getF32Type();
  shape.elementBytes = 4;
  auto floatsOf = [](const std::string &bytes) {
    std::vector<float> floats(bytes.size() / 4);
    memcpy(floats.data(), bytes.data(), bytes.size());
    return floats;
  };
  std::string rows = write([&](ModelFileWriter &writer) { writeRows(writer, part, shape.element, shape); });
  EXPECT_EQ(floatsOf(withoutTable(rows, 24)), (std::vector<float>{25, 26, 15, 16, 35, 36}));
  shape.panel = 2;
  std::string panels = write([&](ModelFileWriter &writer) { writePanels(writer, part, shape); });
  EXPECT_EQ(floatsOf(withoutTable(panels, 32)), (std::vector<float>{25, 15, 26, 16, 35, 0, 36, 0}));
  shape.panel = 0;
  shape.element = builder.getBF16Type();
  shape.elementBytes = 2;
  std::string narrow = write([&](ModelFileWriter &writer) { writeRows(writer, part, builder.getF32Type(), shape); });
  EXPECT_EQ(withoutTable(narrow, 12).substr(0, 4), std::string("\xc8\x41\xd0\x41", 4)); // 25, 26
}

/// Codes of rows, then scales at a multiple of 64, the last group of a row shorter.
TEST(WeightPacker, EncodingsWriteCodesAndScales) {
  mlir::MLIRContext context;
  context.loadDialect<YocoDialect>();
  mlir::Builder builder(&context);
  std::vector<float> numbers = {1, 2, 3, 4, 5, 6};
  Tensor tensor = makeTensor(bytesOf(numbers), findStoredType("F32"));
  PackedShape shape;
  shape.rows = 2;
  shape.columns = 3;
  shape.element = builder.getF32Type();
  shape.encoding = EncodingAttr::get(&context, "sums", 4, 2, builder.getBF16Type());
  EncodeRow encode = [](llvm::ArrayRef<float> row, EncodingAttr encoding, llvm::MutableArrayRef<uint8_t> codes,
                        llvm::MutableArrayRef<float> scales) {
    for (size_t i = 0; i < row.size(); ++i)
      codes[i / 2] |= uint8_t(row[i]) << (i % 2 * 4);
    for (size_t group = 0; group < scales.size(); ++group)
      scales[group] = row[2 * group];
  };
  WeightPart part = {&tensor, 2, 0, 3};
  ASSERT_EQ(*shape.getBytes(), 64u + 8);
  std::string file = write([&](ModelFileWriter &writer) { writeEncoded(writer, part, shape.element, shape, encode); });
  std::string bytes = withoutTable(file, 72);
  EXPECT_EQ(bytes.substr(0, 4), std::string("\x21\x03\x54\x06", 4));
  EXPECT_EQ(bytes.substr(4, 60), std::string(60, '\0'));
  uint16_t scales[4]; // 1, 3, 4, 6
  memcpy(scales, &bytes[64], 8);
  EXPECT_EQ(llvm::ArrayRef(scales), llvm::ArrayRef<uint16_t>({0x3f80, 0x4040, 0x4080, 0x40c0}));
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
