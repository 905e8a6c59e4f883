// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Qwen 2 and 2.5: Llama with biases of queries, keys and values, and windows in the last layers when they are asked
// for.

#include "frontend/Transformer.h"
#include "frontend/families/Families.h"

namespace mlir::yoco {

static llvm::Expected<TransformerConfig> readQwen2(const Checkpoint &checkpoint) {
  ConfigReader reader(checkpoint.getConfig(), checkpoint.getConfigFile());
  HuggingFaceDefaults defaults;
  defaults.kvHeads = 32;
  TransformerConfig config = readHuggingFace(reader, checkpoint, defaults);
  config.activation = readActivation(reader);
  config.hasInputBias = true;
  config.windows = readLastWindows(reader, config.layers);
  if (llvm::Error error = finishHuggingFace(reader))
    return std::move(error);
  return config;
}

llvm::Expected<OwningOpRef<ModuleOp>> importQwen2(Checkpoint &checkpoint, const ImportOptions &options,
                                                  MLIRContext *context) {
  return importTransformer(checkpoint, options, context, readQwen2(checkpoint));
}

} // namespace mlir::yoco
