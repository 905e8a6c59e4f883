// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a session computes: slots, chunks, batches, copies, and what it refuses.

#include "test/runtime/SessionCalls.h"

#include <cstring>
#include <gmock/gmock.h>
#include <thread>

using namespace yoco::test;
using testing::HasSubstr;

namespace {

class SessionTest : public testing::Test {
protected:
  FileBytes file = ToyModel().build();
  Opened model{file};
};

// Prompts of all lengths around the chunk (7) and the window (4): the last
// row's logits are those of the whole sequence.
TEST_F(SessionTest, promptOfAnyLength) {
  OpenedSession session(model.model);
  ASSERT_EQ(session.status, YOCO_OK) << session.error;
  for (size_t length = 1; length <= 40; ++length) {
    ASSERT_EQ(yoco_session_reset(session, 1), YOCO_OK);
    EXPECT_EQ(prompt(session, 1, toyIds(length)), toyLogits(toyIds(length))) << length;
    EXPECT_EQ(position(session, 1), length);
  }
}

// Any chunk that the session chooses gives the same, and so does appending
// piece by piece.
TEST_F(SessionTest, chunkingDoesNotMatter) {
  Ids ids = toyIds(30);
  for (uint64_t chunk : {1, 2, 7}) {
    yoco_session_options options = {};
    options.bounds.prefill_chunk = chunk;
    OpenedSession session(model.model, options);
    ASSERT_EQ(session.status, YOCO_OK) << session.error;
    EXPECT_EQ(session.stats().bounds.prefill_chunk, chunk);
    for (size_t piece : {1, 9, 13, 0})
      ASSERT_EQ(yoco_session_prefill(session, 0, ids.data() + position(session, 0), piece), YOCO_OK);
    EXPECT_EQ(prompt(session, 0, Ids(ids.begin() + 23, ids.end())), toyLogits(ids));
  }
}

TEST_F(SessionTest, decodeContinues) {
  OpenedSession session(model.model);
  Ids ids = toyIds(5);
  prompt(session, 2, ids);
  for (int i = 0; i < 10; ++i) {
    int32_t id = toyNext(ids);
    ids.push_back(id);
    EXPECT_EQ(decode(session, {2}, {id}), toyLogits(ids));
  }
}

// Scoring gives every row, in steps of 5, also after a prefix.
TEST_F(SessionTest, scoreEqualsDecode) {
  OpenedSession session(model.model);
  Ids prefix = toyIds(6, 2), ids = toyIds(17);
  ASSERT_EQ(yoco_session_prefill(session, 0, prefix.data(), prefix.size()), YOCO_OK);
  std::vector<float> logits = score(session, 0, ids);
  ASSERT_EQ(logits.size(), ids.size() * kToyVocabulary);
  for (size_t row = 0; row < ids.size(); ++row) {
    std::vector<float> expected = toyLogits(concatenate(prefix, Ids(ids.begin(), ids.begin() + long(row) + 1)));
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), logits.begin() + long(row * kToyVocabulary))) << row;
  }
}

TEST_F(SessionTest, scoreStopsWhenAsked) {
  OpenedSession session(model.model);
  Ids ids = toyIds(17);
  auto stop = [](void *, size_t first, size_t, const float *) { return int(first >= 5); };
  EXPECT_EQ(yoco_session_score(session, 0, ids.data(), ids.size(), stop, nullptr), YOCO_CANCELLED);
  EXPECT_THAT(yoco_session_last_error(session), HasSubstr("row 10 of 17"));
  ASSERT_EQ(yoco_session_reset(session, 0), YOCO_OK);
  EXPECT_EQ(prompt(session, 0, ids), toyLogits(ids));
}

