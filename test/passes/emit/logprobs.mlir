// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Log-probabilities from blocks of logits: products with some rows of one matrix, which is stored once, and read once in a step. Kernels
// and their arguments do not depend on which block it is.
//
// RUN: yoco-opt %s --yoco-fused-to-planned --yoco-planned-to-program --yoco-emit=output=%t.yoco | FileCheck %s --check-prefix=PROGRAM
// RUN: yoco-run %t.yoco --describe | FileCheck %s
// RUN: sed 's/"host", "x86-64-v3", f32/"nvptx", "sm_90a", bf16/' %s | yoco-opt --yoco-assign-element-types > %t.nvptx.mlir
// RUN: yoco-opt %t.nvptx.mlir --yoco-fused-to-planned --yoco-planned-to-program | FileCheck %s --check-prefix=NVPTX
// RUN: yoco-compile %t.nvptx.mlir -o %t.nvptx.yoco
// RUN: yoco-run %t.nvptx.yoco --describe | FileCheck %s --check-prefix=PRODUCTS
//
// CHECK: weights: 19328 bytes in 2 parameters
// CHECK: entry extend: ragged rows, at most 8, gives logprobs of those from a position on, 10 instructions
// CHECK: linear_1: launched 2 times
// CHECK: linear_2: launched 1 times
//
// PROGRAM: yoco.launch @kernels::@target_logits_0({{.*}}) {{.*}} costs [#yoco.cost<9728 weight_bytes per step of @packed.out>] :
// PROGRAM: %[[A:.+]] = yoco.parameter_ref @packed.out rows 0 to 128 : memref<8x16x16xbf16>
// PROGRAM: yoco.launch @kernels::@linear_1(%{{.+}}, %{{.+}}, %[[A]]) {{.*}} costs [#yoco.cost<9728 weight_bytes per step of @packed.out>, #yoco.cost<4096 linear_operations per row>]
// PROGRAM: %[[B:.+]] = yoco.parameter_ref @packed.out rows 128 to 256 : memref<8x16x16xbf16>
// PROGRAM: yoco.launch @kernels::@linear_1(%{{.+}}, %{{.+}}, %[[B]])
// PROGRAM: %[[C:.+]] = yoco.parameter_ref @packed.out rows 256 to 300 : memref<3x16x16xbf16>
// PROGRAM: yoco.launch @kernels::@linear_2(%{{.+}}, %{{.+}}, %[[C]])
//
// NVPTX-LABEL: func.func @extend
// NVPTX: %[[W:.+]] = yoco.parameter_ref @packed.out : memref<300x16xbf16>
// NVPTX: yoco.launch @kernels::@target_logits_0({{.*}}, %[[W]])
// NVPTX: %[[A:.+]] = yoco.parameter_ref @packed.out rows 0 to 128 : memref<128x16xbf16>
// NVPTX: yoco.gemm %{{.+}}, %[[A]] {{.*}} -> ()
// NVPTX: %[[B:.+]] = yoco.parameter_ref @packed.out rows 128 to 256 : memref<128x16xbf16>
// NVPTX: yoco.gemm %{{.+}}, %[[B]]
// NVPTX: %[[C:.+]] = yoco.parameter_ref @packed.out rows 256 to 300 : memref<44x16xbf16>
// NVPTX: yoco.gemm %{{.+}}, %[[C]]
//
// PRODUCTS: gives logprobs of those from a position on
// PRODUCTS-DAG: library product of 44 x 16: called 1 times
// PRODUCTS-DAG: library product of 128 x 16: called 2 times

module attributes {yoco.phase = #yoco.phase<fused>, yoco.target = #yoco.target<"host", "x86-64-v3", f32>,
                   yoco.bounds = #yoco.bounds<seq = 32, batch = 2, chunk = 8, wanted = 4>} {
  yoco.parameter @embed : tensor<300x16xbf16> from "a" generated #yoco.random<seed = 1, stream = 0, scale = 1.0>
  yoco.parameter @out : tensor<300x16xbf16> from "b" generated #yoco.random<seed = 1, stream = 1, scale = 0.1>
  func.func @decode(%ids: tensor<?xi32>, %segments: !yoco.segments) -> tensor<?x300xf32>
      attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all>} {
    %x = yoco.fused_embed %ids table @embed {scale = 1.0 : f32} : (tensor<?xi32>) -> tensor<?x16xf32>
    %y = yoco.fused_linear %x weights [@out] {max_rows = 2 : i64} : (tensor<?x16xf32>) -> tensor<?x300xf32>
    return %y : tensor<?x300xf32>
  }
  func.func @extend(%ids: tensor<?xi32>, %segments: !yoco.segments, %targets: tensor<?xi32>) -> tensor<?x7xf32>
      attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logprobs = from w-0>} {
    %wanted = yoco.narrow_segments %segments {halo = 0 : i64}
    %all = yoco.fused_embed %ids table @embed {scale = 1.0 : f32} : (tensor<?xi32>) -> tensor<?x16xf32>
    %x = yoco.fused_narrow %all at %segments to %wanted : (tensor<?x16xf32>, !yoco.segments, !yoco.segments) -> tensor<?x16xf32>
    %t = yoco.fused_narrow %targets at %segments to %wanted : (tensor<?xi32>, !yoco.segments, !yoco.segments) -> tensor<?xi32>
    %l = yoco.fused_target_logits %x, %t weight @out : (tensor<?x16xf32>, tensor<?xi32>) -> tensor<?x1xf32>
    %a = yoco.fused_linear %x weights [@out] {first_row = 0 : i64} : (tensor<?x16xf32>) -> tensor<?x128xf32>
    %p = yoco.fused_logprobs %a, %t target_logits %l {best = 2 : i64, partial}
        : (tensor<?x128xf32>, tensor<?xi32>, tensor<?x1xf32>) -> tensor<?x9xf32>
    %b = yoco.fused_linear %x weights [@out] {first_row = 128 : i64} : (tensor<?x16xf32>) -> tensor<?x128xf32>
    %q = yoco.fused_logprobs %b, %t target_logits %l after %p {best = 2 : i64, partial}
        : (tensor<?x128xf32>, tensor<?xi32>, tensor<?x1xf32>, tensor<?x9xf32>) -> tensor<?x9xf32>
    %c = yoco.fused_linear %x weights [@out] {first_row = 256 : i64} : (tensor<?x16xf32>) -> tensor<?x44xf32>
    %r = yoco.fused_logprobs %c, %t target_logits %l after %q {best = 2 : i64}
        : (tensor<?x44xf32>, tensor<?xi32>, tensor<?x1xf32>, tensor<?x9xf32>) -> tensor<?x7xf32>
    return %r : tensor<?x7xf32>
  }
}
