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

/// The intervals that have a place already, found by the time at which they are alive. Time is cut into a binary tree
/// of ranges; an interval is listed at the few nodes that make it up, so that a long one costs no more than a short
/// one.
class PlacedIntervals {
public:
  PlacedIntervals(llvm::MutableArrayRef<LiveInterval> intervals, int64_t first, int64_t last)
      : intervals(intervals), first(first), seen(intervals.size(), 0) {
    while (leaves < last - first + 1)
      leaves *= 2;
    here.resize(2 * leaves);
    below.resize(2 * leaves);
  }

  void add(unsigned index) { visit(1, 0, leaves - 1, index, nullptr); }

  /// All placed intervals that are alive at some instant of number `index`, ordered by offset.
  void findAlive(unsigned index, llvm::SmallVectorImpl<unsigned> &alive) {
    ++stamp;
    alive.clear();
    visit(1, 0, leaves - 1, index, &alive);
    llvm::sort(alive, [&](unsigned a, unsigned b) {
      return std::make_pair(intervals[a].offset, a) < std::make_pair(intervals[b].offset, b);
    });
  }

private:
  void report(llvm::ArrayRef<unsigned> list, llvm::SmallVectorImpl<unsigned> &alive) {
    for (unsigned index : list)
      if (std::exchange(seen[index], stamp) != stamp)
        alive.push_back(index);
  }

  /// Adds the interval, or reports what is alive with it when `alive` is there, below `node` of the instants `begin` to
  /// `end`.
  void visit(int64_t node, int64_t begin, int64_t end, unsigned index, llvm::SmallVectorImpl<unsigned> *alive) {
    int64_t from = intervals[index].first - first, to = intervals[index].last - first;
    if (to < begin || end < from)
      return;
    if (alive)
      report(here[node], *alive);
    if (from <= begin && end <= to) {
      if (alive)
        report(below[node], *alive);
      else
        here[node].push_back(index);
      return;
    }
    if (!alive)
      below[node].push_back(index);
    int64_t middle = (begin + end) / 2;
    visit(2 * node, begin, middle, index, alive);
    visit(2 * node + 1, middle + 1, end, index, alive);
  }

  llvm::MutableArrayRef<LiveInterval> intervals;
  int64_t first, leaves = 1;
  // By node: the intervals that cover it whole (and not its parent), and those that cover a part of it.
  std::vector<llvm::SmallVector<unsigned, 1>> here, below;
  std::vector<unsigned> seen;
  unsigned stamp = 0;
};

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
  if (intervals.empty())
    return 0;
  int64_t first = intervals.front().first, last = intervals.front().last;
  for (const LiveInterval &interval : intervals) {
    first = std::min(first, interval.first);
    last = std::max(last, interval.last);
  }
  std::vector<unsigned> order(intervals.size());
  std::iota(order.begin(), order.end(), 0);
  llvm::sort(order, [&](unsigned a, unsigned b) {
    return std::make_pair(-intervals[a].size, a) < std::make_pair(-intervals[b].size, b);
  });

  PlacedIntervals placed(intervals, first, last);
  llvm::SmallVector<unsigned> alive;
  int64_t height = 0;
  for (unsigned index : order) {
    placed.findAlive(index, alive);
    LiveInterval &interval = intervals[index];
    interval.offset = findPlace(intervals, alive, interval.size);
    height = std::max(height, interval.offset + interval.size);
    placed.add(index);
  }
  return height;
}
