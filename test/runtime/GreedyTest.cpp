// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Greedy decoding: chosen on the device by entry `sample`, or on the host from logits.

#include "test/runtime/SessionCalls.h"
#include "test/runtime/ToyCuda.h"

#include <algorithm>
#include <cstring>
#include <gmock/gmock.h>
#include <limits>

using namespace yoco::test;
using testing::HasSubstr;

namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// Who computes, and whether the file has entry `sample`.
struct How {
  bool cuda, graphs, sample;
};

class GreedyTest : public testing::TestWithParam<How> {
protected:
  void SetUp() override {
    useFakeCuda(std::string("test=") + testing::UnitTest::GetInstance()->current_test_info()->name());
  }

  ToyModel toy() const {
    ToyModel toy = GetParam().cuda ? toyForCuda() : ToyModel();
    if (GetParam().sample)
      toy.addSample();
    return toy;
  }
  yoco_session_options options(uint32_t entries = 0) const {
    yoco_session_options options = {};
    options.device = GetParam().cuda ? "cuda" : "host";
    options.no_graphs = !GetParam().graphs;
    options.entries = entries;
    return options;
  }
  /// A file whose logits are those of the toy plus these; large ones and NaN drown the toy's.
  FileBytes withBias(const std::vector<float> &bias) const {
    ToyModel changed = toy();
    memcpy(changed.blobs[0].data(), bias.data(), kToyVocabulary * sizeof(float));
    return changed.build();
  }
};

TEST_P(GreedyTest, goesOnLikeTheModel) {
  FileBytes file = toy().build();
  Opened model(file);
  OpenedSession session(model.model, options());
  ASSERT_EQ(session.status, YOCO_OK) << session.error;
  uint64_t tokens = 0;
  for (size_t length : {1, 2, 9, 20}) {
    Ids ids = toyIds(length);
    ASSERT_EQ(yoco_session_reset(session, 1), YOCO_OK);
    prefill(session, 1, Ids(ids.begin(), ids.end() - 1));
    for (int step = 0; step < 10; ++step) {
      Ids next = decodeGreedy(session, {1}, {ids.back()});
      EXPECT_EQ(next, Ids{toyNext(ids)}) << length << ", " << step;
      ids.push_back(next[0]);
      EXPECT_EQ(session.stats().decode_tokens, ++tokens);
    }
    EXPECT_EQ(position(session, 1), length + 9);
  }
}

// One to three slots a step, in changing order, and steps with logits in between.
TEST_P(GreedyTest, severalSlots) {
  FileBytes file = toy().build();
  Opened model(file);
  OpenedSession session(model.model, options());
  std::vector<Ids> sequences = {toyIds(3, 1), toyIds(9, 2), toyIds(5, 3)};
  for (int32_t slot = 0; slot < 3; ++slot)
    prefill(session, slot, Ids(sequences[size_t(slot)].begin(), sequences[size_t(slot)].end() - 1));
  for (int round = 0; round < 12; ++round) {
    Ids slots, ids, expected;
    for (int i = 0; i <= round % 3; ++i) {
      slots.push_back((round + 2 * i) % 3);
      ids.push_back(sequences[size_t(slots.back())].back());
      expected.push_back(toyNext(sequences[size_t(slots.back())]));
    }
    if (round % 4 == 3)
      decode(session, slots, ids);
    else
      EXPECT_EQ(decodeGreedy(session, slots, ids), expected) << round;
    for (size_t i = 0; i < slots.size(); ++i)
      sequences[size_t(slots[i])].push_back(expected[i]);
  }
}

TEST_P(GreedyTest, lowestAmongEqualsAndNaN) {
  const std::pair<std::vector<float>, int32_t> cases[] = {
      {{0, 0, 1e9f, 0, 0, 1e9f, 0, 0, 0, 0, 0}, 2},
      {{0, 0, kNaN, 0, 0, 1e9f, 0, 1e9f, 0, 0, 0}, 5},
      {{kNaN, kNaN, kNaN, kNaN, kNaN, kNaN, kNaN, kNaN, kNaN, kNaN, 0}, 10},
      {{-kInfinity, -kInfinity, -kInfinity, -kInfinity, -kInfinity, -kInfinity, -kInfinity, -kInfinity, -kInfinity,
        -kInfinity, -kInfinity},
       0},
      {{kNaN, -kInfinity, -kInfinity, kNaN, kNaN, kNaN, kNaN, kNaN, kNaN, kNaN, kNaN}, 1},
      {{kInfinity, 0, 0, 0, 0, 0, 0, kInfinity, 0, 0, 0}, 0}};
  for (const auto &[bias, expected] : cases) {
    FileBytes file = withBias(bias);
    Opened model(file);
    OpenedSession session(model.model, options());
    std::vector<float> logits = decode(session, {0}, {4});
    int32_t chosen = -1;
    ASSERT_EQ(yoco_sample(logits.data(), kToyVocabulary, nullptr, 0, &chosen, nullptr, 0), YOCO_OK);
    EXPECT_EQ(chosen, expected);
    EXPECT_EQ(decodeGreedy(session, {2, 1}, {4, 7}), Ids(2, expected));
  }
}

