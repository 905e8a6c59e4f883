// One negative for each thing that fused operations are refused for.
//
// RUN: yoco-opt %s -split-input-file -verify-diagnostics

func.func @f(%x: tensor<?x8xf32>, %y: memref<?x8xf32>) {
  // expected-error @+1 {{expected tensors or buffers, got both}}
  yoco.fused_norm %x outs %y {eps = 0.0 : f32} : (tensor<?x8xf32>, memref<?x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<?x8xf32>) {
  // expected-error @+1 {{expected no results on buffers, got 1}}
  %0 = yoco.fused_norm %x outs %x {eps = 0.0 : f32} : (memref<?x8xf32>, memref<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @f(%x: memref<?x8xf32>) {
  // expected-error @+1 {{expected one buffer in `outs`, got 0}}
  yoco.fused_norm %x {eps = 0.0 : f32} : (memref<?x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected one result, got 2}}
  %0:2 = yoco.fused_norm %x {eps = 0.0 : f32} : (tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return
}

// -----

func.func @f(%x: tensor<?xi32>, %s: !yoco.segments) {
  // expected-error @+1 {{expected one result, got 0}}
  yoco.fused_positions %x at %s : (tensor<?xi32>, !yoco.segments) -> ()
  return
}

// -----

func.func @f(%x: memref<?xi32>, %s: !yoco.segments, %y: memref<?x8xf32>) {
  // expected-error @+1 {{operand #2 must be variadic of a buffer of 32-bit integers (`memref<?xi32>`), but got 'memref<?x8xf32>'}}
  yoco.fused_positions %x at %s outs %y : (memref<?xi32>, !yoco.segments, memref<?x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<?x8xf32>, %y: memref<?x2x8xf32>) {
  // expected-error @+1 {{operand #1 must be variadic of a buffer of floating-point vectors (`memref<?xNxf32>`), but got 'memref<?x2x8xf32>'}}
  yoco.fused_norm %x outs %y {eps = 0.0 : f32} : (memref<?x8xf32>, memref<?x2x8xf32>) -> ()
  return
}

// -----

yoco.parameter @p : tensor<4x8xf32> from "p"
func.func @f(%x: tensor<?xi32>) {
  // expected-error @+1 {{expected parameter @p to have shape [any, 6], got 'tensor<4x8xf32>'}}
  %0 = yoco.fused_embed %x table @p {scale = 1.0 : f32} : (tensor<?xi32>) -> tensor<?x6xf32>
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected a result of 8 columns, got 'tensor<?x4xf32>'}}
  %0 = yoco.fused_norm %x {eps = 0.0 : f32} : (tensor<?x8xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected groups that divide 8 columns, got 3}}
  %0 = yoco.fused_norm %x {eps = 0.0 : f32, groups = 3 : i64} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected groups that divide 8 columns, got -1}}
  %0 = yoco.fused_norm %x {eps = 0.0 : f32, groups = -1 : i64} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected an eps of at least 0, got -1.000000e+00 : f32}}
  %0 = yoco.fused_norm %x {eps = -1.0 : f32} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

yoco.parameter @p : tensor<8xf32> from "p"
func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected parameter @p to have shape [4], got 'tensor<8xf32>'}}
  %0 = yoco.fused_norm %x weight @p {eps = 0.0 : f32, groups = 2 : i64} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>, %pos: tensor<?xi32>) {
  // expected-error @+1 {{expected heads that divide 8 columns, got 0}}
  %0 = yoco.fused_rope %x, %pos {heads = 0 : i64, rope = #yoco.rope<half, [1.0, 0.5]>} : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>, %pos: tensor<?xi32>) {
  // expected-error @+1 {{expected from 1 to 4 frequencies for a head of width 8, got 5}}
  %0 = yoco.fused_rope %x, %pos {heads = 1 : i64, rope = #yoco.rope<half, [1.0, 0.5, 0.5, 0.5, 0.5]>} : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected at least one weight, got none}}
  %0 = yoco.fused_linear %x weights [] : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

yoco.parameter @p : tensor<8x8xf32> from "p"
func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected two weights with geglu, got 1}}
  %0 = yoco.fused_linear %x weights [@p] {activation = #yoco.activation<geglu>} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

yoco.parameter @p : tensor<8x8xf32> from "p"
yoco.parameter @n : tensor<8xf32> from "n"
func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected `eps` with `norm_weight`, got none}}
  %0 = yoco.fused_linear %x weights [@p] {norm_weight = @n} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

yoco.parameter @p : tensor<8x8xf32> from "p"
func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected an eps of at least 0, got -1.000000e+00 : f32}}
  %0 = yoco.fused_linear %x weights [@p] {eps = -1.0 : f32} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

