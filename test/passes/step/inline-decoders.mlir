// Decoders give way to their contents; layers get the name of the region that they come from.
//
// RUN: yoco-opt %s --yoco-inline-decoders | FileCheck %s

// CHECK-LABEL: func.func @forward
// CHECK-SAME: %[[X:.+]]: tensor<?x2x4xf32>, %[[K:.+]]: tensor<?x2x4xf32>
// CHECK-NEXT: %[[A:.+]] = yoco.silu %[[X]] {yoco.layer = "self.0"}
// CHECK-NEXT: %[[B:.+]] = yoco.gelu %[[A]] {yoco.layer = "self_decoder"}
// CHECK-NEXT: %[[O:.+]] = yoco.attention %[[A]], %[[K]], %[[B]] {scale = 1.000000e+00 : f32, yoco.layer = "cross_decoder"}
// CHECK-NEXT: return %[[O]], %[[X]], %[[A]]
func.func @forward(%x: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>)
    -> (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>) {
  // Results are what is yielded: made inside, or passed through.
  %s:3 = yoco.self_decoder %x, %x : tensor<?x2x4xf32>, tensor<?x2x4xf32> -> tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32> {
  ^bb0(%a: tensor<?x2x4xf32>, %b: tensor<?x2x4xf32>):
    %0 = yoco.silu %a {yoco.layer = "self.0"} : tensor<?x2x4xf32>
    %1 = yoco.gelu %0 : tensor<?x2x4xf32>
    yoco.yield %0, %b, %1 : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>
  }
  // What is shared is read where it was made.
  %c = yoco.cross_decoder %s#0 sharing(%k, %s#2)
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>) -> tensor<?x2x4xf32> {
  ^bb0(%q: tensor<?x2x4xf32>, %k1: tensor<?x2x4xf32>, %v1: tensor<?x2x4xf32>):
    %o = yoco.attention %q, %k1, %v1 {scale = 1.0 : f32} : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32> -> tensor<?x2x4xf32>
    yoco.yield %o : tensor<?x2x4xf32>
  }
  // A decoder without layers leaves nothing.
  %d = yoco.cross_decoder %c sharing() : (tensor<?x2x4xf32>) -> tensor<?x2x4xf32> {
  ^bb0(%q: tensor<?x2x4xf32>):
    yoco.yield %q : tensor<?x2x4xf32>
  }
  return %d, %s#1, %s#0 : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>
}
