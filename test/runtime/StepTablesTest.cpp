// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Segment tables of row sets, programs by size, and what rings hold after rows that were left out; and steps of an
// entry that gives something from a position on, run by the executors themselves.

#include "runtime/model/Model.h"
#include "runtime/session/RingRuns.h"
#include "runtime/session/StepTables.h"
#include "test/runtime/ToyCuda.h"
#include "test/runtime/ToyTail.h"

#include <algorithm>
#include <cstring>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace yoco;
using namespace yoco::runtime;
using namespace yoco::test;

namespace {

/// The toy with a tail on a device, without a session.
class StepTablesTest : public testing::TestWithParam<const char *> {
protected:
  void SetUp() override {
    useFakeCuda(std::string("test=") + testing::UnitTest::GetInstance()->current_test_info()->name());
    ToyModel toy = strcmp(GetParam(), "cuda") == 0 ? toyForCuda() : ToyModel();
    addTail(toy);
    addLogprobs(toy);
    file = toy.build();
    Result<FileData> data = FileData::borrow(file.data(), file.size());
    ASSERT_TRUE(data.ok());
    Result<std::shared_ptr<Model>> opened = Model::open(std::move(*data), {});
    ASSERT_TRUE(opened.ok()) << opened.status().text();
    model = *opened;
  }

  const fb::Variant &variant() const { return model->variant(0); }
  const fb::Entry &entry(size_t index = kToyExtend) const { return *variant().entries()->Get(uint32_t(index)); }
  Bounds bounds() const { return boundsOf(model->plan()); }

  std::unique_ptr<Executor> makeExecutor() {
    Model::Choice choice;
    ExecutorOptions options = {};
    options.bounds = bounds();
    Path root;
    options.sizes = *evaluatePlan(variant(), kToyVocabulary, options.bounds, root);
    options.entries = {0, 1, 2, 3, 4};
    options.threads = 2;
    options.allocator = poisonedMemory();
    options.graphs = true;
    Result<const Program *> program = model->program(choice, options.sizes.arenas, {});
    EXPECT_TRUE(program.ok()) << program.status().text();
    Result<std::unique_ptr<Executor>> executor = (*program)->createExecutor(std::move(options));
    EXPECT_TRUE(executor.ok()) << executor.status().text();
    return std::move(*executor);
  }

  FileBytes file;
  std::shared_ptr<Model> model;
};

std::vector<std::vector<int32_t>> rowsOf(const StepSet &set) {
  std::vector<std::vector<int32_t>> rows;
  for (uint32_t i = 0; i < set.segmentCount; ++i)
    rows.push_back({set.segments[i].slot, set.segments[i].firstPosition, set.segments[i].rowBegin,
                    set.segments[i].rowCount});
  return rows;
}

using Table = std::vector<std::vector<int32_t>>;

TEST_P(StepTablesTest, tables) {
  StepTables step;
  step.reserve(entry(), bounds());
  step.add({2, 4, 10, 12}); // positions 10 to 13, wanted from 12 on
  step.add({0, 2, 0, 100}); // of which nothing is wanted soon
  step.add({1, 1, 5, 0});   // all of it
  EXPECT_EQ(step.rows(), 7u);
  EXPECT_EQ(step.rowsInSet(3), 5u);
  EXPECT_EQ(step.rowsInSet(0), 3u);
  EXPECT_EQ(chooseProgram(entry(), step.rows(), step.rowsInSet(0)), 1u);
  const StepSet *sets = step.make(entry(), *entry().programs()->Get(1));
  EXPECT_EQ(sets[0].rows, 7u);
  EXPECT_EQ(rowsOf(sets[0]), (Table{{2, 10, 0, 4}, {0, 0, 4, 2}, {1, 5, 6, 1}}));
  EXPECT_EQ(sets[1].rows, 5u);
  EXPECT_EQ(rowsOf(sets[1]), (Table{{2, 10, 0, 4}, {-1, 2, 4, 0}, {1, 5, 4, 1}}));
  EXPECT_EQ(sets[2].rows, 3u);
  EXPECT_EQ(rowsOf(sets[2]), (Table{{2, 12, 0, 2}, {-1, 2, 2, 0}, {1, 5, 2, 1}}));
  sets = step.make(entry(), *entry().programs()->Get(0));
  EXPECT_EQ(rowsOf(sets[2]), (Table{{2, 12, 0, 1}, {2, 13, 1, 1}, {1, 5, 2, 1}}));
}

TEST_P(StepTablesTest, limits) {
  const fb::Program &small = *entry().programs()->Get(0), &large = *entry().programs()->Get(1);
  auto limits = [&](const fb::Program &program, uint32_t set, Bounds bounds) {
    RowLimits most = rowLimits(entry(), program, set, bounds);
    return std::pair(most.rows, most.segments);
  };
  Bounds some = bounds(); // 40, 3, 7, 5
  EXPECT_EQ(limits(small, 0, some), std::pair(uint64_t(7), uint64_t(3)));
  EXPECT_EQ(limits(small, 1, some), std::pair(uint64_t(7), uint64_t(3)));
  EXPECT_EQ(limits(small, 2, some), std::pair(uint64_t(2), uint64_t(2)));
  EXPECT_EQ(limits(large, 2, some), std::pair(uint64_t(5), uint64_t(3)));
  EXPECT_EQ(reachablePrograms(entry(), some), 2u);
  some.chunk = 1;
  EXPECT_EQ(limits(large, 2, some), std::pair(uint64_t(1), uint64_t(3)));
  EXPECT_EQ(reachablePrograms(entry(), some), 1u);
  EXPECT_EQ(chooseProgram(entry(), 7, 0), 0u);
  EXPECT_EQ(chooseProgram(entry(), 7, 2), 0u);
  EXPECT_EQ(chooseProgram(entry(), 7, 3), 1u);
}

/// Runs steps of `extend`, and keeps what each slot holds.
class Extender {
public:
  Extender(const fb::Variant &variant, const Bounds &bounds, Executor &executor)
      : entry(*variant.entries()->Get(kToyExtend)), executor(executor), runs(variant, {kToyExtend}, bounds.batch) {
    step.reserve(entry, bounds);
  }

