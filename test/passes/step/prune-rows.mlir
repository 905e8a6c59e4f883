// Demand for rows, seen in the annotations that `annotate` makes, and what is deleted without it.
//
// RUN: yoco-opt %s --split-input-file --allow-unregistered-dialect --yoco-prune-rows=annotate=true | FileCheck %s
// RUN: yoco-opt %s --split-input-file --allow-unregistered-dialect --yoco-prune-rows | FileCheck %s --check-prefix=PRUNED

// The caller says which row is the first whose logits it wants (w). The second attention sees W - 1 = 3 rows before each: it asks for
// the ring's keys from w-3, of this step and of earlier ones. The first attention reads the same ring through a window of 2, and its
// result feeds the queries of the second alone: of its own queries the wanted rows are needed, and keys from w-1, which w-3 covers.
!ring = !yoco.cache<heads = 1, width = 8, element = f32, window = 4, layout = contiguous>
module {
  yoco.parameter @e : tensor<16x8xf32> from "e"
  yoco.state_decl @ring : !ring
  // CHECK-LABEL: func.func @extend
  // PRUNED-LABEL: func.func @extend
  func.func @extend(%ids: tensor<?xi32>, %seg: !yoco.segments, %r: !ring {yoco.state = @ring}) -> (tensor<?x8xf32>, !ring)
      attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = from w-0>} {
    %c0 = arith.constant 0 : index
    %rows = tensor.dim %ids, %c0 : tensor<?xi32>
    // CHECK: yoco.embed {{.*}} {yoco.demand = #yoco.demand<from w-3>}
    %e = yoco.embed %ids, @e : tensor<?x8xf32>
    // CHECK: tensor.expand_shape {{.*}} {yoco.demand = #yoco.demand<from w-3>}
    %k = tensor.expand_shape %e [[0], [1, 2]] output_shape [%rows, 1, 8] : tensor<?x8xf32> into tensor<?x1x8xf32>
    // CHECK: yoco.silu {{.*}} {yoco.demand = #yoco.demand<from w-0>}
    %q = yoco.silu %k : tensor<?x1x8xf32>
    %pk = yoco.cache_read %r at %seg : !ring -> tensor<?x1x8xf32>
    %pv = yoco.cache_read %r at %seg : !ring -> tensor<?x1x8xf32>
    // CHECK: yoco.step_attention {{.*}} yoco.demand = #yoco.demand<from w-0>}
    // PRUNED: yoco.step_attention
    %0 = yoco.step_attention %q at %seg past(%pk, %pv) fresh(%k, %k) {scale = 1.0 : f32, window = 2 : i64}
        : (tensor<?x1x8xf32>, !yoco.segments, tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32>) -> tensor<?x1x8xf32>
    %qk = yoco.cache_read %r at %seg : !ring -> tensor<?x1x8xf32>
    %qv = yoco.cache_read %r at %seg : !ring -> tensor<?x1x8xf32>
    // CHECK: yoco.step_attention {{.*}} yoco.demand = #yoco.demand<from w-0>}
    // PRUNED: yoco.step_attention
    %1 = yoco.step_attention %0 at %seg past(%qk, %qv) fresh(%k, %k) {scale = 1.0 : f32, window = 4 : i64}
        : (tensor<?x1x8xf32>, !yoco.segments, tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32>) -> tensor<?x1x8xf32>
    // CHECK: yoco.cache_write
    // PRUNED: yoco.cache_write
    %r1 = yoco.cache_write %r, %k at %seg : tensor<?x1x8xf32> -> !ring
    %y = tensor.collapse_shape %1 [[0], [1, 2]] : tensor<?x1x8xf32> into tensor<?x8xf32>
    return %y, %r1 : tensor<?x8xf32>, !ring
  }
}

// -----

