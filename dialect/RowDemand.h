// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which rows of a value are needed: the lattice of the demand analysis.

#ifndef YOCO_DIALECT_ROWDEMAND_H
#define YOCO_DIALECT_ROWDEMAND_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/Hashing.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>
#include <cassert>
#include <cstdint>
#include <limits>

namespace mlir::yoco {

/// An element of the chain none < from w-0 < from w-1 < ... < all. `from w-c` means the rows of a segment at positions
/// of at least w - c, where w is the first position of its sequence whose results are wanted, in this step or a later
/// one.
class RowDemand {
public:
  static RowDemand none() { return RowDemand(0); }
  /// The wanted rows and the `before` positions before the first of them.
  static RowDemand from(int64_t before = 0) { return RowDemand(before + 1); }
  static RowDemand all() { return RowDemand(kAll); }

  RowDemand() = default;

  bool isNone() const { return rows == 0; }
  bool isAll() const { return rows == kAll; }
  bool isFrom() const { return !isNone() && !isAll(); }
  /// c of `from w-c`.
  int64_t getBefore() const {
    assert(isFrom() && "neither no rows nor all begin at a distance from the wanted ones");
    return rows - 1;
  }

  /// The rows that both need together.
  RowDemand join(RowDemand other) const { return RowDemand(std::max(rows, other.rows)); }

  /// What a mixer that looks `extra` rows back needs of what it looks at: none stays none.
  RowDemand widen(int64_t extra) const {
    if (!isFrom())
      return *this;
    return rows > kAll - 1 - extra ? all() : RowDemand(rows + extra);
  }

  bool operator==(RowDemand other) const { return rows == other.rows; }
  bool operator!=(RowDemand other) const { return rows != other.rows; }

  void print(llvm::raw_ostream &os) const {
    if (isFrom())
      os << "from w-" << getBefore();
    else
      os << (isAll() ? "all" : "none");
  }

  friend llvm::hash_code hash_value(RowDemand demand) { return llvm::hash_value(demand.rows); }

private:
  explicit RowDemand(int64_t rows) : rows(rows) {}
  static constexpr int64_t kAll = std::numeric_limits<int64_t>::max();
  int64_t rows = 0; // how many there are when one is wanted
};

/// What row-wise operations need of their operands: the rows that are wanted of any result.
inline RowDemand joinDemands(llvm::ArrayRef<RowDemand> results) {
  RowDemand demand;
  for (RowDemand result : results)
    demand = demand.join(result);
  return demand;
}

} // namespace mlir::yoco

#endif // YOCO_DIALECT_ROWDEMAND_H
