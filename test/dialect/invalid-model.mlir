// One negative for each thing that operations of phase `model` are refused for. What no cross-decoder may do comes last.
//
// RUN: yoco-opt %s -split-input-file -verify-diagnostics

// expected-error @+1 {{expected a static shape without empty dimensions, got 'tensor<?x8xf32>'}}
yoco.parameter @p : tensor<?x8xf32> from "p"

// -----

// expected-error @+1 {{expected a static shape without empty dimensions, got 'tensor<0x8xf32>'}}
yoco.parameter @p : tensor<0x8xf32> from "p"

// -----

// expected-error @+1 {{expected a vector or a matrix, got rank 3}}
yoco.parameter @p : tensor<2x2x8xf32> from "p"

// -----

// expected-error @+1 {{attribute 'type' failed to satisfy constraint}}
yoco.parameter @p : tensor<8xi8> from "p"

// -----

func.func @f(%ids: tensor<?xi64>) {
  // expected-error @+1 {{operand #0 must be rows of 32-bit integers (`tensor<?xi32>`), but got 'tensor<?xi64>'}}
  %0 = "yoco.positions"(%ids) : (tensor<?xi64>) -> tensor<?xi32>
  return
}

// -----

func.func @f(%ids: tensor<?xi32>) {
  // expected-error @+1 {{expected @nothing to name a `yoco.parameter`}}
  %0 = yoco.embed %ids, @nothing : tensor<?x8xf32>
  return
}

// -----

// Another kind of symbol is no parameter.
func.func @f(%ids: tensor<?xi32>) {
  // expected-error @+1 {{expected @f to name a `yoco.parameter`}}
  %0 = yoco.embed %ids, @f : tensor<?x8xf32>
  return
}

// -----

yoco.parameter @p : tensor<4x8xf32> from "p"
func.func @f(%ids: tensor<?xi32>) {
  // expected-error @+1 {{expected parameter @p to have shape [any, 6], got 'tensor<4x8xf32>'}}
  %0 = yoco.embed %ids, @p : tensor<?x6xf32>
  return
}

// -----

yoco.parameter @p : tensor<8x4xf32> from "p"
func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected parameter @p to have shape [4, 8], got 'tensor<8x4xf32>'}}
  %0 = yoco.linear %x, @p : tensor<?x8xf32> -> tensor<?x4xf32>
  return
}

// -----

func.func @f(%x: tensor<?x?xf32>) {
  // expected-error @+1 {{operand #0 must be rows of floating-point vectors (`tensor<?xNxf32>`), but got 'tensor<?x?xf32>'}}
  %0 = yoco.linear %x, @p : tensor<?x?xf32> -> tensor<?x4xf32>
  return
}

// -----

func.func @f(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{operand #0 must be rows of floating-point vectors (`tensor<?xNxf32>` or `tensor<?xHxDxf32>`, all sizes but the first static), but got 'tensor<4x8xf32>'}}
  %0 = yoco.silu %x : tensor<4x8xf32>
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected an eps of at least 0, got -1.000000e+00 : f32}}
  %0 = yoco.norm %x {eps = -1.0 : f32} : tensor<?x8xf32>
  return
}

// -----

// Not a number is not at least 0.
func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected an eps of at least 0, got 0x7FC00000 : f32}}
  %0 = yoco.norm %x {eps = 0x7FC00000 : f32} : tensor<?x8xf32>
  return
}

// -----

// The weight of heads is as wide as a head.
yoco.parameter @p : tensor<8xf32> from "p"
func.func @f(%x: tensor<?x2x4xf32>) {
  // expected-error @+1 {{expected parameter @p to have shape [4], got 'tensor<8xf32>'}}
  %0 = yoco.norm %x weight @p {eps = 0.0 : f32} : tensor<?x2x4xf32>
  return
}

// -----

