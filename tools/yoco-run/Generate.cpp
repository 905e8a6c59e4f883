// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/common/Output.h"
#include "tools/yoco-run/Run.h"
#include "tools/yoco-run/TextStream.h"

#include <algorithm>
#include <optional>
#include <stdexcept>

using namespace yoco::tools;

namespace yoco::run {

size_t generate(const Arguments &arguments, const yoco_model_info &info, const Tokenizer *tokenizer,
                const std::vector<int32_t> &prompt, uint64_t newTokens, yoco_session *session) {
  constexpr int32_t kSlot = 0;
  std::optional<TextStream> text;
  if (!arguments.printTokens)
    text.emplace(*tokenizer, prompt);
  const int32_t *stopsEnd = info.stop_ids + info.stop_id_count;
  std::vector<float> logits(info.vocabulary_size);

  check(session, yoco_session_prompt(session, kSlot, prompt.data(), prompt.size(), logits.data()));
  size_t made = 0;
  while (made < newTokens) {
    int32_t id;
    char error[256];
    if (yoco_sample(logits.data(), info.vocabulary_size, &arguments.sampling, made, &id, error, sizeof(error)) !=
        YOCO_OK)
      throw std::runtime_error("token " + std::to_string(made) + ": " + error);
    ++made;
    bool stop = !arguments.ignoreEos && std::find(info.stop_ids, stopsEnd, id) != stopsEnd;
    if (!text)
      print((made == 1 ? "" : " ") + std::to_string(id));
    else if (!stop)
      print(text->add(id));
    if (stop)
      break;
    if (made < newTokens)
      check(session, yoco_session_decode(session, &kSlot, &id, 1, logits.data()));
  }
  print((text ? text->finish() : "") + "\n");
  return made;
}

} // namespace yoco::run
