// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Row sets and programs of entries that say something that is wrong, each in one way.

#include "test/runtime/BadPlan.h"
#include "test/runtime/ToyTail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace yoco;
using namespace yoco::test;

namespace {

uint64_t &coefficient(ToyModel &toy, uint32_t buffer) {
  return toy.variant().buffers[buffer]->size->terms[0]->coefficient;
}

/// Entries and programs of the toy with a tail.
fb::RowSetT &rowSet(ToyModel &toy, size_t index) { return *toy.entry(kToyExtend).row_sets[index]; }
fb::ProgramT &extend(ToyModel &toy, size_t index) { return *toy.entry(kToyExtend).programs[index]; }

const BadPlan kTails[] = {
    {"RowSetsOfAll", [](ToyModel &t) { t.entry(2).row_sets.push_back(std::make_unique<fb::RowSetT>(rowSet(t, 0))); },
     "variants[0].entries[2].row_sets: expected none, as rows_wanted is `all`, got 1"},
    {"RowSetsOfOneRow",
     [](ToyModel &t) {
       t.entry(kToyExtend).row_shape = fb::RowShape::one_per_segment;
       t.entry(kToyExtend).row_bound = fb::RowBound::batch;
     },
     "entries[3].row_sets: expected none with one row per segment, got 2"},
    {"HaloRises", [](ToyModel &t) { rowSet(t, 1).halo = 3; }, "row_sets[1].halo: expected less than 3, got 3"},
    {"HugeHalo", [](ToyModel &t) { rowSet(t, 0).halo = UINT64_MAX; },
     "entries[3].row_sets[0].halo: expected less than 2147483647"},
    {"NoHalo", [](ToyModel &t) { t.entry(0).row_sets[0]->halo = 0; },
     "entries[0].row_sets[0].halo: expected at least 1, as rows_wanted is `none`, got 0"},
    {"RowSetBound", [](ToyModel &t) { rowSet(t, 0).bound = fb::RowBound(3); }, "row_sets[0].bound: expected 0 to 2"},
    {"HaloBound", [](ToyModel &t) { rowSet(t, 0).bound = fb::RowBound::wanted; },
     "row_sets[0].bound: expected `chunk` with a halo, got `wanted`"},
    {"WantedBound", [](ToyModel &t) { rowSet(t, 1).bound = fb::RowBound::batch; },
     "row_sets[1].bound: expected `chunk` or `wanted`, got `batch`"},
    {"RowSetState", [](ToyModel &t) { rowSet(t, 0).states = {9}; },
     "row_sets[0].states[0]: state index 9 is not below 4"},
    {"RowSetCache", [](ToyModel &t) { rowSet(t, 0).states = {3, 2}; },
     "row_sets[0].states[1]: expected a state that does not grow, got `cache`"},
    {"RowSetStateTwice", [](ToyModel &t) { rowSet(t, 1).states = {3}; },
     "row_sets[1].states[0]: `tail` is there twice"},
    {"OutputSet", [](ToyModel &t) { t.entry(kToyExtend).outputs[0]->row_set = 3; },
     "outputs[0].row_set: row set index 3 is not below 3"},
    {"OutputOfHalo", [](ToyModel &t) { t.entry(kToyExtend).outputs[0]->row_set = 1; },
     "outputs[0].row_set: expected a row set without a halo, as rows_wanted is `from`, got 1"},
    {"OutputOfAllRows", [](ToyModel &t) { t.entry(kToyExtend).outputs[0]->row_set = 0; },
     "outputs[0].row_set: expected a row set without a halo, as rows_wanted is `from`, got 0"},
    {"NoPrograms", [](ToyModel &t) { t.entry(kToyExtend).programs.clear(); },
     "entries[3].programs: expected at least one"},
    {"ProgramsInOrder",
     [](ToyModel &t) { std::swap(t.entry(kToyExtend).programs[0], t.entry(kToyExtend).programs[1]); },
     "programs[1]: expected more rows than program 0, or as many and more that are wanted"},
    {"ProgramsTwice", [](ToyModel &t) { extend(t, 0).most_wanted = 0; }, "programs[1]: expected more rows"},
    {"LastProgram", [](ToyModel &t) { t.program(0).most_rows = 4; },
     "entries[0].programs[0].most_rows: expected 0 of the last program, got 4"},
    {"LastProgramWanted", [](ToyModel &t) { extend(t, 1).most_wanted = 4; },
     "programs[1].most_wanted: expected 0 of the last program, others below 2^31, got 4"},
    {"MostRows", [](ToyModel &t) { extend(t, 0).most_rows = uint64_t(1) << 40; },
     "programs[0].most_rows: expected 0 to 2147483647"},
    {"MostWanted", [](ToyModel &t) { extend(t, 0).most_wanted = uint64_t(1) << 40; },
     "programs[0].most_wanted: expected"},
    {"MostWantedOfAll", [](ToyModel &t) { t.program(2).most_wanted = 4; },
     "programs[0].most_wanted: expected 0 without a row set of bound `wanted`, got 4"},
    {"NoTable", [](ToyModel &t) { extend(t, 1).segments.pop_back(); },
     "programs[1].segments: expected one for each of 3 row sets, got 2"},
    {"TableTwice", [](ToyModel &t) { extend(t, 1).segments[2]->buffer = extend(t, 1).segments[1]->buffer; },
     "programs[1].segments[2].buffer: buffer "},
    {"TableBuffer", [](ToyModel &t) { extend(t, 1).segments[2]->buffer = 99; },
     "programs[1].segments[2].buffer: buffer index 99"},
    {"TableOfAllRows", [](ToyModel &t) { extend(t, 1).segments[0]->each_row = true; },
     "programs[1].segments[0].each_row: expected false of the table of all rows"},
    {"ProgramOutputs", [](ToyModel &t) { extend(t, 1).outputs.clear(); },
     "programs[1].outputs: expected one for each of the entry's 1, got 0"},
    {"InstructionSet", [](ToyModel &t) { extend(t, 1).instructions[1]->row_set = 3; },
     "programs[1].instructions[1].row_set: row set index 3 is not below 3"},
    // Sizes: at the bounds there are 7 rows, 5 wanted ones in program 1, and 2 in program 0.
    {"TableSmall", [](ToyModel &t) { extend(t, 1).segments[1]->buffer = 1; },
     "programs[1].segments[1]: 48 bytes are needed and buffer 1 has 0"},
    {"TableOfEachRowSmall", [](ToyModel &t) { extend(t, 0).most_wanted = 5; },
     "programs[0].segments[2]: 80 bytes are needed and buffer"},
    {"OutputOfSetSmall", [](ToyModel &t) { coefficient(t, extend(t, 1).outputs[0]) = 4; },
     "programs[1].outputs[0]: 220 bytes are needed"},
    {"TilesOfSet",
     [](ToyModel &t) {
       extend(t, 1).instructions[4]->operation.AsLaunch()->divisor = 1;
       extend(t, 1).instructions[4]->operation.AsLaunch()->multiplier = 1u << 30;
     },
     "programs[1].instructions[4].launch: expected at most 4294967294 tiles, got 5 * 1073741824"},
    {"NoTargets", [](ToyModel &t) { t.program(kToyLogprobs).targets = -1; },
     "entries[4].programs[0].targets: expected a buffer with an output of `logprobs`, got -1"},
    {"TargetsBuffer", [](ToyModel &t) { t.program(kToyLogprobs).targets = 99; },
     "entries[4].programs[0].targets: buffer index 99 is not below"},
    {"TargetsSmall", [](ToyModel &t) { coefficient(t, uint32_t(t.program(kToyLogprobs).targets)) = 0; },
     "entries[4].programs[0].targets: 28 bytes are needed"},
    {"ManyBest", [](ToyModel &t) { t.entry(kToyLogprobs).outputs[0]->best = 65; },
     "entries[4].outputs[0].best: expected at most 64 of `logprobs`, got 65"},
    {"LogprobsSmall", [](ToyModel &t) { t.entry(kToyLogprobs).outputs[0]->best = 5; },
     "entries[4].programs[0].outputs[0]: 260 bytes are needed"},
};

class HostileTailTest : public testing::TestWithParam<BadPlan> {};

TEST_P(HostileTailTest, isRefused) {
  ToyModel toy;
  addTail(toy);
  addLogprobs(toy);
  expectRefused(toy, GetParam());
}

INSTANTIATE_TEST_SUITE_P(Plans, HostileTailTest, testing::ValuesIn(kTails),
                         [](const auto &info) { return std::string(info.param.name); });

TEST(TailTest, opens) {
  ToyModel toy;
  addTail(toy);
  FileBytes file = toy.build();
  EXPECT_EQ(Opened(file).error, "");
}

} // namespace
