// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The buffers of one entry point while yoco-bufferize rewrites it: makes them, and knows which of them stands for a
// value.

#ifndef YOCO_PASSES_PLANNING_ENTRYBUFFERS_H
#define YOCO_PASSES_PLANNING_ENTRYBUFFERS_H

#include "passes/target/Target.h"

namespace mlir::yoco {

/// Buffers are made where `builder` stands. A buffer of rows is as large as the bound of its set of rows asks, in set 0
/// the entry point's: a number of bytes that is a multiple of 64, times the bound. In programs for steps of at most so
/// many rows it has that many, a constant.
class EntryBuffers {
public:
  EntryBuffers(EntryAttr shape, const Target &target, OpBuilder &builder) : target(target), builder(builder) {
    addSet(shape.getBound(), shape.getMost(), /*eachRow=*/shape.getRows() == RowShape::single);
  }

  /// One more set of rows, after those that are there: as many as `bound` says, or `most` unless that is 0. With
  /// `eachRow` every row is a segment.
  void addSet(RowBound bound, int64_t most, bool eachRow) { sets.push_back({bound, most, eachRow, Value(), Value()}); }

  /// A fresh buffer for rows of type `tensor`. Null, with an error on `op`, when there is no such buffer.
  Value allocate(Operation *op, Type tensor, unsigned set, std::optional<BufferRole> role = std::nullopt,
                 bool isReturned = false);
  /// The same for the rows that an operation computes.
  Value allocate(OpResult result, unsigned set);
  Value allocateSegments(Location loc, Type type, unsigned set);
  Value allocateWorkspace(Operation *op, int64_t bytes);

  /// The buffer that stands for `value`: its own, or `value` itself when it is neither rows nor state. An error for a
  /// version of a state that has been overwritten.
  FailureOr<Value> get(Operation *op, Value value);
  Value lookup(Value value) const { return buffers.lookup(value); }
  bool contains(Value value) const { return buffers.contains(value); }
  void set(Value value, Value buffer) { buffers[value] = buffer; }
  /// From here on the state that `reference` names holds `version`.
  void setVersion(Value version, Value reference);

  /// The buffer of token ids; null when there is none yet.
  Value getIds() const { return ids; }
  /// The number of rows of a set. Every buffer of it has as many; there is one by then.
  Value getRows(unsigned set);
  unsigned getNumBuffers() const { return numBuffers; }

private:
  struct Set {
    RowBound bound;
    int64_t most; // 0: what the bound says
    bool eachRow;
    Value first; // its first buffer of rows
    Value rows;  // how many there are
  };

  std::optional<SizeAttr> getSize(int64_t bytesPerRow, const Set &set);

  const Target &target;
  OpBuilder &builder;
  SmallVector<Set, 3> sets;
  Value ids;
  DenseMap<Value, Value> buffers; // tensor, table or version of a state -> its buffer
  DenseMap<Value, Value> current; // reference to a state -> the version that it holds by now
  unsigned numBuffers = 0;
};

} // namespace mlir::yoco

#endif // YOCO_PASSES_PLANNING_ENTRYBUFFERS_H
