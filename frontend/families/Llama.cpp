// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Llama, as Hugging Face transformers saves it: a plain Transformer of root-mean-square norms, attention with grouped
// key heads and rotary embeddings, and gated feed-forwards. There is no second decoder: every layer has keys and values
// of its own, and what prefill skips is the rest of the last layer and the head.

#include "frontend/Config.h"
#include "frontend/ModelBuilder.h"
#include "frontend/Rope.h"
#include "frontend/families/Families.h"
#include <cmath>

namespace mlir::yoco {

namespace {

struct LlamaConfig {
  int64_t width = 0, layers = 0, hidden = 0, heads = 0, kvHeads = 0, headWidth = 0, vocabulary = 0;
  double eps = 0;
  bool isTied = false, hasAttentionBias = false, hasFeedForwardBias = false;
  std::string activation;
  RopeParameters rope;
  ModelLimits limits;

  static llvm::Expected<LlamaConfig> read(const Checkpoint &checkpoint);
};

void readHeads(ConfigReader &reader, LlamaConfig &config) {
  config.heads = reader.getInteger("num_attention_heads", 1, 1 << 10);
  config.kvHeads = reader.getOptionalInteger("num_key_value_heads", 1, 1 << 10).value_or(config.heads);
  expectGroups(reader, "num_attention_heads", config.heads, "num_key_value_heads", config.kvHeads);
  if (std::optional<int64_t> width = reader.getOptionalInteger("head_dim", 1, 1 << 14)) {
    reader.expect(*width % 2 == 0, "field 'head_dim': expected an even number, got " + Twine(*width));
    config.headWidth = *width;
    return;
  }
  expectHeads(reader, "hidden_size", config.width, "num_attention_heads", config.heads);
  config.headWidth = config.width / config.heads;
}

llvm::Expected<LlamaConfig> LlamaConfig::read(const Checkpoint &checkpoint) {
  ConfigReader reader(checkpoint.getConfig(), checkpoint.getConfigFile());
  LlamaConfig config;
  config.width = reader.getInteger("hidden_size", 1, 1 << 16);
  config.layers = reader.getInteger("num_hidden_layers", 1, 1 << 10);
  config.hidden = reader.getInteger("intermediate_size", 1, 1 << 20);
  config.vocabulary = reader.getInteger("vocab_size", 1, 1 << 24);
  readHeads(reader, config);
  config.eps = reader.getEpsilon("rms_norm_eps", 1e-6);
  config.isTied = reader.getBool("tie_word_embeddings", false);
  config.hasAttentionBias = reader.getBool("attention_bias", false);
  config.hasFeedForwardBias = reader.getBool("mlp_bias", false);
  config.activation = reader.getChoice("hidden_act", {"silu", "swish", "gelu_pytorch_tanh"}, "silu");
  config.limits.maxLength = reader.getOptionalInteger("max_position_embeddings", 1, kMaxPositions);
  config.limits.stopIds = readStopIds(reader, checkpoint, config.vocabulary);
  config.rope = readRope(reader, config.limits.maxLength);
  reader.refuse("quantization_config", "weights that are not quantised");
  reader.ignore({"max_sequence_length"});
  reader.ignoreHuggingFaceFields();
  if (llvm::Error error = reader.finish())
    return std::move(error);
  return config;
}

/// Builds the operations of one model.
class LlamaImporter {
public:
  LlamaImporter(const LlamaConfig &config, ModelBuilder &builder)
      : config(config), builder(builder),
        rope(builder.getRope(RopeStyle::half, getRopeFrequencies(config.rope, config.headWidth))) {}

  Value run() {
    // Buffers that older versions of transformers saved, and a second copy of a tied matrix.
    builder.ignoreTensors([&](StringRef name) {
      return name.contains(".rotary_emb.") || (config.isTied && name == "lm_head.weight");
    });
    auto table = builder.addParameter("embed", "model.embed_tokens.weight", {config.vocabulary, config.width});
    Value x = builder.embed(table);
    for (int64_t i = 0; i < config.layers; ++i) {
      builder.setLayer("layers." + Twine(i));
      std::string number = std::to_string(i) + ".";
      x = layer(x, {"layers." + number, "model.layers." + number});
    }
    builder.setLayer("head");
    Value normed = builder.norm(x, {"norm", "model.norm"}, config.eps);
    if (config.isTied)
      return builder.linear(normed, table);
    return builder.linear(normed, {"lm_head", "lm_head"}, config.vocabulary);
  }

private:
  Value layer(Value x, const ParameterPrefix &at) {
    Value n = builder.norm(x, at + ParameterPrefix{"attention_norm", "input_layernorm"}, config.eps);
    Value h = builder.add(x, attention(n, at));
    n = builder.norm(h, at + ParameterPrefix{"ffn_norm", "post_attention_layernorm"}, config.eps);
    return builder.add(h, feedForward(n, at));
  }

  Value projection(Value input, const ParameterPrefix &at, const std::string &name, int64_t outputs) {
    return builder.linear(input, at + ParameterPrefix{name, "self_attn." + name + "_proj"}, outputs,
                          config.hasAttentionBias);
  }

  Value heads(Value input, const ParameterPrefix &at, const std::string &name, int64_t count) {
    return builder.splitHeads(projection(input, at, name, count * config.headWidth), count);
  }

  Value attention(Value n, const ParameterPrefix &at) {
    Value q = builder.rope(heads(n, at, "q", config.heads), rope);
    Value k = builder.rope(heads(n, at, "k", config.kvHeads), rope);
    Value v = heads(n, at, "v", config.kvHeads);
    Value o = builder.attention(q, k, v, 1.0 / std::sqrt(static_cast<double>(config.headWidth)));
    return projection(builder.mergeHeads(o), at, "o", config.width);
  }

  Value feedForward(Value n, const ParameterPrefix &at) {
    auto activation = [&](Value rows) {
      return config.activation == "gelu_pytorch_tanh" ? builder.gelu(rows) : builder.silu(rows);
    };
    ModelBuilder::GatedNames names = {at + ParameterPrefix{"gate", "mlp.gate_proj"},
                                      at + ParameterPrefix{"up", "mlp.up_proj"},
                                      at + ParameterPrefix{"down", "mlp.down_proj"}};
    return builder.gatedFeedForward(n, names, config.hidden, activation, config.hasFeedForwardBias);
  }

  const LlamaConfig &config;
  ModelBuilder &builder;
  RopeAttr rope;
};

} // namespace

llvm::Expected<OwningOpRef<ModuleOp>> importLlama(Checkpoint &checkpoint, const ImportOptions &options,
                                                  MLIRContext *context) {
  llvm::Expected<LlamaConfig> config = LlamaConfig::read(checkpoint);
  if (!config)
    return config.takeError();
  return buildModel(checkpoint, options, context, config->limits,
                    [&](ModelBuilder &builder) { return LlamaImporter(*config, builder).run(); });
}

} // namespace mlir::yoco
