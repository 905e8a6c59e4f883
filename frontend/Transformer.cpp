// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "frontend/Transformer.h"
#include <cmath>

namespace mlir::yoco {

TransformerBuilder::TransformerBuilder(const TransformerConfig &config, ModelBuilder &builder)
    : config(config), builder(builder),
      rope(builder.getRope(RopeStyle::half, getRopeFrequencies(config.rope, config.heads.width))) {}

Value TransformerBuilder::build() {
  Value x = embed();
  for (int64_t i = 0; i < config.layers; ++i) {
    ParameterPrefix at = enter(i);
    x = layer(x, at, [&](Value normed) {
      int64_t window = config.windows.empty() ? 0 : config.windows[i];
      return attention(normed, at, [&] { return keysAndValues(normed, at); }, window);
    });
  }
  return head(x);
}

//===- Ends ---------------------------------------------------------------------------------------------------===//

Value TransformerBuilder::embed() {
  // Buffers that older versions of transformers saved, and a second copy of a tied matrix.
  builder.ignoreTensors([&](StringRef name) {
    return name.contains(".rotary_emb.") || (config.isTied && name == "lm_head.weight");
  });
  table = builder.addParameter("embed", "model.embed_tokens.weight", {config.vocabulary, config.width});
  return builder.embed(table);
}

Value TransformerBuilder::head(Value x) {
  builder.setLayer("head");
  Value normed = norm(x, {"norm", "model.norm"});
  if (config.isTied)
    return builder.linear(normed, table);
  return builder.linear(normed, {"lm_head", "lm_head"}, config.vocabulary);
}

//===- Layers -------------------------------------------------------------------------------------------------===//

ParameterPrefix TransformerBuilder::enter(int64_t index) {
  builder.setLayer("layers." + Twine(index));
  std::string number = std::to_string(index) + ".";
  return {"layers." + number, "model.layers." + number};
}

Value TransformerBuilder::norm(Value input, const ParameterPrefix &name) {
  return config.norm == NormKind::layer ? builder.layerNorm(input, name, config.eps)
                                        : builder.norm(input, name, config.eps);
}

Value TransformerBuilder::layer(Value x, const ParameterPrefix &at, function_ref<Value(Value)> attend) {
  Value normed = norm(x, at + ParameterPrefix{"attention_norm", "input_layernorm"});
  Value h = builder.add(x, attend(normed));
  if (!config.isParallel)
    normed = norm(h, at + ParameterPrefix{"ffn_norm", "post_attention_layernorm"});
  return builder.add(h, feedForward(normed, at));
}

Value TransformerBuilder::product(Value input, const ParameterPrefix &at, const Matrix &matrix) {
  ParameterPrefix name = at + ParameterPrefix{matrix.symbol, matrix.tensor};
  if (matrix.rows == 0)
    return builder.linear(input, name, matrix.outputs, matrix.hasBias);
  int64_t inputs = cast<RankedTensorType>(input.getType()).getDimSize(1);
  return builder.linear(input, builder.addSlice(name.symbol, name.tensor + ".weight", {matrix.rows, inputs},
                                                {matrix.firstRow, 0}, {matrix.outputs, inputs}));
}

//===- Attention ----------------------------------------------------------------------------------------------===//

/// The matrix of queries, keys or values: `q`, `k` or `v`.
TransformerBuilder::Matrix TransformerBuilder::getInputMatrix(StringRef which) const {
  int64_t query = config.heads.count * config.heads.width, key = config.heads.kvCount * config.heads.width;
  Matrix matrix{which.str(), ("self_attn." + which + "_proj").str(), which == "q" ? query : key, config.hasInputBias};
  if (config.isFused) {
    matrix.tensor = "self_attn.qkv_proj";
    matrix.firstRow = which == "q" ? 0 : which == "k" ? query : query + key;
    matrix.rows = query + 2 * key;
  }
  return matrix;
}

Value TransformerBuilder::normHeads(Value heads, const ParameterPrefix &at, const std::string &which) {
  if (config.headNorm == HeadNorm::none)
    return heads;
  if (config.headNorm == HeadNorm::rms)
    return builder.norm(heads, at + ParameterPrefix{which + "_norm", "self_attn." + which + "_norm"}, config.eps);
  int64_t count = cast<RankedTensorType>(heads.getType()).getDimSize(1);
  SmallVector<FlatSymbolRefAttr> weights;
  for (int64_t i = 0; i < count; ++i) {
    std::string number = std::to_string(i);
    weights.push_back(builder.addParameter(at.symbol + which + "_norm." + number,
                                           at.tensor + "self_attn." + which + "_layernorm.norms." + number + ".weight",
                                           {config.heads.width}));
  }
  // The weights of all heads, one after the other, are those of a row.
  Value normed = builder.layerNorm(heads, config.eps);
  return builder.splitHeads(builder.scale(builder.mergeHeads(normed), weights), count);
}

Value TransformerBuilder::heads(Value normed, const ParameterPrefix &at, StringRef which) {
  int64_t count = which == "q" ? config.heads.count : config.heads.kvCount;
  Value heads = builder.splitHeads(product(normed, at, getInputMatrix(which)), count);
  if (which == "v")
    return heads;
  return builder.rope(normHeads(heads, at, which.str()), rope);
}

KeysAndValues TransformerBuilder::keysAndValues(Value normed, const ParameterPrefix &at) {
  Value keys = heads(normed, at, "k");
  return {keys, heads(normed, at, "v")};
}

Value TransformerBuilder::attention(Value normed, const ParameterPrefix &at, function_ref<KeysAndValues()> read,
                                    int64_t window) {
  Value queries = heads(normed, at, "q");
  auto [keys, values] = read();
  double scale = 1.0 / std::sqrt(static_cast<double>(config.heads.width));
  Value o = builder.attention(queries, keys, values, scale, window);
  return product(builder.mergeHeads(o), at, {"o", "self_attn.o_proj", config.width, config.hasOutputBias});
}

//===- Feed-forward -------------------------------------------------------------------------------------------===//

Value TransformerBuilder::feedForward(Value normed, const ParameterPrefix &at) {
  Matrix gate{"gate", "mlp.gate_proj", config.hidden, config.hasFeedForwardBias};
  Matrix up{"up", "mlp.up_proj", config.hidden, config.hasFeedForwardBias};
  Matrix down{"down", "mlp.down_proj", config.width, config.hasFeedForwardBias};
  if (config.isFused) {
    gate.tensor = up.tensor = "mlp.gate_up_proj";
    gate.rows = up.rows = 2 * config.hidden;
    up.firstRow = config.hidden;
  }
  Value gates = product(normed, at, gate);
  gates = config.activation == HiddenActivation::gelu ? builder.gelu(gates) : builder.silu(gates);
  return product(builder.multiply(gates, product(normed, at, up)), at, down);
}

llvm::Expected<OwningOpRef<ModuleOp>> importTransformer(Checkpoint &checkpoint, const ImportOptions &options,
                                                        MLIRContext *context,
                                                        llvm::Expected<TransformerConfig> config) {
  if (!config)
    return config.takeError();
  return buildModel(checkpoint, options, context, config->limits,
                    [&](ModelBuilder &builder) { return TransformerBuilder(*config, builder).build(); });
}

} // namespace mlir::yoco