// A prefill whose only debt is a ring of W = 4 computes the last 3 rows of its keys; nothing of the attention that reads it. What is
// wanted next comes after its last row (w is the end of the segment).
!ring = !yoco.cache<heads = 1, width = 8, element = f32, window = 4, layout = contiguous>
module {
  yoco.parameter @e : tensor<16x8xf32> from "e"
  yoco.state_decl @ring : !ring
  // CHECK-LABEL: func.func @prefill
  // PRUNED-LABEL: func.func @prefill
  func.func @prefill(%ids: tensor<?xi32>, %seg: !yoco.segments, %r: !ring {yoco.state = @ring}) -> !ring
      attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
    %c0 = arith.constant 0 : index
    %rows = tensor.dim %ids, %c0 : tensor<?xi32>
    // CHECK: yoco.embed {{.*}} {yoco.demand = #yoco.demand<from w-3>}
    // PRUNED: yoco.embed
    %e = yoco.embed %ids, @e : tensor<?x8xf32>
    %k = tensor.expand_shape %e [[0], [1, 2]] output_shape [%rows, 1, 8] : tensor<?x8xf32> into tensor<?x1x8xf32>
    // CHECK: yoco.cache_read {{.*}} {yoco.demand = #yoco.demand<none>}
    // PRUNED-NOT: yoco.cache_read
    %pk = yoco.cache_read %r at %seg : !ring -> tensor<?x1x8xf32>
    %pv = yoco.cache_read %r at %seg : !ring -> tensor<?x1x8xf32>
    // CHECK: yoco.step_attention {{.*}} yoco.demand = #yoco.demand<none>}
    // PRUNED-NOT: yoco.step_attention
    %0 = yoco.step_attention %k at %seg past(%pk, %pv) fresh(%k, %k) {scale = 1.0 : f32, window = 4 : i64}
        : (tensor<?x1x8xf32>, !yoco.segments, tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32>) -> tensor<?x1x8xf32>
    // CHECK: yoco.cache_write {{.*}} {yoco.demand = #yoco.demand<from w-3>}
    // PRUNED: %[[R:.+]] = yoco.cache_write
    // PRUNED-NEXT: return %[[R]]
    %r1 = yoco.cache_write %r, %k at %seg : tensor<?x1x8xf32> -> !ring
    return %r1 : !ring
  }
  // The ring is owed because this reads it.
  func.func @decode(%ids: tensor<?xi32>, %seg: !yoco.segments, %r: !ring {yoco.state = @ring}) -> (tensor<?x8xf32>, !ring)
      attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all>} {
    %c0 = arith.constant 0 : index
    %rows = tensor.dim %ids, %c0 : tensor<?xi32>
    %e = yoco.embed %ids, @e : tensor<?x8xf32>
    %k = tensor.expand_shape %e [[0], [1, 2]] output_shape [%rows, 1, 8] : tensor<?x8xf32> into tensor<?x1x8xf32>
    %pk = yoco.cache_read %r at %seg : !ring -> tensor<?x1x8xf32>
    %pv = yoco.cache_read %r at %seg : !ring -> tensor<?x1x8xf32>
    %0 = yoco.step_attention %k at %seg past(%pk, %pv) fresh(%k, %k) {scale = 1.0 : f32, window = 4 : i64}
        : (tensor<?x1x8xf32>, !yoco.segments, tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32>) -> tensor<?x1x8xf32>
    %r1 = yoco.cache_write %r, %k at %seg : tensor<?x1x8xf32> -> !ring
    %y = tensor.collapse_shape %0 [[0], [1, 2]] : tensor<?x1x8xf32> into tensor<?x8xf32>
    return %y, %r1 : tensor<?x8xf32>, !ring
  }
}

// -----

