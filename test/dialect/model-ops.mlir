// Operations of phase `model` print as they parse: pretty, generic and as bytecode.
//
// RUN: yoco-opt %s --verify-roundtrip | FileCheck %s
// RUN: yoco-opt %s --mlir-print-op-generic | yoco-opt | FileCheck %s
// RUN: yoco-opt %s --emit-bytecode | yoco-opt | FileCheck %s

// Frequencies are long, so they get a name at the top.
// CHECK: #[[ROPE:.+]] = #yoco.rope<half, [1.000000e+00, 9.99999974E-5]>
#rope = #yoco.rope<half, [1.0, 1.0e-4]>

// CHECK: yoco.parameter @embed : tensor<32x8xbf16> from "embed_tokens.weight"
yoco.parameter @embed : tensor<32x8xbf16> from "embed_tokens.weight"
// CHECK: yoco.parameter @made : tensor<16x8xf16> from "w" generated <seed = 1, stream = 7, scale = 6.250000e-02>
yoco.parameter @made : tensor<16x8xf16> from "w" generated <seed = 1, stream = 7, scale = 0.0625>
// CHECK: yoco.parameter @n : tensor<8xf32> from "n"
yoco.parameter @n : tensor<8xf32> from "n"

// CHECK-LABEL: func.func @row_wise
// CHECK-SAME: %[[IDS:.+]]: tensor<?xi32>, %[[X:.+]]: tensor<?x8xf32>, %[[H:.+]]: tensor<?x2x4xf32>
func.func @row_wise(%ids: tensor<?xi32>, %x: tensor<?x8xf32>, %h: tensor<?x2x4xf32>) {
  // CHECK: %[[POS:.+]] = yoco.positions %[[IDS]] : tensor<?xi32>
  %pos = yoco.positions %ids : tensor<?xi32>
  // CHECK: yoco.embed %[[IDS]], @embed : tensor<?x8xf32>
  %0 = yoco.embed %ids, @embed : tensor<?x8xf32>
  // CHECK: yoco.embed %[[IDS]], @embed {scale = 1.600000e+01 : f32} : tensor<?x8xbf16>
  %1 = yoco.embed %ids, @embed {scale = 16.0 : f32} : tensor<?x8xbf16>
  // CHECK: yoco.linear %[[X]], @made {yoco.layer = "self.0"} : tensor<?x8xf32> -> tensor<?x16xf32>
  %2 = yoco.linear %x, @made {yoco.layer = "self.0"} : tensor<?x8xf32> -> tensor<?x16xf32>
  // CHECK: yoco.norm %[[X]] weight @n {eps = 9.99999974E-6 : f32} : tensor<?x8xf32>
  %3 = yoco.norm %x weight @n {eps = 1.0e-5 : f32} : tensor<?x8xf32>
  // The kind is the default.
  // CHECK: yoco.norm %[[H]] {eps = 0.000000e+00 : f32} : tensor<?x2x4xf32>
  %4 = yoco.norm %h {eps = 0.0 : f32, kind = #yoco.norm_kind<rms>} : tensor<?x2x4xf32>
  // CHECK: yoco.rope %[[H]], %[[POS]] {rope = #[[ROPE]]} : tensor<?x2x4xf32>
  %5 = yoco.rope %h, %pos {rope = #rope} : tensor<?x2x4xf32>
  // CHECK: yoco.silu %[[X]] : tensor<?x8xf32>
  %6 = yoco.silu %x : tensor<?x8xf32>
  // CHECK: yoco.gelu %[[H]] : tensor<?x2x4xf32>
  %7 = yoco.gelu %h : tensor<?x2x4xf32>
  // CHECK: yoco.log_sigmoid %[[X]] : tensor<?x8xf32>
  %8 = yoco.log_sigmoid %x : tensor<?x8xf32>
  return
}

// CHECK-LABEL: func.func @mixers
// CHECK-SAME: %[[Q:.+]]: tensor<?x4x4xbf16>, %[[K:.+]]: tensor<?x2x4xbf16>, %[[V:.+]]: tensor<?x2x6xbf16>, %[[G:.+]]: tensor<?x2xf32>
func.func @mixers(%q: tensor<?x4x4xbf16>, %k: tensor<?x2x4xbf16>, %v: tensor<?x2x6xbf16>, %g: tensor<?x2xf32>) {
  // CHECK: yoco.attention %[[Q]], %[[K]], %[[V]] {scale = 5.000000e-01 : f32} : tensor<?x4x4xbf16>, tensor<?x2x4xbf16>, tensor<?x2x6xbf16> -> tensor<?x4x6xbf16>
  %0 = yoco.attention %q, %k, %v {scale = 0.5 : f32}
      : tensor<?x4x4xbf16>, tensor<?x2x4xbf16>, tensor<?x2x6xbf16> -> tensor<?x4x6xbf16>
  // CHECK: yoco.attention {{.*}} {scale = 5.000000e-01 : f32, window = 3 : i64}
  %1 = yoco.attention %q, %k, %v {scale = 0.5 : f32, window = 3 : i64}
      : tensor<?x4x4xbf16>, tensor<?x2x4xbf16>, tensor<?x2x6xbf16> -> tensor<?x4x6xbf16>
  // CHECK: yoco.gated_retention %[[K]], %[[K]], %[[V]], %[[G]] {scale = 5.000000e-01 : f32} : tensor<?x2x4xbf16>, tensor<?x2x4xbf16>, tensor<?x2x6xbf16>, tensor<?x2xf32> -> tensor<?x2x6xbf16>
  %2 = yoco.gated_retention %k, %k, %v, %g {scale = 0.5 : f32}
      : tensor<?x2x4xbf16>, tensor<?x2x4xbf16>, tensor<?x2x6xbf16>, tensor<?x2xf32> -> tensor<?x2x6xbf16>
  return
}

// CHECK-LABEL: func.func @decoders
// CHECK-SAME: %[[X:.+]]: tensor<?x8xf32>, %[[H:.+]]: tensor<?x2x4xf32>
func.func @decoders(%x: tensor<?x8xf32>, %h: tensor<?x2x4xf32>) -> tensor<?x2x4xf32> {
  // CHECK: %[[S:.+]]:2 = yoco.self_decoder %[[X]], %[[H]] : tensor<?x8xf32>, tensor<?x2x4xf32> -> tensor<?x2x4xf32>, tensor<?x8xf32> attributes {yoco.layer = "self"} {
  // CHECK-NEXT: ^bb0(%[[A:.+]]: tensor<?x8xf32>, %[[B:.+]]: tensor<?x2x4xf32>):
  // CHECK-NEXT: yoco.yield %[[B]], %[[A]] : tensor<?x2x4xf32>, tensor<?x8xf32>
  %s:2 = yoco.self_decoder %x, %h : tensor<?x8xf32>, tensor<?x2x4xf32> -> tensor<?x2x4xf32>, tensor<?x8xf32>
      attributes {yoco.layer = "self"} {
  ^bb0(%a: tensor<?x8xf32>, %b: tensor<?x2x4xf32>):
    yoco.yield %b, %a : tensor<?x2x4xf32>, tensor<?x8xf32>
  }
  // CHECK: yoco.cross_decoder %[[S]]#0 sharing(%[[H]], %[[H]]) : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>) -> tensor<?x2x4xf32> {
  %c = yoco.cross_decoder %s#0 sharing(%h, %h)
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>) -> tensor<?x2x4xf32> {
  ^bb0(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x2x4xf32>):
    %o = yoco.attention %q, %k, %v {scale = 0.5 : f32}
        : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32> -> tensor<?x2x4xf32>
    yoco.yield %o : tensor<?x2x4xf32>
  }
  // Nothing need be shared.
  // CHECK: yoco.cross_decoder %{{.*}} sharing() : (tensor<?x2x4xf32>) -> tensor<?x2x4xf32> {
  %d = yoco.cross_decoder %c sharing() : (tensor<?x2x4xf32>) -> tensor<?x2x4xf32> {
  ^bb0(%q: tensor<?x2x4xf32>):
    yoco.yield %q : tensor<?x2x4xf32>
  }
  return %d : tensor<?x2x4xf32>
}

yoco.parameter @matrix : tensor<8x8xf32> from "matrix"
yoco.parameter @vector : tensor<8xbf16> from "vector"
// CHECK-LABEL: func.func @biases
func.func @biases(%x: tensor<?x8xf32>, %column: tensor<?x1xf32>) -> tensor<?x8xf32> {
  // CHECK: yoco.linear %{{.*}}, @matrix bias @vector : tensor<?x8xf32> -> tensor<?x8xf32>
  %0 = yoco.linear %x, @matrix bias @vector : tensor<?x8xf32> -> tensor<?x8xf32>
  // CHECK: yoco.norm %{{.*}} weight @vector bias @vector {eps = 0.000000e+00 : f32, kind = #yoco.norm_kind<layer>} : tensor<?x8xf32>
  %1 = yoco.norm %0 weight @vector bias @vector {eps = 0.0 : f32, kind = #yoco.norm_kind<layer>} : tensor<?x8xf32>
  // CHECK: yoco.soft_cap %{{.*}} {cap = 3.000000e+01 : f32} : tensor<?x8xf32>
  %2 = yoco.soft_cap %1 {cap = 30.0 : f32} : tensor<?x8xf32>
  // CHECK: yoco.scale %{{.*}} by [@vector] : tensor<?x8xf32>
  %3 = yoco.scale %2 by [@vector] : tensor<?x8xf32>
  // CHECK: yoco.broadcast %{{.*}} : tensor<?x1xf32> -> tensor<?x8xf32>
  %wide = yoco.broadcast %column : tensor<?x1xf32> -> tensor<?x8xf32>
  // CHECK: yoco.sigmoid %{{.*}} : tensor<?x8xf32>
  %4 = yoco.sigmoid %wide : tensor<?x8xf32>
  return %4 : tensor<?x8xf32>
}
