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
#include <cstdint>
#include <limits>

namespace mlir::yoco {

/// An element of the chain none < last 1 < last 2 < ... < all. `last K` means the last K rows of each segment.
class RowDemand {
public:
  static RowDemand none() { return RowDemand(0); }
  static RowDemand last(int64_t rows) { return RowDemand(rows <= 0 ? 0 : rows); }
  static RowDemand all() { return RowDemand(kAll); }

  RowDemand() = default;

  bool isNone() const { return rows == 0; }
  bool isAll() const { return rows == kAll; }
  /// K of `last K`; 0 for none. Not to be asked of `all`.
  int64_t getLast() const { return rows; }

  /// The rows that both need together.
  RowDemand join(RowDemand other) const { return RowDemand(std::max(rows, other.rows)); }

  /// What a mixer that looks `extra` rows back needs of its past: none stays none.
  RowDemand widen(int64_t extra) const {
    if (isNone() || isAll())
      return *this;
    return rows > kAll - 1 - extra ? all() : last(rows + extra);
  }

  bool operator==(RowDemand other) const { return rows == other.rows; }
  bool operator!=(RowDemand other) const { return rows != other.rows; }

  void print(llvm::raw_ostream &os) const {
    if (isNone())
      os << "none";
    else if (isAll())
      os << "all";
    else
      os << "last " << rows;
  }

  friend llvm::hash_code hash_value(RowDemand demand) { return llvm::hash_value(demand.rows); }

private:
  explicit RowDemand(int64_t rows) : rows(rows) {}
  static constexpr int64_t kAll = std::numeric_limits<int64_t>::max();
  int64_t rows = 0;
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
