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
#include "frontend/Rope.h"
#include "frontend/families/Families.h"
#include <cmath>

namespace mlir::yoco {

namespace {

/// The logarithm of a retention gate is divided by this.
constexpr double kGateDivisor = 16.0;

struct YocoConfig {
  int64_t dim = 0, layers = 0, hidden = 0, selfHeads = 0, heads = 0, kvHeads = 0, vocabulary = 0;
  double theta = 0, eps = 0;
  std::optional<int64_t> window;
  ModelLimits limits;

  static llvm::Expected<YocoConfig> read(const Checkpoint &checkpoint);
};

/// Set when the original is loaded.
constexpr llvm::StringLiteral kIgnored[] = {"load_checkpoint", "max_batch_size", "model_parallel_size"};

void readOptional(ConfigReader &reader, YocoConfig &config) {
  config.window = reader.getOptionalInteger("sliding_window", 1, kMaxPositions);
  std::optional<int64_t> &maxLength = config.limits.maxLength;
  // The original's default is -1: set when the model is loaded, so not known here.
  maxLength = reader.getOptionalInteger("max_seq_len", -1, kMaxPositions);
  if (maxLength && *maxLength < 1)
    maxLength = std::nullopt;
  std::optional<int64_t> positions = reader.getOptionalInteger("max_position_embeddings", 1, kMaxPositions);
  if (!maxLength)
    maxLength = positions;
  reader.ignore(kIgnored);
  reader.ignoreHuggingFaceFields();
  reader.expectOnly("hidden_act", "silu");
  reader.expectOnly("tie_word_embeddings", false);
  reader.expectOnly("rope_scaling", nullptr);
}

void checkRelations(ConfigReader &reader, const YocoConfig &config) {
  reader.expect(config.layers % 2 == 0, "field 'n_layers': expected an even number, got " + Twine(config.layers));
  expectHeads(reader, "dim", config.dim, "n_self_heads", config.selfHeads);
  expectHeads(reader, "dim", config.dim, "n_attn_heads", config.heads);
  expectGroups(reader, "n_attn_heads", config.heads, "n_attn_kv_heads", config.kvHeads);
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
  config.eps = reader.getEpsilon("norm_eps", 1e-5);
  readOptional(reader, config);
  checkRelations(reader, config);
  config.limits.stopIds = readStopIds(reader, checkpoint, config.vocabulary);
  if (llvm::Error error = reader.finish())
    return std::move(error);
  return config;
}

/// Builds the operations of one model.
class YocoImporter {
public:
  YocoImporter(const YocoConfig &config, ModelBuilder &builder)
      : config(config), builder(builder), selfRope(makeRope(config.selfHeads)), rope(makeRope(config.heads)) {}

  Value run() {
    auto table = builder.addParameter("embed", "embed_tokens.weight", {config.vocabulary, config.dim});
    Value x = builder.embed(table, std::sqrt(static_cast<double>(config.dim)));
    Value h = builder.selfDecoder("self_decoder", x, [&](ValueRange inputs) { return buildSelfDecoder(inputs[0]); })[0];
    Value y = builder.crossDecoder("cross_decoder", h, buildSharedPair(h), [&](ValueRange inputs, ValueRange shared) {
      return buildCrossDecoder(inputs[0], shared);
    })[0];
    builder.setLayer("head");
    return builder.linear(norm(y, {"norm", "layer_norm"}), {"output", "output_projection"}, config.vocabulary);
  }

private:
  using MixerFn = llvm::function_ref<Value(Value, const ParameterPrefix &)>;

  Value norm(Value input, const ParameterPrefix &name) { return builder.norm(input, name, config.eps); }

  Value mixerLinear(Value input, const ParameterPrefix &at, const std::string &name, int64_t outputs) {
    return builder.linear(input, at + ParameterPrefix{name, "mixer." + name + "_proj"}, outputs);
  }

  /// Linear, split into heads.
  Value heads(Value input, const ParameterPrefix &at, const std::string &name, int64_t count) {
    return builder.splitHeads(mixerLinear(input, at, name, config.dim), count);
  }

