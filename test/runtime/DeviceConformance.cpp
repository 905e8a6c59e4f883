// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What every device must do with every model: a sequence gives the same however its tokens come (in chunks, beside
// others, in used and copied slots, scored at once), the same bits each time, and a session holds what was planned.
//
//   device-conformance --model=MODEL.yoco [--device=host|cuda[:N]] [GoogleTest's flags]
//
// It needs the runtime alone and runs on other machines. Tests that the model has too few slots for are skipped. On the
// host, memory is full of NaNs before a session and between sequences, so a byte that is read and was not written
// shows.

#include "test/runtime/ConformanceSubject.h"

#include <algorithm>
#include <cstdio>
#include <random>

using namespace yoco::test;

namespace {

/// Texts that fit the model's bounds: the first has one token, and the longest crosses chunks, spans and small
/// windows.
class DeviceConformance : public testing::Test {
protected:
  void SetUp() override {
    std::mt19937 random(7);
    uint64_t most = subject.info.bounds.max_sequence_length;
    for (uint64_t wanted : {1, 25, 70, 300}) {
      uint64_t length = std::min<uint64_t>(wanted, most > kSteps ? most - kSteps : 1);
      Ids &ids = texts.emplace_back();
      while (ids.size() < length + kSteps)
        ids.push_back(int32_t(random() % subject.vocabulary()));
      lengths.push_back(length);
    }
    slots = std::min<uint64_t>(subject.info.bounds.max_batch, 4);
    if (most < kSteps + 1)
      GTEST_SKIP() << "the model's sequences are too short";
  }

  Ids prompt(size_t i) const { return Ids(texts[i].begin(), texts[i].begin() + long(lengths[i])); }
  int32_t next(size_t i, uint32_t step) const { return texts[i][lengths[i] + step]; }

  /// Logits after the prompt of text `i`, and after each of its next tokens.
  std::vector<Logits> run(Session &session, size_t i, int32_t slot = 0) const {
    session.reset(slot);
    std::vector<Logits> logits = {session.prompt(slot, prompt(i))};
    for (uint32_t step = 0; step < kSteps; ++step)
      logits.push_back(session.decode({slot}, {next(i, step)}));
    return logits;
  }
  std::vector<Logits> alone(size_t i) const {
    Session own;
    return run(own, i);
  }

