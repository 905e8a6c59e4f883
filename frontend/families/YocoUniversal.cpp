// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Universal YOCO (arXiv 2604.01220), which shares `model_type: yoco` with the original: the layers of the self-decoder
// are applied several times, with the same weights. Every pass of every layer has keys and values, and so a window
// cache, of its own; keys and values of the cross-decoder, whose queries are not rotated, are made once after the last
// pass. Differential attention takes heads in pairs, of which one is subtracted from the other.
//
// `yoco_window_size` counts the rows before the own one. Queries and keys may be clipped: divided, where their root
// mean square is above a limit, so that it is that limit.

#include "frontend/HuggingFace.h"
#include "frontend/families/Families.h"
#include <cmath>

namespace mlir::yoco {

namespace {

/// How pairs of heads become one; g are sigmoids of gates.
enum class Difference {
  none,
  ofSecond, // a - g b, `diff_v2`
  ofBoth,   // g a - h b, `diff_v3`
};

struct UniversalConfig {
  int64_t width = 0, hidden = 0, vocabulary = 0, selfLayers = 0, crossLayers = 0, passes = 0;
  int64_t reach = 0; // rows that a row of the self-decoder sees
  HeadSizes self, cross;
  Difference difference = Difference::none;
  std::optional<double> clip; // of the root mean square of queries and keys
  bool hasClipWeight = false, isTied = false;
  double eps = 0, theta = 0, feedForwardLimit = 0;
  ModelLimits limits;
};

/// The field `name`, which may have another name, too: of Hugging Face transformers.
int64_t readEither(ConfigReader &reader, StringRef name, StringRef other, int64_t low, int64_t high) {
  if (!reader.has(name) && reader.has(other))
    return reader.getInteger(other, low, high);
  int64_t value = reader.getInteger(name, low, high);
  std::optional<int64_t> same = reader.getOptionalInteger(other, low, high);
  reader.expect(!same || *same == value, "field '" + other + "': expected the same as " + name + " " + Twine(value) +
                                             ", got " + Twine(same.value_or(0)));
  return value;
}

void readHeadSizes(ConfigReader &reader, UniversalConfig &config) {
  config.self.count = readEither(reader, "head", "num_attention_heads", 1, 1 << 10);
  config.self.kvCount = readEither(reader, "kv_head", "num_key_value_heads", 1, 1 << 10);
  config.cross.count = reader.getOptionalInteger("cross_head", 1, 1 << 10).value_or(config.self.count);
  config.cross.kvCount = reader.getOptionalInteger("cross_kv_head", 1, 1 << 10).value_or(config.self.kvCount);
  expectGroups(reader, "head", config.self.count, "kv_head", config.self.kvCount);
  expectGroups(reader, "cross_head", config.cross.count, "cross_kv_head", config.cross.kvCount);
  std::optional<int64_t> width = reader.getOptionalInteger("head_dim", 1, 1 << 14);
  if (!width)
    expectHeads(reader, "d_model", config.width, "head", config.self.count);
  config.self.width = width.value_or(config.width / config.self.count);
  config.cross.width = reader.getOptionalInteger("cross_head_dim", 1, 1 << 14).value_or(config.self.width);
  for (auto [field, value] :
       {std::pair("head_dim", config.self.width), std::pair("cross_head_dim", config.cross.width)})
    reader.expect(value % 2 == 0, "field '" + Twine(field) + "': expected an even number, got " + Twine(value));
}

void readLayers(ConfigReader &reader, UniversalConfig &config) {
  constexpr int64_t kMostPasses = 64, kMostApplied = 1 << 12;
  int64_t layers = readEither(reader, "n_layers", "num_hidden_layers", 2, 1 << 10);
  config.crossLayers = reader.getInteger("yoco_cross_layers", 1, layers - 1);
  config.selfLayers = layers - config.crossLayers;
  config.passes = reader.getOptionalInteger("universal_loop", 1, kMostPasses).value_or(1);
  reader.expect(config.passes * config.selfLayers <= kMostApplied,
                "field 'universal_loop': expected at most " + Twine(kMostApplied) +
                    " layers in all passes together, got " + Twine(config.passes * config.selfLayers));
  constexpr int64_t kDefaultBefore = 512;
  config.reach = reader.getOptionalInteger("yoco_window_size", 1, kMaxPositions - 1).value_or(kDefaultBefore) + 1;
}

void readVariant(ConfigReader &reader, UniversalConfig &config) {
  bool ofSecond = reader.getBool("diff_v2", false), ofBoth = reader.getBool("diff_v3", false);
  reader.expect(!ofSecond || !ofBoth, "fields 'diff_v2' and 'diff_v3': expected at most one of them to be true");
  config.difference = ofBoth ? Difference::ofBoth : ofSecond ? Difference::ofSecond : Difference::none;
  constexpr double kLargestLimit = 1e6, kDefaultClip = 3.0, kDefaultFeedForward = 10.0;
  double clip = reader.getNumber("qk_rms_limit", 0.0, kLargestLimit, kDefaultClip);
  if (reader.getBool("qk_rms_clip", false))
    config.clip = clip;
  config.hasClipWeight = reader.getBool("qk_rms_gamma", false) && config.clip;
  config.feedForwardLimit = reader.getNumber("swiglu_limit", 0.0, kLargestLimit, kDefaultFeedForward);
  reader.refuse("diff_attention", "differential attention of version 2 or 3");
  for (StringRef field : {"qk_norm", "attention_bias", "gated_attention"})
    reader.refuse(field, "null or false");
  reader.refuse("moe", "a model without a mixture of experts");
  reader.expectOnly("quant_mode", "bfloat16");
  // Of mixtures of experts and of quantisation.
  if (reader.has("moe"))
    reader.ignore({"moe_expert_num", "moe_top_k", "moe_ffn_dim", "d_shared_expert", "dense_layers", "num_experts",
                   "num_experts_per_tok", "moe_intermediate_size", "shared_expert_intermediate_size",
                   "router_weights_normalized"});
  reader.ignore({"quant_block_size"});
}

llvm::Expected<UniversalConfig> readUniversal(const Checkpoint &checkpoint) {
  ConfigReader reader(checkpoint.getConfig(), checkpoint.getConfigFile());
  UniversalConfig config;
  config.width = readEither(reader, "d_model", "hidden_size", 1, 1 << 16);
  config.hidden = readEither(reader, "d_ffn", "intermediate_size", 1, 1 << 20);
  config.vocabulary = reader.getInteger("vocab_size", 1, 1 << 24);
  readHeadSizes(reader, config);
  readLayers(reader, config);
  readVariant(reader, config);
  config.eps = reader.getEpsilon("norm_eps", reader.getEpsilon("rms_norm_eps", 1e-6));
  reader.expect(!reader.has("rms_norm_eps") || reader.is("rms_norm_eps", config.eps),
                "field 'rms_norm_eps': expected the same as norm_eps");
  constexpr double kSmallestTheta = 1e-6, kLargestTheta = 1e30;
  config.theta = reader.getNumber("rope_theta", kSmallestTheta, kLargestTheta, 10000.0);
  config.isTied = reader.getBool("weight_tying", false);
  bool isTied = reader.getBool("tie_word_embeddings", config.isTied);
  reader.expect(isTied == config.isTied, "field 'tie_word_embeddings': expected the same as weight_tying");
  std::optional<int64_t> maxLength = reader.getOptionalInteger("max_seq_len", 1, kMaxPositions);
  config.limits = readLimits(reader, checkpoint, config.vocabulary);
  if (maxLength)
    config.limits.maxLength = maxLength;
  reader.expectOnly("hidden_act", "silu");
  reader.expectOnly("rope_scaling", nullptr);
  if (llvm::Error error = finishHuggingFace(reader))
    return std::move(error);
  return config;
}

/// Builds the operations of one model.
class UniversalImporter {
public:
  UniversalImporter(const UniversalConfig &config, ModelBuilder &builder) : config(config), builder(builder) {
    RopeParameters parameters;
    parameters.theta = config.theta;
    rope = builder.getRope(RopeStyle::half, getRopeFrequencies(parameters, config.self.width));
  }

