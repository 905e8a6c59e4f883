// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The numbers of parameters while a model is evaluated: those of the checkpoint, or generated ones, converted to
// float64 row by row when they are needed.

#ifndef YOCO_COMPILER_INTERPRETER_PARAMETERS_H
#define YOCO_COMPILER_INTERPRETER_PARAMETERS_H

#include "dialect/YocoOps.h"
#include "frontend/Checkpoint.h"
#include "llvm/ADT/StringMap.h"

namespace mlir::yoco {

/// A parameter, a slice already taken. A vector is one row. Threads may share it.
class Parameter {
public:
  int64_t getRows() const { return rows; }
  int64_t getColumns() const { return columns; }
  void readRow(int64_t row, llvm::MutableArrayRef<double> numbers) const;

private:
  friend class Parameters;

  int64_t rows = 0, columns = 0;
  int64_t first = 0, stride = 0; // in elements of the tensor that it is a slice of
  Type element;
  const Tensor *tensor = nullptr; // null when generated
  RandomAttr generated;
};

/// The parameters of a module. Opens the checkpoint when one that is stored is first asked for.
class Parameters {
public:
  explicit Parameters(ModuleOp module);

  /// The error is one line that names what is missing.
  llvm::Expected<Parameter> get(FlatSymbolRefAttr name);

private:
  llvm::Error openCheckpoint();

  ModuleOp module;
  SymbolTable symbols;
  std::unique_ptr<Checkpoint> checkpoint;
};

/// The number that element `index` of `bytes` is, which need not be aligned. `element` is f32, bf16 or f16.
double loadNumber(llvm::ArrayRef<char> bytes, int64_t index, Type element);

} // namespace mlir::yoco

#endif // YOCO_COMPILER_INTERPRETER_PARAMETERS_H
