// Linear groups take in activations and residuals that nothing else stands in the way of.
//
// RUN: yoco-opt %s --yoco-fuse-epilogue | FileCheck %s

module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
yoco.parameter @a : tensor<8x8xf32> from "a"
yoco.parameter @b : tensor<8x8xf32> from "b"
yoco.parameter @c : tensor<4x8xf32> from "c"
yoco.parameter @d : tensor<12x8xf32> from "d"

// CHECK-LABEL: func.func @activation
// CHECK-NEXT: %[[A:.+]] = yoco.fused_linear %{{.+}} weights [@a] {activation = #yoco.activation<silu>, eps = 0.000000e+00 : f32}
// CHECK-NEXT: %[[B:.+]] = yoco.fused_linear %{{.+}} weights [@b] {activation = #yoco.activation<gelu>}
// CHECK-NEXT: return %[[A]], %[[B]]
func.func @activation(%x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %0 = yoco.fused_linear %x weights [@a] {eps = 0.0 : f32} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %1 = yoco.silu %0 : tensor<?x8xf32>
  %2 = yoco.fused_linear %x weights [@b] : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %3 = yoco.gelu %2 : tensor<?x8xf32>
  return %1, %3 : tensor<?x8xf32>, tensor<?x8xf32>
}

// The activation comes before the residual, on either side of the sum; a residual may have other users.
// CHECK-LABEL: func.func @residual
// CHECK-SAME: %[[X:.+]]: tensor<?x8xf32>
// CHECK-NEXT: %[[A:.+]] = yoco.fused_linear %[[X]] residual %[[X]] weights [@a] {activation = #yoco.activation<silu>}
// CHECK-NEXT: %[[B:.+]] = yoco.fused_linear %[[A]] residual %[[A]] weights [@b]
// CHECK-NEXT: return %[[A]], %[[B]]
func.func @residual(%x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %0 = yoco.fused_linear %x weights [@a] : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %1 = yoco.silu %0 : tensor<?x8xf32>
  %2 = arith.addf %x, %1 : tensor<?x8xf32>
  %3 = yoco.fused_linear %2 weights [@b] : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %4 = arith.addf %3, %2 : tensor<?x8xf32>
  return %2, %4 : tensor<?x8xf32>, tensor<?x8xf32>
}

// Two groups in one sum: one is the residual of the other.
// CHECK-LABEL: func.func @two_groups
// CHECK-NEXT: %[[A:.+]] = yoco.fused_linear %{{.+}} weights [@a]
// CHECK-NEXT: %[[B:.+]] = yoco.fused_linear %{{.+}} residual %[[A]] weights [@b]
// CHECK-NEXT: return %[[B]]
func.func @two_groups(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %0 = yoco.fused_linear %x weights [@a] : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %1 = yoco.fused_linear %x weights [@b] : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %2 = arith.addf %0, %1 : tensor<?x8xf32>
  return %2 : tensor<?x8xf32>
}

// silu(a y) * (b y), in either order: the weight of what is activated comes first.
// CHECK-LABEL: func.func @gated
// CHECK: %[[A:.+]] = yoco.fused_linear %{{.+}} weights [@a, @b] {activation = #yoco.activation<swiglu>} : (tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: %[[B:.+]] = yoco.fused_linear %{{.+}} residual %{{.+}} weights [@b, @a] {activation = #yoco.activation<geglu>, eps = 0.000000e+00 : f32}
// CHECK-NEXT: return %[[A]], %[[B]]
func.func @gated(%x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %c0 = arith.constant 0 : index
  %rows = tensor.dim %x, %c0 : tensor<?x8xf32>
  %0 = yoco.fused_linear %x weights [@a, @b] : (tensor<?x8xf32>) -> tensor<?x16xf32>
  %1 = tensor.extract_slice %0[0, 0] [%rows, 8] [1, 1] : tensor<?x16xf32> to tensor<?x8xf32>
  %2 = tensor.extract_slice %0[0, 8] [%rows, 8] [1, 1] : tensor<?x16xf32> to tensor<?x8xf32>
  %3 = yoco.silu %1 : tensor<?x8xf32>
  %4 = arith.mulf %3, %2 : tensor<?x8xf32>
  %5 = yoco.fused_linear %x weights [@a, @b] {eps = 0.0 : f32} : (tensor<?x8xf32>) -> tensor<?x16xf32>
  %6 = tensor.extract_slice %5[0, 0] [%rows, 8] [1, 1] : tensor<?x16xf32> to tensor<?x8xf32>
  %7 = tensor.extract_slice %5[0, 8] [%rows, 8] [1, 1] : tensor<?x16xf32> to tensor<?x8xf32>
  %8 = yoco.gelu %7 : tensor<?x8xf32>
  %9 = arith.mulf %6, %8 : tensor<?x8xf32>
  %10 = arith.addf %x, %9 : tensor<?x8xf32>
  return %4, %10 : tensor<?x8xf32>, tensor<?x8xf32>
}