  Value run() {
    auto table = builder.addParameter("embed", "model.embed_tokens.weight", {config.vocabulary, config.width});
    Value h = builder.selfDecoder("self_decoder", builder.embed(table), [&](ValueRange inputs) {
      return SmallVector<Value>{selfDecoder(inputs[0])};
    })[0];
    Value y = builder.crossDecoder("cross_decoder", h, sharedPair(h), [&](ValueRange inputs, ValueRange shared) {
      return SmallVector<Value>{crossDecoder(inputs[0], shared)};
    })[0];
    builder.setLayer("head");
    Value normed = norm(y, {"norm", "model.norm"});
    return config.isTied ? builder.linear(normed, table)
                         : builder.linear(normed, {"lm_head", "lm_head"}, config.vocabulary);
  }

private:
  static ParameterPrefix prefixOf(int64_t layer) {
    std::string number = std::to_string(layer) + ".";
    return {"layers." + number, "model.layers." + number};
  }

  Value norm(Value input, const ParameterPrefix &name) { return builder.norm(input, name, config.eps); }

  Value product(Value input, const ParameterPrefix &at, const std::string &name, int64_t outputs) {
    return builder.linear(input, at + ParameterPrefix{name, "self_attn." + name + "_proj"}, outputs);
  }

  /// Limits the root mean square of each head of `x`: x min(1, limit / rms), the smaller in magnitude of x and
  /// limit x / rms.
  Value clip(Value x, const ParameterPrefix &name) {
    if (!config.clip)
      return x;
    Value atLimit = builder.multiply(builder.norm(x, FlatSymbolRefAttr(), config.eps), *config.clip);
    Value clipped = builder.clamp(x, builder.absolute(atLimit));
    if (!config.hasClipWeight)
      return clipped;
    int64_t width = cast<RankedTensorType>(x.getType()).getShape().back();
    return builder.scale(clipped, builder.addParameter(name.symbol, name.tensor + ".weight", {width}));
  }

