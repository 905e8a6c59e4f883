// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiled models, several sequences in one session: what each gives beside others, at other positions and in used slots, is
// what it gives alone. Memory is poisoned with NaNs before a session and between sequences, so a byte that is read and was
// not written, or should count as cleared, shows.

#include "yoco/yoco.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <random>
#include <unistd.h>
#include <vector>

namespace {

using Ids = std::vector<int32_t>;
using Logits = std::vector<float>;

constexpr int32_t kVocabulary = 512;
constexpr unsigned kSlots = 4;

/// Memory that the test can see: everything a session holds, full of NaNs from the start.
struct Memory {
  std::map<void *, size_t> blocks;

  static void *allocate(void *user, size_t size, size_t alignment) {
    void *block = std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
    std::memset(block, 0xff, size);
    static_cast<Memory *>(user)->blocks[block] = size;
    return block;
  }
  static void deallocate(void *user, void *block, size_t) {
    static_cast<Memory *>(user)->blocks.erase(block);
    std::free(block);
  }
  void poison() {
    for (auto &[block, size] : blocks)
      std::memset(block, 0xff, size);
  }
};

/// A session of its own for each use, so that nothing is shared but the model.
struct Session {
  explicit Session(yoco_model *model, uint64_t chunk = 0) {
    allocator = {Memory::allocate, Memory::deallocate, &memory};
    yoco_session_options options = {};
    options.struct_size = sizeof(options);
    options.threads = 2;
    options.bounds.max_sequence_length = 400; // the file allows more: offsets are evaluated again
    options.bounds.prefill_chunk = chunk;
    options.allocator = &allocator;
    char error[512] = "";
    EXPECT_EQ(yoco_session_create(model, &options, &session, error, sizeof(error)), YOCO_OK) << error;
  }
  ~Session() { yoco_session_destroy(session); }

  Logits decode(const std::vector<int32_t> &slots, const Ids &ids) {
    Logits logits(slots.size() * kVocabulary, std::nanf(""));
    EXPECT_EQ(yoco_session_decode(session, slots.data(), ids.data(), slots.size(), logits.data()), YOCO_OK)
        << yoco_session_last_error(session);
    return logits;
  }
  Logits prompt(int32_t slot, const Ids &ids) {
    Logits logits(kVocabulary, std::nanf(""));
    EXPECT_EQ(yoco_session_prompt(session, slot, ids.data(), ids.size(), logits.data()), YOCO_OK)
        << yoco_session_last_error(session);
    return logits;
  }

