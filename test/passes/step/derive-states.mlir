// Row mixers get caches and states, and @forward becomes entry points.
//
// RUN: yoco-opt %s --split-input-file --yoco-derive-states | FileCheck %s
// RUN: yoco-opt %s --split-input-file --yoco-derive-states=entries=decode | FileCheck %s --check-prefix=DECODE
// RUN: yoco-opt %s --split-input-file --yoco-derive-states=entries=extend,extend_sample | FileCheck %s --check-prefix=EXTEND

// Two attentions whose keys and values are one and the same value read one cache. It grows, so it is written once, before its
// first reader.
// CHECK: yoco.state_decl @keys_0 : !yoco.cache<heads = 1, width = 8, element = f32, window = 0, layout = contiguous>
// CHECK-NOT: yoco.state_decl
// CHECK: func.func @prefill(%[[IDS:.+]]: tensor<?xi32>, %[[SEG:.+]]: !yoco.segments, %[[C:[^:]+]]: !yoco.cache<{{[^>]*}}> {yoco.state = @keys_0}) -> !yoco.cache<{{[^>]*}}> attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>}
// CHECK: %[[E:.+]] = yoco.embed %[[IDS]], @e
// CHECK: %[[K:.+]] = tensor.expand_shape %[[E]]
// CHECK-NEXT: %[[D:.+]] = yoco.cache_write %[[C]], %[[K]] at %[[SEG]] {yoco.layer = "kv"}
// CHECK-NEXT: %[[PK:.+]] = yoco.cache_read %[[D]] at %[[SEG]] {yoco.layer = "0"}
// CHECK-NEXT: %[[O0:.+]] = yoco.step_attention %[[K]] at %[[SEG]] past(%[[PK]], %[[PK]]) {scale = 1.000000e+00 : f32, yoco.layer = "0"}
// CHECK-NEXT: yoco.cache_read %[[D]]
// CHECK-NEXT: yoco.step_attention %[[O0]] at
// CHECK-NOT: yoco.cache_write
// CHECK: return %[[D]]
// CHECK: func.func @decode({{.*}}) -> (tensor<?x8xf32>, !yoco.cache<{{[^>]*}}>) attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all>}
// CHECK: func.func @score({{.*}}) -> (tensor<?x8xf32>, !yoco.cache<{{[^>]*}}>) attributes {yoco.entry = #yoco.entry<rows = ragged, bound = wanted, logits = all>}
// The greedy choice is a row-wise operation on the logits, in their layer.
// CHECK: func.func @sample({{.*}}) -> (tensor<?xi32>, !yoco.cache<{{[^>]*}}>) attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, sampled = all>}
// CHECK: %[[Y:.+]] = tensor.collapse_shape
// CHECK-NEXT: %[[I:.+]] = yoco.argmax %[[Y]] : tensor<?x8xf32> -> tensor<?xi32>
// CHECK-NEXT: return %[[I]]
// CHECK-NOT: @forward
// DECODE-LABEL: module
// DECODE-NOT: @prefill
// DECODE: func.func @decode
// DECODE-NOT: @score
// Entry points that are asked for by name: ragged rows of which some are wanted, with logits or the choice.
// EXTEND: func.func @extend({{.*}}) -> (tensor<?x8xf32>, !yoco.cache<{{[^>]*}}>) attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = from w-0>}
// EXTEND-NOT: yoco.argmax
// EXTEND: func.func @extend_sample({{.*}}) -> (tensor<?xi32>, !yoco.cache<{{[^>]*}}>) attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, sampled = from w-0>}
// EXTEND: %[[Y:.+]] = tensor.collapse_shape
// EXTEND-NEXT: %[[I:.+]] = yoco.argmax %[[Y]] : tensor<?x8xf32> -> tensor<?xi32>
// EXTEND-NEXT: return %[[I]]
module {
  yoco.parameter @e : tensor<16x8xf32> from "e"
  func.func @forward(%ids: tensor<?xi32>) -> tensor<?x8xf32> {
    %c0 = arith.constant 0 : index
    %rows = tensor.dim %ids, %c0 : tensor<?xi32>
    %e = yoco.embed %ids, @e : tensor<?x8xf32>
    %k = tensor.expand_shape %e [[0], [1, 2]] output_shape [%rows, 1, 8] {yoco.layer = "kv"} : tensor<?x8xf32> into tensor<?x1x8xf32>
    %0 = yoco.attention %k, %k, %k {scale = 1.0 : f32, yoco.layer = "0"} : tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32> -> tensor<?x1x8xf32>
    %1 = yoco.attention %0, %k, %k {scale = 1.0 : f32} : tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32> -> tensor<?x1x8xf32>
    %y = tensor.collapse_shape %1 [[0], [1, 2]] : tensor<?x1x8xf32> into tensor<?x8xf32>
    return %y : tensor<?x8xf32>
  }
}

