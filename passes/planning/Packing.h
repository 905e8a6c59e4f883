// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Packing of intervals into one range of bytes: the algorithm behind yoco-plan-memory, without IR.

#ifndef YOCO_PASSES_PLANNING_PACKING_H
#define YOCO_PASSES_PLANNING_PACKING_H

#include "llvm/ADT/ArrayRef.h"
#include <cstdint>

namespace mlir::yoco {

/// Something that needs `size` bytes (or units of bytes) at all instants from `first` to `last`, both included.
struct LiveInterval {
  int64_t first = 0, last = 0;
  int64_t size = 0;
  int64_t offset = 0; // the answer
};

/// Places one after the other. Returns the bytes needed.
int64_t placeNaively(llvm::MutableArrayRef<LiveInterval> intervals);

/// Best fit: the largest first, each into the smallest gap that holds it among those that are alive at the same time,
/// or after them. Equal intervals keep their order. Returns the bytes needed. Takes time in proportion to the square of
/// the number of intervals, of which an entry point has some hundreds.
int64_t placeBestFit(llvm::MutableArrayRef<LiveInterval> intervals);

} // namespace mlir::yoco

#endif // YOCO_PASSES_PLANNING_PACKING_H
