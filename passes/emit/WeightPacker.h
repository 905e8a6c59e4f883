// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From tensors of a checkpoint to the bytes of packed parameters.

#ifndef YOCO_PASSES_EMIT_WEIGHTPACKER_H
#define YOCO_PASSES_EMIT_WEIGHTPACKER_H

#include "dialect/YocoOps.h"
#include "frontend/Checkpoint.h"
#include "passes/emit/Emit.h"
#include "passes/emit/Encodings.h"
#include "passes/emit/ModelFileWriter.h"
#include <deque>

namespace mlir::yoco {

/// How the rows of a packed parameter lie in the file.
struct PackedShape {
  int64_t rows = 0, columns = 0;
  int64_t panel = 0;  // 0: row-major
  int64_t stride = 0; // elements from one row to the next; row-major only
  Type element;
  int64_t elementBytes = 0;
  EncodingAttr encoding; // null: numbers as they are

  /// A vector is one row.
  static PackedShape get(PackedParameterOp packed);
  /// Bytes in the file; none when that is 2^62 or more.
  std::optional<uint64_t> getBytes() const;
};

/// The element type of a parameter or buffer (f32, bf16 or f16), as the plan names it.
fb::ElementType getElementKind(Type type);

/// Rows of a tensor of a checkpoint, or some columns of them.
struct WeightPart {
  const Tensor *tensor; // its bytes need not be aligned
  int64_t rows;
  int64_t first;  // the number with which the first row begins, counted from the first of the tensor
  int64_t stride; // numbers from one row to the next
};

/// Hands the parameters of a module to the file. Opens the checkpoint when a parameter first needs it.
class WeightPacker {
public:
  explicit WeightPacker(SegmentTable &segments, WeightSource source = {})
      : segments(segments), source(std::move(source)) {}

  /// The description of `packed` for the plan, with a segment or generated rows. Null, with an error, when the
  /// checkpoint does not have what the parameter says.
  std::unique_ptr<fb::ParameterT> add(PackedParameterOp packed, SymbolTable &symbols);

private:
  std::shared_ptr<const Checkpoint> open(PackedParameterOp packed);
  LogicalResult addGenerated(PackedParameterOp packed, ArrayRef<ParameterOp> parts, fb::ParameterT &parameter);
  LogicalResult addSegment(PackedParameterOp packed, ArrayRef<ParameterOp> parts, const PackedShape &shape,
                           fb::ParameterT &parameter);
  FailureOr<WeightPart> open(PackedParameterOp packed, ParameterOp part, const Checkpoint &checkpoint, Type from);

  SegmentTable &segments;
  WeightSource source;      // asked before the checkpoint
  std::deque<Tensor> given; // what it has given
  llvm::StringMap<std::shared_ptr<const Checkpoint>> checkpoints; // by location
};

// Numbers that are stored in blocks, or in another type than a module says they have, are read as f32 numbers.

/// Writes the rows of `parts`, one part after the other, in panels: element (r, c) at
/// `(r / panel) * columns * panel + c * panel + r % panel`, rows padded with zeros to a multiple of the panel.
void writePanels(ModelFileWriter &writer, ArrayRef<WeightPart> parts, const PackedShape &shape);

/// Writes the rows of `parts`, whose elements are of type `from`, one after the other with `shape.stride` elements
/// each: elements are converted to `shape.element`, rounded to nearest even, and rows padded with zeros.
void writeRows(ModelFileWriter &writer, ArrayRef<WeightPart> parts, Type from, const PackedShape &shape);

/// Writes the codes of the rows of `parts`, whose elements are of type `from`, and then their scales.
void writeEncoded(ModelFileWriter &writer, ArrayRef<WeightPart> parts, Type from, const PackedShape &shape,
                  EncodeRow encode);

} // namespace mlir::yoco

#endif // YOCO_PASSES_EMIT_WEIGHTPACKER_H