  void begin() {
    step.clear();
    ids.clear();
    expected.clear();
  }
  void add(int32_t slot, std::vector<int32_t> more, uint64_t wantedFrom) {
    std::vector<int32_t> &all = sequences[slot];
    EXPECT_GE(wantedFrom, runs.earliestWanted(slot, all.size()));
    step.add({slot, uint32_t(more.size()), all.size(), wantedFrom});
    for (int32_t id : more) {
      ids.push_back(id);
      all.push_back(id);
      if (all.size() > wantedFrom)
        for (float value : tailLogits(all))
          expected.push_back(value);
    }
  }
  void run() {
    uint32_t program = chooseProgram(entry, step.rows(), step.rowsInSet(0));
    const StepSet *sets = step.make(entry, *entry.programs()->Get(program));
    ASSERT_TRUE(runs.advance(entry, step.all(), executor).ok());
    ASSERT_TRUE(executor.run(kToyExtend, program, {ids.data(), sets}).ok());
    ASSERT_EQ(expected.size(), sets[2].rows * kToyVocabulary);
    if (expected.empty())
      return;
    Result<const void *> output = executor.output(0, 0, sets[2].rows);
    ASSERT_TRUE(output.ok());
    const auto *logits = static_cast<const float *>(*output);
    EXPECT_EQ(std::vector<float>(logits, logits + expected.size()), expected) << "program " << program;
  }

