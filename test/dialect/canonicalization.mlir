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

// A decoder without layers is its operands.
// CHECK-LABEL: func.func @no_layers
// CHECK-SAME: %[[X:.+]]: tensor<?x8xf32>, %[[Y:.+]]: tensor<?x8xf32>
// CHECK-NEXT: return %[[Y]], %[[X]], %[[X]]
func.func @no_layers(%x: tensor<?x8xf32>, %y: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) {
  %0:2 = yoco.self_decoder %x, %y : tensor<?x8xf32>, tensor<?x8xf32> -> tensor<?x8xf32>, tensor<?x8xf32> {
  ^bb0(%a: tensor<?x8xf32>, %b: tensor<?x8xf32>):
    yoco.yield %b, %a : tensor<?x8xf32>, tensor<?x8xf32>
  }
  %1 = yoco.cross_decoder %0#1 sharing() : (tensor<?x8xf32>) -> tensor<?x8xf32> {
  ^bb0(%a: tensor<?x8xf32>):
    yoco.yield %a : tensor<?x8xf32>
  }
  return %0#0, %0#1, %1 : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>
}

// -----

// Inputs and results that are not used go, rows that pass through go around; what remains keeps its place and layer.
// CHECK-LABEL: func.func @narrow
// CHECK-SAME: %[[X:.+]]: tensor<?x8xf32>, %[[Y:.+]]: tensor<?x4xf32>, %[[Z:.+]]: tensor<?x2xf32>
// CHECK-NEXT: %[[D:.+]] = yoco.self_decoder %[[Y]] : tensor<?x4xf32> -> tensor<?x4xf32> attributes {yoco.layer = "l"} {
// CHECK-NEXT: ^bb0(%[[B:.+]]: tensor<?x4xf32>):
// CHECK-NEXT:   %[[S:.+]] = yoco.silu %[[B]]
// CHECK-NEXT:   yoco.yield %[[S]] : tensor<?x4xf32>
// CHECK-NEXT: }
// CHECK-NEXT: return %[[X]], %[[D]]
func.func @narrow(%x: tensor<?x8xf32>, %y: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> (tensor<?x8xf32>, tensor<?x4xf32>) {
  %0:3 = yoco.self_decoder %x, %y, %z : tensor<?x8xf32>, tensor<?x4xf32>, tensor<?x2xf32> -> tensor<?x8xf32>, tensor<?x2xf32>, tensor<?x4xf32> attributes {yoco.layer = "l"} {
  ^bb0(%a: tensor<?x8xf32>, %b: tensor<?x4xf32>, %c: tensor<?x2xf32>):
    %s = yoco.silu %b : tensor<?x4xf32>
    %t = yoco.silu %c : tensor<?x2xf32>
    yoco.yield %a, %t, %s : tensor<?x8xf32>, tensor<?x2xf32>, tensor<?x4xf32>
  }
  return %0#0, %0#2 : tensor<?x8xf32>, tensor<?x4xf32>
}

// -----

// What is shared twice is shared once, but what is shared stays apart from an input that is the same.
// CHECK-LABEL: func.func @share_once
// CHECK-SAME: %[[X:.+]]: tensor<?x2x4xf32>, %[[K:.+]]: tensor<?x2x4xf32>
// CHECK: yoco.cross_decoder %[[X]], %[[K]] sharing(%[[K]]) : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>) -> tensor<?x2x4xf32> {
// CHECK-NEXT: ^bb0(%[[A:.+]]: tensor<?x2x4xf32>, %[[B:.+]]: tensor<?x2x4xf32>, %[[S:.+]]: tensor<?x2x4xf32>):
// CHECK-NEXT:   yoco.attention %[[A]], %[[S]], %[[S]]
func.func @share_once(%x: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>) -> tensor<?x2x4xf32> {
  %0 = yoco.cross_decoder %x, %k sharing(%x, %k, %k)
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>) -> tensor<?x2x4xf32> {
  ^bb0(%a: tensor<?x2x4xf32>, %b: tensor<?x2x4xf32>, %unused: tensor<?x2x4xf32>, %k1: tensor<?x2x4xf32>, %v1: tensor<?x2x4xf32>):
    %o = yoco.attention %a, %k1, %v1 {scale = 1.0 : f32} : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32> -> tensor<?x2x4xf32>
    %s = arith.addf %o, %b : tensor<?x2x4xf32>
    yoco.yield %s : tensor<?x2x4xf32>
  }
  return %0 : tensor<?x2x4xf32>
}

// -----

// One operand stays, used or not; a decoder with it is complete.
// CHECK-LABEL: func.func @one_operand_stays
// CHECK: yoco.cross_decoder %{{.*}} sharing(%{{.*}}, %{{.*}})
// CHECK-NEXT: ^bb0(%{{.*}}: tensor<?x8xf32>,
func.func @one_operand_stays(%x: tensor<?x8xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x2x4xf32>) -> tensor<?x2x4xf32> {
  %0 = yoco.cross_decoder %x sharing(%k, %v) : (tensor<?x8xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>) -> tensor<?x2x4xf32> {
  ^bb0(%a: tensor<?x8xf32>, %k1: tensor<?x2x4xf32>, %v1: tensor<?x2x4xf32>):
    %o = yoco.attention %k1, %k1, %v1 {scale = 1.0 : f32} : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32> -> tensor<?x2x4xf32>
    yoco.yield %o : tensor<?x2x4xf32>
  }
  return %0 : tensor<?x2x4xf32>
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