  Value queries(Value normed, const ParameterPrefix &at, const HeadSizes &heads) {
    int64_t count = heads.count * (config.difference == Difference::none ? 1 : 2);
    Value q = builder.splitHeads(product(normed, at, "q", count * heads.width), count);
    return clip(q, at + ParameterPrefix{"q_norm", "self_attn.q_norm"});
  }

  /// Of pairs of heads, one from the other.
  Value subtractPairs(Value o, Value normed, const ParameterPrefix &at, const HeadSizes &heads) {
    bool hasBoth = config.difference == Difference::ofBoth;
    int64_t gates = hasBoth ? 2 : 1;
    Value pairs = builder.splitHeads(builder.mergeHeads(o), heads.count);
    Value gate = builder.splitHeads(product(normed, at, "lambda", gates * heads.count), heads.count);
    auto gated = [&](int64_t part, int64_t number) {
      Value column = builder.sigmoid(builder.sliceColumns(gate, number, 1));
      return builder.multiply(builder.sliceColumns(pairs, part * heads.width, heads.width),
                              builder.broadcast(column, heads.width));
    };
    Value first = hasBoth ? gated(0, 0) : builder.sliceColumns(pairs, 0, heads.width);
    return builder.subtract(first, gated(1, gates - 1));
  }

  Value attention(Value q, Value k, Value v, Value normed, const ParameterPrefix &at, const HeadSizes &heads,
                  int64_t window = 0) {
    Value o = builder.attention(q, k, v, 1.0 / std::sqrt(static_cast<double>(heads.width)), window);
    if (config.difference != Difference::none)
      o = subtractPairs(o, normed, at, heads);
    return product(builder.mergeHeads(o), at, "o", config.width);
  }

