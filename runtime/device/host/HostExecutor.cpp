// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/device/host/HostExecutor.h"

#include <cstring>

namespace yoco::runtime {

Result<std::unique_ptr<Executor>> HostExecutor::create(const HostProgram &program, ExecutorOptions options) {
  std::unique_ptr<HostExecutor> executor(new HostExecutor(program, std::move(options)));
  YOCO_RETURN_IF_ERROR(executor->allocate());
  YOCO_RETURN_IF_ERROR(executor->startThreads());
  executor->entries.resize(program.variant().entries()->size());
  for (uint32_t entry : executor->options.entries)
    executor->resolveEntry(entry);
  executor->resolvePlanes();
  return std::unique_ptr<Executor>(std::move(executor));
}

Status HostExecutor::allocate() {
  for (uint32_t i = 0; i < options.sizes.arenas.size(); ++i) {
    std::string what = "arena " + program.variant().arenas()->Get(i)->name()->str();
    YOCO_ASSIGN_OR_RETURN(Memory arena, Memory::allocate(options.allocator, options.sizes.arenas[i], what.c_str()));
    arenas.push_back(std::move(arena));
  }
  return Status();
}

Status HostExecutor::startThreads() {
  if (options.parallelFor) {
    callerParallel.reset(new CallerParallel(options.parallelFor, options.parallelForUser));
    parallel = callerParallel.get();
    return Status();
  }
  YOCO_ASSIGN_OR_RETURN(pool, ThreadPool::create(options.threads));
  parallel = pool.get();
  return Status();
}

/// The one place where an offset becomes an address; the plan's ranges are
/// verified.
uint8_t *HostExecutor::address(uint32_t buffer) const {
  return arenas[program.variant().buffers()->Get(buffer)->arena()].data() + options.sizes.buffers[buffer].offset;
}

void HostExecutor::resolveEntry(uint32_t index) {
  const fb::Entry &description = *program.variant().entries()->Get(index);
  Entry &entry = entries[index];
  entry.ids = reinterpret_cast<int32_t *>(address(description.ids()));
  entry.segments = reinterpret_cast<SegmentRow *>(address(description.segments()));
  if (description.logits() >= 0)
    entry.logits = reinterpret_cast<const float *>(address(uint32_t(description.logits())));
  if (description.sampled() >= 0)
    entry.sampled = reinterpret_cast<const int32_t *>(address(uint32_t(description.sampled())));
  size_t wordCount = 0;
  for (const fb::Instruction *instruction : *description.instructions())
    if (const fb::Launch *launch = instruction->operation_as_Launch())
      wordCount += launch->arguments()->size();
  entry.words.reserve(wordCount); // instructions point into it
  for (const fb::Instruction *instruction : *description.instructions())
    entry.instructions.push_back(resolveInstruction(*instruction, entry));
}

HostExecutor::Instruction HostExecutor::resolveInstruction(const fb::Instruction &instruction, Entry &entry) {
  Instruction result = {};
  result.kind = instruction.operation_type();
  if (const fb::Copy *copy = instruction.operation_as_Copy()) {
    result.source = address(copy->source());
    result.destination = address(copy->destination());
    result.size = options.sizes.buffers[copy->source()].size;
  } else if (const fb::Fill *fill = instruction.operation_as_Fill()) {
    result.destination = address(fill->destination());
    result.size = options.sizes.buffers[fill->destination()].size;
    result.value = fill->value();
  } else if (const fb::Launch *launch = instruction.operation_as_Launch()) {
    result.kernel = program.kernel(launch->kernel());
    result.unit = launch->unit();
    result.divisor = launch->divisor();
    result.multiplier = launch->multiplier();
    result.words = entry.words.data() + entry.words.size();
    for (const fb::Argument *argument : *launch->arguments()) {
      uint64_t word = 0;
      if (argument->kind() == fb::ArgumentKind::buffer)
        word = reinterpret_cast<uintptr_t>(address(argument->index()));
      else if (argument->kind() == fb::ArgumentKind::parameter)
        word = reinterpret_cast<uintptr_t>(program.parameter(argument->index()));
      else if (argument->kind() == fb::ArgumentKind::rows)
        entry.rowWords.push_back(uint32_t(entry.words.size()));
      else if (argument->kind() == fb::ArgumentKind::segments)
        entry.segmentWords.push_back(uint32_t(entry.words.size()));
      else
        word = options.bounds.seq;
      entry.words.push_back(word);
    }
  }
  return result;
}

void HostExecutor::resolvePlanes() {
  for (const fb::State *state : *program.variant().states())
    for (const fb::Plane *plane : *state->planes())
      planes.push_back(
          {address(plane->buffer()), plane->bytes_per_slot() + plane->bytes_per_position() * options.bounds.seq});
}

Status HostExecutor::run(uint32_t index, const Step &step) {
  Entry &entry = entries[index];
  memcpy(entry.ids, step.ids, step.rows * sizeof(int32_t));
  memcpy(entry.segments, step.segments, step.segmentCount * sizeof(SegmentRow));
  for (uint32_t word : entry.rowWords)
    entry.words[word] = step.rows;
  for (uint32_t word : entry.segmentWords)
    entry.words[word] = step.segmentCount;
  for (const Instruction &instruction : entry.instructions) {
    if (instruction.kind == fb::Operation::Copy) {
      if (instruction.size != 0)
        memcpy(instruction.destination, instruction.source, instruction.size);
    } else if (instruction.kind == fb::Operation::Fill) {
      if (instruction.size != 0)
        memset(instruction.destination, instruction.value, instruction.size);
    } else {
      uint64_t units = 1;
      if (instruction.unit == fb::TileUnit::rows)
        units = divideUp(step.rows, instruction.divisor);
      else if (instruction.unit == fb::TileUnit::segments)
        units = step.segmentCount;
      parallelFor(*parallel, uint32_t(units * instruction.multiplier),
                  [&](uint32_t begin, uint32_t end) { instruction.kernel(instruction.words, begin, end); });
    }
  }
  return Status();
}

Result<const float *> HostExecutor::logits(uint32_t entry, uint32_t first, uint32_t) {
  return entries[entry].logits + uint64_t(first) * program.vocabularySize();
}

Status HostExecutor::copySlot(uint32_t from, uint32_t to) {
  for (const Plane &plane : planes)
    if (plane.stride != 0)
      memcpy(plane.data + to * plane.stride, plane.data + from * plane.stride, plane.stride);
  return Status();
}

} // namespace yoco::runtime
