// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The numbers of a value while a model is evaluated.

#ifndef YOCO_COMPILER_INTERPRETER_ARRAY_H
#define YOCO_COMPILER_INTERPRETER_ARRAY_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <vector>

namespace mlir::yoco {

/// Row-major, in float64 whatever the type of the value is. Ids, positions and sizes are numbers like any others; a
/// scalar has no dimensions.
struct Array {
  llvm::SmallVector<int64_t, 4> shape;
  std::vector<double> numbers;

  Array() = default;
  explicit Array(llvm::ArrayRef<int64_t> shape) : shape(shape) { numbers.resize(getRows() * getRowSize()); }
  static Array scalar(double number) {
    Array array{llvm::ArrayRef<int64_t>()};
    array.numbers.front() = number;
    return array;
  }

  int64_t getRows() const { return shape.empty() ? 1 : shape.front(); }
  /// Numbers of a row.
  int64_t getRowSize() const {
    int64_t size = 1;
    for (size_t i = 1; i < shape.size(); ++i)
      size *= shape[i];
    return size;
  }
  llvm::ArrayRef<double> getRow(int64_t row) const {
    return llvm::ArrayRef(numbers).slice(row * getRowSize(), getRowSize());
  }
  llvm::MutableArrayRef<double> getRow(int64_t row) {
    return llvm::MutableArrayRef(numbers).slice(row * getRowSize(), getRowSize());
  }
  /// Head `head` of row `row`; the array has rows, heads and columns.
  llvm::ArrayRef<double> getHead(int64_t row, int64_t head) const {
    return getRow(row).slice(head * shape[2], shape[2]);
  }
  llvm::MutableArrayRef<double> getHead(int64_t row, int64_t head) {
    return getRow(row).slice(head * shape[2], shape[2]);
  }
};

} // namespace mlir::yoco

#endif // YOCO_COMPILER_INTERPRETER_ARRAY_H
