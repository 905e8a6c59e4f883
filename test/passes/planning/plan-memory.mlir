// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: yoco-opt %s --yoco-plan-memory --split-input-file --verify-diagnostics | FileCheck %s --check-prefixes=CHECK,PACKED
// RUN: yoco-opt %s --yoco-plan-memory=mode=naive --split-input-file --verify-diagnostics | FileCheck %s --check-prefixes=CHECK,NAIVE
// RUN: not yoco-opt %s --yoco-plan-memory=mode=best --split-input-file 2>&1 | FileCheck %s --check-prefix=MODE
// MODE: yoco-plan-memory: expected `packed` or `naive` as `mode`, got `best`

// A chain of four copies, one instruction each. Sizes are coefficients of `chunk`.
//
//   buffer  bytes  alive       packed, the largest first                naive
//   a         640   0 - 1      0                                          64
//   b         256   1 - 2      640: a is below                            704
//   c         128   2 - 3      0: a is gone, b is at 640                  960
//   ids        64   start - 0  640: a is below, b is not yet there        0
//   d          64   3 - 3      128: c is below                            1088
//   end                        640 + 256 = 896                            1152
// The segment table grows with `batch` alone: it stands in front, 16 rounded up to 64.

// PACKED: yoco.arena @scratch {{.*}}[#yoco.size<64 * batch + 896 * chunk>]
// NAIVE: yoco.arena @scratch {{.*}}[#yoco.size<64 * batch + 1152 * chunk>]
yoco.parameter @t : tensor<8x160xf32> from "t"
yoco.parameter @u : tensor<64x160xf32> from "u"
yoco.parameter @v : tensor<32x64xf32> from "v"
yoco.parameter @w : tensor<16x32xf32> from "w"
// CHECK-LABEL: func.func @chain
func.func @chain() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
  // PACKED: yoco.view @scratch at <64 * batch + 640 * chunk> size <64 * chunk> role ids
  // NAIVE: yoco.view @scratch at <64 * batch> size <64 * chunk> role ids
  %ids = yoco.alloc <64 * chunk> role ids : memref<?xi32>
  // CHECK: yoco.view @scratch at <0> size <16 * batch> role segments
  %seg = yoco.alloc <16 * batch> role segments : !yoco.segments
  // PACKED: yoco.view @scratch at <64 * batch> size <640 * chunk>
  // NAIVE: yoco.view @scratch at <64 * batch + 64 * chunk> size <640 * chunk>
  %a = yoco.alloc <640 * chunk> : memref<?x160xf32>
  yoco.fused_embed %ids table @t outs %a {scale = 1.0 : f32} : (memref<?xi32>, memref<?x160xf32>) -> ()
  // PACKED: yoco.view @scratch at <64 * batch + 640 * chunk> size <256 * chunk>
  // NAIVE: yoco.view @scratch at <64 * batch + 704 * chunk> size <256 * chunk>
  %b = yoco.alloc <256 * chunk> : memref<?x64xf32>
  yoco.fused_linear %a weights [@u] outs %b : (memref<?x160xf32>, memref<?x64xf32>) -> ()
  // PACKED: yoco.view @scratch at <64 * batch> size <128 * chunk>
  // NAIVE: yoco.view @scratch at <64 * batch + 960 * chunk> size <128 * chunk>
  %c = yoco.alloc <128 * chunk> : memref<?x32xf32>
  yoco.fused_linear %b weights [@v] outs %c : (memref<?x64xf32>, memref<?x32xf32>) -> ()
  // PACKED: yoco.view @scratch at <64 * batch + 128 * chunk> size <64 * chunk>
  // NAIVE: yoco.view @scratch at <64 * batch + 1088 * chunk> size <64 * chunk>
  %d = yoco.alloc <64 * chunk> : memref<?x16xf32>
  yoco.fused_linear %c weights [@w] outs %d : (memref<?x32xf32>, memref<?x16xf32>) -> ()
  return
}

// -----

