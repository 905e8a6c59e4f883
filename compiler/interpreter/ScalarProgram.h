// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arithmetic on single numbers, as a list of calls: what is run for each element of an elementwise operation or of a
// linalg.generic.

#ifndef YOCO_COMPILER_INTERPRETER_SCALARPROGRAM_H
#define YOCO_COMPILER_INTERPRETER_SCALARPROGRAM_H

#include "mlir/IR/Block.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/Error.h"
#include <vector>

namespace mlir::yoco {

/// A function from some numbers to others. Threads may share it, each with slots of its own.
class ScalarProgram {
public:
  /// From the arguments of `block` to the operands of its terminator. Constants may stand outside of it.
  static llvm::Expected<ScalarProgram> compile(Block &block);
  /// From the operands of `op` to its results.
  static llvm::Expected<ScalarProgram> compile(Operation *op);

  /// Whether there is arithmetic for `op`.
  static bool knows(Operation *op);

  /// Where numbers stand: inputs first. Made once, and used for any number of runs.
  std::vector<double> makeSlots() const { return constants; }
  void run(llvm::MutableArrayRef<double> slots) const {
    for (const Call &call : calls)
      slots[call.result] = call.function(slots[call.operands[0]], slots[call.operands[1]], slots[call.operands[2]]);
  }
  double getResult(llvm::ArrayRef<double> slots, unsigned number) const { return slots[results[number]]; }
  unsigned getNumResults() const { return results.size(); }

  using Function = double (*)(double, double, double);

private:
  struct Call {
    Function function;
    unsigned operands[3] = {0, 0, 0};
    unsigned result;
  };

  llvm::Error add(Operation *op);
  llvm::Expected<unsigned> getSlot(Value value);
  unsigned addSlot(Value value, double number = 0);

  std::vector<Call> calls;
  std::vector<double> constants; // the slots before the first run
  llvm::SmallVector<unsigned> results;
  llvm::DenseMap<Value, unsigned> slotOf;
};

} // namespace mlir::yoco

#endif // YOCO_COMPILER_INTERPRETER_SCALARPROGRAM_H
