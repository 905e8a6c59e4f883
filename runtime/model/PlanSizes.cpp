// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/model/PlanSizes.h"

#include "runtime/core/Memory.h"
#include "runtime/model/DeviceKinds.h"
#include "runtime/model/GemmRanges.h"
#include "runtime/model/Instructions.h"
#include "runtime/model/Programs.h"

#include <algorithm>
#include <cinttypes>

namespace yoco::runtime {

namespace {

Checked power(uint64_t base, uint8_t exponent) {
  Checked result(1);
  // Powers of 0 and 1 need no multiplication; any other base overflows within
  // 64 steps.
  for (unsigned i = 0; i < exponent && base > 1 && result.ok(); ++i)
    result = result * base;
  return base == 0 && exponent > 0 ? Checked(0) : result;
}

/// Evaluates and checks one variant at one set of bounds.
class PlanEvaluator {
public:
  PlanEvaluator(const fb::Variant &variant, uint32_t vocabularySize, const Bounds &bounds, const Path &path)
      : variant(variant), vocabularySize(vocabularySize), bounds(bounds), path(path) {}

  Result<PlanSizes> run() {
    YOCO_RETURN_IF_ERROR(evaluateArenas());
    YOCO_RETURN_IF_ERROR(evaluateBuffers());
    YOCO_RETURN_IF_ERROR(checkStates());
    for (uint32_t i = 0; i < variant.entries()->size(); ++i)
      YOCO_RETURN_IF_ERROR(checkEntry(*variant.entries()->Get(i), Path(path, "entries", i)));
    return std::move(sizes);
  }

private:
  Status evaluateArenas();
  Status evaluateBuffers();
  Status checkStates();
  Status checkEntry(const fb::Entry &entry, const Path &where);
  Status checkRoom(uint32_t buffer, Checked needed, const Path &where);
  Status checkProgram(const fb::Entry &entry, const fb::Program &program, const Path &where);
  Status checkInstruction(const fb::Instruction &instruction, RowLimits most, const Path &where);
  Status checkLaunch(const fb::Launch &launch, RowLimits most, const Path &where);
  Status checkCopy(const fb::Copy &copy, const Path &where);

