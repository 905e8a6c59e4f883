// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A tensor of a checkpoint, whatever kind of file it is in.

#ifndef YOCO_FRONTEND_TENSOR_H
#define YOCO_FRONTEND_TENSOR_H

#include "frontend/StoredType.h"
#include "llvm/ADT/SmallVector.h"
#include <map>
#include <string>

namespace mlir::yoco {

/// Borrows its bytes from the file.
struct Tensor {
  std::string dtype; // as the file says it: "BF16", "Q4_K", "I32", ...
  llvm::SmallVector<int64_t, 4> shape;
  llvm::ArrayRef<char> bytes; // little-endian, row-major, in the mapped file; need not be aligned
  /// How numbers are stored; null when no parameter can have such numbers.
  const StoredType *type = nullptr;
  /// What the numbers are in a module: those of `type`, or f32, which they are widened to.
  NumberKind number = NumberKind::f32;
  /// With `pairedRows = P`, every P rows are stored with their second half between those of the first: row `r` of them
  /// is row `2 * (r % (P / 2)) + r / (P / 2)` of the file. 0: rows are stored in their order.
  int64_t pairedRows = 0;

  /// The row of the file that row `row` is.
  int64_t getStoredRow(int64_t row) const {
    if (pairedRows == 0)
      return row;
    int64_t within = row % pairedRows, half = pairedRows / 2;
    return row - within + 2 * (within % half) + within / half;
  }
};

/// Tensors by name.
using TensorMap = std::map<std::string, Tensor, std::less<>>;

} // namespace mlir::yoco

#endif // YOCO_FRONTEND_TENSOR_H
