// Caches, and rows that are rounded before anything is computed with them, get the target's storage type.
//
// RUN: yoco-opt %s --yoco-assign-element-types --split-input-file | FileCheck %s

#map = affine_map<(d0, d1) -> (d0, d1)>
!ring = !yoco.cache<heads = 1, width = 8, element = f32, window = 4, layout = contiguous>

// CHECK: yoco.state_decl @state : !yoco.state<1x8x8xf32>
// CHECK: yoco.state_decl @ring : !yoco.cache<{{.*}}element = bf16, window = 4
// CHECK-LABEL: func.func @prefill
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<?x8xf32>
// CHECK-SAME: element = bf16, window = 4{{.*}}-> (tensor<?x8xf32>, !yoco.cache<{{.*}}element = bf16
module attributes {yoco.target = #yoco.target<"nvptx", "sm_90a", bf16>,
                   yoco.bounds = #yoco.bounds<seq = 64, batch = 1, chunk = 16, wanted = 16>} {
  yoco.parameter @n : tensor<8xbf16> from "n"
  yoco.parameter @w : tensor<8x8xbf16> from "w"
  yoco.parameter @qkv : tensor<24x8xbf16> from "qkv"
  yoco.state_decl @state : !yoco.state<1x8x8xf32>
  yoco.state_decl @ring : !ring
  func.func @prefill(%ids: tensor<?xi32>, %s: !yoco.segments, %x: tensor<?x8xf32>, %c: !ring {yoco.state = @ring})
      -> (tensor<?x8xf32>, !ring) attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = all>} {
    %c0 = arith.constant 0 : index
    %rows = tensor.dim %ids, %c0 : tensor<?xi32>
    %pos = yoco.fused_positions %ids at %s : (tensor<?xi32>, !yoco.segments) -> tensor<?xi32>
    // CHECK: %[[N:.+]] = yoco.fused_norm %[[X]] weight @n {{.*}} -> tensor<?x8xbf16>
    %y = yoco.fused_norm %x weight @n {eps = 1.0e-5 : f32} : (tensor<?x8xf32>) -> tensor<?x8xf32>
    // Sums stay in f32: they are sliced, and rounded by who reads the slices.
    // CHECK: %[[G:.+]] = yoco.fused_linear %[[N]] weights [@qkv] : (tensor<?x8xbf16>) -> tensor<?x24xf32>
    %g = yoco.fused_linear %y weights [@qkv] : (tensor<?x8xf32>) -> tensor<?x24xf32>
    %q = tensor.extract_slice %g[0, 0] [%rows, 8] [1, 1] : tensor<?x24xf32> to tensor<?x8xf32>
    %k = tensor.extract_slice %g[0, 8] [%rows, 8] [1, 1] : tensor<?x24xf32> to tensor<?x8xf32>
    %v = tensor.extract_slice %g[0, 16] [%rows, 8] [1, 1] : tensor<?x24xf32> to tensor<?x8xf32>
    // Keys that are read fresh and written are rounded once.
    // CHECK: %[[R:.+]] = yoco.fused_rope {{.*}} -> tensor<?x8xbf16>
    %r = yoco.fused_rope %k, %pos {heads = 1 : i64, rope = #yoco.rope<half, [1.0, 0.5, 0.25, 0.125]>}
        : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
    // CHECK: %[[O:.+]] = yoco.fused_attention {{.*}} fresh(%[[R]], {{.*}} -> tensor<?x8xbf16>
    %o = yoco.fused_attention %q at %pos, %s to %c, %c fresh(%r, %v) {scale = 0.25 : f32, heads = 1 : i64, window = 4 : i64}
        : (tensor<?x8xf32>, tensor<?xi32>, !yoco.segments, !ring, !ring, tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
    // CHECK: yoco.fused_cache_write %[[R]]
    %d = yoco.fused_cache_write %r at %pos, %s to %c
        : (tensor<?x8xf32>, tensor<?xi32>, !yoco.segments, !ring) -> !ring
    // The residual stream stays as it is.
    // CHECK: %[[H:.+]] = yoco.fused_linear %[[O]] residual %[[X]] weights [@w] : (tensor<?x8xbf16>, tensor<?x8xf32>) -> tensor<?x8xf32>
    %h = yoco.fused_linear %o residual %x weights [@w] : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
    // A generated chain ends by rounding. Its own operand is computed with, and is not rounded.
    // CHECK: %[[I:.+]] = tensor.empty(%{{.+}}) : tensor<?x8xbf16>
    // CHECK: %[[E:.+]] = linalg.generic {{.*}} ins(%[[H]] : tensor<?x8xf32>) outs(%[[I]] : tensor<?x8xbf16>)
    // CHECK: arith.mulf
    // CHECK: %[[T:.+]] = arith.truncf %{{.+}} : f32 to bf16
    // CHECK: linalg.yield %[[T]] : bf16
    %i = tensor.empty(%rows) : tensor<?x8xf32>
    %e = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]}
        ins(%h : tensor<?x8xf32>) outs(%i : tensor<?x8xf32>) {
    ^bb0(%a: f32, %b: f32):
      %m = arith.mulf %a, %a : f32
      linalg.yield %m : f32
    } -> tensor<?x8xf32>
    // A group with a norm of its own reads the residual stream.
    // CHECK: yoco.fused_linear %[[E]] weights [@w] : (tensor<?x8xbf16>) -> tensor<?x8xf32>
    %l = yoco.fused_linear %e weights [@w] : (tensor<?x8xf32>) -> tensor<?x8xf32>
    // CHECK: yoco.fused_linear %{{.+}} weights [@w] {eps = 9.99999974E-6 : f32, norm_weight = @n} : (tensor<?x8xf32>) -> tensor<?x8xf32>
    %z = yoco.fused_linear %l weights [@w] {eps = 1.0e-5 : f32, norm_weight = @n} : (tensor<?x8xf32>) -> tensor<?x8xf32>
    return %z, %d : tensor<?x8xf32>, !ring
  }
}