func.func @f(%x: tensor<?x2x4xf32>, %pos: tensor<?xi32>) {
  // expected-error @+1 {{expected from 1 to 2 frequencies for a head of width 4, got 3}}
  %0 = yoco.rope %x, %pos {rope = #yoco.rope<half, [1.0, 1.0, 1.0]>} : tensor<?x2x4xf32>
  return
}

// -----

func.func @f(%x: tensor<?x2x3xf32>, %pos: tensor<?xi32>) {
  // expected-error @+1 {{expected heads of an even width to rotate, got width 3}}
  %0 = yoco.rope %x, %pos {rope = #yoco.rope<half, [1.0]>} : tensor<?x2x3xf32>
  return
}

// -----

func.func @f(%q: tensor<?x4x4xf32>, %k: tensor<?x2x6xf32>) {
  // expected-error @+1 {{expected query and key heads of the same width, got 4 and 6}}
  %0 = yoco.attention %q, %k, %k {scale = 1.0 : f32} : tensor<?x4x4xf32>, tensor<?x2x6xf32>, tensor<?x2x6xf32> -> tensor<?x4x6xf32>
  return
}

// -----

func.func @f(%q: tensor<?x4x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x1x4xf32>) {
  // expected-error @+1 {{expected as many value heads as key heads, got 1 and 2}}
  %0 = yoco.attention %q, %k, %v {scale = 1.0 : f32} : tensor<?x4x4xf32>, tensor<?x2x4xf32>, tensor<?x1x4xf32> -> tensor<?x4x4xf32>
  return
}

// -----

func.func @f(%q: tensor<?x4x4xf32>, %k: tensor<?x3x4xf32>) {
  // expected-error @+1 {{expected the number of query heads to be a multiple of that of key heads, got 4 and 3}}
  %0 = yoco.attention %q, %k, %k {scale = 1.0 : f32} : tensor<?x4x4xf32>, tensor<?x3x4xf32>, tensor<?x3x4xf32> -> tensor<?x4x4xf32>
  return
}

// -----

func.func @f(%q: tensor<?x4x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x2x6xf32>) {
  // expected-error @+1 {{expected a result of 4 heads of width 6, got 'tensor<?x4x4xf32>'}}
  %0 = yoco.attention %q, %k, %v {scale = 1.0 : f32} : tensor<?x4x4xf32>, tensor<?x2x4xf32>, tensor<?x2x6xf32> -> tensor<?x4x4xf32>
  return
}

// -----

func.func @f(%q: tensor<?x4x4xf32>, %k: tensor<?x2x4xf32>) {
  // expected-error @+1 {{expected a window of at least 0, got -1}}
  %0 = yoco.attention %q, %k, %k {scale = 1.0 : f32, window = -1 : i64} : tensor<?x4x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32> -> tensor<?x4x4xf32>
  return
}

// -----

// A cache holds elements of one type.
func.func @f(%q: tensor<?x4x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x2x4xbf16>) {
  // expected-error @+1 {{expected keys and values of one of f32, f16 and bf16, got 'f32' and 'bf16'}}
  %0 = yoco.attention %q, %k, %v {scale = 1.0 : f32} : tensor<?x4x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xbf16> -> tensor<?x4x4xf32>
  return
}

// -----

func.func @f(%q: tensor<?x4x4xf64>) {
  // expected-error @+1 {{expected keys and values of one of f32, f16 and bf16, got 'f64' and 'f64'}}
  %0 = yoco.attention %q, %q, %q {scale = 1.0 : f32} : tensor<?x4x4xf64>, tensor<?x4x4xf64>, tensor<?x4x4xf64> -> tensor<?x4x4xf64>
  return
}

// -----

func.func @f(%q: tensor<?x4x4xf32>, %k: tensor<?x2x4xf32>, %g: tensor<?x2xf32>) {
  // expected-error @+1 {{expected query and key of the same shape, got 'tensor<?x4x4xf32>' and 'tensor<?x2x4xf32>'}}
  %0 = yoco.gated_retention %q, %k, %k, %g {scale = 1.0 : f32} : tensor<?x4x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2xf32> -> tensor<?x2x4xf32>
  return
}

// -----

func.func @f(%q: tensor<?x4x4xf32>, %v: tensor<?x2x4xf32>, %g: tensor<?x4xf32>) {
  // expected-error @+1 {{expected as many value heads as key heads, got 2 and 4}}
  %0 = yoco.gated_retention %q, %q, %v, %g {scale = 1.0 : f32} : tensor<?x4x4xf32>, tensor<?x4x4xf32>, tensor<?x2x4xf32>, tensor<?x4xf32> -> tensor<?x2x4xf32>
  return
}

// -----

func.func @f(%q: tensor<?x4x4xf32>, %g: tensor<?x2xf32>) {
  // expected-error @+1 {{expected one gate for each of 4 heads, got 'tensor<?x2xf32>'}}
  %0 = yoco.gated_retention %q, %q, %q, %g {scale = 1.0 : f32} : tensor<?x4x4xf32>, tensor<?x4x4xf32>, tensor<?x4x4xf32>, tensor<?x2xf32> -> tensor<?x4x4xf32>
  return
}

// -----

func.func @f(%q: tensor<?x4x4xf32>, %v: tensor<?x4x6xf32>, %g: tensor<?x4xf32>) {
  // expected-error @+1 {{expected a result of the type of the values, 'tensor<?x4x6xf32>', got 'tensor<?x4x4xf32>'}}
  %0 = yoco.gated_retention %q, %q, %v, %g {scale = 1.0 : f32} : tensor<?x4x4xf32>, tensor<?x4x4xf32>, tensor<?x4x6xf32>, tensor<?x4xf32> -> tensor<?x4x4xf32>
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected at least one operand and one result, got 0 and 1}}
  %0 = "yoco.self_decoder"() ({
    yoco.yield %x : tensor<?x8xf32>
  }) : () -> tensor<?x8xf32>
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected at least one operand and one result, got 1 and 0}}
  "yoco.self_decoder"(%x) ({
  ^bb0(%a: tensor<?x8xf32>):
    yoco.yield
  }) : (tensor<?x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected a block with one argument of the type of each operand, 1 in all, got 2}}
  %0 = yoco.self_decoder %x : tensor<?x8xf32> -> tensor<?x8xf32> {
  ^bb0(%a: tensor<?x8xf32>, %b: tensor<?x8xf32>):
    yoco.yield %a : tensor<?x8xf32>
  }
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected `yoco.yield` to give the types of the results}}
  %0 = yoco.self_decoder %x : tensor<?x8xf32> -> tensor<?x4xf32> {
  ^bb0(%a: tensor<?x8xf32>):
    // expected-note @+1 {{it is here}}
    yoco.yield %a : tensor<?x8xf32>
  }
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{'yoco.self_decoder' op expected no decoder inside, got 'yoco.self_decoder'}}
  %0 = yoco.self_decoder %x : tensor<?x8xf32> -> tensor<?x8xf32> {
  ^bb0(%a: tensor<?x8xf32>):
    %1 = yoco.self_decoder %a : tensor<?x8xf32> -> tensor<?x8xf32> {
    ^bb0(%b: tensor<?x8xf32>):
      yoco.yield %b : tensor<?x8xf32>
    }
    yoco.yield %1 : tensor<?x8xf32>
  }
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected rows from outside to come in as operands, got 'tensor<?x8xf32>' used inside}}
  %0 = yoco.self_decoder %x : tensor<?x8xf32> -> tensor<?x8xf32> {
  ^bb0(%a: tensor<?x8xf32>):
    // expected-note @+1 {{the use is here}}
    %1 = arith.addf %a, %x : tensor<?x8xf32>
    yoco.yield %1 : tensor<?x8xf32>
  }
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{'yoco.yield' op expects parent op to be one of 'yoco.self_decoder, yoco.cross_decoder'}}
  yoco.yield %x : tensor<?x8xf32>
}

