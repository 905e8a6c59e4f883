// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels become loops over their tiles. One idea per kernel: how its tile is found, and what its inner loop is made of.
// RUN: yoco-opt %s --yoco-lower-host --canonicalize --cse | FileCheck %s

module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
module @kernels attributes {yoco.kernels, yoco.record_stride = 4096 : i64} {

// The segment table is a buffer; padding (slot -1) writes nothing.
// CHECK-LABEL: func.func @positions
// CHECK-SAME: %[[S:[a-z0-9]+]]: memref<?x4xi32>
// CHECK: scf.for %[[TILE:.+]] = %{{.+}} to
// CHECK: memref.load %[[S]][%[[TILE]], %c0]
// CHECK: arith.cmpi sgt
// CHECK: scf.if
func.func @positions(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %ids: memref<?xi32>,
                     %s: !yoco.segments, %out: memref<?xi32>) {
  yoco.fused_positions %ids at %s outs %out : (memref<?xi32>, !yoco.segments, memref<?xi32>) -> ()
  return
}

// A row's segment is found in the table of the smaller set; the same segment of the other table says which row of the input it
// is.
// CHECK-LABEL: func.func @narrow
// CHECK-SAME: %[[FROM:[a-z0-9]+]]: memref<?x4xi32>, %[[TO:[a-z0-9]+]]: memref<?x4xi32>
// CHECK: %[[FOUND:.+]] = scf.for
// CHECK: memref.load %[[TO]][%[[FOUND]], %c0]
// CHECK: scf.if
// CHECK: memref.load %[[FROM]][%[[FOUND]], %c1]
// CHECK: memref.load %[[FROM]][%[[FOUND]], %c2]
// CHECK: vector.load %{{.+}} : memref<?x16xf32>, vector<8xf32>
func.func @narrow(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x16xf32>,
                  %s: !yoco.segments, %t: !yoco.segments, %out: memref<?x16xf32>) {
  yoco.fused_narrow %x at %s to %t outs %out
      : (memref<?x16xf32>, !yoco.segments, !yoco.segments, memref<?x16xf32>) -> ()
  return
}

// Where each row is a segment, the table of the input's rows is searched for the slot.
// CHECK-LABEL: func.func @narrow_each_row
// CHECK-SAME: %[[FROM:[a-z0-9]+]]: memref<?x4xi32>, %[[TO:[a-z0-9]+]]: memref<?x4xi32>
// CHECK: %[[NUMBER:.+]] = scf.while
// CHECK: memref.load %[[FROM]]
// CHECK: memref.load %[[FROM]][%[[NUMBER]], %c1]
func.func @narrow_each_row(%rows: index, %segments: index, %seq: index, %begin: index, %end: index,
                           %x: memref<?x16xf32>, %s: !yoco.segments, %t: !yoco.segments, %out: memref<?x16xf32>) {
  yoco.fused_narrow %x at %s to %t outs %out {each_row}
      : (memref<?x16xf32>, !yoco.segments, !yoco.segments, memref<?x16xf32>) -> ()
  return
}

// CHECK-LABEL: func.func @narrow_ids
// CHECK: %[[ID:.+]] = memref.load %{{.+}} : memref<?xi32>
// CHECK-NEXT: memref.store %[[ID]], %{{.+}} : memref<?xi32>
func.func @narrow_ids(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?xi32>,
                      %s: !yoco.segments, %t: !yoco.segments, %out: memref<?xi32>) {
  yoco.fused_narrow %x at %s to %t outs %out : (memref<?xi32>, !yoco.segments, !yoco.segments, memref<?xi32>) -> ()
  return
}

// The target's row of panels of 16, multiplied and added in order, as linears do.
// CHECK-LABEL: func.func @target_logits
// CHECK: scf.for {{.*}} iter_args
// CHECK: memref.load %{{.+}} : memref<?x8xf32>
// CHECK: memref.load %{{.+}} : memref<4x8x16xbf16>
// CHECK: math.fma
func.func @target_logits(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x8xf32>,
                         %ids: memref<?xi32>, %out: memref<?x1xf32>, %w: memref<4x8x16xbf16> {yoco.parameter = @w0}) {
  yoco.fused_target_logits %x, %ids weight @w0 outs %out : (memref<?x8xf32>, memref<?xi32>, memref<?x1xf32>) -> ()
  return
}

// The best are looked for only where a logit of a vector is better than the last of them, or where the list has room. Integers
// are stored by their bits.
// CHECK-LABEL: func.func @logprobs
// CHECK-SAME: memref<?x60xf32>, %{{.+}}: memref<?xi32>, %[[OUT:.+]]: memref<?x7xf32>
// CHECK: vector.load %{{.+}} : memref<?x60xf32>, vector<8xf32>
// CHECK: arith.cmpf ord
// CHECK: vector.maskedload %{{.+}} : memref<?x60xf32>
// CHECK: %[[GOOD:.+]] = arith.ori
// CHECK: scf.if
// CHECK: %[[RANK:.+]] = arith.bitcast %{{.+}} : i32 to f32
// CHECK-NEXT: memref.store %[[RANK]], %[[OUT]]
func.func @logprobs(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x60xf32>,
                    %ids: memref<?xi32>, %out: memref<?x7xf32>) {
  yoco.fused_logprobs %x, %ids outs %out {best = 2 : i64} : (memref<?x60xf32>, memref<?xi32>, memref<?x7xf32>) -> ()
  return
}

// Weights are widened as they are loaded; the last 4 of 12 columns are masked.
// CHECK-LABEL: func.func @embed
// CHECK: vector.load %{{.+}} : memref<16x12xbf16>, vector<8xbf16>
// CHECK: arith.extf %{{.+}} : vector<8xbf16> to vector<8xf32>
// CHECK: vector.maskedload
// CHECK: vector.maskedstore
func.func @embed(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %ids: memref<?xi32>,
                 %x: memref<?x12xf32>, %w: memref<16x12xbf16> {yoco.parameter = @w0}) {
  yoco.fused_embed %ids table @w0 outs %x {scale = 2.0 : f32} : (memref<?xi32>, memref<?x12xf32>) -> ()
  return
}

// 40 outputs are 3 panels of 16: one tile of columns. A norm goes to the stack; groups of 6, 2 and 1 rows keep their sums in
// registers; the last panel has 8 columns, which a mask leaves out.
// CHECK-LABEL: func.func @linear
// CHECK: memref.alloca() {alignment = 64 : i64} : memref<6x24xf32>
// CHECK: math.sqrt
// CHECK: scf.for {{.+}} -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>)
// CHECK-COUNT-12: math.fma
// CHECK: vector.create_mask
func.func @linear(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x24xf32>,
                  %y: memref<?x40xf32>, %w: memref<3x24x16xbf16> {yoco.parameter = @w0}) {
  yoco.fused_linear %x weights [@w0] outs %y {eps = 1.0e-5 : f32} : (memref<?x24xf32>, memref<?x40xf32>) -> ()
  return
}

// A tile is one head of one segment. One pass over the state per row.
// CHECK-LABEL: func.func @recurrent
// CHECK-SAME: %[[STATE:[a-z0-9]+]]: memref<?x2x8x8xf32, strided<[1024, 64, 8, 1]>>
// CHECK: arith.remui
// CHECK: vector.load %[[STATE]]
// CHECK: vector.store %{{.+}}, %[[STATE]]
func.func @recurrent(%rows: index, %segments: index, %seq: index, %begin: index, %end: index,
                     %q: memref<?x16xf32, strided<[66, 1]>>, %k: memref<?x16xf32, strided<[66, 1], offset: 16>>,
                     %v: memref<?x16xf32, strided<[66, 1], offset: 32>>, %g: memref<?x2xf32, strided<[66, 1], offset: 48>>,
                     %p: memref<?xi32>, %s: !yoco.segments, %t: !yoco.state<2x8x8xf32>, %out: memref<?x16xf32>) {
  yoco.fused_retention %q, %k, %v, %g at %p, %s from %t outs %out {scale = 0.5 : f32, gate_divisor = 16.0 : f32}
      : (memref<?x16xf32, strided<[66, 1]>>, memref<?x16xf32, strided<[66, 1], offset: 16>>,
         memref<?x16xf32, strided<[66, 1], offset: 32>>, memref<?x2xf32, strided<[66, 1], offset: 48>>, memref<?xi32>,
         !yoco.segments, !yoco.state<2x8x8xf32>, memref<?x16xf32>) -> ()
  return
}

// Spans of 32 rows, in absolute position; their scores are on the stack.
// CHECK-LABEL: func.func @spans
// CHECK: memref<32x32xf32>
// CHECK: arith.divui %{{.+}}, %c32
func.func @spans(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %q: memref<?x16xf32>,
                 %g: memref<?x2xf32>, %p: memref<?xi32>, %s: !yoco.segments, %t: !yoco.state<2x8x8xf32>,
                 %out: memref<?x16xf32>) {
  yoco.fused_retention %q, %q, %q, %g at %p, %s from %t outs %out {scale = 0.5 : f32, span = 32 : i64}
      : (memref<?x16xf32>, memref<?x16xf32>, memref<?x16xf32>, memref<?x2xf32>, memref<?xi32>, !yoco.segments,
         !yoco.state<2x8x8xf32>, memref<?x16xf32>) -> ()
  return
}

// A growing cache is two buffers of positions. The angle of the rotation is a product in f32, its sine is of f64.
// CHECK-LABEL: func.func @attention
// CHECK-SAME: %[[K:[a-z0-9]+]]: memref<?x?x1x8xf32>, %[[V:[a-z0-9]+]]: memref<?x?x1x8xf32>
// CHECK: memref.get_global @attention.row0
// CHECK: arith.extf %{{.+}} : vector<8xf32> to vector<8xf64>
// CHECK: vector.load %[[K]]
// CHECK: vector.load %[[V]]
func.func @attention(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %q: memref<?x16xf32>,
                     %p: memref<?xi32>, %s: !yoco.segments,
                     %c: !yoco.cache<heads = 1, width = 8, element = f32, window = 0, layout = contiguous>,
                     %d: !yoco.cache<heads = 1, width = 8, element = f32, window = 0, layout = contiguous>,
                 %out: memref<?x16xf32>) {
  yoco.fused_attention %q at %p, %s to %c, %d outs %out
      {scale = 0.5 : f32, heads = 2 : i64, rope = #yoco.rope<interleaved, [1.0, 0.1, 0.01, 0.001]>}
      : (memref<?x16xf32>, memref<?xi32>, !yoco.segments,
         !yoco.cache<heads = 1, width = 8, element = f32, window = 0, layout = contiguous>,
         !yoco.cache<heads = 1, width = 8, element = f32, window = 0, layout = contiguous>, memref<?x16xf32>) -> ()
  return
}

// A ring of 5 keeps position p in place p mod 5, and of a segment its last 5 rows alone. From one slot to the next it is a record.
// CHECK-LABEL: func.func @ring
// CHECK-SAME: %[[K:[a-z0-9]+]]: memref<?x5x1x8xf32, strided<[1024, 8, 8, 1]>>
// CHECK: arith.cmpi slt, %{{.+}}, %c6
// CHECK: arith.remui %{{.+}}, %c5
// CHECK: vector.store %{{.+}}, %[[K]]
func.func @ring(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %k: memref<?x8xf32>,
                %p: memref<?xi32>, %s: !yoco.segments,
                %c: !yoco.cache<heads = 1, width = 8, element = f32, window = 5, layout = contiguous>) {
  yoco.fused_cache_write %k at %p, %s to %c
      : (memref<?x8xf32>, memref<?xi32>, !yoco.segments,
         !yoco.cache<heads = 1, width = 8, element = f32, window = 5, layout = contiguous>) -> ()
  return
}

// Left-over arithmetic is vectorised as it is.
// CHECK-LABEL: func.func @elementwise
// CHECK: arith.mulf %{{.+}}, %{{.+}} : vector<8xf32>
func.func @elementwise(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x8xf32>,
                       %y: memref<?x8xf32>) {
  linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>],
                  iterator_types = ["parallel", "parallel"]} ins(%x : memref<?x8xf32>) outs(%y : memref<?x8xf32>) {
  ^bb0(%a: f32, %b: f32):
    %c = arith.mulf %a, %a : f32
    linalg.yield %c : f32
  }
  return
}

