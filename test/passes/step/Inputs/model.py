# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Prints a small model in phase `model`: decoder-decoder with --self and --cross layers, or --plain layers of attention
alone.

Every operation has the layer that it comes from. --window makes self-decoder layers attend through a window; without it
they are gated retention. --cross-window gives each cross-decoder layer a window attention of its own before it attends
to the shared keys and values.
"""
import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--self", type=int, default=0, dest="self_layers")
parser.add_argument("--cross", type=int, default=0)
parser.add_argument("--plain", type=int, default=0)
parser.add_argument("--window", type=int, default=0)
parser.add_argument("--cross-window", type=int, default=0)
options = parser.parse_args()

X, H = "tensor<?x8xf32>", "tensor<?x2x4xf32>"
parameters, body = {}, []
count = 0


def emit(text, types, layer=None, attributes=""):
    """One operation; returns the name of its result."""
    global count
    count += 1
    if layer:
        attributes += f'{", " if attributes else ""}yoco.layer = "{layer}"'
    body.append(f"    %{count} = {text} {'{' + attributes + '}' if attributes else ''} : {types}")
    return f"%{count}"


def linear(x, name, layer, columns=8):
    parameters[name] = f"tensor<{columns}x8xf32>"
    return emit(f"yoco.linear {x}, @{name}", f"{X} -> tensor<?x{columns}xf32>", layer)


def norm(x, layer):
    return emit(f"yoco.norm {x}", X, layer, "eps = 1.0e-5 : f32")


def heads(x, layer):
    return emit(f"tensor.expand_shape {x} [[0], [1, 2]] output_shape [%rows, 2, 4]", f"{X} into {H}", layer)


def flat(x, layer):
    return emit(f"tensor.collapse_shape {x} [[0], [1, 2]]", f"{H} into {X}", layer)


def attention(q, k, v, layer, window=0):
    return emit(f"yoco.attention {q}, {k}, {v}", f"{H}, {H}, {H} -> {H}", layer,
                f"scale = 0.5 : f32, window = {window} : i64")


def keys_and_values(x, prefix, layer):
    n = norm(x, layer)
    return n, heads(linear(n, f"{prefix}_k", layer), layer), heads(linear(n, f"{prefix}_v", layer), layer)


def close(x, mixed, prefix, layer):
    """Output projection and feed-forward, each with its residual."""
    y = emit(f"arith.addf {x}, {linear(flat(mixed, layer), prefix + '_o', layer)}", X, layer)
    f = emit(f"yoco.silu {linear(norm(y, layer), prefix + '_f', layer)}", X, layer)
    return emit(f"arith.addf {y}, {f}", X, layer)


parameters["embed"] = "tensor<32x8xf32>"
x = emit("yoco.embed %ids, @embed", X, "embed")
for i in range(options.self_layers + options.plain):
    layer, p = f"self.{i}", f"s{i}"
    n, k, v = keys_and_values(x, p, layer)
    q = heads(linear(n, f"{p}_q", layer), layer)
    if options.plain or options.window:
        o = attention(q, k, v, layer, options.window)
    else:
        g = emit(f"yoco.log_sigmoid {linear(n, p + '_g', layer, 2)}", "tensor<?x2xf32>", layer)
        o = emit(f"yoco.gated_retention {q}, {k}, {v}, {g}", f"{H}, {H}, {H}, tensor<?x2xf32> -> {H}", layer,
                 "scale = 0.5 : f32")
    x = close(x, o, p, layer)
if options.cross:
    _, k, v = keys_and_values(x, "kv", "kv")
for i in range(options.cross):
    layer, p = f"cross.{i}", f"c{i}"
    if options.cross_window:
        n, own_k, own_v = keys_and_values(x, p, layer)
        q = heads(linear(n, f"{p}_p", layer), layer)
        x = close(x, attention(q, own_k, own_v, layer, options.cross_window), f"{p}_own", layer)
    q = heads(linear(norm(x, layer), f"{p}_q", layer), layer)
    x = close(x, attention(q, k, v, layer), p, layer)
logits = linear(norm(x, "head"), "head", "head", 32)

print("module attributes {yoco.phase = #yoco.phase<model>} {")
for name, type in parameters.items():
    print(f'  yoco.parameter @{name} : {type} from "{name}"')
print(f"  func.func @forward(%ids: tensor<?xi32>) -> tensor<?x32xf32> {{")
print("    %c0 = arith.constant 0 : index\n    %rows = tensor.dim %ids, %c0 : tensor<?xi32>")
print("\n".join(body))
print(f"    return {logits} : tensor<?x32xf32>\n  }}\n}}")