// -----

// Two readers with windows: one ring as long as the longer. Both read it before this step's write, which stands after the
// last reader although that is another layer, and after what lies between.
// CHECK: yoco.state_decl @ring_keys_0 : !yoco.cache<{{.*}}window = 5
// CHECK: func.func @prefill({{.*}}, %[[SEG:.+]]: !yoco.segments, %[[C:[^:]+]]: !yoco.cache<{{[^>]*}}> {yoco.state = @ring_keys_0})
// CHECK: %[[K:.+]] = tensor.expand_shape
// CHECK-NEXT: %[[PK:.+]] = yoco.cache_read %[[C]]
// CHECK-NEXT: yoco.step_attention %{{.*}} past(%[[PK]], %[[PK]]) fresh(%[[K]], %[[K]]) {scale = 1.000000e+00 : f32, window = 2 : i64, yoco.layer = "0"}
// CHECK-NEXT: yoco.silu
// CHECK-NEXT: %[[QK:.+]] = yoco.cache_read %[[C]]
// CHECK-NEXT: yoco.step_attention %{{.*}} past(%[[QK]], %[[QK]]) fresh(%[[K]], %[[K]]) {scale = 1.000000e+00 : f32, window = 5 : i64, yoco.layer = "1"}
// CHECK-NEXT: %[[D:.+]] = yoco.cache_write %[[C]], %[[K]] at %[[SEG]] {yoco.layer = "0"}
// CHECK: return %[[D]]
module {
  yoco.parameter @e : tensor<16x8xf32> from "e"
  func.func @forward(%ids: tensor<?xi32>) -> tensor<?x8xf32> {
    %c0 = arith.constant 0 : index
    %rows = tensor.dim %ids, %c0 : tensor<?xi32>
    %e = yoco.embed %ids, @e : tensor<?x8xf32>
    %k = tensor.expand_shape %e [[0], [1, 2]] output_shape [%rows, 1, 8] {yoco.layer = "0"} : tensor<?x8xf32> into tensor<?x1x8xf32>
    %0 = yoco.attention %k, %k, %k {scale = 1.0 : f32, window = 2 : i64, yoco.layer = "0"} : tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32> -> tensor<?x1x8xf32>
    %s = yoco.silu %0 : tensor<?x1x8xf32>
    %1 = yoco.attention %s, %k, %k {scale = 1.0 : f32, window = 5 : i64, yoco.layer = "1"} : tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32> -> tensor<?x1x8xf32>
    %y = tensor.collapse_shape %1 [[0], [1, 2]] : tensor<?x1x8xf32> into tensor<?x8xf32>
    return %y : tensor<?x8xf32>
  }
}

// -----

// One reader without a window: the cache grows, and the reader with one keeps it.
// CHECK: yoco.state_decl @keys_0 : !yoco.cache<{{.*}}window = 0
// CHECK: func.func @prefill(
// CHECK: %[[D:.+]] = yoco.cache_write
// CHECK: yoco.cache_read %[[D]]
// CHECK: yoco.step_attention %{{[^ ]+}} at %{{[^ ]+}} past(%{{[^ ]+}}, %{{[^ ]+}}) {scale = 1.000000e+00 : f32, window = 2 : i64}
// CHECK: yoco.cache_read %[[D]]
// CHECK: yoco.step_attention %{{[^ ]+}} at %{{[^ ]+}} past(%{{[^ ]+}}, %{{[^ ]+}}) {scale = 1.000000e+00 : f32}
module {
  yoco.parameter @e : tensor<16x8xf32> from "e"
  func.func @forward(%ids: tensor<?xi32>) -> tensor<?x8xf32> {
    %c0 = arith.constant 0 : index
    %rows = tensor.dim %ids, %c0 : tensor<?xi32>
    %e = yoco.embed %ids, @e : tensor<?x8xf32>
    %k = tensor.expand_shape %e [[0], [1, 2]] output_shape [%rows, 1, 8] : tensor<?x8xf32> into tensor<?x1x8xf32>
    %0 = yoco.attention %k, %k, %k {scale = 1.0 : f32, window = 2 : i64} : tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32> -> tensor<?x1x8xf32>
    %1 = yoco.attention %0, %k, %k {scale = 1.0 : f32} : tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32> -> tensor<?x1x8xf32>
    %y = tensor.collapse_shape %1 [[0], [1, 2]] : tensor<?x1x8xf32> into tensor<?x8xf32>
    return %y : tensor<?x8xf32>
  }
}

