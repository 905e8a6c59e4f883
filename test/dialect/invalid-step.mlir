// One negative for each thing that operations of phase `step` are refused for.
//
// RUN: yoco-opt %s -split-input-file -verify-diagnostics

!kv = !yoco.cache<heads = 2, width = 4, element = f32, window = 0, layout = contiguous>
func.func @f(%c: !kv, %s: !yoco.segments) {
  // expected-error @+1 {{expected rows of type 'tensor<?x2x4xf32>', got 'tensor<?x1x4xf32>'}}
  %0 = yoco.cache_read %c at %s : !kv -> tensor<?x1x4xf32>
  return
}

// -----

!kv = !yoco.cache<heads = 2, width = 6, element = bf16, window = 0, layout = contiguous>
func.func @f(%c: !kv, %s: !yoco.segments) {
  // expected-error @+1 {{expected rows of type 'tensor<?x2x6xbf16>', got 'tensor<?x2x6xf32>'}}
  %0 = yoco.cache_read %c at %s : !kv -> tensor<?x2x6xf32>
  return
}

// -----

!kv = !yoco.cache<heads = 2, width = 4, element = f32, window = 0, layout = contiguous>
func.func @f(%c: !kv, %s: !yoco.segments, %k: tensor<?x2x6xf32>) {
  // expected-error @+1 {{expected rows of type 'tensor<?x2x4xf32>', got 'tensor<?x2x6xf32>'}}
  %0 = yoco.cache_write %c, %k at %s : tensor<?x2x6xf32> -> !kv
  return
}

// -----

!kv = !yoco.cache<heads = 2, width = 4, element = f32, window = 0, layout = contiguous>
!ring = !yoco.cache<heads = 2, width = 4, element = f32, window = 3, layout = contiguous>
func.func @f(%c: !kv, %s: !yoco.segments, %k: tensor<?x2x4xf32>) {
  // expected-error @+1 {{failed to verify that all of {cache, result} have same type}}
  %0 = "yoco.cache_write"(%c, %k, %s) : (!kv, tensor<?x2x4xf32>, !yoco.segments) -> !ring
  return
}

// -----

func.func @f(%q: tensor<?x4x4xf32>, %s: !yoco.segments, %k: tensor<?x2x6xf32>) {
  // expected-error @+1 {{expected query and key heads of the same width, got 4 and 6}}
  %0 = yoco.step_attention %q at %s past(%k, %k) {scale = 1.0 : f32} : (tensor<?x4x4xf32>, !yoco.segments, tensor<?x2x6xf32>, tensor<?x2x6xf32>) -> tensor<?x4x6xf32>
  return
}

// -----

func.func @f(%q: tensor<?x4x4xf32>, %s: !yoco.segments, %k: tensor<?x2x4xf32>, %v: tensor<?x1x4xf32>) {
  // expected-error @+1 {{expected as many value heads as key heads, got 1 and 2}}
  %0 = yoco.step_attention %q at %s past(%k, %v) {scale = 1.0 : f32} : (tensor<?x4x4xf32>, !yoco.segments, tensor<?x2x4xf32>, tensor<?x1x4xf32>) -> tensor<?x4x4xf32>
  return
}

// -----

func.func @f(%q: tensor<?x4x4xf32>, %s: !yoco.segments, %k: tensor<?x3x4xf32>) {
  // expected-error @+1 {{expected the number of query heads to be a multiple of that of key heads, got 4 and 3}}
  %0 = yoco.step_attention %q at %s past(%k, %k) {scale = 1.0 : f32} : (tensor<?x4x4xf32>, !yoco.segments, tensor<?x3x4xf32>, tensor<?x3x4xf32>) -> tensor<?x4x4xf32>
  return
}

// -----

func.func @f(%q: tensor<?x4x4xf32>, %s: !yoco.segments, %k: tensor<?x2x4xf32>) {
  // expected-error @+1 {{expected a result of 4 heads of width 4, got 'tensor<?x2x4xf32>'}}
  %0 = yoco.step_attention %q at %s past(%k, %k) {scale = 1.0 : f32} : (tensor<?x4x4xf32>, !yoco.segments, tensor<?x2x4xf32>, tensor<?x2x4xf32>) -> tensor<?x2x4xf32>
  return
}

