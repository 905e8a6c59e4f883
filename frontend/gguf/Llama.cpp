// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Architecture `llama`, which the converters also use for Mistral: model_type `llama`. Whether there are biases shows
// in the tensors alone.

#include "frontend/Gguf.h"
#include "frontend/gguf/Architecture.h"

using namespace llvm;

namespace mlir::yoco {

static Error complete(const Gguf &file, json::Object &config) {
  auto has = [&](StringRef name) { return file.getTensors().find(name) != file.getTensors().end(); };
  config["attention_bias"] = has("blk.0.attn_q.bias");
  config["mlp_bias"] = has("blk.0.ffn_gate.bias");
  return Error::success();
}

const GgufArchitecture &getLlamaGguf() {
  static const GgufArchitecture architecture = [] {
    // How rows of queries and keys are stored in old files; all files store them so.
    static constexpr StringLiteral ignored[] = {"tensor_data_layout"};
    GgufArchitecture llama = {"llama", "llama", {}, {}, ignored};
    llama.hasPairedHeads = true;
    llama.complete = complete;
    return llama;
  }();
  return architecture;
}

} // namespace mlir::yoco
