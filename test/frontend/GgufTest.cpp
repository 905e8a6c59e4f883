// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The reader of GGUF files: what a sound file gives, and that no damaged one makes it read outside the file.

#include "frontend/Gguf.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FormatVariadic.h"
#include "gtest/gtest.h"
#include <random>

using namespace llvm;
using mlir::yoco::Gguf;
using mlir::yoco::GgufKind;
using mlir::yoco::GgufValue;
using mlir::yoco::Tensor;

namespace {

/// A file in the making.
class Writer {
public:
  template <typename T>
  Writer &number(T value) {
    char bytes[sizeof(T)];
    support::endian::write<T, endianness::little>(bytes, value);
    file.append(bytes, sizeof(T));
    return *this;
  }
  Writer &string(StringRef text) {
    number<uint64_t>(text.size());
    file += text;
    return *this;
  }
  Writer &key(StringRef name, GgufKind kind) { return string(name).number(static_cast<uint32_t>(kind)); }
  Writer &tensor(StringRef name, ArrayRef<uint64_t> sizes, uint32_t type, uint64_t offset) {
    string(name).number<uint32_t>(sizes.size());
    for (uint64_t size : sizes)
      number(size);
    return number(type).number(offset);
  }

  std::string file = "GGUF";
};

std::string makeSound() {
  Writer writer;
  writer.number<uint32_t>(3).number<uint64_t>(2).number<uint64_t>(5);
  writer.key("general.alignment", GgufKind::u32).number<uint32_t>(8);
  writer.key("name", GgufKind::string).string("a text");
  writer.key("words", GgufKind::array).number(static_cast<uint32_t>(GgufKind::string)).number<uint64_t>(2);
  writer.string("x").string("yz");
  writer.key("sizes", GgufKind::array).number(static_cast<uint32_t>(GgufKind::i16)).number<uint64_t>(2);
  writer.number<int16_t>(-3).number<int16_t>(4);
  writer.key("wide", GgufKind::u64).number<uint64_t>(uint64_t(1) << 63);
  writer.tensor("a", {2, 3}, 1, 40).tensor("q", {32}, 8, 0);
  writer.file.append(-writer.file.size() % 8, '\0');
  for (char c = 0; c < 52; ++c)
    writer.file.push_back(c);
  return writer.file;
}

Expected<std::unique_ptr<Gguf>> parse(StringRef file) {
  return Gguf::parse(MemoryBuffer::getMemBuffer(file, "x.gguf", /*RequiresNullTerminator=*/false));
}

TEST(Gguf, FindsValuesAndTensors) {
  std::string file = makeSound();
  auto parsed = parse(file);
  ASSERT_TRUE(static_cast<bool>(parsed)) << toString(parsed.takeError());
  auto show = [&](StringRef key) {
    const GgufValue *value = (*parsed)->find(key);
    return value ? formatv("{0}", value->toJson()).str() : "nothing";
  };
  EXPECT_EQ((*parsed)->getMetadata().size(), 5u);
  EXPECT_EQ(show("name"), "\"a text\"");
  EXPECT_EQ(show("words"), "\"array of 2 string\"");
  EXPECT_EQ(show("sizes"), "[-3,4]");
  EXPECT_EQ(show("wide"), "9223372036854775808");
  EXPECT_EQ(show("nam"), "nothing");

  ASSERT_EQ((*parsed)->getTensors().size(), 2u);
  const Tensor &a = (*parsed)->getTensors().at("a");
  EXPECT_EQ(a.dtype, "F16");
  EXPECT_EQ(ArrayRef<int64_t>(a.shape), ArrayRef<int64_t>({3, 2})); // the first dimension of a file is the innermost
  EXPECT_EQ(StringRef(a.bytes.data(), a.bytes.size()), StringRef(file).take_back(12));
  const Tensor &q = (*parsed)->getTensors().at("q");
  EXPECT_EQ(q.dtype, "Q8_0");
  EXPECT_EQ(StringRef(q.bytes.data(), q.bytes.size()), StringRef(file).take_back(52).take_front(34));
}

TEST(Gguf, TakesAFileWithoutTensorsOrData) {
  Writer writer;
  writer.number<uint32_t>(3).number<uint64_t>(0).number<uint64_t>(0);
  auto parsed = parse(writer.file);
  ASSERT_TRUE(static_cast<bool>(parsed)) << toString(parsed.takeError());
  EXPECT_TRUE((*parsed)->getTensors().empty());
}

TEST(Gguf, SurvivesTruncation) {
  std::string file = makeSound();
  for (size_t size = 0; size < file.size(); ++size) {
    // A copy of exactly this size: reading after it is an error that tools can see.
    std::vector<char> part(file.begin(), file.begin() + size);
    auto parsed = parse(StringRef(part.data(), part.size()));
    EXPECT_FALSE(static_cast<bool>(parsed)) << size;
    if (!parsed)
      EXPECT_TRUE(StringRef(toString(parsed.takeError())).starts_with("x.gguf: "));
  }
}

/// Whatever was accepted must lie within the file.
void touch(const Gguf &parsed, StringRef file) {
  auto isWithin = [&](const char *begin, size_t size) { return begin >= file.begin() && begin + size <= file.end(); };
  for (const auto &[key, value] : parsed.getMetadata()) {
    ASSERT_TRUE(isWithin(key.data(), key.size()) && isWithin(value.bytes.data(), value.bytes.size()));
    (void)formatv("{0}", value.toJson()).str();
  }
  for (const auto &[name, tensor] : parsed.getTensors()) {
    ASSERT_TRUE(isWithin(tensor.bytes.data(), tensor.bytes.size()));
    int64_t numbers = 1;
    for (int64_t size : tensor.shape)
      numbers *= size;
    std::vector<float> values(numbers);
    tensor.type->read(tensor.bytes.data(), 0, values);
  }
}

TEST(Gguf, SurvivesDamage) {
  std::string sound = makeSound();
  std::mt19937_64 random(1);
  auto below = [&](size_t n) { return static_cast<size_t>(random() % n); };
  constexpr uint64_t kNumbers[] = {0, 1, 2, 8, 9, 12, 13, 32, 255, 65536, uint64_t(1) << 31, uint64_t(1) << 32,
                                   uint64_t(1) << 62, uint64_t(1) << 63, ~uint64_t(0), ~uint64_t(7)};
  unsigned accepted = 0;
  for (int round = 0; round < 40000; ++round) {
    std::string file = sound;
    for (size_t edits = 1 + below(3); edits > 0; --edits) {
      size_t at = below(file.size());
      size_t width = std::min<size_t>(below(2) ? 8 : 4, file.size() - at);
      switch (below(4)) {
      case 0:
        file[at] = static_cast<char>(random());
        break;
      case 1:
        file.erase(at, 1 + below(8));
        break;
      case 2: {
        char number[8];
        support::endian::write64le(number, kNumbers[below(std::size(kNumbers))]);
        file.replace(at, width, number, width);
        break;
      }
      default:
        file.insert(at, file.substr(below(file.size()), below(40)));
        break;
      }
      if (file.empty())
        file = sound;
    }
    std::vector<char> copy(file.begin(), file.end());
    StringRef bytes(copy.data(), copy.size());
    if (auto parsed = parse(bytes)) {
      touch(**parsed, bytes);
      ++accepted;
    } else {
      consumeError(parsed.takeError());
    }
  }
  EXPECT_GT(accepted, 100u);
}

} // namespace