// Several sequences at different positions give what each gives alone,
// prefilled together and decoded in any order.
TEST_F(SessionTest, batchesOfDifferentLengths) {
  OpenedSession session(model.model);
  std::vector<Ids> sequences = {toyIds(3, 1), toyIds(19, 2), toyIds(8, 3)};
  Ids slots = {2, 0, 1}, all;
  std::vector<size_t> counts;
  for (const Ids &ids : sequences) {
    counts.push_back(ids.size());
    all = concatenate(all, ids);
  }
  ASSERT_EQ(yoco_session_prefill_batch(session, slots.data(), counts.data(), 3, all.data()), YOCO_OK)
      << yoco_session_last_error(session);
  for (int round = 0; round < 6; ++round) {
    Ids order = {round % 3, (round + 1) % 3}, roundSlots,
        ids; // two of the three
    std::vector<float> expected;
    for (int32_t i : order) {
      int32_t id = int32_t((round * 5 + i) % int(kToyVocabulary));
      sequences[size_t(i)].push_back(id);
      roundSlots.push_back(slots[size_t(i)]);
      ids.push_back(id);
      std::vector<float> logits = toyLogits(sequences[size_t(i)]);
      expected.insert(expected.end(), logits.begin(), logits.end());
    }
    EXPECT_EQ(decode(session, roundSlots, ids), expected) << round;
  }
}

// The memory of a session, held by the test, which may write anything into it.
struct Arena {
  std::vector<std::pair<void *, size_t>> allocations;
  size_t held = 0;

  yoco_allocator allocator() {
    return {[](void *user, size_t size, size_t alignment) {
              auto &arena = *static_cast<Arena *>(user);
              void *memory = aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
              arena.allocations.push_back({memory, size});
              arena.held += size;
              memset(memory, 0xFF, size);
              return memory;
            },
            [](void *user, void *memory, size_t size) {
              static_cast<Arena *>(user)->held -= size;
              free(memory);
            },
            this};
  }
  void poison(int byte) {
    for (auto [memory, size] : allocations)
      memset(memory, byte, size);
  }
};

// A slot is used again after reset, whatever its memory holds then.
TEST_F(SessionTest, reusesPoisonedSlot) {
  Arena arena;
  yoco_allocator allocator = arena.allocator();
  yoco_session_options options = {};
  options.allocator = &allocator;
  {
    OpenedSession session(model.model, options);
    ASSERT_EQ(session.status, YOCO_OK) << session.error;
    yoco_session_stats stats = session.stats();
    EXPECT_EQ(arena.held, stats.persistent_bytes + stats.scratch_bytes);
    EXPECT_EQ(prompt(session, 0, toyIds(20)), toyLogits(toyIds(20)));
    for (int byte : {0xFF, 0x7F, 0x01}) {
      arena.poison(byte);
      ASSERT_EQ(yoco_session_reset(session, 0), YOCO_OK);
      EXPECT_EQ(prompt(session, 0, toyIds(9, 5)), toyLogits(toyIds(9, 5)));
    }
    EXPECT_EQ(arena.allocations.size(), 2u) << "nothing is allocated after creation";
  }
  EXPECT_EQ(arena.held, 0u);
}

TEST_F(SessionTest, copiesSlots) {
  OpenedSession session(model.model);
  Ids ids = toyIds(12);
  prompt(session, 0, ids);
  ASSERT_EQ(yoco_session_copy_slot(session, 0, 2), YOCO_OK);
  ASSERT_EQ(yoco_session_copy_slot(session, 0, 0), YOCO_OK);
  EXPECT_EQ(position(session, 2), 12u);
  EXPECT_EQ(decode(session, {2}, {4}), toyLogits(concatenate(ids, {4})));
  EXPECT_EQ(decode(session, {0}, {9}), toyLogits(concatenate(ids, {9})));
  ASSERT_EQ(yoco_session_copy_slot(session, 1, 0), YOCO_OK); // an empty one
  EXPECT_EQ(position(session, 0), 0u);
  EXPECT_EQ(prompt(session, 0, ids), toyLogits(ids));
}