// Nothing of a ring of W = 1 must be stored: no later step sees a row of this one. Prefill does nothing at all.
!ring = !yoco.cache<heads = 1, width = 8, element = f32, window = 1, layout = contiguous>
module {
  yoco.parameter @e : tensor<16x8xf32> from "e"
  yoco.state_decl @ring : !ring
  // PRUNED: func.func @prefill(%{{.+}}: tensor<?xi32>, %{{.+}}: !yoco.segments, %[[R:[^:]+]]:
  // PRUNED-NEXT: return %[[R]]
  func.func @prefill(%ids: tensor<?xi32>, %seg: !yoco.segments, %r: !ring {yoco.state = @ring}) -> !ring
      attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
    %c0 = arith.constant 0 : index
    %rows = tensor.dim %ids, %c0 : tensor<?xi32>
    %e = yoco.embed %ids, @e : tensor<?x8xf32>
    %k = tensor.expand_shape %e [[0], [1, 2]] output_shape [%rows, 1, 8] : tensor<?x8xf32> into tensor<?x1x8xf32>
    %r1 = yoco.cache_write %r, %k at %seg : tensor<?x1x8xf32> -> !ring
    return %r1 : !ring
  }
  // PRUNED: func.func @decode
  // PRUNED: yoco.step_attention
  // PRUNED-NOT: yoco.cache_write
  func.func @decode(%ids: tensor<?xi32>, %seg: !yoco.segments, %r: !ring {yoco.state = @ring}) -> (tensor<?x8xf32>, !ring)
      attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all>} {
    %c0 = arith.constant 0 : index
    %rows = tensor.dim %ids, %c0 : tensor<?xi32>
    %e = yoco.embed %ids, @e : tensor<?x8xf32>
    %k = tensor.expand_shape %e [[0], [1, 2]] output_shape [%rows, 1, 8] : tensor<?x8xf32> into tensor<?x1x8xf32>
    %pk = yoco.cache_read %r at %seg : !ring -> tensor<?x1x8xf32>
    %pv = yoco.cache_read %r at %seg : !ring -> tensor<?x1x8xf32>
    %0 = yoco.step_attention %k at %seg past(%pk, %pv) fresh(%k, %k) {scale = 1.0 : f32, window = 1 : i64}
        : (tensor<?x1x8xf32>, !yoco.segments, tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32>) -> tensor<?x1x8xf32>
    %r1 = yoco.cache_write %r, %k at %seg : tensor<?x1x8xf32> -> !ring
    %y = tensor.collapse_shape %0 [[0], [1, 2]] : tensor<?x1x8xf32> into tensor<?x8xf32>
    return %y, %r1 : tensor<?x8xf32>, !ring
  }
}

// -----

// A state that only its own undemanded results come from is never written: reading it would be for nothing.
module {
  yoco.state_decl @s : !yoco.state<1x8x8xf32>
  // PRUNED: func.func @decode(%{{.+}}: tensor<?xi32>, %{{.+}}: !yoco.segments, %[[S:[^:]+]]: !yoco.state<1x8x8xf32> {yoco.state = @s}, %[[X:[^:]+]]: tensor<?x1x8xf32>,
  // PRUNED-NEXT: return %[[X]], %[[S]]
  func.func @decode(%ids: tensor<?xi32>, %seg: !yoco.segments, %s: !yoco.state<1x8x8xf32> {yoco.state = @s}, %x: tensor<?x1x8xf32>,
                    %g: tensor<?x1xf32>) -> (tensor<?x1x8xf32>, !yoco.state<1x8x8xf32>)
      attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all>} {
    %a = yoco.log_sigmoid %g : tensor<?x1xf32>
    %0, %s1 = yoco.step_retention %x, %x, %x, %a at %seg from %s {scale = 1.0 : f32}
        : tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1xf32>, !yoco.state<1x8x8xf32> -> tensor<?x1x8xf32>
    return %x, %s1 : tensor<?x1x8xf32>, !yoco.state<1x8x8xf32>
  }
}

// -----

