// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Llama, as Hugging Face transformers saves it: a plain Transformer of root-mean-square norms, attention with grouped
// key heads and rotary embeddings, and gated feed-forwards. There is no second decoder: every layer has keys and values
// of its own, and what prefill skips is the rest of the last layer and the head.

#include "frontend/Transformer.h"
#include "frontend/families/Families.h"

namespace mlir::yoco {

static llvm::Expected<TransformerConfig> readLlama(const Checkpoint &checkpoint) {
  ConfigReader reader(checkpoint.getConfig(), checkpoint.getConfigFile());
  TransformerConfig config = readHuggingFace(reader, checkpoint);
  config.activation = readActivation(reader);
  config.hasInputBias = config.hasOutputBias = reader.getBool("attention_bias", false);
  config.hasFeedForwardBias = reader.getBool("mlp_bias", false);
  config.windows.assign(config.layers, 0);
  expectLayerTypes(reader, config.windows);
  if (llvm::Error error = finishHuggingFace(reader))
    return std::move(error);
  return config;
}

llvm::Expected<OwningOpRef<ModuleOp>> importLlama(Checkpoint &checkpoint, const ImportOptions &options,
                                                  MLIRContext *context) {
  return importTransformer(checkpoint, options, context, readLlama(checkpoint));
}

} // namespace mlir::yoco
