// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What states are made of, and what row mixers say about the rows that they cache.

#ifndef YOCO_DIALECT_STATEPLANE_H
#define YOCO_DIALECT_STATEPLANE_H

#include "dialect/RowDemand.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"

namespace mlir::yoco {

/// One array of the memory that a state has for each slot. All of its sizes are static but the number of positions of
/// one that grows.
struct StatePlane {
  Type element;
  /// The sizes of a slot; of one position when the plane grows.
  SmallVector<int64_t> shape;
  /// Whether a slot has one such array for each position of its sequence, up to the session's longest.
  bool grows = false;

  int64_t getElements() const { return ShapedType::getNumElements(shape); }
  /// Bytes of a slot, or of one position.
  int64_t getBytes() const { return getElements() * (element.getIntOrFloatBitWidth() / 8); }
  /// The buffer that a kernel sees: slots, positions when it grows, and the shape. `stride` is the number of bytes from
  /// one slot to the next of a plane that does not grow; 0: they are contiguous.
  MemRefType getBufferType(int64_t stride = 0) const;
};

} // namespace mlir::yoco

#endif // YOCO_DIALECT_STATEPLANE_H
