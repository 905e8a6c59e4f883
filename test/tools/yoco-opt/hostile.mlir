// Modules that nobody sane writes, and that parse: no pass or pipeline dies of them. Each works, or reports an error.
//
// RUN: %{python} %S/Inputs/run_every_pass.py %s | FileCheck %s
// CHECK: {{[0-9]+}} modules, {{[0-9]+}} passes and pipelines, 0 failures

// -----

// Nothing.
module {
}

// -----

// Only a declaration.
func.func private @forward(tensor<?xi32>) -> tensor<?x8xf32>

// -----

// An entry point without arguments.
func.func @prefill() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
  return
}

// -----

// Entry points whose signature is not one: no ids, logits that nobody asked for, states first.
yoco.state_decl @s : !yoco.state<2x4x4xf32>
func.func @prefill(%s: !yoco.state<2x4x4xf32> {yoco.state = @s}) -> (!yoco.state<2x4x4xf32>, tensor<?x8xf32>)
    attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
  %0 = "test.rows"() : () -> tensor<?x8xf32>
  %1 = yoco.silu %0 : tensor<?x8xf32>
  return %s, %1 : !yoco.state<2x4x4xf32>, tensor<?x8xf32>
}
func.func @decode() -> tensor<?x8xf32> attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all>} {
  %0 = "test.rows"() : () -> tensor<?x8xf32>
  %1 = yoco.norm %0 {eps = 0.0 : f32} : tensor<?x8xf32>
  return %1 : tensor<?x8xf32>
}

// -----

// An entry point that only returns.
func.func @score(%ids: tensor<?xi32>, %seg: !yoco.segments, %x: tensor<?x8xf32>) -> (tensor<?x8xf32>, i32, index, tensor<4xf32>)
    attributes {yoco.entry = #yoco.entry<rows = ragged, bound = wanted, logits = from w-0>} {
  %0:3 = "test.things"() : () -> (i32, index, tensor<4xf32>)
  return %x, %0#0, %0#1, %0#2 : tensor<?x8xf32>, i32, index, tensor<4xf32>
}

// -----

