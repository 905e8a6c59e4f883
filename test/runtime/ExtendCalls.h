// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// yoco_session_extend() with vectors instead of pointers.

#ifndef YOCO_TEST_RUNTIME_EXTENDCALLS_H
#define YOCO_TEST_RUNTIME_EXTENDCALLS_H

#include "test/runtime/SessionCalls.h"

namespace yoco::test {

enum class ResultKind { none, logits, chosen, logprobs };

/// What one step gives; of the kind that was asked for.
struct Extended {
  yoco_status status;
  std::string error;
  size_t rows;
  std::vector<float> logits;
  Ids chosen;
  std::vector<yoco_logprobs> logprobs;
  std::vector<yoco_candidate> best;
};

/// Room for 5 wanted rows, the toy's bound. `targets` may be empty.
inline Extended extend(yoco_session *session, const std::vector<yoco_segment> &segments, const Ids &ids,
                       ResultKind kind = ResultKind::logits, const Ids &targets = {}, uint32_t best = 0) {
  constexpr size_t kMostRows = 5;
  Extended result;
  result.logits.resize(kMostRows * kToyVocabulary);
  result.chosen.resize(kMostRows, -2);
  result.logprobs.resize(kMostRows);
  result.best.resize(kMostRows * best);
  yoco_step step = {sizeof(step), segments.data(), segments.size(),
                    ids.data(),   targets.data(),  kind == ResultKind::logprobs ? best : 0};
  yoco_step_results results = {sizeof(results), nullptr, nullptr, nullptr, nullptr, 99};
  if (kind == ResultKind::logits)
    results.logits = result.logits.data();
  if (kind == ResultKind::chosen)
    results.chosen = result.chosen.data();
  if (kind == ResultKind::logprobs) {
    results.logprobs = result.logprobs.data();
    results.best = best == 0 ? nullptr : result.best.data();
  }
  result.status = yoco_session_extend(session, &step, &results);
  result.error = result.status == YOCO_OK ? "" : yoco_session_last_error(session);
  result.rows = results.rows;
  size_t rows = result.status == YOCO_OK ? result.rows : 0;
  EXPECT_LE(rows, kMostRows);
  result.logits.resize(rows * kToyVocabulary);
  result.chosen.resize(rows);
  result.logprobs.resize(rows);
  result.best.resize(rows * best);
  return result;
}

} // namespace yoco::test

#endif // YOCO_TEST_RUNTIME_EXTENDCALLS_H
