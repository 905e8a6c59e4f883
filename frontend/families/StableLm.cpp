// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// StableLM 2 and 3B: norms by mean and variance, a part of each head is rotated. The 12B model norms queries and keys
// with a weight for each head, and adds attention and feed-forward of one norm.

#include "frontend/Transformer.h"
#include "frontend/families/Families.h"

namespace mlir::yoco {

static llvm::Expected<TransformerConfig> readStableLm(const Checkpoint &checkpoint) {
  ConfigReader reader(checkpoint.getConfig(), checkpoint.getConfigFile());
  HuggingFaceDefaults defaults;
  defaults.kvHeads = 32;
  defaults.epsField = "layer_norm_eps";
  defaults.eps = 1e-5;
  defaults.partialRotaryFactor = 0.25;
  TransformerConfig config = readHuggingFace(reader, checkpoint, defaults);
  config.activation = readActivation(reader);
  // The width of heads is no field of this family.
  reader.expect(config.heads.width * config.heads.count == config.width,
                "field 'head_dim': expected hidden_size / num_attention_heads " +
                    Twine(config.width / config.heads.count) + ", got " + Twine(config.heads.width));
  config.norm = NormKind::layer;
  config.hasInputBias = reader.getBool("use_qkv_bias", false);
  config.headNorm = reader.getBool("qk_layernorm", false) ? HeadNorm::layer : HeadNorm::none;
  config.isParallel = reader.getBool("use_parallel_residual", false);
  if (llvm::Error error = finishHuggingFace(reader))
    return std::move(error);
  return config;
}

llvm::Expected<OwningOpRef<ModuleOp>> importStableLm(Checkpoint &checkpoint, const ImportOptions &options,
                                                     MLIRContext *context) {
  return importTransformer(checkpoint, options, context, readStableLm(checkpoint));
}

} // namespace mlir::yoco
