// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Entry points: their row sets, their outputs, and the programs that do a step, instruction by instruction.

#include "runtime/core/Memory.h"
#include "runtime/model/DeviceKinds.h"
#include "runtime/model/Instructions.h"
#include "runtime/model/Parameters.h"
#include "runtime/model/PlanVerifier.h"
#include "runtime/model/Programs.h"

#include <cinttypes>
#include <set>

namespace yoco::runtime {

namespace {

/// Positions and rows are counted with 32 bits.
constexpr uint64_t kMostRows = INT32_MAX;

/// Columns that are listed with log-probabilities.
constexpr uint32_t kMostBest = 64;

/// Whether a kernel gets an address for such an argument, and not a number.
bool isAddress(fb::ArgumentKind kind) {
  switch (kind) {
  case fb::ArgumentKind::buffer:
  case fb::ArgumentKind::parameter:
    return true;
  case fb::ArgumentKind::rows:
  case fb::ArgumentKind::segments:
  case fb::ArgumentKind::max_sequence_length:
    return false;
  }
  return false;
}

class EntryVerifier {
public:
  EntryVerifier(const fb::Entry &entry, const fb::Variant &variant, const FileHeader &header, const Path &path)
      : entry(entry), variant(variant), header(header), path(path), kind(deviceKind(variant)) {}

  Status run();

private:
  Status verifyRowSets();
  Status verifyRowSet(uint32_t index, std::set<uint32_t> &states, const Path &where);
  Status verifySetState(uint32_t index, std::set<uint32_t> &states, const Path &where);
  Status verifyOutputs();
  Status verifyOutputSet(const fb::Output &output, const Path &where);
  Status verifyPrograms();
  Status verifyProgramOrder(uint32_t index, const Path &where);
  Status verifyProgram(const fb::Program &program, const Path &where);
  Status verifySegments(const fb::Program &program, const Path &where);
  Status verifyTargets(const fb::Program &program, const Path &where);
  Status verifyCost(const fb::Cost &cost, const Path &where);
  Status verifyInstruction(const fb::Instruction &instruction, const Path &where);
  Status verifyLaunch(const fb::Launch &launch, const Path &where);
  Status verifyArgument(const fb::Argument &argument, const fb::Kernel &kernel, uint32_t word, const Path &where);
  Status verifyCluster(const fb::Launch &launch, const Path &where);
  Status verifyCopy(const fb::Copy &copy, const Path &where);
  Status verifyProduct(const fb::Gemm &gemm, const Path &where);

  Status verifyBufferIndex(uint64_t index, const Path &where) {
    return verifyIndex(index, variant.buffers()->size(), "buffer", where);
  }
  Status verifySetIndex(uint64_t index, const Path &where) {
    return verifyIndex(index, rowSetCount(entry), "row set", where);
  }
  const fb::RowSet *lastRowSet() const {
    uint32_t count = rowSetCount(entry);
    return count == 1 ? nullptr : &rowSet(entry, count - 1);
  }

