// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// When the buffers of an entry point must be there. Used by the planner and by those who print its work; the verifier
// computes lifetimes for itself.

#ifndef YOCO_PASSES_PLANNING_LIFETIMES_H
#define YOCO_PASSES_PLANNING_LIFETIMES_H

#include "dialect/YocoOps.h"

namespace mlir::yoco {

/// Both ends included, in instructions of the entry point: -1 is before the first, their number is after the last.
struct Lifetime {
  int64_t first = 0, last = 0;
};

class Lifetimes {
public:
  /// `entry` has one block.
  explicit Lifetimes(func::FuncOp entry);

  /// The lifetime of a buffer: from its first use to its last, uses of views of it included. The caller fills ids and
  /// segments before the first instruction and reads logits after the last. A failure with an error when it is used
  /// elsewhere.
  FailureOr<Lifetime> get(Value buffer, std::optional<BufferRole> role) const;

  int64_t getNumInstructions() const { return instructions.size(); }
  Operation *getInstruction(int64_t number) const { return instructions[number]; }

private:
  Block &block;
  SmallVector<Operation *> instructions;
  DenseMap<Operation *, int64_t> numbers;
};

} // namespace mlir::yoco

#endif // YOCO_PASSES_PLANNING_LIFETIMES_H
