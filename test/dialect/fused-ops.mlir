// Fused operations, on tensors (phase `fused`) and on buffers (phase `planned`), print as they parse.
//
// RUN: yoco-opt %s --verify-roundtrip | FileCheck %s
// RUN: yoco-opt %s --mlir-print-op-generic | yoco-opt | FileCheck %s
// RUN: yoco-opt %s --emit-bytecode | yoco-opt | FileCheck %s

!kv = !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
!ring = !yoco.cache<heads = 1, width = 4, element = f32, window = 3, layout = contiguous>
!wide = !yoco.cache<heads = 1, width = 8, element = f32, window = 0, layout = contiguous>
#rope = #yoco.rope<interleaved, [1.0, 1.0e-4]>
yoco.parameter @embed : tensor<32x8xbf16> from "e"
yoco.parameter @a : tensor<8x8xbf16> from "a"
yoco.parameter @b : tensor<8x8xbf16> from "b"
yoco.parameter @n : tensor<8xbf16> from "n"
yoco.parameter @nh : tensor<4xbf16> from "nh"

// CHECK-LABEL: func.func @tensors
func.func @tensors(%ids: tensor<?xi32>, %seg: !yoco.segments, %kv: !kv, %wide: !wide, %ring: !ring, %s: !yoco.state<2x4x4xf32>,
                   %x: tensor<?x8xf32>, %k: tensor<?x4xf32>, %g: tensor<?x2xf32>) {
  // CHECK: %[[POS:.+]] = yoco.fused_positions %{{.*}} at %{{.*}} : (tensor<?xi32>, !yoco.segments) -> tensor<?xi32>
  %pos = yoco.fused_positions %ids at %seg : (tensor<?xi32>, !yoco.segments) -> tensor<?xi32>
  // CHECK: yoco.fused_narrow %{{.*}} at %[[SEG:.*]] to %[[SEG]] : (tensor<?x8xf32>, !yoco.segments, !yoco.segments) -> tensor<?x8xf32>
  %tail = yoco.fused_narrow %x at %seg to %seg : (tensor<?x8xf32>, !yoco.segments, !yoco.segments) -> tensor<?x8xf32>
  // CHECK: yoco.fused_embed %{{.*}} table @embed {scale = 1.600000e+01 : f32} : (tensor<?xi32>) -> tensor<?x8xf32>
  %0 = yoco.fused_embed %ids table @embed {scale = 16.0 : f32} : (tensor<?xi32>) -> tensor<?x8xf32>
  // CHECK: yoco.fused_norm %{{.*}} {eps = 9.99999974E-6 : f32} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %1 = yoco.fused_norm %x {eps = 1.0e-5 : f32} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  // CHECK: yoco.fused_norm %{{.*}} weight @nh {eps = 9.99999974E-6 : f32, groups = 2 : i64}
  %2 = yoco.fused_norm %x weight @nh {eps = 1.0e-5 : f32, groups = 2 : i64} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  // CHECK: yoco.fused_rope %{{.*}}, %[[POS]] {heads = 2 : i64, rope = #{{.*}}} : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  %3 = yoco.fused_rope %x, %pos {heads = 2 : i64, rope = #rope} : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  // CHECK: yoco.fused_linear %{{.*}} weights [@a] : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %4 = yoco.fused_linear %x weights [@a] : (tensor<?x8xf32>) -> tensor<?x8xf32>
  // CHECK: yoco.fused_linear %{{.*}} residual %{{.*}} weights [@a, @b] {activation = #yoco.activation<swiglu>, eps = 9.99999974E-6 : f32, norm_weight = @n} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %5 = yoco.fused_linear %x residual %x weights [@a, @b]
      {eps = 1.0e-5 : f32, norm_weight = @n, activation = #yoco.activation<swiglu>}
      : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  // CHECK: yoco.fused_retention %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} at %[[POS]], %{{.*}} from %{{.*}} {scale = 5.000000e-01 : f32} : (
  // CHECK-SAME: tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x2xf32>, tensor<?xi32>, !yoco.segments, !yoco.state<2x4x4xf32>) -> (tensor<?x8xf32>, !yoco.state<2x4x4xf32>)
  %6, %s1 = yoco.fused_retention %x, %x, %x, %g at %pos, %seg from %s {scale = 0.5 : f32}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x2xf32>, tensor<?xi32>, !yoco.segments,
         !yoco.state<2x4x4xf32>) -> (tensor<?x8xf32>, !yoco.state<2x4x4xf32>)
  // CHECK: yoco.fused_retention {{.*}} swish %{{.*}} {eps = 9.99999974E-6 : f32, gate_divisor = 1.600000e+01 : f32, rope = #{{.*}}, scale = 5.000000e-01 : f32, span = 64 : i64}
  %7, %s2 = yoco.fused_retention %x, %x, %x, %g at %pos, %seg from %s1 swish %x
      {scale = 0.5 : f32, gate_divisor = 16.0 : f32, eps = 1.0e-5 : f32, span = 64 : i64, rope = #rope}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x2xf32>, tensor<?xi32>, !yoco.segments,
         !yoco.state<2x4x4xf32>, tensor<?x8xf32>) -> (tensor<?x8xf32>, !yoco.state<2x4x4xf32>)
  // CHECK: yoco.fused_attention %{{.*}} at %[[POS]], %{{.*}} to %[[C:.*]], %[[C]] {heads = 2 : i64, rope = #{{.*}}, scale = 5.000000e-01 : f32, window = 2 : i64}
  %8 = yoco.fused_attention %x at %pos, %seg to %kv, %kv {scale = 0.5 : f32, heads = 2 : i64, rope = #rope, window = 2 : i64}
      : (tensor<?x8xf32>, tensor<?xi32>, !yoco.segments, !kv, !kv) -> tensor<?x8xf32>
  // CHECK: yoco.fused_attention {{.*}} to %{{.*}} fresh(%{{.*}}, %{{.*}}) {heads = 2 : i64, scale = 5.000000e-01 : f32, window = 3 : i64}
  %9 = yoco.fused_attention %x at %pos, %seg to %ring, %ring fresh(%k, %k) {scale = 0.5 : f32, heads = 2 : i64, window = 3 : i64}
      : (tensor<?x8xf32>, tensor<?xi32>, !yoco.segments, !ring, !ring, tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x8xf32>
  // CHECK: yoco.fused_cache_write %{{.*}} at %[[POS]], %{{.*}} to %[[C]] {rope = #{{.*}}} : (
  %10 = yoco.fused_cache_write %k at %pos, %seg to %kv {rope = #rope}
      : (tensor<?x4xf32>, tensor<?xi32>, !yoco.segments, !kv) -> !kv
  // CHECK: yoco.fused_cache_write %{{.*}}, %{{.*}} at %[[POS]], %{{.*}} to %[[C]], %[[V:.*]] : (
  %11:2 = yoco.fused_cache_write %k, %x at %pos, %seg to %kv, %wide
      : (tensor<?x4xf32>, tensor<?x8xf32>, tensor<?xi32>, !yoco.segments, !kv, !wide) -> (!kv, !wide)
  return
}

// CHECK-LABEL: func.func @buffers
func.func @buffers(%ids: memref<?xi32>, %pos: memref<?xi32>, %seg: !yoco.segments, %kv: !kv, %wide: !wide, %ring: !ring,
                   %s: !yoco.state<2x4x4xf32>, %x: memref<?x8xf32>, %k: memref<?x4xf32, strided<[12, 1], offset: 8>>,
                   %g: memref<?x2xf32>, %y: memref<?x8xf32>) {
  // CHECK: yoco.fused_positions %{{.*}} at %{{.*}} outs %{{.*}} : (memref<?xi32>, !yoco.segments, memref<?xi32>) -> ()
  yoco.fused_positions %ids at %seg outs %pos : (memref<?xi32>, !yoco.segments, memref<?xi32>) -> ()
  // CHECK: yoco.fused_narrow %{{.*}} at %{{.*}} to %{{.*}} outs %{{.*}} : (memref<?x8xf32>, !yoco.segments, !yoco.segments, memref<?x8xf32>) -> ()
  yoco.fused_narrow %x at %seg to %seg outs %y : (memref<?x8xf32>, !yoco.segments, !yoco.segments, memref<?x8xf32>) -> ()
  // CHECK: yoco.fused_embed %{{.*}} table @embed outs %{{.*}} {scale
  yoco.fused_embed %ids table @embed outs %x {scale = 16.0 : f32} : (memref<?xi32>, memref<?x8xf32>) -> ()
  // CHECK: yoco.fused_norm %{{.*}} weight @n outs %{{.*}} {eps
  yoco.fused_norm %x weight @n outs %y {eps = 1.0e-5 : f32} : (memref<?x8xf32>, memref<?x8xf32>) -> ()
  // CHECK: yoco.fused_rope %{{.*}}, %{{.*}} outs %{{.*}} {heads
  yoco.fused_rope %x, %pos outs %y {heads = 2 : i64, rope = #rope} : (memref<?x8xf32>, memref<?xi32>, memref<?x8xf32>) -> ()
  // CHECK: yoco.fused_linear %{{.*}} residual %{{.*}} weights [@a] outs %{{.*}} : (memref<?x8xf32>, memref<?x8xf32>, memref<?x8xf32>) -> ()
  yoco.fused_linear %x residual %x weights [@a] outs %y : (memref<?x8xf32>, memref<?x8xf32>, memref<?x8xf32>) -> ()
  // CHECK: yoco.fused_retention {{.*}} from %{{.*}} swish %{{.*}} outs %{{.*}} {scale
  yoco.fused_retention %x, %x, %x, %g at %pos, %seg from %s swish %x outs %y {scale = 0.5 : f32}
      : (memref<?x8xf32>, memref<?x8xf32>, memref<?x8xf32>, memref<?x2xf32>, memref<?xi32>, !yoco.segments,
         !yoco.state<2x4x4xf32>, memref<?x8xf32>, memref<?x8xf32>) -> ()
  // CHECK: yoco.fused_attention {{.*}} to %{{.*}} fresh(%{{.*}}, %{{.*}}) outs %{{.*}} {heads
  yoco.fused_attention %x at %pos, %seg to %ring, %ring fresh(%k, %k) outs %y {scale = 0.5 : f32, heads = 2 : i64, window = 3 : i64}
      : (memref<?x8xf32>, memref<?xi32>, !yoco.segments, !ring, !ring, memref<?x4xf32, strided<[12, 1], offset: 8>>,
         memref<?x4xf32, strided<[12, 1], offset: 8>>, memref<?x8xf32>) -> ()
  // CHECK: yoco.fused_cache_write {{.*}} to %{{.*}}, %{{.*}} : ({{.*}}) -> ()
  yoco.fused_cache_write %k, %x at %pos, %seg to %kv, %wide
      : (memref<?x4xf32, strided<[12, 1], offset: 8>>, memref<?x8xf32>, memref<?xi32>, !yoco.segments, !kv, !wide) -> ()
  return
}

!shared = !yoco.cache<heads = 1, width = 4, element = bf16, window = 0, layout = contiguous>
// CHECK-LABEL: func.func @for_gpus
func.func @for_gpus(%x: tensor<?x8xf32>, %pos: tensor<?xi32>, %seg: !yoco.segments, %c: !shared) {
  // CHECK: yoco.fused_norm %[[X:.+]] swish %[[X]] {eps = 0.000000e+00 : f32, groups = 2 : i64} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xbf16>
  %0 = yoco.fused_norm %x swish %x {eps = 0.0 : f32, groups = 2 : i64} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xbf16>
  // CHECK: yoco.fused_linear %[[X]] weights [@a] {max_rows = 4 : i64}
  %1 = yoco.fused_linear %x weights [@a] {max_rows = 4 : i64} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  // CHECK: %[[P:.+]] = yoco.fused_attention %{{.+}} {heads = 2 : i64, scale = 5.000000e-01 : f32, splits = 3 : i64}
  %2 = yoco.fused_attention %x at %pos, %seg to %c, %c {scale = 0.5 : f32, heads = 2 : i64, splits = 3 : i64}
      : (tensor<?x8xf32>, tensor<?xi32>, !yoco.segments, !shared, !shared) -> tensor<?x36xf32>
  // CHECK: yoco.fused_attention_merge %[[P]] at %{{.+}} {heads = 2 : i64, splits = 3 : i64} : (tensor<?x36xf32>, !yoco.segments) -> tensor<?x8xbf16>
  %3 = yoco.fused_attention_merge %2 at %seg {heads = 2 : i64, splits = 3 : i64} : (tensor<?x36xf32>, !yoco.segments) -> tensor<?x8xbf16>
  return
}

// CHECK-LABEL: func.func @for_gpus_on_buffers
func.func @for_gpus_on_buffers(%x: memref<?x8xbf16>, %y: memref<?x8xf32>, %p: memref<?x36xf32>, %seg: !yoco.segments,
                               %m: memref<64xi8>) {
  // CHECK: yoco.fused_linear %{{.+}} residual %{{.+}} weights [@a] workspace %{{.+}} outs %{{.+}} : (memref<?x8xbf16>, memref<?x8xf32>, memref<64xi8>, memref<?x8xf32>) -> ()
  yoco.fused_linear %x residual %y weights [@a] workspace %m outs %y : (memref<?x8xbf16>, memref<?x8xf32>, memref<64xi8>, memref<?x8xf32>) -> ()
  // CHECK: yoco.fused_attention_merge %{{.+}} at %{{.+}} outs %{{.+}} {heads
  yoco.fused_attention_merge %p at %seg outs %x {heads = 2 : i64, splits = 3 : i64} : (memref<?x36xf32>, !yoco.segments, memref<?x8xbf16>) -> ()
  // CHECK: yoco.fused_norm %{{.+}} swish %{{.+}} outs %{{.+}} {eps
  yoco.fused_norm %y swish %y outs %x {eps = 0.0 : f32} : (memref<?x8xf32>, memref<?x8xf32>, memref<?x8xbf16>) -> ()
  return
}

// CHECK-LABEL: func.func @argmax
func.func @argmax(%x: tensor<?x8xf32>, %y: memref<?x8xf32>, %ids: memref<?xi32>) {
  // CHECK: yoco.fused_argmax %{{.+}} : (tensor<?x8xf32>) -> tensor<?xi32>
  %i = yoco.fused_argmax %x : (tensor<?x8xf32>) -> tensor<?xi32>
  // CHECK: yoco.fused_argmax %{{.+}} outs %{{.+}} : (memref<?x8xf32>, memref<?xi32>) -> ()
  yoco.fused_argmax %y outs %ids : (memref<?x8xf32>, memref<?xi32>) -> ()
  return
}

yoco.parameter @left : tensor<8xbf16> from "left"
yoco.parameter @right : tensor<4xbf16> from "right"
// CHECK-LABEL: func.func @vectors
func.func @vectors() -> (tensor<12xbf16>, memref<4xbf16>) {
  // CHECK: yoco.parameter_vector [@left, @right] : tensor<12xbf16>
  %0 = yoco.parameter_vector [@left, @right] : tensor<12xbf16>
  // CHECK: yoco.parameter_vector [@right] : memref<4xbf16>
  %1 = yoco.parameter_vector [@right] : memref<4xbf16>
  return %0, %1 : tensor<12xbf16>, memref<4xbf16>
}

// CHECK-LABEL: func.func @logprobs
func.func @logprobs(%x: tensor<?x8xf32>, %t: tensor<?xi32>, %y: memref<?x8xf32>, %u: memref<?xi32>, %one: memref<?x1xf32>,
                    %some: memref<?x9xf32>, %all: memref<?x7xf32>) {
  // CHECK: %[[L:.+]] = yoco.fused_target_logits %{{.+}}, %{{.+}} weight @a : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x1xf32>
  %l = yoco.fused_target_logits %x, %t weight @a : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x1xf32>
  // CHECK: yoco.fused_linear %{{.+}} weights [@a] {first_row = 4 : i64} : (tensor<?x8xf32>) -> tensor<?x4xf32>
  %m = yoco.fused_linear %x weights [@a] {first_row = 4 : i64} : (tensor<?x8xf32>) -> tensor<?x4xf32>
  // CHECK: yoco.fused_logprobs %{{.+}}, %{{.+}} {best = 2 : i64} : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x7xf32>
  %p = yoco.fused_logprobs %x, %t {best = 2 : i64} : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x7xf32>
  // CHECK: %[[P:.+]] = yoco.fused_logprobs %{{.+}}, %{{.+}} target_logits %[[L]] {best = 2 : i64, partial} : (tensor<?x8xf32>, tensor<?xi32>, tensor<?x1xf32>) -> tensor<?x9xf32>
  %q = yoco.fused_logprobs %x, %t target_logits %l {best = 2 : i64, partial}
      : (tensor<?x8xf32>, tensor<?xi32>, tensor<?x1xf32>) -> tensor<?x9xf32>
  // CHECK: yoco.fused_logprobs %{{.+}}, %{{.+}} target_logits %[[L]] after %[[P]] {best = 2 : i64} : (
  %r = yoco.fused_logprobs %m, %t target_logits %l after %q {best = 2 : i64}
      : (tensor<?x4xf32>, tensor<?xi32>, tensor<?x1xf32>, tensor<?x9xf32>) -> tensor<?x7xf32>
  // CHECK: yoco.fused_target_logits %{{.+}}, %{{.+}} weight @a outs %{{.+}} : (memref<?x8xf32>, memref<?xi32>, memref<?x1xf32>) -> ()
  yoco.fused_target_logits %y, %u weight @a outs %one : (memref<?x8xf32>, memref<?xi32>, memref<?x1xf32>) -> ()
  // CHECK: yoco.fused_logprobs %{{.+}}, %{{.+}} target_logits %{{.+}} after %{{.+}} outs %{{.+}} {best = 2 : i64} : (
  yoco.fused_logprobs %y, %u target_logits %one after %some outs %all {best = 2 : i64}
      : (memref<?x8xf32>, memref<?xi32>, memref<?x1xf32>, memref<?x9xf32>, memref<?x7xf32>) -> ()
  return
}

// CHECK-LABEL: func.func @narrow_ids
// CHECK: yoco.fused_narrow %{{.+}} at %{{.+}} to %{{.+}} : (tensor<?xi32>, !yoco.segments, !yoco.segments) -> tensor<?xi32>
// CHECK: yoco.fused_narrow %{{.+}} at %{{.+}} to %{{.+}} outs %{{.+}} : (memref<?xi32>, !yoco.segments, !yoco.segments, memref<?xi32>) -> ()
func.func @narrow_ids(%t: tensor<?xi32>, %u: memref<?xi32>, %v: memref<?xi32>, %s: !yoco.segments) {
  %n = yoco.fused_narrow %t at %s to %s : (tensor<?xi32>, !yoco.segments, !yoco.segments) -> tensor<?xi32>
  yoco.fused_narrow %u at %s to %s outs %v : (memref<?xi32>, !yoco.segments, !yoco.segments, memref<?xi32>) -> ()
  return
}
