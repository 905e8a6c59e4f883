// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/device/host/HostExecutor.h"

#include "runtime/device/SlotMemory.h"

#include "runtime/model/Instructions.h"
#include "runtime/model/Programs.h"

#include <algorithm>
#include <cstring>

namespace yoco::runtime {

Result<std::unique_ptr<Executor>> HostExecutor::create(const HostProgram &program, ExecutorOptions options) {
  std::unique_ptr<HostExecutor> executor(new HostExecutor(program, std::move(options)));
  YOCO_RETURN_IF_ERROR(executor->allocate());
  YOCO_RETURN_IF_ERROR(executor->startThreads());
  executor->entries.resize(program.variant().entries()->size());
  for (uint32_t entry : executor->options.entries)
    executor->resolveEntry(entry);
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
  const fb::Entry &entry = *program.variant().entries()->Get(index);
  for (uint32_t i = 0; i < reachablePrograms(entry, options.bounds); ++i)
    entries[index].push_back(resolveProgram(*entry.programs()->Get(i)));
}

HostExecutor::Body HostExecutor::resolveProgram(const fb::Program &description) {
  Body body;
  body.description = &description;
  body.ids = reinterpret_cast<int32_t *>(address(description.ids()));
  if (description.targets() >= 0)
    body.targets = reinterpret_cast<int32_t *>(address(uint32_t(description.targets())));
  for (const fb::SegmentTable *table : *description.segments())
    body.segments.push_back(reinterpret_cast<SegmentRow *>(address(table->buffer())));
  for (const fb::Instruction *instruction : *description.instructions())
    body.instructions.push_back(resolveInstruction(*instruction, body));
  return body;
}

HostExecutor::Instruction HostExecutor::resolveInstruction(const fb::Instruction &instruction, Body &body) {
  Instruction result = {};
  result.description = &instruction;
  auto addressOf = [&](uint32_t buffer) { return reinterpret_cast<uintptr_t>(address(buffer)); };
  auto parameterAt = [&](uint32_t index) { return reinterpret_cast<uintptr_t>(program.parameter(index)); };
  visit(instruction, Handlers{
                         [&](const fb::Launch &launch) {
                           result.kernel = program.kernel(launch.kernel());
                           result.firstWord = body.words.add(launch, instruction.row_set(), options.bounds, addressOf,
                                                             parameterAt);
                         },
                         [&](const fb::Copy &copy) {
                           result.source = address(copy.source());
                           result.destination = address(copy.destination());
                           result.size = options.sizes.buffers[copy.source()].size;
                         },
                         [](const fb::Gemm &) {}, // the loader refuses it for this device
                     });
  return result;
}

Status HostExecutor::run(uint32_t entry, uint32_t index, const Step &step) {
  Body &body = entries[entry][index];
  lastEntry = entry;
  lastProgram = index;
  memcpy(body.ids, step.ids, step.sets[0].rows * sizeof(int32_t));
  if (body.targets && step.targets)
    memcpy(body.targets, step.targets, step.sets[0].rows * sizeof(int32_t));
  else if (body.targets)
    std::fill_n(body.targets, step.sets[0].rows, -1);
  for (uint32_t i = 0; i < body.segments.size(); ++i) {
    const StepSet &set = step.sets[i];
    if (set.segmentCount != 0)
      memcpy(body.segments[i], set.segments, set.segmentCount * sizeof(SegmentRow));
    body.words.setStep(i, set.rows, set.segmentCount);
  }
  for (const Instruction &instruction : body.instructions)
    if (const StepSet &set = step.sets[instruction.description->row_set()]; set.rows != 0)
      runInstruction(instruction, body, set);
  return Status();
}

void HostExecutor::runInstruction(const Instruction &instruction, Body &body, const StepSet &set) {
  visit(*instruction.description,
        Handlers{
            [&](const fb::Launch &launch) {
              const uint64_t *words = body.words.data() + instruction.firstWord;
              uint64_t tiles = tileUnits(launch, set.rows, set.segmentCount) * launch.multiplier();
              parallelFor(*parallel, uint32_t(tiles),
                          [&](uint32_t begin, uint32_t end) { instruction.kernel(words, begin, end); });
            },
            [&](const fb::Copy &) {
              if (instruction.size != 0)
                memcpy(instruction.destination, instruction.source, instruction.size);
            },
            [](const fb::Gemm &) {},
        });
}

Result<const void *> HostExecutor::output(uint32_t output, uint32_t first, uint32_t) {
  const fb::Output &description = *program.variant().entries()->Get(lastEntry)->outputs()->Get(output);
  uint32_t buffer = entries[lastEntry][lastProgram].description->outputs()->Get(output);
  return static_cast<const void *>(address(buffer) + first * outputRowBytes(description, program.vocabularySize()));
}

Status HostExecutor::clear(uint32_t state, uint32_t slot) {
  const fb::Variant &variant = program.variant();
  return clearSlotMemory(variant, state, slot, [&](uint64_t offset, uint64_t size) {
    memset(address(uint32_t(variant.records())) + offset, 0, size_t(size));
    return Status();
  });
}

Status HostExecutor::copySlot(uint32_t from, uint32_t to, uint64_t positions) {
  return copySlotMemory(program.variant(), options.bounds, from, to, positions,
                        [&](uint32_t buffer, uint64_t source, uint64_t destination, uint64_t size) {
                          memcpy(address(buffer) + destination, address(buffer) + source, size);
                          return Status();
                        });
}

} // namespace yoco::runtime
