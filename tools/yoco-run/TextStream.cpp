// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/yoco-run/TextStream.h"

#include <algorithm>
#include <string_view>

namespace yoco::run {

/// Ids before the new ones that are decoded with them.
static constexpr size_t kContext = 8;
/// A character has at most this many bytes, and so this many ids: what is not
/// complete then never will be.
static constexpr size_t kLongestCharacter = 4;

static bool endsIncomplete(std::string_view text) {
  constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
  return text.size() >= kReplacement.size() && text.substr(text.size() - kReplacement.size()) == kReplacement;
}

TextStream::TextStream(const sentencepiece::SentencePieceProcessor &tokenizer, const std::vector<int32_t> &prompt)
    : tokenizer(tokenizer), ids(prompt.end() - std::ptrdiff_t(std::min(kContext, prompt.size())), prompt.end()),
      shown(ids.size()) {}

std::string TextStream::decode(size_t begin, size_t end) const {
  std::string text;
  std::vector<int> part(ids.begin() + std::ptrdiff_t(begin), ids.begin() + std::ptrdiff_t(end));
  // Ids beyond the tokenizer's pieces have no text.
  part.erase(std::remove_if(part.begin(), part.end(), [&](int id) { return id >= tokenizer.GetPieceSize(); }),
             part.end());
  if (!tokenizer.Decode(part, &text).ok())
    text.clear();
  return text;
}

std::string TextStream::take() {
  std::string before = decode(contextBegin, shown);
  std::string all = decode(contextBegin, ids.size());
  size_t common = size_t(
      std::mismatch(before.begin(), before.begin() + std::ptrdiff_t(std::min(before.size(), all.size())), all.begin())
          .first -
      before.begin());
  shown = ids.size();
  contextBegin = shown - std::min(shown, kContext);
  return all.substr(common);
}

std::string TextStream::add(int32_t id) {
  ids.push_back(id);
  if (ids.size() - shown < kLongestCharacter && endsIncomplete(decode(contextBegin, ids.size())))
    return "";
  return take();
}

std::string TextStream::finish() { return shown == ids.size() ? "" : take(); }

} // namespace yoco::run