// Sizes are evaluated for the bounds asked, and smaller sessions compute the
// same.
TEST_F(SessionTest, smallerBounds) {
  yoco_session_options options = {};
  options.bounds = {10, 1, 3, 2};
  OpenedSession small(model.model, options), large(model.model);
  ASSERT_EQ(small.status, YOCO_OK) << small.error;
  EXPECT_EQ(small.stats().persistent_bytes, 3u * 64);
  EXPECT_EQ(large.stats().persistent_bytes,
            3u * 128 + 512); // a record a slot, 3 * 40 * 4 rounded up
  EXPECT_EQ(small.stats().scratch_bytes,
            64u + 64 + 64 + 64 + 128); // score: 2 * {4, 16, 16, 44} and a segment table
  EXPECT_EQ(prompt(small, 0, toyIds(10)), toyLogits(toyIds(10)));
  Ids eleven = toyIds(11);
  ASSERT_EQ(yoco_session_reset(small, 0), YOCO_OK);
  EXPECT_EQ(yoco_session_prefill(small, 0, eleven.data(), 11), YOCO_OUT_OF_BOUNDS);
  EXPECT_THAT(yoco_session_last_error(small), HasSubstr("11 more are above the session's max_sequence_length of 10"));
  EXPECT_EQ(position(small, 0), 0u) << "refused before any work";
}

TEST_F(SessionTest, refusesLargerBounds) {
  const yoco_bounds bounds[] = {{41, 0, 0, 0}, {0, 4, 0, 0}, {0, 0, 8, 0}, {0, 0, 0, 6}};
  const char *const texts[] = {
      "max_sequence_length: 41 is above the file's bound of 40", "max_batch: 4 is above the file's bound of 3",
      "prefill_chunk: 8 is above the file's bound of 7", "wanted_rows: 6 is above the file's bound of 5"};
  for (int i = 0; i < 4; ++i) {
    yoco_session_options options = {};
    options.bounds = bounds[i];
    OpenedSession session(model.model, options);
    EXPECT_EQ(session.status, YOCO_OUT_OF_BOUNDS);
    EXPECT_EQ(session.error, texts[i]);
  }
}

// Leaving out `score` saves its logits; what is left out is refused.
TEST_F(SessionTest, chosenEntries) {
  yoco_session_options options = {};
  options.entries = YOCO_ENTRY_PREFILL | YOCO_ENTRY_DECODE;
  OpenedSession session(model.model, options), all(model.model);
  ASSERT_EQ(session.status, YOCO_OK) << session.error;
  EXPECT_LT(session.stats().scratch_bytes, all.stats().scratch_bytes);
  EXPECT_EQ(session.stats().persistent_bytes, all.stats().persistent_bytes);
  EXPECT_EQ(prompt(session, 0, toyIds(9)), toyLogits(toyIds(9)));
  int32_t id = 0;
  auto ignore = [](void *, size_t, size_t, const float *) { return 0; };
  EXPECT_EQ(yoco_session_score(session, 0, &id, 1, ignore, nullptr), YOCO_UNSUPPORTED);
  EXPECT_THAT(yoco_session_last_error(session), HasSubstr("no entry `score`"));
}

// Each call that makes no sense is refused with a text, and changes nothing.
TEST_F(SessionTest, refusesBadCalls) {
  OpenedSession session(model.model);
  Ids ids = {1, 2, 11, 4}, slots = {0, 1, 0};
  std::vector<size_t> counts = {1, 1, 1};
  auto expectError = [&](yoco_status status, yoco_status expected, const char *text) {
    EXPECT_EQ(status, expected);
    EXPECT_THAT(yoco_session_last_error(session), HasSubstr(text));
  };
  EXPECT_STREQ(yoco_session_last_error(session), "");
  expectError(yoco_session_prefill(session, 3, ids.data(), 2), YOCO_INVALID_ARGUMENT,
              "slot 3: the session has slots 0 to 2");
  expectError(yoco_session_prefill(session, -1, ids.data(), 2), YOCO_INVALID_ARGUMENT, "slot -1");
  expectError(yoco_session_prefill(session, 0, ids.data(), 4), YOCO_INVALID_ARGUMENT, "ids[2]: id 11");
  expectError(yoco_session_prefill(session, 0, nullptr, 4), YOCO_INVALID_ARGUMENT, "ids is null");
  expectError(yoco_session_prefill(session, 0, ids.data(), SIZE_MAX), YOCO_OUT_OF_BOUNDS, "above the session's");
  expectError(yoco_session_prefill_batch(session, slots.data(), counts.data(), 3, ids.data()), YOCO_INVALID_ARGUMENT,
              "slots[2]: slot 0 is there twice");
  expectError(yoco_session_decode(session, slots.data(), ids.data(), 4, nullptr), YOCO_OUT_OF_BOUNDS,
              "4 slots are above the session's max_batch of 3");
  expectError(yoco_session_prompt(session, 0, ids.data(), 0, nullptr), YOCO_INVALID_ARGUMENT, "at least 1 token");
  expectError(yoco_session_score(session, 0, ids.data(), 1, nullptr, nullptr), YOCO_INVALID_ARGUMENT,
              "callback is null");
  expectError(yoco_session_copy_slot(session, 0, 9), YOCO_INVALID_ARGUMENT, "slot 9");
  for (int32_t slot : {0, 1, 2})
    EXPECT_EQ(position(session, slot), 0u);
  EXPECT_EQ(yoco_session_prefill(nullptr, 0, ids.data(), 1), YOCO_INVALID_ARGUMENT);
  EXPECT_EQ(yoco_session_decode(session, nullptr, nullptr, 0, nullptr), YOCO_OK) << "no rows launch nothing";
}

