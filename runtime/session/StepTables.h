// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The segment tables of a step being made: one for each row set of its entry (docs/FileFormat.md, "Row sets").

#ifndef YOCO_RUNTIME_SESSION_STEPTABLES_H
#define YOCO_RUNTIME_SESSION_STEPTABLES_H

#include "runtime/device/Device.h"
#include "runtime/model/Programs.h"

namespace yoco::runtime {

/// Consecutive rows of one sequence.
struct StepSegment {
  int32_t slot;
  uint32_t rows;
  uint64_t first;      // position of the first row
  uint64_t wantedFrom; // the first position that is wanted; one after the rows: none of them is

  uint64_t end() const { return first + rows; }
  /// The first position that is in a row set with this halo; end() when none is.
  uint64_t firstInSet(uint64_t halo) const {
    uint64_t begin = wantedFrom < halo ? 0 : wantedFrom - halo;
    return begin <= first ? first : begin < end() ? begin : end();
  }
};

class StepTables {
public:
  /// Makes room for all steps of `entry` within the bounds.
  void reserve(const fb::Entry &entry, const Bounds &bounds);

  void clear() { segments.clear(); }
  /// Rows of segments that are added follow each other. Of one with rows, the slot is not there yet.
  void add(const StepSegment &segment) { segments.push_back(segment); }
  const std::vector<StepSegment> &all() const { return segments; }

  /// How many rows a set with this halo has.
  uint64_t rowsInSet(uint64_t halo) const;
  uint64_t rows() const;

  /// Fills the tables as a program of `entry` wants them; as many sets as the entry has. Valid until the next call.
  const StepSet *make(const fb::Entry &entry, const fb::Program &program);

private:
  void fill(std::vector<SegmentRow> &table, uint64_t halo, bool eachRow) const;

  std::vector<StepSegment> segments;
  std::vector<std::vector<SegmentRow>> tables; // by row set
  std::vector<StepSet> sets;
};

} // namespace yoco::runtime

#endif // YOCO_RUNTIME_SESSION_STEPTABLES_H
