// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// yoco-run: runs a model file from the command line.

#include "tools/common/CommandLine.h"
#include "tools/common/Npy.h"
#include "tools/common/Output.h"
#include "tools/yoco-run/Arguments.h"
#include "tools/yoco-run/Run.h"

#include <algorithm>
#include <cstdio>
#include <stdexcept>

using namespace yoco::tools;

namespace yoco::run {

static SessionPointer createSession(const Arguments &arguments, yoco_model *model) {
  yoco_session_options options = {};
  options.struct_size = sizeof(options);
  options.device = arguments.device.empty() ? nullptr : arguments.device.c_str();
  options.threads = arguments.threads;
  options.bounds.max_sequence_length = arguments.maxSeqLen;
  options.bounds.max_batch = arguments.maxBatch;
  options.no_graphs = arguments.noGraphs;
  return tools::createSession(arguments.model, model, options);
}

static void checkBound(const char *flag, uint64_t wanted, uint64_t bound) {
  if (wanted > bound)
    throw std::runtime_error(std::string(flag) + ": " + std::to_string(wanted) + " is above the file's bound of " +
                             std::to_string(bound) + "; compile the model with a larger " + flag);
}

/// `wanted` tokens do not fit.
[[noreturn]] static void failAboveBound(const Arguments &arguments, const std::string &wanted, uint64_t bound) {
  throw std::runtime_error(
      wanted + " are above the session's sequence bound of " + std::to_string(bound) + "; use a shorter prompt" +
      (arguments.maxNewTokens ? " or fewer new tokens" : "") +
      (arguments.maxSeqLen ? ", or a larger --max-seq-len" : ", or compile with a larger --max-seq-len"));
}

/// How many tokens to generate; throws when the prompt and they do not fit.
static uint64_t chooseNewTokens(const Arguments &arguments, uint64_t promptTokens, uint64_t bound) {
  uint64_t least = arguments.score ? 0 : arguments.maxNewTokens.value_or(1);
  if (promptTokens > bound || least > bound - promptTokens) {
    std::string wanted = std::to_string(promptTokens) + " prompt tokens";
    if (!arguments.score)
      wanted += " and " + std::to_string(least) + " new ones";
    failAboveBound(arguments, wanted, bound);
  }
  return arguments.maxNewTokens.value_or(std::min(kDefaultNewTokens, bound - promptTokens));
}

/// Throws when a continuation does not fit behind the prompt, which does.
static void checkLengths(const Arguments &arguments, uint64_t promptTokens,
                         const std::vector<std::vector<int32_t>> &continuations, uint64_t bound) {
  for (size_t i = 0; i < continuations.size(); ++i)
    if (continuations[i].size() > bound - promptTokens)
      failAboveBound(arguments,
                     std::to_string(promptTokens) + " prompt tokens and " + std::to_string(continuations[i].size()) +
                         " of continuation " + std::to_string(i),
                     bound);
}

static void run(const Arguments &arguments) {
  if (!arguments.logits.empty())
    checkOutputPath(arguments.logits);
  // Weights are compared with their checksums on their way to the device; there is no device for a description.
  bool isDeferred = arguments.verify == YOCO_VERIFY_FULL && !arguments.describe;
  ModelPointer model =
      openModel(arguments.model, isDeferred ? YOCO_VERIFY_DEFERRED : arguments.verify, arguments.threads);
  if (arguments.describe) {
    std::string text;
    yoco_model_describe(
        model.get(),
        [](void *user, const char *piece, size_t size) { static_cast<std::string *>(user)->append(piece, size); },
        &text);
    return print(text);
  }
  yoco_model_info info = getInfo(model.get());
  checkBound("--max-seq-len", arguments.maxSeqLen, info.bounds.max_sequence_length);
  checkBound("--max-batch", arguments.maxBatch, info.bounds.max_batch);

  bool makesText = !arguments.score && !arguments.printTokens;
  std::unique_ptr<Tokenizer> tokenizer;
  if (arguments.prompt || makesText)
    tokenizer = loadTokenizer(info);
  if (makesText && !tokenizer)
    throw std::runtime_error(arguments.model + ": the file has no tokenizer to print text with; use --print-tokens" +
                             (arguments.prompt ? " and --prompt-tokens" : ""));
  std::vector<int32_t> prompt = readPrompt(arguments, info, tokenizer.get());
  std::vector<std::vector<int32_t>> continuations;
  if (arguments.hasContinuations())
    continuations = readContinuations(arguments, info, tokenizer.get(), prompt);
  uint64_t bound = arguments.maxSeqLen ? arguments.maxSeqLen : info.bounds.max_sequence_length;
  uint64_t newTokens = chooseNewTokens(arguments, prompt.size(), bound);
  checkLengths(arguments, prompt.size(), continuations, bound);

  SessionPointer session = createSession(arguments, model.get());
  size_t made = 0;
  if (!arguments.logits.empty())
    writeLogits(arguments, info, prompt, session.get());
  else if (arguments.hasContinuations())
    scoreContinuations(prompt, continuations, session.get());
  else if (arguments.score)
    scorePrompt(prompt, session.get());
  else
    made = generate(arguments, info, tokenizer.get(), prompt, newTokens, session.get());
  if (arguments.stats)
    fprintf(stderr, "%s\n", statsJson(session.get(), prompt.size(), made).c_str());
}

} // namespace yoco::run

int main(int argc, char **argv) {
  return yoco::tools::runTool("yoco-run", [&] {
    if (auto arguments = yoco::run::parseArguments(argc, argv))
      yoco::run::run(*arguments);
  });
}
