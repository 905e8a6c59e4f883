// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Phi-3 and Phi-4-mini: the matrices of queries, keys and values are one tensor, and so are those of the gate and the
// up branch. Part of a head may be rotated, and all layers may have a window. Scaling `longrope` takes other
// frequencies when a sequence grows beyond a length, and is refused.

#include "frontend/Transformer.h"
#include "frontend/families/Families.h"

namespace mlir::yoco {

static llvm::Expected<TransformerConfig> readPhi3(const Checkpoint &checkpoint) {
  ConfigReader reader(checkpoint.getConfig(), checkpoint.getConfigFile());
  HuggingFaceDefaults defaults;
  defaults.eps = 1e-5;
  defaults.partialRotaryFactor = 1.0;
  TransformerConfig config = readHuggingFace(reader, checkpoint, defaults);
  config.activation = readActivation(reader);
  config.isFused = true;
  config.windows.assign(config.layers, readWindow(reader, std::nullopt).value_or(0));
  expectLayerTypes(reader, config.windows);
  reader.refuse("attention_bias", "projections without biases");
  if (llvm::Error error = finishHuggingFace(reader))
    return std::move(error);
  return config;
}

llvm::Expected<OwningOpRef<ModuleOp>> importPhi3(Checkpoint &checkpoint, const ImportOptions &options,
                                                 MLIRContext *context) {
  return importTransformer(checkpoint, options, context, readPhi3(checkpoint));
}

} // namespace mlir::yoco