  std::vector<int32_t> sequences[3];
  RingRuns &ringRuns() { return runs; }

private:
  const fb::Entry &entry;
  Executor &executor;
  RingRuns runs;
  StepTables step;
  std::vector<int32_t> ids;
  std::vector<float> expected;
};

TEST_P(StepTablesTest, extend) {
  std::unique_ptr<Executor> executor = makeExecutor();
  Extender extend(variant(), bounds(), *executor);
  // A prompt of 17 tokens whose last two are wanted: the tail begins in the step before.
  std::vector<int32_t> ids = toyIds(17);
  for (size_t first = 0; first < 17; first += 7) {
    extend.begin();
    extend.add(0, {ids.begin() + long(first), ids.begin() + long(std::min<size_t>(17, first + 7))}, 15);
    extend.run();
  }
  // Decoding in one slot, a prompt in another, and a sequence of which everything is wanted.
  extend.begin();
  extend.add(0, {4}, 17);
  extend.add(2, toyIds(3, 2), 5);
  extend.add(1, toyIds(3, 3), 0);
  extend.run();
  extend.begin();
  extend.add(2, toyIds(3, 4), 5);
  extend.add(0, {1}, 18);
  extend.run();
}

// Many steps of any kind.
TEST_P(StepTablesTest, anySteps) {
  std::unique_ptr<Executor> executor = makeExecutor();
  Extender extend(variant(), bounds(), *executor);
  uint32_t state = 12345;
  auto draw = [&](uint32_t below) { return ((state = state * 1664525 + 1013904223) >> 8) % below; };
  for (int i = 0; i < 400; ++i) {
    extend.begin();
    uint32_t room = 7, wantedRoom = 5;
    for (int32_t slot = 0; slot < 3 && room != 0; ++slot) {
      if (extend.sequences[slot].size() + 7 > 40) {
        extend.sequences[slot].clear();
        extend.ringRuns().reset(slot);
      }
      uint64_t first = extend.sequences[slot].size();
      uint32_t rows = 1 + draw(room);
      uint64_t wanted = first + draw(rows + 8);
      wanted = std::max(wanted, extend.ringRuns().earliestWanted(slot, first));
      if (first + rows > wanted + wantedRoom)
        wanted = first + rows - wantedRoom;
      extend.add(slot, toyIds(rows, draw(1000)), wanted);
      room -= rows;
      wantedRoom -= uint32_t(first + rows > wanted ? first + rows - std::max(wanted, first) : 0);
    }
    extend.run();
  }
}

/// What the toy's kernel says of a row.
std::vector<float> toyLogprobs(const std::vector<float> &logits, int32_t target) {
  auto asFloat = [](int32_t bits) {
    float value;
    memcpy(&value, &bits, 4);
    return value;
  };
  std::vector<int32_t> order(logits.size());
  for (size_t i = 0; i < order.size(); ++i)
    order[i] = int32_t(i);
  std::stable_sort(order.begin(), order.end(),
                   [&](int32_t a, int32_t b) { return logits[size_t(a)] > logits[size_t(b)]; });
  std::vector<float> row = {logits[size_t(order[0])], asFloat(0x7fc00000), asFloat(-1)};
  for (size_t i = 0; i < order.size(); ++i)
    if (order[i] == target) {
      row[1] = logits[size_t(target)];
      row[2] = asFloat(int32_t(i));
    }
  for (uint32_t i = 0; i < kToyBest; ++i)
    row.push_back(asFloat(order[i]));
  for (uint32_t i = 0; i < kToyBest; ++i)
    row.push_back(logits[size_t(order[i])]);
  return row;
}

// Targets come in for all rows of a step, and something is said of those of the wanted rows. Without targets, none has
// one.
TEST_P(StepTablesTest, logprobs) {
  std::unique_ptr<Executor> executor = makeExecutor();
  const fb::Entry &logprobs = entry(kToyLogprobs);
  StepTables step;
  step.reserve(logprobs, bounds());
  const std::vector<int32_t> first = toyIds(4, 1), second = toyIds(3, 2);
  std::vector<int32_t> ids = first, targets = {7, 9, 2, -1, 10, 0, 11};
  ids.insert(ids.end(), second.begin(), second.end());
  for (bool hasTargets : {true, false}) {
    step.clear();
    step.add({2, 4, 0, 2}); // its last two rows are wanted
    step.add({0, 3, 0, 1});
    const StepSet *sets = step.make(logprobs, *logprobs.programs()->Get(0));
    ASSERT_TRUE(executor->run(kToyLogprobs, 0, {ids.data(), sets, hasTargets ? targets.data() : nullptr}).ok());
    Result<const void *> output = executor->output(0, 0, 4);
    ASSERT_TRUE(output.ok());
    std::vector<float> expected;
    auto expect = [&](const std::vector<int32_t> &sequence, size_t length, int32_t target) {
      std::vector<int32_t> seen(sequence.begin(), sequence.begin() + long(length));
      for (float value : toyLogprobs(tailLogits(seen), hasTargets ? target : -1))
        expected.push_back(value);
    };
    expect(first, 3, 2);
    expect(first, 4, -1);
    expect(second, 2, 0);
    expect(second, 3, 11);
    EXPECT_EQ(memcmp(*output, expected.data(), expected.size() * sizeof(float)), 0);
  }
}

/// Notes what is cleared, and runs nothing.
struct Recorder final : Executor {
  Status run(uint32_t, uint32_t, const Step &) override { return Status(); }
  Status clear(uint32_t state, uint32_t slot) override {
    cleared.push_back({state, slot});
    return Status();
  }
  Status copySlot(uint32_t, uint32_t, uint64_t) override { return Status(); }
  Status finish() override { return Status(); }
  Result<const void *> output(uint32_t, uint32_t, uint32_t) override { return makeError(YOCO_UNSUPPORTED, "none"); }
  uint64_t arenaBytes(uint32_t) const override { return 0; }

  std::vector<std::pair<uint32_t, uint32_t>> cleared;
};

TEST_P(StepTablesTest, runs) {
  RingRuns runs(variant(), {0, 1, 2, 3}, 3);
  Recorder recorder;
  auto advance = [&](size_t index, StepSegment segment) {
    recorder.cleared.clear();
    EXPECT_TRUE(runs.advance(entry(index), {segment}, recorder).ok());
    return recorder.cleared.size();
  };
  EXPECT_EQ(runs.earliestWanted(1, 0), 0u) << "an empty slot has everything";
  EXPECT_EQ(advance(kToyExtend, {1, 5, 0, 2}), 0u) << "from the beginning on";
  EXPECT_EQ(runs.earliestWanted(1, 5), 0u);
  EXPECT_EQ(advance(kToyExtend, {1, 5, 5, 90}), 0u) << "nothing runs";
  EXPECT_EQ(runs.earliestWanted(1, 10), 13u);
  EXPECT_EQ(advance(kToyExtend, {1, 5, 10, 16}), 1u) << "13 and 14 do, after 5 to 12, which do not";
  EXPECT_EQ(runs.earliestWanted(1, 15), 16u);
  EXPECT_EQ(advance(1, {1, 1, 15, 15}), 0u) << "all rows go on from there";
  EXPECT_EQ(runs.earliestWanted(1, 16), 16u);
  runs.copy(1, 2);
  EXPECT_EQ(runs.earliestWanted(2, 16), 16u);
  runs.reset(1);
  EXPECT_EQ(runs.earliestWanted(1, 0), 0u);
  EXPECT_EQ(runs.earliestWanted(2, 16), 16u);
}

INSTANTIATE_TEST_SUITE_P(Devices, StepTablesTest, testing::Values("host", "cuda"),
                         [](const auto &info) { return std::string(info.param); });

} // namespace