  Value layer(Value x, const ParameterPrefix &at, MixerFn mixer) {
    Value h = builder.add(x, mixer(norm(x, at + ParameterPrefix{"mixer_norm", "mixer_layer_norm"}), at));
    Value n = norm(h, at + ParameterPrefix{"ffn_norm", "final_layer_norm"});
    ModelBuilder::GatedNames names = {at + ParameterPrefix{"fc1", "ffn.fc1"}, at + ParameterPrefix{"gate", "ffn.gate"},
                                      at + ParameterPrefix{"fc2", "ffn.fc2"}};
    return builder.add(
        h, builder.gatedFeedForward(n, names, config.hidden, [&](Value rows) { return builder.silu(rows); }));
  }

  /// Half of the layers, one after the other.
  Value layers(Value x, const std::string &decoder, const std::string &symbol, MixerFn mixer) {
    for (int64_t i = 0; i < config.layers / 2; ++i) {
      builder.setLayer(decoder + "." + Twine(i));
      std::string number = std::to_string(i) + ".";
      x = layer(x, {symbol + "." + number, decoder + ".layers." + number}, mixer);
    }
    return x;
  }

  Value retention(Value n, const ParameterPrefix &at) {
    Value q = builder.rope(heads(n, at, "q", config.selfHeads), selfRope);
    Value k = builder.rope(heads(n, at, "k", config.selfHeads), selfRope);
    Value v = heads(n, at, "v", config.selfHeads);
    Value swish = mixerLinear(n, at, "g", config.dim);
    Value gate = builder.logSigmoid(mixerLinear(n, at, "gt", config.selfHeads));
    Value o = builder.gatedRetention(q, k, v, builder.divide(gate, kGateDivisor), getScale(config.selfHeads));
    Value normed = builder.mergeHeads(builder.norm(o, FlatSymbolRefAttr(), config.eps));
    return mixerLinear(builder.multiply(builder.silu(swish), normed), at, "out", config.dim);
  }

  Value windowAttention(Value n, const ParameterPrefix &at) {
    Value q = builder.rope(heads(n, at, "q", config.selfHeads), selfRope);
    Value k = builder.rope(heads(n, at, "k", config.selfHeads), selfRope);
    Value v = heads(n, at, "v", config.selfHeads);
    Value o = builder.attention(q, k, v, getScale(config.selfHeads), *config.window);
    return mixerLinear(builder.mergeHeads(o), at, "out", config.dim);
  }

  SmallVector<Value> buildSelfDecoder(Value x) {
    return {layers(x, "self_decoder", "self", [&](Value n, const ParameterPrefix &at) {
      return config.window ? windowAttention(n, at) : retention(n, at);
    })};
  }

  SmallVector<Value> buildSharedPair(Value h) {
    builder.setLayer("kv");
    int64_t width = config.dim / config.heads * config.kvHeads;
    Value n = norm(h, {"kv.norm", "cross_decoder.kv_layer_norm"});
    Value k = builder.splitHeads(builder.linear(n, {"kv.k", "cross_decoder.k_proj"}, width), config.kvHeads);
    k = builder.rope(k, rope);
    Value v = builder.splitHeads(builder.linear(n, {"kv.v", "cross_decoder.v_proj"}, width), config.kvHeads);
    return {k, v};
  }

  SmallVector<Value> buildCrossDecoder(Value x, ValueRange shared) {
    return {layers(x, "cross_decoder", "cross", [&](Value n, const ParameterPrefix &at) {
      Value q = builder.rope(heads(n, at, "q", config.heads), rope);
      Value o = builder.attention(q, shared[0], shared[1], getScale(config.heads));
      return mixerLinear(builder.mergeHeads(o), at, "out", config.dim);
    })};
  }

  RopeAttr makeRope(int64_t heads) const {
    return builder.getRope(RopeStyle::interleaved, getLinspaceFrequencies(config.theta, config.dim / heads));
  }

  double getScale(int64_t heads) const { return 1.0 / std::sqrt(static_cast<double>(config.dim / heads)); }

  const YocoConfig &config;
  ModelBuilder &builder;
  RopeAttr selfRope, rope;
};

} // namespace

llvm::Expected<OwningOpRef<ModuleOp>> importYoco(Checkpoint &checkpoint, const ImportOptions &options,
                                                 MLIRContext *context) {
  if (isUniversalYoco(checkpoint))
    return importUniversalYoco(checkpoint, options, context);
  llvm::Expected<YocoConfig> config = YocoConfig::read(checkpoint);
  if (!config)
    return config.takeError();
  return buildModel(checkpoint, options, context, config->limits,
                    [&](ModelBuilder &builder) { return YocoImporter(*config, builder).run(); });
}

} // namespace mlir::yoco
