// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/yoco-run/Arguments.h"

#include "tools/common/CommandLine.h"

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdlib>
#include <stdexcept>

using namespace yoco::tools;

namespace yoco::run {

namespace {

const char *const kExamples = R"(
The first token comes out of the step that ends the prompt (entry `extend`, or `extend_sample` when nothing is drawn);
in files without these entries all but the last token of a prompt go through `prefill`, and that through `decode`.
Prompt and new tokens, or prompt and continuation, together must fit the session's sequence bound. Text needs a
tokenizer in the model file; token ids do not.

Examples:
  yoco-run model.yoco --prompt "In the beginning"
  yoco-run model.yoco --prompt "Once" --temperature 0.8 --top-p 0.95 --seed 7 --max-new-tokens 200
  echo 1 17 42 | yoco-run model.yoco --prompt-tokens - --print-tokens --max-new-tokens=16
  yoco-run model.yoco --prompt-tokens ids.txt --score
  yoco-run model.yoco --prompt-tokens ids.txt --score --logits logits.npy
  yoco-run model.yoco --prompt "The sky is" --score --continuation " blue" --continuation " green"
  yoco-run model.yoco --prompt "Hello" --device cuda:1 --max-seq-len 1024 --stats
  yoco-run model.yoco --describe)";

/// Options as text; CLI11's own conversions explain too little.
struct Texts {
  std::optional<std::string> maxNewTokens, temperature, topK, topP, seed, threads, maxSeqLen, maxBatch, verify, device,
      logits;
};

double parseReal(const char *flag, const std::string &text, const char *expected, bool (*accept)(double)) {
  char *end = nullptr;
  double value = std::strtod(text.c_str(), &end);
  if (!text.empty() && *end == '\0' && std::isfinite(value) && accept(value))
    return value;
  fail(flag, expected, text);
}

void addOptions(CLI::App &app, Arguments &arguments, Texts &texts) {
  app.add_option("model", arguments.model, "The model file, made by yoco-compile")->required()->type_name("MODEL.yoco");
  app.add_option("--device", texts.device,
                 "host or cuda[:N]; default: the first target in the file that "
                 "this machine can run");
  app.add_option("--prompt", arguments.prompt, "Text to continue or score")->type_name("TEXT");
  app.add_option("--prompt-tokens", arguments.promptTokens,
                 "File with token ids separated by white space, used verbatim; "
                 "may be a pipe, or - for standard input")
      ->type_name("FILE");
  app.add_option("--max-new-tokens", texts.maxNewTokens,
                 "Tokens to generate; default: " + std::to_string(kDefaultNewTokens) +
                     ", or fewer where the sequence bound is near")
      ->type_name("N");
  app.add_option("--temperature", texts.temperature, "0: greedy, the default without --top-k and --top-p, else 1")
      ->type_name("T");
  app.add_option("--top-k", texts.topK, "Draw from the K likeliest tokens; 0: from all")->type_name("K");
  app.add_option("--top-p", texts.topP, "Draw from the fewest tokens with this probability together")->type_name("P");
  app.add_option("--seed", texts.seed, "Of the draws; default 0")->type_name("S");
  app.add_flag("--ignore-eos", arguments.ignoreEos, "Generate on after a stop id");
  app.add_flag("--print-tokens", arguments.printTokens,
               "Print the new ids, a stop id included, on one line and nothing else");
  app.add_flag("--score", arguments.score,
               "Print how likely the prompt is after its first token: log-probability, tokens, perplexity; generate "
               "nothing");
  app.add_option("--logits", texts.logits,
                 "With --score: write the logits of every prompt token to a .npy file, float32 [tokens, vocabulary], "
                 "and print nothing")
      ->type_name("OUT.npy");
  app.add_option("--continuation", arguments.continuations,
                 "With --score and --prompt: how likely this text is after the prompt, which is computed once; may be "
                 "given several times. Needs two slots (--max-batch of yoco-compile)")
      ->type_name("TEXT")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--continuation-tokens", arguments.continuationTokens,
                 "The same by token ids: file with a continuation on each line, or - for standard input")
      ->type_name("FILE");
  app.add_option("--threads", texts.threads, "Threads to compute with; default: one per hardware thread")
      ->type_name("N");
  app.add_option("--max-seq-len", texts.maxSeqLen, "Sequence bound of the session; default: the file's")
      ->type_name("N");
  app.add_option("--max-batch", texts.maxBatch, "Slots of the session; default: the file's")->type_name("N");
  app.add_option("--verify", texts.verify, "Checksums to compare: full (default), or plan to trust the weights")
      ->type_name("WHAT");
  app.add_flag("--no-graphs", arguments.noGraphs,
               "GPUs: start kernels one by one instead of as recorded graphs; for debuggers and profilers");
  app.add_flag("--stats", arguments.stats, "Print times, rates and bytes held as a JSON object to standard error");
  app.add_flag("--describe", arguments.describe, "Print what is in the file: targets, entry points, kernels, plan");
}

