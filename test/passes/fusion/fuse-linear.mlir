// Linears of one input become one product.
//
// RUN: yoco-opt %s --yoco-fuse-linear --split-input-file | FileCheck %s

// Three projections and their norm. Each result is a slice of the columns, in program order.
// CHECK-LABEL: func.func @group
// CHECK-SAME: %[[X:.+]]: tensor<?x8xf32>
// CHECK-NOT: yoco.norm
// CHECK: %[[P:.+]] = yoco.fused_linear %[[X]] weights [@a, @b, @a] {eps = 9.99999974E-6 : f32, norm_weight = @n, yoco.layer = "0"} : (tensor<?x8xf32>) -> tensor<?x20xf32>
// CHECK: %[[ROWS:.+]] = tensor.dim %[[X]], %{{.+}}
// CHECK: %[[A:.+]] = tensor.extract_slice %[[P]][0, 0] [%{{.+}}, 8] [1, 1] {yoco.layer = "0"} : tensor<?x20xf32> to tensor<?x8xf32>
// CHECK: %[[B:.+]] = tensor.extract_slice %[[P]][0, 8] [%{{.+}}, 4] [1, 1]
// CHECK: %[[C:.+]] = tensor.extract_slice %[[P]][0, 12] [%{{.+}}, 8] [1, 1]
// CHECK: return %[[A]], %[[B]], %[[C]]
module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
  yoco.parameter @n : tensor<8xf32> from "n"
  yoco.parameter @a : tensor<8x8xf32> from "a"
  yoco.parameter @b : tensor<4x8xf32> from "b"
  func.func @group(%x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x4xf32>, tensor<?x8xf32>) {
    %y = yoco.norm %x weight @n {eps = 1.0e-5 : f32} : tensor<?x8xf32>
    %0 = yoco.linear %y, @a {yoco.layer = "0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %1 = yoco.linear %y, @b : tensor<?x8xf32> -> tensor<?x4xf32>
    %2 = yoco.linear %y, @a : tensor<?x8xf32> -> tensor<?x8xf32>
    return %0, %1, %2 : tensor<?x8xf32>, tensor<?x4xf32>, tensor<?x8xf32>
  }

  // A group of one has no slices. The norm has no weight.
  // CHECK-LABEL: func.func @one
  // CHECK-NEXT: %[[P:.+]] = yoco.fused_linear %{{.+}} weights [@a] {eps = 0.000000e+00 : f32} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  // CHECK-NEXT: return %[[P]]
  func.func @one(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
    %y = yoco.norm %x {eps = 0.0 : f32} : tensor<?x8xf32>
    %0 = yoco.linear %y, @a : tensor<?x8xf32> -> tensor<?x8xf32>
    return %0 : tensor<?x8xf32>
  }

  // Something else needs the norm: it stays, and the group reads it.
  // CHECK-LABEL: func.func @norm_with_another_user
  // CHECK-NEXT: %[[Y:.+]] = yoco.norm
  // CHECK-NEXT: %[[P:.+]] = yoco.fused_linear %[[Y]] weights [@a] :
  // CHECK-NEXT: return %[[P]], %[[Y]]
  func.func @norm_with_another_user(%x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
    %y = yoco.norm %x {eps = 0.0 : f32} : tensor<?x8xf32>
    %0 = yoco.linear %y, @a : tensor<?x8xf32> -> tensor<?x8xf32>
    return %0, %y : tensor<?x8xf32>, tensor<?x8xf32>
  }
}

// -----

// One matrix has elements of one type, and one product gives rows of one type: four groups of one input. The norm serves them all.
// CHECK-LABEL: func.func @types
// CHECK: %[[Y:.+]] = yoco.norm
// CHECK: yoco.fused_linear %[[Y]] weights [@a, @c] : (tensor<?x8xf32>) -> tensor<?x12xf32>
// CHECK: yoco.fused_linear %[[Y]] weights [@b] : (tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: yoco.fused_linear %[[Y]] weights [@a] : (tensor<?x8xf32>) -> tensor<?x8xbf16>
module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
  yoco.parameter @a : tensor<8x8xf32> from "a"
  yoco.parameter @b : tensor<8x8xbf16> from "b"
  yoco.parameter @c : tensor<4x8xf32> from "c"
  func.func @types(%x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x4xf32>, tensor<?x8xbf16>) {
    %y = yoco.norm %x {eps = 0.0 : f32} : tensor<?x8xf32>
    %0 = yoco.linear %y, @a : tensor<?x8xf32> -> tensor<?x8xf32>
    %1 = yoco.linear %y, @b : tensor<?x8xf32> -> tensor<?x8xf32>
    %2 = yoco.linear %y, @c : tensor<?x8xf32> -> tensor<?x4xf32>
    %3 = yoco.linear %y, @a : tensor<?x8xf32> -> tensor<?x8xbf16>
    return %0, %1, %2, %3 : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x4xf32>, tensor<?x8xbf16>
  }
}

// -----