// -----

// Rows that something computes with stay in f32. Products of the target's library share a rounded copy of them; the kernel for few rows
// rounds what it reads.
// CHECK-LABEL: func.func @prefill
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<?x8xf32>
// CHECK: %[[H:.+]] = yoco.fused_linear {{.*}} -> tensor<?x8xf32>
// CHECK: %[[I:.+]] = tensor.empty(%{{.+}}) : tensor<?x8xbf16>
// CHECK: %[[C:.+]] = linalg.generic {{.*}} ins(%[[H]] : tensor<?x8xf32>) outs(%[[I]] : tensor<?x8xbf16>)
// CHECK: arith.truncf %{{.+}} : f32 to bf16
// CHECK: yoco.fused_linear %[[C]] weights [@w] : (tensor<?x8xbf16>) -> tensor<?x8xf32>
// CHECK-NOT: linalg.generic
// CHECK: yoco.fused_linear %[[C]] residual %[[H]] weights [@w] : (tensor<?x8xbf16>, tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK-LABEL: func.func @few
// CHECK: %[[F:.+]] = yoco.fused_linear
// CHECK-NOT: linalg.generic
// CHECK: yoco.fused_linear %[[F]] residual %[[F]] {{.*}} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
module attributes {yoco.target = #yoco.target<"nvptx", "sm_90a", bf16>,
                   yoco.bounds = #yoco.bounds<seq = 64, batch = 1, chunk = 16, wanted = 16>} {
  yoco.parameter @w : tensor<8x8xbf16> from "w"
  func.func @prefill(%ids: tensor<?xi32>, %s: !yoco.segments, %x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
      attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = all>} {
    %n = yoco.fused_norm %x {eps = 1.0e-5 : f32} : (tensor<?x8xf32>) -> tensor<?x8xf32>
    %h = yoco.fused_linear %n residual %x weights [@w] : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
    %y = yoco.fused_linear %h weights [@w] : (tensor<?x8xf32>) -> tensor<?x8xf32>
    %z = yoco.fused_linear %h residual %h weights [@w] : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
    return %y, %z : tensor<?x8xf32>, tensor<?x8xf32>
  }
  func.func @few(%ids: tensor<?xi32>, %s: !yoco.segments, %x: tensor<?x8xf32>) -> tensor<?x8xf32>
      attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all>} {
    %n = yoco.fused_norm %x {eps = 1.0e-5 : f32} : (tensor<?x8xf32>) -> tensor<?x8xf32>
    %h = yoco.fused_linear %n weights [@w] {max_rows = 1 : i64} : (tensor<?x8xf32>) -> tensor<?x8xf32>
    %y = yoco.fused_linear %h residual %h weights [@w] {max_rows = 1 : i64} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
    return %y : tensor<?x8xf32>
  }
}

// -----

// With f32 nothing changes.
// CHECK-LABEL: func.func @f32
// CHECK-NOT: bf16>
module attributes {yoco.target = #yoco.target<"nvptx", "sm_90a", f32>,
                   yoco.bounds = #yoco.bounds<seq = 64, batch = 1, chunk = 16, wanted = 16>} {
  yoco.parameter @w : tensor<8x8xf32> from "w"
  func.func @f32(%ids: tensor<?xi32>, %s: !yoco.segments, %x: tensor<?x8xf32>) -> tensor<?x8xf32>
      attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = all>} {
    %y = yoco.fused_norm %x {eps = 1.0e-5 : f32} : (tensor<?x8xf32>) -> tensor<?x8xf32>
    %z = yoco.fused_linear %y weights [@w] : (tensor<?x8xf32>) -> tensor<?x8xf32>
    return %z : tensor<?x8xf32>
  }
}
