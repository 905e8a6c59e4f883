// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/runtime/ToyModel.h"

#include "runtime/schema/GeneratedParameters.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <xxhash.h>

namespace yoco::test {

FileBytes &FileBytes::operator=(const FileBytes &other) {
  resize(other.byteCount);
  if (byteCount != 0)
    memcpy(start, other.start, byteCount);
  return *this;
}

void FileBytes::resize(size_t size) {
  storage.reset(new uint8_t[size + 64]());
  start = reinterpret_cast<uint8_t *>((reinterpret_cast<uintptr_t>(storage.get()) + 63) / 64 * 64);
  byteCount = size;
}

void addLaunch(fb::ProgramT &program, uint32_t kernel, const ToyArguments &arguments, fb::TileUnit unit,
               uint64_t divisor, const char *layer) {
  auto instruction = std::make_unique<fb::InstructionT>();
  fb::LaunchT launch;
  launch.kernel = kernel;
  launch.unit = unit;
  launch.divisor = divisor;
  for (const auto &[kind, index] : arguments) {
    auto argument = std::make_unique<fb::ArgumentT>();
    argument->kind = kind;
    argument->index = index;
    launch.arguments.push_back(std::move(argument));
  }
  instruction->operation.Set(std::move(launch));
  instruction->layer = layer;
  program.instructions.push_back(std::move(instruction));
}

namespace {

/// coefficient * seq^a * batch^b * chunk^c * wanted^d
using Terms = std::vector<fb::TermT>;

fb::TermT term(uint64_t coefficient, const char *variables) {
  fb::TermT result;
  result.coefficient = coefficient;
  for (; *variables; ++variables) {
    result.seq += *variables == 's';
    result.batch += *variables == 'b';
    result.chunk += *variables == 'c';
    result.wanted += *variables == 'k';
  }
  return result;
}

std::unique_ptr<fb::SizeT> makeSize(const Terms &terms) {
  auto size = std::make_unique<fb::SizeT>();
  for (const fb::TermT &term : terms)
    size->terms.push_back(std::make_unique<fb::TermT>(term));
  return size;
}

/// Puts buffers of an arena one after the other.
class Layout {
public:
  Layout(fb::VariantT &variant, uint32_t arena) : variant(variant), arena(arena) {}