  const fb::Entry &entry;
  const fb::Variant &variant;
  const FileHeader &header;
  const Path &path;
  const DeviceKind &kind;
};

Status EntryVerifier::run() {
  YOCO_RETURN_IF_ERROR(verifyEnum(entry.row_bound(), fb::RowBound::MAX, Path(path, "row_bound")));
  YOCO_RETURN_IF_ERROR(verifyEnum(entry.row_shape(), fb::RowShape::MAX, Path(path, "row_shape")));
  YOCO_RETURN_IF_ERROR(verifyEnum(entry.rows_wanted(), fb::RowsWanted::MAX, Path(path, "rows_wanted")));
  if (entry.row_shape() == fb::RowShape::one_per_segment && entry.row_bound() != fb::RowBound::batch)
    return YOCO_PLAN_ERROR(Path(path, "row_bound"), "expected `batch` with one row per segment, got `%s`",
                           fb::EnumNameRowBound(entry.row_bound()));
  YOCO_RETURN_IF_ERROR(verifyRowSets());
  YOCO_RETURN_IF_ERROR(verifyOutputs());
  return verifyPrograms();
}

Status EntryVerifier::verifyRowSets() {
  Path where(path, "row_sets");
  uint32_t count = rowSetCount(entry) - 1;
  if (count != 0 && entry.rows_wanted() == fb::RowsWanted::all)
    return YOCO_PLAN_ERROR(where, "expected none, as rows_wanted is `all`, got %u", count);
  if (count != 0 && entry.row_shape() != fb::RowShape::ragged)
    return YOCO_PLAN_ERROR(where, "expected none with one row per segment, got %u", count);
  std::set<uint32_t> states;
  for (uint32_t i = 0; i < count; ++i)
    YOCO_RETURN_IF_ERROR(verifyRowSet(i, states, Path(path, "row_sets", i)));
  return Status();
}

/// Each set has fewer rows than the one before, so that no two are the same.
Status EntryVerifier::verifyRowSet(uint32_t index, std::set<uint32_t> &states, const Path &where) {
  const fb::RowSet &set = *entry.row_sets()->Get(index);
  Path halo(where, "halo"), bound(where, "bound");
  uint64_t limit = index == 0 ? kMostRows : entry.row_sets()->Get(index - 1)->halo();
  if (set.halo() >= limit)
    return YOCO_PLAN_ERROR(halo, "expected less than %" PRIu64 ", got %" PRIu64, limit, set.halo());
  if (set.halo() == 0 && entry.rows_wanted() == fb::RowsWanted::none)
    return YOCO_PLAN_ERROR(halo, "expected at least 1, as rows_wanted is `none`, got 0");
  YOCO_RETURN_IF_ERROR(verifyEnum(set.bound(), fb::RowBound::MAX, bound));
  // A halo may take in all rows of a step.
  if (set.bound() != entry.row_bound() && (set.halo() != 0 || set.bound() != fb::RowBound::wanted))
    return YOCO_PLAN_ERROR(bound, "expected `%s`%s, got `%s`", fb::EnumNameRowBound(entry.row_bound()),
                           set.halo() == 0 ? " or `wanted`" : " with a halo", fb::EnumNameRowBound(set.bound()));
  if (set.states())
    for (uint32_t i = 0; i < set.states()->size(); ++i)
      YOCO_RETURN_IF_ERROR(verifySetState(set.states()->Get(i), states, Path(where, "states", i)));
  return Status();
}

Status EntryVerifier::verifySetState(uint32_t index, std::set<uint32_t> &states, const Path &where) {
  YOCO_RETURN_IF_ERROR(verifyIndex(index, variant.states()->size(), "state", where));
  const fb::State &state = *variant.states()->Get(index);
  for (const fb::Plane *plane : *state.planes())
    if (plane->buffer() != -1)
      return YOCO_PLAN_ERROR(where, "expected a state that does not grow, got `%s`", state.name()->c_str());
  if (!states.insert(index).second)
    return YOCO_PLAN_ERROR(where, "`%s` is there twice", state.name()->c_str());
  return Status();
}

Status EntryVerifier::verifyOutputs() {
  const auto &outputs = *entry.outputs();
  if ((entry.rows_wanted() == fb::RowsWanted::none) != (outputs.size() == 0))
    return YOCO_PLAN_ERROR(Path(path, "outputs"), "expected %s, as rows_wanted is `%s`, got %u",
                           outputs.size() == 0 ? "at least one" : "none", fb::EnumNameRowsWanted(entry.rows_wanted()),
                           outputs.size());
  std::set<fb::OutputKind> kinds;
  for (uint32_t i = 0; i < outputs.size(); ++i) {
    Path at(path, "outputs", i);
    const fb::Output &output = *outputs.Get(i);
    YOCO_RETURN_IF_ERROR(verifyEnum(output.kind(), fb::OutputKind::MAX, Path(at, "kind")));
    if (!kinds.insert(output.kind()).second)
      return YOCO_PLAN_ERROR(Path(at, "kind"), "`%s` is there twice", fb::EnumNameOutputKind(output.kind()));
    YOCO_RETURN_IF_ERROR(verifyOutputSet(output, Path(at, "row_set")));
    uint32_t mostBest = output.kind() == fb::OutputKind::logprobs ? kMostBest : 0;
    if (output.best() > mostBest)
      return YOCO_PLAN_ERROR(Path(at, "best"), "expected at most %u of `%s`, got %u", mostBest,
                             fb::EnumNameOutputKind(output.kind()), output.best());
  }
  return Status();
}

/// What comes out is exactly what is wanted.
Status EntryVerifier::verifyOutputSet(const fb::Output &output, const Path &where) {
  YOCO_RETURN_IF_ERROR(verifySetIndex(output.row_set(), where));
  if (entry.rows_wanted() != fb::RowsWanted::from)
    return Status(); // there is no other set than 0
  if (output.row_set() == 0 || rowSet(entry, output.row_set()).halo() != 0)
    return YOCO_PLAN_ERROR(where, "expected a row set without a halo, as rows_wanted is `from`, got %u",
                           output.row_set());
  return Status();
}

Status EntryVerifier::verifyPrograms() {
  const auto &programs = *entry.programs();
  if (programs.size() == 0)
    return YOCO_PLAN_ERROR(Path(path, "programs"), "expected at least one");
  for (uint32_t i = 0; i < programs.size(); ++i) {
    YOCO_RETURN_IF_ERROR(verifyProgramOrder(i, Path(path, "programs", i)));
    YOCO_RETURN_IF_ERROR(verifyProgram(*programs.Get(i), Path(path, "programs", i)));
  }
  return Status();
}

/// Each program holds steps that none before it does, and the last all steps.
Status EntryVerifier::verifyProgramOrder(uint32_t index, const Path &where) {
  auto numbers = [&](uint32_t program) {
    const fb::Program &that = *entry.programs()->Get(program);
    // 0 is the largest number.
    return std::pair(that.most_rows() - 1, that.most_wanted() - 1);
  };
  auto [rows, wanted] = numbers(index);
  if (index != 0 && numbers(index) <= numbers(index - 1))
    return YOCO_PLAN_ERROR(where, "expected more rows than program %u, or as many and more that are wanted", index - 1);
  if (rows != UINT64_MAX && rows >= kMostRows)
    return YOCO_PLAN_ERROR(Path(where, "most_rows"), "expected 0 to %" PRIu64 ", got %" PRIu64, kMostRows, rows + 1);
  if (wanted == UINT64_MAX)
    return rows == UINT64_MAX || index + 1 != entry.programs()->size()
               ? Status()
               : YOCO_PLAN_ERROR(Path(where, "most_rows"), "expected 0 of the last program, got %" PRIu64, rows + 1);
  if (!lastRowSet() || lastRowSet()->bound() != fb::RowBound::wanted)
    return YOCO_PLAN_ERROR(Path(where, "most_wanted"), "expected 0 without a row set of bound `wanted`, got %" PRIu64,
                           wanted + 1);
  if (wanted >= kMostRows || index + 1 == entry.programs()->size())
    return YOCO_PLAN_ERROR(Path(where, "most_wanted"),
                           "expected 0 of the last program, others below 2^31, got %" PRIu64, wanted + 1);
  return Status();
}

Status EntryVerifier::verifyProgram(const fb::Program &program, const Path &where) {
  YOCO_RETURN_IF_ERROR(verifyBufferIndex(program.ids(), Path(where, "ids")));
  YOCO_RETURN_IF_ERROR(verifySegments(program, where));
  YOCO_RETURN_IF_ERROR(verifyTargets(program, Path(where, "targets")));
  uint32_t outputs = program.outputs() ? program.outputs()->size() : 0;
  if (outputs != entry.outputs()->size())
    return YOCO_PLAN_ERROR(Path(where, "outputs"), "expected one for each of the entry's %u, got %u",
                           entry.outputs()->size(), outputs);
  for (uint32_t i = 0; i < outputs; ++i)
    YOCO_RETURN_IF_ERROR(verifyBufferIndex(program.outputs()->Get(i), Path(where, "outputs", i)));
  for (uint32_t i = 0; i < program.instructions()->size(); ++i)
    YOCO_RETURN_IF_ERROR(verifyInstruction(*program.instructions()->Get(i), Path(where, "instructions", i)));
  return Status();
}

Status EntryVerifier::verifySegments(const fb::Program &program, const Path &where) {
  const auto &tables = *program.segments();
  if (tables.size() != rowSetCount(entry))
    return YOCO_PLAN_ERROR(Path(where, "segments"), "expected one for each of %u row sets, got %u", rowSetCount(entry),
                           tables.size());
  std::set<uint32_t> buffers;
  for (uint32_t i = 0; i < tables.size(); ++i) {
    Path at(where, "segments", i);
    YOCO_RETURN_IF_ERROR(verifyBufferIndex(tables.Get(i)->buffer(), Path(at, "buffer")));
    if (!buffers.insert(tables.Get(i)->buffer()).second)
      return YOCO_PLAN_ERROR(Path(at, "buffer"), "buffer %u is there twice", tables.Get(i)->buffer());
    if (i == 0 && tables.Get(i)->each_row())
      return YOCO_PLAN_ERROR(Path(at, "each_row"), "expected false of the table of all rows");
  }
  return Status();
}

/// Targets come in where something is said of them.
Status EntryVerifier::verifyTargets(const fb::Program &program, const Path &where) {
  bool hasLogprobs = false;
  for (const fb::Output *output : *entry.outputs())
    hasLogprobs |= output->kind() == fb::OutputKind::logprobs;
  if (hasLogprobs && program.targets() != -1)
    return verifyBufferIndex(uint64_t(int64_t(program.targets())), where);
  if (hasLogprobs != (program.targets() != -1))
    return YOCO_PLAN_ERROR(where, "expected %s %s an output of `logprobs`, got %d", hasLogprobs ? "a buffer" : "-1",
                           hasLogprobs ? "with" : "without", program.targets());
  return Status();
}

Status EntryVerifier::verifyCost(const fb::Cost &cost, const Path &where) {
  YOCO_RETURN_IF_ERROR(verifyEnum(cost.kind(), fb::CostKind::MAX, Path(where, "kind")));
  YOCO_RETURN_IF_ERROR(verifyEnum(cost.unit(), fb::CostUnit::MAX, Path(where, "unit")));
  if (cost.parameter() == -1)
    return Status();
  return verifyIndex(uint64_t(int64_t(cost.parameter())), variant.parameters()->size(), "parameter",
                     Path(where, "parameter"));
}

Status EntryVerifier::verifyInstruction(const fb::Instruction &instruction, const Path &where) {
  if (instruction.layer())
    YOCO_RETURN_IF_ERROR(verifyName(*instruction.layer(), Path(where, "layer")));
  if (instruction.costs())
    for (uint32_t i = 0; i < instruction.costs()->size(); ++i)
      YOCO_RETURN_IF_ERROR(verifyCost(*instruction.costs()->Get(i), Path(where, "costs", i)));
  YOCO_RETURN_IF_ERROR(verifySetIndex(instruction.row_set(), Path(where, "row_set")));
  if (!isKnown(instruction))
    return YOCO_PLAN_ERROR(Path(where, "operation"), "kind %u is unknown", unsigned(instruction.operation_type()));
  return visit(instruction, Handlers{
                                [&](const fb::Launch &launch) { return verifyLaunch(launch, Path(where, "launch")); },
                                [&](const fb::Copy &copy) { return verifyCopy(copy, Path(where, "copy")); },
                                [&](const fb::Gemm &gemm) { return verifyProduct(gemm, Path(where, "gemm")); },
                            });
}

Status EntryVerifier::verifyCopy(const fb::Copy &copy, const Path &where) {
  YOCO_RETURN_IF_ERROR(verifyBufferIndex(copy.source(), Path(where, "source")));
  return verifyBufferIndex(copy.destination(), Path(where, "destination"));
}

Status EntryVerifier::verifyProduct(const fb::Gemm &gemm, const Path &where) {
  if (!kind.hasProducts)
    return YOCO_PLAN_ERROR(where, "expected a launch: device `%s` has no library of matrix products", kind.name);
  YOCO_RETURN_IF_ERROR(needDeviceCode(header, where));
  return verifyGemm(gemm, variant, where);
}

/// Clusters of every image divide the tiles, however many units of them a step has.
Status EntryVerifier::verifyCluster(const fb::Launch &launch, const Path &where) {
  if (variant.images())
    for (const fb::Image *image : *variant.images())
      if (uint32_t cluster = image->launches()->Get(launch.kernel())->cluster(); launch.multiplier() % cluster != 0)
        return YOCO_PLAN_ERROR(Path(where, "multiplier"),
                               "expected a multiple of the %u blocks of a cluster, got %" PRIu64, cluster,
                               launch.multiplier());
  return Status();
}

Status EntryVerifier::verifyLaunch(const fb::Launch &launch, const Path &where) {
  YOCO_RETURN_IF_ERROR(verifyIndex(launch.kernel(), variant.kernels()->size(), "kernel", Path(where, "kernel")));
  YOCO_RETURN_IF_ERROR(verifyCluster(launch, where));
  YOCO_RETURN_IF_ERROR(verifyEnum(launch.unit(), fb::TileUnit::MAX, Path(where, "unit")));
  if (launch.divisor() == 0)
    return YOCO_PLAN_ERROR(Path(where, "divisor"), "expected at least 1, got 0");
  const fb::Kernel &kernel = *variant.kernels()->Get(launch.kernel());
  if (launch.arguments()->size() != kernel.words()->size())
    return YOCO_PLAN_ERROR(Path(where, "arguments"), "expected the %u that kernel `%s` has, got %u",
                           kernel.words()->size(), kernel.name()->c_str(), launch.arguments()->size());
  for (uint32_t i = 0; i < launch.arguments()->size(); ++i)
    YOCO_RETURN_IF_ERROR(verifyArgument(*launch.arguments()->Get(i), kernel, i, Path(where, "arguments", i)));
  return Status();
}

Status EntryVerifier::verifyArgument(const fb::Argument &argument, const fb::Kernel &kernel, uint32_t index,
                                     const Path &where) {
  YOCO_RETURN_IF_ERROR(verifyEnum(argument.kind(), fb::ArgumentKind::MAX, Path(where, "kind")));
  fb::WordKind word = kernel.words()->Get(index);
  if (isAddress(argument.kind()) != (word == fb::WordKind::address))
    return YOCO_PLAN_ERROR(where, "expected %s, as kernel `%s` says, got `%s`",
                           word == fb::WordKind::address ? "a buffer or parameter" : "a number", kernel.name()->c_str(),
                           fb::EnumNameArgumentKind(argument.kind()));
  if (argument.kind() == fb::ArgumentKind::buffer)
    YOCO_RETURN_IF_ERROR(verifyBufferIndex(argument.index(), where));
  if (argument.offset() != 0 && (!isAddress(argument.kind()) || argument.offset() % kMemoryAlignment != 0))
    return YOCO_PLAN_ERROR(Path(where, "offset"),
                           "expected 0, or a multiple of %zu in a buffer or parameter, got %" PRIu64, kMemoryAlignment,
                           argument.offset());
  if (argument.kind() != fb::ArgumentKind::parameter)
    return Status();
  YOCO_RETURN_IF_ERROR(verifyIndex(argument.index(), variant.parameters()->size(), "parameter", where));
  uint64_t size = parameterBytes(*variant.parameters()->Get(argument.index())).value();
  if (argument.offset() >= size)
    return YOCO_PLAN_ERROR(Path(where, "offset"),
                           "expected less than the %" PRIu64 " bytes of the parameter, got %" PRIu64, size,
                           argument.offset());
  return Status();
}

} // namespace

Status verifyEntry(const fb::Entry &entry, const fb::Variant &variant, const FileHeader &header, const Path &path) {
  return EntryVerifier(entry, variant, header, path).run();
}

} // namespace yoco::runtime