// -----

// A cross-decoder in another decoder.
func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{'yoco.cross_decoder' op expected no decoder inside, got 'yoco.self_decoder'}}
  %0 = yoco.cross_decoder %x sharing() : (tensor<?x8xf32>) -> tensor<?x8xf32> {
  ^bb0(%a: tensor<?x8xf32>):
    %1 = yoco.self_decoder %a : tensor<?x8xf32> -> tensor<?x8xf32> {
    ^bb0(%b: tensor<?x8xf32>):
      yoco.yield %b : tensor<?x8xf32>
    }
    yoco.yield %1 : tensor<?x8xf32>
  }
  return
}

// -----

// The block takes inputs, then what is shared.
func.func @f(%x: tensor<?x8xf32>, %k: tensor<?x2x4xf32>) {
  // expected-error @+1 {{expected a block with one argument of the type of each operand, 2 in all, got 2}}
  %0 = yoco.cross_decoder %x sharing(%k) : (tensor<?x8xf32>, tensor<?x2x4xf32>) -> tensor<?x8xf32> {
  ^bb0(%a: tensor<?x2x4xf32>, %b: tensor<?x8xf32>):
    yoco.yield %b : tensor<?x8xf32>
  }
  return
}

// -----

func.func @f(%x: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>) {
  // expected-error @+1 {{expected rows from outside to come in as operands, got 'tensor<?x2x4xf32>' used inside}}
  %0 = yoco.cross_decoder %x sharing() : (tensor<?x2x4xf32>) -> tensor<?x2x4xf32> {
  ^bb0(%a: tensor<?x2x4xf32>):
    // expected-note @+1 {{the use is here}}
    %o = yoco.attention %a, %k, %k {scale = 1.0 : f32} : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32> -> tensor<?x2x4xf32>
    yoco.yield %o : tensor<?x2x4xf32>
  }
  return
}

// -----

