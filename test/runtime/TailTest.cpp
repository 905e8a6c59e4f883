// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Steps with row sets, and entries with several programs. Memory is poisoned: a row that reads what nobody wrote spoils
// its whole segment.

#include "test/runtime/SessionCalls.h"
#include "test/runtime/ToyCuda.h"
#include "test/runtime/ToyTail.h"

#include <cstring>
#include <gmock/gmock.h>

using namespace yoco;
using namespace yoco::test;
using testing::HasSubstr;

namespace {

using Logits = std::vector<float>;

struct How {
  const char *device;
  bool graphs;
};

class TailTest : public testing::TestWithParam<How> {
protected:
  ToyModel makeToy(ToyBounds bounds = {}) {
    useFakeCuda(std::string("test=") + testing::UnitTest::GetInstance()->current_test_info()->name());
    return strcmp(GetParam().device, "cuda") == 0 ? toyForCuda(bounds) : ToyModel(bounds);
  }
  void open(ToyModel &toy) {
    file = toy.build();
    model = std::make_unique<Opened>(file);
    ASSERT_EQ(model->status, YOCO_OK) << model->error;
  }
  yoco_session_options options() {
    yoco_session_options options = {};
    options.device = GetParam().device;
    options.no_graphs = !GetParam().graphs;
    options.allocator = &allocator;
    return options;
  }

