// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Row sets of an entry point in a model file: their tables and bounds, what is written in them, and the instructions that work on them.
// The loader takes them.
//
// RUN: yoco-opt %s --yoco-fused-to-planned --yoco-planned-to-program --yoco-emit=output=%t.yoco -o %t.mlir
// RUN: yoco-run %t.yoco --describe | FileCheck %s
// RUN: yoco-compile %s -o %t.planned.yoco --plan | FileCheck %s --check-prefix=PLAN
// RUN: sed 's/yoco.row_set 2/yoco.row_set 3/' %t.mlir | not yoco-opt --yoco-emit=output=%t.none 2>&1 | FileCheck %s --check-prefix=ORDER
// ORDER: expected set 2 next, got set 3
//
// PLAN: row set 1: those wanted and the 3 before them in each segment, at most 8
// PLAN-NEXT: row set 2: those wanted in each segment, at most 4
// PLAN: set 1: segments !yoco.segments
// PLAN: set 2: logits memref<?x20xf32>
// CHECK: entry extend: ragged rows, at most 8, gives logits of those from a position on, 9 instructions
// CHECK-NEXT: row set 1: those wanted and the 3 before them in each segment, at most 8, writes ring
// CHECK-NEXT: row set 2: those wanted in each segment, at most 4
// CHECK-NEXT: (no layer): 3, 3 of row set 1, 3 of row set 2

!ring = !yoco.cache<heads = 1, width = 8, element = f32, window = 4, layout = contiguous>
module attributes {yoco.phase = #yoco.phase<fused>, yoco.target = #yoco.target<"host", "x86-64-v3", f32>,
                   yoco.bounds = #yoco.bounds<seq = 32, batch = 2, chunk = 8, wanted = 4>} {
  yoco.parameter @embed : tensor<20x8xbf16> from "a" generated #yoco.random<seed = 1, stream = 0, scale = 1.0>
  yoco.parameter @out : tensor<20x8xbf16> from "b" generated #yoco.random<seed = 1, stream = 1, scale = 0.1>
  yoco.state_decl @other : !ring
  yoco.state_decl @ring : !ring
  // Rows that are looked up by their positions: a function of a table alone.
  func.func @extend(%ids: tensor<?xi32>, %segments: !yoco.segments, %o: !ring {yoco.state = @other}, %r: !ring {yoco.state = @ring})
      -> (tensor<?x20xf32>, !ring, !ring) attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = from w-0>} {
    %tail = yoco.narrow_segments %segments {halo = 3 : i64}
    %wanted = yoco.narrow_segments %segments {halo = 0 : i64}
    %all = yoco.fused_positions %ids at %segments : (tensor<?xi32>, !yoco.segments) -> tensor<?xi32>
    %a = yoco.fused_embed %all table @embed {scale = 1.0 : f32} : (tensor<?xi32>) -> tensor<?x8xf32>
    %o1 = yoco.fused_cache_write %a at %all, %segments to %o : (tensor<?x8xf32>, tensor<?xi32>, !yoco.segments, !ring) -> !ring
    %pos = yoco.fused_positions %ids at %tail : (tensor<?xi32>, !yoco.segments) -> tensor<?xi32>
    %k = yoco.fused_embed %pos table @embed {scale = 1.0 : f32} : (tensor<?xi32>) -> tensor<?x8xf32>
    %r1 = yoco.fused_cache_write %k at %pos, %tail to %r : (tensor<?x8xf32>, tensor<?xi32>, !yoco.segments, !ring) -> !ring
    %p = yoco.fused_positions %ids at %wanted : (tensor<?xi32>, !yoco.segments) -> tensor<?xi32>
    %x = yoco.fused_embed %p table @embed {scale = 1.0 : f32} : (tensor<?xi32>) -> tensor<?x8xf32>
    %y = yoco.fused_linear %x weights [@out] : (tensor<?x8xf32>) -> tensor<?x20xf32>
    return %y, %o1, %r1 : tensor<?x20xf32>, !ring, !ring
  }
}
