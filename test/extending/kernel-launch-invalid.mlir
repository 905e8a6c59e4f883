// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Launches that the chip of an image cannot do.
//
// RUN: yoco-toys-opt %s --yoco-outline-kernels --yoco-lower-nvptx --split-input-file --verify-diagnostics

module attributes {yoco.target = #yoco.target<"nvptx", "sm_90a", f32>} {
  yoco.arena @scratch scratch [#yoco.size<128 * chunk>]
  func.func @prefill() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
    %x = yoco.view @scratch at <0> size <64 * chunk> : memref<?x16xf32>
    %y = yoco.view @scratch at <64 * chunk> size <64 * chunk> : memref<?x16xf32>
    // expected-error @+1 {{expected a kernel with at most 166912 bytes of shared memory on sm_80, got 200000}}
    toy_kernel.scale %x outs %y {factor = 2.0 : f32, toy_kernel.shared_bytes = 200000} : (memref<?x16xf32>, memref<?x16xf32>) -> ()
    return
  }
}

// -----

module attributes {yoco.target = #yoco.target<"nvptx", "sm_86", f32>} {
  yoco.arena @scratch scratch [#yoco.size<128 * chunk>]
  func.func @prefill() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
    %x = yoco.view @scratch at <0> size <64 * chunk> : memref<?x16xf32>
    %y = yoco.view @scratch at <64 * chunk> size <64 * chunk> : memref<?x16xf32>
    // expected-error @+1 {{expected a kernel with at most 101376 bytes of shared memory on sm_86, got 120000}}
    toy_kernel.scale %x outs %y {factor = 2.0 : f32, toy_kernel.shared_bytes = 120000} : (memref<?x16xf32>, memref<?x16xf32>) -> ()
    return
  }
}

// -----

module attributes {yoco.target = #yoco.target<"nvptx", "sm_90a", f32>} {
  yoco.arena @scratch scratch [#yoco.size<128 * chunk>]
  func.func @prefill() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
    %x = yoco.view @scratch at <0> size <64 * chunk> : memref<?x16xf32>
    %y = yoco.view @scratch at <64 * chunk> size <64 * chunk> : memref<?x16xf32>
    // expected-error @+1 {{expected no clusters on sm_80, got clusters of 2}}
    toy_kernel.scale %x outs %y {factor = 2.0 : f32, toy_kernel.cluster = 2} : (memref<?x16xf32>, memref<?x16xf32>) -> ()
    return
  }
}

// -----

module attributes {yoco.target = #yoco.target<"nvptx", "sm_90a", f32>} {
  yoco.arena @scratch scratch [#yoco.size<128 * chunk>]
  func.func @prefill() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
    %x = yoco.view @scratch at <0> size <64 * chunk> : memref<?x16xf32>
    %y = yoco.view @scratch at <64 * chunk> size <64 * chunk> : memref<?x16xf32>
    // expected-error @+1 {{expected tiles whose multiplier is a multiple of the 3 blocks of a cluster, got #yoco.tiles<rows, divisor = 1, multiplier = 2>}}
    toy_kernel.scale %x outs %y {factor = 2.0 : f32, toy_kernel.cluster = 3} : (memref<?x16xf32>, memref<?x16xf32>) -> ()
    return
  }
}