  Value feedForward(Value normed, const ParameterPrefix &at) {
    double limit = config.feedForwardLimit;
    Value gate = builder.linear(normed, at + ParameterPrefix{"gate", "mlp.gate_proj"}, config.hidden);
    Value up = builder.linear(normed, at + ParameterPrefix{"up", "mlp.up_proj"}, config.hidden);
    Value gated = builder.multiply(builder.silu(builder.minimum(gate, limit)), builder.clamp(up, limit));
    return builder.linear(gated, at + ParameterPrefix{"down", "mlp.down_proj"}, config.width);
  }

  Value layer(Value x, const ParameterPrefix &at, function_ref<Value(Value)> attend) {
    Value h = builder.add(x, attend(norm(x, at + ParameterPrefix{"attention_norm", "input_layernorm"})));
    return builder.add(h, feedForward(norm(h, at + ParameterPrefix{"ffn_norm", "post_attention_layernorm"}), at));
  }

  Value selfDecoder(Value x) {
    const HeadSizes &heads = config.self;
    for (int64_t pass = 0; pass < config.passes; ++pass)
      for (int64_t i = 0; i < config.selfLayers; ++i) {
        builder.setLayer("self." + Twine(pass) + "." + Twine(i));
        ParameterPrefix at = prefixOf(i);
        x = layer(x, at, [&](Value normed) {
          Value q = builder.rope(queries(normed, at, heads), rope);
          Value k = builder.splitHeads(product(normed, at, "k", heads.kvCount * heads.width), heads.kvCount);
          k = builder.rope(clip(k, at + ParameterPrefix{"k_norm", "self_attn.k_norm"}), rope);
          Value v = builder.splitHeads(product(normed, at, "v", heads.kvCount * heads.width), heads.kvCount);
          return attention(q, k, v, normed, at, heads, config.reach);
        });
      }
    return x;
  }

  SmallVector<Value> sharedPair(Value h) {
    builder.setLayer("kv");
    int64_t count = config.cross.kvCount, width = count * config.cross.width;
    Value normed = norm(h, {"kv.norm", "model.yoco_norm"});
    Value k = builder.splitHeads(builder.linear(normed, {"kv.k", "model.k_proj"}, width), count);
    Value v = builder.splitHeads(builder.linear(normed, {"kv.v", "model.v_proj"}, width), count);
    return {clip(k, {"kv.k_norm", "model.yoco_k_norm"}), v};
  }

  Value crossDecoder(Value x, ValueRange shared) {
    for (int64_t i = 0; i < config.crossLayers; ++i) {
      builder.setLayer("cross." + Twine(i));
      ParameterPrefix at = prefixOf(config.selfLayers + i);
      x = layer(x, at, [&](Value normed) {
        return attention(queries(normed, at, config.cross), shared[0], shared[1], normed, at, config.cross);
      });
    }
    return x;
  }

  const UniversalConfig &config;
  ModelBuilder &builder;
  RopeAttr rope;
};

} // namespace

bool isUniversalYoco(const Checkpoint &checkpoint) {
  const llvm::json::Object &config = checkpoint.getConfig();
  return config.get("universal_loop") || config.get("d_model");
}

llvm::Expected<OwningOpRef<ModuleOp>> importUniversalYoco(Checkpoint &checkpoint, const ImportOptions &options,
                                                          MLIRContext *context) {
  llvm::Expected<UniversalConfig> config = readUniversal(checkpoint);
  if (!config)
    return config.takeError();
  return buildModel(checkpoint, options, context, config->limits,
                    [&](ModelBuilder &builder) { return UniversalImporter(*config, builder).run(); });
}

} // namespace mlir::yoco
