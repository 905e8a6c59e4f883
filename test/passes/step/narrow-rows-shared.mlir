// Two attentions share the cache of their values, and one of them has a window: all caches grow. Its reads of them are in the set of the rows
// that are wanted, like its query, although keys and values of rows before these are looked at.
//
// RUN: yoco-opt %s --yoco-derive-states=entries=extend --yoco-prune-rows --yoco-narrow-rows --yoco-verify-row-sets --yoco-verify-states | FileCheck %s
//
// CHECK-LABEL: func.func @extend
// CHECK-SAME: %[[IDS:[a-z0-9]+]]: tensor<?xi32>, %[[ALL:[a-z0-9]+]]: !yoco.segments
// CHECK-NEXT: %[[WANTED:.+]] = yoco.narrow_segments %[[ALL]] {halo = 0 : i64}
// CHECK-NOT: yoco.narrow_segments
// CHECK: yoco.step_attention %{{.+}} at %[[ALL]] past
// CHECK: %[[KEYS:.+]] = yoco.linear {{.*}} @k1
// CHECK: %[[Q:.+]] = yoco.narrow %{{.+}} at %[[ALL]] to %[[WANTED]]
// CHECK-NEXT: yoco.linear %[[Q]], @q1
// CHECK: yoco.cache_write %{{.+}}, %{{.+}} at %[[ALL]]
// CHECK: yoco.cache_read %{{.+}} at %[[WANTED]]
// CHECK-NEXT: yoco.cache_read %{{.+}} at %[[WANTED]]
// CHECK-NEXT: yoco.step_attention %{{.+}} at %[[WANTED]] past(%{{.+}}, %{{.+}}) {{.*}}window = 3

module attributes {yoco.phase = #yoco.phase<model>} {
  yoco.parameter @embed : tensor<32x16xbf16> from "embed"
  yoco.parameter @v : tensor<16x16xbf16> from "v"
  yoco.parameter @k0 : tensor<16x16xbf16> from "k0"
  yoco.parameter @k1 : tensor<16x16xbf16> from "k1"
  yoco.parameter @q1 : tensor<16x16xbf16> from "q1"
  yoco.parameter @head : tensor<32x16xbf16> from "head"
  func.func @forward(%ids: tensor<?xi32>) -> tensor<?x32xf32> {
    %c0 = arith.constant 0 : index
    %rows = tensor.dim %ids, %c0 : tensor<?xi32>
    %x = yoco.embed %ids, @embed : tensor<?x16xf32>
    %v = yoco.linear %x, @v : tensor<?x16xf32> -> tensor<?x16xf32>
    %values = tensor.expand_shape %v [[0], [1, 2]] output_shape [%rows, 2, 8] : tensor<?x16xf32> into tensor<?x2x8xf32>
    %k0 = yoco.linear %x, @k0 : tensor<?x16xf32> -> tensor<?x16xf32>
    %keys0 = tensor.expand_shape %k0 [[0], [1, 2]] output_shape [%rows, 2, 8] : tensor<?x16xf32> into tensor<?x2x8xf32>
    %a = yoco.attention %keys0, %keys0, %values {scale = 1.0 : f32} : tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32> -> tensor<?x2x8xf32>
    %y = tensor.collapse_shape %a [[0], [1, 2]] : tensor<?x2x8xf32> into tensor<?x16xf32>
    %k1 = yoco.linear %y, @k1 : tensor<?x16xf32> -> tensor<?x16xf32>
    %keys1 = tensor.expand_shape %k1 [[0], [1, 2]] output_shape [%rows, 2, 8] : tensor<?x16xf32> into tensor<?x2x8xf32>
    %q1 = yoco.linear %y, @q1 : tensor<?x16xf32> -> tensor<?x16xf32>
    %query1 = tensor.expand_shape %q1 [[0], [1, 2]] output_shape [%rows, 2, 8] : tensor<?x16xf32> into tensor<?x2x8xf32>
    %b = yoco.attention %query1, %keys1, %values {scale = 1.0 : f32, window = 3 : i64} : tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32> -> tensor<?x2x8xf32>
    %z = tensor.collapse_shape %b [[0], [1, 2]] : tensor<?x2x8xf32> into tensor<?x16xf32>
    %logits = yoco.linear %z, @head : tensor<?x16xf32> -> tensor<?x32xf32>
    return %logits : tensor<?x32xf32>
  }
}
