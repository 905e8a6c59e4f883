// Operations on rows of two sets are refused; all of them are reported.
//
// RUN: yoco-opt %s --split-input-file --verify-diagnostics --yoco-verify-row-sets

// Rows of one table, whatever is done with them; positions of a smaller set are made from ids of the first.
func.func @extend(%ids: tensor<?xi32>, %seg: !yoco.segments, %x: tensor<?x2x4xf32>) -> tensor<?x2x4xf32>
    attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = from w-0>} {
  %t = yoco.narrow_segments %seg {halo = 0 : i64}
  %y = yoco.narrow %x at %seg to %t : tensor<?x2x4xf32>
  %p = yoco.positions %ids at %t : tensor<?xi32>
  %z = yoco.rope %y, %p {rope = #yoco.rope<half, [1.0, 0.5]>} : tensor<?x2x4xf32>
  %c0 = arith.constant 0 : index
  %rows = tensor.dim %z, %c0 : tensor<?x2x4xf32>
  %f = tensor.collapse_shape %z [[0], [1, 2]] : tensor<?x2x4xf32> into tensor<?x8xf32>
  %h = tensor.expand_shape %f [[0], [1, 2]] output_shape [%rows, 2, 4] : tensor<?x8xf32> into tensor<?x2x4xf32>
  return %h : tensor<?x2x4xf32>
}

// -----

// expected-note @+2 {{the table of the operation}}
// expected-note @+1 {{the table of the operand}}
func.func @extend(%ids: tensor<?xi32>, %seg: !yoco.segments, %x: tensor<?x2x4xf32>) -> tensor<?x2x4xf32>
    attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = from w-0>} {
  // expected-note @+2 {{the table of the operand}}
  // expected-note @+1 {{the table of the operation}}
  %t = yoco.narrow_segments %seg {halo = 0 : i64}
  %y = yoco.narrow %x at %seg to %t : tensor<?x2x4xf32>
  // expected-error @+1 {{expected rows of one set, got operand 1 of another}}
  %z = arith.addf %x, %y : tensor<?x2x4xf32>
  %c0 = arith.constant 0 : index
  %f = tensor.collapse_shape %y [[0], [1, 2]] : tensor<?x2x4xf32> into tensor<?x8xf32>
  %rows = tensor.dim %x, %c0 : tensor<?x2x4xf32>
  // expected-error @+1 {{expected rows of one set, got operand 1 of another}}
  %h = tensor.expand_shape %f [[0], [1, 2]] output_shape [%rows, 2, 4] : tensor<?x8xf32> into tensor<?x2x4xf32>
  return %h : tensor<?x2x4xf32>
}

// -----

// A mixer of the rows of one table does not take those of another.
// expected-note @+1 {{the table of the operand}}
func.func @extend(%ids: tensor<?xi32>, %seg: !yoco.segments, %q: tensor<?x1x8xf32>, %g: tensor<?x1xf32>, %s: !yoco.state<1x8x8xf32>)
    -> tensor<?x1x8xf32> attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = from w-0>} {
  // expected-note @+1 {{the table of the operation}}
  %t = yoco.narrow_segments %seg {halo = 0 : i64}
  %k = yoco.narrow %q at %seg to %t : tensor<?x1x8xf32>
  %a = yoco.narrow %g at %seg to %t : tensor<?x1xf32>
  // expected-error @+1 {{expected rows of one set, got operand 0 of another}}
  %0, %1 = yoco.step_retention %q, %k, %k, %a at %t from %s {scale = 1.0 : f32}
      : tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1xf32>, !yoco.state<1x8x8xf32> -> tensor<?x1x8xf32>
  return %0 : tensor<?x1x8xf32>
}

// -----

// Rows that are segments of their own do not see each other: nothing is written, and nothing is fresh.
!keys = !yoco.cache<heads = 1, width = 8, element = f32, window = 0, layout = contiguous>
!ring = !yoco.cache<heads = 1, width = 8, element = f32, window = 4, layout = contiguous>
func.func @extend(%ids: tensor<?xi32>, %seg: !yoco.segments, %q: tensor<?x1x8xf32>, %c: !keys, %r: !ring) -> tensor<?x1x8xf32>
    attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = from w-0>} {
  // expected-note @+1 {{the table of the operation}}
  %t = yoco.narrow_segments %seg {each_row, halo = 0 : i64}
  %x = yoco.narrow %q at %seg to %t : tensor<?x1x8xf32>
  // expected-error @+1 {{expected no state to be written where each row is a segment of its own}}
  %w = yoco.cache_write %c, %x at %t : tensor<?x1x8xf32> -> !keys
  %past = yoco.cache_read %r at %t : !ring -> tensor<?x1x8xf32>
  // expected-error @+1 {{expected no fresh keys where each row is a segment of its own}}
  %o = yoco.step_attention %x at %t past(%past, %past) fresh(%x, %x) {scale = 1.0 : f32, window = 4 : i64}
      : (tensor<?x1x8xf32>, !yoco.segments, tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32>) -> tensor<?x1x8xf32>
  %all = yoco.cache_read %c at %t : !keys -> tensor<?x1x8xf32>
  %p = yoco.step_attention %o at %t past(%all, %all) {scale = 1.0 : f32, window = 0 : i64}
      : (tensor<?x1x8xf32>, !yoco.segments, tensor<?x1x8xf32>, tensor<?x1x8xf32>) -> tensor<?x1x8xf32>
  return %p : tensor<?x1x8xf32>
}
