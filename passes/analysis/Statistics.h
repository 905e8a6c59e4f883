// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What passes count. MLIR's own statistics are compiled out of releases; passes that are generated from Passes.td have
// members of this type in their place, and whoever wants the numbers collects them.

#ifndef YOCO_PASSES_ANALYSIS_STATISTICS_H
#define YOCO_PASSES_ANALYSIS_STATISTICS_H

#include "llvm/ADT/MapVector.h"
#include "llvm/Support/raw_ostream.h"
#include <map>
#include <string>
#include <utility>

namespace mlir {
class Pass;
}

namespace mlir::yoco {

/// Collects what passes count on this thread while it lives. The last one made collects.
class StatisticsCollector {
public:
  StatisticsCollector();
  ~StatisticsCollector();
  StatisticsCollector(const StatisticsCollector &) = delete;
  StatisticsCollector &operator=(const StatisticsCollector &) = delete;

  void add(llvm::StringRef pass, llvm::StringRef name, llvm::StringRef description, int64_t count);

  /// A table with one line for each statistic that is not 0, in the order in which passes counted first. Passes of one
  /// name are added up.
  void print(llvm::raw_ostream &os) const;

private:
  struct Entry {
    int64_t value = 0;
    std::string description;
  };
  using Key = std::pair<std::string, std::string>; // pass and statistic
  llvm::MapVector<Key, Entry, std::map<Key, unsigned>> entries;
  StatisticsCollector *outer; // what collected before
};

/// A number that a pass counts in.
class PassStatistic {
public:
  PassStatistic(Pass *pass, const char *name, const char *description)
      : pass(pass), name(name), description(description) {}
  PassStatistic(const PassStatistic &) = delete;

  operator int64_t() const { return value; }
  PassStatistic &operator=(int64_t other) { return *this += other - value; }
  PassStatistic &operator++() { return *this += 1; }
  PassStatistic &operator+=(int64_t count);

private:
  Pass *pass;
  const char *name, *description;
  int64_t value = 0;
};

} // namespace mlir::yoco

#endif // YOCO_PASSES_ANALYSIS_STATISTICS_H
