// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Qwen 3: queries and keys are normed by heads before they are rotated, with one weight for all heads.

#include "frontend/Transformer.h"
#include "frontend/families/Families.h"

namespace mlir::yoco {

static llvm::Expected<TransformerConfig> readQwen3(const Checkpoint &checkpoint) {
  ConfigReader reader(checkpoint.getConfig(), checkpoint.getConfigFile());
  HuggingFaceDefaults defaults;
  defaults.kvHeads = 32;
  defaults.headWidth = 128;
  TransformerConfig config = readHuggingFace(reader, checkpoint, defaults);
  config.activation = readActivation(reader);
  config.headNorm = HeadNorm::rms;
  config.hasInputBias = config.hasOutputBias = reader.getBool("attention_bias", false);
  config.windows = readLastWindows(reader, config.layers);
  if (llvm::Error error = finishHuggingFace(reader))
    return std::move(error);
  return config;
}

llvm::Expected<OwningOpRef<ModuleOp>> importQwen3(Checkpoint &checkpoint, const ImportOptions &options,
                                                  MLIRContext *context) {
  return importTransformer(checkpoint, options, context, readQwen3(checkpoint));
}

} // namespace mlir::yoco
