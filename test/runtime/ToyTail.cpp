// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/runtime/ToyTail.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace yoco::test {

namespace {

using Kind = fb::ArgumentKind;

constexpr uint64_t kRecord = 256, kTailOffset = 64, kRingOffset = 128;
constexpr uint32_t kRecords = 0; // buffer
constexpr uint32_t kMix = 0, kLogits = 1;

/// Kernels and buffers of the toy that the entries below share.
struct Tail {
  ToyModel &toy;
  uint32_t narrow, tail, state;

  /// The last instruction is about `set`.
  static fb::InstructionT &last(fb::ProgramT &program, uint32_t set) {
    program.instructions.back()->row_set = set;
    return *program.instructions.back();
  }

  void addNarrow(fb::ProgramT &program, uint32_t from, uint32_t to, uint32_t x, uint32_t result) const {
    addLaunch(program, narrow,
              {{Kind::buffer, program.segments[from]->buffer},
               {Kind::buffer, program.segments[to]->buffer},
               {Kind::buffer, x},
               {Kind::buffer, result}},
              fb::TileUnit::segments, 1, "narrow");
    last(program, to);
  }

  void addLayer(fb::ProgramT &program, uint32_t set, uint32_t x) const {
    addLaunch(program, tail,
              {{Kind::buffer, program.segments[set]->buffer},
               {Kind::buffer, kRecords},
               {Kind::buffer, kRecords},
               {Kind::buffer, x},
               {Kind::segments, 0}},
              fb::TileUnit::segments, 1, "layers.1");
    last(program, set).operation.AsLaunch()->arguments[2]->offset = kTailOffset;
  }

  std::unique_ptr<fb::RowSetT> makeHalo() const {
    auto set = std::make_unique<fb::RowSetT>();
    set->halo = kToyHalo;
    set->bound = fb::RowBound::chunk;
    set->states = {state};
    return set;
  }

  uint32_t addTable(fb::ProgramT &program, size_t entry, const char *variables, uint64_t coefficient = 16) const {
    program.segments.push_back(std::make_unique<fb::SegmentTableT>());
    return program.segments.back()->buffer = toy.addBuffer(entry, coefficient, variables);
  }
};

/// Records become twice as long, with a place for the ring of the second half.
void moveStates(ToyModel &toy) {
  fb::VariantT &variant = toy.variant();
  auto grow = [&](fb::SizeT &size) {
    for (auto &term : size.terms)
      if (term->coefficient == variant.record_stride)
        term->coefficient = kRecord;
  };
  for (auto &size : variant.arenas[0]->sizes)
    grow(*size);
  for (auto &buffer : variant.buffers)
    if (buffer->arena == 0) {
      grow(*buffer->offset);
      grow(*buffer->size);
    }
  variant.record_stride = kRecord;
  variant.states[1]->planes[0]->record_offset = kRingOffset;
  auto state = std::make_unique<fb::StateT>();
  state->name = "tail";
  state->kind = "ring of 4";
  state->planes.push_back(std::make_unique<fb::PlaneT>());
  state->planes[0]->record_offset = kTailOffset;
  state->planes[0]->record_bytes = 16;
  variant.states.push_back(std::move(state));
  for (auto &entry : variant.entries)
    entry->programs[0]->instructions[0]->operation.AsLaunch()->arguments[3]->offset = kRingOffset;
}

/// The second half of an entry that runs it for all rows stands right after the first.
void addToAllRows(const Tail &tail, size_t entry) {
  fb::ProgramT &program = tail.toy.program(entry);
  tail.addLayer(program, 0, program.instructions[0]->operation.AsLaunch()->arguments[5]->index);
  std::rotate(program.instructions.begin() + 1, program.instructions.end() - 1, program.instructions.end());
}

/// The second half of rows that nothing comes out of.
void addToPrefill(const Tail &tail) {
  fb::ProgramT &program = tail.toy.program(0);
  tail.toy.entry(0).row_sets.push_back(tail.makeHalo());
  tail.addTable(program, 0, "b");
  uint32_t x = program.instructions[0]->operation.AsLaunch()->arguments[5]->index;
  uint32_t narrowed = tail.toy.addBuffer(0, 16, "c");
  tail.addNarrow(program, 0, 1, x, narrowed);
  tail.addLayer(program, 1, narrowed);
}

/// A program of `extend`. `most` wanted rows are segments of their own, unless it is 0.
std::unique_ptr<fb::ProgramT> makeExtend(const Tail &tail, uint64_t most) {
  ToyModel &toy = tail.toy;
  auto result = std::make_unique<fb::ProgramT>();
  fb::ProgramT &program = *result;
  program.most_wanted = most;
  const char *wanted = most == 0 ? "k" : "";
  uint64_t count = most == 0 ? 1 : most;
  program.ids = toy.addBuffer(kToyExtend, 4, "c");
  tail.addTable(program, kToyExtend, "b");
  tail.addTable(program, kToyExtend, "b");
  tail.addTable(program, kToyExtend, most == 0 ? "b" : "", 16 * count);
  program.segments[2]->each_row = most != 0;
  uint32_t x = toy.addBuffer(kToyExtend, 16, "c"), halo = toy.addBuffer(kToyExtend, 16, "c");
  uint32_t last = toy.addBuffer(kToyExtend, 16 * count, wanted);
  program.outputs = {toy.addBuffer(kToyExtend, 4 * kToyVocabulary * count, wanted)};
  addLaunch(program, kMix,
            {{Kind::buffer, program.ids},
             {Kind::buffer, program.segments[0]->buffer},
             {Kind::buffer, kRecords},
             {Kind::buffer, kRecords},
             {Kind::buffer, toy.variant().states[2]->planes[0]->buffer},
             {Kind::buffer, x},
             {Kind::segments, 0},
             {Kind::max_sequence_length, 0}},
            fb::TileUnit::segments, 1, "layers.0");
  program.instructions.back()->operation.AsLaunch()->arguments[3]->offset = kRingOffset;
  tail.addNarrow(program, 0, 1, x, halo);
  tail.addLayer(program, 1, halo);
  tail.addNarrow(program, 1, 2, halo, last);
  addLaunch(program, kLogits,
            {{Kind::buffer, last},
             {Kind::parameter, 0},
             {Kind::parameter, 1},
             {Kind::buffer, program.outputs[0]},
             {Kind::rows, 0}},
            fb::TileUnit::rows, 4, "output");
  Tail::last(program, 2);
  return result;
}

void addExtend(const Tail &tail) {
  auto entry = std::make_unique<fb::EntryT>();
  entry->name = "extend";
  entry->rows_wanted = fb::RowsWanted::from;
  entry->row_sets.push_back(tail.makeHalo());
  entry->row_sets.push_back(std::make_unique<fb::RowSetT>());
  entry->row_sets[1]->bound = fb::RowBound::wanted;
  entry->outputs.push_back(std::make_unique<fb::OutputT>());
  entry->outputs[0]->row_set = 2;
  entry->programs.push_back(makeExtend(tail, 2));
  entry->programs.push_back(makeExtend(tail, 0));
  tail.toy.variant().entries.push_back(std::move(entry));
}

} // namespace