TEST_P(GreedyTest, NaNAlone) {
  FileBytes file = withBias(std::vector<float>(kToyVocabulary, kNaN));
  Opened model(file);
  OpenedSession session(model.model, options());
  Ids slots = {2, 0}, ids = {4, 7}, next = {9, 9};
  EXPECT_EQ(yoco_session_decode_greedy(session, slots.data(), ids.data(), 2, next.data()), YOCO_INVALID_ARGUMENT);
  EXPECT_STREQ(yoco_session_last_error(session), "slots[0]: logits: expected numbers, got NaN in all of 11");
  EXPECT_EQ(next, Ids({-1, -1}));
  EXPECT_EQ(position(session, 2), 1u);
  EXPECT_EQ(position(session, 0), 1u);
}

TEST_P(GreedyTest, refusesBadCalls) {
  FileBytes file = toy().build();
  Opened model(file);
  OpenedSession session(model.model, options());
  Ids ids = {1, 2, 11, 4}, slots = {0, 1, 0, 2}, next(4, 7);
  auto expectError = [&](yoco_status status, yoco_status expected, const char *text) {
    EXPECT_EQ(status, expected);
    EXPECT_THAT(yoco_session_last_error(session), HasSubstr(text));
  };
  auto call = [&](size_t n) { return yoco_session_decode_greedy(session, slots.data(), ids.data(), n, next.data()); };
  expectError(call(3), YOCO_INVALID_ARGUMENT, "slots[2]: slot 0 is there twice");
  expectError(call(4), YOCO_OUT_OF_BOUNDS, "4 slots are above the session's max_batch of 3");
  slots[2] = 2;
  expectError(call(3), YOCO_INVALID_ARGUMENT, "ids[2]: id 11 is not in the vocabulary");
  slots[0] = 3;
  expectError(call(1), YOCO_INVALID_ARGUMENT, "slot 3: the session has slots 0 to 2");
  expectError(yoco_session_decode_greedy(session, nullptr, ids.data(), 1, next.data()), YOCO_INVALID_ARGUMENT,
              "slots is null");
  expectError(yoco_session_decode_greedy(session, slots.data(), nullptr, 1, next.data()), YOCO_INVALID_ARGUMENT,
              "ids is null");
  expectError(yoco_session_decode_greedy(session, slots.data(), ids.data(), 1, nullptr), YOCO_INVALID_ARGUMENT,
              "next is null");
  EXPECT_EQ(yoco_session_decode_greedy(nullptr, slots.data(), ids.data(), 1, next.data()), YOCO_INVALID_ARGUMENT);
  EXPECT_EQ(yoco_session_decode_greedy(session, nullptr, nullptr, 0, nullptr), YOCO_OK);
  prefill(session, 0, toyIds(40));
  slots[0] = 0;
  expectError(call(1), YOCO_OUT_OF_BOUNDS, "slot 0 holds 40 tokens");
  EXPECT_EQ(next, Ids(4, 7));
  EXPECT_EQ(position(session, 1), 0u);
}

// A session without entry `sample` chooses on the host, and one without entry `decode` gives no logits.
TEST_P(GreedyTest, chosenEntries) {
  FileBytes file = toy().build();
  Opened model(file);
  OpenedSession host(model.model, options(YOCO_ENTRY_PREFILL | YOCO_ENTRY_DECODE)),
      device(model.model, options(YOCO_ENTRY_PREFILL | YOCO_ENTRY_SAMPLE)),
      neither(model.model, options(YOCO_ENTRY_PREFILL));
  Ids ids = toyIds(9), head(ids.begin(), ids.end() - 1);
  prefill(host, 0, head);
  EXPECT_EQ(decodeGreedy(host, {0}, {ids.back()}), Ids{toyNext(ids)});
  int32_t slot = 0, id = 0, next = 0;
  EXPECT_EQ(yoco_session_decode_greedy(neither, &slot, &id, 1, &next), YOCO_UNSUPPORTED);
  EXPECT_THAT(yoco_session_last_error(neither), HasSubstr("the session has no entry `decode`"));
  if (!GetParam().sample) {
    EXPECT_EQ(device.status, YOCO_UNSUPPORTED);
    EXPECT_EQ(device.error, "options.entries: the file has no entry `sample`");
    return;
  }
  ASSERT_EQ(device.status, YOCO_OK) << device.error;
  prefill(device, 0, head);
  EXPECT_EQ(decodeGreedy(device, {0}, {ids.back()}), Ids{toyNext(ids)});
  EXPECT_EQ(yoco_session_decode(device, &slot, &id, 1, nullptr), YOCO_UNSUPPORTED);
  EXPECT_THAT(yoco_session_last_error(device), HasSubstr("the session has no entry `decode`"));
  if (GetParam().cuda) {
    EXPECT_LT(device.stats().staging_bytes, host.stats().staging_bytes) << "no room for logits";
  }
}

