// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The ids to start from.

#ifndef YOCO_TOOLS_YOCORUN_PROMPT_H
#define YOCO_TOOLS_YOCORUN_PROMPT_H

#include "tools/yoco-run/Arguments.h"

#include <sentencepiece_processor.h>

#include <memory>
#include <vector>

namespace yoco::run {

using Tokenizer = sentencepiece::SentencePieceProcessor;

/// The tokenizer in the model file; null when there is none.
std::unique_ptr<Tokenizer> loadTokenizer(const yoco_model_info &info);

/// The ids of the prompt that the command line names, all in the vocabulary.
std::vector<int32_t> readPrompt(const Arguments &arguments, const yoco_model_info &info, const Tokenizer *tokenizer);

/// Those of the continuations, at least one id in each.
std::vector<std::vector<int32_t>> readContinuations(const Arguments &arguments, const yoco_model_info &info,
                                                    const Tokenizer *tokenizer, const std::vector<int32_t> &prompt);

} // namespace yoco::run

#endif // YOCO_TOOLS_YOCORUN_PROMPT_H