// Operations outside of functions.
yoco.parameter @a : tensor<8x8xf32> from "a"
yoco.parameter @n : tensor<4xf32> from "n"
%x = "test.rows"() : () -> tensor<?x8xf32>
%h = "test.rows"() : () -> tensor<?x2x4xf32>
%ids = "test.rows"() : () -> tensor<?xi32>
%seg = "test.segments"() : () -> !yoco.segments
%g = "test.rows"() : () -> tensor<?x2xf32>
%s = "test.state"() : () -> !yoco.state<2x4x4xf32>
%0 = yoco.linear %x, @a : tensor<?x8xf32> -> tensor<?x8xf32>
%1 = yoco.norm %h weight @n {eps = 0.0 : f32} : tensor<?x2x4xf32>
%2 = yoco.rope %h, %ids {rope = #yoco.rope<half, [1.0, 0.5]>} : tensor<?x2x4xf32>
%3 = yoco.silu %x : tensor<?x8xf32>
%4 = arith.addf %x, %3 : tensor<?x8xf32>
%5 = yoco.positions %ids at %seg : tensor<?xi32>
%6 = yoco.attention %h, %h, %h {scale = 1.0 : f32} : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32> -> tensor<?x2x4xf32>
%7 = yoco.step_attention %h at %seg past(%h, %h) {scale = 1.0 : f32} : (tensor<?x2x4xf32>, !yoco.segments, tensor<?x2x4xf32>, tensor<?x2x4xf32>) -> tensor<?x2x4xf32>
%8, %9 = yoco.step_retention %h, %h, %h, %g at %seg from %s {scale = 1.0 : f32} : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2xf32>, !yoco.state<2x4x4xf32> -> tensor<?x2x4xf32>

// -----

// The same in a function without arguments, without attributes.
!kv = !yoco.cache<heads = 2, width = 4, element = f32, window = 0, layout = contiguous>
yoco.parameter @a : tensor<8x8xf32> from "a"
yoco.parameter @n : tensor<4xf32> from "n"
func.func @f() {
  %x = "test.rows"() : () -> tensor<?x8xf32>
  %h = "test.rows"() : () -> tensor<?x2x4xf32>
  %ids = "test.rows"() : () -> tensor<?xi32>
  %seg = "test.segments"() : () -> !yoco.segments
  %g = "test.rows"() : () -> tensor<?x2xf32>
  %s = "test.state"() : () -> !yoco.state<2x4x4xf32>
  %c = "test.state"() : () -> !kv
  %0 = yoco.linear %x, @a : tensor<?x8xf32> -> tensor<?x8xf32>
  %00 = yoco.linear %x, @a : tensor<?x8xf32> -> tensor<?x8xf32>
  %1 = yoco.norm %h weight @n {eps = 0.0 : f32} : tensor<?x2x4xf32>
  %2 = yoco.rope %h, %ids {rope = #yoco.rope<half, [1.0, 0.5]>} : tensor<?x2x4xf32>
  %3 = yoco.silu %h : tensor<?x2x4xf32>
  %4 = arith.addf %h, %3 : tensor<?x2x4xf32>
  %5 = yoco.positions %ids at %seg : tensor<?xi32>
  %6 = yoco.attention %h, %h, %h {scale = 1.0 : f32} : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32> -> tensor<?x2x4xf32>
  %k = yoco.cache_read %c at %seg : !kv -> tensor<?x2x4xf32>
  %v = yoco.cache_read %c at %seg : !kv -> tensor<?x2x4xf32>
  %7 = yoco.step_attention %h at %seg past(%k, %v) {scale = 1.0 : f32} : (tensor<?x2x4xf32>, !yoco.segments, tensor<?x2x4xf32>, tensor<?x2x4xf32>) -> tensor<?x2x4xf32>
  %8, %9 = yoco.step_retention %h, %h, %h, %g at %seg from %s {scale = 1.0 : f32} : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2xf32>, !yoco.state<2x4x4xf32> -> tensor<?x2x4xf32>
  "test.use"(%0, %00, %1, %2, %4, %5, %6, %7, %8, %9) : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?xi32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, !yoco.state<2x4x4xf32>) -> ()
  return
}

// -----

// In a module of kernels the names of parameters are not looked up.
module attributes {yoco.kernels} {
  func.func @f(%x: tensor<?x8xf32>, %ids: tensor<?xi32>) -> tensor<?x8xf32> {
    %0 = yoco.linear %x, @nothing : tensor<?x8xf32> -> tensor<?x8xf32>
    %1 = yoco.linear %x, @nothing : tensor<?x8xf32> -> tensor<?x8xf32>
    %2 = yoco.silu %0 : tensor<?x8xf32>
    %3 = arith.mulf %2, %1 : tensor<?x8xf32>
    %4 = yoco.embed %ids, @nothing : tensor<?x8xf32>
    %5 = arith.addf %3, %4 : tensor<?x8xf32>
    return %5 : tensor<?x8xf32>
  }
}

// -----

// Kernels of a group whose weights are not there.
module attributes {yoco.kernels} {
  func.func @f(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
    %c0 = arith.constant 0 : index
    %rows = tensor.dim %x, %c0 : tensor<?x8xf32>
    %0 = yoco.fused_linear %x weights [@a, @b] : (tensor<?x8xf32>) -> tensor<?x16xf32>
    %1 = tensor.extract_slice %0[0, 0] [%rows, 8] [1, 1] : tensor<?x16xf32> to tensor<?x8xf32>
    %2 = tensor.extract_slice %0[0, 8] [%rows, 8] [1, 1] : tensor<?x16xf32> to tensor<?x8xf32>
    %3 = yoco.silu %1 : tensor<?x8xf32>
    %4 = arith.mulf %3, %2 : tensor<?x8xf32>
    return %4 : tensor<?x8xf32>
  }
}

// -----

// Slices that are no columns: of unknown place, of lower rank, of some rows.
yoco.parameter @a : tensor<8x8xf32> from "a"
func.func @f(%x: tensor<?x8xf32>, %i: index) -> (tensor<?x8xf32>, tensor<?xf32>) {
  %0 = yoco.fused_linear %x weights [@a, @a] : (tensor<?x8xf32>) -> tensor<?x16xf32>
  %1 = tensor.extract_slice %0[%i, %i] [%i, 8] [1, 1] : tensor<?x16xf32> to tensor<?x8xf32>
  %2 = tensor.extract_slice %0[0, %i] [%i, 8] [1, 1] : tensor<?x16xf32> to tensor<?x8xf32>
  %3 = yoco.silu %1 : tensor<?x8xf32>
  %4 = arith.mulf %3, %2 : tensor<?x8xf32>
  %5 = yoco.fused_linear %x weights [@a, @a] : (tensor<?x8xf32>) -> tensor<?x16xf32>
  %6 = tensor.extract_slice %5[0, 3] [%i, 1] [1, 1] : tensor<?x16xf32> to tensor<?xf32>
  %7 = arith.mulf %6, %6 : tensor<?xf32>
  return %4, %7 : tensor<?x8xf32>, tensor<?xf32>
}

// -----

// Heads split across rows.
!kv = !yoco.cache<heads = 2, width = 4, element = f32, window = 0, layout = contiguous>
yoco.state_decl @kv : !kv
yoco.state_decl @s : !yoco.state<2x4x4xf32>
func.func @decode(%ids: tensor<?xi32>, %seg: !yoco.segments, %c: !kv {yoco.state = @kv}, %t: !yoco.state<2x4x4xf32> {yoco.state = @s}, %q: tensor<?x4xf32>,
                  %g: tensor<?x2xf32>, %i: index) -> (tensor<?x4xf32>, !kv, !yoco.state<2x4x4xf32>) attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all>} {
  %h = tensor.expand_shape %q [[0, 1], [2]] output_shape [%i, 2, 4] : tensor<?x4xf32> into tensor<?x2x4xf32>
  %d = yoco.cache_write %c, %h at %seg : tensor<?x2x4xf32> -> !kv
  %k = yoco.cache_read %d at %seg : !kv -> tensor<?x2x4xf32>
  %v = yoco.cache_read %d at %seg : !kv -> tensor<?x2x4xf32>
  %0 = yoco.step_attention %h at %seg past(%k, %v) {scale = 1.0 : f32} : (tensor<?x2x4xf32>, !yoco.segments, tensor<?x2x4xf32>, tensor<?x2x4xf32>) -> tensor<?x2x4xf32>
  %1, %u = yoco.step_retention %h, %h, %0, %g at %seg from %t {scale = 1.0 : f32} : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2xf32>, !yoco.state<2x4x4xf32> -> tensor<?x2x4xf32>
  %n = yoco.norm %1 {eps = 0.0 : f32} : tensor<?x2x4xf32>
  %f = tensor.collapse_shape %n [[0, 1], [2]] : tensor<?x2x4xf32> into tensor<?x4xf32>
  %w = yoco.silu %q : tensor<?x4xf32>
  %y = arith.mulf %w, %f : tensor<?x4xf32>
  return %y, %d, %u : tensor<?x4xf32>, !kv, !yoco.state<2x4x4xf32>
}

