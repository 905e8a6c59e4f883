// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The programs of an entry point, and the row sets that they work on: set 0 is all rows of a step, set n is
// row_sets[n - 1] of the entry.

#ifndef YOCO_RUNTIME_MODEL_PROGRAMS_H
#define YOCO_RUNTIME_MODEL_PROGRAMS_H

#include "runtime/model/PlanSizes.h"
#include "runtime/schema/model_generated.h"

#include <cstdint>
#include <vector>

namespace yoco::runtime {

/// Row sets of an entry, set 0 included.
inline uint32_t rowSetCount(const fb::Entry &entry) { return 1 + (entry.row_sets() ? entry.row_sets()->size() : 0); }

/// A set that is not set 0.
inline const fb::RowSet &rowSet(const fb::Entry &entry, uint32_t set) { return *entry.row_sets()->Get(set - 1); }

/// What a step has at most.
struct RowLimits {
  uint64_t rows;
  uint64_t segments;
};

/// Of a row set in one program of `entry`, at the bounds of a file or of a session.
RowLimits rowLimits(const fb::Entry &entry, const fb::Program &program, uint32_t set, const Bounds &bounds);

/// The program that runs a step of so many rows, of which `wanted` are in the row set without a halo: the first that
/// holds it.
uint32_t chooseProgram(const fb::Entry &entry, uint64_t rows, uint64_t wanted);

/// How many programs of the entry a session of these bounds can come to. They are the first ones.
uint32_t reachablePrograms(const fb::Entry &entry, const Bounds &bounds);

/// Cuts the scratch arenas of `variant` to what some of its entries (by index; none stands for all) use in the programs
/// that steps within `bounds` come to. The persistent arena stays.
void cutArenas(const fb::Variant &variant, const std::vector<uint32_t> &entries, const Bounds &bounds,
               PlanSizes &sizes);

} // namespace yoco::runtime

#endif // YOCO_RUNTIME_MODEL_PROGRAMS_H
