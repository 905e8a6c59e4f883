// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a step is said to cost at least, for plans small enough to count by hand.

#include "runtime/model/StepCost.h"

#include <gtest/gtest.h>

using namespace yoco;
using namespace yoco::runtime;

namespace {

using Kind = fb::CostKind;
using Unit = fb::CostUnit;

/// An entry that is put together cost by cost, an instruction for each.
class Program {
public:
  Program() {
    entry.name = "step";
    entry.programs.push_back(std::make_unique<fb::ProgramT>());
  }

  void add(Kind kind, Unit unit, uint64_t amount, uint64_t window = 0, int32_t parameter = -1) {
    auto instruction = std::make_unique<fb::InstructionT>();
    instruction->operation.Set(fb::CopyT());
    instruction->costs.push_back(std::make_unique<fb::CostT>());
    fb::CostT &cost = *instruction->costs[0];
    cost.kind = kind;
    cost.unit = unit;
    cost.amount = amount;
    cost.window = window;
    cost.parameter = parameter;
    entry.programs[0]->instructions.push_back(std::move(instruction));
  }

  Result<yoco_step_cost> evaluate(uint64_t segments, uint64_t rows, uint64_t position) {
    flatbuffers::FlatBufferBuilder builder;
    builder.Finish(fb::Entry::Pack(builder, &entry));
    const auto *packed = flatbuffers::GetRoot<fb::Entry>(builder.GetBufferPointer());
    return computeStepCost(*packed, {segments, rows, rows, position});
  }
  yoco_step_cost cost(uint64_t segments, uint64_t rows, uint64_t position) {
    return *evaluate(segments, rows, position);
  }

private:
  fb::EntryT entry;
};

/// What one mixer operation per `unit` comes to.
uint64_t count(Unit unit, uint64_t window, uint64_t segments, uint64_t rows, uint64_t position) {
  Program program;
  program.add(Kind::mixer_operations, unit, 1, window);
  return program.cost(segments, rows, position).mixer_operations;
}

TEST(StepCostTest, units) {
  EXPECT_EQ(count(Unit::step, 0, 3, 4, 10), 1u);
  EXPECT_EQ(count(Unit::row, 0, 3, 4, 10), 12u);
  EXPECT_EQ(count(Unit::segment, 0, 3, 4, 10), 3u);
  EXPECT_EQ(count(Unit::continued_segment, 0, 3, 4, 10), 3u);
  EXPECT_EQ(count(Unit::continued_segment, 0, 3, 4, 0), 0u);
  EXPECT_EQ(count(Unit::position_kept, 0, 3, 4, 10), 12u);
  EXPECT_EQ(count(Unit::position_kept, 3, 3, 4, 10), 9u);
  EXPECT_EQ(count(Unit::position_before, 0, 3, 4, 10), 30u);
  EXPECT_EQ(count(Unit::position_before, 5, 3, 4, 10), 12u) << "a row attends to itself and four others";
  EXPECT_EQ(count(Unit::position_before, 5, 3, 4, 2), 6u);
  EXPECT_EQ(count(Unit::position_reached, 0, 3, 4, 10), 42u);
  EXPECT_EQ(count(Unit::position_reached, 5, 3, 4, 10), 15u);
  EXPECT_EQ(count(Unit::pair, 0, 3, 4, 10), 3u * (11 + 12 + 13 + 14));
  EXPECT_EQ(count(Unit::pair, 13, 3, 4, 10), 3u * (11 + 12 + 13 + 13));
  EXPECT_EQ(count(Unit::pair, 5, 3, 4, 10), 3u * 5 * 4);
}

TEST(StepCostTest, kinds) {
  Program program;
  for (uint64_t i = 0; i < 5; ++i)
    for (int twice = 0; twice < 2; ++twice)
      program.add(Kind(i), Unit::row, 10 + i);
  yoco_step_cost cost = program.cost(3, 1, 5);
  EXPECT_EQ(cost.weight_bytes, 2u * 3 * 10);
  EXPECT_EQ(cost.state_read_bytes, 2u * 3 * 11);
  EXPECT_EQ(cost.state_write_bytes, 2u * 3 * 12);
  EXPECT_EQ(cost.linear_operations, 2u * 3 * 13);
  EXPECT_EQ(cost.mixer_operations, 2u * 3 * 14);
}

// A table that is looked up counts by rows; the same one as a matrix as a whole; and a matrix that two instructions
// read once.
TEST(StepCostTest, parametersCountOnce) {
  Program program;
  program.add(Kind::weight_bytes, Unit::row, 16, 0, 0);
  program.add(Kind::weight_bytes, Unit::step, 224, 0, 1);
  program.add(Kind::weight_bytes, Unit::step, 224, 0, 1);
  EXPECT_EQ(program.cost(3, 1, 5).weight_bytes, 3u * 16 + 224);
  program.add(Kind::weight_bytes, Unit::step, 1600, 0, 0);
  EXPECT_EQ(program.cost(3, 1, 5).weight_bytes, 1600u + 224);
}

/// What one mixer operation per `unit` comes to in row set 1, which has a halo of 2, and in set 2, which has none and
/// whose rows are segments of their own. Three segments of four rows, the last of each wanted.
uint64_t countInSet(uint32_t set, Unit unit, uint64_t window = 0, uint64_t position = 10, uint64_t wanted = 1) {
  fb::EntryT entry;
  entry.name = "step";
  entry.programs.push_back(std::make_unique<fb::ProgramT>());
  fb::ProgramT &program = *entry.programs[0];
  for (uint64_t halo : {2, 0}) {
    entry.row_sets.push_back(std::make_unique<fb::RowSetT>());
    entry.row_sets.back()->halo = halo;
  }
  for (bool eachRow : {false, false, true}) {
    program.segments.push_back(std::make_unique<fb::SegmentTableT>());
    program.segments.back()->each_row = eachRow;
  }
  auto instruction = std::make_unique<fb::InstructionT>();
  instruction->operation.Set(fb::CopyT());
  instruction->row_set = set;
  instruction->costs.push_back(std::make_unique<fb::CostT>());
  instruction->costs[0]->kind = Kind::mixer_operations;
  instruction->costs[0]->unit = unit;
  instruction->costs[0]->amount = 1;
  instruction->costs[0]->window = window;
  program.instructions.push_back(std::move(instruction));
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(fb::Entry::Pack(builder, &entry));
  const auto *packed = flatbuffers::GetRoot<fb::Entry>(builder.GetBufferPointer());
  return computeStepCost(*packed, {3, 4, wanted, position})->mixer_operations;
}

// Three rows of each segment, from position 11 on.
TEST(StepCostTest, rowSets) {
  EXPECT_EQ(countInSet(0, Unit::row), 12u);
  EXPECT_EQ(countInSet(1, Unit::row), 9u);
  EXPECT_EQ(countInSet(1, Unit::segment), 3u);
  EXPECT_EQ(countInSet(1, Unit::continued_segment), 3u);
  EXPECT_EQ(countInSet(1, Unit::continued_segment, 0, 0), 3u) << "a row of the segment comes before them";
  EXPECT_EQ(countInSet(1, Unit::position_kept, 2), 6u);
  EXPECT_EQ(countInSet(1, Unit::position_before), 33u);
  EXPECT_EQ(countInSet(1, Unit::pair), 3u * (12 + 13 + 14));
  EXPECT_EQ(countInSet(1, Unit::row, 0, 10, 4), 12u) << "no more than there are";
  EXPECT_EQ(countInSet(2, Unit::step), 1u);
  EXPECT_EQ(countInSet(2, Unit::step, 0, 10, 0), 0u) << "nothing is wanted";
}

// Two rows of each segment, at positions 12 and 13.
TEST(StepCostTest, rowsThatAreSegments) {
  EXPECT_EQ(countInSet(2, Unit::row, 0, 10, 2), 6u);
  EXPECT_EQ(countInSet(2, Unit::segment, 0, 10, 2), 6u);
  EXPECT_EQ(countInSet(2, Unit::continued_segment, 0, 10, 2), 6u);
  EXPECT_EQ(countInSet(2, Unit::continued_segment, 0, 0, 4), 9u) << "not those at position 0";
  EXPECT_EQ(countInSet(2, Unit::position_kept, 1, 10, 2), 6u);
  EXPECT_EQ(countInSet(2, Unit::position_before, 0, 10, 2), 3u * (12 + 13));
  EXPECT_EQ(countInSet(2, Unit::position_before, 13, 10, 2), 3u * (12 + 12));
  EXPECT_EQ(countInSet(2, Unit::position_reached, 0, 10, 2), 3u * (13 + 14));
  EXPECT_EQ(countInSet(2, Unit::pair, 5, 10, 2), 3u * 2 * 5);
}

TEST(StepCostTest, overflow) {
  Program program;
  program.add(Kind::weight_bytes, Unit::row, UINT64_MAX / 2, 0, 0);
  EXPECT_EQ(program.cost(1, 2, 0).weight_bytes, UINT64_MAX - 1);
  Result<yoco_step_cost> cost = program.evaluate(1, 3, 0);
  ASSERT_FALSE(cost.ok());
  EXPECT_STREQ(cost.status().text(), "entry step: the counts of this step do not fit in 64 bits");
}

} // namespace
