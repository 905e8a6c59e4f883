// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A small causal encoder-decoder of our own, model_type `ced-toy`. All layers of its decoder read one pair of keys and
// values that the encoder's result made, as in YOCO, and have a window attention of their own besides. So the rows of a
// decoder layer need earlier rows of the layer before it, and what prefill must compute of the decoder is a tail of the
// sequence, neither nothing nor all (docs/Demand.md).

#include "frontend/HuggingFace.h"
#include "frontend/families/Families.h"
#include <cmath>

namespace mlir::yoco {

namespace {

struct CedConfig {
  int64_t width = 0, hidden = 0, vocabulary = 0, decoderLayers = 0, window = 0;
  HeadSizes heads;
  SmallVector<std::string> encoderLayers; // the kind of each
  double eps = 0;
  bool isTied = false;
  RopeParameters rope;
  ModelLimits limits;

  static llvm::Expected<CedConfig> read(const Checkpoint &checkpoint);
};

llvm::Expected<CedConfig> CedConfig::read(const Checkpoint &checkpoint) {
  ConfigReader reader(checkpoint.getConfig(), checkpoint.getConfigFile());
  CedConfig config;
  config.width = reader.getInteger("hidden_size", 1, 1 << 16);
  config.hidden = reader.getInteger("intermediate_size", 1, 1 << 20);
  config.vocabulary = reader.getInteger("vocab_size", 1, 1 << 24);
  config.heads = readHeads(reader, config.width);
  config.encoderLayers = reader.getChoices("encoder_layer_types", {"full_attention", "sliding_attention"}, 1 << 10);
  config.decoderLayers = reader.getInteger("num_decoder_layers", 1, 1 << 10);
  config.window = reader.getInteger("sliding_window", 1, kMaxPositions);
  config.eps = reader.getEpsilon("rms_norm_eps", 1e-5);
  config.isTied = reader.getBool("tie_word_embeddings", false);
  config.limits = readLimits(reader, checkpoint, config.vocabulary);
  config.rope = readRope(reader, config.limits.maxLength);
  if (llvm::Error error = finishHuggingFace(reader))
    return std::move(error);
  return config;
}

/// Builds the operations of one model.
class CedImporter {
public:
  CedImporter(const CedConfig &config, ModelBuilder &builder)
      : config(config), builder(builder),
        rope(builder.getRope(RopeStyle::half, getRopeFrequencies(config.rope, config.heads.width))) {}

  Value run() {
    auto table = builder.addParameter("embed", "model.embed_tokens.weight", {config.vocabulary, config.width});
    Value x = builder.selfDecoder("encoder", builder.embed(table), [&](ValueRange inputs) {
      Value rows = inputs.front();
      for (int64_t i = 0, count = config.encoderLayers.size(); i < count; ++i)
        rows = encoderLayer(rows, i);
      return SmallVector<Value>{rows};
    })[0];
    builder.setLayer("memory");
    KeysAndValues memory =
        keysAndValues(norm(x, {}, {"memory.norm", "model.memory.norm"}), {"memory.", "model.memory."});
    for (int64_t i = 0; i < config.decoderLayers; ++i)
      x = decoderLayer(x, memory, i);
    builder.setLayer("head");
    Value normed = norm(x, {}, {"norm", "model.norm"});
    if (config.isTied)
      return builder.linear(normed, table);
    return builder.linear(normed, {"lm_head", "lm_head"}, config.vocabulary);
  }

private:
  struct KeysAndValues {
    Value keys, values;
  };

  /// Sets the layer, and gives the prefix of its parameters.
  ParameterPrefix enter(const std::string &half, int64_t index) {
    builder.setLayer(half + "." + Twine(index));
    std::string number = std::to_string(index) + ".";
    return {half + "." + number, "model." + half + ".layers." + number};
  }

  Value encoderLayer(Value x, int64_t index) {
    ParameterPrefix at = enter("encoder", index);
    bool isWindow = config.encoderLayers[index] == "sliding_attention";
    Value n = norm(x, at, {"self_norm", "input_layernorm"});
    Value h = builder.add(x, selfAttention(n, at, isWindow ? config.window : 0));
    return builder.add(h, feedForward(h, at));
  }

  Value decoderLayer(Value x, const KeysAndValues &memory, int64_t index) {
    ParameterPrefix at = enter("decoder", index);
    Value n = norm(x, at, {"self_norm", "self_attn_layernorm"});
    Value a = builder.add(x, selfAttention(n, at, config.window));
    n = norm(a, at, {"cross_norm", "cross_attn_layernorm"});
    Value b = builder.add(a, attention(n, memory, at + ParameterPrefix{"cross_", "cross_attn."}, 0));
    return builder.add(b, feedForward(b, at));
  }

  Value norm(Value x, const ParameterPrefix &at, const ParameterPrefix &name) {
    return builder.norm(x, at + name, config.eps);
  }

  Value heads(Value n, const ParameterPrefix &at, const std::string &name, int64_t count) {
    Value rows = builder.linear(n, at + ParameterPrefix{name, name + "_proj"}, count * config.heads.width);
    return builder.splitHeads(rows, count);
  }

  KeysAndValues keysAndValues(Value n, const ParameterPrefix &at) {
    Value keys = builder.rope(heads(n, at, "k", config.heads.kvCount), rope);
    return {keys, heads(n, at, "v", config.heads.kvCount)};
  }

  Value attention(Value n, const KeysAndValues &read, const ParameterPrefix &at, int64_t window) {
    Value q = builder.rope(heads(n, at, "q", config.heads.count), rope);
    double scale = 1.0 / std::sqrt(static_cast<double>(config.heads.width));
    Value o = builder.mergeHeads(builder.attention(q, read.keys, read.values, scale, window));
    return builder.linear(o, at + ParameterPrefix{"o", "o_proj"}, config.width);
  }

  Value selfAttention(Value n, const ParameterPrefix &layer, int64_t window) {
    ParameterPrefix at = layer + ParameterPrefix{"self_", "self_attn."};
    return attention(n, keysAndValues(n, at), at, window);
  }

  Value feedForward(Value x, const ParameterPrefix &at) {
    Value n = norm(x, at, {"ffn_norm", "post_attention_layernorm"});
    ModelBuilder::GatedNames names = {at + ParameterPrefix{"gate", "mlp.gate_proj"},
                                      at + ParameterPrefix{"up", "mlp.up_proj"},
                                      at + ParameterPrefix{"down", "mlp.down_proj"}};
    return builder.gatedFeedForward(n, names, config.hidden, [&](Value rows) { return builder.silu(rows); });
  }

  const CedConfig &config;
  ModelBuilder &builder;
  RopeAttr rope;
};

} // namespace

llvm::Expected<OwningOpRef<ModuleOp>> importCed(Checkpoint &checkpoint, const ImportOptions &options,
                                                MLIRContext *context) {
  llvm::Expected<CedConfig> config = CedConfig::read(checkpoint);
  if (!config)
    return config.takeError();
  return buildModel(checkpoint, options, context, config->limits,
                    [&](ModelBuilder &builder) { return CedImporter(*config, builder).run(); });
}

} // namespace mlir::yoco
