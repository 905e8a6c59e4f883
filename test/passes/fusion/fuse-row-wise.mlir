// What no other fusion took in becomes kernels: one for each positions, embedding, norm and rope, one for each elementwise chain.
//
// RUN: yoco-opt %s --yoco-fuse-row-wise --split-input-file --verify-diagnostics | FileCheck %s

#rope = #yoco.rope<half, [1.0, 0.5]>
yoco.parameter @e : tensor<16x8xf32> from "e"
yoco.parameter @n : tensor<8xf32> from "n"
yoco.parameter @h : tensor<4xf32> from "h"

// Heads are side by side in a kernel's rows.
// CHECK-LABEL: func.func @kernels
// CHECK-SAME: %[[IDS:.+]]: tensor<?xi32>, %[[SEG:.+]]: !yoco.segments, %[[X:.+]]: tensor<?x2x4xf32>
// CHECK: %[[POS:.+]] = yoco.fused_positions %[[IDS]] at %[[SEG]]
// CHECK: %[[E:.+]] = yoco.fused_embed %[[IDS]] table @e {scale = 2.000000e+00 : f32, yoco.layer = "embed"}
// CHECK: yoco.fused_norm %[[E]] weight @n {eps = 0.000000e+00 : f32}
// CHECK: %[[F:.+]] = tensor.collapse_shape %[[X]] {{\[\[}}0], [1, 2]]
// CHECK: %[[N:.+]] = yoco.fused_norm %[[F]] weight @h {eps = 0.000000e+00 : f32, groups = 2 : i64}
// CHECK: yoco.fused_rope %{{.+}}, %[[POS]] {heads = 2 : i64, rope = #{{.+}}} : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
// CHECK-NOT: yoco.{{norm|rope|embed|positions}}
func.func @kernels(%ids: tensor<?xi32>, %seg: !yoco.segments, %x: tensor<?x2x4xf32>) -> (tensor<?x8xf32>, tensor<?x2x4xf32>) {
  %pos = yoco.positions %ids at %seg : tensor<?xi32>
  %e = yoco.embed %ids, @e {scale = 2.0 : f32, yoco.layer = "embed"} : tensor<?x8xf32>
  %0 = yoco.norm %e weight @n {eps = 0.0 : f32} : tensor<?x8xf32>
  %1 = yoco.norm %x weight @h {eps = 0.0 : f32} : tensor<?x2x4xf32>
  %2 = yoco.rope %1, %pos {rope = #rope} : tensor<?x2x4xf32>
  return %0, %2 : tensor<?x8xf32>, tensor<?x2x4xf32>
}

// One chain: a constant in every element moves into the body, on either side.
// CHECK-LABEL: func.func @chain
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel", "parallel"]} ins(%{{.+}}, %{{.+}} : tensor<?x8xf32>, tensor<?x8xf32>)
// CHECK: math.exp
// CHECK: arith.divf
// CHECK: arith.subf %{{.+}}, %[[C:.+]] : f32
// CHECK: arith.mulf %{{.+}}, %{{.+}} fastmath<nnan> : f32
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @chain(%x: tensor<?x8xf32>, %y: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %c0 = arith.constant 0 : index
  %rows = tensor.dim %x, %c0 : tensor<?x8xf32>
  %c = arith.constant 3.0 : f32
  %s = tensor.splat %c[%rows] : tensor<?x8xf32>
  %0 = yoco.silu %x : tensor<?x8xf32>
  %1 = arith.subf %0, %s : tensor<?x8xf32>
  %2 = arith.mulf %1, %y fastmath<nnan> : tensor<?x8xf32>
  return %2 : tensor<?x8xf32>
}

// What has two users is made once, by a chain of its own.
// CHECK-LABEL: func.func @two_users
// CHECK-COUNT-3: linalg.generic
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @two_users(%x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %0 = math.exp %x : tensor<?x8xf32>
  %1 = yoco.gelu %0 : tensor<?x8xf32>
  %2 = yoco.log_sigmoid %0 : tensor<?x8xf32>
  return %1, %2 : tensor<?x8xf32>, tensor<?x8xf32>
}

// Operands may be scalars, and elements of other types.
// CHECK-LABEL: func.func @select
// CHECK-SAME: %[[B:[^:]+]]: i1
// CHECK: linalg.generic
// CHECK: arith.cmpf olt
// CHECK: arith.select %[[B]]
func.func @select(%x: tensor<?x8xf32>, %y: tensor<?x8xf32>, %b: i1) -> tensor<?x8xf32> {
  %0 = arith.cmpf olt, %x, %y : tensor<?x8xf32>
  %1 = arith.select %0, %x, %y : tensor<?x8xi1>, tensor<?x8xf32>
  %2 = arith.select %b, %1, %y : tensor<?x8xf32>
  return %2 : tensor<?x8xf32>
}

// Functions need no arguments.
// CHECK-LABEL: func.func @no_arguments()
// CHECK: linalg.generic
func.func @no_arguments() -> tensor<?x8xf32> {
  %c4 = arith.constant 4 : index
  %x = tensor.empty(%c4) : tensor<?x8xf32>
  %0 = math.exp %x : tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// -----

func.func @model(%ids: tensor<?xi32>) -> tensor<?xi32> {
  // expected-error @+1 {{expected positions of a step, with segments, got none}}
  %pos = yoco.positions %ids : tensor<?xi32>
  return %pos : tensor<?xi32>
}

// -----

// A head norm whose product with a swish gate has no other user takes that in; the greedy choice is a kernel.
// CHECK-LABEL: func.func @gated_norm
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<?x8xf32>, %[[G:[a-z0-9]+]]: tensor<?x8xf32>
// CHECK-NOT: linalg.generic
// CHECK: %[[Y:.+]] = yoco.fused_norm %[[X]] swish %[[G]] {eps = 9.99999974E-6 : f32, groups = 2 : i64} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: %[[I:.+]] = yoco.fused_argmax %[[Y]] : (tensor<?x8xf32>) -> tensor<?xi32>
// CHECK: return %[[I]]
func.func @gated_norm(%x: tensor<?x8xf32>, %g: tensor<?x8xf32>, %ids: tensor<?xi32>) -> tensor<?xi32> {
  %c0 = arith.constant 0 : index
  %rows = tensor.dim %ids, %c0 : tensor<?xi32>
  %h = tensor.expand_shape %x [[0], [1, 2]] output_shape [%rows, 2, 4] : tensor<?x8xf32> into tensor<?x2x4xf32>
  %n = yoco.norm %h {eps = 1.0e-5 : f32} : tensor<?x2x4xf32>
  %f = tensor.collapse_shape %n [[0], [1, 2]] : tensor<?x2x4xf32> into tensor<?x8xf32>
  %s = yoco.silu %g : tensor<?x8xf32>
  %m = arith.mulf %s, %f : tensor<?x8xf32>
  %i = yoco.argmax %m : tensor<?x8xf32> -> tensor<?xi32>
  return %i : tensor<?xi32>
}

// -----

// A norm that no kernel was written for is arithmetic on rows: two sums along the row, and what is made of them for each element. The
// sums are numbers of a row, which are not computed again for every column.
// CHECK-LABEL: func.func @layer_norm
// CHECK-SAME: %[[X:.+]]: tensor<?x8xf32>
// CHECK: %[[M:.+]] = linalg.generic {{.*}}iterator_types = ["parallel", "reduction"]} ins(%[[X]] : tensor<?x8xf32>) {{.*}}yoco.layer = "0"
// CHECK: %[[V:.+]] = linalg.generic {{.*}}iterator_types = ["parallel", "reduction"]} ins(%[[X]], %[[M]] : tensor<?x8xf32>, tensor<?x1xf32>)
// CHECK: arith.subf
// CHECK: arith.mulf
// CHECK: %[[W:.+]] = yoco.parameter_vector [@w] : tensor<8xbf16>
// CHECK: %[[B:.+]] = yoco.parameter_vector [@b] : tensor<8xf32>
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel", "parallel"]} ins(%[[X]], %[[M]], %[[V]], %[[W]], %[[B]] :
// CHECK: math.rsqrt
// CHECK-NOT: linalg.generic
yoco.parameter @w : tensor<8xbf16> from "w"
yoco.parameter @b : tensor<8xf32> from "b"
func.func @layer_norm(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %0 = yoco.norm %x weight @w bias @b {eps = 1.0e-5 : f32, kind = #yoco.norm_kind<layer>, yoco.layer = "0"} : tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// Every head has its own.
// CHECK-LABEL: func.func @heads
// CHECK-COUNT-2: iterator_types = ["parallel", "parallel", "reduction"]
// CHECK: iterator_types = ["parallel", "parallel", "parallel"]
func.func @heads(%x: tensor<?x2x4xf32>) -> tensor<?x2x4xf32> {
  %0 = yoco.norm %x {eps = 1.0e-5 : f32, kind = #yoco.norm_kind<layer>} : tensor<?x2x4xf32>
  return %0 : tensor<?x2x4xf32>
}
