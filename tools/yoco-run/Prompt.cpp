// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/yoco-run/Prompt.h"

#include "tools/common/Output.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <stdexcept>
#include <unistd.h>

using namespace yoco::tools;

namespace yoco::run {

std::unique_ptr<Tokenizer> loadTokenizer(const yoco_model_info &info) {
  if (!info.tokenizer)
    return nullptr;
  auto tokenizer = std::make_unique<Tokenizer>();
  auto status = tokenizer->LoadFromSerializedProto(
      absl::string_view(static_cast<const char *>(info.tokenizer), info.tokenizer_size));
  if (!status.ok())
    throw std::runtime_error("the tokenizer in the model file is not one of SentencePiece's: " +
                             printable(status.message()));
  return tokenizer;
}

static std::vector<int32_t> encodeText(const std::string &text, const Tokenizer *tokenizer) {
  if (text.empty())
    throw std::runtime_error("--prompt: expected some text, got none");
  if (!tokenizer)
    throw std::runtime_error("--prompt: the model file has no tokenizer; use --prompt-tokens");
  std::vector<int> ids;
  auto status = tokenizer->Encode(text, &ids);
  if (!status.ok())
    throw std::runtime_error("--prompt: the tokenizer fails: " + printable(status.message()));
  if (tokenizer->bos_id() >= 0)
    ids.insert(ids.begin(), tokenizer->bos_id());
  return {ids.begin(), ids.end()};
}

static std::string readAll(const std::string &path) {
  int descriptor = path == "-" ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  auto fail = [&](const char *action) {
    std::string reason = strerror(errno);
    throw std::runtime_error((path == "-" ? "standard input" : path) + ": cannot " + action + ": " + reason);
  };
  if (descriptor < 0)
    fail("open");
  std::string text;
  char piece[65536];
  for (;;) {
    ssize_t count = read(descriptor, piece, sizeof(piece));
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      fail("read");
    if (count == 0)
      break;
    text.append(piece, size_t(count));
  }
  if (path != "-")
    close(descriptor);
  return text;
}

/// `what` is for messages: the flag and its file.
static std::vector<int32_t> parseIds(const std::string &what, std::string_view text) {
  constexpr const char *kSpace = " \t\r\n\v\f";
  std::vector<int32_t> ids;
  for (size_t begin = text.find_first_not_of(kSpace); begin != std::string_view::npos;) {
    size_t end = std::min(text.find_first_of(kSpace, begin), text.size());
    int32_t id = 0;
    auto [last, error] = std::from_chars(text.data() + begin, text.data() + end, id);
    if (error != std::errc() || last != text.data() + end)
      throw std::runtime_error(what + ": token " + std::to_string(ids.size()) +
                               ": expected an id, got `" +
                               printable(text.substr(begin, end - begin)) + "`");
    ids.push_back(id);
    begin = text.find_first_not_of(kSpace, end);
  }
  if (ids.empty())
    throw std::runtime_error(what + ": expected at least one id, got none");
  return ids;
}

/// `what` is for messages: "prompt".
static void checkIds(const std::string &what, const std::vector<int32_t> &ids, const yoco_model_info &info) {
  for (size_t i = 0; i < ids.size(); ++i)
    if (ids[i] < 0 || uint32_t(ids[i]) >= info.vocabulary_size)
      throw std::runtime_error(what + " token " + std::to_string(i) + ": id " + std::to_string(ids[i]) +
                               " is not in the vocabulary: expected 0 to " + std::to_string(info.vocabulary_size - 1));
}

std::vector<int32_t> readPrompt(const Arguments &arguments, const yoco_model_info &info, const Tokenizer *tokenizer) {
  std::vector<int32_t> ids;
  if (arguments.prompt)
    ids = encodeText(*arguments.prompt, tokenizer);
  else
    ids = parseIds("--prompt-tokens " + *arguments.promptTokens, readAll(*arguments.promptTokens));
  checkIds("prompt", ids, info);
  return ids;
}

/// The ids that `text` adds to those of the prompt. Text and prompt are encoded as one, since that is how they would
/// have been read; an id that has letters of both would belong to neither.
static std::vector<int32_t> encodeContinuation(const std::string &what, const std::string &prompt,
                                               const std::string &text, const Tokenizer *tokenizer,
                                               const std::vector<int32_t> &promptIds) {
  std::vector<int32_t> ids = encodeText(prompt + text, tokenizer);
  auto [end, rest] = std::mismatch(promptIds.begin(), promptIds.end(), ids.begin(), ids.end());
  if (end != promptIds.end())
    throw std::runtime_error(what + ": the last tokens of the prompt are others when `" + printable(text) +
                             "` follows; end the prompt elsewhere, or use --prompt-tokens and --continuation-tokens");
  if (rest == ids.end())
    throw std::runtime_error(what + ": expected text that adds tokens to the prompt, got `" + printable(text) + "`");
  return {rest, ids.end()};
}

std::vector<std::vector<int32_t>> readContinuations(const Arguments &arguments, const yoco_model_info &info,
                                                    const Tokenizer *tokenizer, const std::vector<int32_t> &prompt) {
  std::vector<std::vector<int32_t>> all;
  for (const std::string &text : arguments.continuations) {
    std::string what = "--continuation " + std::to_string(all.size());
    all.push_back(encodeContinuation(what, *arguments.prompt, text, tokenizer, prompt));
  }
  std::string lines = arguments.continuationTokens ? readAll(*arguments.continuationTokens) : "";
  for (size_t begin = 0; begin < lines.size();) {
    size_t end = std::min(lines.find('\n', begin), lines.size());
    std::string what =
        "--continuation-tokens " + *arguments.continuationTokens + ": line " + std::to_string(all.size() + 1);
    all.push_back(parseIds(what, std::string_view(lines).substr(begin, end - begin)));
    begin = end + 1;
  }
  if (all.empty())
    throw std::runtime_error("--continuation-tokens " + *arguments.continuationTokens +
                             ": expected ids on at least one line, got none");
  for (size_t i = 0; i < all.size(); ++i)
    checkIds("continuation " + std::to_string(i), all[i], info);
  return all;
}

} // namespace yoco::run
