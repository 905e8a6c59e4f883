// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What plain Transformers have in common in GGUF files, and the list of architectures.

#include "frontend/gguf/Architecture.h"

using namespace llvm;

namespace mlir::yoco {

ArrayRef<const GgufArchitecture *> getGgufArchitectures() {
  static const GgufArchitecture *architectures[] = {&getLlamaGguf()};
  return architectures;
}

const GgufArchitecture *findGgufArchitecture(StringRef name) {
  for (const GgufArchitecture *architecture : getGgufArchitectures())
    if (architecture->name == name)
      return architecture;
  return nullptr;
}

ArrayRef<GgufField> getCommonGgufFields() {
  static constexpr GgufField fields[] = {
      {"block_count", "num_hidden_layers", true},
      {"context_length", "max_position_embeddings"},
      {"embedding_length", "hidden_size", true},
      {"feed_forward_length", "intermediate_size", true},
      {"attention.head_count", "num_attention_heads", true},
      {"attention.head_count_kv", "num_key_value_heads"},
      {"attention.key_length", "head_dim"},
      {"attention.layer_norm_rms_epsilon", "rms_norm_eps", true},
      {"rope.freq_base", "rope_theta"},
      {"vocab_size", "vocab_size"},
  };
  return fields;
}

ArrayRef<GgufTensorName> getCommonGgufTensors() {
  static constexpr GgufTensorName tensors[] = {
      {"token_embd", "model.embed_tokens"},
      {"output_norm", "model.norm"},
      {"output", "lm_head"},
      {"blk.#.attn_norm", "model.layers.#.input_layernorm"},
      {"blk.#.attn_q", "model.layers.#.self_attn.q_proj"},
      {"blk.#.attn_k", "model.layers.#.self_attn.k_proj"},
      {"blk.#.attn_v", "model.layers.#.self_attn.v_proj"},
      {"blk.#.attn_output", "model.layers.#.self_attn.o_proj"},
      {"blk.#.ffn_norm", "model.layers.#.post_attention_layernorm"},
      {"blk.#.ffn_gate", "model.layers.#.mlp.gate_proj"},
      {"blk.#.ffn_up", "model.layers.#.mlp.up_proj"},
      {"blk.#.ffn_down", "model.layers.#.mlp.down_proj"},
      // A table of frequencies that old converters wrote.
      {"blk.#.attn_rot_embd", "model.layers.#.self_attn.rotary_emb.inv_freq"},
  };
  return tensors;
}

} // namespace mlir::yoco