// A scan leaves a mark of every row on its state: all rows of keys, values and gates, of the queries those whose results are wanted.
module {
  yoco.parameter @e : tensor<16x8xf32> from "e"
  yoco.state_decl @s : !yoco.state<1x8x8xf32>
  // CHECK-LABEL: func.func @extend
  // PRUNED-LABEL: func.func @extend
  func.func @extend(%ids: tensor<?xi32>, %seg: !yoco.segments, %s: !yoco.state<1x8x8xf32> {yoco.state = @s}, %x: tensor<?x1x8xf32>,
                    %g: tensor<?x1xf32>) -> (tensor<?x1x8xf32>, !yoco.state<1x8x8xf32>)
      attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = from w-0>} {
    // CHECK: yoco.silu {{.*}} {yoco.demand = #yoco.demand<from w-0>}
    %q = yoco.silu %x : tensor<?x1x8xf32>
    // CHECK: yoco.gelu {{.*}} {yoco.demand = #yoco.demand<all>}
    %k = yoco.gelu %x : tensor<?x1x8xf32>
    // CHECK: yoco.log_sigmoid {{.*}} {yoco.demand = #yoco.demand<all>}
    %a = yoco.log_sigmoid %g : tensor<?x1xf32>
    // CHECK: yoco.step_retention {{.*}} yoco.demand = #yoco.demand<from w-0>}
    %0, %s1 = yoco.step_retention %q, %k, %k, %a at %seg from %s {scale = 1.0 : f32}
        : tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1xf32>, !yoco.state<1x8x8xf32> -> tensor<?x1x8xf32>
    return %0, %s1 : tensor<?x1x8xf32>, !yoco.state<1x8x8xf32>
  }
}

// -----

// The number of rows outlives the rows that it was taken from: all have as many as the ids.
// PRUNED: func.func @decode(%[[IDS:.+]]: tensor<?xi32>,
// PRUNED-NEXT: %[[C0:.+]] = arith.constant 0 : index
// PRUNED-NEXT: %[[ROWS:.+]] = tensor.dim %[[IDS]], %[[C0]]
// PRUNED-NEXT: %[[Y:.+]] = tensor.splat %{{.+}}[%[[ROWS]]]
// PRUNED-NEXT: return %[[Y]]
func.func @decode(%ids: tensor<?xi32>, %seg: !yoco.segments, %x: tensor<?x8xf32>, %c: f32) -> tensor<?x8xf32>
    attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all>} {
  %0 = yoco.silu %x : tensor<?x8xf32>
  %c0 = arith.constant 0 : index
  %rows = tensor.dim %0, %c0 : tensor<?x8xf32>
  %y = tensor.splat %c[%rows] : tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

// Of an operation that is not known to be row-wise, and of slices and reshapes across rows, all rows are taken to be needed.
// CHECK-LABEL: func.func @extend
// PRUNED-LABEL: func.func @extend
func.func @extend(%ids: tensor<?xi32>, %seg: !yoco.segments, %x: tensor<?x8xf32>, %i: index) -> (tensor<?x8xf32>, tensor<?x4xf32>, tensor<?x8xf32>)
    attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = from w-0>} {
  %c0 = arith.constant 0 : index
  %rows = tensor.dim %x, %c0 : tensor<?x8xf32>
  // CHECK: yoco.silu {{.*}} {yoco.demand = #yoco.demand<all>}
  %a = yoco.silu %x : tensor<?x8xf32>
  // CHECK: "test.reverse"({{.*}}) {yoco.demand = #yoco.demand<from w-0>}
  %b = "test.reverse"(%a) : (tensor<?x8xf32>) -> tensor<?x8xf32>
  // A slice of columns is row-wise, one of rows is not.
  // CHECK: yoco.gelu {{.*}} {yoco.demand = #yoco.demand<from w-0>}
  %c = yoco.gelu %x : tensor<?x8xf32>
  %d = tensor.extract_slice %c[0, 4] [%rows, 4] [1, 1] : tensor<?x8xf32> to tensor<?x4xf32>
  // CHECK: yoco.log_sigmoid {{.*}} {yoco.demand = #yoco.demand<all>}
  %e = yoco.log_sigmoid %x : tensor<?x8xf32>
  %f = tensor.extract_slice %e[1, 0] [%i, 8] [1, 1] : tensor<?x8xf32> to tensor<?x8xf32>
  // What may have an effect runs, wanted or not, and needs all that it takes.
  // CHECK: math.exp {{.*}} {yoco.demand = #yoco.demand<all>}
  // PRUNED: math.exp
  // PRUNED: "test.print"
  %g = math.exp %x : tensor<?x8xf32>
  %h = "test.print"(%g) : (tensor<?x8xf32>) -> tensor<?x8xf32>
  // What gives something besides rows is not known either; the rest is used.
  // CHECK: math.tanh {{.*}} {yoco.demand = #yoco.demand<all>}
  %k = math.tanh %x : tensor<?x8xf32>
  %l = tensor.extract %k[%c0, %c0] : tensor<?x8xf32>
  %m = tensor.splat %l[%rows] : tensor<?x8xf32>
  %n = arith.addf %b, %m : tensor<?x8xf32>
  // PRUNED-NOT: math.sin
  %o = math.sin %x : tensor<?x8xf32>
  return %n, %d, %f : tensor<?x8xf32>, tensor<?x4xf32>, tensor<?x8xf32>
}