  std::vector<Ids> texts;
  std::vector<size_t> lengths;
  uint64_t slots;
};

#define NEED_SLOTS(n)                                                                                                  \
  if (slots < (n))                                                                                                     \
  GTEST_SKIP() << "the model has " << slots << " slots"

TEST_F(DeviceConformance, ChunksOfAnySize) {
  std::vector<std::vector<Logits>> expected;
  for (size_t i = 0; i < texts.size(); ++i)
    expected.push_back(alone(i));
  for (uint64_t chunk : {1, 7, 33, 64}) {
    Session session({0, 0, std::min<uint64_t>(chunk, subject.info.bounds.prefill_chunk), 0});
    for (size_t i = 0; i < texts.size(); ++i) {
      std::vector<Logits> logits = run(session, i);
      for (size_t step = 0; step < logits.size(); ++step)
        expectClose(logits[step], expected[i][step]);
    }
  }
}

TEST_F(DeviceConformance, PrefillInPieces) {
  std::vector<Logits> expected = alone(3);
  Session session;
  Ids ids = prompt(3);
  for (size_t begin = 0, piece = 1; begin < ids.size(); begin += piece, piece = piece * 3 + 1) {
    size_t end = std::min(ids.size(), begin + piece);
    Ids part(ids.begin() + long(begin), ids.begin() + long(end));
    if (end < ids.size())
      session.prefill(0, part);
    else
      expectClose(session.prompt(0, part), expected[0]);
    EXPECT_EQ(session.position(0), end);
  }
}

// All but the last token of each prompt in one ragged call, the empty one left out; then all decode together, and then
// fewer and fewer of them.
TEST_F(DeviceConformance, SequencesTogetherGiveWhatEachGivesAlone) {
  NEED_SLOTS(2);
  std::vector<std::vector<Logits>> expected;
  for (size_t i = 0; i < slots; ++i)
    expected.push_back(alone(i));
  Session session;
  Ids all, called;
  std::vector<size_t> counts;
  for (size_t i = 1; i < slots; ++i) {
    Ids head = prompt(i);
    head.pop_back();
    all.insert(all.end(), head.begin(), head.end());
    called.push_back(int32_t(i));
    counts.push_back(head.size());
  }
  session.expectOk(yoco_session_prefill_batch(session, called.data(), counts.data(), called.size(), all.data()));
  std::vector<uint32_t> steps(slots);
  for (uint64_t running = slots; running > 0; --running)
    for (int repeat = 0; repeat < 2 && steps[0] <= kSteps; ++repeat) {
      Ids order, ids;
      for (uint64_t i = 0; i < running; ++i) {
        int32_t slot = int32_t((i * 3 + 2) % running); // a permutation when 3 does not divide `running`
        if (running % 3 == 0)
          slot = int32_t(running - 1 - i);
        order.push_back(slot);
        ids.push_back(texts[size_t(slot)][lengths[size_t(slot)] - 1 + steps[size_t(slot)]]);
      }
      Logits logits = session.decode(order, ids);
      for (uint64_t row = 0; row < running; ++row) {
        size_t slot = size_t(order[row]);
        expectClose(&logits[row * subject.vocabulary()], expected[slot][steps[slot]++].data());
      }
    }
}

TEST_F(DeviceConformance, UsedSlotsStartAgain) {
  std::vector<Logits> expected = alone(1);
  Session session;
  int32_t slot = int32_t(slots - 1);
  session.prompt(slot, prompt(3));
  std::vector<Logits> again = run(session, 1, slot);
  for (size_t step = 0; step < expected.size(); ++step)
    expectClose(again[step], expected[step]);
  if (!subject.isHost())
    return;
  // And with every byte of the session spoilt: all slots are empty after a reset, whatever memory holds.
  for (int32_t i = 0; i < int32_t(slots); ++i)
    session.reset(i);
  session.memory.poison();
  EXPECT_EQ(run(session, 1, slot), again);
}

TEST_F(DeviceConformance, CopiedSlotsGoOnLikeTheOriginal) {
  NEED_SLOTS(2);
  std::vector<Logits> expected = alone(2);
  Session session;
  int32_t copy = int32_t(slots - 1);
  session.prompt(copy, prompt(3)); // something to be overwritten
  session.prompt(0, prompt(2));
  session.expectOk(yoco_session_copy_slot(session, 0, copy));
  for (uint32_t step = 0; step < kSteps; ++step) {
    Logits logits = session.decode({copy, 0}, {next(2, step), next(2, step)});
    expectClose(&logits[0], expected[step + 1].data());
    expectClose(&logits[subject.vocabulary()], expected[step + 1].data());
  }
}

TEST_F(DeviceConformance, ScoringGivesWhatPrefillAndDecodeGive) {
  std::vector<Logits> expected = alone(3);
  Session whole, after({0, 0, 0, std::min<uint64_t>(7, subject.info.bounds.wanted_rows)});
  Logits all = whole.score(0, texts[3]);
  ASSERT_EQ(all.size(), texts[3].size() * subject.vocabulary());
  for (uint32_t step = 0; step <= kSteps; ++step)
    expectClose(&all[(lengths[3] - 1 + step) * subject.vocabulary()], expected[step].data());
  // After a prefix, in small steps.
  size_t half = lengths[3] / 2;
  after.prefill(0, Ids(texts[3].begin(), texts[3].begin() + long(half)));
  Logits rest = after.score(0, Ids(texts[3].begin() + long(half), texts[3].end()));
  expectClose(rest, Logits(all.begin() + long(half * subject.vocabulary()), all.end()));
}

TEST_F(DeviceConformance, RepeatedRunsGiveTheSameBits) {
  Session session, other;
  std::vector<Logits> first = run(session, 3);
  EXPECT_EQ(run(session, 3), first);
  EXPECT_EQ(run(other, 3), first);
  session.reset(0);
  other.reset(0);
  EXPECT_EQ(session.score(0, texts[2]), other.score(0, texts[2]));
}

// Steps that are recorded and replayed (GPUs) are those that are started one by one.
TEST_F(DeviceConformance, RecordedStepsGiveTheSameBits) {
  Session recorded, direct({}, /*graphs=*/false);
  for (size_t i : {3, 1})
    EXPECT_EQ(run(recorded, i), run(direct, i));
  recorded.reset(0);
  direct.reset(0);
  EXPECT_EQ(recorded.score(0, texts[2]), direct.score(0, texts[2]));
}

TEST_F(DeviceConformance, LogitsNeedNotBeFetched) {
  Session session, quiet;
  std::vector<Logits> expected = run(session, 2);
  int32_t slot = 0;
  Ids ids = prompt(2);
  quiet.expectOk(yoco_session_prompt(quiet, 0, ids.data(), ids.size(), nullptr));
  for (uint32_t step = 0; step + 1 < kSteps; ++step) {
    int32_t id = next(2, step);
    quiet.expectOk(yoco_session_decode(quiet, &slot, &id, 1, nullptr));
  }
  EXPECT_EQ(quiet.decode({0}, {next(2, kSteps - 1)}), expected.back());
}

/// The id of each row's largest logit, the lowest among equals.
Ids largest(const Logits &logits) {
  Ids ids;
  for (auto row = logits.begin(); row != logits.end(); row += long(subject.vocabulary()))
    ids.push_back(int32_t(std::max_element(row, row + long(subject.vocabulary())) - row));
  return ids;
}

// Chosen on the device, where the file has the entry for it, or else on the host: what the logits of the same session
// calls say. The sequences go on with what was chosen.
TEST_F(DeviceConformance, GreedyChoicesAreThoseOfTheLogits) {
  Session reference, session, byHost({}, true, YOCO_ENTRY_PREFILL | YOCO_ENTRY_DECODE);
  for (size_t i = 0; i < texts.size(); ++i) {
    Ids ids = prompt(i), head(ids.begin(), ids.end() - 1);
    for (Session *one : {&reference, &session, &byHost}) {
      one->reset(0);
      one->prefill(0, head);
    }
    Ids next = {ids.back()};
    for (uint32_t step = 0; step < kSteps; ++step) {
      Ids expected = largest(reference.decode({0}, next));
      EXPECT_EQ(session.decodeGreedy({0}, next), expected) << i << ", " << step;
      EXPECT_EQ(byHost.decodeGreedy({0}, next), expected) << i << ", " << step;
      next = expected;
    }
    EXPECT_EQ(session.position(0), lengths[i] - 1 + kSteps);
  }
}

TEST_F(DeviceConformance, GreedyChoicesOfSeveralSlots) {
  NEED_SLOTS(2);
  Session reference, session;
  Ids last;
  for (size_t i = 0; i < slots; ++i) {
    Ids ids = prompt(i);
    last.push_back(ids.back());
    ids.pop_back();
    reference.prefill(int32_t(i), ids);
    session.prefill(int32_t(i), ids);
  }
  // All of them, then fewer, and all again, last slot first.
  for (uint64_t running : {slots, slots, slots - 1, uint64_t(1), slots}) {
    Ids order, ids;
    for (uint64_t i = running; i-- > 0;) {
      order.push_back(int32_t(i));
      ids.push_back(last[i]);
    }
    Ids expected = largest(reference.decode(order, ids));
    EXPECT_EQ(session.decodeGreedy(order, ids), expected) << running;
    for (size_t row = 0; row < order.size(); ++row)
      last[size_t(order[row])] = expected[row];
  }
}

TEST_F(DeviceConformance, RefusedCallsChangeNothing) {
  Session session, other;
  session.prompt(0, prompt(2));
  other.prompt(0, prompt(2));
  uint64_t position = session.position(0);
  int32_t slot = 0, noSlot = int32_t(subject.info.bounds.max_batch), good = 0, bad = int32_t(subject.vocabulary()),
          negative = -1;
  Logits logits(subject.vocabulary());
  EXPECT_EQ(yoco_session_decode(session, &slot, &bad, 1, logits.data()), YOCO_INVALID_ARGUMENT);
  EXPECT_EQ(yoco_session_decode(session, &slot, &negative, 1, logits.data()), YOCO_INVALID_ARGUMENT);
  EXPECT_EQ(yoco_session_decode(session, &noSlot, &good, 1, logits.data()), YOCO_INVALID_ARGUMENT);
  Ids twice = {0, 0}, ids = {1, 2};
  EXPECT_NE(yoco_session_decode(session, twice.data(), ids.data(), 2, nullptr), YOCO_OK);
  Ids long_(size_t(subject.info.bounds.max_sequence_length), 0);
  EXPECT_EQ(yoco_session_prefill(session, 0, long_.data(), long_.size()), YOCO_OUT_OF_BOUNDS);
  Ids mixed = prompt(1);
  mixed.back() = bad;
  EXPECT_EQ(yoco_session_prefill(session, 0, mixed.data(), mixed.size()), YOCO_INVALID_ARGUMENT);
  EXPECT_EQ(yoco_session_copy_slot(session, 0, noSlot), YOCO_INVALID_ARGUMENT);
  EXPECT_EQ(session.position(0), position);
  EXPECT_EQ(session.decode({0}, {next(2, 0)}), other.decode({0}, {next(2, 0)}));
}

// A sequence may have exactly as many tokens as the session says, and no more.
TEST_F(DeviceConformance, SequencesFillTheirBound) {
  uint64_t most = std::min<uint64_t>(lengths[2] + kSteps, subject.info.bounds.max_sequence_length);
  Session session({most, 0, 0, 0}), larger;
  Ids ids(texts[2].begin(), texts[2].begin() + long(most) - 1);
  session.prompt(0, ids);
  larger.prompt(0, ids);
  expectClose(session.decode({0}, {texts[2][most - 1]}), larger.decode({0}, {texts[2][most - 1]}));
  int32_t slot = 0, id = 0;
  EXPECT_EQ(yoco_session_decode(session, &slot, &id, 1, nullptr), YOCO_OUT_OF_BOUNDS);
  EXPECT_EQ(session.position(0), most);
}

TEST_F(DeviceConformance, HoldsWhatWasPlanned) {
  const yoco_bounds file = subject.info.bounds;
  for (yoco_bounds bounds : {yoco_bounds{0, 0, 0, 0}, yoco_bounds{std::min<uint64_t>(file.max_sequence_length, 100), 1,
                                                                  std::min<uint64_t>(file.prefill_chunk, 9), 1}}) {
    Session session(bounds);
    yoco_session_stats stats = {};
    stats.struct_size = sizeof(stats);
    ASSERT_EQ(yoco_session_get_stats(session, &stats), YOCO_OK);
    yoco_variant_info planned = {};
    planned.struct_size = sizeof(planned);
    char error[256];
    ASSERT_EQ(yoco_model_get_variant(subject.model, subject.variantIndex, &bounds, &planned, error, sizeof(error)),
              YOCO_OK);
    EXPECT_EQ(stats.persistent_bytes, planned.persistent_bytes);
    EXPECT_EQ(stats.scratch_bytes, planned.scratch_bytes);
    EXPECT_EQ(stats.weight_bytes, planned.weight_bytes);
    if (subject.isHost()) {
      EXPECT_EQ(session.memory.bytes(), planned.persistent_bytes + planned.scratch_bytes);
      EXPECT_EQ(stats.device_weight_bytes, 0u);
    } else {
      uint64_t weights = stats.device_weight_bytes + stats.host_weight_bytes;
      EXPECT_GE(weights, planned.weight_bytes);
      EXPECT_LE(weights, planned.weight_bytes + planned.weight_bytes / 4 + (1 << 20));
    }
  }
}

/// Opens the model; what went wrong, or "".
std::string open() {
  char error[1024] = "";
  yoco_model_options options = {};
  options.struct_size = sizeof(options);
  options.verify = YOCO_VERIFY_DEFERRED;
  if (yoco_model_open_file(subject.path.c_str(), &options, &subject.model, error, sizeof(error)) != YOCO_OK)
    return error;
  subject.info.struct_size = sizeof(subject.info);
  yoco_model_get_info(subject.model, &subject.info);
  yoco_session_options sessionOptions = {};
  sessionOptions.struct_size = sizeof(sessionOptions);
  sessionOptions.device = subject.device.empty() ? nullptr : subject.device.c_str();
  yoco_session *session = nullptr;
  if (yoco_session_create(subject.model, &sessionOptions, &session, error, sizeof(error)) != YOCO_OK)
    return subject.path + ": " + error;
  yoco_session_stats stats = {};
  stats.struct_size = sizeof(stats);
  yoco_session_get_stats(session, &stats);
  for (uint32_t i = 0; i < subject.info.variant_count; ++i) {
    yoco_variant_info variant = {};
    variant.struct_size = sizeof(variant);
    yoco_model_get_variant(subject.model, i, nullptr, &variant, nullptr, 0);
    if (std::string(variant.target) == stats.target) {
      subject.variant = variant;
      subject.variantIndex = i;
    }
  }
  printf("%s: %s, %s, on %s\n", subject.path.c_str(), stats.target, subject.variant.compute_type,
         stats.device_description);
  yoco_session_destroy(session);
  return "";
}

} // namespace

int main(int argc, char **argv) {
  testing::InitGoogleTest(&argc, argv);
  bool understood = true;
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    if (argument.rfind("--model=", 0) == 0)
      subject.path = argument.substr(strlen("--model="));
    else if (argument.rfind("--device=", 0) == 0)
      subject.device = argument.substr(strlen("--device="));
    else
      understood = false;
  }
  if (!understood || subject.path.empty()) {
    fprintf(stderr, "usage: device-conformance --model=MODEL.yoco [--device=host|cuda[:N]]\n");
    return 1;
  }
  if (std::string error = open(); !error.empty()) {
    fprintf(stderr, "device-conformance: %s\n", error.c_str());
    return 1;
  }
  int result = RUN_ALL_TESTS();
  printf("largest relative difference %.2g, at most %.2g\n", subject.largest, subject.bound());
  yoco_model_destroy(subject.model);
  return result;
}
