// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// yoco_session_extend() and prompts that go through it, on the toy with a tail. Memory is poisoned: a row that reads
// what nobody wrote spoils its whole segment.

#include "test/runtime/ExtendCalls.h"
#include "test/runtime/ToyCuda.h"
#include "test/runtime/ToyTail.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <gmock/gmock.h>
#include <limits>

using namespace yoco;
using namespace yoco::test;
using testing::HasSubstr;

namespace {

using Logits = std::vector<float>;

struct How {
  const char *device;
  bool graphs;
  bool sample; // whether the file has `extend_sample`
};

class ExtendTest : public testing::TestWithParam<How> {
protected:
  void SetUp() override {
    useFakeCuda(std::string("test=") + testing::UnitTest::GetInstance()->current_test_info()->name());
    open();
  }
  ToyModel makeToy() const {
    ToyModel toy = strcmp(GetParam().device, "cuda") == 0 ? toyForCuda() : ToyModel();
    addTail(toy);
    if (GetParam().sample)
      addTailSample(toy);
    return toy;
  }
  void open() { open(makeToy()); }
  void open(ToyModel toy) {
    file = toy.build();
    model = std::make_unique<Opened>(file);
    ASSERT_EQ(model->status, YOCO_OK) << model->error;
  }
  yoco_session_options options(uint32_t entries = 0) {
    yoco_session_options options = {};
    options.device = GetParam().device;
    options.no_graphs = !GetParam().graphs;
    options.allocator = &allocator;
    options.entries = entries;
    return options;
  }

