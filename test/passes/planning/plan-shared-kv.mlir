// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: yoco-opt %s --yoco-plan-shared-kv --split-input-file | FileCheck %s

// What grows comes first, the cache with the most readers at 0; then a record for each slot with what does not, in the order in
// which it is declared, at multiples of 64. Bytes, f32:
//   shared  1*4*4 = 16 for each position           0 .. 16
//   wide    1*4*8 = 32 for each position          16 .. 48
//   local   2*4*4 = 32 for each position          48 .. 80
//   state   2*4*4*4 = 128 for each slot            0 .. 128 of its record
//   ring    2*4*4 = 32, 3 positions: 96          128 .. 224, up to 256
// Products whose coefficient is no multiple of 64 are rounded up on their own and therefore stay apart in the sum.

!local = !yoco.cache<heads = 2, width = 4, element = f32, window = 0, layout = contiguous>
!shared = !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
!wide = !yoco.cache<heads = 1, width = 8, element = f32, window = 0, layout = contiguous>
!ring = !yoco.cache<heads = 2, width = 4, element = f32, window = 3, layout = contiguous>

// CHECK: yoco.state_decl @state : {{.*}} planes [#yoco.in_record<0>]
yoco.state_decl @state : !yoco.state<2x4x4xf32>
// CHECK: yoco.state_decl @local : {{.*}} planes [#yoco.size<16 * seq * batch + 32 * seq * batch>]
yoco.state_decl @local : !local
// CHECK: yoco.state_decl @ring : {{.*}} planes [#yoco.in_record<128>]
yoco.state_decl @ring : !ring
// CHECK: yoco.state_decl @shared : {{.*}} planes [#yoco.size<0>]
yoco.state_decl @shared : !shared
// CHECK: yoco.state_decl @wide : {{.*}} planes [#yoco.size<16 * seq * batch>]
yoco.state_decl @wide : !wide
// CHECK: yoco.arena @persistent
// CHECK-SAME: [#yoco.size<16 * seq * batch + 32 * seq * batch + 32 * seq * batch + 256 * batch>] records at <16 * seq * batch + 32 * seq * batch + 32 * seq * batch> stride 256
func.func @decode() attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = none>} {
  %ids = yoco.alloc <64 * batch> role ids : memref<?xi32>
  %seg = yoco.alloc <16 * batch> role segments : !yoco.segments
  %l = yoco.state_ref @local : !local
  %s = yoco.state_ref @shared : !shared
  %w = yoco.state_ref @wide : !wide
  %q = yoco.alloc <64 * batch> : memref<?x4xf32>
  %q2 = yoco.alloc <64 * batch> : memref<?x8xf32>
  %o = yoco.alloc <64 * batch> : memref<?x8xf32>
  yoco.fused_attention %q at %ids, %seg to %s, %w outs %o {scale = 0.5 : f32, heads = 1 : i64}
      : (memref<?x4xf32>, memref<?xi32>, !yoco.segments, !shared, !wide, memref<?x8xf32>) -> ()
  yoco.fused_attention %q at %ids, %seg to %s, %w outs %o {scale = 0.5 : f32, heads = 1 : i64}
      : (memref<?x4xf32>, memref<?xi32>, !yoco.segments, !shared, !wide, memref<?x8xf32>) -> ()
  yoco.fused_attention %q2 at %ids, %seg to %l, %l outs %o {scale = 0.5 : f32, heads = 2 : i64}
      : (memref<?x8xf32>, memref<?xi32>, !yoco.segments, !local, !local, memref<?x8xf32>) -> ()
  return
}

// -----

// Aligned coefficients add up: 2 * 64 * 4 = 512 for keys and for values, and 4 * 64 * 64 * 4 = 65536 for each of two states.

// CHECK: @keys : {{.*}} planes [#yoco.size<0>]
yoco.state_decl @keys : !yoco.cache<heads = 2, width = 64, element = f32, window = 0, layout = contiguous>
// CHECK: @values : {{.*}} planes [#yoco.size<512 * seq * batch>]
yoco.state_decl @values : !yoco.cache<heads = 2, width = 64, element = f32, window = 0, layout = contiguous>
// CHECK: @s0 : {{.*}} planes [#yoco.in_record<0>]
yoco.state_decl @s0 : !yoco.state<4x64x64xf32>
// CHECK: @s1 : {{.*}} planes [#yoco.in_record<65536>]
yoco.state_decl @s1 : !yoco.state<4x64x64xf32>
// An arena that is there is filled.
// CHECK: yoco.arena @persistent {{.*}}[#yoco.size<1024 * seq * batch + 131072 * batch>] records at <1024 * seq * batch> stride 131072
// CHECK-NOT: yoco.arena
yoco.arena @persistent persistent [#yoco.size<0>]

// -----

// Nothing to keep from step to step: an arena of no bytes and no records.

// CHECK: yoco.arena @persistent persistent [#yoco.size<0>]{{$}}
func.func @f() attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = none>} {
  return
}
