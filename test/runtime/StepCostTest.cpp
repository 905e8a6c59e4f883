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
    entry.instructions.push_back(std::move(instruction));
  }

  Result<yoco_step_cost> evaluate(uint64_t segments, uint64_t rows, uint64_t position) {
    entry.name = "step";
    flatbuffers::FlatBufferBuilder builder;
    builder.Finish(fb::Entry::Pack(builder, &entry));
    return computeStepCost(*flatbuffers::GetRoot<fb::Entry>(builder.GetBufferPointer()), segments, rows, position);
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

TEST(StepCostTest, overflow) {
  Program program;
  program.add(Kind::weight_bytes, Unit::row, UINT64_MAX / 2, 0, 0);
  EXPECT_EQ(program.cost(1, 2, 0).weight_bytes, UINT64_MAX - 1);
  Result<yoco_step_cost> cost = program.evaluate(1, 3, 0);
  ASSERT_FALSE(cost.ok());
  EXPECT_STREQ(cost.status().text(), "entry step: the counts of this step do not fit in 64 bits");
}

} // namespace
