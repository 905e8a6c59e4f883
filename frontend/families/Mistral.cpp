// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Mistral: Llama whose layers all attend through a window, or none of them.

#include "frontend/Transformer.h"
#include "frontend/families/Families.h"

namespace mlir::yoco {

static llvm::Expected<TransformerConfig> readMistral(const Checkpoint &checkpoint) {
  ConfigReader reader(checkpoint.getConfig(), checkpoint.getConfigFile());
  HuggingFaceDefaults defaults;
  defaults.kvHeads = 8;
  TransformerConfig config = readHuggingFace(reader, checkpoint, defaults);
  config.activation = readActivation(reader);
  constexpr int64_t kDefaultWindow = 4096; // null is none
  config.windows.assign(config.layers, readWindow(reader, kDefaultWindow).value_or(0));
  expectLayerTypes(reader, config.windows);
  if (llvm::Error error = finishHuggingFace(reader))
    return std::move(error);
  return config;
}

llvm::Expected<OwningOpRef<ModuleOp>> importMistral(Checkpoint &checkpoint, const ImportOptions &options,
                                                    MLIRContext *context) {
  return importTransformer(checkpoint, options, context, readMistral(checkpoint));
}

} // namespace mlir::yoco
