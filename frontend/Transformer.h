// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plain Transformers as Hugging Face transformers saves them: layers of attention and a gated feed-forward, each after
// a norm and with a residual. What families differ in is data; one whose layers are not alike builds them itself, of
// the same parts.

#ifndef YOCO_FRONTEND_TRANSFORMER_H
#define YOCO_FRONTEND_TRANSFORMER_H

#include "frontend/HuggingFace.h"

namespace mlir::yoco {

/// How queries and keys are normalised before they are rotated.
enum class HeadNorm {
  none,
  rms,   // `q_norm` and `k_norm`, root mean square: one weight for all heads
  layer, // `q_layernorm` and `k_layernorm`: mean and variance, a weight for each head
};

struct TransformerConfig : HuggingFaceConfig {
  TransformerConfig() = default;
  TransformerConfig(HuggingFaceConfig common) : HuggingFaceConfig(std::move(common)) {}

  NormKind norm = NormKind::rms; // kind `layer` has biases
  HeadNorm headNorm = HeadNorm::none;
  bool hasInputBias = false;       // of queries, keys and values
  bool hasOutputBias = false;      // of what follows attention
  bool hasFeedForwardBias = false; // of all three matrices
  bool isFused = false;            // the matrices of queries, keys and values are one tensor, and so are gate and up
  bool isParallel = false;         // attention and feed-forward read the same norm, and are added together
  HiddenActivation activation = HiddenActivation::silu;
  SmallVector<int64_t> windows; // of each layer; 0 or missing: none
};

/// Keys, rotated, and values, by heads.
struct KeysAndValues {
  Value keys, values;
};

/// Builds the parts of such a model.
class TransformerBuilder {
public:
  TransformerBuilder(const TransformerConfig &config, ModelBuilder &builder);

  /// The whole model: the logits.
  Value build();

  Value embed();
  /// Begins layer `index`, and gives the prefix of its parameters.
  ParameterPrefix enter(int64_t index);
  /// A layer whose attention, from rows normed to rows to be added, is `attend`.
  Value layer(Value x, const ParameterPrefix &at, function_ref<Value(Value)> attend);
  KeysAndValues keysAndValues(Value normed, const ParameterPrefix &at);
  /// Attention of the layer's queries to what `read` gives.
  Value attention(Value normed, const ParameterPrefix &at, function_ref<KeysAndValues()> read, int64_t window = 0);
  /// The norm and the matrix at the end.
  Value head(Value x);

private:
  /// A matrix that may be rows of a tensor which it shares with others.
  struct Matrix {
    std::string symbol, tensor;
    int64_t outputs;
    bool hasBias;
    int64_t firstRow = 0, rows = 0; // of the tensor; 0: the matrix is all of it
  };
  Matrix getInputMatrix(StringRef which) const;
  Value product(Value input, const ParameterPrefix &at, const Matrix &matrix);
  Value norm(Value input, const ParameterPrefix &name);
  Value heads(Value normed, const ParameterPrefix &at, StringRef which);
  Value normHeads(Value heads, const ParameterPrefix &at, const std::string &which);
  Value feedForward(Value normed, const ParameterPrefix &at);

  const TransformerConfig &config;
  ModelBuilder &builder;
  RopeAttr rope;
  FlatSymbolRefAttr table;
};

/// Imports a checkpoint of a family whose layers are all alike. `config` is what its file says.
llvm::Expected<OwningOpRef<ModuleOp>> importTransformer(Checkpoint &checkpoint, const ImportOptions &options,
                                                        MLIRContext *context,
                                                        llvm::Expected<TransformerConfig> config);

} // namespace mlir::yoco

#endif // YOCO_FRONTEND_TRANSFORMER_H
