// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Text as ids come: spaces between words, characters that are spread over
// several ids.

#include "tools/yoco-run/TextStream.h"
#include "test/runtime/ToyTokenizer.h"

#include <gtest/gtest.h>

using yoco::run::TextStream;
using Pieces = std::vector<std::string>;

namespace {

class TextStreamTest : public testing::Test {
protected:
  void SetUp() override {
    std::string model = yoco::test::makeTokenizer({"\xE2\x96\x81the", "\xE2\x96\x81", "cat", "s"}, true);
    ASSERT_TRUE(tokenizer.LoadFromSerializedProto(model).ok());
  }
  int32_t id(const std::string &piece) { return tokenizer.PieceToId(piece); }
  int32_t byteId(unsigned value) { return int32_t(3 + value); }

  /// What each id adds, and what is left at the end.
  Pieces stream(const std::vector<int32_t> &prompt, const std::vector<int32_t> &ids) {
    TextStream text(tokenizer, prompt);
    Pieces result;
    for (int32_t next : ids)
      result.push_back(text.add(next));
    result.push_back(text.finish());
    return result;
  }

  sentencepiece::SentencePieceProcessor tokenizer;
};

// A leading space is text when something stands before it.
TEST_F(TextStreamTest, spacesBelongToTheNewText) {
  int32_t the = id("\xE2\x96\x81the"), cat = id("cat"), s = id("s");
  EXPECT_EQ(stream({1, cat}, {the, cat, s, the}), (Pieces{" the", "cat", "s", " the", ""}));
  EXPECT_EQ(stream({the, the, the, the, the, the, the, the, the, the}, {the, s}), (Pieces{" the", "s", ""}));
}

// The bytes of a character come out together.
TEST_F(TextStreamTest, charactersOfSeveralIds) {
  std::vector<int32_t> smile = {byteId(0xF0), byteId(0x9F), byteId(0x98), byteId(0x80)};
  EXPECT_EQ(stream({id("cat")}, smile), (Pieces{"", "", "", "\xF0\x9F\x98\x80", ""}));
  EXPECT_EQ(stream({id("cat")}, {byteId(0xC3), byteId(0xA9), id("s")}), (Pieces{"", "\xC3\xA9", "s", ""}));
  EXPECT_EQ(stream({id("cat")}, {byteId('a'), byteId('b')}), (Pieces{"a", "b", ""}));
}

// A character that the prompt has begun is finished by the new text.
TEST_F(TextStreamTest, characterBegunByThePrompt) {
  EXPECT_EQ(stream({byteId(0xC3)}, {byteId(0xA9)}), (Pieces{"\xC3\xA9", ""}));
}

// Bytes that never become a character are not held for ever.
TEST_F(TextStreamTest, brokenCharacters) {
  Pieces pieces = stream({id("cat")}, {byteId(0xF0), byteId(0x9F)});
  EXPECT_EQ(pieces[0] + pieces[1], "");
  EXPECT_NE(pieces[2], "");
  std::string all;
  for (const std::string &piece : stream({id("cat")}, std::vector<int32_t>(9, byteId(0xFF))))
    all += piece;
  EXPECT_EQ(all.size(), 9u * 3); // a replacement character for each
}

// Control pieces and ids that the tokenizer does not know have no text.
TEST_F(TextStreamTest, idsWithoutText) {
  EXPECT_EQ(stream({1}, {1, 2, id("cat"), 100000}), (Pieces{"", "", "cat", "", ""}));
}

} // namespace