// A group stands where its first member stood, so its members are of one block; and a function needs no arguments.
// CHECK-LABEL: func.func @blocks()
// CHECK: %[[X:.+]] = tensor.splat
// CHECK: yoco.fused_linear %[[X]] weights [@a, @a] : (tensor<?x8xf32>) -> tensor<?x16xf32>
// CHECK: tensor.dim
// CHECK: scf.if
// CHECK: yoco.fused_linear %[[X]] weights [@a] : (tensor<?x8xf32>) -> tensor<?x8xf32>
module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
  yoco.parameter @a : tensor<8x8xf32> from "a"
  func.func @blocks() -> (tensor<?x8xf32>, tensor<?x8xf32>) {
    %true = arith.constant true
    %c = arith.constant 1.0 : f32
    %c4 = arith.constant 4 : index
    %x = tensor.splat %c[%c4] : tensor<?x8xf32>
    %0 = yoco.linear %x, @a : tensor<?x8xf32> -> tensor<?x8xf32>
    %1 = yoco.linear %x, @a : tensor<?x8xf32> -> tensor<?x8xf32>
    %2 = scf.if %true -> tensor<?x8xf32> {
      %3 = yoco.linear %x, @a : tensor<?x8xf32> -> tensor<?x8xf32>
      scf.yield %3 : tensor<?x8xf32>
    } else {
      scf.yield %0 : tensor<?x8xf32>
    }
    return %1, %2 : tensor<?x8xf32>, tensor<?x8xf32>
  }
}

// -----

// The input of one group is a result of another, taken after that has become a slice.
// CHECK-LABEL: func.func @chain
// CHECK: %[[P:.+]] = yoco.fused_linear %{{.+}} weights [@a, @a]
// CHECK: %[[S:.+]] = tensor.extract_slice %[[P]][0, 8]
// CHECK: yoco.fused_linear %[[S]] weights [@b]
module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
  yoco.parameter @a : tensor<8x8xf32> from "a"
  yoco.parameter @b : tensor<4x8xf32> from "b"
  func.func @chain(%x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x4xf32>) {
    %0 = yoco.linear %x, @a : tensor<?x8xf32> -> tensor<?x8xf32>
    %1 = yoco.linear %x, @a : tensor<?x8xf32> -> tensor<?x8xf32>
    %2 = yoco.linear %1, @b : tensor<?x8xf32> -> tensor<?x4xf32>
    return %0, %2 : tensor<?x8xf32>, tensor<?x4xf32>
  }
}

// -----

// When all members of a group have biases of one type, one sum over all columns adds them; the slices are taken after it.
// CHECK-LABEL: func.func @biases
// CHECK: %[[P:.+]] = yoco.fused_linear %{{.+}} weights [@a, @b] {yoco.layer = "0"}
// CHECK: %[[V:.+]] = yoco.parameter_vector [@ab, @bb] : tensor<12xbf16>
// CHECK: %[[S:.+]] = linalg.generic {{.+}} ins(%[[P]], %[[V]] : tensor<?x12xf32>, tensor<12xbf16>) outs(%{{.+}} : tensor<?x12xf32>) attrs = {yoco.layer = "0"}
// CHECK: arith.extf %{{.+}} : bf16 to f32
// CHECK: arith.addf
// CHECK: tensor.extract_slice %[[S]][0, 0]
// CHECK: tensor.extract_slice %[[S]][0, 8]
//
// Otherwise each is added to its own columns.
// CHECK-LABEL: func.func @one_bias
// CHECK: %[[P:.+]] = yoco.fused_linear %{{.+}} weights [@a, @b]
// CHECK: %[[L:.+]] = tensor.extract_slice %[[P]][0, 0]
// CHECK: %[[R:.+]] = tensor.extract_slice %[[P]][0, 8]
// CHECK: %[[V:.+]] = yoco.parameter_vector [@bb] : tensor<4xbf16>
// CHECK: %[[S:.+]] = linalg.generic {{.+}} ins(%[[R]], %[[V]] : tensor<?x4xf32>, tensor<4xbf16>)
// CHECK: return %[[L]], %[[S]]
module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
  yoco.parameter @a : tensor<8x8xf32> from "a"
  yoco.parameter @b : tensor<4x8xf32> from "b"
  yoco.parameter @ab : tensor<8xbf16> from "ab"
  yoco.parameter @bb : tensor<4xbf16> from "bb"
  func.func @biases(%x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x4xf32>) {
    %0 = yoco.linear %x, @a bias @ab {yoco.layer = "0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %1 = yoco.linear %x, @b bias @bb {yoco.layer = "0"} : tensor<?x8xf32> -> tensor<?x4xf32>
    return %0, %1 : tensor<?x8xf32>, tensor<?x4xf32>
  }
  func.func @one_bias(%x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x4xf32>) {
    %0 = yoco.linear %x, @a : tensor<?x8xf32> -> tensor<?x8xf32>
    %1 = yoco.linear %x, @b bias @bb : tensor<?x8xf32> -> tensor<?x4xf32>
    return %0, %1 : tensor<?x8xf32>, tensor<?x4xf32>
  }
}
