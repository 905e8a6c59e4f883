// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How operations are evaluated in float64, by their names. An operation has one file in compiler/interpreter/ops/ and a
// line in Evaluations.def; those with a scalar function or a decomposition need neither.

#ifndef YOCO_COMPILER_INTERPRETER_EVALUATIONS_H
#define YOCO_COMPILER_INTERPRETER_EVALUATIONS_H

#include "compiler/interpreter/Array.h"
#include "compiler/interpreter/Parallel.h"
#include "compiler/interpreter/Parameters.h"

namespace mlir::yoco {

/// An operation while it is evaluated: its operands, which are there, and its results, which the evaluation fills.
class Evaluation {
public:
  Evaluation(Operation *op, llvm::ArrayRef<const Array *> operands, llvm::MutableArrayRef<Array> results,
             Parameters &parameters, unsigned threads)
      : op(op), threads(threads), operands(operands), results(results), parameters(parameters) {}

  const Array &operand(unsigned number) const { return *operands[number]; }
  unsigned getNumOperands() const { return operands.size(); }

  /// Result `number`, of the shape that its type says and with `rows` in the place of its dynamic first dimension.
  Array &makeResult(unsigned number, int64_t rows);
  /// The same with as many rows as operand 0.
  Array &makeResult() { return makeResult(0, operand(0).getRows()); }
  void setResult(unsigned number, Array array) { results[number] = std::move(array); }

  llvm::Expected<Parameter> getParameter(FlatSymbolRefAttr name) { return parameters.get(name); }

  Operation *const op;
  const unsigned threads;

private:
  llvm::ArrayRef<const Array *> operands;
  llvm::MutableArrayRef<Array> results;
  Parameters &parameters;
};

using EvaluateFn = llvm::Error (*)(Evaluation &);

/// Evaluations by the name of the operation ("yoco.rope").
class EvaluationTable {
public:
  /// The operations of the project.
  EvaluationTable();

  void add(StringRef operation, EvaluateFn evaluate) { functions[operation] = evaluate; }
  template <typename Op>
  void add(EvaluateFn evaluate) {
    add(Op::getOperationName(), evaluate);
  }
  /// Null when there is none.
  EvaluateFn find(StringRef operation) const { return functions.lookup(operation); }
  EvaluateFn find(Operation *op) const { return find(op->getName().getStringRef()); }

private:
  llvm::StringMap<EvaluateFn> functions;
};

#define YOCO_EVALUATIONS(Name) void add##Name##Evaluations(EvaluationTable &table);
#include "compiler/interpreter/Evaluations.def"

} // namespace mlir::yoco

#endif // YOCO_COMPILER_INTERPRETER_EVALUATIONS_H
