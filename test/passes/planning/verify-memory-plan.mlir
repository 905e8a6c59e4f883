// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: yoco-opt %s --yoco-verify-memory-plan --split-input-file --verify-diagnostics | FileCheck %s

// A plan that is right for all bounds: `x` may have the bytes of the ids, which are not used after it is first written.

// CHECK-LABEL: func.func @good
yoco.state_decl @keys : !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous> planes [#yoco.size<0>]
yoco.state_decl @values : !yoco.cache<heads = 1, width = 8, element = f32, window = 0, layout = contiguous>
  planes [#yoco.size<16 * seq * batch>]
yoco.state_decl @s0 : !yoco.state<2x4x4xf32> planes [#yoco.in_record<0>]
yoco.arena @persistent persistent [#yoco.size<16 * seq * batch + 32 * seq * batch + 128 * batch>]
  records at <16 * seq * batch + 32 * seq * batch> stride 128
yoco.arena @scratch scratch [#yoco.size<64 * batch + 128 * chunk>]
func.func @good() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
  %ids = yoco.view @scratch at <64 * batch> size <64 * chunk> role ids : memref<?xi32>
  %seg = yoco.view @scratch at <0> size <16 * batch> role segments : !yoco.segments
  %pos = yoco.view @scratch at <64 * batch + 64 * chunk> size <64 * chunk> : memref<?xi32>
  yoco.fused_positions %ids at %seg outs %pos : (memref<?xi32>, !yoco.segments, memref<?xi32>) -> ()
  %x = yoco.view @scratch at <64 * batch> size <64 * chunk> : memref<?xi32>
  yoco.copy %pos to %x : memref<?xi32>
  return
}

// -----

// Overlap: with the ids, which are alive when the positions are computed; and with the logits, which must stay to the end.

yoco.arena @scratch scratch [#yoco.size<256 * chunk>]
func.func @f() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = all>} {
  // expected-note @+1 {{the other buffer}}
  %ids = yoco.view @scratch at <0> size <64 * chunk> role ids : memref<?xi32>
  // Apart from the ids when there are few slots, but not always.
  // expected-error @+2 {{expected bytes of its own for all bounds, got #yoco.size<64 * batch> up to #yoco.size<64 * batch + 16 * batch>, which may overlap #yoco.size<0> up to #yoco.size<64 * chunk>}}
  // expected-error @+1 {{expected to end within "scratch" for all bounds}}
  %seg = yoco.view @scratch at <64 * batch> size <16 * batch> role segments : !yoco.segments
  // expected-note @+1 {{the other buffer}}
  %y = yoco.view @scratch at <64 * chunk> size <64 * chunk> role logits : memref<?xi32>
  yoco.copy %ids to %y : memref<?xi32>
  // expected-error @+1 {{expected bytes of its own for all bounds, got #yoco.size<64 * chunk>}}
  %x = yoco.view @scratch at <64 * chunk> size <64 * chunk> : memref<?xi32>
  yoco.copy %x to %x : memref<?xi32>
  return
}

// -----

// Overlap that only a view shows: `x` is used through `%h` after `y` has been written.

yoco.arena @scratch scratch [#yoco.size<64 * batch + 128 * chunk>]
func.func @f() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
  %ids = yoco.view @scratch at <64 * batch + 64 * chunk> size <64 * chunk> role ids : memref<?xi32>
  %seg = yoco.view @scratch at <0> size <16 * batch> role segments : !yoco.segments
  // expected-note @+1 {{the other buffer}}
  %x = yoco.view @scratch at <64 * batch> size <64 * chunk> : memref<?x2x4xf32>
  %h = memref.collapse_shape %x [[0], [1, 2]] : memref<?x2x4xf32> into memref<?x8xf32>
  yoco.copy %x to %x : memref<?x2x4xf32>
  // expected-error @+1 {{expected bytes of its own for all bounds}}
  %y = yoco.view @scratch at <64 * batch> size <64 * chunk> : memref<?x8xf32>
  yoco.copy %h to %y : memref<?x8xf32>
  return
}

// -----

// Bounds: beyond the arena; too small for the rows (4 * 32 = 128 bytes each); too small for the table; sizes that cannot be
// computed at the bounds of the plan.

module attributes {yoco.bounds = #yoco.bounds<seq = 9223372036854775807, batch = 1, chunk = 1, wanted = 1>} {
  yoco.arena @scratch scratch [#yoco.size<64 * batch + 128 * chunk>, #yoco.size<4 * seq * seq>]
  func.func @f() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
    // expected-error @+1 {{expected to end within "scratch" for all bounds, at most [#yoco.size<64 * batch + 128 * chunk>, #yoco.size<4 * seq * seq>], got #yoco.size<64 * batch + 192 * chunk>}}
    %ids = yoco.view @scratch at <64 * batch + 128 * chunk> size <64 * chunk> role ids : memref<?xi32>
    // expected-error @+1 {{expected the bytes that its rows need for all bounds, #yoco.size<16 * batch>, got #yoco.size<12 * batch>}}
    %seg = yoco.view @scratch at <0> size <12 * batch> role segments : !yoco.segments
    // expected-error @+1 {{expected the bytes that its rows need for all bounds, #yoco.size<128 * chunk>, got #yoco.size<64 * chunk>}}
    %x = yoco.view @scratch at <64 * batch> size <64 * chunk> : memref<?x32xf32>
    yoco.copy %x to %x : memref<?x32xf32>
    // expected-error @+2 {{expected an end of at most 2^63 - 1 bytes at #yoco.bounds<}}
    // expected-error @+1 {{expected the bytes that its rows need for all bounds}}
    %y = yoco.view @scratch at <0> size <4 * seq * seq> : memref<?xi32>
    return
  }
}

// -----

// Every buffer has a place, and that is not in the arena of the states.

yoco.arena @persistent persistent [#yoco.size<64 * chunk>]
yoco.arena @scratch scratch [#yoco.size<64 * batch + 64 * chunk>]
func.func @f() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
  // expected-error @+1 {{expected a buffer with a place, got one without}}
  %x = yoco.alloc <64 * chunk> : memref<?xi32>
  // expected-error @+1 {{expected a place in an arena of kind scratch, got persistent}}
  %ids = yoco.view @persistent at <0> size <64 * chunk> role ids : memref<?xi32>
  %seg = yoco.view @scratch at <0> size <16 * batch> role segments : !yoco.segments
  yoco.copy %ids to %x : memref<?xi32>
  return
}

// -----

// Roles, as `yoco.entry` wants them.

// expected-error @+4 {{expected 1 buffers of role ids, got 2}}
// expected-error @+3 {{expected 1 buffers of role segments, got 0}}
// expected-error @+2 {{expected 0 buffers of role logits, got 1}}
yoco.arena @scratch scratch [#yoco.size<192 * chunk>]
func.func @f() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
  %a = yoco.view @scratch at <0> size <64 * chunk> role ids : memref<?xi32>
  %b = yoco.view @scratch at <64 * chunk> size <64 * chunk> role ids : memref<?xi32>
  %y = yoco.view @scratch at <128 * chunk> size <64 * chunk> role logits : memref<?xi32>
  return
}

// -----

// Targets come in where log-probabilities come out, for all rows.

yoco.arena @scratch scratch [#yoco.size<64 * batch + 192 * chunk>]
// expected-error @+1 {{expected 1 buffers of role targets, got 0}}
func.func @f() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logprobs = all>} {
  %ids = yoco.view @scratch at <64 * batch> size <64 * chunk> role ids : memref<?xi32>
  %seg = yoco.view @scratch at <0> size <16 * batch> role segments : !yoco.segments
  %y = yoco.view @scratch at <64 * batch + 64 * chunk> size <64 * chunk> role logprobs : memref<?x7xf32>
  return
}
// expected-error @+1 {{expected 0 buffers of role targets, got 1}}
func.func @g() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = all>} {
  %ids = yoco.view @scratch at <64 * batch> size <64 * chunk> role ids : memref<?xi32>
  %targets = yoco.view @scratch at <64 * batch + 128 * chunk> size <64 * chunk> role targets : memref<?xi32>
  %seg = yoco.view @scratch at <0> size <16 * batch> role segments : !yoco.segments
  %y = yoco.view @scratch at <64 * batch + 64 * chunk> size <64 * chunk> role logits : memref<?x7xf32>
  return
}

// -----

yoco.arena @scratch scratch [#yoco.size<128 * batch + 128 * chunk + 128 * wanted>]
func.func @f() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logprobs = from w-0>} {
  %ids = yoco.view @scratch at <128 * batch> size <64 * chunk> role ids : memref<?xi32>
  %seg = yoco.view @scratch at <0> size <16 * batch> role segments : !yoco.segments
  %t = yoco.view @scratch at <64 * batch> size <16 * batch> row_set 1 role segments : !yoco.segments
  yoco.row_set 1 halo 0 bound wanted table %t
  // expected-error @+1 {{expected targets of all rows, set 0, got those of set 1}}
  %targets = yoco.view @scratch at <128 * batch + 128 * chunk> size <64 * wanted> row_set 1 role targets : memref<?xi32>
  // expected-error @+1 {{expected rows of set 1, which are wanted, got rows of set 0}}
  %y = yoco.view @scratch at <128 * batch + 64 * chunk> size <64 * chunk> role logprobs : memref<?x7xf32>
  return
}

// -----

// Planes: as many as the type has, in the arena when they grow and else in the record; within it; no two with a byte in common,
// whatever the bounds are; and none with the records.

!cache = !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
// expected-error @+1 {{expected the places of 1 planes, got 0}}
yoco.state_decl @s0 : !yoco.state<2x4x4xf32>
// expected-error @+1 {{expected the places of 1 planes, got 2}}
yoco.state_decl @c0 : !cache planes [#yoco.size<0>, #yoco.size<64>]
// expected-error @+1 {{plane 0: expected a place in the record, got #yoco.size<0>}}
yoco.state_decl @s1 : !yoco.state<2x4x4xf32> planes [#yoco.size<0>]
// expected-error @+1 {{plane 0: expected a place in the arena, as it grows, got #yoco.in_record<0>}}
yoco.state_decl @c1 : !cache planes [#yoco.in_record<0>]
// expected-error @+1 {{plane 0: expected to end within "persistent" for all bounds}}
yoco.state_decl @c2 : !cache planes [#yoco.size<64 * seq * batch + 384 * batch>]
// expected-note @+1 {{the other buffer}}
yoco.state_decl @c3 : !cache planes [#yoco.size<0>]
// expected-error @+1 {{plane 0: expected bytes of its own for all bounds, got #yoco.size<0> up to #yoco.size<16 * seq * batch>, which may overlap}}
yoco.state_decl @c4 : !cache planes [#yoco.size<0>]
// expected-error @+1 {{plane 0: expected to end within a record of 384 bytes, got 128 bytes at 320}}
yoco.state_decl @s2 : !yoco.state<2x4x4xf32> planes [#yoco.in_record<320>]
// expected-note @+1 {{the other state}}
yoco.state_decl @s3 : !yoco.state<2x4x4xf32> planes [#yoco.in_record<64>]
// 96 for a window of 3 positions of 32 bytes.
// expected-error @+1 {{plane 0: expected bytes of its own in the record, got 128 up to 224, which overlap 64 up to 192 of plane 0 of @s3}}
yoco.state_decl @ring : !yoco.cache<heads = 2, width = 4, element = f32, window = 3, layout = contiguous> planes [#yoco.in_record<128>]
yoco.state_decl @s4 : !yoco.state<2x4x4xf32> planes [#yoco.in_record<192>]
yoco.arena @persistent persistent [#yoco.size<64 * seq * batch + 384 * batch>] records at <64 * seq * batch> stride 384

// -----

// The records of all slots have bytes of their own, within the arena.

// expected-note @+1 {{the other buffer}}
yoco.state_decl @c : !yoco.cache<heads = 1, width = 16, element = f32, window = 0, layout = contiguous> planes [#yoco.size<0>]
// expected-error @+2 {{records: expected to end within "persistent" for all bounds}}
// expected-error @+1 {{records: expected bytes of its own for all bounds}}
yoco.arena @persistent persistent [#yoco.size<64 * seq * batch>] records at <32 * seq * batch> stride 64

// -----

// expected-error @below {{expected one arena of kind persistent, got 0}}
module {
  yoco.state_decl @s0 : !yoco.state<2x4x4xf32> planes [#yoco.in_record<0>]
}

// -----

// Sets of rows: a tail of the step, whose rows are written to a ring, and the wanted ones, with a bound of their own. The second kernel
// reads rows of one set and writes those of a smaller one; positions take from the ids of all rows that there are some.

// CHECK-LABEL: func.func @sets
!ring = !yoco.cache<heads = 1, width = 8, element = f32, window = 4, layout = contiguous>
yoco.parameter @e : tensor<16x8xf32> from "e"
yoco.state_decl @ring : !ring planes [#yoco.in_record<0>]
yoco.arena @persistent persistent [#yoco.size<128 * batch>] records at <0> stride 128
yoco.arena @scratch scratch [#yoco.size<192 * batch + 192 * chunk + 64 * wanted>]
func.func @sets() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = from w-0>} {
  %ids = yoco.view @scratch at <192 * batch> size <64 * chunk> role ids : memref<?xi32>
  %seg = yoco.view @scratch at <0> size <16 * batch> role segments : !yoco.segments
  %t1 = yoco.view @scratch at <64 * batch> size <16 * batch> row_set 1 role segments : !yoco.segments
  yoco.row_set 1 halo 3 bound chunk table %t1 states [@ring]
  %t2 = yoco.view @scratch at <128 * batch> size <16 * batch> row_set 2 role segments : !yoco.segments
  yoco.row_set 2 halo 0 bound wanted table %t2
  %r = yoco.state_ref @ring : !ring
  %pos = yoco.view @scratch at <192 * batch + 64 * chunk> size <64 * chunk> row_set 1 : memref<?xi32>
  yoco.fused_positions %ids at %t1 outs %pos : (memref<?xi32>, !yoco.segments, memref<?xi32>) -> ()
  %x = yoco.view @scratch at <192 * batch + 128 * chunk> size <64 * chunk> : memref<?x8xf32>
  yoco.fused_embed %ids table @e outs %x {scale = 1.0 : f32} : (memref<?xi32>, memref<?x8xf32>) -> ()
  %k = yoco.view @scratch at <192 * batch> size <64 * chunk> row_set 1 : memref<?x8xf32>
  yoco.fused_narrow %x at %seg to %t1 outs %k : (memref<?x8xf32>, !yoco.segments, !yoco.segments, memref<?x8xf32>) -> ()
  yoco.fused_cache_write %k at %pos, %t1 to %r : (memref<?x8xf32>, memref<?xi32>, !yoco.segments, !ring) -> ()
  %c0 = arith.constant 0 : index
  %rows = memref.dim %k, %c0 : memref<?x8xf32>
  %h = memref.expand_shape %k [[0], [1, 2]] output_shape [%rows, 2, 4] : memref<?x8xf32> into memref<?x2x4xf32>
  %f = memref.collapse_shape %h [[0], [1, 2]] : memref<?x2x4xf32> into memref<?x8xf32>
  %y = yoco.view @scratch at <192 * batch + 192 * chunk> size <64 * wanted> row_set 2 role logits : memref<?x8xf32>
  yoco.fused_narrow %f at %t1 to %t2 outs %y : (memref<?x8xf32>, !yoco.segments, !yoco.segments, memref<?x8xf32>) -> ()
  return
}

// -----

// A buffer has the bytes of its set's rows, not the entry point's; tables are alive from the start, whatever uses them first.

yoco.arena @scratch scratch [#yoco.size<128 * batch + 128 * chunk + 64 * wanted>]
func.func @f() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = from w-0>} {
  %ids = yoco.view @scratch at <128 * batch> size <64 * chunk> role ids : memref<?xi32>
  %seg = yoco.view @scratch at <0> size <16 * batch> role segments : !yoco.segments
  // expected-note @+1 {{the other buffer}}
  %t = yoco.view @scratch at <64 * batch> size <16 * batch> row_set 1 role segments : !yoco.segments
  // expected-error @+2 {{expected the bytes that its rows need for all bounds, #yoco.size<32 * chunk>, got #yoco.size<32 * batch>}}
  // expected-error @+1 {{expected bytes of its own for all bounds, got #yoco.size<64 * batch> up to}}
  %x = yoco.view @scratch at <64 * batch> size <32 * batch> : memref<?x8xf32>
  yoco.copy %x to %x : memref<?x8xf32>
  yoco.row_set 1 halo 0 bound wanted table %t
  // expected-error @+1 {{expected the bytes that its rows need for all bounds, #yoco.size<32 * wanted>, got #yoco.size<64 * chunk>}}
  %y = yoco.view @scratch at <128 * batch + 64 * chunk> size <64 * chunk> row_set 1 role logits : memref<?x8xf32>
  yoco.copy %y to %y row_set 1 : memref<?x8xf32>
  return
}

// -----

// Operations work on the rows of one set, with the table of that set; also what looks at rows.

!ring = !yoco.cache<heads = 1, width = 8, element = f32, window = 4, layout = contiguous>
yoco.parameter @e : tensor<16x8xf32> from "e"
yoco.state_decl @ring : !ring planes [#yoco.in_record<0>]
yoco.arena @persistent persistent [#yoco.size<128 * batch>] records at <0> stride 128
yoco.arena @scratch scratch [#yoco.size<192 * batch + 256 * chunk + 64 * wanted>]
func.func @f() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = from w-0>} {
  %ids = yoco.view @scratch at <192 * batch> size <64 * chunk> role ids : memref<?xi32>
  %seg = yoco.view @scratch at <0> size <16 * batch> role segments : !yoco.segments
  %t1 = yoco.view @scratch at <64 * batch> size <16 * batch> row_set 1 role segments : !yoco.segments
  yoco.row_set 1 halo 3 bound chunk table %t1
  %t2 = yoco.view @scratch at <128 * batch> size <16 * batch> row_set 2 role segments : !yoco.segments
  yoco.row_set 2 halo 0 bound wanted table %t2
  %r = yoco.state_ref @ring : !ring
  %pos = yoco.view @scratch at <192 * batch + 64 * chunk> size <64 * chunk> row_set 1 : memref<?xi32>
  // expected-error @+1 {{operand 2: expected rows of set 0, got rows of set 1}}
  yoco.fused_positions %ids at %seg outs %pos : (memref<?xi32>, !yoco.segments, memref<?xi32>) -> ()
  %x = yoco.view @scratch at <192 * batch + 128 * chunk> size <64 * chunk> : memref<?x8xf32>
  %k = yoco.view @scratch at <192 * batch + 192 * chunk> size <64 * chunk> row_set 1 : memref<?x8xf32>
  // Ids of rows besides those that are computed.
  // expected-error @+1 {{operand 1: expected rows of set 0, got rows of set 1}}
  yoco.fused_embed %ids table @e outs %k {scale = 1.0 : f32} : (memref<?xi32>, memref<?x8xf32>) -> ()
  // expected-error @+1 {{operand 0: expected rows of set 1, got rows of set 0}}
  yoco.copy %x to %k row_set 1 : memref<?x8xf32>
  // expected-error @+1 {{expected one of the 3 row sets of the entry point, got set 3}}
  yoco.copy %k to %k row_set 3 : memref<?x8xf32>
  // expected-error @+1 {{expected rows of a smaller set than 1 as its result, got set 1}}
  yoco.fused_narrow %k at %t1 to %t1 outs %k : (memref<?x8xf32>, !yoco.segments, !yoco.segments, memref<?x8xf32>) -> ()
  %y = yoco.view @scratch at <192 * batch + 256 * chunk> size <64 * wanted> row_set 2 role logits : memref<?x8xf32>
  // expected-error @+1 {{operand 0: expected rows of set 0, got rows of set 1}}
  yoco.fused_narrow %k at %seg to %t2 outs %y : (memref<?x8xf32>, !yoco.segments, !yoco.segments, memref<?x8xf32>) -> ()
  // What lies before the first row of the set was never written, and the caller must know where.
  // expected-error @+1 {{expected @ring, which it writes, among the states of set 1}}
  yoco.fused_cache_write %k at %pos, %t1 to %r : (memref<?x8xf32>, memref<?xi32>, !yoco.segments, !ring) -> ()
  %c0 = arith.constant 0 : index
  %rows = memref.dim %x, %c0 : memref<?x8xf32>
  // expected-error @+1 {{operand 1: expected rows of set 1, got rows of set 0}}
  %h = memref.expand_shape %k [[0], [1, 2]] output_shape [%rows, 2, 4] : memref<?x8xf32> into memref<?x2x4xf32>
  return
}

// -----

// Sets are declared, from the longest tail to the shortest, each with a table of its own.

yoco.state_decl @grows : !yoco.cache<heads = 1, width = 8, element = f32, window = 0, layout = contiguous> planes [#yoco.size<0>]
yoco.arena @persistent persistent [#yoco.size<32 * seq * batch>]
yoco.arena @scratch scratch [#yoco.size<256 * batch + 128 * chunk>]
// expected-error @+1 {{expected a set of the rows that are wanted, with halo 0, got none}}
func.func @f() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = from w-0>} {
  // expected-error @+1 {{expected ids of all rows, set 0, got those of set 1}}
  %ids = yoco.view @scratch at <256 * batch> size <64 * chunk> row_set 1 role ids : memref<?xi32>
  %seg = yoco.view @scratch at <0> size <16 * batch> role segments : !yoco.segments
  %t1 = yoco.view @scratch at <64 * batch> size <16 * batch> row_set 1 role segments : !yoco.segments
  // expected-error @+2 {{expected set 1 next, got set 2}}
  // expected-error @+1 {{expected a table of its own, a buffer of role segments and row set 2}}
  yoco.row_set 2 halo 3 bound chunk table %t1
  %t2 = yoco.view @scratch at <128 * batch> size <16 * batch> row_set 2 role segments : !yoco.segments
  // expected-error @+3 {{expected a halo below that of the set before, 3, got 5}}
  // expected-error @+2 {{expected the bound of all rows of the step, chunk, for a set with rows before those that are wanted, got wanted}}
  // expected-error @+1 {{expected states of fixed size, got @grows, which grows}}
  yoco.row_set 2 halo 5 bound wanted table %t2 states [@grows]
  // expected-error @+1 {{expected rows of set 2, which are wanted, got rows of set 0}}
  %y = yoco.view @scratch at <256 * batch + 64 * chunk> size <64 * chunk> role logits : memref<?x8xf32>
  // expected-error @+1 {{expected one of the 3 row sets of the entry point, got set 7}}
  %z = yoco.view @scratch at <256 * batch + 64 * chunk> size <64 * chunk> row_set 7 : memref<?x8xf32>
  return
}

// -----

// A table for each set.

yoco.arena @scratch scratch [#yoco.size<192 * batch + 64 * chunk>]
// expected-error @+1 {{expected 2 buffers of role segments, got 3}}
func.func @f() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
  %ids = yoco.view @scratch at <192 * batch> size <64 * chunk> role ids : memref<?xi32>
  %a = yoco.view @scratch at <0> size <16 * batch> role segments : !yoco.segments
  %b = yoco.view @scratch at <64 * batch> size <16 * batch> row_set 1 role segments : !yoco.segments
  yoco.row_set 1 halo 3 bound chunk table %b
  %c = yoco.view @scratch at <128 * batch> size <16 * batch> role segments : !yoco.segments
  return
}

// -----

// The wanted rows of ragged segments are no fewer than `wanted`, however few slots there are.

yoco.arena @scratch scratch [#yoco.size<192 * batch + 64 * chunk>]
func.func @f() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = from w-0>} {
  %ids = yoco.view @scratch at <192 * batch> size <64 * chunk> role ids : memref<?xi32>
  %a = yoco.view @scratch at <0> size <16 * batch> role segments : !yoco.segments
  %b = yoco.view @scratch at <64 * batch> size <16 * batch> row_set 1 role segments : !yoco.segments
  // expected-error @+1 {{expected the bound of all rows of the step, chunk, or wanted, got batch}}
  yoco.row_set 1 halo 0 bound batch table %b
  %y = yoco.view @scratch at <128 * batch> size <64 * batch> row_set 1 role logits : memref<?x16xf32>
  return
}

// -----

// Where nothing is wanted, or all rows are, there are no wanted ones apart from others.

yoco.arena @scratch scratch [#yoco.size<128 * batch + 64 * chunk>, #yoco.size<192 * batch>]
func.func @none() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
  %ids = yoco.view @scratch at <128 * batch> size <64 * chunk> role ids : memref<?xi32>
  %a = yoco.view @scratch at <0> size <16 * batch> role segments : !yoco.segments
  %b = yoco.view @scratch at <64 * batch> size <16 * batch> row_set 1 role segments : !yoco.segments
  // expected-error @+1 {{expected a halo of at least 1, as nothing is wanted, got 0}}
  yoco.row_set 1 halo 0 bound wanted table %b
  return
}
// expected-error @+1 {{expected no sets of rows where all are wanted, got 1}}
func.func @all() attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, sampled = all>} {
  %ids = yoco.view @scratch at <128 * batch> size <64 * batch> role ids : memref<?xi32>
  %a = yoco.view @scratch at <0> size <16 * batch> role segments : !yoco.segments
  %b = yoco.view @scratch at <64 * batch> size <16 * batch> row_set 1 role segments : !yoco.segments
  yoco.row_set 1 halo 3 bound batch table %b
  %y = yoco.view @scratch at <128 * batch> size <64 * batch> role sampled : memref<?xi32>
  return
}

// -----

// The same of launches: with two tables, rows before the second are of the set that the first describes.

module @kernels attributes {yoco.kernels} {
  func.func @narrow(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x8xf32>, %from: !yoco.segments,
                    %to: !yoco.segments, %y: memref<?x8xf32>) {
    return
  }
}
yoco.arena @scratch scratch [#yoco.size<128 * batch + 128 * chunk + 64 * wanted>]
func.func @f() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = from w-0>} {
  %ids = yoco.view @scratch at <128 * batch> size <64 * chunk> role ids : memref<?xi32>
  %seg = yoco.view @scratch at <0> size <16 * batch> role segments : !yoco.segments
  %t = yoco.view @scratch at <64 * batch> size <16 * batch> row_set 1 role segments : !yoco.segments
  yoco.row_set 1 halo 0 bound wanted table %t
  %x = yoco.view @scratch at <128 * batch + 64 * chunk> size <64 * chunk> : memref<?x8xf32>
  %y = yoco.view @scratch at <128 * batch + 128 * chunk> size <64 * wanted> row_set 1 role logits : memref<?x8xf32>
  yoco.launch @kernels::@narrow(%x, %seg, %t, %y) tiles <rows, divisor = 1, multiplier = 1> row_set 1
      : memref<?x8xf32>, !yoco.segments, !yoco.segments, memref<?x8xf32>
  // expected-error @+2 {{operand 0: expected rows of set 0, got rows of set 1}}
  // expected-error @+1 {{operand 3: expected rows of set 1, got rows of set 0}}
  yoco.launch @kernels::@narrow(%y, %seg, %t, %x) tiles <rows, divisor = 1, multiplier = 1> row_set 1
      : memref<?x8xf32>, !yoco.segments, !yoco.segments, memref<?x8xf32>
  // All rows, by the launch.
  // expected-error @+3 {{expected rows of a smaller set than 0 as its result, got set 0}}
  // expected-error @+2 {{operand 3: expected rows of set 0, got rows of set 1}}
  // expected-error @+1 {{operand 2: expected rows of set 0, got rows of set 1}}
  yoco.launch @kernels::@narrow(%x, %seg, %t, %y) tiles <rows, divisor = 1, multiplier = 1>
      : memref<?x8xf32>, !yoco.segments, !yoco.segments, memref<?x8xf32>
  return
}

// -----

// A program for steps of few rows: buffers of so many, whatever the session's bounds are. A table has as many segments as there are rows
// where each is one.

// CHECK-LABEL: func.func @few
yoco.arena @scratch scratch [#yoco.size<5120>]
func.func @few() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = from w-0, most = 16, most_wanted = 4>} {
  %ids = yoco.view @scratch at <1024> size <1024> role ids : memref<?xi32>
  %seg = yoco.view @scratch at <0> size <256> role segments : !yoco.segments
  %t = yoco.view @scratch at <256> size <64> row_set 1 role segments : !yoco.segments
  yoco.row_set 1 halo 0 bound wanted each_row table %t
  %x = yoco.view @scratch at <2048> size <1024> : memref<?x8xf32>
  yoco.copy %x to %x : memref<?x8xf32>
  %y = yoco.view @scratch at <4096> size <256> row_set 1 role logits : memref<?x8xf32>
  yoco.fused_narrow %x at %seg to %t outs %y {each_row} : (memref<?x8xf32>, !yoco.segments, !yoco.segments, memref<?x8xf32>) -> ()
  return
}

// -----

// With less they are refused, and so is room that the bounds of a session may leave too small.

!keys = !yoco.cache<heads = 1, width = 8, element = f32, window = 0, layout = contiguous>
yoco.state_decl @c : !keys planes [#yoco.size<0>]
yoco.arena @persistent persistent [#yoco.size<32 * seq * batch>]
yoco.arena @scratch scratch [#yoco.size<8192 + 64 * batch + 64 * chunk>]
func.func @few() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = from w-0, most = 16, most_wanted = 4>} {
  // expected-error @+1 {{expected the bytes that its rows need for all bounds, #yoco.size<64>, got #yoco.size<64 * chunk>}}
  %ids = yoco.view @scratch at <8192 + 64 * batch> size <64 * chunk> role ids : memref<?xi32>
  // expected-error @+1 {{expected the bytes that its rows need for all bounds, #yoco.size<256>, got #yoco.size<16 * batch>}}
  %seg = yoco.view @scratch at <8192> size <16 * batch> role segments : !yoco.segments
  // expected-error @+1 {{expected the bytes that its rows need for all bounds, #yoco.size<64>, got #yoco.size<48>}}
  %t = yoco.view @scratch at <0> size <48> row_set 1 role segments : !yoco.segments
  // expected-error @+2 {{expected a halo of 0 and no states of a set with a segment for each row}}
  // expected-error @+1 {{expected states of fixed size, got @c, which grows}}
  yoco.row_set 1 halo 0 bound wanted each_row table %t states [@c]
  %r = yoco.state_ref @c : !keys
  %p = yoco.view @scratch at <512> size <16> row_set 1 : memref<?xi32>
  // expected-error @+1 {{expected the bytes that its rows need for all bounds, #yoco.size<128>, got #yoco.size<96>}}
  %y = yoco.view @scratch at <1024> size <96> row_set 1 role logits : memref<?x8xf32>
  // expected-error @+1 {{expected no state to be written in set 1, where each row is a segment, got @c}}
  yoco.fused_cache_write %y at %p, %t to %r : (memref<?x8xf32>, memref<?xi32>, !yoco.segments, !keys) -> ()
  return
}
