// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The original YOCO (arXiv 2405.05254). The self-decoder mixes rows by gated retention, or by sliding-window attention
// when `sliding_window` is a number. Keys and values are made once, from its result, by a norm and two projections of
// their own.
//
// Names that mislead: `final_layer_norm` is the norm before a layer's feed-forward, and `fc1` is its silu branch,
// `gate` the linear one. The last frequency of the rotary embedding is exactly 1 / rope_theta.

#include "frontend/Config.h"
#include "frontend/ModelBuilder.h"
#include "frontend/families/Families.h"
#include <cmath>

namespace mlir::yoco {

namespace {

/// The logarithm of a retention gate is divided by this.
constexpr double kGateDivisor = 16.0;

struct YocoConfig {
  int64_t dim = 0, layers = 0, hidden = 0, selfHeads = 0, heads = 0, kvHeads = 0, vocabulary = 0;
  double theta = 0, eps = 0;
  std::optional<int64_t> window, maxLength;
  SmallVector<int32_t> stopIds;

  static llvm::Expected<YocoConfig> read(const Checkpoint &checkpoint);
};

/// What does not change the model: set when the original is loaded, or written by other software.
constexpr llvm::StringLiteral kIgnored[] = {
    "_name_or_path",    "architectures",  "auto_map",      "bos_token_id", "dtype",           "initializer_range",
    "load_checkpoint",  "max_batch_size", "model_type",    "pad_token_id", "tokenizer_class", "torch_dtype",
    "model_parallel_size", "transformers_version", "unk_token_id", "use_cache"};

/// Positions are exact in f32 below this.
constexpr int64_t kMaxLength = int64_t(1) << 24;

void readOptional(ConfigReader &reader, YocoConfig &config) {
  config.window = reader.getOptionalInteger("sliding_window", 1, kMaxLength);
  // The original's default is -1: set when the model is loaded, so not known here.
  config.maxLength = reader.getOptionalInteger("max_seq_len", -1, kMaxLength);
  if (config.maxLength && *config.maxLength < 1)
    config.maxLength = std::nullopt;
  std::optional<int64_t> positions = reader.getOptionalInteger("max_position_embeddings", 1, kMaxLength);
  if (!config.maxLength)
    config.maxLength = positions;
  config.stopIds = reader.getIds("eos_token_id", config.vocabulary - 1);
  reader.ignore(kIgnored);
  reader.expectOnly("hidden_act", "silu");
  reader.expectOnly("tie_word_embeddings", false);
  reader.expectOnly("rope_scaling", nullptr);
}

void checkRelations(ConfigReader &reader, const YocoConfig &config) {
  auto checkHeads = [&](StringRef field, int64_t heads) {
    reader.expect(config.dim % heads == 0, "field '" + field + "': expected a divisor of dim " + Twine(config.dim) +
                                               ", got " + Twine(heads));
    int64_t width = config.dim / heads;
    reader.expect(width % 2 == 0, "field '" + field + "': expected heads of an even width, got dim / " + field + " = " +
                                      Twine(width));
  };
  reader.expect(config.layers % 2 == 0, "field 'n_layers': expected an even number, got " + Twine(config.layers));
  checkHeads("n_self_heads", config.selfHeads);
  checkHeads("n_attn_heads", config.heads);
  reader.expect(config.heads % config.kvHeads == 0, "field 'n_attn_kv_heads': expected a divisor of n_attn_heads " +
                                                        Twine(config.heads) + ", got " + Twine(config.kvHeads));
}

llvm::Expected<YocoConfig> YocoConfig::read(const Checkpoint &checkpoint) {
  ConfigReader reader(checkpoint.getConfig(), checkpoint.getConfigFile());
  YocoConfig config;
  config.dim = reader.getInteger("dim", 1, 1 << 16);
  config.layers = reader.getInteger("n_layers", 2, 1 << 10);
  config.hidden = reader.getInteger("hidden_dim", 1, 1 << 20);
  config.selfHeads = reader.getInteger("n_self_heads", 1, 1 << 10);
  config.heads = reader.getInteger("n_attn_heads", 1, 1 << 10);
  config.kvHeads = reader.getInteger("n_attn_kv_heads", 1, 1 << 10);
  config.vocabulary = reader.getInteger("vocab_size", 1, 1 << 24);
  config.theta = reader.getNumber("rope_theta", 0.0, 1e30, 10000.0);
  config.eps = reader.getNumber("norm_eps", 0.0, 1.0, 1e-5);
  reader.expect(static_cast<float>(config.eps) > 0.0f, "field 'norm_eps': expected a positive float32, got 0");
  readOptional(reader, config);
  checkRelations(reader, config);
  if (llvm::Error error = reader.finish())
    return std::move(error);
  return config;
}

/// theta^-linspace(0, 1, width / 2), with the linspace of torch: in f32, each half counted from its own end.
RopeAttr makeRope(MLIRContext *context, int64_t width, double theta) {
  int64_t count = width / 2;
  SmallVector<float> frequencies(count, 1.0f);
  float step = count > 1 ? 1.0f / static_cast<float>(count - 1) : 0.0f;
  for (int64_t i = 0; i < count && count > 1; ++i) {
    float exponent = i < count / 2 ? step * static_cast<float>(i) : 1.0f - step * static_cast<float>(count - 1 - i);
    frequencies[i] = static_cast<float>(std::pow(theta, -static_cast<double>(exponent)));
  }
  return RopeAttr::get(context, RopeStyle::interleaved, DenseF32ArrayAttr::get(context, frequencies));
}

/// Builds the operations of one model.
class YocoImporter {
public:
  YocoImporter(const YocoConfig &config, ModelBuilder &builder, MLIRContext *context)
      : config(config), builder(builder), selfRope(makeRope(context, config.dim / config.selfHeads, config.theta)),
        rope(makeRope(context, config.dim / config.heads, config.theta)) {}