// A number for every column of its row is loaded once; a vector that rows share is a parameter, extended when it is loaded. A row that
// is combined to one number ends with the tree of the lanes and the number that it starts from.
// CHECK-LABEL: func.func @sum
// CHECK: memref.load %{{.+}} : memref<?x1xf32>
// CHECK: vector.load {{.+}} : memref<16xbf16>, vector<8xbf16>
// CHECK: arith.extf
// CHECK: vector.shuffle
// CHECK: %[[T:.+]] = arith.addf %{{.+}}, %cst{{.*}} : f32
// CHECK: memref.store %[[T]], %{{.+}} : memref<?x1xf32>
func.func @sum(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x16xf32>,
               %m: memref<?x1xf32>, %v: memref<16xbf16> {yoco.parameter = @v2}, %y: memref<?x1xf32>) {
  linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, 0)>,
                                   affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0, 0)>],
                  iterator_types = ["parallel", "reduction"]}
      ins(%x, %m, %v : memref<?x16xf32>, memref<?x1xf32>, memref<16xbf16>) outs(%y : memref<?x1xf32>)
      attrs = {yoco.initial = [2.0 : f32]} {
  ^bb0(%a: f32, %b: f32, %c: bf16, %o: f32):
    %e = arith.extf %c : bf16 to f32
    %d = arith.subf %a, %b : f32
    %p = arith.mulf %d, %e : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}

}
}