// Best fit, the largest first: p, then q and s, then r and e, in the order of their appearance.
//
//   buffer  bytes  alive      what is alive with it and has a place       offset
//   p         512   0 - 1     nothing                                     0
//   q         256   1 - 4     p at 0 .. 512                               512
//   s         256   3 - 4     q at 512 .. 768                             0
//   r         128   2 - 3     s at 0 .. 256, q at 512 .. 768: the gap     256
//   e         128   4 - 4     s at 0 .. 256, q at 512 .. 768: the gap     256 (r is gone)
//   ids        64   start - 0 p at 0 .. 512                               512
// In all 768, naive 512 + 256 + 256 + 128 + 128 + 64 = 1344. Two entry points share the arena, each from 0 on: it lists a
// size for each.

// PACKED: yoco.arena @scratch {{.*}}[#yoco.size<768 * wanted>, #yoco.size<128 * batch>]
// NAIVE: yoco.arena @scratch {{.*}}[#yoco.size<1344 * wanted>, #yoco.size<192 * batch>]
func.func private @k0(index, index, index, index, index, memref<?xi32>, memref<?x128xf32>)
func.func private @k1(index, index, index, index, index, memref<?x128xf32>, memref<?x64xf32>)
func.func private @k3(index, index, index, index, index, memref<?x32xf32>, memref<?x64xf32>)
func.func private @k4(index, index, index, index, index, memref<?x64xf32>, memref<?x64xf32>, memref<?x32xf32>)
// CHECK-LABEL: func.func @gaps
func.func @gaps() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = wanted, logits = none>} {
  // PACKED: at <512 * wanted> size <64 * wanted> role ids
  %ids = yoco.alloc <64 * wanted> role ids : memref<?xi32>
  // PACKED: at <0> size <512 * wanted>
  %p = yoco.alloc <512 * wanted> : memref<?x128xf32>
  // PACKED: at <512 * wanted> size <256 * wanted>
  %q = yoco.alloc <256 * wanted> : memref<?x64xf32>
  // PACKED: at <256 * wanted> size <128 * wanted>
  %r = yoco.alloc <128 * wanted> : memref<?x32xf32>
  // PACKED: at <0> size <256 * wanted>
  %s = yoco.alloc <256 * wanted> : memref<?x64xf32>
  // PACKED: at <256 * wanted> size <128 * wanted>
  %e = yoco.alloc <128 * wanted> : memref<?x32xf32>
  yoco.launch @k0(%ids, %p) tiles <rows, divisor = 1, multiplier = 1> : memref<?xi32>, memref<?x128xf32>
  yoco.launch @k1(%p, %q) tiles <rows, divisor = 1, multiplier = 1> : memref<?x128xf32>, memref<?x64xf32>
  yoco.copy %r to %r : memref<?x32xf32>
  yoco.launch @k3(%r, %s) tiles <rows, divisor = 1, multiplier = 1> : memref<?x32xf32>, memref<?x64xf32>
  yoco.launch @k4(%q, %s, %e) tiles <rows, divisor = 1, multiplier = 1>
      : memref<?x64xf32>, memref<?x64xf32>, memref<?x32xf32>
  return
}

// Logits stay until the end, ids are there from the start; what is between them may use neither's bytes. A view keeps its
// buffer alive: `x` is used by the last copy through `%h`.
//   ids 64, alive start - 0, at 0; x 64, alive 1 - 2, at 0 too; logits 64, alive 2 - end, at 64.
// CHECK-LABEL: func.func @views
func.func @views() attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all>} {
  // PACKED: at <0> size <64 * batch> role ids
  %ids = yoco.alloc <64 * batch> role ids : memref<?xi32>
  // PACKED: at <0> size <64 * batch> : memref<?x2x4xf32>
  %x = yoco.alloc <64 * batch> : memref<?x2x4xf32>
  // PACKED: at <64 * batch> size <64 * batch> role logits
  %y = yoco.alloc <64 * batch> role logits : memref<?x8xf32>
  yoco.copy %ids to %ids : memref<?xi32>
  %h = memref.collapse_shape %x [[0], [1, 2]] : memref<?x2x4xf32> into memref<?x8xf32>
  yoco.copy %x to %x : memref<?x2x4xf32>
  yoco.copy %h to %y : memref<?x8xf32>
  return
}

// -----

func.func @f() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
  // expected-error @+1 {{expected a size of one product, got #yoco.size<64 * chunk + 64 * batch>}}
  %x = yoco.alloc <64 * chunk + 64 * batch> : memref<?x4xf32>
  // expected-error @+1 {{expected a size of one product, got #yoco.size<0>}}
  %y = yoco.alloc <0> : memref<?x4xf32>
  return
}
