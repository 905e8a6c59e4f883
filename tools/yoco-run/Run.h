// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What yoco-run does with an opened model.

#ifndef YOCO_TOOLS_YOCORUN_RUN_H
#define YOCO_TOOLS_YOCORUN_RUN_H

#include "tools/common/Runtime.h"
#include "tools/yoco-run/Arguments.h"
#include "tools/yoco-run/Prompt.h"

#include <string>
#include <vector>

namespace yoco::run {

/// Continues the prompt and prints what is new. Returns the number of new ids.
size_t generate(const Arguments &arguments, const yoco_model_info &info, const Tokenizer *tokenizer,
                const std::vector<int32_t> &prompt, uint64_t newTokens, yoco_session *session);

/// Writes the logits of the prompt.
void writeLogits(const Arguments &arguments, const yoco_model_info &info, const std::vector<int32_t> &prompt,
           yoco_session *session);

/// Prints how likely the prompt is after its first token. Of each row come log-probabilities alone.
void scorePrompt(const std::vector<int32_t> &prompt, yoco_session *session);

/// Prints how likely each continuation is after the prompt, which is computed once.
void scoreContinuations(const std::vector<int32_t> &prompt, const std::vector<std::vector<int32_t>> &continuations,
                        yoco_session *session);

/// The object that --stats prints, on one line.
std::string statsJson(const yoco_session *session, size_t promptTokens, size_t newTokens);

} // namespace yoco::run

#endif // YOCO_TOOLS_YOCORUN_RUN_H
