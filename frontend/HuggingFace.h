// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What configurations of Hugging Face transformers have in common: sizes, heads, rotary embeddings, windows, limits,
// and fields that do not change the model. A family reads what is its own, and says what its fields default to.

#ifndef YOCO_FRONTEND_HUGGINGFACE_H
#define YOCO_FRONTEND_HUGGINGFACE_H

#include "frontend/Config.h"
#include "frontend/ModelBuilder.h"
#include "frontend/Rope.h"

namespace mlir::yoco {

/// What a field means that a configuration leaves out: the defaults of the family's class in transformers.
struct HuggingFaceDefaults {
  std::optional<int64_t> kvHeads = {};       // none: as many as query heads
  std::optional<int64_t> headWidth = {};     // none: hidden_size / num_attention_heads
  llvm::StringRef epsField = "rms_norm_eps"; // where the epsilon of norms stands
  double eps = 1e-6;
  std::optional<double> partialRotaryFactor = {}; // none: the family rotates whole heads
};

/// Query heads, the heads of keys and values that groups of them share, and the width of each.
struct HeadSizes {
  int64_t count = 0, kvCount = 0, width = 0;
};

/// The fields that all families read in the same way.
struct HuggingFaceConfig {
  int64_t width = 0, layers = 0, hidden = 0, vocabulary = 0;
  HeadSizes heads;
  double eps = 0;
  bool isTied = false;
  RopeParameters rope;
  ModelLimits limits;
};

/// `hidden_size`, `num_hidden_layers`, `intermediate_size`, `vocab_size`, heads, the epsilon of norms,
/// `tie_word_embeddings`, rotary embeddings and limits.
HuggingFaceConfig readHuggingFace(ConfigReader &reader, const Checkpoint &checkpoint,
                                  const HuggingFaceDefaults &defaults = {});

/// `num_attention_heads`, `num_key_value_heads` and `head_dim` of rows of `width` elements, the field `hidden_size`.
HeadSizes readHeads(ConfigReader &reader, int64_t width, const HuggingFaceDefaults &defaults = {});

/// The ids that end a text, each in the vocabulary, and `max_position_embeddings`.
ModelLimits readLimits(ConfigReader &reader, const Checkpoint &checkpoint, int64_t vocabulary);

/// The activation of feed-forwards, `hidden_act`: silu (also called swish), or gelu in its tanh form.
enum class HiddenActivation { silu, gelu };
HiddenActivation readActivation(ConfigReader &reader);

/// `sliding_window`, the row itself included. Null is none; `fallback` is what a field means that is not there.
std::optional<int64_t> readWindow(ConfigReader &reader, std::optional<int64_t> fallback);

/// The window of each layer, 0 for none, by `layer_types`: that of a layer of `sliding_attention` is `window`. A
/// configuration without them has the windows `otherwise`, one for each layer.
llvm::SmallVector<int64_t> readLayerTypes(ConfigReader &reader, std::optional<int64_t> window,
                                          llvm::ArrayRef<int64_t> otherwise);

/// Checks that `layer_types`, which newer versions write beside the fields that they follow from, are nothing else than
/// `windows`.
void expectLayerTypes(ConfigReader &reader, llvm::ArrayRef<int64_t> windows);

/// The windows of Qwen models: with `use_sliding_window`, layers from `max_window_layers` on have `sliding_window`, or
/// those that `layer_types` says.
llvm::SmallVector<int64_t> readLastWindows(ConfigReader &reader, int64_t layers);

/// Refuses quantised weights, ignores what does not change the model, and ends the reading of a configuration: the
/// first problem.
llvm::Error finishHuggingFace(ConfigReader &reader);

} // namespace mlir::yoco

#endif // YOCO_FRONTEND_HUGGINGFACE_H
