// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Evaluates a module of phase `model` in float64 over one sequence: the meaning of the dialect, written for reading.
// Nothing in it knows of caches, steps or targets, so that it is what compiled models are compared with.
//
// Numbers are float64 from the first lookup to the logits. Two things are taken as they are stored: parameters, in the
// checkpoint's types, and constants and attributes of f32; and the angles of rotary embeddings are f32 products, since
// the specification says so.

#ifndef YOCO_COMPILER_INTERPRETER_INTERPRETER_H
#define YOCO_COMPILER_INTERPRETER_INTERPRETER_H

#include "compiler/interpreter/Evaluations.h"
#include "compiler/interpreter/ScalarProgram.h"
#include "mlir/IR/OwningOpRef.h"
#include <functional>

namespace mlir::yoco {

struct InterpreterOptions {
  unsigned threads = 1;
  /// How operations of dialects that the project does not know are evaluated.
  std::function<void(EvaluationTable &)> extendTable;
};

class Interpreter {
public:
  /// `module` must live as long as this, and keep its parameters.
  Interpreter(ModuleOp module, const InterpreterOptions &options = {});

  /// Is told of each result of an operation of the function and of regions in it, as soon as it is there.
  using Observer = llvm::function_ref<void(Value, const Array &)>;

  /// What `function`, from ids to rows, gives for `ids`. The error is one line.
  llvm::Expected<Array> run(func::FuncOp function, llvm::ArrayRef<int32_t> ids, Observer observe = {});

  /// Whether `op` can be evaluated.
  bool knows(Operation *op) const;

private:
  using Values = llvm::DenseMap<Value, Array>;
  struct Scope;

  llvm::Error evaluateBlock(Block &block, Scope &scope, SmallVectorImpl<Array> &results);
  llvm::Error evaluate(Operation *op, Scope &scope, MutableArrayRef<Array> results);
  llvm::Error evaluateDecoder(Operation *op, Scope &scope, MutableArrayRef<Array> results);
  llvm::Error evaluateElements(Operation *op, ArrayRef<const Array *> operands, Array &result);
  llvm::Error evaluateArithmetic(Operation *op, ArrayRef<const Array *> operands, MutableArrayRef<Array> results);
  llvm::Expected<ScalarProgram *> getScalarProgram(Operation *op);
  Block &getArithmetic(Operation *op);
  func::FuncOp makeFunction(Operation *op, bool isScalar);

  Parameters parameters;
  EvaluationTable table;
  const unsigned threads;
  /// Functions of float64 that stand for operations: of single elements, or arithmetic on rows.
  OwningOpRef<ModuleOp> arithmetic;
  llvm::DenseMap<Operation *, ScalarProgram> scalarPrograms;
  llvm::DenseMap<Operation *, Block *> decompositions;
};

} // namespace mlir::yoco

#endif // YOCO_COMPILER_INTERPRETER_INTERPRETER_H
