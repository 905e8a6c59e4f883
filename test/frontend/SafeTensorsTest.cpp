// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The parser of safetensors files: what a sound file gives, and that no damaged one makes it read outside the file.

#include "frontend/SafeTensors.h"
#include "llvm/Support/Endian.h"
#include "gtest/gtest.h"
#include <random>

using namespace llvm;
using mlir::yoco::SafeTensors;
using mlir::yoco::Tensor;

namespace {

std::string makeFile(StringRef header, StringRef data) {
  std::string file(8, '\0');
  support::endian::write64le(file.data(), header.size());
  return file + header.str() + data.str();
}

Expected<std::unique_ptr<SafeTensors>> parse(StringRef file) {
  return SafeTensors::parse(MemoryBuffer::getMemBuffer(file, "x.safetensors", /*RequiresNullTerminator=*/false));
}

/// What is wrong with `file`; empty when nothing is.
std::string refuse(StringRef file) {
  auto parsed = parse(file);
  return parsed ? "" : toString(parsed.takeError());
}

constexpr StringLiteral kSound = R"({"__metadata__": {"format": "pt"},
  "a": {"dtype": "BF16", "shape": [2, 3], "data_offsets": [4, 16]},
  "b": {"dtype": "F32", "shape": [], "data_offsets": [0, 4]},
  "none": {"dtype": "F32", "shape": [0, 7], "data_offsets": [16, 16]}}   )";

TEST(SafeTensors, FindsTensors) {
  std::string file = makeFile(kSound, "0123456789abcdef");
  auto parsed = parse(file);
  ASSERT_TRUE(static_cast<bool>(parsed)) << toString(parsed.takeError());
  const SafeTensors &tensors = **parsed;
  EXPECT_EQ(tensors.getTensors().size(), 3u);
  EXPECT_EQ(tensors.find("__metadata__"), nullptr);

  const Tensor *a = tensors.find("a");
  ASSERT_NE(a, nullptr);
  EXPECT_EQ(a->dtype, "BF16");
  EXPECT_EQ(ArrayRef<int64_t>(a->shape), ArrayRef<int64_t>({2, 3}));
  EXPECT_EQ(StringRef(a->bytes.data(), a->bytes.size()), "456789abcdef");

  const Tensor *b = tensors.find("b");
  ASSERT_NE(b, nullptr);
  EXPECT_TRUE(b->shape.empty());
  EXPECT_EQ(StringRef(b->bytes.data(), b->bytes.size()), "0123");
  ASSERT_NE(tensors.find("none"), nullptr);
  EXPECT_TRUE(tensors.find("none")->bytes.empty());
}

TEST(SafeTensors, TakesAnEmptyFileOfTensors) {
  std::string file = makeFile("{}", "");
  auto parsed = parse(file);
  ASSERT_TRUE(static_cast<bool>(parsed)) << toString(parsed.takeError());
  EXPECT_TRUE((*parsed)->getTensors().empty());
}

TEST(SafeTensors, CountsBitsOfSmallTypes) {
  auto header = [](StringRef shape) {
    return ("{\"x\": {\"dtype\": \"F4\", \"shape\": " + shape + ", \"data_offsets\": [0, 1]}}").str();
  };
  EXPECT_EQ(refuse(makeFile(header("[2]"), "x")), "");
  EXPECT_NE(refuse(makeFile(header("[3]"), "x")), "");
  EXPECT_NE(refuse(makeFile(header("[1]"), "x")), "");
}

TEST(SafeTensors, NamesTheFileAndEscapesWhatItQuotes) {
  EXPECT_EQ(refuse(makeFile("{\"a\\nb\": 3}", "")), "x.safetensors: tensor 'a\\0Ab': expected an object, got 3");
}

/// Whatever was accepted must lie within the file.
void touch(const SafeTensors &tensors, StringRef file) {
  for (const auto &entry : tensors.getTensors()) {
    ArrayRef<char> bytes = entry.second.bytes;
    ASSERT_TRUE(bytes.data() >= file.begin() && bytes.data() + bytes.size() <= file.end());
  }
}

TEST(SafeTensors, SurvivesTruncation) {
  std::string file = makeFile(kSound, "0123456789abcdef");
  for (size_t size = 0; size < file.size(); ++size) {
    // A copy of exactly this size: reading after it is an error that tools can see.
    std::vector<char> part(file.begin(), file.begin() + size);
    EXPECT_NE(refuse(StringRef(part.data(), part.size())), "") << size;
  }
}

TEST(SafeTensors, SurvivesDamage) {
  std::string sound = makeFile(kSound, "0123456789abcdef");
  constexpr StringLiteral kPieces[] = {"{", "}", "[", "]", ",", ":", "\"", "\\", "-1", "0", "1e999",
                                       "18446744073709551615", "null", "\"a\"", "\"shape\"",
                                       "9223372036854775807", "\xff", "\\ud800", " "};
  std::mt19937_64 random(1);
  auto below = [&](size_t n) { return static_cast<size_t>(random() % n); };
  for (int round = 0; round < 20000; ++round) {
    std::string file = sound;
    for (size_t edits = 1 + below(3); edits > 0; --edits) {
      size_t at = below(file.size());
      switch (below(4)) {
      case 0:
        file[at] = static_cast<char>(random());
        break;
      case 1:
        file.erase(at, 1 + below(8));
        break;
      case 2:
        file.insert(at, kPieces[below(std::size(kPieces))].str());
        break;
      default:
        file.insert(at, file.substr(below(file.size()), below(40)));
        break;
      }
      if (file.empty())
        file = sound;
    }
    if (file.size() >= 8 && below(2)) // so that damage after the length is reached too
      support::endian::write64le(file.data(), std::min<uint64_t>(file.size() - 8, kSound.size()));
    if (auto parsed = parse(file))
      touch(**parsed, file);
    else
      consumeError(parsed.takeError());
  }
}

} // namespace
