// Attention reads its cache itself and rotates its queries; cache writes rotate their keys.
//
// RUN: yoco-opt %s --yoco-fuse-attention --split-input-file --verify-diagnostics | FileCheck %s

!kv = !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
!ring = !yoco.cache<heads = 1, width = 4, element = f32, window = 3, layout = contiguous>
#rope = #yoco.rope<half, [1.0, 0.5]>

// Growing caches, and two readers of them: nobody else needs the rotated keys, so the write rotates them. It stores the values too.
// CHECK-LABEL: func.func @growing
// CHECK-SAME: %[[IDS:.+]]: tensor<?xi32>, %[[SEG:.+]]: !yoco.segments, %[[C:[^:]+]]: !yoco.cache<{{[^>]*}}>, %[[D:[^:]+]]: !yoco.cache<{{[^>]*}}>, %[[Q:[^:]+]]: tensor<?x8xf32>, %[[K:[^:]+]]: tensor<?x4xf32>
// CHECK: %[[POS:.+]] = yoco.positions %[[IDS]] at %[[SEG]]
// CHECK-NOT: yoco.rope
// CHECK: %[[N:.+]]:2 = yoco.fused_cache_write %[[K]], %[[K]] at %[[POS]], %[[SEG]] to %[[C]], %[[D]] {rope = #{{.+}}, yoco.layer = "kv"}
// CHECK: %[[A:.+]] = yoco.fused_attention %[[Q]] at %[[POS]], %[[SEG]] to %[[N]]#0, %[[N]]#1 {heads = 2 : i64, rope = #{{.+}}, scale = 5.000000e-01 : f32, yoco.layer = "1"}
// CHECK-NOT: yoco.cache_read
// CHECK: yoco.fused_attention %[[A]] at %[[POS]], %[[SEG]] to %[[N]]#0, %[[N]]#1 {heads = 2 : i64, scale = 5.000000e-01 : f32, window = 7 : i64}
func.func @growing(%ids: tensor<?xi32>, %seg: !yoco.segments, %c: !kv, %d: !kv, %q: tensor<?x8xf32>, %k: tensor<?x4xf32>) -> (tensor<?x2x4xf32>, !kv, !kv) {
  %c0 = arith.constant 0 : index
  %rows = tensor.dim %ids, %c0 : tensor<?xi32>
  %pos = yoco.positions %ids at %seg : tensor<?xi32>
  %q0 = tensor.expand_shape %q [[0], [1, 2]] output_shape [%rows, 2, 4] : tensor<?x8xf32> into tensor<?x2x4xf32>
  %k0 = tensor.expand_shape %k [[0], [1, 2]] output_shape [%rows, 1, 4] : tensor<?x4xf32> into tensor<?x1x4xf32>
  %q1 = yoco.rope %q0, %pos {rope = #rope} : tensor<?x2x4xf32>
  %k1 = yoco.rope %k0, %pos {rope = #rope} : tensor<?x1x4xf32>
  %c1 = yoco.cache_write %c, %k1 at %seg {yoco.layer = "kv"} : tensor<?x1x4xf32> -> !kv
  %d1 = yoco.cache_write %d, %k0 at %seg {yoco.layer = "kv"} : tensor<?x1x4xf32> -> !kv
  %pk = yoco.cache_read %c1 at %seg : !kv -> tensor<?x1x4xf32>
  %pv = yoco.cache_read %d1 at %seg : !kv -> tensor<?x1x4xf32>
  %0 = yoco.step_attention %q1 at %seg past(%pk, %pv) {scale = 0.5 : f32, yoco.layer = "1"}
      : (tensor<?x2x4xf32>, !yoco.segments, tensor<?x1x4xf32>, tensor<?x1x4xf32>) -> tensor<?x2x4xf32>
  %qk = yoco.cache_read %c1 at %seg : !kv -> tensor<?x1x4xf32>
  %qv = yoco.cache_read %d1 at %seg : !kv -> tensor<?x1x4xf32>
  %1 = yoco.step_attention %0 at %seg past(%qk, %qv) {scale = 0.5 : f32, window = 7 : i64}
      : (tensor<?x2x4xf32>, !yoco.segments, tensor<?x1x4xf32>, tensor<?x1x4xf32>) -> tensor<?x2x4xf32>
  return %1, %c1, %d1 : tensor<?x2x4xf32>, !kv, !kv
}

// Writes that one kernel cannot do stay alone: rows to be rotated after others, caches of other shapes, something between.
// CHECK-LABEL: func.func @alone
// CHECK-SAME: %[[A:[^:]+]]: !yoco.cache<{{[^>]*}}>, %[[B:[^:]+]]: !yoco.cache<{{[^>]*}}>, %[[R:[^:]+]]: !yoco.cache<{{[^>]*}}>
// CHECK: yoco.fused_cache_write %{{[^ ]+}} at %{{[^ ]+}}, %{{[^ ]+}} to %[[A]] : (
// CHECK: yoco.fused_cache_write %{{[^ ]+}} at %{{[^ ]+}}, %{{[^ ]+}} to %[[B]] {rope = #{{.+}}} : (
// CHECK: yoco.fused_cache_write %{{[^ ]+}} at %{{[^ ]+}}, %{{[^ ]+}} to %[[R]] : (
func.func @alone(%ids: tensor<?xi32>, %seg: !yoco.segments, %a: !kv, %b: !kv, %r: !ring, %k: tensor<?x1x4xf32>) -> (!kv, !kv, !ring) {
  %pos = yoco.positions %ids at %seg : tensor<?xi32>
  %k1 = yoco.rope %k, %pos {rope = #rope} : tensor<?x1x4xf32>
  %a1 = yoco.cache_write %a, %k at %seg : tensor<?x1x4xf32> -> !kv
  %b1 = yoco.cache_write %b, %k1 at %seg : tensor<?x1x4xf32> -> !kv
  %r1 = yoco.cache_write %r, %k at %seg : tensor<?x1x4xf32> -> !ring
  return %a1, %b1, %r1 : !kv, !kv, !ring
}

// One cache of what is keys and values at once.
// CHECK-LABEL: func.func @one_cache
// CHECK-SAME: %[[C:[^:]+]]: !yoco.cache
// CHECK: %[[D:.+]] = yoco.fused_cache_write %{{.+}} to %[[C]] : (
// CHECK: yoco.fused_attention %{{.+}} to %[[D]], %[[D]] {
func.func @one_cache(%ids: tensor<?xi32>, %seg: !yoco.segments, %c: !kv, %q: tensor<?x2x4xf32>, %k: tensor<?x1x4xf32>) -> (tensor<?x2x4xf32>, !kv) {
  %d = yoco.cache_write %c, %k at %seg : tensor<?x1x4xf32> -> !kv
  %p = yoco.cache_read %d at %seg : !kv -> tensor<?x1x4xf32>
  %0 = yoco.step_attention %q at %seg past(%p, %p) {scale = 0.5 : f32}
      : (tensor<?x2x4xf32>, !yoco.segments, tensor<?x1x4xf32>, tensor<?x1x4xf32>) -> tensor<?x2x4xf32>
  return %0, %d : tensor<?x2x4xf32>, !kv
}

// A ring's keys are attended to fresh and written: they are rotated once, before.
// CHECK-LABEL: func.func @ring
// CHECK-SAME: %[[C:[^:]+]]: !yoco.cache<heads = 1, width = 4, element = f32, window = 3{{[^>]*}}>, %[[D:[^:]+]]: !yoco.cache<
// CHECK: %[[R:.+]] = yoco.rope
// CHECK: %[[K:.+]] = tensor.collapse_shape %[[R]]
// CHECK: yoco.fused_attention %{{.+}} to %[[C]], %[[D]] fresh(%[[K]], %{{.+}}) {heads = 2 : i64, scale = 5.000000e-01 : f32, window = 2 : i64}
// CHECK: %[[W:.+]] = tensor.collapse_shape %[[R]]
// CHECK: yoco.fused_cache_write %[[W]], %{{.+}} to %[[C]], %[[D]] : (
func.func @ring(%ids: tensor<?xi32>, %seg: !yoco.segments, %c: !ring, %d: !ring, %q: tensor<?x2x4xf32>, %k: tensor<?x1x4xf32>) -> (tensor<?x2x4xf32>, !ring, !ring) {
  %pos = yoco.positions %ids at %seg : tensor<?xi32>
  %k1 = yoco.rope %k, %pos {rope = #rope} : tensor<?x1x4xf32>
  %pk = yoco.cache_read %c at %seg : !ring -> tensor<?x1x4xf32>
  %pv = yoco.cache_read %d at %seg : !ring -> tensor<?x1x4xf32>
  %0 = yoco.step_attention %q at %seg past(%pk, %pv) fresh(%k1, %k) {scale = 0.5 : f32, window = 2 : i64}
      : (tensor<?x2x4xf32>, !yoco.segments, tensor<?x1x4xf32>, tensor<?x1x4xf32>, tensor<?x1x4xf32>, tensor<?x1x4xf32>) -> tensor<?x2x4xf32>
  %c1 = yoco.cache_write %c, %k1 at %seg : tensor<?x1x4xf32> -> !ring
  %d1 = yoco.cache_write %d, %k at %seg : tensor<?x1x4xf32> -> !ring
  return %0, %c1, %d1 : tensor<?x2x4xf32>, !ring, !ring
}

// Rotated queries that something else uses, and queries rotated by other positions than the rows' own, stay rotated before.
// CHECK-LABEL: func.func @rope_stays
// CHECK: %[[Q:.+]] = yoco.rope
// CHECK: %[[F:.+]] = tensor.collapse_shape %[[Q]]
// CHECK: yoco.fused_attention %[[F]] at %{{.+}} {heads = 2 : i64, scale = 5.000000e-01 : f32}
// CHECK: yoco.fused_attention %{{.+}} at %{{.+}} {heads = 2 : i64, scale = 5.000000e-01 : f32}
// CHECK: return %{{.+}}, %{{.+}}, %[[Q]]
func.func @rope_stays(%ids: tensor<?xi32>, %seg: !yoco.segments, %c: !kv, %q: tensor<?x2x4xf32>) -> (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>) {
  %pos = yoco.positions %ids at %seg : tensor<?xi32>
  %q1 = yoco.rope %q, %pos {rope = #rope} : tensor<?x2x4xf32>
  %q2 = yoco.rope %q, %ids {rope = #rope} : tensor<?x2x4xf32>
  %pk = yoco.cache_read %c at %seg : !kv -> tensor<?x1x4xf32>
  %pv = yoco.cache_read %c at %seg : !kv -> tensor<?x1x4xf32>
  %0 = yoco.step_attention %q1 at %seg past(%pk, %pv) {scale = 0.5 : f32}
      : (tensor<?x2x4xf32>, !yoco.segments, tensor<?x1x4xf32>, tensor<?x1x4xf32>) -> tensor<?x2x4xf32>
  %1 = yoco.step_attention %q2 at %seg past(%pk, %pv) {scale = 0.5 : f32}
      : (tensor<?x2x4xf32>, !yoco.segments, tensor<?x1x4xf32>, tensor<?x1x4xf32>) -> tensor<?x2x4xf32>
  return %0, %1, %q1 : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>
}

// Positions are made when there are none, where they dominate every use.
// CHECK-LABEL: func.func @no_positions
// CHECK-NEXT: %[[POS:.+]] = yoco.positions
// CHECK-NEXT: yoco.silu
// CHECK: yoco.fused_cache_write %{{.+}} at %[[POS]]
func.func @no_positions(%ids: tensor<?xi32>, %seg: !yoco.segments, %c: !kv, %k: tensor<?x1x4xf32>) -> !kv {
  %0 = yoco.silu %k : tensor<?x1x4xf32>
  %d = yoco.cache_write %c, %0 at %seg : tensor<?x1x4xf32> -> !kv
  return %d : !kv
}

// -----

!kv = !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
!ring = !yoco.cache<heads = 1, width = 4, element = f32, window = 3, layout = contiguous>
func.func @past(%ids: tensor<?xi32>, %seg: !yoco.segments, %seg2: !yoco.segments, %c: !kv, %r: !ring, %q: tensor<?x1x4xf32>) {
  %pk = yoco.cache_read %c at %seg2 : !kv -> tensor<?x1x4xf32>
  // The cache is read for other segments.
  // expected-error @+1 {{expected past keys and values of a `yoco.cache_read` of these segments, got other rows}}
  %0 = yoco.step_attention %q at %seg past(%pk, %pk) {scale = 0.5 : f32} : (tensor<?x1x4xf32>, !yoco.segments, tensor<?x1x4xf32>, tensor<?x1x4xf32>) -> tensor<?x1x4xf32>
  // No cache at all. Both are reported.
  // expected-error @+1 {{expected past keys and values of a `yoco.cache_read` of these segments, got other rows}}
  %1 = yoco.step_attention %q at %seg past(%q, %q) {scale = 0.5 : f32} : (tensor<?x1x4xf32>, !yoco.segments, tensor<?x1x4xf32>, tensor<?x1x4xf32>) -> tensor<?x1x4xf32>
  %gk = yoco.cache_read %c at %seg : !kv -> tensor<?x1x4xf32>
  %rv = yoco.cache_read %r at %seg : !ring -> tensor<?x1x4xf32>
  // expected-error @+1 {{expected caches of keys and values with one window, got}}
  %2 = yoco.step_attention %q at %seg past(%gk, %rv) {scale = 0.5 : f32} : (tensor<?x1x4xf32>, !yoco.segments, tensor<?x1x4xf32>, tensor<?x1x4xf32>) -> tensor<?x1x4xf32>
  return
}

// -----

!kv = !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
func.func @signature(%seg: !yoco.segments, %c: !kv, %k: tensor<?x1x4xf32>) {
  // expected-error @+1 {{expected a function of ids and segments (tensor<?xi32>, !yoco.segments, ...), got}}
  %d = yoco.cache_write %c, %k at %seg : tensor<?x1x4xf32> -> !kv
  return
}