// Nothing is taken in when the group's result, the activation or a half is used elsewhere.
// CHECK-LABEL: func.func @other_users
// CHECK: yoco.fused_linear %{{.+}} weights [@a] :
// CHECK: yoco.silu
// CHECK: yoco.fused_linear %{{.+}} weights [@b] :
// CHECK: arith.addf
// CHECK: yoco.fused_linear %{{.+}} weights [@a, @b] : (tensor<?x8xf32>) -> tensor<?x16xf32>
// CHECK: yoco.silu
// CHECK: arith.mulf
// CHECK: return
func.func @other_users(%x: tensor<?x8xf32>)
    -> (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) {
  %c0 = arith.constant 0 : index
  %rows = tensor.dim %x, %c0 : tensor<?x8xf32>
  %0 = yoco.fused_linear %x weights [@a] : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %1 = yoco.silu %0 : tensor<?x8xf32>
  %2 = yoco.fused_linear %x weights [@b] : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %3 = arith.addf %x, %2 : tensor<?x8xf32>
  %4 = yoco.fused_linear %x weights [@a, @b] : (tensor<?x8xf32>) -> tensor<?x16xf32>
  %5 = tensor.extract_slice %4[0, 0] [%rows, 8] [1, 1] : tensor<?x16xf32> to tensor<?x8xf32>
  %6 = tensor.extract_slice %4[0, 8] [%rows, 8] [1, 1] : tensor<?x16xf32> to tensor<?x8xf32>
  %7 = yoco.silu %5 : tensor<?x8xf32>
  %8 = arith.mulf %7, %6 : tensor<?x8xf32>
  return %0, %1, %2, %3, %6, %8 : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>
}

// A sum of a group's result with itself, a group that has a residual, an activation after the residual, and a constant in every
// element, which no kernel reads as rows.
// CHECK-LABEL: func.func @not_taken
// CHECK: yoco.fused_linear %{{.+}} weights [@a] :
// CHECK: arith.addf
// CHECK: yoco.fused_linear %{{.+}} residual %{{.+}} weights [@a] :
// CHECK: yoco.silu
// CHECK: yoco.fused_linear %{{.+}} weights [@b] :
// CHECK: arith.addf
func.func @not_taken(%x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) {
  %c0 = arith.constant 0 : index
  %rows = tensor.dim %x, %c0 : tensor<?x8xf32>
  %one = arith.constant 1.0 : f32
  %0 = yoco.fused_linear %x weights [@a] : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %1 = arith.addf %0, %0 : tensor<?x8xf32>
  %2 = yoco.fused_linear %x residual %x weights [@a] : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %3 = yoco.silu %2 : tensor<?x8xf32>
  %4 = yoco.fused_linear %x weights [@b] : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %5 = tensor.splat %one[%rows] : tensor<?x8xf32>
  %6 = arith.addf %5, %4 : tensor<?x8xf32>
  return %1, %3, %6 : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>
}

// Halves of unequal weights, slices that are no halves, that leave rows out, or whose place is not known.
// CHECK-LABEL: func.func @no_halves
// CHECK-NOT: swiglu
// CHECK: return
func.func @no_halves(%x: tensor<?x8xf32>, %i: index) -> (tensor<?x8xf32>, tensor<?x4xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) {
  %c0 = arith.constant 0 : index
  %rows = tensor.dim %x, %c0 : tensor<?x8xf32>
  %0 = yoco.fused_linear %x weights [@c, @d] : (tensor<?x8xf32>) -> tensor<?x16xf32>
  %1 = tensor.extract_slice %0[0, 0] [%rows, 8] [1, 1] : tensor<?x16xf32> to tensor<?x8xf32>
  %2 = tensor.extract_slice %0[0, 8] [%rows, 8] [1, 1] : tensor<?x16xf32> to tensor<?x8xf32>
  %3 = yoco.silu %1 : tensor<?x8xf32>
  %4 = arith.mulf %3, %2 : tensor<?x8xf32>
  %5 = yoco.fused_linear %x weights [@a, @b] : (tensor<?x8xf32>) -> tensor<?x16xf32>
  %6 = tensor.extract_slice %5[0, 0] [%rows, 4] [1, 1] : tensor<?x16xf32> to tensor<?x4xf32>
  %7 = tensor.extract_slice %5[0, 8] [%rows, 4] [1, 1] : tensor<?x16xf32> to tensor<?x4xf32>
  %8 = yoco.silu %6 : tensor<?x4xf32>
  %9 = arith.mulf %8, %7 : tensor<?x4xf32>
  %10 = yoco.fused_linear %x weights [@a, @b] : (tensor<?x8xf32>) -> tensor<?x16xf32>
  %11 = tensor.extract_slice %10[1, 0] [%i, 8] [1, 1] : tensor<?x16xf32> to tensor<?x8xf32>
  %12 = tensor.extract_slice %10[1, 8] [%i, 8] [1, 1] : tensor<?x16xf32> to tensor<?x8xf32>
  %13 = yoco.silu %11 : tensor<?x8xf32>
  %14 = arith.mulf %13, %12 : tensor<?x8xf32>
  %15 = yoco.fused_linear %x weights [@a, @b] : (tensor<?x8xf32>) -> tensor<?x16xf32>
  %16 = tensor.extract_slice %15[0, %i] [%rows, 8] [1, 1] : tensor<?x16xf32> to tensor<?x8xf32>
  %17 = tensor.extract_slice %15[0, 8] [%rows, 8] [1, 1] : tensor<?x16xf32> to tensor<?x8xf32>
  %18 = yoco.silu %16 : tensor<?x8xf32>
  %19 = arith.mulf %18, %17 : tensor<?x8xf32>
  // The same half twice.
  %20 = yoco.fused_linear %x weights [@a, @b] : (tensor<?x8xf32>) -> tensor<?x16xf32>
  %21 = tensor.extract_slice %20[0, 8] [%rows, 8] [1, 1] : tensor<?x16xf32> to tensor<?x8xf32>
  %22 = tensor.extract_slice %20[0, 8] [%rows, 8] [1, 1] : tensor<?x16xf32> to tensor<?x8xf32>
  %23 = yoco.silu %21 : tensor<?x8xf32>
  %24 = arith.mulf %23, %22 : tensor<?x8xf32>
  return %4, %9, %14, %19, %24 : tensor<?x8xf32>, tensor<?x4xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>
}
}
