// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// YOCO++ and its siblings (arXiv 2604.13556, model_type `lckv-llama`): Llama whose layers share keys and values. Entry
// i of `layer_types` is the layer whose keys and values layer i attends to; a layer that is not its own source has no
// matrices for them. What prefill may skip follows from that: all layers above the last source, and of this layer
// everything but its keys and values.
//
// Method `yoco-plus` adds those of the first layer to those of the others that make some, row by row and before they
// are cached: K = s (a K_0 + b K~), with `key_weight` [a, b] and s `scaling_factor`, and V likewise. With
// `fusedkv-lite`, layers that make none read the values of the first layer. `fusedkv` mixes cached rows anew in every
// layer that reads them; it and sliding layers (suffix `s`) are refused.

#include "frontend/Transformer.h"
#include "frontend/families/Families.h"
#include "llvm/ADT/StringExtras.h"

namespace mlir::yoco {

namespace {

struct LckvConfig : TransformerConfig {
  LckvConfig(TransformerConfig common) : TransformerConfig(std::move(common)) {}

  SmallVector<int64_t> sources; // of the keys and values of each layer
  double scale = 1.0;           // of sums with the first layer's
  bool addsFirst = false;       // `yoco-plus`
  bool readsFirstValues = false; // `fusedkv-lite`
};

/// `layer_types`: layers, separated by underscores.
void readSources(ConfigReader &reader, LckvConfig &config) {
  std::string text = reader.getString("layer_types");
  SmallVector<StringRef> entries;
  StringRef(text).split(entries, '_');
  auto expect = [&](bool condition, const Twine &message) {
    reader.expect(condition, "field 'layer_types': " + message);
  };
  expect(static_cast<int64_t>(entries.size()) == config.layers,
         "expected one entry for each of " + Twine(config.layers) + " layers, got " + Twine(entries.size()));
  for (auto [i, entry] : llvm::enumerate(entries)) {
    expect(!entry.ends_with("s"), "expected layers without windows, got entry '" + entry + "' of layer " + Twine(i));
    int64_t source = 0, layer = i;
    bool isLayer = !entry.getAsInteger(10, source) && source >= 0 && source <= layer;
    expect(isLayer, "expected entry " + Twine(layer) + " to be a layer from 0 to " + Twine(layer) + ", got '" + entry +
                        "'");
    config.sources.push_back(isLayer ? source : layer);
  }
  for (auto [i, source] : llvm::enumerate(config.sources))
    expect(config.sources[source] == source, "expected layer " + Twine(i) +
                                                 " to read a layer that makes keys and values of its own, got layer " +
                                                 Twine(source) + ", which reads layer " +
                                                 Twine(config.sources[source]));
}

llvm::Expected<LckvConfig> readLckv(const Checkpoint &checkpoint) {
  ConfigReader reader(checkpoint.getConfig(), checkpoint.getConfigFile());
  LckvConfig config(TransformerConfig(readHuggingFace(reader, checkpoint)));
  config.activation = readActivation(reader);
  readSources(reader, config);
  std::string method = reader.getChoice("method", {"yoco-plus", "yoco", "fusedkv-lite"}, "yoco");
  config.addsFirst = method == "yoco-plus";
  config.readsFirstValues = method == "fusedkv-lite";
  constexpr double kDefaultScale = 35.0, kLargestScale = 1e6;
  config.scale = reader.getNumber("scaling_factor", 0.0, kLargestScale, kDefaultScale);
  reader.refuse("force_nodiag", "layers that attend to their own rows");
  // Of windows, which no layer has, and of how models with layers that read later ones are iterated.
  reader.ignore({"sliding_window", "forward_passes", "backward_passes", "use_sequential"});
  if (llvm::Error error = finishHuggingFace(reader))
    return std::move(error);
  return config;
}

/// Builds the operations of one model.
class LckvImporter {
public:
  LckvImporter(const LckvConfig &config, ModelBuilder &builder)
      : config(config), builder(builder), parts(config, builder), made(config.layers) {}

  Value run() {
    Value x = parts.embed();
    for (int64_t i = 0; i < config.layers; ++i) {
      ParameterPrefix at = parts.enter(i);
      x = parts.layer(x, at, [&](Value normed) {
        return parts.attention(normed, at, [&] { return getKeysAndValues(normed, at, i); });
      });
    }
    return parts.head(x);
  }

private:
  KeysAndValues getKeysAndValues(Value normed, const ParameterPrefix &at, int64_t layer) {
    int64_t source = config.sources[layer];
    if (source != layer)
      return {made[source].keys, made[config.readsFirstValues ? 0 : source].values};
    made[layer] = parts.keysAndValues(normed, at);
    if (config.addsFirst && layer > 0) {
      made[layer].keys = addFirst(made[0].keys, made[layer].keys, at, "key_weight");
      made[layer].values = addFirst(made[0].values, made[layer].values, at, "value_weight");
    }
    return made[layer];
  }

  Value addFirst(Value first, Value own, const ParameterPrefix &at, const std::string &name) {
    auto weight = [&](int64_t number) {
      return builder.addSlice(at.symbol + name + "." + Twine(number), at.tensor + "self_attn." + name, {2}, {number},
                              {1});
    };
    FlatSymbolRefAttr ofFirst = weight(0), ofOwn = weight(1);
    return builder.multiply(builder.add(builder.scale(first, ofFirst), builder.scale(own, ofOwn)), config.scale);
  }

  const LckvConfig &config;
  ModelBuilder &builder;
  TransformerBuilder parts;
  SmallVector<KeysAndValues> made; // by the layers that make some
};

} // namespace

llvm::Expected<OwningOpRef<ModuleOp>> importLckv(Checkpoint &checkpoint, const ImportOptions &options,
                                                 MLIRContext *context) {
  llvm::Expected<LckvConfig> config = readLckv(checkpoint);
  if (!config)
    return config.takeError();
  return buildModel(checkpoint, options, context, config->limits,
                    [&](ModelBuilder &builder) { return LckvImporter(*config, builder).run(); });
}

} // namespace mlir::yoco
