// Every type and attribute prints as it parses, also where no operation knows its type.
//
// RUN: yoco-opt %s --verify-roundtrip | FileCheck %s
// RUN: yoco-opt %s --emit-bytecode | yoco-opt | FileCheck %s

// What is known of a module, from checkpoint to plan.
// CHECK: module attributes {
// CHECK-SAME: yoco.bounds = #yoco.bounds<seq = 4096, batch = 1, chunk = 256, wanted = 64>
// CHECK-SAME: yoco.checkpoint = "folder"
// CHECK-SAME: yoco.max_sequence_length = 4096 : i64
// CHECK-SAME: yoco.phase = #yoco.phase<planned>
// CHECK-SAME: yoco.stop_ids = array<i32: 2, 3>
// CHECK-SAME: yoco.target = #yoco.target<"host", "x86-64-v3", f32>
// CHECK-SAME: yoco.tokenizer = "tokenizer.model"
module attributes {yoco.phase = #yoco.phase<planned>, yoco.target = #yoco.target<"host", "x86-64-v3", f32>,
                   yoco.bounds = #yoco.bounds<seq = 4096, batch = 1, chunk = 256, wanted = 64>,
                   yoco.checkpoint = "folder", yoco.tokenizer = "tokenizer.model", yoco.stop_ids = array<i32: 2, 3>,
                   yoco.max_sequence_length = 4096 : i64} {
  // CHECK-LABEL: func.func private @types
  // CHECK-SAME: (!yoco.segments, !yoco.state<4x64x64xf32>, !yoco.state<3xbf16>, !yoco.cache<heads = 2, width = 32, element = bf16, window = 128, layout = contiguous>)
  func.func private @types(!yoco.segments, !yoco.state<4x64x64xf32>, !yoco.state<3xbf16>,
      !yoco.cache<heads = 2, width = 32, element = bf16, window = 128, layout = contiguous>)

  // CHECK-LABEL: func.func private @phases
  // CHECK-SAME: test.phases = [#yoco.phase<model>, #yoco.phase<step>, #yoco.phase<fused>, #yoco.phase<planned>, #yoco.phase<program>]
  func.func private @phases() attributes {test.phases = [#yoco.phase<model>, #yoco.phase<step>, #yoco.phase<fused>,
      #yoco.phase<planned>, #yoco.phase<program>]}

  // CHECK-LABEL: func.func private @mathematics
  // CHECK-SAME: test.activations = [#yoco.activation<none>, #yoco.activation<silu>, #yoco.activation<gelu>, #yoco.activation<swiglu>, #yoco.activation<geglu>]
  // CHECK-SAME: test.norm = #yoco.norm_kind<rms>
  // CHECK-SAME: test.random = #yoco.random<seed = 18446744073709551615, stream = 7, scale = 0.000000e+00>
  // CHECK-SAME: test.ropes = [#{{.*}}, #{{.*}}]
  func.func private @mathematics() attributes {
      test.activations = [#yoco.activation<none>, #yoco.activation<silu>, #yoco.activation<gelu>, #yoco.activation<swiglu>,
                          #yoco.activation<geglu>],
      test.norm = #yoco.norm_kind<rms>, test.random = #yoco.random<seed = 18446744073709551615, stream = 7, scale = 0.0>,
      test.ropes = [#yoco.rope<interleaved, [1.0, 0.5]>, #yoco.rope<half, [0.0]>]}

  // CHECK-LABEL: func.func private @entries
  // CHECK-SAME: test.demands = [#yoco.demand<none>, #yoco.demand<from w-3>, #yoco.demand<all>]
  // CHECK-SAME: test.entries = [#yoco.entry<rows = ragged, bound = chunk, logits = none>, #yoco.entry<rows = single, bound = batch, logits = all>, #yoco.entry<rows = ragged, bound = wanted, logits = from w-0>, #yoco.entry<rows = single, bound = batch, sampled = all, most = 4>, #yoco.entry<rows = ragged, bound = chunk, logits = from w-0, most = 16, most_wanted = 1>]
  func.func private @entries() attributes {
      test.demands = [#yoco.demand<none>, #yoco.demand<from w-3>, #yoco.demand<all>],
      test.entries = [#yoco.entry<rows = ragged, bound = chunk, logits = none>,
                      #yoco.entry<rows = single, bound = batch, logits = all>,
                      #yoco.entry<rows = ragged, bound = wanted, logits = from w-0>,
                      #yoco.entry<rows = single, bound = batch, sampled = all, most = 4>,
                      #yoco.entry<rows = ragged, bound = chunk, logits = from w-0, most_wanted = 1, most = 16>]}

  // Products keep their order; powers are spelled out; what is zero is left out.
  // CHECK-LABEL: func.func private @sizes
  // CHECK-SAME: test.sizes = [#yoco.size<0>, #yoco.size<7>, #yoco.size<64 * seq * seq * batch + 128 * chunk * wanted>]
  func.func private @sizes() attributes {
      test.sizes = [#yoco.size<0>, #yoco.size<7>, #yoco.size<64 * batch * seq * seq + 0 * seq + 128 * wanted * chunk>]}

  // CHECK-LABEL: func.func private @planned
  // CHECK-SAME: test.kinds = [#yoco<arena_kind persistent>, #yoco<arena_kind scratch>]
  // CHECK-SAME: test.layouts = [#yoco<weight_layout row_major>, #yoco<weight_layout panels>]
  // CHECK-SAME: test.roles = [#yoco<role ids>, #yoco<role segments>, #yoco<role logits>]
  // CHECK-SAME: test.tiles = [#yoco.tiles<constant, divisor = 1, multiplier = 2>, #yoco.tiles<rows, divisor = 4, multiplier = 8>, #yoco.tiles<segments, divisor = 1, multiplier = 1>]
  func.func private @planned() attributes {
      test.kinds = [#yoco<arena_kind persistent>, #yoco<arena_kind scratch>],
      test.layouts = [#yoco<weight_layout row_major>, #yoco<weight_layout panels>],
      test.roles = [#yoco<role ids>, #yoco<role segments>, #yoco<role logits>],
      test.tiles = [#yoco.tiles<constant, divisor = 1, multiplier = 2>, #yoco.tiles<rows, divisor = 4, multiplier = 8>,
                    #yoco.tiles<segments, divisor = 1, multiplier = 1>]}
}
