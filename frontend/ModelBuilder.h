// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What model families have in common when they build a module of phase `model`. A family says which tensor goes where.

#ifndef YOCO_FRONTEND_MODELBUILDER_H
#define YOCO_FRONTEND_MODELBUILDER_H

#include "dialect/YocoOps.h"
#include "frontend/Import.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringSet.h"

namespace mlir::yoco {

/// Builds `@forward` and the parameters that it uses. Every operation gets the current layer as `yoco.layer`. A missing
/// or wrong tensor is remembered and building goes on; `finish` reports the first.
class ModelBuilder : private OpBuilder::Listener {
public:
  ModelBuilder(MLIRContext *context, const Checkpoint &checkpoint, const ImportOptions &options);

  /// Says where the operations that are built next belong: "embed", "self_decoder.0", ...
  void setLayer(const Twine &layer);

  /// Begins `@forward`; the ids of its rows, and their positions.
  Value getIds() const { return ids; }
  Value getPositions() const { return positions; }

  /// Declares the parameter @`symbol` for the tensor named `tensor`, which must have this shape.
  FlatSymbolRefAttr addParameter(const Twine &symbol, const Twine &tensor, ArrayRef<int64_t> shape);

  // Operations on rows of vectors `tensor<?xNxf32>`, or of heads `tensor<?xHxDxf32>`.
  Value embed(FlatSymbolRefAttr table, int64_t width, double scale);
  Value linear(Value input, FlatSymbolRefAttr weight, int64_t outputs);
  Value norm(Value input, FlatSymbolRefAttr weight, double eps);
  Value rope(Value heads, RopeAttr rope);
  Value silu(Value input);
  Value logSigmoid(Value input);
  Value add(Value a, Value b);
  Value multiply(Value a, Value b);
  Value divide(Value input, double divisor);
  Value splitHeads(Value input, int64_t heads);
  Value mergeHeads(Value input);
  Value attention(Value query, Value key, Value value, double scale, int64_t window = 0);
  Value gatedRetention(Value query, Value key, Value value, Value gate, double scale);

  /// Wraps what `body` builds in a decoder. Its own operation belongs to layer `layer`.
  Value selfDecoder(StringRef layer, Value input, function_ref<Value(Value)> body);
  Value crossDecoder(StringRef layer, Value input, Value key, Value value,
                     function_ref<Value(Value, Value, Value)> body);

  /// Attributes of the module.
  void setStopIds(ArrayRef<int32_t> ids);
  void setMaxSequenceLength(int64_t length);

  /// Ends `@forward` and checks the module. An error when a tensor was missing, misshapen or not used.
  llvm::Expected<OwningOpRef<ModuleOp>> finish(Value logits);

private:
  void notifyOperationInserted(Operation *op, OpBuilder::InsertPoint previous) override;
  void beginForward();
  RankedTensorType getRows(ArrayRef<int64_t> shape);
  Value splat(double value, RankedTensorType type);
  Type checkTensor(StringRef name, ArrayRef<int64_t> shape);
  RandomAttr getRandom(ArrayRef<int64_t> shape);
  Block *beginRegion(Region &region, TypeRange types);
  void endRegion(Operation *decoder, StringRef layer, Value result);
  void fail(const Twine &message);
  void checkUnused();

  OpBuilder builder;
  const Checkpoint &checkpoint;
  std::optional<uint64_t> seed;
  OwningOpRef<ModuleOp> module;
  func::FuncOp forward;
  StringAttr layer;
  Location location;
  Value ids, rows, positions;
  uint64_t parameterCount = 0;
  llvm::StringSet<> usedTensors;
  std::string problem;
};

} // namespace mlir::yoco

#endif // YOCO_FRONTEND_MODELBUILDER_H