// -----

// A ring read without fresh rows, a growing cache with some, bf16 rows, a state of two dimensions.
!ring = !yoco.cache<heads = 2, width = 4, element = bf16, window = 3, layout = contiguous>
yoco.state_decl @r : !ring
yoco.state_decl @s : !yoco.state<2x4xbf16>
func.func @decode(%ids: tensor<?xi32>, %seg: !yoco.segments, %c: !ring {yoco.state = @r}, %t: !yoco.state<2x4xbf16> {yoco.state = @s}, %q: tensor<?x2x4xbf16>)
    -> (tensor<?x2x4xbf16>, !ring, !yoco.state<2x4xbf16>) attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all>} {
  %k = yoco.cache_read %c at %seg : !ring -> tensor<?x2x4xbf16>
  %v = yoco.cache_read %c at %seg : !ring -> tensor<?x2x4xbf16>
  %0 = yoco.step_attention %q at %seg past(%k, %v) {scale = 1.0 : f32} : (tensor<?x2x4xbf16>, !yoco.segments, tensor<?x2x4xbf16>, tensor<?x2x4xbf16>) -> tensor<?x2x4xbf16>
  return %0, %c, %t : tensor<?x2x4xbf16>, !ring, !yoco.state<2x4xbf16>
}

// -----

