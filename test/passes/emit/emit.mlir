// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: rm -rf %t && split-file %s %t
// RUN: sed 's|CHECKPOINT|%{checkpoints}/yoco-gret-random|' %t/model.mlir > %t/fused.mlir
// RUN: yoco-opt %t/fused.mlir --yoco-fused-to-planned --yoco-planned-to-program -o %t/program.mlir
// RUN: yoco-opt %t/program.mlir --yoco-emit=output=%t/a.yoco -o %t/after.mlir
// RUN: yoco-run %t/a.yoco --describe | FileCheck %s

// Nothing of the module changes, the same module gives the same bytes, and they do not name the folder.
// RUN: cmp %t/program.mlir %t/after.mlir
// RUN: yoco-opt %t/program.mlir --yoco-emit=output=%t/b.yoco -o /dev/null
// RUN: cmp %t/a.yoco %t/b.yoco
// RUN: not grep -q yoco-gret-random %t/a.yoco

// CHECK: vocabulary: 20
// CHECK: bounds: sequence 32, batch 2, prefill chunk 8, wanted rows 4
// CHECK: stop ids: 2 3
// CHECK: tokenizer: none
// CHECK: target host:x86-64-v3 (device host, computes in f32)
// The kernels' arguments, in the order of their first use; 20 * 192 * 2 = 7680 and 192 * 2 = 384 bytes.
// CHECK: packed.embed: 20 x 192 bf16, row_major, 7680 bytes generated
// CHECK: packed.out: 20 x 192 bf16, panels of {{[0-9]+}}, {{[0-9]+}} bytes generated
// CHECK: packed.norm: 1 x 192 bf16, row_major, 384 bytes at {{[0-9]+}}
// CHECK: entry decode: one per segment rows, at most 2, gives logits of all, 4 instructions
// CHECK: embed: 1
// CHECK: embed_0: launched 1 times
// CHECK: linear_0: launched 1 times
// 1 head * 96 wide * 4 = 384 bytes of keys and of values for each of 32 positions of 2 slots: 24576 each.
// CHECK: arena persistent: 49152 bytes
// CHECK: growing cache keys: 384 bytes per position in buffer {{[0-9]+$}}
// CHECK: growing cache values: 384 bytes per position in buffer {{[0-9]+$}}

// The weights in the file are those of the checkpoint.
// RUN: %{python} %t/check.py %t/a.yoco %{checkpoints}/yoco-gret-random/model.safetensors

// Variants are nested modules. What they have in common is written once: the norm, and code that is equal.
// RUN: %{python} %t/nest.py %t/program.mlir > %t/two.mlir
// RUN: yoco-opt %t/two.mlir --yoco-emit=output=%t/two.yoco -o /dev/null
// RUN: yoco-run %t/two.yoco --describe | FileCheck %s --check-prefix=TWO
// RUN: %{python} %t/check.py %t/two.yoco %{checkpoints}/yoco-gret-random/model.safetensors
// TWO-COUNT-2: target host:x86-64-v3
// TWO-NOT: target host

// What cannot be written is said, and nothing is left behind.
// RUN: not yoco-opt %t/program.mlir --yoco-emit 2>&1 | FileCheck %s --check-prefix=PATH
// PATH: yoco-emit: expected a path as `output`, got none
// RUN: not yoco-opt %t/program.mlir --yoco-emit=output=%t -o %t/x.mlir 2>&1 | FileCheck %s --check-prefix=REGULAR
// REGULAR: expected a regular file or none, got something else
// RUN: not yoco-opt %t/program.mlir --yoco-emit=output=/dev/null 2>&1 | FileCheck %s --check-prefix=REGULAR
// RUN: not yoco-opt %t/program.mlir --yoco-emit=output=%t/none/x.yoco 2>&1 | FileCheck %s --check-prefix=FOLDER
// FOLDER: x.yoco: No such file or directory
// RUN: sed 's/phase<program>/phase<planned>/' %t/program.mlir > %t/phase.mlir
// RUN: not yoco-opt %t/phase.mlir --yoco-emit=output=%t/x.yoco 2>&1 | FileCheck %s --check-prefix=PHASE
// PHASE: expected a module in phase `program`, got planned
// RUN: sed 's/from "cross_decoder.kv_layer_norm.weight"/from "none"/' %t/program.mlir > %t/tensor.mlir
// RUN: not yoco-opt %t/tensor.mlir --yoco-emit=output=%t/x.yoco 2>&1 | FileCheck %s --check-prefix=TENSOR
// TENSOR: tensor 'none': expected it for parameter @norm, got no such tensor
// RUN: sed 's/array<i32: 2, 3>/array<i32: 2, 20>/' %t/program.mlir > %t/stop.mlir
// RUN: not yoco-opt %t/stop.mlir --yoco-emit=output=%t/x.yoco 2>&1 | FileCheck %s --check-prefix=STOP
// STOP: expected stop ids below the vocabulary size 20, got 20
// RUN: sed 's/yoco.bounds = [^>]*>, //' %t/program.mlir > %t/bounds.mlir
// RUN: not yoco-opt %t/bounds.mlir --yoco-emit=output=%t/x.yoco 2>&1 | FileCheck %s --check-prefix=BOUNDS
// BOUNDS: expected a variant with `yoco.bounds`, got none
// RUN: sed 's/role logits/role ids/' %t/program.mlir > %t/roles.mlir
// RUN: not yoco-opt %t/roles.mlir --yoco-emit=output=%t/x.yoco 2>&1 | FileCheck %s --check-prefix=ROLES
// ROLES: expected buffers of the roles that its `yoco.entry` asks for
// RUN: not ls %t/x.yoco
// RUN: ls %t | not grep tmp

