# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes a small checkpoint, sound or broken on purpose. Weights are zeros: nothing here looks at values."""
import argparse
import json
import math
import pathlib
import struct

CONFIGS = {
    "yoco": {"dim": 24, "n_layers": 4, "hidden_dim": 20, "n_self_heads": 2, "n_attn_heads": 3, "n_attn_kv_heads": 1,
             "vocab_size": 31, "model_type": "yoco"},
    "llama": {"hidden_size": 24, "num_hidden_layers": 2, "intermediate_size": 20, "num_attention_heads": 3,
              "num_key_value_heads": 1, "vocab_size": 31, "model_type": "llama"},
    "mistral": {"hidden_size": 24, "num_hidden_layers": 2, "intermediate_size": 20, "num_attention_heads": 3,
                "num_key_value_heads": 1, "sliding_window": 5, "vocab_size": 31, "model_type": "mistral"},
    "qwen2": {"hidden_size": 24, "num_hidden_layers": 2, "intermediate_size": 20, "num_attention_heads": 3,
              "num_key_value_heads": 1, "vocab_size": 31, "model_type": "qwen2"},
    "qwen3": {"hidden_size": 24, "num_hidden_layers": 2, "intermediate_size": 20, "num_attention_heads": 3,
              "num_key_value_heads": 1, "head_dim": 6, "vocab_size": 31, "model_type": "qwen3"},
    "phi3": {"hidden_size": 24, "num_hidden_layers": 2, "intermediate_size": 20, "num_attention_heads": 3,
             "num_key_value_heads": 1, "vocab_size": 31, "model_type": "phi3"},
    "stablelm": {"hidden_size": 24, "num_hidden_layers": 2, "intermediate_size": 20, "num_attention_heads": 3,
                 "num_key_value_heads": 1, "vocab_size": 31, "model_type": "stablelm"},
    "lckv": {"hidden_size": 24, "num_hidden_layers": 4, "intermediate_size": 20, "num_attention_heads": 3,
             "num_key_value_heads": 1, "layer_types": "0_1_1_1", "method": "yoco-plus", "vocab_size": 31,
             "model_type": "lckv-llama"},
    "yocou": {"d_model": 24, "d_ffn": 20, "head": 3, "cross_head": 4, "kv_head": 1, "cross_kv_head": 2, "head_dim": 8,
              "n_layers": 4, "yoco_cross_layers": 2, "universal_loop": 2, "yoco_window_size": 4, "moe": False,
              "vocab_size": 31, "model_type": "yoco"},
    "ced": {"hidden_size": 24, "intermediate_size": 20, "num_attention_heads": 3, "num_key_value_heads": 1,
            "head_dim": 8, "encoder_layer_types": ["full_attention", "sliding_attention"], "num_decoder_layers": 2,
            "sliding_window": 5, "vocab_size": 31, "model_type": "ced-toy"},
}
BYTES = {"BF16": 2, "F16": 2, "F32": 4, "F64": 8, "I32": 4}


def llama_linears(config):
    """The matrices of a layer: their shapes, and whether they have biases."""
    d, f, kind = config["hidden_size"], config["intermediate_size"], config["model_type"]
    heads = config["num_attention_heads"]
    width = config.get("head_dim") or d // heads
    q, kv = width * heads, width * (config.get("num_key_value_heads") or heads)
    qkv_bias = config.get("attention_bias") or config.get("use_qkv_bias") or kind == "qwen2"
    if kind == "phi3":
        linears = {"self_attn.qkv": [q + 2 * kv, d], "self_attn.o": [d, q], "mlp.gate_up": [2 * f, d]}
    else:
        linears = {"self_attn.q": [q, d], "self_attn.k": [kv, d], "self_attn.v": [kv, d], "self_attn.o": [d, q],
                   "mlp.gate": [f, d], "mlp.up": [f, d]}
    biases = {"q": qkv_bias, "k": qkv_bias, "v": qkv_bias, "o": config.get("attention_bias")}
    return {name: (shape, biases.get(name.split(".")[1], config.get("mlp_bias")))
            for name, shape in (linears | {"mlp.down": [d, f]}).items()}