// It makes keys of its own.
func.func @f(%x: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %pos: tensor<?xi32>) {
  // expected-error @+1 {{expected keys and values to be shared operands, got rows made inside}}
  %0 = yoco.cross_decoder %x sharing(%k) : (tensor<?x2x4xf32>, tensor<?x2x4xf32>) -> tensor<?x2x4xf32> {
  ^bb0(%a: tensor<?x2x4xf32>, %v: tensor<?x2x4xf32>):
    %own = yoco.rope %v, %pos {rope = #yoco.rope<half, [1.0, 0.5]>} : tensor<?x2x4xf32>
    // expected-note @+1 {{'yoco.attention' caches them here}}
    %o = yoco.attention %a, %own, %v {scale = 1.0 : f32} : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32> -> tensor<?x2x4xf32>
    yoco.yield %o : tensor<?x2x4xf32>
  }
  return
}

// -----

// It takes one of its inputs, which are not shared, for values.
func.func @f(%x: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>) {
  // expected-error @+1 {{expected keys and values to be shared operands, got rows made inside}}
  %0 = yoco.cross_decoder %x sharing(%k) : (tensor<?x2x4xf32>, tensor<?x2x4xf32>) -> tensor<?x2x4xf32> {
  ^bb0(%a: tensor<?x2x4xf32>, %k1: tensor<?x2x4xf32>):
    // expected-note @+1 {{'yoco.attention' caches them here}}
    %o = yoco.attention %a, %k1, %a {scale = 1.0 : f32} : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32> -> tensor<?x2x4xf32>
    yoco.yield %o : tensor<?x2x4xf32>
  }
  return
}

// -----

// It has a state.
func.func @f(%x: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %g: tensor<?x2xf32>) {
  // expected-error @+1 {{expected no state of its own, got 'yoco.gated_retention' inside}}
  %0 = yoco.cross_decoder %x, %g sharing(%k) : (tensor<?x2x4xf32>, tensor<?x2xf32>, tensor<?x2x4xf32>) -> tensor<?x2x4xf32> {
  ^bb0(%a: tensor<?x2x4xf32>, %gate: tensor<?x2xf32>, %k1: tensor<?x2x4xf32>):
    // expected-note @+1 {{it is here}}
    %o = yoco.gated_retention %a, %k1, %k1, %gate {scale = 1.0 : f32} : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2xf32> -> tensor<?x2x4xf32>
    yoco.yield %o : tensor<?x2x4xf32>
  }
  return
}

// -----

yoco.parameter @w : tensor<4x8xf32> from "w"
yoco.parameter @b : tensor<8xf32> from "b"
func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected parameter @b to have shape [4], got 'tensor<8xf32>'}}
  %0 = yoco.linear %x, @w bias @b : tensor<?x8xf32> -> tensor<?x4xf32>
  return
}

// -----

yoco.parameter @b : tensor<8xf32> from "b"
func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected no bias with kind `rms`, got @b}}
  %0 = yoco.norm %x bias @b {eps = 0.0 : f32} : tensor<?x8xf32>
  return
}

// -----

yoco.parameter @b : tensor<4xf32> from "b"
func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected parameter @b to have shape [8], got 'tensor<4xf32>'}}
  %0 = yoco.norm %x bias @b {eps = 0.0 : f32, kind = #yoco.norm_kind<layer>} : tensor<?x8xf32>
  return
}

// -----

func.func @f(%x: tensor<?x2x1xf32>) {
  // expected-error @+1 {{expected an operand with one column where the result has 8, got 'tensor<?x2x1xf32>' for 'tensor<?x3x8xf32>'}}
  %0 = yoco.broadcast %x : tensor<?x2x1xf32> -> tensor<?x3x8xf32>
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected parameters, got none}}
  %0 = yoco.scale %x by [] : tensor<?x8xf32>
  return
}

// -----

yoco.parameter @p : tensor<6xf32> from "p"
func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected parameters with 1 or 8 elements together, got 12}}
  %0 = yoco.scale %x by [@p, @p] : tensor<?x8xf32>
  return
}

// -----

yoco.parameter @p : tensor<4xf32> from "p"
yoco.parameter @q : tensor<4xbf16> from "q"
func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected parameter @q to be a vector of the same type as the first, got 'tensor<4xbf16>'}}
  %0 = yoco.scale %x by [@p, @q] : tensor<?x8xf32>
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected a cap of more than 0, got 0.000000e+00 : f32}}
  %0 = yoco.soft_cap %x {cap = 0.0 : f32} : tensor<?x8xf32>
  return
}