  yoco_allocator allocator = poisonedMemory();
  FileBytes file;
  std::unique_ptr<Opened> model;
};

/// The logits after each of the last `count` of `ids`.
Logits tailLogitsOfLast(const Ids &ids, size_t count) {
  Logits logits;
  for (size_t length = ids.size() - count + 1; length <= ids.size(); ++length)
    for (float value : tailLogits(Ids(ids.begin(), ids.begin() + long(length))))
      logits.push_back(value);
  return logits;
}

TEST_P(TailTest, promptInChunksOfAnySize) {
  ToyModel toy = makeToy();
  addTail(toy);
  open(toy);
  for (uint64_t chunk = 1; chunk <= 7; ++chunk) {
    yoco_session_options chosen = options();
    chosen.bounds.prefill_chunk = chunk;
    OpenedSession session(model->model, chosen);
    ASSERT_EQ(session.status, YOCO_OK) << session.error;
    for (size_t length = 1; length <= 30; ++length) {
      Ids ids = toyIds(length, uint32_t(length));
      ASSERT_EQ(yoco_session_reset(session, 1), YOCO_OK);
      EXPECT_EQ(prompt(session, 1, ids), tailLogits(ids)) << "chunk " << chunk << ", length " << length;
      ids.push_back(3);
      EXPECT_EQ(decode(session, {1}, {3}), tailLogits(ids)) << "chunk " << chunk << ", length " << length;
    }
  }
}

// Between two calls of prefill there are rows that the second half never sees.
TEST_P(TailTest, gaps) {
  ToyModel toy = makeToy();
  addTail(toy);
  open(toy);
  OpenedSession session(model->model, options());
  Ids ids;
  for (size_t count : {11, 1, 2, 9, 3}) {
    Ids more = toyIds(count, uint32_t(count));
    prefill(session, 0, more);
    ids = concatenate(ids, more);
  }
  EXPECT_EQ(yoco_session_copy_slot(session, 0, 2), YOCO_OK);
  Ids scored = toyIds(6, 99);
  EXPECT_EQ(score(session, 2, scored), tailLogitsOfLast(concatenate(ids, scored), 6));
  ids.push_back(5);
  EXPECT_EQ(decode(session, {0}, {5}), tailLogits(ids));
  // And after rows that it did see.
  Ids more = toyIds(5, 7);
  prefill(session, 0, more);
  ids = concatenate(concatenate(ids, more), {1});
  EXPECT_EQ(decode(session, {0}, {1}), tailLogits(ids));
}

TEST_P(TailTest, severalSequences) {
  ToyModel toy = makeToy();
  addTail(toy);
  open(toy);
  OpenedSession session(model->model, options());
  Ids all[3] = {toyIds(2, 1), toyIds(19, 2), toyIds(6, 3)}, together, slots = {2, 0, 1};
  std::vector<size_t> counts;
  for (const Ids &ids : all) {
    together = concatenate(together, ids);
    counts.push_back(ids.size());
  }
  expectOk(session, yoco_session_prefill_batch(session, slots.data(), counts.data(), 3, together.data()));
  Logits expected;
  for (Ids &ids : all)
    for (float value : tailLogits(concatenate(ids, {4})))
      expected.push_back(value);
  EXPECT_EQ(decode(session, slots, {4, 4, 4}), expected);
}

/// Two copies of a program, for smaller steps, with scratch memory of their own.
void addSmallPrograms(ToyModel &toy, size_t entry, std::vector<uint64_t> sizes) {
  for (size_t i = 0; i < sizes.size(); ++i) {
    auto program = std::make_unique<fb::ProgramT>(toy.program(entry, i));
    program->most_rows = sizes[i];
    toy.entry(entry).programs.insert(toy.entry(entry).programs.begin() + long(i), std::move(program));
  }
}

TEST_P(TailTest, programsBySize) {
  ToyModel toy = makeToy({40, 3, 7, 5});
  // The largest program of decode needs much memory.
  addSmallPrograms(toy, 1, {1, 2});
  uint32_t large = toy.addBuffer(1, 1 << 20, false);
  toy.program(1, 2).outputs[0] = large;
  fb::LaunchT &last = *toy.program(1, 2).instructions.back()->operation.AsLaunch();
  last.arguments[3]->index = large;
  open(toy);
  for (uint64_t batch = 1; batch <= 3; ++batch) {
    yoco_session_options chosen = options();
    chosen.bounds.max_batch = batch;
    OpenedSession session(model->model, chosen);
    ASSERT_EQ(session.status, YOCO_OK) << session.error;
    EXPECT_EQ(session.stats().scratch_bytes >= 1 << 20, batch == 3) << "only its programs count";
    yoco_variant_info planned = {};
    planned.struct_size = sizeof(planned);
    ASSERT_EQ(yoco_model_get_variant(model->model, 0, &chosen.bounds, &planned, nullptr, 0), YOCO_OK);
    EXPECT_EQ(session.stats().scratch_bytes, planned.scratch_bytes);
    Ids slots, ids;
    Logits expected;
    for (int32_t slot = 0; slot < int32_t(batch); ++slot) {
      slots.push_back(slot);
      ids.push_back(slot + 1);
      for (float value : toyLogits({slot + 1}))
        expected.push_back(value);
    }
    EXPECT_EQ(decode(session, slots, ids), expected);
    EXPECT_EQ(yoco_session_reset(session, 0), YOCO_OK);
    EXPECT_EQ(decode(session, {0}, {6}), toyLogits({6}));
  }
}

INSTANTIATE_TEST_SUITE_P(Devices, TailTest,
                         testing::Values(How{"host", false}, How{"cuda", true}, How{"cuda", false}),
                         [](const auto &info) {
                           return std::string(info.param.device) + (info.param.graphs ? "Graphs" : "");
                         });

TEST(TailDescribeTest, saysRowSetsAndPrograms) {
  ToyModel toy;
  addTail(toy);
  FileBytes file = toy.build();
  Opened model(file);
  std::string text;
  yoco_model_describe(
      model.model,
      [](void *user, const char *piece, size_t size) { static_cast<std::string *>(user)->append(piece, size); }, &text);
  EXPECT_THAT(text, HasSubstr("  entry prefill: ragged rows, at most 7, gives nothing of none, 3 instructions\n"
                              "    row set 1: the last 3 in each segment, at most 7, writes tail\n"
                              "    layers.0: 1\n    narrow: 1 of row set 1\n    layers.1: 1 of row set 1\n"));
  EXPECT_THAT(text, HasSubstr("  entry extend: ragged rows, at most 7, gives logits of those from a position on, 2 "
                              "programs\n"
                              "    row set 1: those wanted and the 3 before them in each segment, at most 7, "
                              "writes tail\n"
                              "    row set 2: those wanted in each segment, at most 5\n"));
  EXPECT_THAT(text, HasSubstr("    program 0, other steps, at most 2 of them wanted: 5 instructions, "));
}

} // namespace
