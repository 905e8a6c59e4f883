// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/planning/Packing.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include <numeric>

using namespace mlir;
using namespace mlir::yoco;

int64_t yoco::placeNaively(llvm::MutableArrayRef<LiveInterval> intervals) {
  int64_t end = 0;
  for (LiveInterval &interval : intervals) {
    interval.offset = end;
    end += interval.size;
  }
  return end;
}

namespace {

/// The lowest place in the smallest gap between the intervals `alive` (ordered by offset) that holds `size`.
int64_t findPlace(llvm::ArrayRef<LiveInterval> intervals, llvm::ArrayRef<unsigned> alive, int64_t size) {
  int64_t end = 0, best = -1, bestGap = 0;
  for (unsigned index : alive) {
    const LiveInterval &other = intervals[index];
    int64_t gap = other.offset - end;
    if (gap >= size && (best < 0 || gap < bestGap)) {
      best = end;
      bestGap = gap;
    }
    end = std::max(end, other.offset + other.size);
  }
  return best < 0 ? end : best;
}

} // namespace

int64_t yoco::placeBestFit(llvm::MutableArrayRef<LiveInterval> intervals) {
  std::vector<unsigned> order(intervals.size());
  std::iota(order.begin(), order.end(), 0);
  llvm::sort(order, [&](unsigned a, unsigned b) {
    return std::make_pair(-intervals[a].size, a) < std::make_pair(-intervals[b].size, b);
  });

  std::vector<unsigned> placed; // by offset, then by number
  llvm::SmallVector<unsigned> alive;
  int64_t height = 0;
  for (unsigned index : order) {
    LiveInterval &interval = intervals[index];
    alive.clear();
    llvm::copy_if(placed, std::back_inserter(alive), [&](unsigned other) {
      return intervals[other].first <= interval.last && interval.first <= intervals[other].last;
    });
    interval.offset = findPlace(intervals, alive, interval.size);
    height = std::max(height, interval.offset + interval.size);
    placed.insert(llvm::upper_bound(placed, index,
                                    [&](unsigned a, unsigned b) {
                                      return std::make_pair(intervals[a].offset, a) <
                                             std::make_pair(intervals[b].offset, b);
                                    }),
                  index);
  }
  return height;
}