  Value run() {
    auto table = builder.addParameter("embed", "embed_tokens.weight", {config.vocabulary, config.dim});
    Value x = builder.embed(table, config.dim, std::sqrt(static_cast<double>(config.dim)));
    Value h = builder.selfDecoder("self_decoder", x, [&](Value a) { return buildSelfDecoder(a); });
    auto [key, value] = buildSharedPair(h);
    Value y = builder.crossDecoder("cross_decoder", h, key, value,
                                   [&](Value a, Value k, Value v) { return buildCrossDecoder(a, k, v); });
    builder.setLayer("head");
    Value normed = norm(y, "norm", "layer_norm.weight");
    return linear(normed, "output", "output_projection.weight", config.vocabulary);
  }

private:
  /// Where a layer's parameters are: "self.0." in the module, "self_decoder.layers.0." in the checkpoint.
  struct Prefix {
    std::string symbol, tensor;
  };
  using MixerFn = llvm::function_ref<Value(Value, const Prefix &)>;

  Value linear(Value input, const Twine &symbol, const Twine &tensor, int64_t outputs) {
    int64_t inputs = cast<RankedTensorType>(input.getType()).getDimSize(1);
    return builder.linear(input, builder.addParameter(symbol, tensor, {outputs, inputs}), outputs);
  }

  Value norm(Value input, const Twine &symbol, const Twine &tensor) {
    return builder.norm(input, builder.addParameter(symbol, tensor, {config.dim}), config.eps);
  }

  Value mixerLinear(Value input, const Prefix &at, StringRef name, int64_t outputs) {
    return linear(input, at.symbol + name, at.tensor + "mixer." + name + "_proj.weight", outputs);
  }

  /// Linear, split into heads.
  Value heads(Value input, const Prefix &at, StringRef name, int64_t count) {
    return builder.splitHeads(mixerLinear(input, at, name, config.dim), count);
  }

  Value feedForward(Value input, const Prefix &at) {
    Value silu = builder.silu(linear(input, at.symbol + "fc1", at.tensor + "ffn.fc1.weight", config.hidden));
    Value gate = linear(input, at.symbol + "gate", at.tensor + "ffn.gate.weight", config.hidden);
    return linear(builder.multiply(silu, gate), at.symbol + "fc2", at.tensor + "ffn.fc2.weight", config.dim);
  }

