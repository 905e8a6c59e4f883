// Folds and canonical forms.
//
// RUN: yoco-opt %s --canonicalize --split-input-file | FileCheck %s

// Pairs of frequency 0 are not rotated.
// CHECK-LABEL: func.func @rope_without_rotation
// CHECK-SAME: %[[X:.+]]: tensor<?x2x4xf32>
// CHECK-NEXT: return %[[X]]
func.func @rope_without_rotation(%x: tensor<?x2x4xf32>, %pos: tensor<?xi32>) -> tensor<?x2x4xf32> {
  %0 = yoco.rope %x, %pos {rope = #yoco.rope<half, [0.0, -0.0]>} : tensor<?x2x4xf32>
  return %0 : tensor<?x2x4xf32>
}

// CHECK-LABEL: func.func @rope_with_rotation
// CHECK: yoco.rope
func.func @rope_with_rotation(%x: tensor<?x2x4xf32>, %pos: tensor<?xi32>) -> tensor<?x2x4xf32> {
  %0 = yoco.rope %x, %pos {rope = #yoco.rope<half, [0.0, 1.0]>} : tensor<?x2x4xf32>
  return %0 : tensor<?x2x4xf32>
}

// -----

// What gives rows has no effect: unused, it goes.
// CHECK-LABEL: func.func @dead
// CHECK-NEXT: return
func.func @dead(%x: tensor<?x2x4xf32>, %g: tensor<?x2xf32>) {
  %0 = yoco.attention %x, %x, %x {scale = 1.0 : f32} : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32> -> tensor<?x2x4xf32>
  %1 = yoco.gated_retention %0, %x, %x, %g {scale = 1.0 : f32} : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2xf32> -> tensor<?x2x4xf32>
  %2 = yoco.self_decoder %1 : tensor<?x2x4xf32> -> tensor<?x2x4xf32> {
  ^bb0(%a: tensor<?x2x4xf32>):
    %3 = yoco.silu %a : tensor<?x2x4xf32>
    yoco.yield %3 : tensor<?x2x4xf32>
  }
  return
}

// -----

// Fused operations have no effect on tensors, and one on buffers.
// CHECK-LABEL: func.func @fused
// CHECK-NEXT: yoco.fused_norm %{{.*}} outs
// CHECK-NEXT: return
func.func @fused(%x: tensor<?x8xf32>, %y: memref<?x8xf32>) {
  %0 = yoco.fused_norm %x {eps = 0.0 : f32} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  yoco.fused_norm %y outs %y {eps = 0.0 : f32} : (memref<?x8xf32>, memref<?x8xf32>) -> ()
  return
}

// -----

// CHECK-LABEL: func.func @copy_to_itself
// CHECK-SAME: %[[X:.+]]: memref<?x8xf32>, %[[Y:.+]]: memref<?x8xf32>
// CHECK-NEXT: yoco.copy %[[X]] to %[[Y]]
// CHECK-NEXT: return
func.func @copy_to_itself(%x: memref<?x8xf32>, %y: memref<?x8xf32>) {
  yoco.copy %x to %x : memref<?x8xf32>
  yoco.copy %x to %y : memref<?x8xf32>
  return
}
