// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What model families have in common when they build a module of phase `model`. A family says which tensor goes where.

#ifndef YOCO_FRONTEND_MODELBUILDER_H
#define YOCO_FRONTEND_MODELBUILDER_H

#include "dialect/YocoOps.h"
#include "frontend/Config.h"
#include "frontend/Import.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

namespace mlir::yoco {

/// Where the parameters of a part of a model are: a prefix of symbols in the module ("self.0."), and one of tensor
/// names in the checkpoint ("self_decoder.layers.0.").
struct ParameterPrefix {
  std::string symbol, tensor;

  /// The parameters `name` below this one.
  ParameterPrefix operator+(const ParameterPrefix &name) const { return {symbol + name.symbol, tensor + name.tensor}; }
};

/// What all models have: which ids end a text, and how long one may be.
struct ModelLimits {
  SmallVector<int32_t> stopIds;
  std::optional<int64_t> maxLength;
};

/// The ids that end a text: `eos_token_id` of generation_config.json, else of the configuration, each in the
/// vocabulary.
SmallVector<int32_t> readStopIds(ConfigReader &reader, const Checkpoint &checkpoint, int64_t vocabulary);

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

  // Parameters. A tensor that is asked for again is the same parameter: its symbol is that of the first time.

  /// Declares the parameter @`symbol` for the tensor named `tensor`, which must have this shape. With generated
  /// weights, a matrix has the standard deviation 1/sqrt(columns), and a vector is all ones.
  FlatSymbolRefAttr addParameter(const Twine &symbol, const Twine &tensor, ArrayRef<int64_t> shape);

  /// The same for a part of that tensor: `sizes` elements of each dimension from `offsets` on. Checkpoints that store
  /// several matrices as one are read so: rows 8 to 16 of [24, 8] are the slice at {8, 0} of {8, 8}.
  FlatSymbolRefAttr addSlice(const Twine &symbol, const Twine &tensor, ArrayRef<int64_t> shape,
                             ArrayRef<int64_t> offsets, ArrayRef<int64_t> sizes);

  /// The same as addParameter for a vector that is added to rows.
  FlatSymbolRefAttr addBias(const Twine &symbol, const Twine &tensor, int64_t width);

  /// Accepts the tensors that `isIgnored` names: parts of a checkpoint that are no weights of the model.
  void ignoreTensors(function_ref<bool(StringRef)> isIgnored);

  // Operations on rows of vectors `tensor<?xNxf32>`, or of heads `tensor<?xHxDxf32>`.

  Value embed(FlatSymbolRefAttr table, double scale = 1.0);
  Value linear(Value input, FlatSymbolRefAttr weight, FlatSymbolRefAttr bias = {});
  Value norm(Value input, FlatSymbolRefAttr weight, double eps);
  /// By mean and variance.
  Value layerNorm(Value input, double eps, FlatSymbolRefAttr weight = {}, FlatSymbolRefAttr bias = {});
  Value rope(Value heads, RopeAttr rope);
  Value silu(Value input);
  Value gelu(Value input);
  Value logSigmoid(Value input);
  Value sigmoid(Value input);
  Value add(Value a, Value b);
  Value subtract(Value a, Value b);
  Value multiply(Value a, Value b);
  Value multiply(Value input, double factor);
  Value divide(Value input, double divisor);
  Value minimum(Value a, Value b);
  Value minimum(Value input, double limit);
  /// Each number made to lie between `-limit` and `limit`, which are not negative.
  Value clamp(Value input, Value limit);
  Value clamp(Value input, double limit);
  Value absolute(Value input);
  /// Each row times vectors of parameters, one after the other, or times a single element.
  Value scale(Value input, ArrayRef<FlatSymbolRefAttr> weights);
  Value splitHeads(Value input, int64_t heads);
  Value mergeHeads(Value input);
  /// Columns `first` and the next of each head, `count` of them.
  Value sliceColumns(Value heads, int64_t first, int64_t count);
  /// The one column of each head, `width` times.
  Value broadcast(Value column, int64_t width);
  Value attention(Value query, Value key, Value value, double scale, int64_t window = 0);
  Value gatedRetention(Value query, Value key, Value value, Value gate, double scale);

  // The same with parameters by name: `name.symbol`, and `name.tensor` with ".weight" or ".bias".

  Value linear(Value input, const ParameterPrefix &name, int64_t outputs, bool hasBias = false);
  Value norm(Value input, const ParameterPrefix &name, double eps);
  /// By mean and variance, with a weight and a bias.
  Value layerNorm(Value input, const ParameterPrefix &name, double eps);

  /// `down(activation(gate x) * (up x))`.
  struct GatedNames {
    ParameterPrefix gate, up, down;
  };
  Value gatedFeedForward(Value input, const GatedNames &names, int64_t hidden, function_ref<Value(Value)> activation,
                         bool hasBias = false);

  RopeAttr getRope(RopeStyle style, ArrayRef<float> frequencies);

  /// Wraps what `body` builds in a decoder, whose own operation belongs to layer `layer`. The body gets the decoder's
  /// inputs, and the shared values of a cross-decoder, and gives the decoder's results.
  using SelfDecoderFn = function_ref<SmallVector<Value>(ValueRange inputs)>;
  using CrossDecoderFn = function_ref<SmallVector<Value>(ValueRange inputs, ValueRange shared)>;
  ValueRange selfDecoder(StringRef layer, ValueRange inputs, SelfDecoderFn body);
  ValueRange crossDecoder(StringRef layer, ValueRange inputs, ValueRange shared, CrossDecoderFn body);

  /// Ends `@forward` and checks the module. An error when a tensor was missing, misshapen or not used.
  llvm::Expected<OwningOpRef<ModuleOp>> finish(Value logits, const ModelLimits &limits);

private:
  void notifyOperationInserted(Operation *op, OpBuilder::InsertPoint previous) override;
  void beginForward();
  RankedTensorType getRows(ArrayRef<int64_t> shape);
  Value splat(double value, RankedTensorType type);
  Type checkTensor(StringRef name, ArrayRef<int64_t> shape);
  FlatSymbolRefAttr declare(const Twine &symbol, const Twine &tensor, ArrayRef<int64_t> shape, double deviation,
                            SliceAttr slice = {}, ArrayRef<int64_t> sizes = {});
  SliceAttr getSlice(const Twine &tensor, ArrayRef<int64_t> shape, ArrayRef<int64_t> offsets, ArrayRef<int64_t> sizes);
  std::string describe(const Twine &tensor) const;
  ParameterOp getParameter(FlatSymbolRefAttr symbol);
  SmallVector<Value> buildBody(Region &region, StringRef layer, TypeRange types,
                               function_ref<SmallVector<Value>(ValueRange)> body);
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
  /// A tensor that was asked for: the stream of its generated numbers, and its parameters, the whole or slices of it.
  struct UsedTensor {
    uint64_t stream;
    SmallVector<int64_t> shape;
    SmallVector<ParameterOp, 1> parameters;
  };
  llvm::StringMap<UsedTensor> tensors; // by name
  llvm::StringSet<> ignoredTensors;
  std::string problem;
};

/// Builds a model with what `build` does between the builder's beginning and its end; loads the weights first, unless
/// they are generated. `build` gives the logits.
llvm::Expected<OwningOpRef<ModuleOp>> buildModel(Checkpoint &checkpoint, const ImportOptions &options,
                                                 MLIRContext *context, const ModelLimits &limits,
                                                 function_ref<Value(ModelBuilder &)> build);

} // namespace mlir::yoco

#endif // YOCO_FRONTEND_MODELBUILDER_H
