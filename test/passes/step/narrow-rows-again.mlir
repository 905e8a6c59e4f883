// The query takes rows that are made again for the wanted ones, and others that are made again from these: what is made for one operand stands
// before what is made for the next.
//
// RUN: yoco-opt %s --split-input-file --yoco-derive-states=entries=extend --yoco-prune-rows --yoco-narrow-rows --yoco-verify-row-sets --yoco-verify-states | FileCheck %s
//
// CHECK-LABEL: func.func @extend
// CHECK: %[[X:.+]] = yoco.embed
// CHECK: yoco.linear %{{.+}}, @k
// CHECK: %[[W:.+]] = yoco.narrow %[[X]]
// CHECK-NEXT: %[[A:.+]] = yoco.silu %[[W]]
// CHECK-NEXT: %[[B:.+]] = yoco.silu %[[A]]
// CHECK-NEXT: %[[S:.+]] = arith.addf %[[A]], %[[B]]
// CHECK-NEXT: yoco.linear %[[S]], @q
// CHECK: arith.addf %[[W]], %

module attributes {yoco.phase = #yoco.phase<model>} {
  yoco.parameter @embed : tensor<32x16xbf16> from "embed"
  yoco.parameter @v : tensor<16x16xbf16> from "v"
  yoco.parameter @k : tensor<16x16xbf16> from "k"
  yoco.parameter @q : tensor<16x16xbf16> from "q"
  yoco.parameter @head : tensor<32x16xbf16> from "head"
  func.func @forward(%ids: tensor<?xi32>) -> tensor<?x32xf32> {
    %c0 = arith.constant 0 : index
    %rows = tensor.dim %ids, %c0 : tensor<?xi32>
    %x = yoco.embed %ids, @embed : tensor<?x16xf32>
    %a = yoco.silu %x : tensor<?x16xf32>
    %b = yoco.silu %a : tensor<?x16xf32>
    %v = yoco.linear %a, @v : tensor<?x16xf32> -> tensor<?x16xf32>
    %values = tensor.expand_shape %v [[0], [1, 2]] output_shape [%rows, 2, 8] : tensor<?x16xf32> into tensor<?x2x8xf32>
    %k = yoco.linear %b, @k : tensor<?x16xf32> -> tensor<?x16xf32>
    %keys = tensor.expand_shape %k [[0], [1, 2]] output_shape [%rows, 2, 8] : tensor<?x16xf32> into tensor<?x2x8xf32>
    %s = arith.addf %a, %b : tensor<?x16xf32>
    %q = yoco.linear %s, @q : tensor<?x16xf32> -> tensor<?x16xf32>
    %query = tensor.expand_shape %q [[0], [1, 2]] output_shape [%rows, 2, 8] : tensor<?x16xf32> into tensor<?x2x8xf32>
    %o = yoco.attention %query, %keys, %values {scale = 1.0 : f32} : tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32> -> tensor<?x2x8xf32>
    %y = tensor.collapse_shape %o [[0], [1, 2]] : tensor<?x2x8xf32> into tensor<?x16xf32>
    %z = arith.addf %x, %y : tensor<?x16xf32>
    %logits = yoco.linear %z, @head : tensor<?x16xf32> -> tensor<?x32xf32>
    return %logits : tensor<?x32xf32>
  }
}

// -----

// The number of rows is that of the query, which has fewer by now: keys and values of all rows have as many as there are ids.
//
// CHECK-LABEL: func.func @extend
// CHECK-SAME: %[[IDS:[a-z0-9]+]]: tensor<?xi32>
// CHECK: %[[W:.+]] = yoco.narrow %
// CHECK: %[[Q:.+]] = yoco.linear %[[W]], @q
// CHECK-DAG: %[[ALL:.+]] = tensor.dim %[[IDS]]
// CHECK-DAG: %[[SOME:.+]] = tensor.dim %[[Q]]
// CHECK: tensor.expand_shape %[[Q]] {{.*}} output_shape [%[[SOME]], 2, 8]
// CHECK: %[[K:.+]] = yoco.linear %{{.+}}, @k
// CHECK: tensor.expand_shape %[[K]] {{.*}} output_shape [%[[ALL]], 2, 8]

module attributes {yoco.phase = #yoco.phase<model>} {
  yoco.parameter @embed : tensor<32x16xbf16> from "embed"
  yoco.parameter @k : tensor<16x16xbf16> from "k"
  yoco.parameter @q : tensor<16x16xbf16> from "q"
  yoco.parameter @head : tensor<32x16xbf16> from "head"
  func.func @forward(%ids: tensor<?xi32>) -> tensor<?x32xf32> {
    %c0 = arith.constant 0 : index
    %x = yoco.embed %ids, @embed : tensor<?x16xf32>
    %q = yoco.linear %x, @q : tensor<?x16xf32> -> tensor<?x16xf32>
    %rows = tensor.dim %q, %c0 : tensor<?x16xf32>
    %query = tensor.expand_shape %q [[0], [1, 2]] output_shape [%rows, 2, 8] : tensor<?x16xf32> into tensor<?x2x8xf32>
    %k = yoco.linear %x, @k : tensor<?x16xf32> -> tensor<?x16xf32>
    %keys = tensor.expand_shape %k [[0], [1, 2]] output_shape [%rows, 2, 8] : tensor<?x16xf32> into tensor<?x2x8xf32>
    %o = yoco.attention %query, %keys, %keys {scale = 1.0 : f32} : tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32> -> tensor<?x2x8xf32>
    %y = tensor.collapse_shape %o [[0], [1, 2]] : tensor<?x2x8xf32> into tensor<?x16xf32>
    %logits = yoco.linear %y, @head : tensor<?x16xf32> -> tensor<?x32xf32>
    return %logits : tensor<?x32xf32>
  }
}
