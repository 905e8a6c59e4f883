// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the lowerings of the fused operations share: the arguments of a kernel, segments, rotations and norms.
//
// Every lowering gets the index of one tile and emits the code that computes it; the pass makes the loop over tiles.

#ifndef YOCO_PASSES_LOWERING_HOST_HOSTKERNEL_H
#define YOCO_PASSES_LOWERING_HOST_HOSTKERNEL_H

#include "dialect/YocoOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "passes/lowering/host/KernelBuilder.h"
#include "passes/target/HostChips.h"

namespace mlir::yoco {

/// A kernel that is being lowered.
struct HostKernel {
  HostKernel(KernelBuilder &build, const HostTiles &tiles, Value rows, Value segments)
      : build(build), tiles(tiles), rows(rows), segments(segments) {}

  KernelBuilder &build;
  const HostTiles &tiles;
  /// Rows and segments of the step.
  Value rows, segments;
  /// Buffers that stand for each operand of the operation: one for each plane of a state, one of everything else.
  DenseMap<Value, SmallVector<Value>> buffers;
  /// One for each parameter group of the operation.
  SmallVector<Value> parameters;

  Value get(Value operand) const { return buffers.lookup(operand).front(); }
};

/// Row `number` of the segment table, as indices.
struct Segment {
  Value slot, firstPosition, rowBegin, rowCount, number;
};
Segment loadSegment(KernelBuilder &build, Value table, Value number);
/// Emits `body` for the segment that `row` belongs to; nothing runs when there is none, or it is padding (slot -1).
void withSegmentOf(HostKernel &kernel, Value table, Value row, function_ref<void(const Segment &)> body);
/// Emits `body` for the rows of a tile of a row-wise kernel.
void forRowsOfTile(HostKernel &kernel, Value tile, function_ref<void(Value)> body);

/// Where a head of a row is: a buffer, and the index of the head's first element.
struct Place {
  Value buffer;
  SmallVector<Value> indices;
};

/// The frequencies of a rotation, as a constant of the module; null when `rope` is.
Value makeFrequencies(KernelBuilder &build, RopeAttr rope);
/// Some pairs of a head, and the sine and cosine of their angles at a position.
struct Turn {
  Strip pairs;
  Value sine, cosine;
};
/// Emits `body` for all pairs of a head, a vector of them at a time. The angle is the product in f32.
void forPairs(KernelBuilder &build, RopeAttr rope, Value frequencies, Value position,
              function_ref<void(const Turn &)> body);
/// Rotates the pairs of `turn` of one head. A factor other than null multiplies the result.
void rotate(KernelBuilder &build, RopeAttr rope, const Turn &turn, const Place &from, const Place &to,
            Value factor = {});
/// Whether a head of `width` has elements that are in no pair.
inline bool isPartial(RopeAttr rope, int64_t width) {
  return 2 * static_cast<int64_t>(rope.getInvFreq().size()) < width;
}
/// Copies those, as `rotate` the others.
void copyUnpaired(KernelBuilder &build, RopeAttr rope, int64_t width, const Place &from, const Place &to,
                  Value factor = {});
/// Copies a row of static width. A factor other than null multiplies it.
void copyRow(KernelBuilder &build, int64_t width, const Place &from, const Place &to, Value factor = {});
/// (mean of squares + eps)^(-1/2) of a row of static width.
Value inverseRms(KernelBuilder &build, int64_t width, const Place &row, double eps);

/// `place` with `offset` added to its last index.
Place moveBy(KernelBuilder &build, const Place &place, Value offset);

} // namespace mlir::yoco

#endif // YOCO_PASSES_LOWERING_HOST_HOSTKERNEL_H