//--- model.mlir
!kv = !yoco.cache<heads = 1, width = 96, element = f32, window = 0, layout = contiguous>
module attributes {yoco.phase = #yoco.phase<fused>, yoco.target = #yoco.target<"host", "x86-64-v3", f32>,
                   yoco.bounds = #yoco.bounds<seq = 32, batch = 2, chunk = 8, wanted = 4>, yoco.checkpoint = "CHECKPOINT",
                   yoco.stop_ids = array<i32: 2, 3>} {
  yoco.parameter @embed : tensor<20x192xbf16> from "a" generated #yoco.random<seed = 1, stream = 0, scale = 1.0>
  yoco.parameter @out : tensor<20x192xbf16> from "b" generated #yoco.random<seed = 1, stream = 1, scale = 0.1>
  yoco.parameter @norm : tensor<192xbf16> from "cross_decoder.kv_layer_norm.weight"
  yoco.state_decl @keys : !kv
  yoco.state_decl @values : !kv
  func.func @decode(%ids: tensor<?xi32>, %segments: !yoco.segments, %c: !kv {yoco.state = @keys},
                    %d: !kv {yoco.state = @values}) -> (tensor<?x20xf32>, !kv, !kv)
      attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all>} {
    %c0 = arith.constant 0 : index
    %rows = tensor.dim %ids, %c0 : tensor<?xi32>
    %pos = yoco.fused_positions %ids at %segments : (tensor<?xi32>, !yoco.segments) -> tensor<?xi32>
    %x = yoco.fused_embed %ids table @embed {scale = 1.0 : f32, yoco.layer = "embed"} : (tensor<?xi32>) -> tensor<?x192xf32>
    %k = tensor.extract_slice %x[0, 0] [%rows, 96] [1, 1] : tensor<?x192xf32> to tensor<?x96xf32>
    %v = tensor.extract_slice %x[0, 96] [%rows, 96] [1, 1] : tensor<?x192xf32> to tensor<?x96xf32>
    %n:2 = yoco.fused_cache_write %k, %v at %pos, %segments to %c, %d
        : (tensor<?x96xf32>, tensor<?x96xf32>, tensor<?xi32>, !yoco.segments, !kv, !kv) -> (!kv, !kv)
    %y = yoco.fused_linear %x weights [@out] {eps = 1.0e-5 : f32, norm_weight = @norm}
        : (tensor<?x192xf32>) -> tensor<?x20xf32>
    return %y, %n#0, %n#1 : tensor<?x20xf32>, !kv, !kv
  }
}

//--- check.py
# The bytes of the one stored tensor are in the file, once.
import json, struct, sys

data = open(sys.argv[2], "rb").read()
size = struct.unpack("<Q", data[:8])[0]
begin, end = json.loads(data[8 : 8 + size])["cross_decoder.kv_layer_norm.weight"]["data_offsets"]
assert end - begin == 384
count = open(sys.argv[1], "rb").read().count(data[8 + size + begin : 8 + size + end])
assert count == 1, count

//--- nest.py
# A module of two variants that are equal.
import re, sys

text = re.sub(r"^(#map\d* = .*)\n", "", open(sys.argv[1]).read(), flags=re.M)
assert text.startswith("module attributes")
phase = "attributes {yoco.phase = #yoco.phase<program>}"
print(f"module {phase} {{", text.replace("module", "module @a", 1), text.replace("module", "module @b", 1), "}")
