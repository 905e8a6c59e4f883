// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An entry point that production does not make, under a name that nothing knows: the greedy choice for all rows of a step. It
// goes through the passes, the file and the loader by its description. So does one that scores and is called otherwise.
//
// RUN: yoco-toys-opt %s --yoco-fused-to-planned --yoco-planned-to-program --yoco-emit=output=%t.yoco -o /dev/null
// RUN: yoco-run %t.yoco --describe | FileCheck %s
// CHECK: entry draft: ragged rows, at most 4, gives sampled of all, 2 instructions
// CHECK: entry rate: ragged rows, at most 4, gives logits of all, 2 instructions
// RUN: echo 0 1 2 3 4 5 6 | yoco-run %t.yoco --prompt-tokens - --score --logits %t.npy

module attributes {yoco.phase = #yoco.phase<fused>, yoco.target = #yoco.target<"host", "x86-64-v3", f32>,
                   yoco.bounds = #yoco.bounds<seq = 32, batch = 2, chunk = 8, wanted = 4>} {
  yoco.parameter @embed : tensor<20x8xbf16> from "a" generated #yoco.random<seed = 1, stream = 0, scale = 1.0>
  yoco.parameter @out : tensor<20x8xbf16> from "b" generated #yoco.random<seed = 1, stream = 1, scale = 0.1>
  func.func @draft(%ids: tensor<?xi32>, %segments: !yoco.segments) -> tensor<?xi32>
      attributes {yoco.entry = #yoco.entry<rows = ragged, bound = wanted, sampled = all>} {
    %x = yoco.fused_embed %ids table @embed {scale = 1.0 : f32} : (tensor<?xi32>) -> tensor<?x8xf32>
    %i = yoco.fused_argmax %x : (tensor<?x8xf32>) -> tensor<?xi32>
    return %i : tensor<?xi32>
  }
  func.func @rate(%ids: tensor<?xi32>, %segments: !yoco.segments) -> tensor<?x20xf32>
      attributes {yoco.entry = #yoco.entry<rows = ragged, bound = wanted, logits = all>} {
    %x = yoco.fused_embed %ids table @embed {scale = 1.0 : f32} : (tensor<?xi32>) -> tensor<?x8xf32>
    %y = yoco.fused_linear %x weights [@out] : (tensor<?x8xf32>) -> tensor<?x20xf32>
    return %y : tensor<?x20xf32>
  }
}
