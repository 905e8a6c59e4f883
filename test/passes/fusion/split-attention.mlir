// Attention of steps with one row a segment is divided where the target asks for it.
//
// RUN: yoco-opt %s --yoco-split-attention --split-input-file | FileCheck %s

!keys = !yoco.cache<heads = 1, width = 16, element = f32, window = 0, layout = contiguous>
!values = !yoco.cache<heads = 1, width = 24, element = f32, window = 0, layout = contiguous>

// CHECK-LABEL: func.func @decode
// CHECK: %[[P:.+]] = yoco.fused_attention %{{.+}} at %{{.+}}, %[[S:.+]] to %{{.+}}, %{{.+}} {heads = 2 : i64, scale = 2.500000e-01 : f32, splits = [[N:[0-9]+]] : i64, yoco.layer = "x"}
// CHECK-SAME: -> tensor<?x[[COLUMNS:[0-9]+]]xf32>
// CHECK: %[[O:.+]] = yoco.fused_attention_merge %[[P]] at %[[S]] {heads = 2 : i64, splits = [[N]] : i64, yoco.layer = "x"} : (tensor<?x[[COLUMNS]]xf32>, !yoco.segments) -> tensor<?x48xf32>
// CHECK: return %[[O]]

// Rows of a prefill step are many already.
// CHECK-LABEL: func.func @prefill
// CHECK-NOT: splits
// CHECK-NOT: merge
module attributes {yoco.target = #yoco.target<"nvptx", "sm_90a", f32>,
                   yoco.bounds = #yoco.bounds<seq = 64, batch = 2, chunk = 16, wanted = 16>} {
  func.func @decode(%ids: tensor<?xi32>, %s: !yoco.segments, %q: tensor<?x32xf32>, %pos: tensor<?xi32>, %k: !keys, %v: !values)
      -> tensor<?x48xf32> attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all>} {
    %o = yoco.fused_attention %q at %pos, %s to %k, %v {scale = 0.25 : f32, heads = 2 : i64, yoco.layer = "x"}
        : (tensor<?x32xf32>, tensor<?xi32>, !yoco.segments, !keys, !values) -> tensor<?x48xf32>
    return %o : tensor<?x48xf32>
  }
  func.func @prefill(%ids: tensor<?xi32>, %s: !yoco.segments, %q: tensor<?x32xf32>, %pos: tensor<?xi32>, %k: !keys, %v: !values)
      -> tensor<?x48xf32> attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = all>} {
    %o = yoco.fused_attention %q at %pos, %s to %k, %v {scale = 0.25 : f32, heads = 2 : i64}
        : (tensor<?x32xf32>, tensor<?xi32>, !yoco.segments, !keys, !values) -> tensor<?x48xf32>
    return %o : tensor<?x48xf32>
  }
}

// -----

!keys = !yoco.cache<heads = 1, width = 16, element = f32, window = 0, layout = contiguous>
!values = !yoco.cache<heads = 1, width = 24, element = f32, window = 0, layout = contiguous>

// The host takes a row whole.
// CHECK-LABEL: func.func @host
// CHECK-NOT: splits
// CHECK-NOT: merge
module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>,
                   yoco.bounds = #yoco.bounds<seq = 64, batch = 2, chunk = 16, wanted = 16>} {
  func.func @host(%ids: tensor<?xi32>, %s: !yoco.segments, %q: tensor<?x32xf32>, %pos: tensor<?xi32>, %k: !keys, %v: !values)
      -> tensor<?x48xf32> attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all>} {
    %o = yoco.fused_attention %q at %pos, %s to %k, %v {scale = 0.25 : f32, heads = 2 : i64}
        : (tensor<?x32xf32>, tensor<?xi32>, !yoco.segments, !keys, !values) -> tensor<?x48xf32>
    return %o : tensor<?x48xf32>
  }
}
