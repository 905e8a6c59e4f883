// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "frontend/HuggingFace.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>

using namespace llvm;

namespace mlir::yoco {

HeadSizes readHeads(ConfigReader &reader, int64_t width, const HuggingFaceDefaults &defaults) {
  HeadSizes heads;
  heads.count = reader.getInteger("num_attention_heads", 1, 1 << 10);
  // Null means as many as query heads, whatever is meant by a field that is not there.
  bool isNull = reader.isNull("num_key_value_heads");
  std::optional<int64_t> kvCount = reader.getOptionalInteger("num_key_value_heads", 1, 1 << 10);
  heads.kvCount = kvCount ? *kvCount : isNull ? heads.count : defaults.kvHeads.value_or(heads.count);
  expectGroups(reader, "num_attention_heads", heads.count, "num_key_value_heads", heads.kvCount);
  isNull = reader.isNull("head_dim");
  std::optional<int64_t> headWidth = reader.getOptionalInteger("head_dim", 1, 1 << 14);
  if (!headWidth && !isNull)
    headWidth = defaults.headWidth;
  if (headWidth) {
    reader.expect(*headWidth % 2 == 0, "field 'head_dim': expected an even number, got " + Twine(*headWidth));
    heads.width = *headWidth;
    return heads;
  }
  expectHeads(reader, "hidden_size", width, "num_attention_heads", heads.count);
  heads.width = width / heads.count;
  return heads;
}

ModelLimits readLimits(ConfigReader &reader, const Checkpoint &checkpoint, int64_t vocabulary) {
  ModelLimits limits;
  limits.maxLength = reader.getOptionalInteger("max_position_embeddings", 1, kMaxPositions);
  limits.stopIds = readStopIds(reader, checkpoint, vocabulary);
  return limits;
}

HiddenActivation readActivation(ConfigReader &reader) {
  std::string name = reader.getChoice("hidden_act", {"silu", "swish", "gelu_pytorch_tanh"}, "silu");
  return name == "gelu_pytorch_tanh" ? HiddenActivation::gelu : HiddenActivation::silu;
}

std::optional<int64_t> readWindow(ConfigReader &reader, std::optional<int64_t> fallback) {
  bool isNull = reader.isNull("sliding_window");
  std::optional<int64_t> window = reader.getOptionalInteger("sliding_window", 1, kMaxPositions);
  return window || isNull ? window : fallback;
}

SmallVector<int64_t> readLayerTypes(ConfigReader &reader, std::optional<int64_t> window, ArrayRef<int64_t> otherwise) {
  if (!reader.has("layer_types")) {
    reader.ignore({"layer_types"});
    return to_vector(otherwise);
  }
  SmallVector<std::string> types =
      reader.getChoices("layer_types", {"full_attention", "sliding_attention"}, otherwise.size());
  reader.expect(types.size() == otherwise.size(), "field 'layer_types': expected one for each of " +
                                                      Twine(otherwise.size()) + " layers, got " + Twine(types.size()));
  SmallVector<int64_t> windows;
  for (const std::string &type : types) {
    bool slides = type == "sliding_attention";
    reader.expect(!slides || window, "field 'layer_types': expected no sliding_attention without a window");
    windows.push_back(slides ? window.value_or(1) : 0);
  }
  return windows;
}

void expectLayerTypes(ConfigReader &reader, ArrayRef<int64_t> windows) {
  int64_t window = windows.empty() ? 0 : *std::max_element(windows.begin(), windows.end());
  SmallVector<int64_t> said = readLayerTypes(reader, window ? std::optional(window) : std::nullopt, windows);
  auto *other = std::mismatch(said.begin(), said.end(), windows.begin(), windows.end()).first;
  reader.expect(other == said.end(), "field 'layer_types': expected what the other fields say of layer " +
                                         Twine(other - said.begin()) + ", got another kind of attention");
}

SmallVector<int64_t> readLastWindows(ConfigReader &reader, int64_t layers) {
  constexpr int64_t kDefaultWindow = 4096, kDefaultFirst = 28;
  std::optional<int64_t> window;
  int64_t first = layers;
  if (reader.getBool("use_sliding_window", false)) {
    window = readWindow(reader, kDefaultWindow);
    first = reader.getOptionalInteger("max_window_layers", 0, 1 << 10).value_or(kDefaultFirst);
  } else {
    reader.ignore({"sliding_window", "max_window_layers"});
  }
  SmallVector<int64_t> windows;
  for (int64_t i = 0; i < layers; ++i)
    windows.push_back(i >= first ? window.value_or(0) : 0);
  return readLayerTypes(reader, window, windows);
}

HuggingFaceConfig readHuggingFace(ConfigReader &reader, const Checkpoint &checkpoint,
                                  const HuggingFaceDefaults &defaults) {
  HuggingFaceConfig config;
  config.width = reader.getInteger("hidden_size", 1, 1 << 16);
  config.layers = reader.getInteger("num_hidden_layers", 1, 1 << 10);
  config.hidden = reader.getInteger("intermediate_size", 1, 1 << 20);
  config.vocabulary = reader.getInteger("vocab_size", 1, 1 << 24);
  config.heads = readHeads(reader, config.width, defaults);
  config.eps = reader.getEpsilon(defaults.epsField, defaults.eps);
  config.isTied = reader.getBool("tie_word_embeddings", false);
  config.limits = readLimits(reader, checkpoint, config.vocabulary);
  config.rope = readRope(reader, config.limits.maxLength, defaults.partialRotaryFactor);
  expectRotatedWidth(reader, config.rope, config.heads.width);
  return config;
}

Error finishHuggingFace(ConfigReader &reader) {
  reader.refuse("quantization_config", "weights that are not quantised");
  reader.ignore({"max_sequence_length"});
  reader.ignoreHuggingFaceFields();
  return reader.finish();
}

} // namespace mlir::yoco