// -----

// Calls need all rows too, and stay.
// PRUNED-LABEL: func.func @prefill
// PRUNED: yoco.silu
// PRUNED: call @outside
func.func private @outside(tensor<?x8xf32>) -> tensor<?x8xf32>
func.func @prefill(%ids: tensor<?xi32>, %seg: !yoco.segments, %x: tensor<?x8xf32>)
    attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
  %0 = yoco.silu %x : tensor<?x8xf32>
  %1 = call @outside(%0) : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

// What @one stores in @b it makes from @a, and @two the other way round: each raises the demand on the other, for ever. All rows of
// both, then.
!ring = !yoco.cache<heads = 1, width = 8, element = f32, window = 4, layout = contiguous>
module {
  yoco.state_decl @a : !ring
  yoco.state_decl @b : !ring
  // CHECK-LABEL: func.func @one
  func.func @one(%ids: tensor<?xi32>, %seg: !yoco.segments, %a: !ring {yoco.state = @a}, %b: !ring {yoco.state = @b}, %x: tensor<?x1x8xf32>)
      -> (tensor<?x1x8xf32>, !ring, !ring) attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = from w-0>} {
    // CHECK: yoco.silu {{.*}} {yoco.demand = #yoco.demand<all>}
    %k = yoco.silu %x : tensor<?x1x8xf32>
    %p = yoco.cache_read %a at %seg : !ring -> tensor<?x1x8xf32>
    // CHECK: yoco.step_attention {{.*}} yoco.demand = #yoco.demand<all>}
    %0 = yoco.step_attention %k at %seg past(%p, %p) fresh(%k, %k) {scale = 1.0 : f32, window = 4 : i64}
        : (tensor<?x1x8xf32>, !yoco.segments, tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32>) -> tensor<?x1x8xf32>
    %b1 = yoco.cache_write %b, %0 at %seg : tensor<?x1x8xf32> -> !ring
    return %0, %a, %b1 : tensor<?x1x8xf32>, !ring, !ring
  }
  func.func @two(%ids: tensor<?xi32>, %seg: !yoco.segments, %a: !ring {yoco.state = @a}, %b: !ring {yoco.state = @b}, %x: tensor<?x1x8xf32>)
      -> (tensor<?x1x8xf32>, !ring, !ring) attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = from w-0>} {
    %k = yoco.silu %x : tensor<?x1x8xf32>
    %p = yoco.cache_read %b at %seg : !ring -> tensor<?x1x8xf32>
    // CHECK: yoco.step_attention {{.*}} yoco.demand = #yoco.demand<all>}
    %0 = yoco.step_attention %k at %seg past(%p, %p) fresh(%k, %k) {scale = 1.0 : f32, window = 4 : i64}
        : (tensor<?x1x8xf32>, !yoco.segments, tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32>) -> tensor<?x1x8xf32>
    %a1 = yoco.cache_write %a, %0 at %seg : tensor<?x1x8xf32> -> !ring
    return %0, %a1, %b : tensor<?x1x8xf32>, !ring, !ring
  }
}