def llama_shapes(config):
    d, v, kind = config["hidden_size"], config["vocab_size"], config["model_type"]
    heads, kv_heads = config["num_attention_heads"], config.get("num_key_value_heads")
    width = config.get("head_dim") or d // heads
    norms = {"model.norm": d}
    for i in range(config["num_hidden_layers"]):
        layer = f"model.layers.{i}."
        norms[layer + "input_layernorm"] = d
        if not config.get("use_parallel_residual"):
            norms[layer + "post_attention_layernorm"] = d
    result = {name + ".weight": [size] for name, size in norms.items()}
    if kind == "stablelm":
        result |= {name + ".bias": [size] for name, size in norms.items()}
    result["model.embed_tokens.weight"] = [v, d]
    if not config.get("tie_word_embeddings"):
        result["lm_head.weight"] = [v, d]
    for i in range(config["num_hidden_layers"]):
        layer = f"model.layers.{i}."
        for name, (shape, has_bias) in llama_linears(config).items():
            result[f"{layer}{name}_proj.weight"] = shape
            if has_bias:
                result[f"{layer}{name}_proj.bias"] = shape[:1]
        for name, count in (("q", heads), ("k", kv_heads)):
            if kind == "qwen3":
                result[f"{layer}self_attn.{name}_norm.weight"] = [width]
            for head in range(count if config.get("qk_layernorm") else 0):
                result[f"{layer}self_attn.{name}_layernorm.norms.{head}.weight"] = [width]
    return result


def lckv_shapes(config):
    result = llama_shapes(config)
    for i, source in enumerate(map(int, config["layer_types"].split("_"))):
        layer = f"model.layers.{i}.self_attn."
        if source != i:
            del result[layer + "k_proj.weight"], result[layer + "v_proj.weight"]
        elif i > 0 and config["method"] == "yoco-plus":
            result |= {layer + "key_weight": [2], layer + "value_weight": [2]}
    return result


def yocou_shapes(config):
    d, f, v, width = config["d_model"], config["d_ffn"], config["vocab_size"], config["head_dim"]
    kv, cross = config["kv_head"] * width, config["cross_kv_head"] * width
    pairs = 2 if config.get("diff_v2") or config.get("diff_v3") else 1
    has_weights = config.get("qk_rms_clip") and config.get("qk_rms_gamma")
    result = {"embed_tokens": [v, d], "norm": [d], "yoco_norm": [d], "k_proj": [cross, d], "v_proj": [cross, d]}
    if has_weights:
        result["yoco_k_norm"] = [width]
    for i in range(config["n_layers"]):
        is_own = i < config["n_layers"] - config["yoco_cross_layers"]
        heads, p = config["head" if is_own else "cross_head"], f"layers.{i}."
        a = p + "self_attn."
        result |= {p + "input_layernorm": [d], p + "post_attention_layernorm": [d],
                   a + "q_proj": [pairs * heads * width, d],
                   a + "o_proj": [d, heads * width], p + "mlp.gate_proj": [f, d], p + "mlp.up_proj": [f, d],
                   p + "mlp.down_proj": [d, f]}
        if is_own:
            result |= {a + "k_proj": [kv, d], a + "v_proj": [kv, d]}
        if has_weights:
            result |= {f"{a}{name}_norm": [width] for name in ("qk" if is_own else "q")}
        if pairs == 2:
            result[a + "lambda_proj"] = [(2 if config.get("diff_v3") else 1) * heads, d]
    result = {f"model.{name}.weight": shape for name, shape in result.items()}
    return result if config.get("weight_tying") else result | {"lm_head.weight": [v, d]}


def ced_shapes(config):
    d, f, v = config["hidden_size"], config["intermediate_size"], config["vocab_size"]
    q, kv = (config["head_dim"] * config[f"num_{name}_heads"] for name in ("attention", "key_value"))
    result = {"embed_tokens": [v, d], "norm": [d], "memory.norm": [d], "memory.k_proj": [kv, d],
              "memory.v_proj": [kv, d]}
    own = {"self_attn.q_proj": [q, d], "self_attn.k_proj": [kv, d], "self_attn.v_proj": [kv, d],
           "self_attn.o_proj": [d, q], "mlp.gate_proj": [f, d], "mlp.up_proj": [f, d], "mlp.down_proj": [d, f],
           "post_attention_layernorm": [d]}
    cross = {"cross_attn.q_proj": [q, d], "cross_attn.o_proj": [d, q], "self_attn_layernorm": [d],
             "cross_attn_layernorm": [d]}
    for i in range(len(config["encoder_layer_types"])):
        result |= {f"encoder.layers.{i}.{name}": shape for name, shape in (own | {"input_layernorm": [d]}).items()}
    for i in range(config["num_decoder_layers"]):
        result |= {f"decoder.layers.{i}.{name}": shape for name, shape in (own | cross).items()}
    result = {f"model.{name}.weight": shape for name, shape in result.items()}
    return result if config.get("tie_word_embeddings") else result | {"lm_head.weight": [v, d]}


