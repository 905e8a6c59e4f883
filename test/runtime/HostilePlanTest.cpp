// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plans that are well-formed FlatBuffers with good checksums and say something
// that is wrong, each in one way.

#include "test/runtime/BadPlan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>

using namespace yoco;
using namespace yoco::test;
using testing::HasSubstr;

namespace {

class HostilePlanTest : public testing::TestWithParam<BadPlan> {};

TEST_P(HostilePlanTest, isRefused) {
  ToyModel toy;
  expectRefused(toy, GetParam());
}

fb::LaunchT &launch(ToyModel &toy, size_t entry, size_t instruction) {
  return *toy.program(entry).instructions[instruction]->operation.AsLaunch();
}
fb::CopyT &copy(ToyModel &toy) { return *toy.program(1).instructions[1]->operation.AsCopy(); }
fb::ParameterT &spread(ToyModel &toy) { return *toy.variant().parameters[1]; }
fb::BufferT &buffer(ToyModel &toy, size_t index) { return *toy.variant().buffers[index]; }
std::unique_ptr<fb::SegmentT> segment(uint64_t offset, uint64_t size) {
  auto result = std::make_unique<fb::SegmentT>();
  result->offset = offset;
  result->size = size;
  return result;
}

/// Eight bits for each number, a scale of f32 for each row.
fb::EncodingT &encode(ToyModel &toy, size_t parameter) {
  auto &encoding = toy.variant().parameters[parameter]->encoding;
  encoding = std::make_unique<fb::EncodingT>();
  encoding->name = "int8";
  encoding->bits = 8;
  return *encoding;
}

fb::CostT &addCost(ToyModel &toy) {
  auto &costs = toy.program(0).instructions[0]->costs;
  costs.push_back(std::make_unique<fb::CostT>());
  return *costs.back();
}

/// An entry like decode that chooses, and does nothing else.
fb::EntryT *makeSample(ToyModel &toy) {
  auto entry = std::make_unique<fb::EntryT>();
  entry->name = "sample";
  entry->row_shape = fb::RowShape::one_per_segment;
  entry->row_bound = fb::RowBound::batch;
  entry->programs.push_back(std::make_unique<fb::ProgramT>());
  entry->programs[0]->ids = toy.program(1).ids;
  entry->programs[0]->segments.push_back(std::make_unique<fb::SegmentTableT>(*toy.program(1).segments[0]));
  setOutput(*entry, fb::OutputKind::sampled, toy.program(1).ids);
  toy.variant().entries.push_back(std::move(entry));
  return toy.variant().entries.back().get();
}

const BadPlan kPlans[] = {
    {"NoVocabulary", [](ToyModel &t) { t.plan.vocabulary_size = 0; },
     "vocabulary_size: expected 1 to 2147483647, got 0"},
    {"HugeVocabulary", [](ToyModel &t) { t.plan.vocabulary_size = 0x80000000u; }, "vocabulary_size: expected 1 to"},
    {"VocabularyAboveLogits", [](ToyModel &t) { t.plan.vocabulary_size = 17; },
     "variants[0].entries[1].programs[0].outputs[0]: 204 bytes are needed and buffer 10 has "
     "192"},
    {"ZeroBound", [](ToyModel &t) { t.plan.bounds->chunk = 0; }, "bounds.chunk: expected 1 to 2147483647, got 0"},
    {"HugeBound", [](ToyModel &t) { t.plan.bounds->seq = UINT64_MAX; }, "bounds.seq: expected 1 to 2147483647"},
    {"StopId", [](ToyModel &t) { t.plan.stop_ids.push_back(11); },
     "stop_ids[1]: id 11 is not below the vocabulary size 11"},
    {"NegativeStopId", [](ToyModel &t) { t.plan.stop_ids[0] = -1; }, "stop_ids[0]: id -1"},
    {"NoVariants", [](ToyModel &t) { t.plan.variants.clear(); }, "variants: expected at least one"},
    {"Producer", [](ToyModel &t) { t.plan.producer = "\x1b[31m"; },
     "producer: expected printable ASCII characters, got byte 27"},
    {"EmptyDevice", [](ToyModel &t) { t.variant().device = ""; },
     "variants[0].device: expected 1 to 1024 characters, got 0"},
    {"LongTarget", [](ToyModel &t) { t.variant().target = std::string(2000, 'x'); },
     "variants[0].target: expected 1 to 1024"},
    {"ComputeType", [](ToyModel &t) { t.variant().compute_type = fb::ElementType(9); },
     "variants[0].compute_type: expected 0 to 2, got 9"},
    {"FeatureName", [](ToyModel &t) { t.variant().cpu_features.push_back("a\nb"); }, "variants[0].cpu_features[0]"},
    {"NoCode", [](ToyModel &t) { t.variant().code.reset(); }, "variants[0].code: expected a segment, got none"},
    {"MisalignedSegment", [](ToyModel &t) { t.plan.tokenizer->offset += 8; },
     "tokenizer: expected an offset that is a multiple of 64"},
    {"SegmentInHeader", [](ToyModel &t) { t.plan.tokenizer->offset = 64; },
     "tokenizer: 22 bytes at 64 do not lie between"},
    {"SegmentBehindEnd", [](ToyModel &t) { t.plan.tokenizer->offset = uint64_t(1) << 40; }, "do not lie between"},
    {"SegmentOverflow", [](ToyModel &t) { t.plan.tokenizer->size = UINT64_MAX; }, "do not lie between"},
    {"SegmentEmpty", [](ToyModel &t) { t.plan.tokenizer->size = 0; }, "tokenizer: 0 bytes"},
    {"SegmentOnPlan", [](ToyModel &t) { t.plan.tokenizer->size += 64; }, "overlaps"},
    {"SegmentsOverlap", [](ToyModel &t) { t.plan.tokenizer->offset = t.variant().code->offset; }, "overlaps"},
    {"BytesOfNothing",
     [](ToyModel &t) {
       t.plan.tokenizer.reset();
       t.blobs[2] = std::string(100, 0);
     },
     "belong to nothing"},
    {"ParameterSize", [](ToyModel &t) { t.variant().parameters[0]->rows = 12; },
     "variants[0].parameters[0].segment: expected 48 bytes, got 44"},
    {"ParameterOverflow",
     [](ToyModel &t) { t.variant().parameters[0]->rows = t.variant().parameters[0]->columns = UINT64_MAX; },
     "variants[0].parameters[0]: expected a size"},
    {"ParameterEmpty", [](ToyModel &t) { t.variant().parameters[0]->columns = 0; },
     "variants[0].parameters[0]: expected a size"},
    {"ParameterElement", [](ToyModel &t) { t.variant().parameters[0]->element = fb::ElementType(3); },
     "parameters[0].element"},
    {"ParameterLayout", [](ToyModel &t) { spread(t).layout = fb::ParameterLayout(2); }, "parameters[1].layout"},
    {"ParameterPlacement", [](ToyModel &t) { spread(t).placement = fb::Placement(2); }, "parameters[1].placement"},
    {"ParameterPanel", [](ToyModel &t) { spread(t).panel = 0; }, "parameters[1].panel: expected at least 1, got 0"},
    {"ParameterPanelTooMany", [](ToyModel &t) { t.variant().parameters[0]->panel = 4; },
     "parameters[0].panel: expected 0, got 4"},
    {"ParameterBoth", [](ToyModel &t) { spread(t).segment = segment(128, 24); },
     "expected a segment or generated rows, got both"},
    {"ParameterNeither", [](ToyModel &t) { spread(t).generated.clear(); }, "parameters[1]"},
    {"GeneratedRows", [](ToyModel &t) { spread(t).generated[0]->rows = 7; },
     "parameters[1].generated: expected rows that add up to 11, got 10"},
    {"GeneratedOverflow", [](ToyModel &t) { spread(t).generated[0]->rows = UINT64_MAX; },
     "expected rows that add up to 11"},
    {"GeneratedScale", [](ToyModel &t) { spread(t).generated[0]->scale = std::numeric_limits<float>::quiet_NaN(); },
     "generated[0]: expected a scale from 0"},
    {"ParameterTwice", [](ToyModel &t) { spread(t).name = "bias"; },
     "variants[0].parameters[1].name: `bias` is there twice"},
    {"ArenaName", [](ToyModel &t) { t.variant().arenas[0]->name = "other"; },
     "variants[0].arenas[0]: expected the arena `persistent`"},
    {"ArenaMissing", [](ToyModel &t) { t.variant().arenas.pop_back(); },
     "variants[0].arenas[1]: expected the arena `scratch`"},
    {"ArenaOverflow", [](ToyModel &t) { t.variant().arenas[0]->sizes[0]->terms[0]->seq = 255; },
     "variants[0].arenas[0]: the size does not fit"},
    {"ArenaSmall", [](ToyModel &t) { t.variant().arenas[0]->sizes.clear(); }, "do not lie within arena 0 of 0 bytes"},
    {"BufferArena", [](ToyModel &t) { buffer(t, 0).arena = 2; },
     "variants[0].buffers[0].arena: arena index 2 is not below 2"},
    {"BufferOutside", [](ToyModel &t) { buffer(t, 2).size->terms[0]->coefficient = 100; },
     "variants[0].buffers[2]: 12032 bytes at 384 do not lie within arena 0 of "
     "896 bytes"},
    {"BufferOverflow", [](ToyModel &t) { buffer(t, 2).offset->terms[0]->coefficient = UINT64_MAX; },
     "variants[0].buffers[2]: offset and size do not fit"},
    {"StateKind", [](ToyModel &t) { t.variant().states[0]->kind = "\n"; }, "variants[0].states[0].kind"},
    {"Records", [](ToyModel &t) { t.variant().records = 99; },
      "variants[0].records.buffer: buffer index 99 is not below"},
    {"RecordsInScratch", [](ToyModel &t) { t.variant().records = 3; },
     "variants[0].records: expected a buffer of the persistent arena, got one of arena 1"},
    {"RecordStride", [](ToyModel &t) { t.variant().record_stride = 100; },
     "variants[0].record_stride: expected a positive multiple of 64, got 100"},
    {"RecordsTooLong", [](ToyModel &t) { t.variant().record_stride = 192; },
     "variants[0].records: 576 bytes are needed and buffer 0 has 384"},
    {"StrideWithoutRecords", [](ToyModel &t) { t.variant().records = -1; },
     "variants[0].record_stride: expected 0 without records, got 128"},
    {"PlaneInRecord", [](ToyModel &t) { t.variant().states[1]->planes[0]->record_bytes = 65; },
     "states[1].planes[0]: 65 bytes at 64 do not lie within a record of 128 bytes"},
    {"PlaneUnaligned", [](ToyModel &t) { t.variant().states[1]->planes[0]->record_offset = 4; },
     "states[1].planes[0].record_offset: expected a multiple of 64, got 4"},
    {"PlaneInRecordGrows", [](ToyModel &t) { t.variant().states[1]->planes[0]->bytes_per_position = 4; },
     "states[1].planes[0].bytes_per_position: expected 0 in a record, got 4"},
    {"PlaneOfNoPositions", [](ToyModel &t) { t.variant().states[2]->planes[0]->bytes_per_position = 0; },
     "states[2].planes[0]: expected bytes per position and no place in a record"},
    {"PlaneBuffer", [](ToyModel &t) { t.variant().states[2]->planes[0]->buffer = 99; },
     "states[2].planes[0].buffer: buffer index 99 is not below"},
    {"PlaneInScratch", [](ToyModel &t) { t.variant().states[2]->planes[0]->buffer = 3; },
     "expected a buffer of the persistent arena"},
    {"PlaneOutside", [](ToyModel &t) { t.variant().states[2]->planes[0]->bytes_per_position = 5; },
     "states[2].planes[0]: 600 bytes are needed and buffer 2 has 512"},
    {"PlaneOverflow", [](ToyModel &t) { t.variant().states[2]->planes[0]->bytes_per_position = UINT64_MAX; },
     "states[2].planes[0]: the bytes needed do not fit"},
    {"EncodingBits", [](ToyModel &t) { encode(t, 0).bits = 0; },
     "parameters[0].encoding.bits: expected 1 to 32, got 0"},
    {"EncodingScale", [](ToyModel &t) { encode(t, 0).scale = fb::ElementType(3); },
     "parameters[0].encoding.scale: expected 0 to 2, got 3"},
    {"EncodingName", [](ToyModel &t) { encode(t, 0).name = ""; }, "parameters[0].encoding.name"},
    {"EncodingOfPanels", [](ToyModel &t) { encode(t, 1); },
     "parameters[1].encoding: expected none, as the parameter is not a stored row_major one without a stride"},
    {"EncodingBytes", [](ToyModel &t) { encode(t, 0); }, "parameters[0].segment: expected 108 bytes, got 44"},
    {"EntryTwice", [](ToyModel &t) { t.entry(1).name = "prefill"; }, "entries[1].name: `prefill` is there twice"},
    {"EntryIds", [](ToyModel &t) { t.program(0).ids = 99; },
     "variants[0].entries[0].programs[0].ids: buffer index 99 is not below 16"},
    {"EntryIdsSmall",
     [](ToyModel &t) {
       t.plan.bounds->chunk = 7;
       t.program(2).ids = 1;
       t.plan.bounds->wanted = 17;
     },
     "entries[2].programs[0].ids: 68 bytes are needed and buffer 1 has 0"},
    {"EntrySegments", [](ToyModel &t) { t.program(0).segments[0]->buffer = 99; }, "entries[0].programs[0].segments"},
    {"OutputBuffer", [](ToyModel &t) { t.program(1).outputs[0] = 99; },
     "entries[1].programs[0].outputs[0]: buffer index 99 is not below"},
    {"OutputKind", [](ToyModel &t) { t.entry(1).outputs[0]->kind = fb::OutputKind(3); },
     "entries[1].outputs[0].kind: expected 0 to 2, got 3"},
    {"BestOfLogits", [](ToyModel &t) { t.entry(1).outputs[0]->best = 1; },
     "entries[1].outputs[0].best: expected at most 0 of `logits`, got 1"},
    {"TargetsOfLogits", [](ToyModel &t) { t.program(1).targets = 1; },
     "entries[1].programs[0].targets: expected -1 without an output of `logprobs`, got 1"},
    {"OutputTwice",
     [](ToyModel &t) { t.entry(1).outputs.push_back(std::make_unique<fb::OutputT>(*t.entry(1).outputs[0])); },
     "entries[1].outputs[1].kind: `logits` is there twice"},
    {"OutputsOfNoRows", [](ToyModel &t) { t.entry(1).rows_wanted = fb::RowsWanted::none; },
     "entries[1].outputs: expected none, as rows_wanted is `none`, got 1"},
    {"NoOutputs", [](ToyModel &t) { t.entry(0).rows_wanted = fb::RowsWanted::all; },
     "entries[0].outputs: expected at least one, as rows_wanted is `all`, got 0"},
    {"EntryRowBound", [](ToyModel &t) { t.entry(0).row_bound = fb::RowBound(7); }, "entries[0].row_bound"},
    {"EntryRowsWanted", [](ToyModel &t) { t.entry(0).rows_wanted = fb::RowsWanted(7); }, "entries[0].rows_wanted"},
    {"OneRowBound", [](ToyModel &t) { t.entry(1).row_bound = fb::RowBound::chunk; },
     "entries[1].row_bound: expected `batch` with one row per segment, got `chunk`"},
    {"SampledSmall",
     [](ToyModel &t) {
       makeSample(t)->programs[0]->outputs[0] = t.program(2).ids; // which grows with `score`
       t.plan.bounds->batch = 17;
     },
     "entries[3].programs[0].outputs[0]: 68 bytes are needed and buffer 11 has 64"},
    {"KernelIndex", [](ToyModel &t) { launch(t, 0, 0).kernel = 2; },
     "variants[0].entries[0].programs[0].instructions[0].launch.kernel: kernel index 2 is "
     "not below 2"},
    {"KernelName", [](ToyModel &t) { t.variant().kernels[0]->name = "a b"; },
     "kernels[0].name: expected letters, digits, `_`, `.` or `$`, got ` `"},
    {"KernelWord", [](ToyModel &t) { t.variant().kernels[1]->words[4] = fb::WordKind(2); },
     "kernels[1].words[4]: expected 0 to 1, got 2"},
    {"ArgumentCount", [](ToyModel &t) { launch(t, 1, 0).arguments.pop_back(); },
     "launch.arguments: expected the 8 that kernel `toy_mix` has, got 7"},
    {"NumberForAddress", [](ToyModel &t) { launch(t, 1, 0).arguments[5]->kind = fb::ArgumentKind::rows; },
     "launch.arguments[5]: expected a buffer or parameter, as kernel `toy_mix` says, got `rows`"},
    {"AddressForNumber", [](ToyModel &t) { launch(t, 1, 0).arguments[6]->kind = fb::ArgumentKind::buffer; },
     "launch.arguments[6]: expected a number, as kernel `toy_mix` says, got `buffer`"},
    {"CostKind", [](ToyModel &t) { addCost(t).kind = fb::CostKind(5); },
     "instructions[0].costs[0].kind: expected 0 to 4, got 5"},
    {"CostUnit", [](ToyModel &t) { addCost(t).unit = fb::CostUnit(8); },
     "instructions[0].costs[0].unit: expected 0 to 7, got 8"},
    {"CostParameter", [](ToyModel &t) { addCost(t).parameter = 2; },
     "instructions[0].costs[0].parameter: parameter index 2 is not below 2"},
    {"BufferArgument", [](ToyModel &t) { launch(t, 1, 0).arguments[2]->index = 91; },
     "variants[0].entries[1].programs[0].instructions[0].launch.arguments[2]: buffer index "
     "91 is not below 16"},
    {"ParameterArgument", [](ToyModel &t) { launch(t, 1, 2).arguments[1]->index = 2; },
     "launch.arguments[1]: parameter index 2 is not below 2"},
    {"ArgumentOffset", [](ToyModel &t) { launch(t, 1, 0).arguments[3]->offset = 4; },
     "arguments[3].offset: expected 0, or a multiple of 64 in a buffer or parameter, got 4"},
    {"ArgumentOffsetOfRows", [](ToyModel &t) { launch(t, 1, 0).arguments[6]->offset = 64; },
     "arguments[6].offset: expected 0, or a multiple of 64 in a buffer or parameter, got 64"},
    {"ArgumentOffsetOutside", [](ToyModel &t) { launch(t, 1, 0).arguments[3]->offset = 448; },
     "arguments[3]: 448 bytes are needed and buffer 0 has 384"},
    {"ParameterOffset", [](ToyModel &t) { launch(t, 1, 2).arguments[1]->offset = 64; },
     "arguments[1].offset: expected less than the 44 bytes of the parameter, got 64"},
    {"ArgumentKind", [](ToyModel &t) { launch(t, 1, 0).arguments[2]->kind = fb::ArgumentKind(5); },
     "launch.arguments[2].kind: expected 0 to 4, got 5"},
    {"TileUnit", [](ToyModel &t) { launch(t, 1, 0).unit = fb::TileUnit(3); }, "launch.unit"},
    {"Divisor", [](ToyModel &t) { launch(t, 1, 0).divisor = 0; }, "launch.divisor: expected at least 1, got 0"},
    {"Multiplier", [](ToyModel &t) { launch(t, 1, 0).multiplier = UINT64_MAX; },
     "launch: expected at most 4294967294 tiles"},
    {"CopySource", [](ToyModel &t) { copy(t).source = 50; }, "instructions[1].copy.source: buffer index 50"},
    {"CopySizes", [](ToyModel &t) { copy(t).source = 2; },
     "copy: expected buffers of equal size, got 512 and 64 bytes"},
    {"CopyOverlap", [](ToyModel &t) { copy(t).source = copy(t).destination; }, "overlap"},
    {"LayerName", [](ToyModel &t) { t.program(0).instructions[0]->layer = "\t"; }, "instructions[0].layer"},
};

INSTANTIATE_TEST_SUITE_P(Plans, HostilePlanTest, testing::ValuesIn(kPlans),
                         [](const auto &info) { return std::string(info.param.name); });

// An entry of another name and description is nothing that a session asks for, and runs with none of its functions.
TEST(EntryTest, namesMeanNothing) {
  ToyModel toy;
  for (const char *name : {"draft", "one", "all"})
    toy.entry(size_t(name[0] == 'o' ? 1 : name[0] == 'a' ? 2 : 0)).name = name;
  auto choice = std::make_unique<fb::EntryT>(toy.entry(2));
  choice->name = "prefill"; // which it is not
  setOutput(*choice, fb::OutputKind::sampled, choice->programs[0]->outputs[0]);
  toy.variant().entries.insert(toy.variant().entries.begin(), std::move(choice));
  FileBytes file = toy.build();
  Opened model(file);
  ASSERT_EQ(model.status, YOCO_OK) << model.error;
  OpenedSession session(model.model);
  std::vector<float> logits(kToyVocabulary);
  std::vector<int32_t> ids = toyIds(20);
  ASSERT_EQ(yoco_session_prompt(session, 0, ids.data(), ids.size(), logits.data()), YOCO_OK);
  EXPECT_EQ(logits, toyLogits(ids));
}

// What fits at the file's bounds need not fit at smaller ones: here scratch
// shrinks with a bound that its buffers do not know.
TEST(SessionPlanTest, checkedAgainAtSessionBounds) {
  ToyModel toy;
  fb::TermT growing;
  growing.coefficient = 4;
  growing.seq = 1;
  toy.variant().arenas[1]->sizes.clear();
  toy.variant().arenas[1]->sizes.push_back(std::make_unique<fb::SizeT>());
  for (int i = 0; i < 9; ++i)
    toy.variant().arenas[1]->sizes[0]->terms.push_back(std::make_unique<fb::TermT>(growing));
  FileBytes file = toy.build();
  Opened model(file);
  ASSERT_EQ(model.status, YOCO_OK) << model.error;
  yoco_session_options options = {};
  options.bounds.max_sequence_length = 8; // 9 * 64 bytes of scratch, 640 are needed
  OpenedSession session(model.model, options);
  EXPECT_EQ(session.status, YOCO_INVALID_FILE);
  EXPECT_THAT(session.error, HasSubstr("do not lie within arena 1 of 576 bytes"));
}

} // namespace
