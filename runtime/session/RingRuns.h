// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the rings of row sets hold. Rows of a step that are not in a set leave nothing in its rings, so that a ring may
// lack positions that its slot has. What may be asked of a slot from then on follows from it, and where a ring goes on
// after a gap it is cleared first: rows that need not be right read it, and must not read what is no number.

#ifndef YOCO_RUNTIME_SESSION_RINGRUNS_H
#define YOCO_RUNTIME_SESSION_RINGRUNS_H

#include "runtime/device/Device.h"
#include "runtime/session/StepTables.h"

namespace yoco::runtime {

class RingRuns {
public:
  RingRuns() = default;
  /// For the states in row sets of `entries`, which are indices in the variant.
  RingRuns(const fb::Variant &variant, const std::vector<uint32_t> &entries, uint64_t slots);

  /// The smallest position that a segment of this slot whose first row is at `first` may be wanted from.
  uint64_t earliestWanted(int32_t slot, uint64_t first) const;

  /// Notes a step of `entry`, and clears what has a gap before it.
  Status advance(const fb::Entry &entry, const std::vector<StepSegment> &segments, Executor &executor);

  void reset(int32_t slot);
  void copy(int32_t from, int32_t to);

private:
  /// The newest positions that were computed one after the other. After a gap there are others, which nothing may need.
  struct Run {
    uint64_t begin = 0, end = 0;
  };
  struct Ring {
    uint32_t state;
    uint64_t halo; // the rows from w - halo on must be right
    std::vector<Run> runs; // by slot
  };
  Ring *find(uint32_t state);

  std::vector<Ring> rings;
};

} // namespace yoco::runtime

#endif // YOCO_RUNTIME_SESSION_RINGRUNS_H