def yoco_shapes(config):
    d, f, v = config["dim"], config["hidden_dim"], config["vocab_size"]
    kv = d // config["n_attn_heads"] * config["n_attn_kv_heads"]
    result = {"embed_tokens.weight": [v, d], "layer_norm.weight": [d], "output_projection.weight": [v, d],
              "cross_decoder.kv_layer_norm.weight": [d], "cross_decoder.k_proj.weight": [kv, d],
              "cross_decoder.v_proj.weight": [kv, d]}
    for half in ("self_decoder", "cross_decoder"):
        for i in range(config["n_layers"] // 2):
            layer = f"{half}.layers.{i}."
            own = "q k v out" if config.get("sliding_window") else "q k v g out"
            mixers = "q out" if half == "cross_decoder" else own
            result |= {f"{layer}mixer.{m}_proj.weight": [d, d] for m in mixers.split()}
            if "g" in mixers.split():
                result[layer + "mixer.gt_proj.weight"] = [config["n_self_heads"], d]
            result |= {layer + "mixer_layer_norm.weight": [d], layer + "final_layer_norm.weight": [d],
                       layer + "ffn.fc1.weight": [f, d], layer + "ffn.gate.weight": [f, d],
                       layer + "ffn.fc2.weight": [d, f]}
    return result


def shapes(family, config):
    """The tensors that a model of this configuration has. Sizes that make no sense give shapes that make none."""
    return {"yoco": yoco_shapes, "ced": ced_shapes, "lckv": lckv_shapes,
            "yocou": yocou_shapes}.get(family, llama_shapes)(config)


def write(path, tensors, options):
    header, size = {}, 0
    for name, shape in sorted(tensors.items()):
        dtype = options.dtypes.get(name, options.dtype)
        end = size + math.prod(shape) * BYTES[dtype]
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [size, end]}
        size = end
    for name, fields in options.entries.items():
        header[name] = header.get(name, {}) | fields if isinstance(fields, dict) else fields
    text = json.dumps(header).encode()
    if options.header is not None:
        text = eval(options.header, {"text": text})
    length = len(text) if options.header_length is None else options.header_length
    data = struct.pack("<Q", length) + text + bytes(size + options.more)
    path.write_bytes(data[: options.truncate])


def main():
    pairs = lambda text: text.split("=", 1)
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--family", choices=CONFIGS, default="yoco")
    parser.add_argument("--set", type=pairs, action="append", default=[], metavar="FIELD=JSON",
                        help="field of the configuration")
    parser.add_argument("--unset", action="append", default=[], metavar="FIELD")
    parser.add_argument("--config", help="text of config.json")
    parser.add_argument("--config-nesting", type=int, help="lists in lists")
    parser.add_argument("--params", action="store_true", help="params.json, without model_type")
    parser.add_argument("--no-weights", action="store_true")
    parser.add_argument("--shards", type=int, default=1)
    parser.add_argument("--index", type=pairs, action="append", default=[], metavar="TENSOR=JSON",
                        help="entry of weight_map")
    parser.add_argument("--dtype", default="BF16")
    parser.add_argument("--dtypes", type=pairs, action="append", default=[], metavar="TENSOR=DTYPE")
    parser.add_argument("--tensor", type=pairs, action="append", default=[], metavar="TENSOR=SHAPE", help="null: none")
    parser.add_argument("--entry", dest="entries", type=pairs, action="append", default=[], metavar="TENSOR=JSON",
                        help="fields of the tensor in the header")
    parser.add_argument("--header", help="Python expression over `text`, the sound header")
    parser.add_argument("--header-length", type=int)
    parser.add_argument("--more", type=int, default=0, help="bytes after the data")
    parser.add_argument("--truncate", type=int)
    options = parser.parse_args()
    options.entries = {name: json.loads(fields) for name, fields in options.entries}
    options.dtypes = dict(options.dtypes)

    config = CONFIGS[options.family] | {name: json.loads(value) for name, value in options.set}
    tensors = {} if options.no_weights else shapes(options.family, config)
    for name, shape in options.tensor:
        tensors.pop(name, None)
        if shape != "null":
            tensors[name] = json.loads(shape)
    for name in options.unset + (["model_type"] if options.params else []):
        config.pop(name, None)

    options.folder.mkdir(parents=True, exist_ok=True)
    for path in options.folder.iterdir():
        path.unlink()
    text = json.dumps(config) if options.config is None else options.config
    if options.config_nesting:
        text = "[" * options.config_nesting
    (options.folder / ("params.json" if options.params else "config.json")).write_text(text)
    if options.no_weights:
        return
    if options.shards == 1:
        write(options.folder / "model.safetensors", tensors, options)
        return
    files = [f"model-{i + 1:05}-of-{options.shards:05}.safetensors" for i in range(options.shards)]
    weight_map = {name: files[i % len(files)] for i, name in enumerate(sorted(tensors))}
    for file in files:
        write(options.folder / file, {n: s for n, s in tensors.items() if weight_map[n] == file}, options)
    weight_map |= {name: json.loads(file) for name, file in options.index}
    weight_map = {name: file for name, file in weight_map.items() if file is not None}
    (options.folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))


main()