  uint32_t add(uint64_t coefficient, const char *variables) {
    auto buffer = std::make_unique<fb::BufferT>();
    buffer->arena = arena;
    buffer->offset = makeSize(used);
    buffer->size = makeSize({term(coefficient, variables)});
    used.push_back(term(coefficient, variables));
    variant.buffers.push_back(std::move(buffer));
    return uint32_t(variant.buffers.size() - 1);
  }
  void finish() { variant.arenas[arena]->sizes.push_back(makeSize(used)); }

private:
  fb::VariantT &variant;
  uint32_t arena;
  Terms used;
};

template <typename Operation>
void addOperation(fb::ProgramT &program, Operation operation) {
  auto instruction = std::make_unique<fb::InstructionT>();
  instruction->operation.Set(std::move(operation));
  program.instructions.push_back(std::move(instruction));
}

/// Buffers of the states, in the order in which addStates() makes them, and where the ring is in a record.
enum StateBuffer : uint32_t { recordBuffer, emptyBuffer, cacheBuffer };
constexpr uint64_t kRingOffset = 64;

fb::PlaneT &addState(fb::VariantT &variant, const char *name, const char *kind) {
  auto state = std::make_unique<fb::StateT>();
  state->name = name;
  state->kind = kind;
  state->planes.push_back(std::make_unique<fb::PlaneT>());
  variant.states.push_back(std::move(state));
  return *variant.states.back()->planes.back();
}

void addStates(fb::VariantT &variant) {
  Layout layout(variant, 0);
  addState(variant, "sum", "state").record_bytes = 8;
  fb::PlaneT &ring = addState(variant, "ring", "ring of 4");
  ring.record_offset = kRingOffset;
  ring.record_bytes = 16;
  fb::PlaneT &cache = addState(variant, "cache", "growing cache");
  cache.buffer = cacheBuffer;
  cache.bytes_per_position = 4;
  variant.records = recordBuffer;
  variant.record_stride = 128;
  layout.add(128, "b");
  layout.add(0, "b"); // nothing needs it
  layout.add(4, "bs");
  layout.finish();
}

void addEntry(fb::VariantT &variant, const char *name, fb::RowBound bound, const char *rows, bool logits) {
  using Kind = fb::ArgumentKind;
  Layout layout(variant, 1);
  auto entry = std::make_unique<fb::EntryT>();
  entry->name = name;
  entry->row_bound = bound;
  entry->row_shape = bound == fb::RowBound::batch ? fb::RowShape::one_per_segment : fb::RowShape::ragged;
  entry->programs.push_back(std::make_unique<fb::ProgramT>());
  fb::ProgramT &program = *entry->programs.back();
  program.ids = layout.add(4, rows);
  program.segments.push_back(std::make_unique<fb::SegmentTableT>());
  program.segments[0]->buffer = layout.add(16, "b");
  uint32_t x = layout.add(16, rows);
  addLaunch(program, 0,
            {{Kind::buffer, program.ids},
             {Kind::buffer, program.segments[0]->buffer},
             {Kind::buffer, recordBuffer},
             {Kind::buffer, recordBuffer},
             {Kind::buffer, cacheBuffer},
             {Kind::buffer, x},
             {Kind::segments, 0},
             {Kind::max_sequence_length, 0}},
            fb::TileUnit::segments, 1, "layers.0");
  program.instructions.back()->operation.AsLaunch()->arguments[3]->offset = kRingOffset;
  if (logits) {
    fb::CopyT copy;
    copy.source = x;
    copy.destination = layout.add(16, rows);
    addOperation(program, copy);
    setOutput(*entry, fb::OutputKind::logits, layout.add(4 * kToyVocabulary, rows));
    addLaunch(program, 1,
              {{Kind::buffer, copy.destination},
               {Kind::parameter, 0},
               {Kind::parameter, 1},
               {Kind::buffer, program.outputs[0]},
               {Kind::rows, 0}},
              fb::TileUnit::rows, 4, "output");
  }
  layout.finish();
  variant.entries.push_back(std::move(entry));
}

constexpr uint64_t kSpreadSeed = 42, kSpreadStream = 7;

float toyBias(uint32_t id) { return float(id % 3) * 0.125f; }

/// The generated parameter, rounded to bfloat16 by arithmetic rather than by
/// bits.
float toySpread(uint32_t id) {
  if (id >= 8)
    return 1.0f; // the second run has scale 0
  double value = generatedValue(generatorKey(kSpreadSeed, kSpreadStream), id, 0.5f);
  int exponent;
  double fraction = std::frexp(value, &exponent);
  return float(std::ldexp(std::nearbyint(std::ldexp(fraction, 8)), exponent - 8));
}

} // namespace

std::unique_ptr<fb::SegmentT> ToyModel::addBlob(std::string bytes) {
  auto segment = std::make_unique<fb::SegmentT>();
  segments.push_back(segment.get());
  blobs.push_back(std::move(bytes));
  return segment;
}

ToyModel::ToyModel(ToyBounds bounds) {
  plan.producer = "toy";
  plan.vocabulary_size = kToyVocabulary;
  plan.bounds = std::make_unique<fb::BoundsT>();
  plan.bounds->seq = bounds.seq;
  plan.bounds->batch = bounds.batch;
  plan.bounds->chunk = bounds.chunk;
  plan.bounds->wanted = bounds.wanted;
  plan.stop_ids = {3};
  plan.variants.push_back(std::make_unique<fb::VariantT>());
  variant().device = "host";
  variant().target = "host:toy";

  auto bias = std::make_unique<fb::ParameterT>();
  bias->name = "bias";
  bias->rows = kToyVocabulary;
  bias->columns = 1;
  std::string biasBytes;
  for (uint32_t id = 0; id < kToyVocabulary; ++id) {
    float value = toyBias(id);
    biasBytes.append(reinterpret_cast<const char *>(&value), sizeof(value));
  }
  bias->segment = addBlob(biasBytes);
  variant().parameters.push_back(std::move(bias));

  auto spread = std::make_unique<fb::ParameterT>();
  spread->name = "spread";
  spread->element = fb::ElementType::bf16;
  spread->rows = kToyVocabulary;
  spread->columns = 1;
  spread->layout = fb::ParameterLayout::panels;
  spread->panel = 4;
  for (uint64_t rows : {8, 3}) {
    auto run = std::make_unique<fb::GeneratedRowsT>();
    run->rows = rows;
    run->seed = kSpreadSeed;
    run->stream = kSpreadStream;
    run->scale = rows == 8 ? 0.5f : 0.0f;
    spread->generated.push_back(std::move(run));
  }
  variant().parameters.push_back(std::move(spread));

  for (const char *name : {"persistent", "scratch"}) {
    variant().arenas.push_back(std::make_unique<fb::ArenaT>());
    variant().arenas.back()->name = name;
  }
  addStates(variant());
  addEntry(variant(), "prefill", fb::RowBound::chunk, "c", false);
  addEntry(variant(), "decode", fb::RowBound::batch, "b", true);
  addEntry(variant(), "score", fb::RowBound::wanted, "k", true);
  addKernel("toy_mix", "aaaaaann", 0);
  addKernel("toy_logits", "aaaan", 0);
  variant().code = addBlob(readFile(YOCO_TOY_KERNELS));
  plan.tokenizer = addBlob("not really a tokenizer");
}

uint32_t ToyModel::addBuffer(size_t index, uint64_t coefficient, bool perRow) {
  fb::RowBound bound = entry(index).row_bound;
  return addBuffer(index, coefficient,
                   !perRow                          ? ""
                   : bound == fb::RowBound::chunk   ? "c"
                   : bound == fb::RowBound::batch   ? "b"
                                                    : "k");
}

uint32_t ToyModel::addBuffer(size_t index, uint64_t coefficient, const char *variables) {
  if (variant().arenas[1]->sizes.size() == index)
    variant().arenas[1]->sizes.push_back(std::make_unique<fb::SizeT>());
  fb::SizeT &arena = *variant().arenas[1]->sizes[index];
  auto buffer = std::make_unique<fb::BufferT>();
  buffer->arena = 1;
  buffer->offset = std::make_unique<fb::SizeT>();
  for (const auto &used : arena.terms)
    buffer->offset->terms.push_back(std::make_unique<fb::TermT>(*used));
  buffer->size = makeSize({term(coefficient, variables)});
  arena.terms.push_back(std::make_unique<fb::TermT>(term(coefficient, variables)));
  variant().buffers.push_back(std::move(buffer));
  return uint32_t(variant().buffers.size() - 1);
}

void ToyModel::addKernel(const char *name, const char *words, uint32_t threads) {
  variant().kernels.push_back(std::make_unique<fb::KernelT>());
  fb::KernelT &kernel = *variant().kernels.back();
  kernel.name = name;
  for (; *words; ++words)
    kernel.words.push_back(*words == 'a' ? fb::WordKind::address : fb::WordKind::number);
  for (auto &image : variant().images) {
    image->launches.push_back(std::make_unique<fb::KernelLaunchT>());
    image->launches.back()->threads = threads;
  }
}

void setOutput(fb::EntryT &entry, fb::OutputKind kind, uint32_t buffer) {
  entry.rows_wanted = fb::RowsWanted::all;
  entry.outputs.clear();
  entry.outputs.push_back(std::make_unique<fb::OutputT>());
  entry.outputs[0]->kind = kind;
  entry.programs[0]->outputs = {buffer};
}

void ToyModel::addSample() {
  auto sample = std::make_unique<fb::EntryT>(entry(1));
  uint32_t logits = sample->programs[0]->outputs[0];
  sample->name = "sample";
  setOutput(*sample, fb::OutputKind::sampled, addBuffer(1, 4, true));
  addKernel("toy_argmax", "aan", 64);
  addLaunch(*sample->programs[0], uint32_t(variant().kernels.size() - 1),
            {{fb::ArgumentKind::buffer, logits},
             {fb::ArgumentKind::buffer, sample->programs[0]->outputs[0]},
             {fb::ArgumentKind::rows, 0}},
            fb::TileUnit::rows, 1, "output");
  variant().entries.push_back(std::move(sample));
}

void ToyModel::placeSegments() {
  uint64_t offset = kFileHeaderSize;
  for (size_t i = 0; i < blobs.size(); ++i) {
    segments[i]->offset = offset;
    segments[i]->size = blobs[i].size();
    offset = alignFileOffset(offset + blobs[i].size());
  }
}

FileBytes ToyModel::build() {
  placeSegments();
  return write();
}

FileBytes ToyModel::write() {
  flatbuffers::FlatBufferBuilder builder;
  fb::FinishPlanBuffer(builder, fb::Plan::Pack(builder, &plan));
  uint64_t offset = kFileHeaderSize;
  std::vector<uint64_t> places;
  for (const std::string &blob : blobs) {
    places.push_back(offset);
    offset = alignFileOffset(offset + blob.size());
  }
  FileHeader header = {};
  memcpy(header.magic, kFileMagic, sizeof(kFileMagic));
  header.version = kFileVersion;
  header.headerSize = kFileHeaderSize;
  header.requiredFeatures = features;
  header.planOffset = offset;
  header.planSize = builder.GetSize();
  header.checksumOffset = alignFileOffset(offset + builder.GetSize());
  header.checksumSize = checksumTableSize(header.checksumOffset);
  header.fileSize = header.checksumOffset + header.checksumSize;
  FileBytes file(header.fileSize);
  memcpy(file.data(), &header, sizeof(header));
  for (size_t i = 0; i < blobs.size(); ++i)
    memcpy(file.data() + places[i], blobs[i].data(), blobs[i].size());
  memcpy(file.data() + offset, builder.GetBufferPointer(), builder.GetSize());
  writeChecksums(file);
  return file;
}

void writeChecksums(FileBytes &file) {
  FileHeader header;
  memcpy(&header, file.data(), sizeof(header));
  uint8_t *table = file.data() + header.checksumOffset;
  uint64_t place = 0;
  auto append = [&](uint64_t hash) {
    memcpy(table + place, &hash, sizeof(hash));
    place += sizeof(hash);
  };
  for (uint64_t offset = 0; offset < header.checksumOffset; offset += kChecksumBlockSize)
    append(XXH3_64bits(file.data() + offset, std::min(kChecksumBlockSize, header.checksumOffset - offset)));
  append(XXH3_64bits(table, place));
}

std::vector<float> toyLogits(const std::vector<int32_t> &ids) {
  uint32_t sum = 0;
  for (int32_t id : ids)
    sum = sum * 31 + uint32_t(id);
  return toyLogitsOf(ids, sum);
}

std::vector<float> toyLogitsOf(const std::vector<int32_t> &ids, uint32_t sum) {
  uint32_t recent = 0, all = 0;
  for (size_t i = 0; i < ids.size(); ++i) {
    all = all * 37 + uint32_t(ids[i]);
    if (i + 4 >= ids.size())
      recent = recent * 33 + uint32_t(ids[i]);
  }
  std::vector<float> logits;
  for (uint32_t v = 0; v < kToyVocabulary; ++v) {
    uint32_t hash = (sum * 7 + recent * 3 + all * 5 + uint32_t(ids.size() - 1) + v) * 2654435761u;
    logits.push_back(float(hash >> 8) * 0x1p-24f * toySpread(v) + toyBias(v));
  }
  return logits;
}

int32_t toyNext(const std::vector<int32_t> &ids) {
  std::vector<float> logits = toyLogits(ids);
  return int32_t(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

std::vector<int32_t> toyIds(size_t count, uint32_t seed) {
  std::vector<int32_t> ids;
  for (size_t i = 0; i < count; ++i)
    ids.push_back(int32_t(mixBits(seed * 1000 + i) % kToyVocabulary));
  return ids;
}

std::string readFile(const std::string &path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) {
    fprintf(stderr, "cannot read %s\n", path.c_str());
    abort();
  }
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

void writeFile(const std::string &path, const FileBytes &bytes) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char *>(bytes.data()), std::streamsize(bytes.size()));
}

Opened::Opened(const FileBytes &file, yoco_model_options options) {
  char text[1024] = "";
  status = yoco_model_open_memory(file.data(), file.size(), &options, &model, text, sizeof(text));
  error = text;
}

OpenedSession::OpenedSession(yoco_model *model, yoco_session_options options) {
  options.struct_size = sizeof(options);
  if (options.threads == 0)
    options.threads = 2;
  char text[1024] = "";
  status = yoco_session_create(model, &options, &session, text, sizeof(text));
  error = text;
}

yoco_session_stats OpenedSession::stats() const {
  yoco_session_stats stats = {};
  stats.struct_size = sizeof(stats);
  yoco_session_get_stats(session, &stats);
  return stats;
}

} // namespace yoco::test

// Under a sanitizer, memory that cannot be had is a null pointer, as without
// one: tests ask for it.
extern "C" const char *__asan_default_options(void);
extern "C" const char *__tsan_default_options(void);
extern "C" const char *__asan_default_options(void) { return "allocator_may_return_null=1"; }
extern "C" const char *__tsan_default_options(void) { return "allocator_may_return_null=1"; }