// Retention of bf16 rows with all that may stand around it.
yoco.state_decl @s : !yoco.state<2x4x4xf32>
func.func @decode(%ids: tensor<?xi32>, %seg: !yoco.segments, %t: !yoco.state<2x4x4xf32> {yoco.state = @s}, %q: tensor<?x2x4xbf16>, %g: tensor<?x2xbf16>, %w: tensor<?x8xbf16>)
    -> (tensor<?x8xbf16>, !yoco.state<2x4x4xf32>) attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all>} {
  %c0 = arith.constant 0 : index
  %rows = tensor.dim %ids, %c0 : tensor<?xi32>
  %a = yoco.log_sigmoid %g : tensor<?x2xbf16>
  %c16 = arith.constant 16.0 : bf16
  %d = tensor.splat %c16[%rows] : tensor<?x2xbf16>
  %b = arith.divf %a, %d : tensor<?x2xbf16>
  %o, %u = yoco.step_retention %q, %q, %q, %b at %seg from %t {scale = 1.0 : f32} : tensor<?x2x4xbf16>, tensor<?x2x4xbf16>, tensor<?x2x4xbf16>, tensor<?x2xbf16>, !yoco.state<2x4x4xf32> -> tensor<?x2x4xbf16>
  %n = yoco.norm %o {eps = 0.0 : f32} : tensor<?x2x4xbf16>
  %f = tensor.collapse_shape %n [[0], [1, 2]] : tensor<?x2x4xbf16> into tensor<?x8xbf16>
  %sw = yoco.silu %w : tensor<?x8xbf16>
  %y = arith.mulf %sw, %f : tensor<?x8xbf16>
  return %y, %u : tensor<?x8xbf16>, !yoco.state<2x4x4xf32>
}

// -----

// States that come from nowhere, go nowhere, or pass through what nobody knows.
yoco.state_decl @s : !yoco.state<2x4x4xf32>
func.func @prefill(%ids: tensor<?xi32>, %seg: !yoco.segments, %t: !yoco.state<2x4x4xf32> {yoco.state = @s}, %q: tensor<?x2x4xf32>, %g: tensor<?x2xf32>)
    -> !yoco.state<2x4x4xf32> attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
  %a = "test.state"(%t) : (!yoco.state<2x4x4xf32>) -> !yoco.state<2x4x4xf32>
  %o, %u = yoco.step_retention %q, %q, %q, %g at %seg from %a {scale = 1.0 : f32} : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2xf32>, !yoco.state<2x4x4xf32> -> tensor<?x2x4xf32>
  %b = "test.state"(%u, %o) : (!yoco.state<2x4x4xf32>, tensor<?x2x4xf32>) -> !yoco.state<2x4x4xf32>
  %p, %v = yoco.step_retention %o, %q, %q, %g at %seg from %b {scale = 1.0 : f32} : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2xf32>, !yoco.state<2x4x4xf32> -> tensor<?x2x4xf32>
  return %v : !yoco.state<2x4x4xf32>
}

// -----

// Regions and branches around everything.
!kv = !yoco.cache<heads = 2, width = 4, element = f32, window = 0, layout = contiguous>
yoco.parameter @a : tensor<8x8xf32> from "a"
yoco.state_decl @kv : !kv
func.func @prefill(%ids: tensor<?xi32>, %seg: !yoco.segments, %c: !kv {yoco.state = @kv}, %x: tensor<?x8xf32>, %h: tensor<?x2x4xf32>, %b: i1)
    -> !kv attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
  %0 = scf.if %b -> !kv {
    %d = yoco.cache_write %c, %h at %seg : tensor<?x2x4xf32> -> !kv
    %k = yoco.cache_read %d at %seg : !kv -> tensor<?x2x4xf32>
    %v = yoco.cache_read %d at %seg : !kv -> tensor<?x2x4xf32>
    %1 = yoco.step_attention %h at %seg past(%k, %v) {scale = 1.0 : f32} : (tensor<?x2x4xf32>, !yoco.segments, tensor<?x2x4xf32>, tensor<?x2x4xf32>) -> tensor<?x2x4xf32>
    %2 = yoco.linear %x, @a : tensor<?x8xf32> -> tensor<?x8xf32>
    %3 = yoco.norm %2 {eps = 0.0 : f32} : tensor<?x8xf32>
    "test.use"(%1, %3) : (tensor<?x2x4xf32>, tensor<?x8xf32>) -> ()
    scf.yield %d : !kv
  } else {
    scf.yield %c : !kv
  }
  return %0 : !kv
}
func.func @blocks(%ids: tensor<?xi32>, %seg: !yoco.segments, %c: !kv, %h: tensor<?x2x4xf32>, %b: i1) -> !kv {
  cf.cond_br %b, ^bb1(%c : !kv), ^bb2
^bb1(%d: !kv):
  %e = yoco.cache_write %d, %h at %seg : tensor<?x2x4xf32> -> !kv
  cf.br ^bb1(%e : !kv)
^bb2:
  return %c : !kv
}

// -----

