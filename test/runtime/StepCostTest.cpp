// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a step is said to cost at least, for plans small enough to count by hand.

#include "runtime/model/StepCost.h"

#include <gtest/gtest.h>

using namespace yoco;
using namespace yoco::runtime;

namespace {

using Kind = fb::ArgumentKind;

/// A variant with one entry, `decode`, that is put together instruction by instruction.
class Program {
public:
  Program() {
    variant.device = variant.target = "x";
    variant.entries.push_back(std::make_unique<fb::EntryT>());
    entry().name = "decode";
    entry().row_shape = fb::RowShape::one_per_segment;
    entry().row_bound = fb::RowBound::batch;
    entry().ids = buffer(4);
    entry().segments = buffer(16);
  }

  /// A buffer of so many bytes for each row.
  uint32_t buffer(uint64_t bytesPerRow) {
    auto result = std::make_unique<fb::BufferT>();
    result->offset = std::make_unique<fb::SizeT>();
    result->size = std::make_unique<fb::SizeT>();
    result->size->terms.push_back(std::make_unique<fb::TermT>());
    result->size->terms[0]->coefficient = bytesPerRow;
    result->size->terms[0]->batch = 1;
    variant.buffers.push_back(std::move(result));
    return uint32_t(variant.buffers.size() - 1);
  }
  uint32_t parameter(uint64_t rows, uint64_t columns, uint64_t stride = 0) {
    auto result = std::make_unique<fb::ParameterT>();
    result->name = "p";
    result->element = fb::ElementType::bf16;
    result->rows = rows;
    result->columns = columns;
    result->stride = stride;
    variant.parameters.push_back(std::move(result));
    return uint32_t(variant.parameters.size() - 1);
  }
  /// A cache with keys and values of so many bytes each position; the buffers are the last two.
  void cache(uint64_t keyBytes, uint64_t valueBytes) {
    auto state = std::make_unique<fb::StateT>();
    state->name = "cache";
    for (uint64_t bytes : {keyBytes, valueBytes}) {
      state->planes.push_back(std::make_unique<fb::PlaneT>());
      state->planes.back()->buffer = buffer(0);
      state->planes.back()->bytes_per_position = bytes;
    }
    variant.states.push_back(std::move(state));
  }
  void launch(const std::vector<std::pair<Kind, uint32_t>> &arguments) {
    fb::LaunchT launch;
    for (auto [kind, index] : arguments) {
      launch.arguments.push_back(std::make_unique<fb::ArgumentT>());
      launch.arguments.back()->kind = kind;
      launch.arguments.back()->index = index;
    }
    add(std::move(launch));
  }
  void gemm(uint32_t input, uint32_t weight, uint32_t output) {
    fb::GemmT gemm;
    gemm.weight = weight;
    gemm.input = std::make_unique<fb::GemmRowsT>();
    gemm.input->buffer = input;
    gemm.output = std::make_unique<fb::GemmRowsT>();
    gemm.output->buffer = output;
    add(std::move(gemm));
  }

  fb::EntryT &entry() { return *variant.entries[0]; }
  yoco_step_cost cost(uint64_t segments, uint64_t rows, uint64_t position) {
    flatbuffers::FlatBufferBuilder builder;
    builder.Finish(fb::Variant::Pack(builder, &variant));
    const auto &packed = *flatbuffers::GetRoot<fb::Variant>(builder.GetBufferPointer());
    return *computeStepCost(packed, *packed.entries()->Get(0), segments, rows, position);
  }

  fb::VariantT variant;

private:
  template <typename Operation>
  void add(Operation operation) {
    entry().instructions.push_back(std::make_unique<fb::InstructionT>());
    entry().instructions.back()->operation.Set(std::move(operation));
  }
};

TEST(StepCostTest, products) {
  Program program;
  uint32_t x = program.buffer(20), y = program.buffer(28), weight = program.parameter(7, 10, 16);
  program.gemm(x, weight, y);
  program.gemm(x, weight, y);
  yoco_step_cost cost = program.cost(3, 1, 5);
  EXPECT_EQ(cost.weight_bytes, 7u * 16 * 2) << "once, padding included";
  EXPECT_EQ(cost.linear_operations, 2u * 2 * 7 * 10 * 3);
}

// A table that is looked up with the ids counts by rows; the same matrix as a weight counts as a whole; so does one
// that a launch reads when the memory of the ids has been used again.
TEST(StepCostTest, tablesAndMatrices) {
  Program program;
  uint32_t table = program.parameter(100, 8), vector = program.parameter(1, 8), x = program.buffer(16);
  program.launch({{Kind::buffer, program.entry().ids}, {Kind::parameter, table}, {Kind::buffer, x}});
  program.launch({{Kind::buffer, x}, {Kind::parameter, vector}, {Kind::buffer, x}});
  yoco_step_cost cost = program.cost(3, 1, 5);
  EXPECT_EQ(cost.weight_bytes, 3u * 8 * 2 + 8 * 2);
  EXPECT_EQ(cost.linear_operations, 0u);

  program.launch({{Kind::buffer, x}, {Kind::parameter, vector}, {Kind::buffer, program.entry().ids}});
  program.launch({{Kind::buffer, program.entry().ids}, {Kind::parameter, table}, {Kind::buffer, x}});
  cost = program.cost(3, 1, 5);
  EXPECT_EQ(cost.weight_bytes, 100u * 8 * 2 + 8 * 2);
  EXPECT_EQ(cost.linear_operations, 2u * 100 * 8 * 3);
}

// Four heads of width 8 on keys and values of two heads; with the cache split, the parts are joined by the next launch.
TEST(StepCostTest, splitAttention) {
  uint64_t expected = 2 * (4 * 8 + 4 * 8) * 6; // positions 0 to 5
  for (bool split : {false, true}) {
    Program program;
    program.variant.compute_type = fb::ElementType::bf16;
    uint32_t q = program.buffer(128), result = program.buffer(64), partial = program.buffer(5000),
             weight = program.parameter(16, 32), y = program.buffer(64);
    program.cache(32, 32);
    uint32_t keys = uint32_t(program.variant.buffers.size() - 2), values = keys + 1;
    program.launch({{Kind::buffer, q}, {Kind::buffer, keys}, {Kind::buffer, values}}); // the write
    program.launch(
        {{Kind::buffer, q}, {Kind::buffer, keys}, {Kind::buffer, values}, {Kind::buffer, split ? partial : result}});
    if (split)
      program.launch({{Kind::buffer, partial}, {Kind::buffer, result}});
    program.launch({{Kind::buffer, result}, {Kind::parameter, weight}, {Kind::buffer, y}});
    yoco_step_cost cost = program.cost(1, 1, 5);
    EXPECT_EQ(cost.mixer_operations, expected) << split;
    EXPECT_EQ(cost.state_write_bytes, 64u);
    EXPECT_EQ(cost.state_read_bytes, 6u * 64);
  }
}

} // namespace