// -----

// Every mixer with rows of its own has a state of its own, named after its kind; positions are those of the segments. A name
// that is taken is left alone.
// CHECK-DAG: yoco.parameter @keys_0
// CHECK-DAG: yoco.state_decl @keys_0_0 : !yoco.cache<heads = 1, width = 8, element = f32, window = 0
// CHECK-DAG: yoco.state_decl @ring_keys_0 : !yoco.cache<heads = 1, width = 8, element = f32, window = 4
// CHECK-DAG: yoco.state_decl @state_0 : !yoco.state<1x8x8xf32>
// CHECK-DAG: yoco.state_decl @state_1 : !yoco.state<1x8x8xf32>
// CHECK: func.func @prefill(%[[IDS:.+]]: tensor<?xi32>, %[[SEG:.+]]: !yoco.segments,
// CHECK-SAME: {yoco.state = @state_0}, {{.*}} {yoco.state = @keys_0_0}, {{.*}} {yoco.state = @ring_keys_0}, {{.*}} {yoco.state = @state_1}
// CHECK: yoco.positions %[[IDS]] at %[[SEG]]
// CHECK: %[[G:.+]] = tensor.collapse_shape
// CHECK: %{{.+}}, %[[S0:.+]] = yoco.step_retention {{.*}} from %{{.*}} {scale
// CHECK: %{{.+}}, %[[S1:.+]] = yoco.step_retention {{.*}} from %{{.*}} {scale
// CHECK: return %[[S0]], %{{.*}}, %{{.*}}, %[[S1]]
module {
  yoco.parameter @keys_0 : tensor<16x8xf32> from "e"
  yoco.parameter @g : tensor<1x8xf32> from "g"
  func.func @forward(%ids: tensor<?xi32>) -> tensor<?x8xf32> {
    %c0 = arith.constant 0 : index
    %rows = tensor.dim %ids, %c0 : tensor<?xi32>
    %pos = yoco.positions %ids : tensor<?xi32>
    %e = yoco.embed %ids, @keys_0 : tensor<?x8xf32>
    %k0 = tensor.expand_shape %e [[0], [1, 2]] output_shape [%rows, 1, 8] : tensor<?x8xf32> into tensor<?x1x8xf32>
    %k = yoco.rope %k0, %pos {rope = #yoco.rope<half, [1.0, 0.5, 0.25, 0.125]>} : tensor<?x1x8xf32>
    %f = tensor.collapse_shape %k [[0], [1, 2]] : tensor<?x1x8xf32> into tensor<?x8xf32>
    %g = yoco.linear %f, @g : tensor<?x8xf32> -> tensor<?x1xf32>
    %0 = yoco.gated_retention %k, %k, %k, %g {scale = 1.0 : f32} : tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1xf32> -> tensor<?x1x8xf32>
    %1 = yoco.attention %0, %0, %0 {scale = 1.0 : f32} : tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32> -> tensor<?x1x8xf32>
    %2 = yoco.attention %1, %1, %1 {scale = 1.0 : f32, window = 4 : i64} : tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32> -> tensor<?x1x8xf32>
    %3 = yoco.gated_retention %2, %k, %k, %g {scale = 1.0 : f32} : tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1xf32> -> tensor<?x1x8xf32>
    %y = tensor.collapse_shape %3 [[0], [1, 2]] : tensor<?x1x8xf32> into tensor<?x8xf32>
    return %y : tensor<?x8xf32>
  }
}

// -----

// Caches are of values, not of pairs: two attentions with other keys and the same values share the cache of the values. Each is
// written before its first reader.
// CHECK: yoco.state_decl @keys_0 : !yoco.cache<{{.*}}window = 0
// CHECK-NEXT: yoco.state_decl @values_0 : !yoco.cache<{{.*}}window = 0
// CHECK-NEXT: yoco.state_decl @keys_1 : !yoco.cache<{{.*}}window = 0
// CHECK-NOT: yoco.state_decl
// CHECK: func.func @prefill({{.*}}, %[[K0:[^:]+]]: !yoco.cache<{{[^>]*}}> {yoco.state = @keys_0}, %[[V0:[^:]+]]: !yoco.cache<{{[^>]*}}> {yoco.state = @values_0}, %[[K1:[^:]+]]: !yoco.cache<{{[^>]*}}> {yoco.state = @keys_1})
// CHECK: %[[K:.+]] = yoco.silu {{.*}}"k"
// CHECK-NEXT: %[[K0N:.+]] = yoco.cache_write %[[K0]], %[[K]] at %{{.+}} {yoco.layer = "k"}
// CHECK-NEXT: %[[V0N:.+]] = yoco.cache_write %[[V0]], %{{.+}} at %{{.+}} {yoco.layer = "v"}
// CHECK-NEXT: %[[PK:.+]] = yoco.cache_read %[[K0N]]
// CHECK-NEXT: %[[PV:.+]] = yoco.cache_read %[[V0N]]
// CHECK-NEXT: yoco.step_attention %{{.+}} past(%[[PK]], %[[PV]])
// CHECK-NEXT: %[[L:.+]] = yoco.silu {{.*}}"l"
// CHECK-NEXT: %[[K1N:.+]] = yoco.cache_write %[[K1]], %[[L]] at %{{.+}} {yoco.layer = "l"}
// CHECK-NEXT: %[[QK:.+]] = yoco.cache_read %[[K1N]]
// CHECK-NEXT: %[[QV:.+]] = yoco.cache_read %[[V0N]]
// CHECK-NEXT: yoco.step_attention %{{.+}} past(%[[QK]], %[[QV]])
// CHECK: return %[[K0N]], %[[V0N]], %[[K1N]]
module {
  yoco.parameter @e : tensor<16x8xf32> from "e"
  func.func @forward(%ids: tensor<?xi32>) -> tensor<?x8xf32> {
    %c0 = arith.constant 0 : index
    %rows = tensor.dim %ids, %c0 : tensor<?xi32>
    %e = yoco.embed %ids, @e : tensor<?x8xf32>
    %v = tensor.expand_shape %e [[0], [1, 2]] output_shape [%rows, 1, 8] {yoco.layer = "v"} : tensor<?x8xf32> into tensor<?x1x8xf32>
    %k = yoco.silu %v {yoco.layer = "k"} : tensor<?x1x8xf32>
    %0 = yoco.attention %k, %k, %v {scale = 1.0 : f32} : tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32> -> tensor<?x1x8xf32>
    %l = yoco.silu %0 {yoco.layer = "l"} : tensor<?x1x8xf32>
    %1 = yoco.attention %0, %l, %v {scale = 1.0 : f32} : tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32> -> tensor<?x1x8xf32>
    %y = tensor.collapse_shape %1 [[0], [1, 2]] : tensor<?x1x8xf32> into tensor<?x8xf32>
    return %y : tensor<?x8xf32>
  }
}

// -----

// The caches that one mixer reads are of one kind. The values are read without a window by the second attention, so they grow, and
// with them the keys that the first one reads together with them. The third attention shares nothing and keeps its rings.
// CHECK: yoco.state_decl @keys_0 : !yoco.cache<{{.*}}window = 0
// CHECK-NEXT: yoco.state_decl @values_0 : !yoco.cache<{{.*}}window = 0
// CHECK-NEXT: yoco.state_decl @keys_1 : !yoco.cache<{{.*}}window = 0
// CHECK-NEXT: yoco.state_decl @ring_keys_0 : !yoco.cache<{{.*}}window = 2
// CHECK-NEXT: yoco.state_decl @ring_values_0 : !yoco.cache<{{.*}}window = 2
// CHECK: func.func @prefill(
// CHECK: yoco.cache_write
// CHECK-NEXT: yoco.cache_write
// CHECK-NEXT: yoco.cache_read
// CHECK-NEXT: yoco.cache_read
// CHECK-NEXT: yoco.step_attention %{{[^ ]+}} at %{{[^ ]+}} past(%{{[^ ]+}}, %{{[^ ]+}}) {scale = 1.000000e+00 : f32, window = 3 : i64}
// CHECK: yoco.step_attention %{{[^ ]+}} at %{{[^ ]+}} past(%{{[^ ]+}}, %{{[^ ]+}}) {scale = 1.000000e+00 : f32}
// CHECK: yoco.step_attention %{{[^ ]+}} at %{{[^ ]+}} past(%{{[^ ]+}}, %{{[^ ]+}}) fresh(%{{[^ ]+}}, %{{[^ ]+}}) {scale = 1.000000e+00 : f32, window = 2 : i64}
// CHECK-NEXT: yoco.cache_write
// CHECK-NEXT: yoco.cache_write
module {
  yoco.parameter @e : tensor<16x8xf32> from "e"
  func.func @forward(%ids: tensor<?xi32>) -> tensor<?x8xf32> {
    %c0 = arith.constant 0 : index
    %rows = tensor.dim %ids, %c0 : tensor<?xi32>
    %e = yoco.embed %ids, @e : tensor<?x8xf32>
    %v = tensor.expand_shape %e [[0], [1, 2]] output_shape [%rows, 1, 8] {yoco.layer = "v"} : tensor<?x8xf32> into tensor<?x1x8xf32>
    %k = yoco.silu %v {yoco.layer = "k"} : tensor<?x1x8xf32>
    %0 = yoco.attention %k, %k, %v {scale = 1.0 : f32, window = 3 : i64} : tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32> -> tensor<?x1x8xf32>
    %l = yoco.silu %0 {yoco.layer = "l"} : tensor<?x1x8xf32>
    %1 = yoco.attention %0, %l, %v {scale = 1.0 : f32} : tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32> -> tensor<?x1x8xf32>
    %m = yoco.silu %1 {yoco.layer = "m"} : tensor<?x1x8xf32>
    %2 = yoco.attention %1, %1, %m {scale = 1.0 : f32, window = 2 : i64} : tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32> -> tensor<?x1x8xf32>
    %y = tensor.collapse_shape %2 [[0], [1, 2]] : tensor<?x1x8xf32> into tensor<?x8xf32>
    return %y : tensor<?x8xf32>
  }
}

// -----

// Rings that are read together, here or through others, are as long as the longest window. Each is written after its own last
// reader.
// CHECK: yoco.state_decl @ring_keys_0 : !yoco.cache<{{.*}}window = 5
// CHECK-NEXT: yoco.state_decl @ring_values_0 : !yoco.cache<{{.*}}window = 5
// CHECK-NEXT: yoco.state_decl @ring_keys_1 : !yoco.cache<{{.*}}window = 5
// CHECK: func.func @prefill({{.*}}, %[[K0:[^:]+]]: !yoco.cache<{{[^>]*}}> {yoco.state = @ring_keys_0}, %[[V0:[^:]+]]: !yoco.cache<{{[^>]*}}> {yoco.state = @ring_values_0}, %[[K1:[^:]+]]:
// CHECK: yoco.step_attention {{.*}} fresh({{.*}} window = 3 : i64}
// CHECK-NEXT: yoco.cache_write %[[K0]]
// CHECK: yoco.cache_read %[[K1]]
// CHECK-NEXT: yoco.cache_read %[[V0]]
// CHECK-NEXT: yoco.step_attention {{.*}} fresh({{.*}} window = 5 : i64}
// CHECK-NEXT: yoco.cache_write %[[K1]]
// CHECK-NEXT: yoco.cache_write %[[V0]]
module {
  yoco.parameter @e : tensor<16x8xf32> from "e"
  func.func @forward(%ids: tensor<?xi32>) -> tensor<?x8xf32> {
    %c0 = arith.constant 0 : index
    %rows = tensor.dim %ids, %c0 : tensor<?xi32>
    %e = yoco.embed %ids, @e : tensor<?x8xf32>
    %v = tensor.expand_shape %e [[0], [1, 2]] output_shape [%rows, 1, 8] {yoco.layer = "v"} : tensor<?x8xf32> into tensor<?x1x8xf32>
    %k = yoco.silu %v {yoco.layer = "k"} : tensor<?x1x8xf32>
    %0 = yoco.attention %k, %k, %v {scale = 1.0 : f32, window = 3 : i64} : tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32> -> tensor<?x1x8xf32>
    %l = yoco.silu %0 {yoco.layer = "l"} : tensor<?x1x8xf32>
    %1 = yoco.attention %0, %l, %v {scale = 1.0 : f32, window = 5 : i64} : tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32> -> tensor<?x1x8xf32>
    %y = tensor.collapse_shape %1 [[0], [1, 2]] : tensor<?x1x8xf32> into tensor<?x8xf32>
    return %y : tensor<?x8xf32>
  }
}