// Results of which only a part is rows, elements, calls, and effects, in a step that wants nothing.
func.func private @outside(tensor<?x8xf32>) -> tensor<?x8xf32>
func.func private @inside(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  return %x : tensor<?x8xf32>
}
func.func @prefill(%ids: tensor<?xi32>, %seg: !yoco.segments, %x: tensor<?x8xf32>)
    attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %0:2 = "test.two"(%x) : (tensor<?x8xf32>) -> (tensor<?x8xf32>, f32)
  %rows = tensor.dim %0#0, %c0 : tensor<?x8xf32>
  %columns = tensor.dim %0#0, %c1 : tensor<?x8xf32>
  %1 = tensor.splat %0#1[%rows] : tensor<?x8xf32>
  %2 = tensor.extract %1[%c0, %columns] : tensor<?x8xf32>
  %3 = yoco.silu %1 : tensor<?x8xf32>
  %4 = call @outside(%3) : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %5 = yoco.silu %4 : tensor<?x8xf32>
  %6 = call @inside(%5) : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %7 = yoco.silu %6 : tensor<?x8xf32>
  "test.region"() ({
    %8 = arith.addf %7, %7 : tensor<?x8xf32>
    "test.end"(%8) : (tensor<?x8xf32>) -> ()
  }) : () -> ()
  return
}

// -----

// Elementwise operations of constants alone, on vectors, of ranks that are no rows.
func.func @f(%n: index, %x: tensor<4x8xf32>, %y: tensor<?x?xf32>, %z: tensor<?xf32>, %u: tensor<*xf32>) -> (tensor<?x8xf32>, tensor<4x8xf32>, tensor<?x?xf32>, tensor<?xf32>, tensor<*xf32>) {
  %c = arith.constant 1.0 : f32
  %a = tensor.splat %c[%n] : tensor<?x8xf32>
  %0 = arith.addf %a, %a : tensor<?x8xf32>
  %1 = arith.addf %x, %x : tensor<4x8xf32>
  %2 = math.exp %y : tensor<?x?xf32>
  %3 = math.exp %z : tensor<?xf32>
  %4 = math.exp %u : tensor<*xf32>
  return %0, %1, %2, %3, %4 : tensor<?x8xf32>, tensor<4x8xf32>, tensor<?x?xf32>, tensor<?xf32>, tensor<*xf32>
}

// -----

// A model whose output is its table, and one that calls itself.
yoco.parameter @e : tensor<16x8xf32> from "e"
func.func @forward(%ids: tensor<?xi32>) -> tensor<?x8xf32> {
  %0 = yoco.embed %ids, @e : tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}
func.func @again(%ids: tensor<?xi32>) -> tensor<?x8xf32> {
  %0 = call @again(%ids) : (tensor<?xi32>) -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// -----

// A decoder in a decoder's place, with effects, dead, in a function that is not @forward.
func.func @forward(%ids: tensor<?xi32>) -> tensor<?x8xf32> {
  %x = "test.rows"(%ids) : (tensor<?xi32>) -> tensor<?x8xf32>
  %0 = yoco.self_decoder %x : tensor<?x8xf32> -> tensor<?x8xf32> {
  ^bb0(%a: tensor<?x8xf32>):
    "test.effect"() : () -> ()
    yoco.yield %a : tensor<?x8xf32>
  }
  "test.region"() ({
    %1 = yoco.self_decoder %x : tensor<?x8xf32> -> tensor<?x8xf32> {
    ^bb0(%a: tensor<?x8xf32>):
      yoco.yield %a : tensor<?x8xf32>
    }
    "test.end"(%1) : (tensor<?x8xf32>) -> ()
  }) : () -> ()
  return %x : tensor<?x8xf32>
}

// -----

// Modules in modules, with the same names.
module attributes {yoco.phase = #yoco.phase<step>} {
  module @inner attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
    func.func @forward(%ids: tensor<?xi32>) -> tensor<?x8xf32> {
      %x = "test.rows"(%ids) : (tensor<?xi32>) -> tensor<?x8xf32>
      return %x : tensor<?x8xf32>
    }
  }
  module @inner2 attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
  }
}

// -----

// A target that is none.
module attributes {yoco.target = #yoco.target<"toaster", "two slots", f32>, yoco.bounds = #yoco.bounds<seq = 1, batch = 1, chunk = 1, wanted = 1>} {
  yoco.parameter @a : tensor<8x8xf32> from "a"
  func.func @f(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
    %0 = yoco.linear %x, @a : tensor<?x8xf32> -> tensor<?x8xf32>
    return %0 : tensor<?x8xf32>
  }
}
