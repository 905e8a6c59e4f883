// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A fused operation of a dialect that the passes do not know is outlined and lowered by the kernels that were registered for it
// (ToyKernel.cpp).
//
// RUN: yoco-toys-opt %s --yoco-outline-kernels --yoco-lower-host --yoco-lower-nvptx --split-input-file | FileCheck %s

// CHECK: yoco.launch @kernels::@scale_0({{.+}}) tiles <rows, divisor = 8, multiplier = 1>
// CHECK: yoco.launch @kernels::@scale_0(
// CHECK: func.func @scale_0
// CHECK: scf.for
// CHECK: %[[X:.+]] = vector.load %{{.+}} : memref<?x16xf32>, vector<8xf32>
// CHECK: arith.mulf %[[X]], %{{.+}} : vector<8xf32>
module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
  yoco.arena @scratch scratch [#yoco.size<192 * chunk>]
  func.func @prefill() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
    %x = yoco.view @scratch at <0> size <64 * chunk> : memref<?x16xf32>
    %y = yoco.view @scratch at <64 * chunk> size <64 * chunk> : memref<?x16xf32>
    %z = yoco.view @scratch at <128 * chunk> size <64 * chunk> : memref<?x16xf32>
    toy_kernel.scale %x outs %y {factor = 2.0 : f32} : (memref<?x16xf32>, memref<?x16xf32>) -> ()
    toy_kernel.scale %y outs %z {factor = 2.0 : f32} : (memref<?x16xf32>, memref<?x16xf32>) -> ()
    return
  }
}

// -----

// The kernel of the sm_90a image has other blocks than that of the sm_80 image.
//
// CHECK: yoco.launch @kernels::@scale_0({{.+}}) tiles <rows, divisor = 1, multiplier = 2>
// CHECK: gpu.func @scale_0
// CHECK-SAME: yoco.images = {sm_80 = {shared_bytes = 0 : i64, threads = 32 : i64},
// CHECK-SAME: sm_90a = {cluster = 2 : i64, shared_bytes = 0 : i64, threads = 64 : i64}}
// CHECK: llvm.call @yoco_begin()
// CHECK: gpu.block_id x
// CHECK: gpu.block_dim x
// CHECK: scf.for
// CHECK: arith.mulf
// CHECK: llvm.store
module attributes {yoco.target = #yoco.target<"nvptx", "sm_90a", f32>} {
  yoco.arena @scratch scratch [#yoco.size<128 * chunk>]
  func.func @prefill() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
    %x = yoco.view @scratch at <0> size <64 * chunk> : memref<?x16xf32>
    %y = yoco.view @scratch at <64 * chunk> size <64 * chunk> : memref<?x16xf32>
    toy_kernel.scale %x outs %y {factor = 2.0 : f32} : (memref<?x16xf32>, memref<?x16xf32>) -> ()
    return
  }
}
