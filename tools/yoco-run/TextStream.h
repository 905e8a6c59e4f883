// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Text of ids as they come.

#ifndef YOCO_TOOLS_YOCORUN_TEXTSTREAM_H
#define YOCO_TOOLS_YOCORUN_TEXTSTREAM_H

#include <sentencepiece_processor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace yoco::run {

/// Decodes new ids in the context of those before them, as a space or a
/// character may depend on both, and holds back what the next id may still
/// change: the bytes of a character that is not complete.
class TextStream {
public:
  /// `prompt` is the context of the first new id; none of its text comes out.
  TextStream(const sentencepiece::SentencePieceProcessor &tokenizer, const std::vector<int32_t> &prompt);

  /// The text that `id` adds.
  std::string add(int32_t id);
  /// What was held back.
  std::string finish();

private:
  std::string decode(size_t begin, size_t end) const;
  std::string take();

  const sentencepiece::SentencePieceProcessor &tokenizer;
  std::vector<int32_t> ids; // context, then new ones
  size_t contextBegin = 0;
  size_t shown; // ids whose text is out
};

} // namespace yoco::run

#endif // YOCO_TOOLS_YOCORUN_TEXTSTREAM_H