  const fb::Variant &variant;
  uint32_t vocabularySize;
  Bounds bounds;
  const Path &path;
  PlanSizes sizes;
};

Status PlanEvaluator::evaluateArenas() {
  for (uint32_t i = 0; i < variant.arenas()->size(); ++i) {
    uint64_t largest = 0;
    for (const fb::Size *candidate : *variant.arenas()->Get(i)->sizes()) {
      Checked size = evaluate(*candidate, bounds);
      // Room is left for rounding up, and for pointers into the arena.
      if (!size.atMost(uint64_t(1) << 62))
        return YOCO_PLAN_ERROR(Path(path, "arenas", i), "the size does not fit in 62 bits");
      largest = std::max(largest, size.value());
    }
    sizes.arenas.push_back(largest);
  }
  return Status();
}

Status PlanEvaluator::evaluateBuffers() {
  for (uint32_t i = 0; i < variant.buffers()->size(); ++i) {
    const fb::Buffer &buffer = *variant.buffers()->Get(i);
    Path where(path, "buffers", i);
    Checked offset = evaluate(*buffer.offset(), bounds);
    Checked size = evaluate(*buffer.size(), bounds);
    uint64_t arena = sizes.arenas[buffer.arena()];
    if (!(offset + size).ok())
      return YOCO_PLAN_ERROR(where, "offset and size do not fit in 64 bits");
    if (!rangeFits(offset.value(), size.value(), arena))
      return YOCO_PLAN_ERROR(where, "%" PRIu64 " bytes at %" PRIu64 " do not lie within arena %u of %" PRIu64 " bytes",
                             size.value(), offset.value(), buffer.arena(), arena);
    if (offset.value() % kMemoryAlignment != 0)
      return YOCO_PLAN_ERROR(where, "expected an offset that is a multiple of %zu, got %" PRIu64, kMemoryAlignment,
                             offset.value());
    sizes.buffers.push_back({offset.value(), size.value()});
  }
  return Status();
}

Status PlanEvaluator::checkRoom(uint32_t buffer, Checked needed, const Path &where) {
  if (needed.atMost(sizes.buffers[buffer].size))
    return Status();
  if (!needed.ok())
    return YOCO_PLAN_ERROR(where, "the bytes needed do not fit in 64 bits");
  return YOCO_PLAN_ERROR(where, "%" PRIu64 " bytes are needed and buffer %u has %" PRIu64, needed.value(), buffer,
                         sizes.buffers[buffer].size);
}

Status PlanEvaluator::checkStates() {
  for (uint32_t i = 0; i < variant.states()->size(); ++i) {
    Path where(path, "states", i);
    const auto &planes = *variant.states()->Get(i)->planes();
    for (uint32_t j = 0; j < planes.size(); ++j) {
      const fb::Plane &plane = *planes.Get(j);
      if (plane.buffer() >= 0)
        YOCO_RETURN_IF_ERROR(checkRoom(uint32_t(plane.buffer()),
                                       Checked(plane.bytes_per_position()) * bounds.seq * bounds.batch,
                                       Path(where, "planes", j)));
    }
  }
  if (variant.records() < 0)
    return Status();
  return checkRoom(uint32_t(variant.records()), Checked(variant.record_stride()) * bounds.batch, Path(path, "records"));
}

Status PlanEvaluator::checkEntry(const fb::Entry &entry, const Path &where) {
  for (uint32_t i = 0; i < entry.programs()->size(); ++i)
    YOCO_RETURN_IF_ERROR(checkProgram(entry, *entry.programs()->Get(i), Path(where, "programs", i)));
  return Status();
}

Status PlanEvaluator::checkProgram(const fb::Entry &entry, const fb::Program &program, const Path &where) {
  std::vector<RowLimits> limits;
  for (uint32_t set = 0; set < rowSetCount(entry); ++set) {
    limits.push_back(rowLimits(entry, program, set, bounds));
    YOCO_RETURN_IF_ERROR(checkRoom(program.segments()->Get(set)->buffer(), Checked(limits[set].segments) * 16,
                                   Path(where, "segments", set)));
  }
  YOCO_RETURN_IF_ERROR(checkRoom(program.ids(), Checked(limits[0].rows) * 4, Path(where, "ids")));
  if (program.targets() >= 0)
    YOCO_RETURN_IF_ERROR(
        checkRoom(uint32_t(program.targets()), Checked(limits[0].rows) * 4, Path(where, "targets")));
  for (uint32_t i = 0; i < entry.outputs()->size(); ++i) {
    const fb::Output &output = *entry.outputs()->Get(i);
    Checked needed = Checked(limits[output.row_set()].rows) * outputRowBytes(output, vocabularySize);
    YOCO_RETURN_IF_ERROR(checkRoom(program.outputs()->Get(i), needed, Path(where, "outputs", i)));
  }
  for (uint32_t i = 0; i < program.instructions()->size(); ++i) {
    const fb::Instruction &instruction = *program.instructions()->Get(i);
    YOCO_RETURN_IF_ERROR(
        checkInstruction(instruction, limits[instruction.row_set()], Path(where, "instructions", i)));
  }
  return Status();
}

Status PlanEvaluator::checkInstruction(const fb::Instruction &instruction, RowLimits most, const Path &where) {
  return visit(instruction,
               Handlers{
                   [&](const fb::Launch &launch) { return checkLaunch(launch, most, Path(where, "launch")); },
                   [&](const fb::Copy &copy) { return checkCopy(copy, Path(where, "copy")); },
                   [&](const fb::Gemm &gemm) {
                     return GemmRanges(variant, sizes, Path(where, "gemm")).check(gemm, most.rows);
                   },
               });
}

Status PlanEvaluator::checkLaunch(const fb::Launch &launch, RowLimits limits, const Path &where) {
  Checked units(tileUnits(launch, limits.rows, limits.segments));
  uint64_t most = deviceKind(variant).mostTiles;
  if (!(units * launch.multiplier()).atMost(most))
    return YOCO_PLAN_ERROR(where, "expected at most %" PRIu64 " tiles, got %" PRIu64 " * %" PRIu64, most, units.value(),
                           launch.multiplier());
  for (uint32_t i = 0; i < launch.arguments()->size(); ++i)
    if (const fb::Argument &argument = *launch.arguments()->Get(i);
        argument.kind() == fb::ArgumentKind::buffer && argument.offset() != 0)
      YOCO_RETURN_IF_ERROR(checkRoom(argument.index(), Checked(argument.offset()), Path(where, "arguments", i)));
  return Status();
}

Status PlanEvaluator::checkCopy(const fb::Copy &copy, const Path &where) {
  const PlanSizes::Range &source = sizes.buffers[copy.source()];
  const PlanSizes::Range &destination = sizes.buffers[copy.destination()];
  if (source.size != destination.size)
    return YOCO_PLAN_ERROR(where, "expected buffers of equal size, got %" PRIu64 " and %" PRIu64 " bytes", source.size,
                           destination.size);
  bool sameArena =
      variant.buffers()->Get(copy.source())->arena() == variant.buffers()->Get(copy.destination())->arena();
  if (sameArena && source.offset < destination.offset + destination.size &&
      destination.offset < source.offset + source.size)
    return YOCO_PLAN_ERROR(where, "buffers %u and %u overlap", copy.source(), copy.destination());
  return Status();
}

} // namespace

uint64_t Bounds::rows(fb::RowBound bound) const {
  switch (bound) {
  case fb::RowBound::chunk:
    return chunk;
  case fb::RowBound::batch:
    return batch;
  case fb::RowBound::wanted:
    return wanted;
  }
  return 0;
}

Bounds boundsOf(const fb::Plan &plan) {
  const fb::Bounds &bounds = *plan.bounds();
  return {bounds.seq(), bounds.batch(), bounds.chunk(), bounds.wanted()};
}

Result<Bounds> chooseBounds(const fb::Plan &plan, const yoco_bounds &wanted) {
  Bounds bounds = boundsOf(plan);
  auto choose = [](const char *name, uint64_t wanted, uint64_t &bound) -> Status {
    if (wanted > bound)
      return makeError(YOCO_OUT_OF_BOUNDS, "%s: %" PRIu64 " is above the file's bound of %" PRIu64, name, wanted,
                       bound);
    if (wanted != 0)
      bound = wanted;
    return Status();
  };
  YOCO_RETURN_IF_ERROR(choose("max_sequence_length", wanted.max_sequence_length, bounds.seq));
  YOCO_RETURN_IF_ERROR(choose("max_batch", wanted.max_batch, bounds.batch));
  YOCO_RETURN_IF_ERROR(choose("prefill_chunk", wanted.prefill_chunk, bounds.chunk));
  YOCO_RETURN_IF_ERROR(choose("wanted_rows", wanted.wanted_rows, bounds.wanted));
  return bounds;
}

Checked evaluate(const fb::Size &size, const Bounds &bounds) {
  Checked sum(0);
  for (const fb::Term *term : *size.terms()) {
    Checked product = Checked(term->coefficient()) * power(bounds.seq, term->seq()) *
                      power(bounds.batch, term->batch()) * power(bounds.chunk, term->chunk()) *
                      power(bounds.wanted, term->wanted());
    sum = sum + product.alignedTo(kMemoryAlignment);
  }
  return sum;
}

Result<PlanSizes> evaluatePlan(const fb::Variant &variant, uint32_t vocabularySize, const Bounds &bounds,
                               const Path &path) {
  return PlanEvaluator(variant, vocabularySize, bounds, path).run();
}

uint64_t outputRowBytes(const fb::Output &output, uint32_t vocabularySize) {
  switch (output.kind()) {
  case fb::OutputKind::logits:
    return uint64_t(vocabularySize) * sizeof(float);
  case fb::OutputKind::sampled:
    return sizeof(int32_t);
  case fb::OutputKind::logprobs:
    return (3 + 2 * uint64_t(output.best())) * sizeof(float);
  }
  return 0;
}

uint64_t growingBytesPerPosition(const fb::Variant &variant) {
  uint64_t bytes = 0;
  for (const fb::State *state : *variant.states())
    for (const fb::Plane *plane : *state->planes())
      bytes += plane->bytes_per_position();
  return bytes;
}

} // namespace yoco::runtime
