// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions that differ in the sizes of their steps alone are the programs of one entry, from small to large; the one for steps of any
// size gives it its name. The loader takes them, and a session needs no more memory than its steps can come to.
//
// RUN: yoco-opt %s --yoco-fused-to-planned --yoco-planned-to-program --yoco-emit=output=%t.yoco -o %t.mlir
// RUN: yoco-run %t.yoco --describe | FileCheck %s
// RUN: yoco-compile %s -o %t.planned.yoco --plan | FileCheck %s --check-prefix=PLAN
// RUN: sed 's/most = 8>/most = 2>/' %t.mlir | not yoco-opt --yoco-emit=output=%t.none 2>&1 | FileCheck %s --check-prefix=SAME
// RUN: sed 's/logits = all>/sampled = all>/' %t.mlir | not yoco-opt --yoco-emit=output=%t.none 2>&1 | FileCheck %s --check-prefix=NONE
//
// SAME: expected programs for steps of different sizes, got two with #yoco.entry<rows = single, bound = batch, logits = all, most = 2>
// NONE-DAG: expected an entry point #yoco.entry<rows = single, bound = batch, logits = all> for larger steps, got none
//
// Rows of 8 and of 20 numbers have 64 and 128 bytes; ids and segments lie where the second is written later.
// CHECK: entry decode: one per segment rows, at most 16, gives logits of all, 3 programs
// CHECK-NEXT: program 0, at most 2 rows: 2 instructions, 384 bytes scratch
// CHECK: program 1, at most 8 rows: 2 instructions, 1536 bytes scratch
// CHECK: program 2, other steps: 2 instructions, 3072 bytes scratch
// CHECK: kernels: 2
// CHECK-NEXT: embed_0: launched 3 times
//
// PLAN: @decode_8, at most 8 rows: 2 instructions
// PLAN: @decode: 2 instructions
// PLAN: @decode_2, at most 2 rows: 2 instructions

module attributes {yoco.phase = #yoco.phase<fused>, yoco.target = #yoco.target<"host", "x86-64-v3", f32>,
                   yoco.bounds = #yoco.bounds<seq = 32, batch = 16, chunk = 8, wanted = 4>} {
  yoco.parameter @embed : tensor<20x8xbf16> from "a" generated #yoco.random<seed = 1, stream = 0, scale = 1.0>
  yoco.parameter @out : tensor<20x8xbf16> from "b" generated #yoco.random<seed = 1, stream = 1, scale = 0.1>
  func.func @decode_8(%ids: tensor<?xi32>, %segments: !yoco.segments) -> tensor<?x20xf32>
      attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all, most = 8>} {
    %x = yoco.fused_embed %ids table @embed {scale = 1.0 : f32} : (tensor<?xi32>) -> tensor<?x8xf32>
    %y = yoco.fused_linear %x weights [@out] : (tensor<?x8xf32>) -> tensor<?x20xf32>
    return %y : tensor<?x20xf32>
  }
  func.func @decode(%ids: tensor<?xi32>, %segments: !yoco.segments) -> tensor<?x20xf32>
      attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all>} {
    %x = yoco.fused_embed %ids table @embed {scale = 1.0 : f32} : (tensor<?xi32>) -> tensor<?x8xf32>
    %y = yoco.fused_linear %x weights [@out] : (tensor<?x8xf32>) -> tensor<?x20xf32>
    return %y : tensor<?x20xf32>
  }
  func.func @decode_2(%ids: tensor<?xi32>, %segments: !yoco.segments) -> tensor<?x20xf32>
      attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all, most = 2>} {
    %x = yoco.fused_embed %ids table @embed {scale = 1.0 : f32} : (tensor<?xi32>) -> tensor<?x8xf32>
    %y = yoco.fused_linear %x weights [@out] : (tensor<?x8xf32>) -> tensor<?x20xf32>
    return %y : tensor<?x20xf32>
  }
}
