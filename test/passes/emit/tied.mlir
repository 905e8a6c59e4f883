// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A table that is also the matrix of a linear is stored once, in panels; the rows that are looked up are the same. A table of
// its own keeps its layout.
//
// RUN: yoco-opt %s --yoco-fused-to-planned --yoco-planned-to-program -o %t.mlir
// RUN: FileCheck %s --input-file %t.mlir
// CHECK: yoco.packed_parameter @packed.embed [@embed] panels {{[0-9]+}} : tensor<20x24xbf16>
// CHECK-NOT: yoco.packed_parameter
// RUN: yoco-opt %t.mlir --yoco-emit=output=%t.yoco -o /dev/null
// RUN: yoco-run %t.yoco --describe | FileCheck %s --check-prefix=TIED
// TIED: weights: {{[0-9]+}} bytes in 1 parameters

// The same numbers under two names.
// RUN: sed 's/weights \[@embed\]/weights [@other]/' %s > %t.untied.mlir
// RUN: yoco-opt %t.untied.mlir --yoco-fused-to-planned --yoco-planned-to-program --yoco-emit=output=%t.untied.yoco -o /dev/null
// RUN: yoco-run %t.untied.yoco --describe | FileCheck %s --check-prefix=UNTIED
// UNTIED: weights: {{[0-9]+}} bytes in 2 parameters
// UNTIED: packed.embed: 20 x 24 bf16, row_major, 960 bytes
// RUN: echo 0 1 2 19 4 5 16 | yoco-run %t.yoco --prompt-tokens - --score --logits %t.npy
// RUN: echo 0 1 2 19 4 5 16 | yoco-run %t.untied.yoco --prompt-tokens - --score --logits %t.untied.npy
// RUN: cmp %t.npy %t.untied.npy

module attributes {yoco.phase = #yoco.phase<fused>, yoco.target = #yoco.target<"host", "x86-64-v3", f32>,
                   yoco.bounds = #yoco.bounds<seq = 32, batch = 2, chunk = 8, wanted = 4>} {
  yoco.parameter @embed : tensor<20x24xbf16> from "a" generated #yoco.random<seed = 1, stream = 0, scale = 1.0>
  yoco.parameter @other : tensor<20x24xbf16> from "b" generated #yoco.random<seed = 1, stream = 0, scale = 1.0>
  func.func @score(%ids: tensor<?xi32>, %segments: !yoco.segments) -> tensor<?x20xf32>
      attributes {yoco.entry = #yoco.entry<rows = ragged, bound = wanted, logits = all>} {
    %x = yoco.fused_embed %ids table @embed {scale = 3.0 : f32} : (tensor<?xi32>) -> tensor<?x24xf32>
    %y = yoco.fused_linear %x weights [@embed] : (tensor<?x24xf32>) -> tensor<?x20xf32>
    return %y : tensor<?x20xf32>
  }
}
