// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/model/Programs.h"
#include "runtime/model/Instructions.h"

#include <algorithm>

namespace yoco::runtime {

/// `count`, and no more than `limit` unless that is 0.
static uint64_t limited(uint64_t count, uint64_t limit) { return limit == 0 ? count : std::min(count, limit); }

RowLimits rowLimits(const fb::Entry &entry, const fb::Program &program, uint32_t set, const Bounds &bounds) {
  RowLimits all = {limited(bounds.rows(entry.row_bound()), program.most_rows()),
                   limited(bounds.batch, program.most_rows())};
  if (set == 0)
    return all;
  RowLimits limits = all;
  if (rowSet(entry, set).bound() == fb::RowBound::wanted)
    limits.rows = std::min(limits.rows, limited(bounds.wanted, program.most_wanted()));
  if (program.segments()->Get(set)->each_row())
    limits.segments = limits.rows;
  return limits;
}

uint32_t chooseProgram(const fb::Entry &entry, uint64_t rows, uint64_t wanted) {
  auto holds = [](uint64_t most, uint64_t count) { return most == 0 || count <= most; };
  uint32_t index = 0;
  // The last holds everything.
  while (!holds(entry.programs()->Get(index)->most_rows(), rows) ||
         !holds(entry.programs()->Get(index)->most_wanted(), wanted))
    ++index;
  return index;
}

uint32_t reachablePrograms(const fb::Entry &entry, const Bounds &bounds) {
  uint64_t rows = bounds.rows(entry.row_bound());
  return chooseProgram(entry, rows, std::min(rows, bounds.wanted)) + 1;
}

static bool reachesAllPrograms(const fb::Variant &variant, const Bounds &bounds) {
  return std::all_of(variant.entries()->begin(), variant.entries()->end(), [&](const fb::Entry *entry) {
    return reachablePrograms(*entry, bounds) == entry->programs()->size();
  });
}

void cutArenas(const fb::Variant &variant, const std::vector<uint32_t> &entries, const Bounds &bounds,
               PlanSizes &sizes) {
  if (entries.empty() && reachesAllPrograms(variant, bounds))
    return;
  std::vector<uint64_t> needed(sizes.arenas.size());
  needed[0] = sizes.arenas[0];
  auto use = [&](uint32_t buffer) {
    uint64_t &end = needed[variant.buffers()->Get(buffer)->arena()];
    end = std::max(end, sizes.buffers[buffer].offset + sizes.buffers[buffer].size);
  };
  for (uint32_t index = 0; index < variant.entries()->size(); ++index) {
    const fb::Entry &entry = *variant.entries()->Get(index);
    if (entries.empty() || std::find(entries.begin(), entries.end(), index) != entries.end())
      for (uint32_t program = 0; program < reachablePrograms(entry, bounds); ++program)
        forEachBuffer(*entry.programs()->Get(program), use);
  }
  sizes.arenas = needed;
}

} // namespace yoco::runtime
