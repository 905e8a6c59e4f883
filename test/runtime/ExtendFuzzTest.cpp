// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Thousands of random calls on the toy with a tail, steps of yoco_session_extend() above all: sequences that prefill,
// decode, are scored or do nothing, side by side. Every call must give what the ids alone say, or be refused when they
// say so, and then change nothing.

#include "test/runtime/ExtendCalls.h"
#include "test/runtime/ToyCuda.h"
#include "test/runtime/ToyTail.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

using namespace yoco;
using namespace yoco::test;

namespace {

using Logits = std::vector<float>;

constexpr uint64_t kSeq = 40, kChunk = 7, kWanted = 5;
constexpr int32_t kSlots = 3;

/// A sequence, and of each position whether the second half has seen it.
struct Sequence {
  Ids ids;
  std::vector<bool> seen;

  bool mayWant(uint64_t from) const {
    for (uint64_t position = from < kToyHalo ? 0 : from - kToyHalo; position < seen.size(); ++position)
      if (!seen[size_t(position)])
        return false;
    return true;
  }
  void append(int32_t id, uint64_t wantedFrom) {
    seen.push_back(wantedFrom <= seen.size() + kToyHalo);
    ids.push_back(id);
  }
};

struct How {
  const char *device;
  bool graphs, sample;
};

class ExtendFuzzTest : public testing::TestWithParam<How> {
protected:
  uint32_t below(uint32_t count) { return std::uniform_int_distribution<uint32_t>(0, count - 1)(random); }
  Ids someIds(size_t count) {
    Ids ids;
    for (size_t i = 0; i < count; ++i)
      ids.push_back(int32_t(below(kToyVocabulary)));
    return ids;
  }
  void step();
  void expectResults(const Extended &step, ResultKind kind, const std::vector<Ids> &wanted, const Ids &targets);
  void call();
  /// Appends a prompt by another call than extend, or tokens of which all are wanted.
  void append(int32_t slot, uint64_t wantedFrom, const Ids &ids) {
    for (int32_t id : ids)
      sequences[slot].append(id, wantedFrom);
  }