yoco.parameter @p : tensor<8x8xf32> from "p"
func.func @f(%x: tensor<?x8xf32>, %r: tensor<?x4xf32>) {
  // expected-error @+1 {{expected a residual of 8 columns, got 'tensor<?x4xf32>'}}
  %0 = yoco.fused_linear %x residual %r weights [@p] : (tensor<?x8xf32>, tensor<?x4xf32>) -> tensor<?x8xf32>
  return
}

// -----

yoco.parameter @p : tensor<8x4xf32> from "p"
func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected parameter @p to have shape [any, 8], got 'tensor<8x4xf32>'}}
  %0 = yoco.fused_linear %x weights [@p] : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

yoco.parameter @p : tensor<4x8xf32> from "p"
yoco.parameter @q : tensor<3x8xf32> from "q"
func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected a result of as many columns as the weights have rows, 7, got 8}}
  %0 = yoco.fused_linear %x weights [@p, @q] : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

// The two weights of a gated activation have as many rows as the result has columns, each.
yoco.parameter @p : tensor<4x8xf32> from "p"
func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected parameter @p to have shape [8, 8], got 'tensor<4x8xf32>'}}
  %0 = yoco.fused_linear %x weights [@p, @p] {activation = #yoco.activation<swiglu>} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

yoco.parameter @p : tensor<8x8xf32> from "p"
func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected @n to name a `yoco.parameter`}}
  %0 = yoco.fused_linear %x weights [@p] {eps = 0.0 : f32, norm_weight = @n} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>, %g: tensor<?x2xf32>, %pos: tensor<?xi32>, %s: !yoco.segments, %t: !yoco.state<2x4x4xf32>) {
  // expected-error @+1 {{expected two results, got 1}}
  %0 = yoco.fused_retention %x, %x, %x, %g at %pos, %s from %t {scale = 1.0 : f32} : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x2xf32>, tensor<?xi32>, !yoco.segments, !yoco.state<2x4x4xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>, %g: tensor<?x2xf32>, %pos: tensor<?xi32>, %s: !yoco.segments, %t: !yoco.state<2x4xf32>) {
  // expected-error @+1 {{expected a state of heads, key width and value width, got '!yoco.state<2x4xf32>'}}
  %0:2 = yoco.fused_retention %x, %x, %x, %g at %pos, %s from %t {scale = 1.0 : f32} : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x2xf32>, tensor<?xi32>, !yoco.segments, !yoco.state<2x4xf32>) -> (tensor<?x8xf32>, !yoco.state<2x4xf32>)
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>, %g: tensor<?x2xf32>, %pos: tensor<?xi32>, %s: !yoco.segments, %t: !yoco.state<2x4x4xf32>) {
  // expected-error @+1 {{expected rows as the first result, got '!yoco.state<2x4x4xf32>'}}
  %0:2 = yoco.fused_retention %x, %x, %x, %g at %pos, %s from %t {scale = 1.0 : f32} : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x2xf32>, tensor<?xi32>, !yoco.segments, !yoco.state<2x4x4xf32>) -> (!yoco.state<2x4x4xf32>, tensor<?x8xf32>)
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>, %q: tensor<?x6xf32>, %g: tensor<?x2xf32>, %pos: tensor<?xi32>, %s: !yoco.segments, %t: !yoco.state<2x4x4xf32>) {
  // expected-error @+1 {{expected queries of 8 columns, got 'tensor<?x6xf32>'}}
  %0:2 = yoco.fused_retention %q, %x, %x, %g at %pos, %s from %t {scale = 1.0 : f32} : (tensor<?x6xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x2xf32>, tensor<?xi32>, !yoco.segments, !yoco.state<2x4x4xf32>) -> (tensor<?x8xf32>, !yoco.state<2x4x4xf32>)
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>, %q: tensor<?x6xf32>, %g: tensor<?x2xf32>, %pos: tensor<?xi32>, %s: !yoco.segments, %t: !yoco.state<2x4x4xf32>) {
  // expected-error @+1 {{expected keys of 8 columns, got 'tensor<?x6xf32>'}}
  %0:2 = yoco.fused_retention %x, %q, %x, %g at %pos, %s from %t {scale = 1.0 : f32} : (tensor<?x8xf32>, tensor<?x6xf32>, tensor<?x8xf32>, tensor<?x2xf32>, tensor<?xi32>, !yoco.segments, !yoco.state<2x4x4xf32>) -> (tensor<?x8xf32>, !yoco.state<2x4x4xf32>)
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>, %q: tensor<?x6xf32>, %g: tensor<?x2xf32>, %pos: tensor<?xi32>, %s: !yoco.segments, %t: !yoco.state<2x4x4xf32>) {
  // expected-error @+1 {{expected values of 8 columns, got 'tensor<?x6xf32>'}}
  %0:2 = yoco.fused_retention %x, %x, %q, %g at %pos, %s from %t {scale = 1.0 : f32} : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x6xf32>, tensor<?x2xf32>, tensor<?xi32>, !yoco.segments, !yoco.state<2x4x4xf32>) -> (tensor<?x8xf32>, !yoco.state<2x4x4xf32>)
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>, %pos: tensor<?xi32>, %s: !yoco.segments, %t: !yoco.state<2x4x4xf32>) {
  // expected-error @+1 {{expected gates of 2 columns, got 'tensor<?x8xf32>'}}
  %0:2 = yoco.fused_retention %x, %x, %x, %x at %pos, %s from %t {scale = 1.0 : f32} : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>, !yoco.segments, !yoco.state<2x4x4xf32>) -> (tensor<?x8xf32>, !yoco.state<2x4x4xf32>)
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>, %g: tensor<?x2xf32>, %pos: tensor<?xi32>, %s: !yoco.segments, %t: !yoco.state<2x4x4xf32>) {
  // expected-error @+1 {{expected a result of 8 columns, got 'tensor<?x6xf32>'}}
  %0:2 = yoco.fused_retention %x, %x, %x, %g at %pos, %s from %t {scale = 1.0 : f32} : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x2xf32>, tensor<?xi32>, !yoco.segments, !yoco.state<2x4x4xf32>) -> (tensor<?x6xf32>, !yoco.state<2x4x4xf32>)
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>, %q: tensor<?x6xf32>, %g: tensor<?x2xf32>, %pos: tensor<?xi32>, %s: !yoco.segments, %t: !yoco.state<2x4x4xf32>) {
  // expected-error @+1 {{expected a swish gate of 8 columns, got 'tensor<?x6xf32>'}}
  %0:2 = yoco.fused_retention %x, %x, %x, %g at %pos, %s from %t swish %q {scale = 1.0 : f32} : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x2xf32>, tensor<?xi32>, !yoco.segments, !yoco.state<2x4x4xf32>, tensor<?x6xf32>) -> (tensor<?x8xf32>, !yoco.state<2x4x4xf32>)
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>, %g: tensor<?x2xf32>, %pos: tensor<?xi32>, %s: !yoco.segments, %t: !yoco.state<2x4x4xf32>) {
  // expected-error @+1 {{expected the next state to be of type '!yoco.state<2x4x4xf32>', got '!yoco.state<2x4x4xbf16>'}}
  %0:2 = yoco.fused_retention %x, %x, %x, %g at %pos, %s from %t {scale = 1.0 : f32} : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x2xf32>, tensor<?xi32>, !yoco.segments, !yoco.state<2x4x4xf32>) -> (tensor<?x8xf32>, !yoco.state<2x4x4xbf16>)
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>, %g: tensor<?x2xf32>, %pos: tensor<?xi32>, %s: !yoco.segments, %t: !yoco.state<2x4x4xf32>) {
  // expected-error @+1 {{expected a span of at least 0, got -1}}
  %0:2 = yoco.fused_retention %x, %x, %x, %g at %pos, %s from %t {scale = 1.0 : f32, span = -1 : i64} : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x2xf32>, tensor<?xi32>, !yoco.segments, !yoco.state<2x4x4xf32>) -> (tensor<?x8xf32>, !yoco.state<2x4x4xf32>)
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>, %g: tensor<?x2xf32>, %pos: tensor<?xi32>, %s: !yoco.segments, %t: !yoco.state<2x4x4xf32>) {
  // expected-error @+1 {{expected an eps of at least 0, got -1.000000e+00 : f32}}
  %0:2 = yoco.fused_retention %x, %x, %x, %g at %pos, %s from %t {scale = 1.0 : f32, eps = -1.0 : f32} : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x2xf32>, tensor<?xi32>, !yoco.segments, !yoco.state<2x4x4xf32>) -> (tensor<?x8xf32>, !yoco.state<2x4x4xf32>)
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>, %g: tensor<?x2xf32>, %pos: tensor<?xi32>, %s: !yoco.segments, %t: !yoco.state<2x4x4xf32>) {
  // expected-error @+1 {{expected one frequency for each pair of a head of width 4, got 3}}
  %0:2 = yoco.fused_retention %x, %x, %x, %g at %pos, %s from %t {scale = 1.0 : f32, rope = #yoco.rope<half, [1.0, 1.0, 1.0]>} : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x2xf32>, tensor<?xi32>, !yoco.segments, !yoco.state<2x4x4xf32>) -> (tensor<?x8xf32>, !yoco.state<2x4x4xf32>)
  return
}

// -----

!kv = !yoco.cache<heads = 2, width = 4, element = f32, window = 0, layout = contiguous>
func.func @f(%x: tensor<?x8xf32>, %pos: tensor<?xi32>, %s: !yoco.segments, %c: !kv) {
  // expected-error @+1 {{expected the number of query heads to be a multiple of that of key heads, got 3 and 2}}
  %0 = yoco.fused_attention %x at %pos, %s to %c, %c {scale = 1.0 : f32, heads = 3 : i64} : (tensor<?x8xf32>, tensor<?xi32>, !yoco.segments, !kv, !kv) -> tensor<?x8xf32>
  return
}

// -----

!kv = !yoco.cache<heads = 2, width = 4, element = f32, window = 0, layout = contiguous>
func.func @f(%q: tensor<?x6xf32>, %pos: tensor<?xi32>, %s: !yoco.segments, %c: !kv) {
  // expected-error @+1 {{expected queries of 8 columns, got 'tensor<?x6xf32>'}}
  %0 = yoco.fused_attention %q at %pos, %s to %c, %c {scale = 1.0 : f32, heads = 2 : i64} : (tensor<?x6xf32>, tensor<?xi32>, !yoco.segments, !kv, !kv) -> tensor<?x8xf32>
  return
}

// -----

!kv = !yoco.cache<heads = 2, width = 4, element = f32, window = 0, layout = contiguous>
func.func @f(%x: tensor<?x8xf32>, %pos: tensor<?xi32>, %s: !yoco.segments, %c: !kv) {
  // expected-error @+1 {{expected a result of 8 columns, got 'tensor<?x6xf32>'}}
  %0 = yoco.fused_attention %x at %pos, %s to %c, %c {scale = 1.0 : f32, heads = 2 : i64} : (tensor<?x8xf32>, tensor<?xi32>, !yoco.segments, !kv, !kv) -> tensor<?x6xf32>
  return
}

// -----

!ring = !yoco.cache<heads = 2, width = 4, element = f32, window = 3, layout = contiguous>
func.func @f(%x: tensor<?x8xf32>, %pos: tensor<?xi32>, %s: !yoco.segments, %r: !ring) {
  // expected-error @+1 {{expected fresh keys and values together, got one without the other}}
  %0 = "yoco.fused_attention"(%x, %pos, %s, %r, %r, %x) <{scale = 1.0 : f32, heads = 2 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 1, 0, 0>}> : (tensor<?x8xf32>, tensor<?xi32>, !yoco.segments, !ring, !ring, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

!ring = !yoco.cache<heads = 2, width = 4, element = f32, window = 3, layout = contiguous>
func.func @f(%x: tensor<?x8xf32>, %pos: tensor<?xi32>, %s: !yoco.segments, %r: !ring) {
  // expected-error @+1 {{expected fresh keys and values with rings and only there, got '!yoco.cache<heads = 2, width = 4, element = f32, window = 3, layout = contiguous>'}}
  %0 = yoco.fused_attention %x at %pos, %s to %r, %r {scale = 1.0 : f32, heads = 2 : i64, window = 3 : i64} : (tensor<?x8xf32>, tensor<?xi32>, !yoco.segments, !ring, !ring) -> tensor<?x8xf32>
  return
}

// -----

!kv = !yoco.cache<heads = 2, width = 4, element = f32, window = 0, layout = contiguous>
func.func @f(%x: tensor<?x8xf32>, %pos: tensor<?xi32>, %s: !yoco.segments, %c: !kv) {
  // expected-error @+1 {{expected a window of at least 0, got -1}}
  %0 = yoco.fused_attention %x at %pos, %s to %c, %c {scale = 1.0 : f32, heads = 2 : i64, window = -1 : i64} : (tensor<?x8xf32>, tensor<?xi32>, !yoco.segments, !kv, !kv) -> tensor<?x8xf32>
  return
}

// -----

!ring = !yoco.cache<heads = 2, width = 4, element = f32, window = 3, layout = contiguous>
func.func @f(%x: tensor<?x8xf32>, %pos: tensor<?xi32>, %s: !yoco.segments, %r: !ring) {
  // expected-error @+1 {{expected a window from 1 to that of the ring, 3, got 4}}
  %0 = yoco.fused_attention %x at %pos, %s to %r, %r fresh(%x, %x) {scale = 1.0 : f32, heads = 2 : i64, window = 4 : i64} : (tensor<?x8xf32>, tensor<?xi32>, !yoco.segments, !ring, !ring, tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

!ring = !yoco.cache<heads = 2, width = 4, element = f32, window = 3, layout = contiguous>
func.func @f(%x: tensor<?x8xf32>, %pos: tensor<?xi32>, %s: !yoco.segments, %r: !ring) {
  // expected-error @+1 {{expected a window from 1 to that of the ring, 3, got 0}}
  %0 = yoco.fused_attention %x at %pos, %s to %r, %r fresh(%x, %x) {scale = 1.0 : f32, heads = 2 : i64} : (tensor<?x8xf32>, tensor<?xi32>, !yoco.segments, !ring, !ring, tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

!ring = !yoco.cache<heads = 2, width = 4, element = f32, window = 3, layout = contiguous>
func.func @f(%x: tensor<?x8xf32>, %q: tensor<?x6xf32>, %pos: tensor<?xi32>, %s: !yoco.segments, %r: !ring) {
  // expected-error @+1 {{expected keys of 8 columns, got 'tensor<?x6xf32>'}}
  %0 = yoco.fused_attention %x at %pos, %s to %r, %r fresh(%q, %x) {scale = 1.0 : f32, heads = 2 : i64, window = 3 : i64} : (tensor<?x8xf32>, tensor<?xi32>, !yoco.segments, !ring, !ring, tensor<?x6xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

!ring = !yoco.cache<heads = 2, width = 4, element = f32, window = 3, layout = contiguous>
func.func @f(%x: tensor<?x8xf32>, %q: tensor<?x6xf32>, %pos: tensor<?xi32>, %s: !yoco.segments, %r: !ring) {
  // expected-error @+1 {{expected values of 8 columns, got 'tensor<?x6xf32>'}}
  %0 = yoco.fused_attention %x at %pos, %s to %r, %r fresh(%x, %q) {scale = 1.0 : f32, heads = 2 : i64, window = 3 : i64} : (tensor<?x8xf32>, tensor<?xi32>, !yoco.segments, !ring, !ring, tensor<?x8xf32>, tensor<?x6xf32>) -> tensor<?x8xf32>
  return
}

// -----

!kv = !yoco.cache<heads = 2, width = 4, element = f32, window = 0, layout = contiguous>
func.func @f(%x: tensor<?x8xf32>, %pos: tensor<?xi32>, %s: !yoco.segments, %c: !kv) {
  // expected-error @+1 {{expected from 1 to 2 frequencies for a head of width 4, got 3}}
  %0 = yoco.fused_attention %x at %pos, %s to %c, %c {scale = 1.0 : f32, heads = 2 : i64, rope = #yoco.rope<half, [1.0, 1.0, 1.0]>} : (tensor<?x8xf32>, tensor<?xi32>, !yoco.segments, !kv, !kv) -> tensor<?x8xf32>
  return
}

// -----

!kv = !yoco.cache<heads = 2, width = 4, element = f32, window = 0, layout = contiguous>
func.func @f(%s: !yoco.segments, %c: !kv, %b: memref<?x8xf32>, %p: memref<?xi32>) {
  // expected-error @+1 {{expected no buffers in `outs`, got 1}}
  yoco.fused_cache_write %b at %p, %s to %c outs %b : (memref<?x8xf32>, memref<?xi32>, !yoco.segments, !kv, memref<?x8xf32>) -> ()
  return
}

// -----

!kv = !yoco.cache<heads = 2, width = 4, element = f32, window = 0, layout = contiguous>
func.func @f(%x: tensor<?x8xf32>, %pos: tensor<?xi32>, %s: !yoco.segments, %c: !kv) {
  // expected-error @+1 {{expected results of the types of the caches, '!yoco.cache<heads = 2, width = 4, element = f32, window = 0, layout = contiguous>', got }}
  yoco.fused_cache_write %x at %pos, %s to %c : (tensor<?x8xf32>, tensor<?xi32>, !yoco.segments, !kv) -> ()
  return
}

// -----

!kv = !yoco.cache<heads = 2, width = 4, element = f32, window = 0, layout = contiguous>
!ring = !yoco.cache<heads = 2, width = 4, element = f32, window = 3, layout = contiguous>
func.func @f(%x: tensor<?x8xf32>, %pos: tensor<?xi32>, %s: !yoco.segments, %c: !kv) {
  // expected-error @+1 {{expected results of the types of the caches, '!yoco.cache<heads = 2, width = 4, element = f32, window = 0, layout = contiguous>', got '!yoco.cache<heads = 2, width = 4, element = f32, window = 3, layout = contiguous>'}}
  %0 = yoco.fused_cache_write %x at %pos, %s to %c : (tensor<?x8xf32>, tensor<?xi32>, !yoco.segments, !kv) -> !ring
  return
}

// -----

!kv = !yoco.cache<heads = 2, width = 4, element = f32, window = 0, layout = contiguous>
func.func @f(%x: tensor<?x8xf32>, %q: tensor<?x6xf32>, %pos: tensor<?xi32>, %s: !yoco.segments, %c: !kv) {
  // expected-error @+1 {{expected rows of 8 columns, got 'tensor<?x6xf32>'}}
  %0 = yoco.fused_cache_write %q at %pos, %s to %c : (tensor<?x6xf32>, tensor<?xi32>, !yoco.segments, !kv) -> !kv
  return
}

// -----

!kv = !yoco.cache<heads = 2, width = 4, element = f32, window = 0, layout = contiguous>
func.func @f(%x: tensor<?x8xf32>, %q: tensor<?x6xf32>, %pos: tensor<?xi32>, %s: !yoco.segments, %c: !kv, %d: !kv) {
  // expected-error @+1 {{expected rows of 8 columns, got 'tensor<?x6xf32>'}}
  %0:2 = yoco.fused_cache_write %x, %q at %pos, %s to %c, %d : (tensor<?x8xf32>, tensor<?x6xf32>, tensor<?xi32>, !yoco.segments, !kv, !kv) -> (!kv, !kv)
  return
}

// -----

!kv = !yoco.cache<heads = 2, width = 4, element = f32, window = 0, layout = contiguous>
func.func @f(%x: tensor<?x8xf32>, %pos: tensor<?xi32>, %s: !yoco.segments, %c: !kv) {
  // expected-error @+1 {{expected two caches, got one twice}}
  %0:2 = yoco.fused_cache_write %x, %x at %pos, %s to %c, %c : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>, !yoco.segments, !kv, !kv) -> (!kv, !kv)
  return
}

// -----

!kv = !yoco.cache<heads = 2, width = 4, element = f32, window = 0, layout = contiguous>
func.func @f(%x: tensor<?x8xf32>, %pos: tensor<?xi32>, %s: !yoco.segments, %c: !kv) {
  // expected-error @+1 {{expected a cache for each of its rows, got one for both}}
  %0 = yoco.fused_cache_write %x, %x at %pos, %s to %c : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>, !yoco.segments, !kv) -> !kv
  return
}

// -----

!kv = !yoco.cache<heads = 2, width = 4, element = f32, window = 0, layout = contiguous>
!ring = !yoco.cache<heads = 2, width = 4, element = f32, window = 3, layout = contiguous>
func.func @f(%x: tensor<?x8xf32>, %pos: tensor<?xi32>, %s: !yoco.segments, %c: !kv, %r: !ring) {
  // expected-error @+1 {{expected two caches that differ in their widths alone, got '!yoco.cache<heads = 2, width = 4, element = f32, window = 0, layout = contiguous>' and '!yoco.cache<heads = 2, width = 4, element = f32, window = 3, layout = contiguous>'}}
  %0 = yoco.fused_attention %x at %pos, %s to %c, %r {scale = 1.0 : f32, heads = 2 : i64} : (tensor<?x8xf32>, tensor<?xi32>, !yoco.segments, !kv, !ring) -> tensor<?x8xf32>
  return
}

// -----

!kv = !yoco.cache<heads = 2, width = 4, element = f32, window = 0, layout = contiguous>
!half = !yoco.cache<heads = 2, width = 4, element = f16, window = 0, layout = contiguous>
func.func @f(%x: tensor<?x8xf32>, %pos: tensor<?xi32>, %s: !yoco.segments, %c: !kv, %d: !half) {
  // expected-error @+1 {{expected two caches that differ in their widths alone, got '!yoco.cache<heads = 2, width = 4, element = f32, window = 0, layout = contiguous>' and '!yoco.cache<heads = 2, width = 4, element = f16, window = 0, layout = contiguous>'}}
  %0:2 = yoco.fused_cache_write %x, %x at %pos, %s to %c, %d : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>, !yoco.segments, !kv, !half) -> (!kv, !half)
  return
}

// -----

!kv = !yoco.cache<heads = 2, width = 4, element = f32, window = 0, layout = contiguous>
func.func @f(%x: tensor<?x8xf32>, %pos: tensor<?xi32>, %s: !yoco.segments, %c: !kv) {
  // expected-error @+1 {{expected from 1 to 2 frequencies for a head of width 4, got 3}}
  %0 = yoco.fused_cache_write %x at %pos, %s to %c {rope = #yoco.rope<half, [1.0, 1.0, 1.0]>} : (tensor<?x8xf32>, tensor<?xi32>, !yoco.segments, !kv) -> !kv
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>, %g: tensor<?x4xf32>) {
  // expected-error @+1 {{expected a swish gate of 8 columns, got 'tensor<?x4xf32>'}}
  %0 = yoco.fused_norm %x swish %g {eps = 0.0 : f32} : (tensor<?x8xf32>, tensor<?x4xf32>) -> tensor<?x8xf32>
  return
}

// -----

yoco.parameter @a : tensor<8x8xf32> from "a"
func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected `max_rows` of at least 0, got -1}}
  %0 = yoco.fused_linear %x weights [@a] {max_rows = -1 : i64} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

yoco.parameter @a : tensor<8x8xf32> from "a"
func.func @f(%x: tensor<?x8xf32>, %m: memref<64xi8>) {
  // expected-error @+1 {{expected tensors or buffers, got both}}
  %0 = yoco.fused_linear %x weights [@a] workspace %m : (tensor<?x8xf32>, memref<64xi8>) -> tensor<?x8xf32>
  return
}

// -----

!cache = !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
func.func @f(%q: tensor<?x8xf32>, %pos: tensor<?xi32>, %s: !yoco.segments, %c: !cache) {
  // expected-error @+1 {{expected a result of 36 columns, got 'tensor<?x8xf32>'}}
  %0 = yoco.fused_attention %q at %pos, %s to %c, %c {scale = 0.5 : f32, heads = 2 : i64, splits = 3 : i64}
      : (tensor<?x8xf32>, tensor<?xi32>, !yoco.segments, !cache, !cache) -> tensor<?x8xf32>
  return
}

// -----

!cache = !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
func.func @f(%q: tensor<?x8xf32>, %pos: tensor<?xi32>, %s: !yoco.segments, %c: !cache) {
  // expected-error @+1 {{expected splits of at least 0, got -3}}
  %0 = yoco.fused_attention %q at %pos, %s to %c, %c {scale = 0.5 : f32, heads = 2 : i64, splits = -3 : i64}
      : (tensor<?x8xf32>, tensor<?xi32>, !yoco.segments, !cache, !cache) -> tensor<?x8xf32>
  return
}

// -----

!cache = !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
func.func @f(%q: tensor<?x8xf32>, %pos: tensor<?xi32>, %s: !yoco.segments, %c: !cache) {
  // expected-error @+1 {{expected partial rows of f32, got 'tensor<?x36xbf16>'}}
  %0 = yoco.fused_attention %q at %pos, %s to %c, %c {scale = 0.5 : f32, heads = 2 : i64, splits = 3 : i64}
      : (tensor<?x8xf32>, tensor<?xi32>, !yoco.segments, !cache, !cache) -> tensor<?x36xbf16>
  return
}

// -----

func.func @f(%p: tensor<?x36xf32>, %s: !yoco.segments) {
  // expected-error @+1 {{expected at least 1 split, and heads that divide 8 columns, got 0 and 2}}
  %0 = yoco.fused_attention_merge %p at %s {heads = 2 : i64, splits = 0 : i64} : (tensor<?x36xf32>, !yoco.segments) -> tensor<?x8xf32>
  return
}

// -----

func.func @f(%p: tensor<?x35xf32>, %s: !yoco.segments) {
  // expected-error @+1 {{expected partial rows of 36 columns, got 'tensor<?x35xf32>'}}
  %0 = yoco.fused_attention_merge %p at %s {heads = 2 : i64, splits = 3 : i64} : (tensor<?x35xf32>, !yoco.segments) -> tensor<?x8xf32>
  return
}

// -----

func.func @f(%x: memref<?x8xf32>) {
  // expected-error @+1 {{expected one buffer in `outs`, got 0}}
  yoco.fused_argmax %x : (memref<?x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<?x8xf32>, %w: memref<?x8xf32>) {
  // expected-error @+1 {{expected a gated activation with `joined`, got none}}
  yoco.fused_linear %x weights [@w] outs %w {joined} : (memref<?x8xf32>, memref<?x8xf32>) -> ()
  return
}

// -----

func.func @f() {
  // expected-error @+1 {{expected a vector of at least one parameter, got 0 and 'tensor<8xf32>'}}
  %0 = yoco.parameter_vector [] : tensor<8xf32>
  return
}

// -----

yoco.parameter @w : tensor<8xbf16> from "w"
func.func @f() {
  // expected-error @+1 {{expected parameter @w to be a vector of 'f32', got 'tensor<8xbf16>'}}
  %0 = yoco.parameter_vector [@w] : tensor<8xf32>
  return
}

// -----

yoco.parameter @w : tensor<8xf32> from "w"
func.func @f() {
  // expected-error @+1 {{expected as many elements as the parameters have, 16, got 'tensor<8xf32>'}}
  %0 = yoco.parameter_vector [@w, @w] : tensor<8xf32>
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>, %s: !yoco.segments) {
  // expected-error @+1 {{expected a result of 8 columns, got 'tensor<?x4xf32>'}}
  %0 = yoco.fused_narrow %x at %s to %s : (tensor<?x8xf32>, !yoco.segments, !yoco.segments) -> tensor<?x4xf32>
  return
}

// -----

yoco.parameter @a : tensor<8x8xf32> from "a"
func.func @f(%x: tensor<?x8xf32>, %t: tensor<?xi32>, %l: tensor<?x1xf32>, %c: tensor<?x9xf32>) {
  // expected-error @+1 {{expected a result of 1 columns, got 'tensor<?x8xf32>'}}
  %0 = yoco.fused_target_logits %x, %t weight @a : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>, %t: tensor<?xi32>, %l: tensor<?x1xf32>, %c: tensor<?x9xf32>) {
  // expected-error @+1 {{expected a number of best columns from 0 to 64, got -1}}
  %0 = yoco.fused_logprobs %x, %t {best = -1 : i64} : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x1xf32>
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>, %t: tensor<?xi32>, %l: tensor<?x1xf32>, %c: tensor<?x9xf32>) {
  // expected-error @+1 {{expected the targets' logits with some of the columns, got none}}
  %0 = yoco.fused_logprobs %x, %t {best = 2 : i64, partial} : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x9xf32>
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>, %t: tensor<?xi32>, %l: tensor<?x1xf32>, %c: tensor<?x9xf32>) {
  // expected-error @+1 {{expected targets' logits of 1 columns, got 'tensor<?x8xf32>'}}
  %0 = yoco.fused_logprobs %x, %t target_logits %x {best = 2 : i64} : (tensor<?x8xf32>, tensor<?xi32>, tensor<?x8xf32>) -> tensor<?x7xf32>
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>, %t: tensor<?xi32>, %l: tensor<?x1xf32>, %c: tensor<?x9xf32>) {
  // expected-error @+1 {{expected partial rows of 7 columns, got 'tensor<?x9xf32>'}}
  %0 = yoco.fused_logprobs %x, %t target_logits %l after %c {best = 1 : i64} : (tensor<?x8xf32>, tensor<?xi32>, tensor<?x1xf32>, tensor<?x9xf32>) -> tensor<?x5xf32>
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>, %t: tensor<?xi32>, %l: tensor<?x1xf32>, %c: tensor<?x9xf32>) {
  // expected-error @+1 {{expected a result of 7 columns, got 'tensor<?x9xf32>'}}
  %0 = yoco.fused_logprobs %x, %t {best = 2 : i64} : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x9xf32>
  return
}

// -----

func.func @f(%x: tensor<?x8xbf16>, %t: tensor<?xi32>) {
  // expected-error @+1 {{expected rows of f32, got 'tensor<?x8xbf16>'}}
  %0 = yoco.fused_logprobs %x, %t {best = 2 : i64} : (tensor<?x8xbf16>, tensor<?xi32>) -> tensor<?x7xf32>
  return
}

// -----

yoco.parameter @a : tensor<8x8xf32> from "a"
func.func @f(%x: tensor<?x8xf32>, %t: tensor<?xi32>, %l: tensor<?x1xf32>, %c: tensor<?x9xf32>) {
  // expected-error @+1 {{expected one weight with `first_row`, of at least 0, got 2 and 0}}
  %0 = yoco.fused_linear %x weights [@a, @a] {first_row = 0 : i64} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

yoco.parameter @a : tensor<8x8xf32> from "a"
func.func @f(%x: tensor<?x8xf32>, %t: tensor<?xi32>, %l: tensor<?x1xf32>, %c: tensor<?x9xf32>) {
  // expected-error @+1 {{expected some of the 8 rows of the weight, got 8 from 4 on}}
  %0 = yoco.fused_linear %x weights [@a] {first_row = 4 : i64} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>, %s: !yoco.segments) {
  %t = yoco.narrow_segments %s {each_row, halo = 0 : i64}
  // expected-error @+1 {{expected `each_row` as the table of its result has it, got none with a segment for each row}}
  %0 = yoco.fused_narrow %x at %s to %t : (tensor<?x8xf32>, !yoco.segments, !yoco.segments) -> tensor<?x8xf32>
  return
}