TEST_P(GreedyTest, costsAndIsDescribed) {
  FileBytes file = toy().build();
  Opened model(file);
  yoco_step_cost decodeCost = {sizeof(yoco_step_cost)}, sampleCost = decodeCost;
  char error[256] = "";
  ASSERT_EQ(yoco_model_get_step_cost(model.model, 0, YOCO_ENTRY_DECODE, 2, 1, 1, 5, &decodeCost, error, sizeof(error)),
            YOCO_OK);
  yoco_status status =
      yoco_model_get_step_cost(model.model, 0, YOCO_ENTRY_SAMPLE, 2, 1, 1, 5, &sampleCost, error, sizeof(error));
  std::string text;
  yoco_model_describe(
      model.model,
      [](void *user, const char *piece, size_t size) { static_cast<std::string *>(user)->append(piece, size); }, &text);
  if (!GetParam().sample) {
    EXPECT_EQ(status, YOCO_INVALID_ARGUMENT);
    EXPECT_STREQ(error, "entry: expected one YOCO_ENTRY_* that the file has, got 0x8");
    return;
  }
  EXPECT_EQ(status, YOCO_OK) << error;
  EXPECT_EQ(memcmp(&decodeCost, &sampleCost, sizeof(decodeCost)), 0);
  EXPECT_THAT(text, HasSubstr("  entry sample: one per segment rows, at most 3, gives sampled of all, 4 "
                              "instructions\n"));
}

INSTANTIATE_TEST_SUITE_P(Devices, GreedyTest,
                         testing::Values(How{false, true, true}, How{false, true, false}, How{true, true, true},
                                         How{true, false, true}, How{true, true, false}),
                         [](const testing::TestParamInfo<How> &info) {
                           return std::string(info.param.cuda ? "cuda" : "host") +
                                  (info.param.sample ? "Sample" : "Decode") + (info.param.graphs ? "" : "NoGraphs");
                         });

// One copy from the device and one wait: for the ids alone.
TEST(GreedyFileTest, copiesOnce) {
  useFakeCuda("test=copiesOnce");
  ToyModel toy = toyForCuda();
  toy.addSample();
  FileBytes file = toy.build();
  Opened model(file);
  OpenedSession session(model.model);
  uint64_t copies = fakeCounter("cuMemcpyDtoHAsync"), waits = fakeCounter("cuStreamSynchronize");
  decodeGreedy(session, {0, 1}, {4, 7});
  EXPECT_EQ(fakeCounter("cuMemcpyDtoHAsync"), copies + 1);
  EXPECT_EQ(fakeCounter("cuStreamSynchronize"), waits + 1);
}

// A file whose kernel chooses what is no id.
TEST(GreedyFileTest, choiceOutsideTheVocabulary) {
  ToyModel toy;
  toy.addSample();
  // The choice is the bits of the first logits.
  auto &instructions = toy.program(3).instructions;
  instructions.pop_back();
  instructions.back()->operation.AsLaunch()->arguments[3]->index = toy.program(3).outputs[0];
  FileBytes file = toy.build();
  Opened model(file);
  OpenedSession session(model.model);
  int32_t slot = 0, id = 1, next = 0;
  EXPECT_EQ(yoco_session_decode_greedy(session, &slot, &id, 1, &next), YOCO_INVALID_FILE);
  EXPECT_THAT(yoco_session_last_error(session), testing::HasSubstr("entry `sample`: row 0: id "));
  EXPECT_THAT(yoco_session_last_error(session), testing::HasSubstr(" is not in the vocabulary of 11"));
}

// With a product after the logits: the choice is of their sums.
TEST(GreedyFileTest, products) {
  useFakeCuda("test=products");
  ToyModel toy = toyForCuda();
  addProducts(toy);
  toy.addSample();
  FileBytes file = toy.build();
  Opened model(file);
  ASSERT_EQ(model.status, YOCO_OK) << model.error;
  OpenedSession session(model.model);
  Ids ids = toyIds(9);
  prefill(session, 0, Ids(ids.begin(), ids.end() - 1));
  for (int step = 0; step < 6; ++step) {
    std::vector<float> logits = productLogits(ids);
    Ids next = decodeGreedy(session, {0}, {ids.back()});
    EXPECT_EQ(next[0], std::max_element(logits.begin(), logits.end()) - logits.begin());
    ids.push_back(next[0]);
  }
}

} // namespace