  std::mt19937 random{20};
  Sequence sequences[kSlots];
  yoco_session *session = nullptr;
  uint64_t accepted = 0, refused = 0;
};

void ExtendFuzzTest::expectResults(const Extended &step, ResultKind kind, const std::vector<Ids> &wanted,
                                   const Ids &targets) {
  ASSERT_EQ(step.rows, wanted.size());
  for (size_t row = 0; row < wanted.size(); ++row) {
    Logits expected = tailLogits(wanted[row]);
    const float *logits = step.logits.data() + row * kToyVocabulary;
    int32_t largest = int32_t(std::max_element(expected.begin(), expected.end()) - expected.begin());
    if (kind == ResultKind::logits)
      ASSERT_EQ(Logits(logits, logits + kToyVocabulary), expected);
    if (kind == ResultKind::chosen)
      ASSERT_EQ(step.chosen[row], largest);
    if (kind != ResultKind::logprobs)
      continue;
    double sum = 0;
    for (float logit : expected)
      sum += std::exp(double(logit));
    ASSERT_NEAR(step.logprobs[row].log_sum, std::log(sum), 1e-5);
    ASSERT_EQ(step.logprobs[row].target_logit, expected[size_t(targets[row])]);
    ASSERT_EQ(step.logprobs[row].rank == 0, targets[row] == largest);
    ASSERT_EQ(step.best[row * 3].id, largest);
  }
}

/// One random step of extend.
void ExtendFuzzTest::step() {
  int32_t slots[] = {0, 1, 2};
  std::shuffle(slots, slots + kSlots, random);
  uint32_t count = below(kSlots + 1);
  std::vector<yoco_segment> segments;
  std::vector<Ids> wanted;
  Ids ids;
  bool isRefused = false;
  Sequence after[kSlots] = {sequences[0], sequences[1], sequences[2]};
  for (uint32_t i = 0; i < count; ++i) {
    Sequence &sequence = after[slots[i]];
    uint64_t first = sequence.ids.size();
    uint32_t rows = below(4) == 0 ? 1 : below(6);
    const uint64_t froms[] = {first, first + rows, first + rows - 1, first + below(12), below(40), YOCO_NOTHING_WANTED};
    uint64_t from = froms[below(6)];
    segments.push_back({slots[i], rows, from});
    isRefused |= first + rows > kSeq || (rows != 0 && !sequence.mayWant(from));
    for (int32_t id : someIds(rows)) {
      ids.push_back(id);
      sequence.append(id, from);
      if (sequence.ids.size() > from)
        wanted.push_back(sequence.ids);
    }
  }
  isRefused |= ids.size() > kChunk || wanted.size() > kWanted;
  auto kind = ResultKind(below(4));
  Ids targets = kind == ResultKind::logprobs ? someIds(wanted.size()) : Ids();
  Extended result = extend(session, segments, ids, kind, targets, 3);
  ASSERT_EQ(result.status != YOCO_OK, isRefused) << result.error;
  (isRefused ? refused : accepted) += 1;
  if (isRefused)
    return;
  expectResults(result, kind, wanted, targets);
  std::copy(after, after + kSlots, sequences);
}

/// One random call of another function.
void ExtendFuzzTest::call() {
  auto slot = int32_t(below(kSlots)), other = int32_t(below(kSlots));
  Sequence &sequence = sequences[slot];
  uint64_t first = sequence.ids.size();
  Ids ids = someIds(1 + below(12));
  if (first + ids.size() > kSeq || below(6) == 0) {
    ASSERT_EQ(yoco_session_reset(session, slot), YOCO_OK);
    sequence = {};
    return;
  }
  switch (below(4)) {
  case 0:
    ASSERT_EQ(yoco_session_copy_slot(session, slot, other), YOCO_OK);
    sequences[other] = sequence;
    return;
  case 1:
    prefill(session, slot, ids);
    return append(slot, first + ids.size(), ids);
  case 2: {
    Logits logits(kToyVocabulary);
    uint64_t from = first + ids.size() - 1;
    yoco_status status = yoco_session_prompt(session, slot, ids.data(), ids.size(), logits.data());
    ASSERT_EQ(status, sequence.mayWant(from) ? YOCO_OK : YOCO_INVALID_ARGUMENT);
    if (status != YOCO_OK)
      return;
    append(slot, from, ids);
    ASSERT_EQ(logits, tailLogits(sequence.ids));
    return;
  }
  case 3:
    if (!sequence.mayWant(first))
      return;
    Logits logits = score(session, slot, ids);
    for (size_t row = 0; row < ids.size(); ++row) {
      append(slot, first, {ids[row]});
      const float *got = logits.data() + row * kToyVocabulary;
      ASSERT_EQ(Logits(got, got + kToyVocabulary), tailLogits(sequence.ids));
    }
  }
}

TEST_P(ExtendFuzzTest, mixes) {
  useFakeCuda("test=mixes");
  ToyModel toy = strcmp(GetParam().device, "cuda") == 0 ? toyForCuda() : ToyModel();
  addTail(toy);
  if (GetParam().sample)
    addTailSample(toy);
  FileBytes file = toy.build();
  Opened model(file);
  yoco_allocator allocator = poisonedMemory();
  yoco_session_options options = {};
  options.device = GetParam().device;
  options.no_graphs = !GetParam().graphs;
  options.allocator = &allocator;
  OpenedSession opened(model.model, options);
  ASSERT_EQ(opened.status, YOCO_OK) << opened.error;
  session = opened;
  for (int i = 0; i < 4000 && !HasFatalFailure() && !HasNonfatalFailure(); ++i) {
    SCOPED_TRACE("call " + std::to_string(i));
    if (below(8) == 0)
      call();
    else
      step();
    for (int32_t slot = 0; slot < kSlots; ++slot)
      ASSERT_EQ(position(session, slot), sequences[slot].ids.size());
  }
  EXPECT_GT(accepted, 1000u);
  EXPECT_GT(refused, 300u);
}

INSTANTIATE_TEST_SUITE_P(Devices, ExtendFuzzTest,
                         testing::Values(How{"host", false, true}, How{"cuda", true, false}, How{"cuda", false, true}),
                         [](const auto &info) {
                           return std::string(info.param.device) + (info.param.graphs ? "Graphs" : "");
                         });

} // namespace