TEST_F(SessionTest, callersParallelFor) {
  int calls = 0;
  yoco_session_options options = {};
  options.parallel_for_user = &calls;
  options.parallel_for = [](void *user, uint32_t tiles, void (*body)(void *, uint32_t, uint32_t), void *context) {
    ++*static_cast<int *>(user);
    for (uint32_t tile = tiles; tile > 0; --tile) // backwards: any order is good
      body(context, tile - 1, tile);
  };
  OpenedSession session(model.model, options);
  EXPECT_EQ(session.stats().threads, 0u);
  EXPECT_EQ(prompt(session, 0, toyIds(9)), toyLogits(toyIds(9)));
  EXPECT_EQ(calls,
            4); // two prefill steps of one launch, one decode step of two
}

TEST_F(SessionTest, statsCountTokens) {
  OpenedSession session(model.model);
  prompt(session, 0, toyIds(9));
  score(session, 1, toyIds(6));
  yoco_session_stats stats = session.stats();
  EXPECT_EQ(stats.prefill_tokens, 8u);
  EXPECT_EQ(stats.decode_tokens, 1u);
  EXPECT_EQ(stats.score_tokens, 6u);
  EXPECT_GT(stats.load_seconds, 0);
  EXPECT_STREQ(stats.target, "host:toy");
  EXPECT_EQ(stats.kv_bytes_per_token, 4u);
  EXPECT_EQ(stats.weight_bytes,
            44u + 24); // 11 floats; 11 bfloat16 in panels of 4
  EXPECT_EQ(stats.threads, 2u);
}

// A session outlives the handle of its model.
TEST_F(SessionTest, modelMayGoFirst) {
  yoco_model *other = nullptr;
  ASSERT_EQ(yoco_model_open_memory(file.data(), file.size(), nullptr, &other, nullptr, 0), YOCO_OK);
  OpenedSession session(other);
  yoco_model_destroy(other);
  EXPECT_EQ(prompt(session, 0, toyIds(9)), toyLogits(toyIds(9)));
}

// One model, several threads with a session each; the first of them loads the
// code and the generated weights for all.
TEST_F(SessionTest, threadsShareTheModel) {
  std::vector<std::thread> users;
  for (uint32_t user = 0; user < 4; ++user)
    users.emplace_back([&, user] {
      OpenedSession session(model.model);
      ASSERT_EQ(session.status, YOCO_OK) << session.error;
      for (size_t length = 1; length < 30; length += 7) {
        yoco_session_reset(session, 0);
        Ids ids = toyIds(length, user);
        EXPECT_EQ(prompt(session, 0, ids), toyLogits(ids));
      }
    });
  for (std::thread &user : users)
    user.join();
}

TEST_F(SessionTest, logsOneLine) {
  std::string text;
  yoco_session_options options = {};
  options.log = [](void *user, const char *line) { *static_cast<std::string *>(user) += line; };
  options.log_user = &text;
  OpenedSession session(model.model, options);
  EXPECT_EQ(text, "session on host:toy: 896 bytes persistent, 640 bytes "
                  "scratch, 2 threads");
}

} // namespace