void readSampling(const Texts &texts, yoco_sampling_options &sampling) {
  sampling.struct_size = sizeof(sampling);
  sampling.temperature = texts.topK || texts.topP ? 1.0f : 0.0f;
  if (texts.temperature)
    sampling.temperature = float(parseReal("--temperature", *texts.temperature, "a number from 0 to 1e6",
                                           [](double value) { return value >= 0 && value <= 1e6; }));
  if (texts.topK)
    sampling.top_k = uint32_t(parseWhole("--top-k", *texts.topK, 0, UINT32_MAX));
  if (texts.topP)
    sampling.top_p = float(parseReal("--top-p", *texts.topP, "a number above 0 and up to 1",
                                     [](double value) { return value > 0 && value <= 1; }));
  if (texts.seed)
    sampling.seed = parseWhole("--seed", *texts.seed, 0, UINT64_MAX);
}

void readTexts(const Texts &texts, Arguments &arguments) {
  constexpr uint64_t kMostBound = INT32_MAX, kMostThreads = 1024;
  if (texts.device)
    arguments.device = parseDevice(*texts.device);
  if (texts.maxNewTokens)
    arguments.maxNewTokens = parseWhole("--max-new-tokens", *texts.maxNewTokens, 1, kMostBound);
  readSampling(texts, arguments.sampling);
  if (texts.threads)
    arguments.threads = uint32_t(parseWhole("--threads", *texts.threads, 1, kMostThreads));
  if (texts.maxSeqLen)
    arguments.maxSeqLen = parseWhole("--max-seq-len", *texts.maxSeqLen, 1, kMostBound);
  if (texts.maxBatch)
    arguments.maxBatch = parseWhole("--max-batch", *texts.maxBatch, 1, kMostBound);
  if (texts.verify && *texts.verify != "full" && *texts.verify != "plan")
    fail("--verify", "full or plan", *texts.verify);
  if (texts.verify && *texts.verify == "plan")
    arguments.verify = YOCO_VERIFY_PLAN;
}

void checkContinuations(const Arguments &arguments, const Texts &texts) {
  if (!arguments.hasContinuations())
    return;
  const char *flag = arguments.continuationTokens ? "--continuation-tokens" : "--continuation";
  if (arguments.continuationTokens && !arguments.continuations.empty())
    throw std::runtime_error("--continuation and --continuation-tokens: expected one of the two, got both");
  if (!arguments.score || texts.logits)
    throw std::runtime_error(std::string(flag) + ": expected --score with it" +
                             (arguments.score ? " and no --logits" : ""));
  if (!arguments.continuationTokens && !arguments.prompt)
    throw std::runtime_error("--continuation: expected --prompt with it; after --prompt-tokens, use "
                             "--continuation-tokens");
  if (arguments.continuationTokens == "-" && arguments.promptTokens == "-")
    throw std::runtime_error("--continuation-tokens -: standard input has the prompt already");
}

void checkTogether(const Arguments &arguments, const Texts &texts) {
  if (arguments.describe)
    return;
  if (arguments.prompt && arguments.promptTokens)
    throw std::runtime_error("--prompt and --prompt-tokens: expected one of the two, got both");
  if (!arguments.prompt && !arguments.promptTokens)
    throw std::runtime_error("expected --prompt TEXT or --prompt-tokens FILE "
                             "(yoco-run --help has examples)");
  checkContinuations(arguments, texts);
  if (texts.logits && !arguments.score)
    throw std::runtime_error("--logits: expected --score with it; generation writes no logits");
  if (texts.logits && texts.logits->empty())
    fail("--logits", "the name of a file", "");
}

} // namespace

std::optional<Arguments> parseArguments(int argc, char **argv) {
  CLI::App app("Runs a YOCO model file: generates text or tokens, or scores a prompt.", "yoco-run");
  app.set_version_flag("--version", std::string("yoco-run ") + yoco_version());
  app.footer(kExamples);
  app.get_formatter()->column_width(34);
  Arguments arguments;
  Texts texts;
  addOptions(app, arguments, texts);
  if (!parse(app, argc, argv))
    return std::nullopt;
  readTexts(texts, arguments);
  arguments.logits = texts.logits.value_or("");
  checkTogether(arguments, texts);
  return arguments;
}

} // namespace yoco::run
