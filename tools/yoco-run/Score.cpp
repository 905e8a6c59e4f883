// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/common/Npy.h"
#include "tools/common/Output.h"
#include "tools/yoco-run/Run.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <stdexcept>

using namespace yoco::tools;

namespace yoco::run {

namespace {

/// Where the runtime's callback writes; exceptions do not pass through the
/// runtime.
struct Sink {
  NpyWriter &file;
  size_t columns;
  std::string failure;
};

int writeRows(void *user, size_t, size_t rows, const float *logits) {
  auto &sink = *static_cast<Sink *>(user);
  try {
    sink.file.write(logits, rows * sink.columns);
    return 0;
  } catch (const std::exception &error) {
    sink.failure = error.what();
    return 1;
  }
}

} // namespace

void writeLogits(const Arguments &arguments, const yoco_model_info &info, const std::vector<int32_t> &prompt,
           yoco_session *session) {
  NpyWriter file(arguments.logits, prompt.size(), info.vocabulary_size);
  Sink sink{file, info.vocabulary_size, ""};
  yoco_status status = yoco_session_score(session, 0, prompt.data(), prompt.size(), writeRows, &sink);
  if (!sink.failure.empty())
    throw std::runtime_error(sink.failure);
  check(session, status);
  file.finish();
}

namespace {

/// What a model says of some tokens.
struct Likelihood {
  double logProbability = 0;
  size_t tokens = 0;
  bool isGreedy = true; // each is what greedy decoding would have chosen
};

/// Appends `ids` to a sequence without asking for anything of them; what is wanted next is at `wantedFrom`.
void append(yoco_session *session, int32_t slot, const int32_t *ids, size_t count, uint64_t wantedFrom) {
  size_t most = size_t(getStats(session).bounds.prefill_chunk);
  for (size_t first = 0; first < count; first += most) {
    yoco_segment segment = {slot, uint32_t(std::min(most, count - first)), wantedFrom};
    yoco_step step = {sizeof(step), &segment, 1, ids + first, nullptr, 0};
    check(session, yoco_session_extend(session, &step, nullptr));
  }
}

/// Appends `ids`, each of which should be followed by its target.
Likelihood appendAndScore(yoco_session *session, int32_t slot, const std::vector<int32_t> &ids,
                          const std::vector<int32_t> &targets) {
  yoco_bounds bounds = getStats(session).bounds;
  size_t most = size_t(std::min(bounds.prefill_chunk, bounds.wanted_rows));
  std::vector<yoco_logprobs> logprobs(std::min(most, ids.size()));
  Likelihood result;
  for (size_t first = 0; first < ids.size(); first += most) {
    uint64_t position = 0;
    check(session, yoco_session_position(session, slot, &position));
    yoco_segment segment = {slot, uint32_t(std::min(most, ids.size() - first)), position};
    yoco_step step = {sizeof(step), &segment, 1, ids.data() + first, targets.data() + first, 0};
    yoco_step_results results = {};
    results.struct_size = sizeof(results);
    results.logprobs = logprobs.data();
    check(session, yoco_session_extend(session, &step, &results));
    for (size_t row = 0; row < results.rows; ++row) {
      result.logProbability += double(logprobs[row].target_logit) - double(logprobs[row].log_sum);
      result.isGreedy &= logprobs[row].rank == 0;
    }
    result.tokens += results.rows;
  }
  return result;
}

template <typename... Values>
std::string format(const char *text, Values... values) {
  char line[128];
  snprintf(line, sizeof(line), text, values...);
  return line;
}

} // namespace

void scorePrompt(const std::vector<int32_t> &prompt, yoco_session *session) {
  if (prompt.size() < 2)
    throw std::runtime_error("--score: expected at least 2 prompt tokens, since the first follows nothing, got 1");
  Likelihood found = appendAndScore(session, 0, {prompt.begin(), prompt.end() - 1}, {prompt.begin() + 1, prompt.end()});
  print(format("log-probability: %.6f\ntokens: %zu\nperplexity: %.6f\n", found.logProbability, found.tokens,
               std::exp(-found.logProbability / double(found.tokens))));
}

void scoreContinuations(const std::vector<int32_t> &prompt, const std::vector<std::vector<int32_t>> &continuations,
                        yoco_session *session) {
  if (getStats(session).bounds.max_batch < 2)
    throw std::runtime_error("--score: expected a session of at least 2 slots for continuations, one to keep the "
                             "prompt in, got 1; use --max-batch=2, here or when the model is compiled");
  constexpr int32_t kPrompt = 0, kContinuation = 1;
  // The last token of the prompt is the first of each continuation, of which something is wanted.
  append(session, kPrompt, prompt.data(), prompt.size() - 1, prompt.size() - 1);
  const char *heading = "log-probability  tokens  greedy\n"; // with the first line: until then nothing has failed
  for (const std::vector<int32_t> &targets : continuations) {
    check(session, yoco_session_copy_slot(session, kPrompt, kContinuation));
    std::vector<int32_t> ids = {prompt.back()};
    ids.insert(ids.end(), targets.begin(), targets.end() - 1);
    Likelihood found = appendAndScore(session, kContinuation, ids, targets);
    print(heading + format("%15.6f  %6zu  %s\n", found.logProbability, found.tokens, found.isGreedy ? "yes" : "no"));
    heading = "";
  }
}

} // namespace yoco::run