  Memory memory;
  yoco_allocator allocator;
  yoco_session *session = nullptr;
};

/// Norm of the difference over the norm; NaNs do not pass.
void expectClose(const float *actual, const float *expected, double bound = 1e-5) {
  double difference = 0, norm = 0;
  for (int32_t i = 0; i < kVocabulary; ++i) {
    difference += std::pow(double(actual[i]) - expected[i], 2);
    norm += std::pow(double(expected[i]), 2);
  }
  EXPECT_LE(std::sqrt(difference), bound * std::sqrt(norm));
}

class Batches : public testing::TestWithParam<const char *> {
protected:
  void SetUp() override {
    folder = std::filesystem::temp_directory_path() / ("yoco-batches-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    std::string path = folder / (std::string(GetParam()) + ".yoco");
    std::string command = std::string(YOCO_COMPILE) + " " YOCO_CHECKPOINTS "/" + GetParam() + " -o " + path +
                          " --max-seq-len=600 --max-batch=" + std::to_string(kSlots) + " --prefill-chunk=100";
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
    char error[512] = "";
    ASSERT_EQ(yoco_model_open_file(path.c_str(), nullptr, &model, error, sizeof(error)), YOCO_OK) << error;
    std::mt19937 random(7);
    for (size_t length : {1, 25, 70, 200}) {
      Ids &ids = texts.emplace_back();
      for (size_t i = 0; i < length + 6; ++i)
        ids.push_back(random() % kVocabulary);
      lengths.push_back(length);
    }
  }
  void TearDown() override {
    yoco_model_destroy(model);
    std::filesystem::remove_all(folder);
  }

  Ids prompt(unsigned i) const { return Ids(texts[i].begin(), texts[i].begin() + lengths[i]); }

  /// Logits after the prompt of text `i`, and after each of its next 6 tokens, in a session of its own.
  std::vector<Logits> alone(unsigned i) {
    Session own(model);
    std::vector<Logits> logits = {own.prompt(0, prompt(i))};
    for (unsigned step = 0; step < 6; ++step)
      logits.push_back(own.decode({0}, {texts[i][lengths[i] + step]}));
    return logits;
  }

  std::filesystem::path folder;
  yoco_model *model = nullptr;
  std::vector<Ids> texts;
  std::vector<size_t> lengths;
};

TEST_P(Batches, SequencesAtDifferentPositionsGiveWhatEachGivesAlone) {
  Session shared(model);
  // All but the last token of each prompt in one ragged call, the empty one left out; then all decode together.
  Ids all;
  std::vector<int32_t> slots;
  std::vector<size_t> counts;
  for (unsigned i = 1; i < kSlots; ++i) {
    Ids head = prompt(i);
    head.pop_back();
    all.insert(all.end(), head.begin(), head.end());
    slots.push_back(i);
    counts.push_back(head.size());
  }
  ASSERT_EQ(yoco_session_prefill_batch(shared.session, slots.data(), counts.data(), slots.size(), all.data()), YOCO_OK)
      << yoco_session_last_error(shared.session);
  std::vector<std::vector<Logits>> expected;
  for (unsigned i = 0; i < kSlots; ++i)
    expected.push_back(alone(i));
  for (unsigned step = 0; step < 7; ++step) {
    std::vector<int32_t> order = {2, 0, 3, 1};
    Ids next;
    for (int32_t slot : order)
      next.push_back(texts[slot][lengths[slot] - 1 + step]);
    Logits logits = shared.decode(order, next);
    for (unsigned row = 0; row < kSlots; ++row)
      expectClose(&logits[row * kVocabulary], expected[order[row]][step].data());
  }
}

TEST_P(Batches, AUsedSlotStartsAgainWithoutClearing) {
  Session shared(model);
  shared.prompt(1, prompt(3));
  Logits bystander = shared.prompt(2, prompt(2));
  ASSERT_EQ(yoco_session_reset(shared.session, 1), YOCO_OK);
  std::vector<Logits> expected = alone(1);
  expectClose(shared.prompt(1, prompt(1)).data(), expected[0].data());
  // And with every byte of the session spoilt: all slots are empty after a reset, whatever memory holds.
  for (int32_t slot = 0; slot < int32_t(kSlots); ++slot)
    ASSERT_EQ(yoco_session_reset(shared.session, slot), YOCO_OK);
  shared.memory.poison();
  expectClose(shared.prompt(1, prompt(1)).data(), expected[0].data());
  for (unsigned step = 0; step < 6; ++step)
    expectClose(shared.decode({1}, {texts[1][lengths[1] + step]}).data(), expected[step + 1].data());
}

TEST_P(Batches, ACopiedSlotGoesOnLikeTheOriginal) {
  Session shared(model);
  shared.prompt(0, prompt(2));
  ASSERT_EQ(yoco_session_copy_slot(shared.session, 0, 3), YOCO_OK) << yoco_session_last_error(shared.session);
  std::vector<Logits> expected = alone(2);
  for (unsigned step = 0; step < 6; ++step) {
    Ids next(2, texts[2][lengths[2] + step]);
    Logits logits = shared.decode({3, 0}, next);
    expectClose(&logits[0], expected[step + 1].data());
    expectClose(&logits[kVocabulary], expected[step + 1].data());
  }
}

TEST_P(Batches, ScoringGivesWhatChunkedPrefillAndDecodeGive) {
  for (uint64_t chunk : {1, 7, 64}) {
    Session own(model, chunk), scoring(model);
    Logits all;
    auto collect = [](void *user, size_t, size_t rows, const float *logits) {
      static_cast<Logits *>(user)->insert(static_cast<Logits *>(user)->end(), logits, logits + rows * kVocabulary);
      return 0;
    };
    ASSERT_EQ(yoco_session_score(scoring.session, 0, texts[3].data(), texts[3].size(), collect, &all), YOCO_OK);
    ASSERT_EQ(all.size(), texts[3].size() * kVocabulary);
    expectClose(own.prompt(0, prompt(3)).data(), &all[(lengths[3] - 1) * kVocabulary], 2e-5);
    for (unsigned step = 0; step < 6; ++step)
      expectClose(own.decode({0}, {texts[3][lengths[3] + step]}).data(), &all[(lengths[3] + step) * kVocabulary], 2e-5);
  }
}

INSTANTIATE_TEST_SUITE_P(Models, Batches, testing::Values("yoco-gret-random", "yoco-swa-random"),
                         [](const auto &info) { return std::string(info.param) == "yoco-gret-random" ? "Retention" : "Window"; });

} // namespace
