// One negative for each thing that attributes, and the dialect's attributes on other operations, are refused for.
//
// RUN: yoco-opt %s -split-input-file -verify-diagnostics

// expected-error @+1 {{expected `w` less a number below 2^31, got 3}}
func.func private @f() attributes {a = #yoco.demand<from w 3>}

// -----

// expected-error @+1 {{expected `none`, `from w-0` or `all`, got `from w-3`}}
func.func private @f() attributes {a = #yoco.entry<rows = ragged, bound = chunk, logits = from w-3>}

// -----

// expected-error @+1 {{expected `most` or `most_wanted`, got `least`}}
func.func private @f() attributes {a = #yoco.entry<rows = single, bound = batch, logits = all, least = 3>}

// -----

// expected-error @+1 {{expected `most` of at least 1, got 0}}
func.func private @f() attributes {a = #yoco.entry<rows = single, bound = batch, logits = all, most = 0>}

// -----

// expected-error @+1 {{expected `most` and `most_wanted` below 2^31, got 2147483648 and 0}}
func.func private @f() attributes {a = #yoco.entry<rows = single, bound = batch, logits = all, most = 2147483648>}

// -----

// expected-error @+1 {{expected rows that are wanted from a position on, with bound `chunk` or `wanted`, with `most_wanted`}}
func.func private @f() attributes {a = #yoco.entry<rows = single, bound = batch, logits = all, most_wanted = 1>}

// -----

// expected-error @+1 {{expected `none`, `from` or `all`}}
func.func private @f() attributes {a = #yoco.demand<first>}

// -----

// expected-error @+1 {{expected a known value of `rows`, got `many`}}
func.func private @f() attributes {a = #yoco.entry<rows = many, bound = chunk, logits = none>}

// -----

// expected-error @+1 {{expected a known value of `bound`, got `slots`}}
func.func private @f() attributes {a = #yoco.entry<rows = single, bound = slots, logits = none>}

// -----

// expected-error @+1 {{expected ','}}
func.func private @f() attributes {a = #yoco.entry<rows = single, bound = batch>}

// -----

// expected-error @+1 {{expected `interleaved` or `half`, got `sideways`}}
func.func private @f() attributes {a = #yoco.rope<sideways, [1.0]>}

// -----

// expected-error @+1 {{expected `scale` to be a finite f32 of at least 0, got -1.000000e+00 : f32}}
func.func private @f() attributes {a = #yoco.random<seed = 1, stream = 1, scale = -1.0>}

// -----

// expected-error @+1 {{expected `scale` to be a finite f32 of at least 0, got 0x7F800000 : f32}}
func.func private @f() attributes {a = #yoco.random<seed = 1, stream = 1, scale = 0x7F800000>}

// -----

// expected-error @+1 {{expected the name of a kind of device, got an empty one}}
func.func private @f() attributes {a = #yoco.target<"", "", f32>}

// -----

// expected-error @+1 {{expected a floating-point type to compute in, got 'i8'}}
func.func private @f() attributes {a = #yoco.target<"host", "", i8>}

// -----

// expected-error @+1 {{expected every bound to be at least 1, got seq 1, batch 0, chunk 1, wanted 1}}
func.func private @f() attributes {a = #yoco.bounds<seq = 1, batch = 0, chunk = 1, wanted = 1>}

// -----

// expected-error @+1 {{expected divisor and multiplier to be at least 1, got 0 and 1}}
func.func private @f() attributes {a = #yoco.tiles<rows, divisor = 0, multiplier = 1>}

// -----

// expected-error @+1 {{expected a number of bytes of at least 0, got -4}}
func.func private @f() attributes {a = #yoco.size<-4 * seq>}

// -----

// expected-error @+1 {{expected `seq`, `batch`, `chunk` or `wanted`, got `rows`}}
func.func private @f() attributes {a = #yoco.size<4 * rows>}

// -----

// expected-error @+1 {{expected `seq` at most 4 times in a product}}
func.func private @f() attributes {a = #yoco.size<4 * seq * seq * seq * seq * seq>}

// -----

// expected-error @+1 {{expected `yoco.phase` to be a `#yoco.phase`, got "model"}}
module attributes {yoco.phase = "model"} {}

// -----

// expected-error @+1 {{expected `yoco.target` to be a `#yoco.target`, got "host"}}
module attributes {yoco.target = "host"} {}

// -----

// expected-error @+1 {{expected `yoco.bounds` to be a `#yoco.bounds`, got 4 : i64}}
module attributes {yoco.bounds = 4} {}

// -----

// expected-error @+1 {{expected `yoco.checkpoint` to be a string, got 4 : i64}}
module attributes {yoco.checkpoint = 4} {}

// -----

// expected-error @+1 {{expected `yoco.tokenizer` to be a string, got unit}}
module attributes {yoco.tokenizer} {}

// -----

// expected-error @+1 {{expected `yoco.stop_ids` to be an array of 32-bit integers, got [2 : i32]}}
module attributes {yoco.stop_ids = [2 : i32]} {}

// -----

// expected-error @+1 {{expected `yoco.max_sequence_length` to be a positive 64-bit integer, got 0 : i64}}
module attributes {yoco.max_sequence_length = 0} {}

// -----

// expected-error @+1 {{expected `yoco.max_sequence_length` to be a positive 64-bit integer, got 4 : ui64}}
module attributes {yoco.max_sequence_length = 4 : ui64} {}

// -----

// expected-error @+1 {{expected `yoco.layer` to be a string, got 0 : i64}}
func.func private @f() attributes {yoco.layer = 0}

// -----

// expected-error @+1 {{expected `yoco.entry` on a function, got it on 'builtin.module'}}
module attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = none>} {}

// -----

func.func @f() {
  // expected-error @+1 {{expected `yoco.entry` on a function, got it on 'func.return'}}
  return {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = none>}
}

// -----

// expected-error @+1 {{expected `yoco.entry` to be a `#yoco.entry`, got unit}}
func.func @f() attributes {yoco.entry} {
  return
}

// -----

// expected-error @+1 {{expected an entry point to have one block, got 0}}
func.func private @f() attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = none>}

// -----

// expected-error @+1 {{expected an entry point to have one block, got 2}}
func.func @f() attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = none>} {
  cf.br ^bb1
^bb1:
  return
}

// -----

// expected-error @+1 {{expected `yoco.state` of argument 0 to be a symbol, got "s"}}
func.func private @f(!yoco.state<4xf32> {yoco.state = "s"})

// -----

// expected-error @+1 {{expected `yoco.state` on a cache or a state, got it on argument 0 of type 'i32'}}
func.func private @f(i32 {yoco.state = @s})

// -----

// expected-error @+1 {{expected `yoco.parameter` of argument 0 to be a symbol, got unit}}
func.func private @f(memref<4xf32> {yoco.parameter})

// -----

// expected-error @+1 {{expected `yoco.initial` to be a list of numbers, got 0.000000e+00 : f32}}
func.func private @f() attributes {yoco.initial = 0.0 : f32}

// -----

// expected-error @+1 {{expected an offset that is a multiple of 64, got 32}}
module attributes {a = #yoco.in_record<32>} {}

// -----

// expected-error @+1 {{expected an offset that is a multiple of 64, got -64}}
module attributes {a = #yoco.in_record<-64>} {}
