// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/common/Output.h"
#include "tools/yoco-run/Run.h"
#include "tools/yoco-run/TextStream.h"

#include <algorithm>
#include <optional>
#include <stdexcept>

using namespace yoco::tools;

namespace yoco::run {

/// Where the sequence is.
constexpr int32_t kSlot = 0;

/// Appends the prompt, or the id made last, and chooses what follows: on the device unless an id is drawn. `made`
/// numbers the draws; `logits` has room for a row when one is drawn.
static int32_t appendAndChoose(const Arguments &arguments, yoco_session *session, const std::vector<int32_t> &ids,
                               size_t made, std::vector<float> &logits) {
  bool isPrompt = made == 0;
  int32_t id = 0;
  if (arguments.sampling.temperature == 0) {
    yoco_status status = isPrompt ? yoco_session_prompt_greedy(session, kSlot, ids.data(), ids.size(), &id)
                                  : yoco_session_decode_greedy(session, &kSlot, ids.data(), 1, &id);
    if (id < 0)
      throw std::runtime_error("token " + std::to_string(made) + ": " + yoco_session_last_error(session));
    check(session, status);
    return id;
  }
  check(session, isPrompt ? yoco_session_prompt(session, kSlot, ids.data(), ids.size(), logits.data())
                          : yoco_session_decode(session, &kSlot, ids.data(), 1, logits.data()));
  char error[256];
  if (yoco_sample(logits.data(), uint32_t(logits.size()), &arguments.sampling, made, &id, error, sizeof(error)) !=
      YOCO_OK)
    throw std::runtime_error("token " + std::to_string(made) + ": " + error);
  return id;
}

size_t generate(const Arguments &arguments, const yoco_model_info &info, const Tokenizer *tokenizer,
                const std::vector<int32_t> &prompt, uint64_t newTokens, yoco_session *session) {
  std::optional<TextStream> text;
  if (!arguments.printTokens)
    text.emplace(*tokenizer, prompt);
  const int32_t *stopsEnd = info.stop_ids + info.stop_id_count;
  std::vector<float> logits(arguments.sampling.temperature == 0 ? 0 : info.vocabulary_size);

  if (prompt.empty())
    throw std::runtime_error("--prompt: expected text that has tokens, got none of them");
  size_t made = 0;
  int32_t id = 0;
  while (made < newTokens) {
    id = appendAndChoose(arguments, session, made == 0 ? prompt : std::vector<int32_t>{id}, made, logits);
    ++made;
    bool stop = !arguments.ignoreEos && std::find(info.stop_ids, stopsEnd, id) != stopsEnd;
    if (!text)
      print((made == 1 ? "" : " ") + std::to_string(id));
    else if (!stop)
      print(text->add(id));
    if (stop)
      break;
  }
  print((text ? text->finish() : "") + "\n");
  return made;
}

} // namespace yoco::run
