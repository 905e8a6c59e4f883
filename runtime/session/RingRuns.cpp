// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/session/RingRuns.h"

#include <algorithm>

namespace yoco::runtime {

RingRuns::RingRuns(const fb::Variant &variant, const std::vector<uint32_t> &entries, uint64_t slots) {
  for (uint32_t index : entries) {
    const fb::Entry &entry = *variant.entries()->Get(index);
    for (uint32_t set = 1; set < rowSetCount(entry); ++set) {
      if (!rowSet(entry, set).states())
        continue;
      for (uint32_t state : *rowSet(entry, set).states()) {
        if (!find(state))
          rings.push_back({state, UINT64_MAX, std::vector<Run>(size_t(slots))});
        // An entry may compute more than has to be right.
        find(state)->halo = std::min(find(state)->halo, rowSet(entry, set).halo());
      }
    }
  }
}

RingRuns::Ring *RingRuns::find(uint32_t state) {
  for (Ring &ring : rings)
    if (ring.state == state)
      return &ring;
  return nullptr;
}

uint64_t RingRuns::earliestWanted(int32_t slot, uint64_t first) const {
  uint64_t earliest = 0;
  for (const Ring &ring : rings) {
    const Run &run = ring.runs[size_t(slot)];
    // All that must be right begins in the run, when that reaches up to here, or in the segment itself.
    uint64_t begin = run.end == first ? run.begin : first;
    if (begin != 0)
      earliest = std::max(earliest, begin + ring.halo);
  }
  return earliest;
}

/// The halo of the set of `entry` that a state is written in; UINT64_MAX when that is all rows.
static uint64_t haloOf(const fb::Entry &entry, uint32_t state) {
  for (uint32_t set = 1; set < rowSetCount(entry); ++set)
    if (rowSet(entry, set).states())
      for (uint32_t written : *rowSet(entry, set).states())
        if (written == state)
          return rowSet(entry, set).halo();
  return UINT64_MAX;
}

Status RingRuns::advance(const fb::Entry &entry, const std::vector<StepSegment> &segments, Executor &executor) {
  for (Ring &ring : rings) {
    uint64_t halo = haloOf(entry, ring.state);
    for (const StepSegment &segment : segments) {
      Run &run = ring.runs[size_t(segment.slot)];
      uint64_t first = segment.firstInSet(halo);
      if (first == segment.end())
        continue;
      if (first != run.end) {
        YOCO_RETURN_IF_ERROR(executor.clear(ring.state, uint32_t(segment.slot)));
        run.begin = first;
      }
      run.end = segment.end();
    }
  }
  return Status();
}

void RingRuns::reset(int32_t slot) {
  for (Ring &ring : rings)
    ring.runs[size_t(slot)] = {};
}

void RingRuns::copy(int32_t from, int32_t to) {
  for (Ring &ring : rings)
    ring.runs[size_t(to)] = ring.runs[size_t(from)];
}

} // namespace yoco::runtime