  Value layer(Value x, const Prefix &at, MixerFn mixer) {
    Value mixed = mixer(norm(x, at.symbol + "mixer_norm", at.tensor + "mixer_layer_norm.weight"), at);
    Value h = builder.add(x, mixed);
    return builder.add(h, feedForward(norm(h, at.symbol + "ffn_norm", at.tensor + "final_layer_norm.weight"), at));
  }

  /// Half of the layers, one after the other.
  Value layers(Value x, StringRef decoder, StringRef symbol, MixerFn mixer) {
    for (int64_t i = 0; i < config.layers / 2; ++i) {
      builder.setLayer(decoder + "." + Twine(i));
      Prefix at = {(symbol + "." + Twine(i) + ".").str(), (decoder + ".layers." + Twine(i) + ".").str()};
      x = layer(x, at, mixer);
    }
    return x;
  }

  Value retention(Value n, const Prefix &at) {
    Value q = builder.rope(heads(n, at, "q", config.selfHeads), selfRope);
    Value k = builder.rope(heads(n, at, "k", config.selfHeads), selfRope);
    Value v = heads(n, at, "v", config.selfHeads);
    Value swish = mixerLinear(n, at, "g", config.dim);
    Value gate = builder.logSigmoid(mixerLinear(n, at, "gt", config.selfHeads));
    Value o = builder.gatedRetention(q, k, v, builder.divide(gate, kGateDivisor), getScale(config.selfHeads));
    Value normed = builder.mergeHeads(builder.norm(o, FlatSymbolRefAttr(), config.eps));
    return mixerLinear(builder.multiply(builder.silu(swish), normed), at, "out", config.dim);
  }

  Value windowAttention(Value n, const Prefix &at) {
    Value q = builder.rope(heads(n, at, "q", config.selfHeads), selfRope);
    Value k = builder.rope(heads(n, at, "k", config.selfHeads), selfRope);
    Value v = heads(n, at, "v", config.selfHeads);
    Value o = builder.attention(q, k, v, getScale(config.selfHeads), *config.window);
    return mixerLinear(builder.mergeHeads(o), at, "out", config.dim);
  }

  Value buildSelfDecoder(Value x) {
    return layers(x, "self_decoder", "self", [&](Value n, const Prefix &at) {
      return config.window ? windowAttention(n, at) : retention(n, at);
    });
  }

  std::pair<Value, Value> buildSharedPair(Value h) {
    builder.setLayer("kv");
    int64_t width = config.dim / config.heads * config.kvHeads;
    Value n = norm(h, "kv.norm", "cross_decoder.kv_layer_norm.weight");
    Value k = builder.splitHeads(linear(n, "kv.k", "cross_decoder.k_proj.weight", width), config.kvHeads);
    k = builder.rope(k, rope);
    Value v = builder.splitHeads(linear(n, "kv.v", "cross_decoder.v_proj.weight", width), config.kvHeads);
    return {k, v};
  }

  Value buildCrossDecoder(Value x, Value key, Value value) {
    return layers(x, "cross_decoder", "cross", [&](Value n, const Prefix &at) {
      Value q = builder.rope(heads(n, at, "q", config.heads), rope);
      Value o = builder.attention(q, key, value, getScale(config.heads));
      return mixerLinear(builder.mergeHeads(o), at, "out", config.dim);
    });
  }

  double getScale(int64_t heads) const { return 1.0 / std::sqrt(static_cast<double>(config.dim / heads)); }

  const YocoConfig &config;
  ModelBuilder &builder;
  RopeAttr selfRope, rope;
};

} // namespace

llvm::Expected<OwningOpRef<ModuleOp>> importYoco(Checkpoint &checkpoint, const ImportOptions &options,
                                                 MLIRContext *context) {
  llvm::Expected<YocoConfig> config = YocoConfig::read(checkpoint);
  if (!config)
    return config.takeError();
  if (!options.randomSeed)
    if (llvm::Error error = checkpoint.loadWeights())
      return std::move(error);
  ModelBuilder builder(context, checkpoint, options);
  if (!config->stopIds.empty())
    builder.setStopIds(config->stopIds);
  if (config->maxLength)
    builder.setMaxSequenceLength(*config->maxLength);
  return builder.finish(YocoImporter(*config, builder, context).run());
}

} // namespace mlir::yoco
