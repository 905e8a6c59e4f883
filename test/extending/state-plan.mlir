// The plan of a state that no pass knows: 8 * 4 = 32 bytes for each position, then a cache of 16 bytes for each position,
// then a record for each slot with 32 bytes.
//
// RUN: yoco-toys-opt %s --yoco-plan-shared-kv --yoco-verify-memory-plan --toy-print-plan | FileCheck %s
//
// CHECK: persistent arena: 3,200 bytes
// CHECK-NEXT: offset
// CHECK-NEXT: {{^}} 0 2,048 history history of rows, 32 per token{{$}}
// CHECK-NEXT: {{^}} 2,048 1,024 keys growing cache, 16 per token{{$}}
// CHECK-NEXT: {{^}} 3,072 128 records, 64 per slot, each with{{$}}
// CHECK-NEXT: {{^}} +0 32 history history of rows{{$}}
// CHECK-NEXT: KV bytes per token: 48 (24 in bf16)
// CHECK: yoco.state_decl @history : !toy_state.history<8> planes [#yoco.size<0>, #yoco.in_record<0>]
module attributes {yoco.phase = #yoco.phase<planned>, yoco.bounds = #yoco.bounds<seq = 32, batch = 2, chunk = 8, wanted = 4>} {
  yoco.state_decl @history : !toy_state.history<8>
  yoco.state_decl @keys : !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
  yoco.arena @scratch scratch [#yoco.size<128 * batch>]
  func.func @decode() attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = none>} {
    %ids = yoco.view @scratch at <64 * batch> size <64 * batch> role ids : memref<?xi32>
    %seg = yoco.view @scratch at <0> size <16 * batch> role segments : !yoco.segments
    return
  }
}