// -----

func.func @f(%q: tensor<?x2x4xf32>, %s: !yoco.segments, %k: tensor<?x2x4xf32>) {
  // expected-error @+1 {{expected fresh keys and values together, got one without the other}}
  %0 = "yoco.step_attention"(%q, %s, %k, %k, %k) <{scale = 1.0 : f32, operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 0>}>
      : (tensor<?x2x4xf32>, !yoco.segments, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>) -> tensor<?x2x4xf32>
  return
}

// -----

func.func @f(%q: tensor<?x2x4xf32>, %s: !yoco.segments, %k: tensor<?x2x4xf32>, %f: tensor<?x1x4xf32>) {
  // expected-error @+1 {{expected fresh rows of the types of the past ones, 'tensor<?x2x4xf32>' and 'tensor<?x2x4xf32>', got 'tensor<?x1x4xf32>' and 'tensor<?x2x4xf32>'}}
  %0 = yoco.step_attention %q at %s past(%k, %k) fresh(%f, %k) {scale = 1.0 : f32}
      : (tensor<?x2x4xf32>, !yoco.segments, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x1x4xf32>, tensor<?x2x4xf32>) -> tensor<?x2x4xf32>
  return
}

// -----

func.func @f(%q: tensor<?x2x4xf32>, %s: !yoco.segments) {
  // expected-error @+1 {{expected a window of at least 0, got -3}}
  %0 = yoco.step_attention %q at %s past(%q, %q) {scale = 1.0 : f32, window = -3 : i64} : (tensor<?x2x4xf32>, !yoco.segments, tensor<?x2x4xf32>, tensor<?x2x4xf32>) -> tensor<?x2x4xf32>
  return
}

// -----

func.func @f(%q: tensor<?x2x4xf32>, %g: tensor<?x3xf32>, %s: !yoco.segments, %t: !yoco.state<2x4x4xf32>) {
  // expected-error @+1 {{expected one gate for each of 2 heads, got 'tensor<?x3xf32>'}}
  %0, %1 = yoco.step_retention %q, %q, %q, %g at %s from %t {scale = 1.0 : f32} : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x3xf32>, !yoco.state<2x4x4xf32> -> tensor<?x2x4xf32>
  return
}

// -----

func.func @f(%q: tensor<?x2x4xf32>, %g: tensor<?x2xf32>, %s: !yoco.segments, %t: !yoco.state<2x4xf32>) {
  // expected-error @+1 {{expected a state of shape [2, 4, 4], got '!yoco.state<2x4xf32>'}}
  %0, %1 = yoco.step_retention %q, %q, %q, %g at %s from %t {scale = 1.0 : f32} : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2xf32>, !yoco.state<2x4xf32> -> tensor<?x2x4xf32>
  return
}

// -----

func.func @f(%l: tensor<?x8xf32>, %t: tensor<?xi32>) {
  // expected-error @+1 {{expected a number of best columns from 0 to 64, got 65}}
  %0 = yoco.row_logprobs %l, %t {best = 65 : i64} : tensor<?x8xf32>, tensor<?xi32> -> tensor<?x133xf32>
  return
}

// -----

func.func @f(%l: tensor<?x8xf32>, %t: tensor<?xi32>) {
  // expected-error @+1 {{expected a result of 7 columns of f32, got 'tensor<?x8xf32>'}}
  %0 = yoco.row_logprobs %l, %t {best = 2 : i64} : tensor<?x8xf32>, tensor<?xi32> -> tensor<?x8xf32>
  return
}

// -----

func.func @f(%s: !yoco.segments) {
  // expected-error @+1 {{expected a halo of 0 with `each_row`, got 3}}
  %0 = yoco.narrow_segments %s {each_row, halo = 3 : i64}
  return
}
