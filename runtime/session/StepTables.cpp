// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/session/StepTables.h"

#include <algorithm>

namespace yoco::runtime {

/// A halo that takes in all rows of a step: positions are below 2^31.
static constexpr uint64_t kAllRows = UINT64_MAX;

void StepTables::reserve(const fb::Entry &entry, const Bounds &bounds) {
  uint32_t count = rowSetCount(entry);
  segments.reserve(std::max<size_t>(segments.capacity(), size_t(bounds.batch)));
  tables.resize(std::max<size_t>(tables.size(), count));
  sets.resize(std::max<size_t>(sets.size(), count));
  for (uint32_t program = 0; program < reachablePrograms(entry, bounds); ++program)
    for (uint32_t set = 0; set < count; ++set) {
      uint64_t most = rowLimits(entry, *entry.programs()->Get(program), set, bounds).segments;
      tables[set].reserve(std::max<size_t>(tables[set].capacity(), size_t(most)));
    }
}

uint64_t StepTables::rowsInSet(uint64_t halo) const {
  uint64_t rows = 0;
  for (const StepSegment &segment : segments)
    rows += segment.end() - segment.firstInSet(halo);
  return rows;
}

uint64_t StepTables::rows() const { return rowsInSet(kAllRows); }

void StepTables::fill(std::vector<SegmentRow> &table, uint64_t halo, bool eachRow) const {
  table.clear();
  int32_t row = 0;
  for (const StepSegment &segment : segments) {
    uint64_t first = segment.firstInSet(halo), end = segment.end();
    if (!eachRow) {
      // Kernels leave a segment without a slot alone.
      table.push_back({first == end ? -1 : segment.slot, int32_t(first), row, int32_t(end - first)});
      row += int32_t(end - first);
      continue;
    }
    for (uint64_t position = first; position < end; ++position)
      table.push_back({segment.slot, int32_t(position), row++, 1});
  }
}

const StepSet *StepTables::make(const fb::Entry &entry, const fb::Program &program) {
  for (uint32_t set = 0; set < rowSetCount(entry); ++set) {
    uint64_t halo = set == 0 ? kAllRows : rowSet(entry, set).halo();
    fill(tables[set], halo, program.segments()->Get(set)->each_row());
    sets[set] = {uint32_t(rowsInSet(halo)), tables[set].data(), uint32_t(tables[set].size())};
  }
  return sets.data();
}

} // namespace yoco::runtime