void addTailSample(ToyModel &toy) {
  toy.addKernel("toy_argmax", "aan", 64);
  auto sample = std::make_unique<fb::EntryT>(toy.entry(kToyExtend));
  sample->name = "extend_sample";
  sample->outputs[0]->kind = fb::OutputKind::sampled;
  for (auto &program : sample->programs) {
    uint32_t logits = program->outputs[0];
    program->outputs[0] = program->most_wanted == 0 ? toy.addBuffer(kToyExtend, 4, "k")
                                                    : toy.addBuffer(kToyExtend, 4 * program->most_wanted, "");
    addLaunch(*program, uint32_t(toy.variant().kernels.size() - 1),
              {{Kind::buffer, logits}, {Kind::buffer, program->outputs[0]}, {Kind::rows, 0}}, fb::TileUnit::rows, 1,
              "output");
    Tail::last(*program, 2);
  }
  toy.variant().entries.push_back(std::move(sample));
}

void addTail(ToyModel &toy) {
  moveStates(toy);
  toy.addKernel("toy_narrow", "aaaa", 64);
  toy.addKernel("toy_tail", "aaaan", 64);
  uint32_t kernels = uint32_t(toy.variant().kernels.size());
  Tail tail{toy, kernels - 2, kernels - 1, uint32_t(toy.variant().states.size() - 1)};
  addToPrefill(tail);
  for (size_t entry : {1, 2})
    addToAllRows(tail, entry);
  addExtend(tail);
}

void addLogprobs(ToyModel &toy) {
  auto entry = std::make_unique<fb::EntryT>(toy.entry(kToyExtend));
  entry->name = "extend_logprobs";
  entry->programs.erase(entry->programs.begin());
  fb::ProgramT &program = *entry->programs[0];
  uint32_t logits = program.outputs[0], wanted = toy.addBuffer(kToyExtend, 4, "k");
  program.targets = int32_t(toy.addBuffer(kToyExtend, 4, "c"));
  program.outputs = {toy.addBuffer(kToyExtend, 4 * (3 + 2 * kToyBest), "k")};
  entry->outputs[0]->kind = fb::OutputKind::logprobs;
  entry->outputs[0]->best = kToyBest;
  toy.addKernel("toy_narrow_ids", "aaaa", 64);
  toy.addKernel("toy_logprobs", "aaan", 64);
  uint32_t kernels = uint32_t(toy.variant().kernels.size());
  addLaunch(program, kernels - 2,
            {{Kind::buffer, program.segments[0]->buffer},
             {Kind::buffer, program.segments[2]->buffer},
             {Kind::buffer, uint32_t(program.targets)},
             {Kind::buffer, wanted}},
            fb::TileUnit::segments, 1, "narrow");
  Tail::last(program, 2);
  addLaunch(program, kernels - 1,
            {{Kind::buffer, logits}, {Kind::buffer, wanted}, {Kind::buffer, program.outputs[0]}, {Kind::rows, 0}},
            fb::TileUnit::rows, 1, "output");
  Tail::last(program, 2);
  toy.variant().entries.push_back(std::move(entry));
}

yoco_allocator poisonedMemory() {
  return {[](void *, size_t size, size_t alignment) -> void * {
            size_t whole = (size + alignment - 1) / alignment * alignment;
            void *memory = aligned_alloc(alignment, whole);
            return memory ? memset(memory, 0xFF, whole) : nullptr;
          },
          [](void *, void *memory, size_t) { free(memory); }, nullptr};
}

std::vector<float> tailLogits(const std::vector<int32_t> &ids) {
  std::vector<uint32_t> sums;
  for (int32_t id : ids)
    sums.push_back((sums.empty() ? 0 : sums.back() * 31) + uint32_t(id));
  uint32_t hash = 0;
  for (size_t i = sums.size() < 4 ? 0 : sums.size() - 4; i < sums.size(); ++i)
    hash = hash * 33 + sums[i];
  return toyLogitsOf(ids, hash);
}

} // namespace yoco::test
