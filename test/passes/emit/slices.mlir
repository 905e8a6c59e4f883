// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Parameters that are parts of one tensor: rows of a stored one, rows and columns of a generated one. A model of slices gives
// what the model of the whole tensor gives.
//
// RUN: rm -rf %t && split-file %s %t
// RUN: sed 's|CHECKPOINT|%{checkpoints}/yoco-gret-random|' %t/whole.mlir > %t/a.mlir
// RUN: sed 's|CHECKPOINT|%{checkpoints}/yoco-gret-random|' %t/slices.mlir > %t/b.mlir
// RUN: yoco-opt %t/a.mlir --yoco-fused-to-planned --yoco-planned-to-program --yoco-emit=output=%t/a.yoco -o /dev/null
// RUN: yoco-opt %t/b.mlir --yoco-fused-to-planned --yoco-planned-to-program --yoco-emit=output=%t/b.yoco -o /dev/null
// RUN: echo 0 1 2 19 4 5 16 | yoco-run %t/a.yoco --prompt-tokens - --score --logits %t/a.npy
// RUN: echo 0 1 2 19 4 5 16 | yoco-run %t/b.yoco --prompt-tokens - --score --logits %t/b.npy
// RUN: cmp %t/a.npy %t/b.npy

// A tensor of another shape than the slice says is refused.
// RUN: sed 's/rows = 64, columns = 192/rows = 65, columns = 192/' %t/b.mlir > %t/c.mlir
// RUN: not yoco-opt %t/c.mlir --yoco-fused-to-planned --yoco-planned-to-program --yoco-emit=output=%t/c.yoco -o /dev/null 2>&1 | FileCheck %s
// CHECK: tensor 'cross_decoder.k_proj.weight': expected tensor<65x192xbf16>, as parameter @{{.*}} says, got another shape or type

//--- whole.mlir
module attributes {yoco.phase = #yoco.phase<fused>, yoco.target = #yoco.target<"host", "x86-64-v3", f32>, yoco.checkpoint = "CHECKPOINT",
                   yoco.bounds = #yoco.bounds<seq = 32, batch = 2, chunk = 8, wanted = 4>} {
  yoco.parameter @embed : tensor<64x192xbf16> from "a" generated #yoco.random<seed = 1, stream = 0, scale = 1.0>
  yoco.parameter @out : tensor<64x192xbf16> from "cross_decoder.k_proj.weight"
  func.func @score(%ids: tensor<?xi32>, %segments: !yoco.segments) -> tensor<?x64xf32>
      attributes {yoco.entry = #yoco.entry<rows = ragged, bound = wanted, logits = all>} {
    %x = yoco.fused_embed %ids table @embed {scale = 1.0 : f32} : (tensor<?xi32>) -> tensor<?x192xf32>
    %y = yoco.fused_linear %x weights [@out] : (tensor<?x192xf32>) -> tensor<?x64xf32>
    return %y : tensor<?x64xf32>
  }
}

//--- slices.mlir
module attributes {yoco.phase = #yoco.phase<fused>, yoco.target = #yoco.target<"host", "x86-64-v3", f32>, yoco.checkpoint = "CHECKPOINT",
                   yoco.bounds = #yoco.bounds<seq = 32, batch = 2, chunk = 8, wanted = 4>} {
  yoco.parameter @embed : tensor<20x192xbf16> from "a" slice <row = 0, column = 0, rows = 64, columns = 192>
      generated #yoco.random<seed = 1, stream = 0, scale = 1.0>
  yoco.parameter @first : tensor<40x192xbf16> from "cross_decoder.k_proj.weight" slice <row = 0, column = 0, rows = 64, columns = 192>
  yoco.parameter @second : tensor<24x192xbf16> from "cross_decoder.k_proj.weight" slice <row = 40, column = 0, rows = 64, columns = 192>
  func.func @score(%ids: tensor<?xi32>, %segments: !yoco.segments) -> tensor<?x64xf32>
      attributes {yoco.entry = #yoco.entry<rows = ragged, bound = wanted, logits = all>} {
    %x = yoco.fused_embed %ids table @embed {scale = 1.0 : f32} : (tensor<?xi32>) -> tensor<?x192xf32>
    %y = yoco.fused_linear %x weights [@first, @second] : (tensor<?x192xf32>) -> tensor<?x64xf32>
    return %y : tensor<?x64xf32>
  }
}