  yoco_allocator allocator = poisonedMemory();
  FileBytes file;
  std::unique_ptr<Opened> model;
};

Ids firstOf(const Ids &ids, size_t count) { return {ids.begin(), ids.begin() + long(count)}; }

Ids slice(const Ids &ids, size_t begin, size_t end) {
  return {ids.begin() + long(begin), ids.begin() + long(std::min(end, ids.size()))};
}

int32_t tailNext(const Ids &ids) {
  Logits logits = tailLogits(ids);
  return int32_t(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

/// The log-probabilities after `ids`, by the book.
yoco_logprobs tailLogProbs(const Ids &ids, int32_t target) {
  Logits logits = tailLogits(ids);
  double sum = 0;
  for (float logit : logits)
    sum += std::exp(double(logit));
  yoco_logprobs result = {float(std::log(sum)), std::numeric_limits<float>::quiet_NaN(), UINT32_MAX};
  if (target < 0)
    return result;
  result.target_logit = logits[size_t(target)];
  result.rank = 0;
  for (int32_t id = 0; id < int32_t(logits.size()); ++id)
    result.rank += logits[size_t(id)] > result.target_logit ||
                   (logits[size_t(id)] == result.target_logit && id < target);
  return result;
}

void expectLogProbs(const yoco_logprobs &got, const yoco_logprobs &expected) {
  EXPECT_NEAR(got.log_sum, expected.log_sum, 1e-5);
  if (std::isnan(expected.target_logit))
    EXPECT_TRUE(std::isnan(got.target_logit));
  else
    EXPECT_EQ(got.target_logit, expected.target_logit);
  EXPECT_EQ(got.rank, expected.rank);
}

/// The `count` best after `ids`, by sorting all.
void expectBest(const yoco_candidate *got, const Ids &ids, uint32_t count) {
  Logits logits = tailLogits(ids);
  Ids order(kToyVocabulary);
  for (uint32_t id = 0; id < kToyVocabulary; ++id)
    order[id] = int32_t(id);
  std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    return logits[size_t(a)] != logits[size_t(b)] ? logits[size_t(a)] > logits[size_t(b)] : a < b;
  });
  for (uint32_t i = 0; i < count; ++i) {
    EXPECT_EQ(got[i].id, order[i]);
    EXPECT_EQ(got[i].logit, logits[size_t(order[i])]);
  }
}

// The first token comes out of the step that ends the prompt; others decode and are scored beside it.
TEST_P(ExtendTest, logits) {
  OpenedSession session(model->model, options());
  ASSERT_EQ(session.status, YOCO_OK) << session.error;
  Ids ids = toyIds(17);
  for (size_t first : {0, 7, 14}) {
    Ids part = slice(ids, first, first + 7);
    Extended step = extend(session, {{0, uint32_t(part.size()), 16}}, part);
    EXPECT_EQ(step.status, YOCO_OK) << step.error;
    EXPECT_EQ(step.logits, first == 14 ? tailLogits(ids) : Logits());
  }
  Extended mixed = extend(session, {{1, 3, 0}, {2, 0, 0}, {0, 1, 17}}, {3, 1, 4, 9});
  EXPECT_EQ(mixed.status, YOCO_OK) << mixed.error;
  EXPECT_EQ(mixed.rows, 4u);
  Logits expected;
  for (const Ids &before : {Ids{3}, {3, 1}, {3, 1, 4}, concatenate(ids, {9})})
    for (float value : tailLogits(before))
      expected.push_back(value);
  EXPECT_EQ(mixed.logits, expected);
  EXPECT_EQ(position(session, 0), 18u);
  EXPECT_EQ(position(session, 1), 3u);
  EXPECT_EQ(position(session, 2), 0u);
  EXPECT_EQ(decode(session, {0}, {2}), tailLogits(concatenate(ids, {9, 2}))) << "all entries go on from there";
  EXPECT_EQ(session.stats().extend_tokens, 21u);
  EXPECT_EQ(session.stats().prefill_tokens, 0u);
  EXPECT_GT(session.stats().extend_seconds, 0);
}

TEST_P(ExtendTest, chosen) {
  OpenedSession session(model->model, options());
  Ids a = toyIds(5, 1), b = toyIds(2, 2);
  Extended step = extend(session, {{2, 5, 3}, {0, 2, 1}}, concatenate(a, b), ResultKind::chosen);
  EXPECT_EQ(step.status, YOCO_OK) << step.error;
  EXPECT_EQ(step.chosen, Ids({tailNext(firstOf(a, 4)), tailNext(a), tailNext(b)}));
  for (int i = 0; i < 6; ++i) {
    a.push_back(step.chosen[step.rows - 2]);
    b.push_back(step.chosen[step.rows - 1]);
    step = extend(session, {{2, 1, 0}, {0, 1, 0}}, {a.back(), b.back()}, ResultKind::chosen);
    EXPECT_EQ(step.chosen, Ids({tailNext(a), tailNext(b)})) << step.error;
  }
}

TEST_P(ExtendTest, logProbs) {
  OpenedSession session(model->model, options());
  Ids a = toyIds(4, 1), b = toyIds(3, 2), targets = {7, -1, 0, 10};
  Extended step = extend(session, {{0, 4, 2}, {1, 3, 1}}, concatenate(a, b), ResultKind::logprobs, targets, 11);
  EXPECT_EQ(step.status, YOCO_OK) << step.error;
  const Ids before[] = {firstOf(a, 3), a, firstOf(b, 2), b};
  ASSERT_EQ(step.rows, 4u);
  for (size_t row = 0; row < 4; ++row) {
    expectLogProbs(step.logprobs[row], tailLogProbs(before[row], targets[row]));
    expectBest(&step.best[row * 11], before[row], 11);
  }
  step = extend(session, {{0, 1, 0}}, {3}, ResultKind::logprobs, {}, 2);
  ASSERT_EQ(step.rows, 1u) << step.error;
  expectLogProbs(step.logprobs[0], tailLogProbs(concatenate(a, {3}), -1));
  expectBest(step.best.data(), concatenate(a, {3}), 2);
  step = extend(session, {{1, 1, 0}}, {4}, ResultKind::logprobs, {5});
  ASSERT_EQ(step.rows, 1u) << step.error;
  expectLogProbs(step.logprobs[0], tailLogProbs(concatenate(b, {4}), 5));
}

TEST_P(ExtendTest, stepsOfNothing) {
  OpenedSession session(model->model, options());
  for (ResultKind kind : {ResultKind::none, ResultKind::logits, ResultKind::chosen, ResultKind::logprobs}) {
    Extended step = extend(session, {}, {}, kind);
    EXPECT_EQ(step.status, YOCO_OK) << step.error;
    EXPECT_EQ(step.rows, 0u);
    EXPECT_EQ(extend(session, {{2, 0, 0}, {0, 0, YOCO_NOTHING_WANTED}}, {}, kind).status, YOCO_OK);
  }
  yoco_step step = {};
  step.struct_size = sizeof(step);
  EXPECT_EQ(yoco_session_extend(session, &step, nullptr), YOCO_OK);
  step.struct_size = offsetof(yoco_step, ids);
  EXPECT_EQ(yoco_session_extend(session, &step, nullptr), YOCO_OK) << "of an older header";
  EXPECT_EQ(session.stats().extend_tokens, 0u);
}

// Results may be left out; what is wanted is computed all the same, so that later steps may go on from it.
TEST_P(ExtendTest, nothingTaken) {
  OpenedSession session(model->model, options());
  Ids ids = toyIds(6);
  Extended step = extend(session, {{1, 6, 2}}, ids, ResultKind::none);
  EXPECT_EQ(step.status, YOCO_OK) << step.error;
  EXPECT_EQ(step.rows, 4u);
  ids.push_back(1);
  EXPECT_EQ(extend(session, {{1, 1, 6}}, {1}).logits, tailLogits(ids));
}

TEST_P(ExtendTest, refusedResults) {
  OpenedSession session(model->model, options());
  const yoco_segment segment = {0, 1, 0};
  const int32_t id = 1, target = 2;
  float logits[kToyVocabulary];
  int32_t chosen;
  yoco_logprobs logprobs;
  yoco_candidate best[kToyVocabulary];
  const yoco_step plain = {sizeof(yoco_step), &segment, 1, &id, nullptr, 0};
  auto refused = [&](yoco_step step, yoco_step_results results, const char *text) {
    results.struct_size = sizeof(results);
    EXPECT_EQ(yoco_session_extend(session, &step, &results), YOCO_INVALID_ARGUMENT);
    EXPECT_STREQ(yoco_session_last_error(session), text);
    EXPECT_EQ(results.rows, 77u) << "left alone";
  };
  refused(plain, {0, logits, &chosen, nullptr, nullptr, 77},
          "results: expected one kind of results, got `logits` and `chosen`");
  refused(plain, {0, nullptr, &chosen, &logprobs, nullptr, 77},
          "results: expected one kind of results, got `chosen` and `logprobs`");
  yoco_step asking = plain;
  asking.targets = &target;
  refused(asking, {0, logits, nullptr, nullptr, nullptr, 77},
          "step.targets: expected results.logprobs with it, got null");
  asking = plain;
  asking.best = 2;
  refused(asking, {0, nullptr, nullptr, nullptr, best, 77}, "step.best: expected results.logprobs with it, got null");
  refused(plain, {0, nullptr, &chosen, nullptr, best, 77}, "results.best: expected results.logprobs with it, got null");
  refused(asking, {0, nullptr, nullptr, &logprobs, nullptr, 77},
          "results.best: expected room for the 2 best of each row, got null");
  refused(plain, {0, nullptr, nullptr, &logprobs, best, 77},
          "step.best: expected at least 1 with results.best, got 0");
  asking.best = 12;
  refused(asking, {0, nullptr, nullptr, &logprobs, best, 77}, "step.best: expected at most 11, got 12");
  const int32_t wrong[] = {11, -2};
  for (const int32_t &bad : wrong) {
    asking = plain;
    asking.targets = &bad;
    refused(asking, {0, nullptr, nullptr, &logprobs, nullptr, 77},
            bad == 11 ? "step.targets[0]: id 11 is not in the vocabulary of 11"
                      : "step.targets[0]: id -2 is not in the vocabulary of 11");
  }
  yoco_step_results unsized = {};
  EXPECT_EQ(yoco_session_extend(session, &plain, &unsized), YOCO_INVALID_ARGUMENT);
  EXPECT_THAT(yoco_session_last_error(session), HasSubstr("results.struct_size: expected sizeof the struct"));
  asking = plain;
  asking.struct_size = 3;
  EXPECT_EQ(yoco_session_extend(session, &asking, nullptr), YOCO_INVALID_ARGUMENT);
  EXPECT_THAT(yoco_session_last_error(session), HasSubstr("step.struct_size: expected sizeof the struct"));
  EXPECT_EQ(position(session, 0), 0u) << "nothing has changed";
}

TEST_P(ExtendTest, refusedSteps) {
  OpenedSession session(model->model, options());
  auto refused = [&](const std::vector<yoco_segment> &segments, const Ids &ids, yoco_status status, const char *text) {
    for (ResultKind kind : {ResultKind::none, ResultKind::logits, ResultKind::chosen, ResultKind::logprobs}) {
      Extended step = extend(session, segments, ids, kind);
      EXPECT_EQ(step.status, status);
      EXPECT_EQ(step.error, text);
      EXPECT_EQ(step.rows, 99u);
    }
  };
  EXPECT_EQ(extend(session, {{0, 6, YOCO_NOTHING_WANTED}}, toyIds(6)).status, YOCO_OK);
  refused({{0, 1, 8}}, {1}, YOCO_INVALID_ARGUMENT,
          "segments[0].wanted_from: expected at least 9, got 8: rows that it needs were skipped in an earlier step");
  refused({{1, 1, 0}, {1, 1, 0}}, {1, 1}, YOCO_INVALID_ARGUMENT, "segments[1].slot: slot 1 is there twice");
  refused({{2, 0, 0}, {1, 1, 0}, {2, 1, 0}}, {1, 1}, YOCO_INVALID_ARGUMENT, "segments[2].slot: slot 2 is there twice");
  refused({{3, 1, 0}}, {1}, YOCO_INVALID_ARGUMENT, "slot 3: the session has slots 0 to 2");
  refused({{-1, 0, 0}}, {}, YOCO_INVALID_ARGUMENT, "slot -1: the session has slots 0 to 2");
  refused({{0, 1, 9}, {1, 1, 0}, {2, 1, 0}, {3, 0, 0}}, {1, 1, 1}, YOCO_OUT_OF_BOUNDS,
          "4 segments are above the session's max_batch of 3");
  refused({{1, 8, 8}}, toyIds(8), YOCO_OUT_OF_BOUNDS, "segments: 8 rows are above the session's prefill_chunk of 7");
  refused({{1, 5, 5}, {0, 3, 9}}, toyIds(8), YOCO_OUT_OF_BOUNDS,
          "segments: 8 rows are above the session's prefill_chunk of 7");
  refused({{1, 4, 1}, {2, 3, 0}}, toyIds(7), YOCO_OUT_OF_BOUNDS,
          "segments: 6 rows are wanted, above the session's wanted_rows of 5");
  refused({{1, 1, 0}}, {11}, YOCO_INVALID_ARGUMENT, "ids[0]: id 11 is not in the vocabulary of 11");
  refused({{1, 2, 0}}, {0, -1}, YOCO_INVALID_ARGUMENT, "ids[1]: id -1 is not in the vocabulary of 11");
  refused({{1, 41, 50}}, toyIds(41), YOCO_OUT_OF_BOUNDS,
          "slot 1 holds 0 tokens: 41 more are above the session's max_sequence_length of 40");
  refused({{0, UINT32_MAX, 50}}, toyIds(1), YOCO_OUT_OF_BOUNDS,
          "slot 0 holds 6 tokens: 4294967295 more are above the session's max_sequence_length of 40");
  const yoco_segment segment = {1, 1, 0};
  yoco_step step = {sizeof(step), nullptr, 1, nullptr, nullptr, 0};
  EXPECT_EQ(yoco_session_extend(session, &step, nullptr), YOCO_INVALID_ARGUMENT);
  EXPECT_STREQ(yoco_session_last_error(session), "step.segments is null");
  step.segments = &segment;
  EXPECT_EQ(yoco_session_extend(session, &step, nullptr), YOCO_INVALID_ARGUMENT);
  EXPECT_STREQ(yoco_session_last_error(session), "step.ids is null");
  EXPECT_EQ(yoco_session_extend(session, nullptr, nullptr), YOCO_INVALID_ARGUMENT);
  EXPECT_STREQ(yoco_session_last_error(session), "step is null");
  EXPECT_EQ(yoco_session_extend(nullptr, &step, nullptr), YOCO_INVALID_ARGUMENT);
  EXPECT_EQ(position(session, 0), 6u) << "nothing has changed";
  EXPECT_EQ(position(session, 1), 0u);
}

// What was skipped stays skipped, in every call that may need it, and with a copy of the slot; resets forget it.
TEST_P(ExtendTest, skippedRows) {
  OpenedSession session(model->model, options());
  Ids ids = toyIds(6);
  EXPECT_EQ(extend(session, {{0, 6, YOCO_NOTHING_WANTED}}, ids).status, YOCO_OK);
  ASSERT_EQ(yoco_session_copy_slot(session, 0, 1), YOCO_OK);
  const char *text = "slot 1: expected nothing to be wanted before position 9, got 6: rows that it needs were skipped "
                     "in an earlier step";
  int32_t slot = 1, next = -2;
  const int32_t more[] = {1, 2, 3, 4};
  float logits[kToyVocabulary];
  auto ignore = [](void *, size_t, size_t, const float *) { return 0; };
  auto refused = [&](yoco_status status) {
    EXPECT_EQ(status, YOCO_INVALID_ARGUMENT);
    EXPECT_STREQ(yoco_session_last_error(session), text);
  };
  refused(yoco_session_decode(session, &slot, more, 1, logits));
  refused(yoco_session_decode_greedy(session, &slot, more, 1, &next));
  refused(yoco_session_score(session, slot, more, 1, ignore, nullptr));
  refused(yoco_session_prompt(session, slot, more, 1, logits));
  refused(yoco_session_prompt_greedy(session, slot, more, 1, &next));
  EXPECT_EQ(extend(session, {{0, 1, 9}, {1, 1, 8}}, {1, 1}).error,
            "segments[1].wanted_from: expected at least 9, got 8: rows that it needs were skipped in an earlier step");
  EXPECT_EQ(next, -2);
  EXPECT_EQ(position(session, 1), 6u);
  // The fourth token of a prompt is far enough, and then everything is there.
  expectOk(session, yoco_session_prompt(session, 1, more, 4, logits));
  Ids all = concatenate(ids, {1, 2, 3, 4});
  EXPECT_EQ(Logits(logits, logits + kToyVocabulary), tailLogits(all));
  EXPECT_EQ(decode(session, {1}, {5}), tailLogits(concatenate(all, {5})));
  ASSERT_EQ(yoco_session_copy_slot(session, 1, 0), YOCO_OK);
  EXPECT_EQ(extend(session, {{0, 1, 0}}, {6}).error,
            "segments[0].wanted_from: expected at least 9, got 0: rows that it needs were skipped in an earlier step");
  EXPECT_EQ(extend(session, {{0, 1, 11}}, {6}).logits, tailLogits(concatenate(all, {5, 6})));
  ASSERT_EQ(yoco_session_reset(session, 0), YOCO_OK);
  EXPECT_EQ(extend(session, {{0, 1, 0}}, {6}).logits, tailLogits({6}));
}

// A step of which nothing is wanted needs no entry that gives something, and a session without `prefill` has one that
// may.
TEST_P(ExtendTest, chosenEntries) {
  OpenedSession decoding(model->model, options(YOCO_ENTRY_PREFILL | YOCO_ENTRY_DECODE));
  Ids ids = toyIds(9);
  EXPECT_EQ(extend(decoding, {{0, 6, 8}}, firstOf(ids, 6)).status, YOCO_OK);
  for (ResultKind kind : {ResultKind::none, ResultKind::logits, ResultKind::chosen, ResultKind::logprobs}) {
    Extended step = extend(decoding, {{0, 3, 8}}, slice(ids, 6, 9), kind);
    EXPECT_EQ(step.status, YOCO_UNSUPPORTED);
    EXPECT_EQ(step.error, "the session has no entry `extend`: the file lacks it or options.entries left it out");
  }
  EXPECT_EQ(prompt(decoding, 0, slice(ids, 6, 9)), tailLogits(ids));
  OpenedSession extending(model->model, options(YOCO_ENTRY_EXTEND));
  EXPECT_EQ(extend(extending, {{0, 6, 8}}, firstOf(ids, 6)).status, YOCO_OK);
  EXPECT_EQ(extend(extending, {{0, 3, 8}}, slice(ids, 6, 9)).logits, tailLogits(ids));
  EXPECT_EQ(prompt(extending, 1, ids), tailLogits(ids));
  OpenedSession choosing(model->model, options(YOCO_ENTRY_EXTEND_SAMPLE));
  if (!GetParam().sample) {
    EXPECT_EQ(choosing.error, "options.entries: the file has no entry `extend_sample`");
    return;
  }
  EXPECT_EQ(extend(choosing, {{0, 6, 8}}, firstOf(ids, 6)).status, YOCO_OK);
  EXPECT_EQ(extend(choosing, {{0, 3, 8}}, slice(ids, 6, 9)).status, YOCO_UNSUPPORTED);
  EXPECT_EQ(extend(choosing, {{0, 2, 8}}, slice(ids, 6, 8), ResultKind::logprobs).status, YOCO_OK) << "nothing wanted";
  EXPECT_EQ(extend(choosing, {{0, 1, 8}}, slice(ids, 8, 9), ResultKind::chosen).chosen, Ids{tailNext(ids)});
  EXPECT_EQ(extend(choosing, {{1, 1, 0}}, {3}, ResultKind::none).rows, 1u);
  if (strcmp(GetParam().device, "cuda") == 0) {
    EXPECT_LT(choosing.stats().staging_bytes, extending.stats().staging_bytes) << "no room for logits";
  }
}

TEST_P(ExtendTest, prompts) {
  struct Case {
    uint32_t entries;
    bool endsInOneStep;
  };
  for (auto [entries, endsInOneStep] :
       {Case{0, true}, Case{YOCO_ENTRY_EXTEND, true}, Case{YOCO_ENTRY_PREFILL | YOCO_ENTRY_EXTEND, true},
        Case{YOCO_ENTRY_PREFILL | YOCO_ENTRY_DECODE, false}}) {
    for (uint64_t chunk : {1, 3, 7}) {
      yoco_session_options chosen = options(entries);
      chosen.bounds.prefill_chunk = chunk;
      OpenedSession session(model->model, chosen);
      ASSERT_EQ(session.status, YOCO_OK) << session.error;
      uint64_t tokens = 0, prompts = 0;
      for (size_t length : {1, 2, 3, 4, 6, 7, 8, 13, 14, 15, 29}) {
        Ids ids = toyIds(length, uint32_t(length));
        ASSERT_EQ(yoco_session_reset(session, 1), YOCO_OK);
        EXPECT_EQ(prompt(session, 1, ids), tailLogits(ids)) << entries << ", chunk " << chunk << ", length " << length;
        ASSERT_EQ(yoco_session_reset(session, 1), YOCO_OK);
        int32_t next = -2;
        expectOk(session, yoco_session_prompt_greedy(session, 1, ids.data(), ids.size(), &next));
        EXPECT_EQ(next, tailNext(ids));
        Ids more = toyIds(3, 5);
        EXPECT_EQ(prompt(session, 1, more), tailLogits(concatenate(ids, more))) << "another turn";
        tokens += 2 * length + 3;
        prompts += 3;
      }
      yoco_session_stats stats = session.stats();
      EXPECT_EQ(stats.prefill_tokens, endsInOneStep ? tokens : tokens - prompts);
      EXPECT_EQ(stats.decode_tokens, endsInOneStep ? 0 : prompts);
      EXPECT_EQ(stats.extend_tokens, 0u);
    }
  }
}

TEST_P(ExtendTest, refusedPrompts) {
  OpenedSession session(model->model, options());
  int32_t next = -2;
  const Ids ids = {1, 2, 11};
  auto refused = [&](yoco_status status, const char *text) {
    EXPECT_EQ(status, YOCO_INVALID_ARGUMENT);
    EXPECT_STREQ(yoco_session_last_error(session), text);
  };
  refused(yoco_session_prompt_greedy(session, 3, ids.data(), 2, &next), "slot 3: the session has slots 0 to 2");
  refused(yoco_session_prompt_greedy(session, 0, ids.data(), 0, &next), "count: expected at least 1 token, got 0");
  refused(yoco_session_prompt_greedy(session, 0, ids.data(), 3, &next), "ids[2]: id 11 is not in the vocabulary of 11");
  refused(yoco_session_prompt_greedy(session, 0, nullptr, 3, &next), "ids is null");
  refused(yoco_session_prompt_greedy(session, 0, ids.data(), 2, nullptr), "next is null");
  EXPECT_EQ(yoco_session_prompt_greedy(nullptr, 0, ids.data(), 2, &next), YOCO_INVALID_ARGUMENT);
  EXPECT_EQ(yoco_session_prompt_greedy(session, 0, ids.data(), 41, &next), YOCO_OUT_OF_BOUNDS);
  EXPECT_EQ(next, -2);
  EXPECT_EQ(position(session, 0), 0u);
}

TEST_P(ExtendTest, notANumber) {
  ToyModel toy = makeToy();
  toy.blobs[0].assign(toy.blobs[0].size(), '\xFF'); // the bias
  open(std::move(toy));
  OpenedSession session(model->model, options());
  Extended step = extend(session, {{0, 3, 1}}, {1, 2, 3}, ResultKind::chosen);
  EXPECT_EQ(step.status, YOCO_INVALID_ARGUMENT);
  EXPECT_EQ(step.error, "results.chosen[0]: logits: expected numbers, got NaN in all of 11");
  EXPECT_EQ(step.rows, 2u);
  EXPECT_EQ(position(session, 0), 3u);
  int32_t next = -2;
  const int32_t ids[] = {1, 2};
  EXPECT_EQ(yoco_session_prompt_greedy(session, 2, ids, 2, &next), YOCO_INVALID_ARGUMENT);
  EXPECT_STREQ(yoco_session_last_error(session), "slot 2: logits: expected numbers, got NaN in all of 11");
  EXPECT_EQ(next, -1);
  EXPECT_EQ(position(session, 2), 2u);
  step = extend(session, {{1, 1, 0}}, {1}, ResultKind::logprobs, {4}, 1);
  ASSERT_EQ(step.status, YOCO_OK) << step.error;
  EXPECT_TRUE(std::isnan(step.logprobs[0].log_sum));
  EXPECT_TRUE(std::isnan(step.logprobs[0].target_logit));
  EXPECT_EQ(step.best[0].id, -1);
}

INSTANTIATE_TEST_SUITE_P(Devices, ExtendTest,
                         testing::Values(How{"host", false, false}, How{"host", false, true}, How{"cuda", true, true},
                                         How{"cuda", false, true}, How{"cuda", true, false}),
                         [](const auto &info) {
                           return std::string(info.param.device) + (info.param.graphs ? "Graphs" : "") +
                                  (info.param.sample ? "Sample" : "");
                         });

} // namespace
