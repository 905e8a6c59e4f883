// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels become calls of micro-kernels whose shapes are constants. One idea per kernel: what stands for what.
// RUN: yoco-opt %s --yoco-lower-nvptx --canonicalize --cse --split-input-file | FileCheck %s

!keys = !yoco.cache<heads = 2, width = 16, element = bf16, window = 0, layout = contiguous>
!values = !yoco.cache<heads = 2, width = 24, element = bf16, window = 0, layout = contiguous>
!ring = !yoco.cache<heads = 2, width = 16, element = bf16, window = 100, layout = contiguous>
#rope = #yoco.rope<interleaved, [1.0, 0.5, 0.25, 0.125, 0.1, 0.05, 0.02, 0.01]>
#half = #yoco.rope<half, [1.0, 0.5, 0.25, 0.125, 0.1, 0.05, 0.02, 0.01]>
#id2 = affine_map<(r, c) -> (r, c)>
#row2 = affine_map<(d0, d1) -> (d0, 0)>
#column2 = affine_map<(d0, d1) -> (d1)>
#id3 = affine_map<(r, h, c) -> (r, h, c)>

module attributes {yoco.target = #yoco.target<"nvptx", "sm_90a", bf16>} {
// The module of kernels becomes a gpu.module of the same name, with the micro-kernels that are called and one table for each
// list of frequencies.
// CHECK: gpu.module @kernels attributes {yoco.kernels, yoco.record_stride = 1048576 : i64} {
// CHECK-DAG: llvm.func @yoco_norm(i64, i64, !llvm.ptr, i32, i32, !llvm.ptr, i1, i32, f32, i32, i32, !llvm.ptr, i1, i32, !llvm.ptr, i32, i32)
// CHECK-DAG: llvm.mlir.global internal constant @[[FREQUENCIES:.+]](dense<[1.000000e+00, 5.000000e-01, {{.+}}]> : tensor<8xf32>) {addr_space = 1 : i32{{.*}}} : !llvm.array<8 x f32>
// CHECK-NOT: llvm.mlir.global
module @kernels attributes {yoco.kernels, yoco.record_stride = 1048576 : i64} {

// What no kernel writes (the segment table, parameters) is `noalias readonly`; results are written and not read. Of other memory nothing
// is promised but alignment, as an earlier kernel may still write it until @yoco_begin returns.
// CHECK-LABEL: gpu.func @positions
// CHECK-SAME: (%[[ROWS:.+]]: i64, %[[SEGMENTS:.+]]: i64, %[[SEQ:.+]]: i64, %{{.+}}: !llvm.ptr {llvm.align = 64 : i64}, %[[TABLE:.+]]: !llvm.ptr {llvm.align = 64 : i64, llvm.noalias, llvm.readonly}, %[[OUT:.+]]: !llvm.ptr {llvm.align = 64 : i64, llvm.noalias})
// CHECK-SAME: kernel attributes {yoco.images = {sm_80 = {shared_bytes = 0 : i64, threads = 128 : i64}, sm_90a = {shared_bytes = 0 : i64, threads = 128 : i64}}}
// CHECK-NEXT: llvm.call @yoco_begin()
// CHECK-NEXT: %[[BLOCK:.+]] = gpu.block_id x
// CHECK-NEXT: %[[TILE:.+]] = arith.index_cast %[[BLOCK]] : index to i64
// CHECK-NEXT: llvm.call @yoco_positions(%[[TILE]], %[[SEGMENTS]], %[[TABLE]], %[[OUT]])
// CHECK-NEXT: gpu.return
func.func @positions(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %ids: memref<?xi32>,
                     %s: !yoco.segments, %out: memref<?xi32>) {
  yoco.fused_positions %ids at %s outs %out : (memref<?xi32>, !yoco.segments, memref<?xi32>) -> ()
  return
}

// Two tables: that of the result's rows, and that of the input's.
// CHECK-LABEL: gpu.func @narrow
// CHECK-SAME: (%[[ROWS:.+]]: i64, %[[SEGMENTS:.+]]: i64, %{{.+}}: i64, %[[X:.+]]: !llvm.ptr {{.+}}, %[[FROM:.+]]: !llvm.ptr {{.+}}, %[[TO:.+]]: !llvm.ptr {{.+}}, %[[OUT:.+]]: !llvm.ptr {{.+}})
// CHECK-DAG: %[[COLUMNS:.+]] = arith.constant 12 : i32
// CHECK-DAG: %[[STRIDE:.+]] = arith.constant 16 : i32
// CHECK-DAG: %[[F32:.+]] = arith.constant 0 : i32
// CHECK-DAG: %[[BF16:.+]] = arith.constant 1 : i32
// CHECK: llvm.call @yoco_narrow(%{{.+}}, %[[ROWS]], %[[SEGMENTS]], %[[TO]], %[[FROM]], %{{false.*}}, %[[X]], %[[F32]], %[[COLUMNS]], %[[COLUMNS]], %[[OUT]], %[[BF16]], %[[STRIDE]])
func.func @narrow(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x12xf32>,
                  %s: !yoco.segments, %t: !yoco.segments, %out: memref<?x12xbf16, strided<[16, 1]>>) {
  yoco.fused_narrow %x at %s to %t outs %out
      : (memref<?x12xf32>, !yoco.segments, !yoco.segments, memref<?x12xbf16, strided<[16, 1]>>) -> ()
  return
}

// Integers are rows of one f32, whose bits are moved.
// CHECK-LABEL: gpu.func @narrow_ids
// CHECK-SAME: (%[[ROWS:.+]]: i64, %[[SEGMENTS:.+]]: i64, %{{.+}}: i64, %[[X:.+]]: !llvm.ptr {{.+}}, %[[FROM:.+]]: !llvm.ptr {{.+}}, %[[TO:.+]]: !llvm.ptr {{.+}}, %[[OUT:.+]]: !llvm.ptr {{.+}})
// CHECK-DAG: %[[ONE:.+]] = arith.constant 1 : i32
// CHECK-DAG: %[[F32:.+]] = arith.constant 0 : i32
// CHECK: llvm.call @yoco_narrow(%{{.+}}, %[[ROWS]], %[[SEGMENTS]], %[[TO]], %[[FROM]], %{{false.*}}, %[[X]], %[[F32]], %[[ONE]], %[[ONE]], %[[OUT]], %[[F32]], %[[ONE]])
func.func @narrow_ids(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?xi32>,
                      %s: !yoco.segments, %t: !yoco.segments, %out: memref<?xi32>) {
  yoco.fused_narrow %x at %s to %t outs %out : (memref<?xi32>, !yoco.segments, !yoco.segments, memref<?xi32>) -> ()
  return
}

// Where each row is a segment, rows come from the segment with the same slot.
// CHECK-LABEL: gpu.func @narrow_each_row
// CHECK: llvm.call @yoco_narrow({{.*}}, %true
func.func @narrow_each_row(%rows: index, %segments: index, %seq: index, %begin: index, %end: index,
                           %x: memref<?x12xf32>, %s: !yoco.segments, %t: !yoco.segments, %out: memref<?x12xf32>) {
  yoco.fused_narrow %x at %s to %t outs %out {each_row}
      : (memref<?x12xf32>, !yoco.segments, !yoco.segments, memref<?x12xf32>) -> ()
  return
}

// A block in the middle: what comes before it, and partial rows as the result.
// CHECK-LABEL: gpu.func @logprobs
// CHECK-SAME: (%[[ROWS:.+]]: i64, %{{.+}}: i64, %{{.+}}: i64, %[[X:.+]]: !llvm.ptr {{.+}}, %[[IDS:.+]]: !llvm.ptr {{.+}}, %[[T:.+]]: !llvm.ptr {{.+}}, %[[C:.+]]: !llvm.ptr {{.+}}, %[[OUT:.+]]: !llvm.ptr {{.+}})
// CHECK-DAG: %[[C64:.+]] = arith.constant 64 : i32
// CHECK-DAG: %[[C4:.+]] = arith.constant 4 : i32
// CHECK-DAG: %[[C12:.+]] = arith.constant 12 : i32
// CHECK-DAG: %[[C2:.+]] = arith.constant 2 : i32
// CHECK-DAG: %[[TRUE:.+]] = arith.constant true
// CHECK: llvm.call @yoco_logprobs(%{{.+}}, %[[ROWS]], %[[X]], %[[C64]], %[[C64]], %[[IDS]], %[[T]], %[[TRUE]], %[[C4]], %[[C]], %[[TRUE]], %[[C12]], %[[C2]], %[[TRUE]], %[[OUT]], %[[C12]])
func.func @logprobs(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x64xf32>,
                    %ids: memref<?xi32>, %t: memref<?x1xf32, strided<[4, 1]>>,
                    %c: memref<?x9xf32, strided<[12, 1]>>, %out: memref<?x9xf32, strided<[12, 1]>>) {
  yoco.fused_logprobs %x, %ids target_logits %t after %c outs %out {best = 2 : i64, partial}
      : (memref<?x64xf32>, memref<?xi32>, memref<?x1xf32, strided<[4, 1]>>, memref<?x9xf32, strided<[12, 1]>>,
         memref<?x9xf32, strided<[12, 1]>>) -> ()
  return
}

// CHECK-LABEL: gpu.func @target_logits
// CHECK-SAME: (%[[ROWS:.+]]: i64, %{{.+}}: i64, %{{.+}}: i64, %[[X:.+]]: !llvm.ptr {{.+}}, %[[IDS:.+]]: !llvm.ptr {{.+}}, %[[OUT:.+]]: !llvm.ptr {{.+}}, %[[W:.+]]: !llvm.ptr {{.+}})
// CHECK-DAG: %[[C12:.+]] = arith.constant 12 : i32
// CHECK-DAG: %[[C16:.+]] = arith.constant 16 : i32
// CHECK-DAG: %[[C50:.+]] = arith.constant 50 : i32
// CHECK-DAG: %[[C4:.+]] = arith.constant 4 : i32
// CHECK-DAG: %[[BF16:.+]] = arith.constant 1 : i32
// CHECK-DAG: %[[EXACT:.+]] = arith.constant false
// CHECK: llvm.call @yoco_target_logits(%{{.+}}, %[[ROWS]], %[[X]], %[[BF16]], %[[C16]], %[[C12]], %[[IDS]], %[[W]], %[[BF16]], %[[C50]], %[[C16]], %[[EXACT]], %[[OUT]], %[[C4]])
func.func @target_logits(%rows: index, %segments: index, %seq: index, %begin: index, %end: index,
                         %x: memref<?x12xbf16, strided<[16, 1]>>, %ids: memref<?xi32>,
                         %out: memref<?x1xf32, strided<[4, 1]>>,
                         %w: memref<50x12xbf16, strided<[16, 1]>> {yoco.parameter = @w0}) {
  yoco.fused_target_logits %x, %ids weight @w0 outs %out
      : (memref<?x12xbf16, strided<[16, 1]>>, memref<?xi32>, memref<?x1xf32, strided<[4, 1]>>) -> ()
  return
}

// CHECK-LABEL: gpu.func @argmax
// CHECK-SAME: (%[[ROWS:.+]]: i64, %{{.+}}: i64, %{{.+}}: i64, %[[X:.+]]: !llvm.ptr {{.+}}, %[[OUT:.+]]: !llvm.ptr {{.+}})
// CHECK-DAG: %[[COLUMNS:.+]] = arith.constant 999 : i32
// CHECK: llvm.call @yoco_argmax(%{{.+}}, %[[ROWS]], %[[X]], %[[COLUMNS]], %[[COLUMNS]], %[[OUT]])
func.func @argmax(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x999xf32>,
                  %out: memref<?xi32>) {
  yoco.fused_argmax %x outs %out : (memref<?x999xf32>, memref<?xi32>) -> ()
  return
}

// A table of 50 rows of 12 columns, 16 elements apart.
// CHECK-LABEL: gpu.func @embed
// CHECK-SAME: (%[[ROWS:.+]]: i64, %{{.+}}: i64, %{{.+}}: i64, %[[IDS:.+]]: !llvm.ptr {{.+}}, %[[X:.+]]: !llvm.ptr {llvm.align = 64 : i64, llvm.noalias}, %[[W:.+]]: !llvm.ptr {llvm.align = 64 : i64, llvm.noalias, llvm.readonly})
// CHECK-DAG: %[[C12:.+]] = arith.constant 12 : i32
// CHECK-DAG: %[[C16:.+]] = arith.constant 16 : i32
// CHECK-DAG: %[[C50:.+]] = arith.constant 50 : i32
// CHECK-DAG: %[[BF16:.+]] = arith.constant 1 : i32
// CHECK-DAG: %[[F32:.+]] = arith.constant 0 : i32
// CHECK-DAG: %[[SCALE:.+]] = arith.constant 2.000000e+00 : f32
// CHECK: llvm.call @yoco_embed(%{{.+}}, %[[ROWS]], %[[IDS]], %[[W]], %[[BF16]], %[[C50]], %[[C16]], %[[SCALE]], %[[C12]], %[[X]], %[[F32]], %[[C12]])
func.func @embed(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %ids: memref<?xi32>,
                 %x: memref<?x12xf32>, %w: memref<50x12xbf16, strided<[16, 1]>> {yoco.parameter = @w0}) {
  yoco.fused_embed %ids table @w0 outs %x {scale = 2.0 : f32} : (memref<?xi32>, memref<?x12xf32>) -> ()
  return
}

// A column slice is the buffer's address and an offset. What is not there is null.
// CHECK-LABEL: gpu.func @norm_slice
// CHECK-SAME: (%[[ROWS:.+]]: i64, %{{.+}}: i64, %{{.+}}: i64, %[[X:.+]]: !llvm.ptr {{.+}}, %[[Y:.+]]: !llvm.ptr {{.+}})
// CHECK-DAG: %[[FALSE:.+]] = arith.constant false
// CHECK-DAG: %[[STRIDE:.+]] = arith.constant 192 : i32
// CHECK-DAG: %[[NULL:.+]] = llvm.mlir.zero : !llvm.ptr
// CHECK-DAG: %[[START:.+]] = llvm.getelementptr %[[X]][64] : (!llvm.ptr) -> !llvm.ptr, f32
// CHECK: llvm.call @yoco_norm(%{{.+}}, %[[ROWS]], %[[START]], %{{.+}}, %[[STRIDE]], %[[NULL]], %[[FALSE]], %{{.+}}, %{{.+}}, %{{.+}}, %{{.+}}, %[[NULL]], %[[FALSE]], %{{.+}}, %[[Y]],
func.func @norm_slice(%rows: index, %segments: index, %seq: index, %begin: index, %end: index,
                      %x: memref<?x64xf32, strided<[192, 1], offset: 64>>, %y: memref<?x64xbf16>) {
  yoco.fused_norm %x outs %y {eps = 1.0e-5 : f32}
      : (memref<?x64xf32, strided<[192, 1], offset: 64>>, memref<?x64xbf16>) -> ()
  return
}

// With heads, a weight and a gate.
// CHECK-LABEL: gpu.func @norm_gated
// CHECK-SAME: %[[X:[a-z0-9]+]]: !llvm.ptr {llvm.align = 64 : i64}, %[[G:.+]]: !llvm.ptr {{.+}}, %[[Y:.+]]: !llvm.ptr {{.+}}, %[[W:.+]]: !llvm.ptr {{.+}})
// CHECK-DAG: %[[TRUE:.+]] = arith.constant true
// CHECK-DAG: %[[C4:.+]] = arith.constant 4 : i32
// CHECK-DAG: %[[C16:.+]] = arith.constant 16 : i32
// CHECK-DAG: %[[C64:.+]] = arith.constant 64 : i32
// CHECK: llvm.call @yoco_norm(%{{.+}}, %{{.+}}, %[[X]], %{{.+}}, %[[C64]], %[[W]], %[[TRUE]], %{{.+}}, %{{.+}}, %[[C4]], %[[C16]], %[[G]], %[[TRUE]], %[[C64]], %[[Y]],
func.func @norm_gated(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x64xf32>,
                      %g: memref<?x64xf32>, %y: memref<?x64xbf16>, %w: memref<16xf32> {yoco.parameter = @w0}) {
  yoco.fused_norm %x swish %g weight @w0 outs %y {eps = 1.0e-5 : f32, groups = 4 : i64}
      : (memref<?x64xf32>, memref<?x64xf32>, memref<?x64xbf16>) -> ()
  return
}

// CHECK-LABEL: gpu.func @rope
// CHECK: %[[TABLE:.+]] = llvm.mlir.addressof @[[FREQUENCIES]] : !llvm.ptr<1>
// CHECK: %[[ADDRESS:.+]] = llvm.addrspacecast %[[TABLE]] : !llvm.ptr<1> to !llvm.ptr
// CHECK: llvm.call @yoco_rope(%{{.+}}, %{{.+}}, %{{.+}}, %{{.+}}, %{{.+}}, %[[ADDRESS]],
func.func @rope(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x32xf32>,
                %p: memref<?xi32>, %y: memref<?x32xf32>) {
  yoco.fused_rope %x, %p outs %y {heads = 2 : i64, rope = #rope} : (memref<?x32xf32>, memref<?xi32>, memref<?x32xf32>) -> ()
  return
}

// A group of matrices with a norm, for a few rows; not exact, since products are of bf16. It waits for earlier kernels itself.
// CHECK-LABEL: gpu.func @linear_few
// CHECK-SAME: (%[[ROWS:.+]]: i64, %{{.+}}: i64, %{{.+}}: i64, %[[X:.+]]: !llvm.ptr {{.+}}, %[[Y:.+]]: !llvm.ptr {{.+}}, %[[W:.+]]: !llvm.ptr {{.+}}, %[[N:.+]]: !llvm.ptr {{.+}})
// CHECK-DAG: %[[FALSE:.+]] = arith.constant false
// CHECK-DAG: %[[TRUE:.+]] = arith.constant true
// CHECK-DAG: %[[C40:.+]] = arith.constant 40 : i32
// CHECK-DAG: %[[C24:.+]] = arith.constant 24 : i32
// CHECK-DAG: %[[EPS:.+]] = arith.constant 9.99999974E-6 : f32
// CHECK-NOT: @yoco_begin
// CHECK: llvm.call @yoco_linear_few(%{{.+}}, %[[ROWS]], %[[X]], %{{.+}}, %[[C24]], %[[C24]], %[[W]], %{{.+}}, %{{.+}}, %[[C24]], %[[C40]], %[[FALSE]], %[[N]], %[[TRUE]], %{{.+}}, %[[EPS]],
func.func @linear_few(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x24xf32>,
                      %y: memref<?x40xf32>, %w: memref<40x24xbf16> {yoco.parameter = @w0}, %n: memref<24xf32> {yoco.parameter = @w1}) {
  yoco.fused_linear %x weights [@w0] outs %y {eps = 1.0e-5 : f32, norm_weight = @w1, max_rows = 4 : i64}
      : (memref<?x24xf32>, memref<?x40xf32>) -> ()
  return
}

// Two matrices one after the other, a residual and no norm (an eps below 0).
// CHECK-LABEL: gpu.func @linear_gated
// CHECK-SAME: %[[X:[a-z0-9]+]]: !llvm.ptr {llvm.align = 64 : i64}, %[[R:.+]]: !llvm.ptr {{.+}}, %[[Y:.+]]: !llvm.ptr {{.+}}, %[[A:.+]]: !llvm.ptr {{.+}})
// CHECK-DAG: %[[TRUE:.+]] = arith.constant true
// CHECK-DAG: %[[SWIGLU:.+]] = arith.constant 3 : i32
// CHECK-DAG: %[[NONE:.+]] = arith.constant -1.000000e+00 : f32
// CHECK-DAG: %[[B:.+]] = llvm.getelementptr %[[A]][960] : (!llvm.ptr) -> !llvm.ptr, bf16
// CHECK: llvm.call @yoco_linear_few(%{{.+}}, %{{.+}}, %[[X]], %{{.+}}, %{{.+}}, %{{.+}}, %[[A]], %[[B]], %{{.+}}, %{{.+}}, %{{.+}}, %{{.+}}, %{{.+}}, %{{.+}}, %{{.+}}, %[[NONE]], %[[SWIGLU]], %[[R]], %[[TRUE]],
func.func @linear_gated(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x24xbf16>,
                        %r: memref<?x40xf32>, %y: memref<?x40xf32>, %ab: memref<80x24xbf16> {yoco.parameter = @w0}) {
  yoco.fused_linear %x residual %r weights [@w0] outs %y {activation = #yoco.activation<swiglu>, joined, max_rows = 4 : i64}
      : (memref<?x24xbf16>, memref<?x40xf32>, memref<?x40xf32>) -> ()
  return
}

// CHECK-LABEL: gpu.func @retention_step
// CHECK-DAG: %[[EPS:.+]] = arith.constant 9.99999974E-6 : f32
// CHECK: llvm.call @yoco_retention_step(
// CHECK-SAME: %[[EPS]]
func.func @retention_step(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %q: memref<?x32xf32>,
                          %k: memref<?x32xf32>, %v: memref<?x32xf32>, %g: memref<?x2xf32>, %p: memref<?xi32>, %s: !yoco.segments,
                          %t: !yoco.state<2x16x16xf32>, %w: memref<?x32xf32>, %out: memref<?x32xbf16>) {
  yoco.fused_retention %q, %k, %v, %g at %p, %s from %t swish %w outs %out
      {scale = 0.25 : f32, gate_divisor = 16.0 : f32, eps = 1.0e-5 : f32, rope = #rope}
      : (memref<?x32xf32>, memref<?x32xf32>, memref<?x32xf32>, memref<?x2xf32>, memref<?xi32>, !yoco.segments,
         !yoco.state<2x16x16xf32>, memref<?x32xf32>, memref<?x32xbf16>) -> ()
  return
}

// The state is written: nothing but its alignment is promised. From one slot to the next it is a record.
// CHECK-LABEL: gpu.func @retention_chunk
// CHECK-SAME: %{{.+}}, %[[T:.+]]: !llvm.ptr {llvm.align = 64 : i64}, %[[OUT:.+]]: !llvm.ptr {llvm.align = 64 : i64, llvm.noalias})
// CHECK: %[[RECORD:.+]] = arith.constant 262144 : i64
// CHECK: llvm.call @yoco_retention_span(
// CHECK-SAME: %[[T]], %[[RECORD]],
func.func @retention_chunk(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %q: memref<?x32xf32>,
                           %k: memref<?x32xf32>, %v: memref<?x32xf32>, %g: memref<?x2xf32>, %p: memref<?xi32>, %s: !yoco.segments,
                           %t: !yoco.state<2x16x16xf32>, %out: memref<?x32xf32>) {
  yoco.fused_retention %q, %k, %v, %g at %p, %s from %t outs %out {scale = 0.25 : f32, span = 64 : i64}
      : (memref<?x32xf32>, memref<?x32xf32>, memref<?x32xf32>, memref<?x2xf32>, memref<?xi32>, !yoco.segments,
         !yoco.state<2x16x16xf32>, memref<?x32xf32>) -> ()
  return
}

// A cache is an address.
// CHECK-LABEL: gpu.func @cache_write
// CHECK-SAME: (%[[ROWS:.+]]: i64, %[[SEGMENTS:.+]]: i64, %[[SEQ:.+]]: i64, %[[K:.+]]: !llvm.ptr {{.+}}, %[[V:.+]]: !llvm.ptr {{.+}}, %[[P:.+]]: !llvm.ptr {{.+}}, %[[S:.+]]: !llvm.ptr {{.+}}, %[[KEYS:.+]]: !llvm.ptr {llvm.align = 64 : i64}, %[[VALUES:.+]]: !llvm.ptr {llvm.align = 64 : i64})
// CHECK: llvm.call @yoco_cache_write(%{{.+}}, %[[ROWS]], %[[SEGMENTS]], %[[SEQ]], %[[K]], %{{.+}}, %{{.+}}, %[[V]], %{{.+}}, %{{.+}}, %[[P]], %[[S]], %[[KEYS]], %{{.+}}, %[[VALUES]],
func.func @cache_write(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %k: memref<?x32xf32>,
                       %v: memref<?x48xf32>, %p: memref<?xi32>, %s: !yoco.segments, %c: !keys, %d: !values) {
  yoco.fused_cache_write %k, %v at %p, %s to %c, %d {rope = #half}
      : (memref<?x32xf32>, memref<?x48xf32>, memref<?xi32>, !yoco.segments, !keys, !values) -> ()
  return
}

// Rows that are stored alone are those that are rotated or, without a rotation, those that are not.
// CHECK-LABEL: gpu.func @rotated_alone
// CHECK-SAME: %{{.+}}: i64, %{{.+}}: i64, %{{.+}}: i64, %[[K:.+]]: !llvm.ptr {{.+}}, %[[P:.+]]: !llvm.ptr {{.+}}, %[[S:.+]]: !llvm.ptr {{.+}}, %[[KEYS:.+]]: !llvm.ptr
// CHECK-DAG: %[[NULL:.+]] = llvm.mlir.zero
// CHECK-DAG: %[[NONE:.+]] = arith.constant 0 : i32
// CHECK-DAG: %[[WIDTH:.+]] = arith.constant 16 : i32
// CHECK: llvm.call @yoco_cache_write({{.*}}, %[[K]], %{{.+}}, %{{.+}}, %[[NULL]], %[[NONE]], %[[NONE]], %[[P]], %[[S]], %[[KEYS]], %{{.+}}, %[[NULL]], %{{.+}}, %{{.+}}, %[[NONE]], %{{.+}}, %[[WIDTH]], %[[NONE]],
func.func @rotated_alone(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %k: memref<?x32xf32>,
                         %p: memref<?xi32>, %s: !yoco.segments, %c: !keys) {
  yoco.fused_cache_write %k at %p, %s to %c {rope = #half} : (memref<?x32xf32>, memref<?xi32>, !yoco.segments, !keys) -> ()
  return
}

// CHECK-LABEL: gpu.func @moved_alone
// CHECK-SAME: %{{.+}}: i64, %{{.+}}: i64, %{{.+}}: i64, %[[V:.+]]: !llvm.ptr {{.+}}, %[[P:.+]]: !llvm.ptr {{.+}}, %[[S:.+]]: !llvm.ptr {{.+}}, %[[VALUES:.+]]: !llvm.ptr
// CHECK-DAG: %[[NULL:.+]] = llvm.mlir.zero
// CHECK-DAG: %[[NONE:.+]] = arith.constant 0 : i32
// CHECK-DAG: %[[WIDTH:.+]] = arith.constant 24 : i32
// CHECK: llvm.call @yoco_cache_write({{.*}}, %[[NULL]], %[[NONE]], %[[NONE]], %[[V]], %{{.+}}, %{{.+}}, %[[P]], %[[S]], %[[NULL]], %{{.+}}, %[[VALUES]], %{{.+}}, %{{.+}}, %[[NONE]], %{{.+}}, %[[NONE]], %[[WIDTH]],
func.func @moved_alone(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %v: memref<?x48xf32>,
                       %p: memref<?xi32>, %s: !yoco.segments, %c: !values) {
  yoco.fused_cache_write %v at %p, %s to %c : (memref<?x48xf32>, memref<?xi32>, !yoco.segments, !values) -> ()
  return
}

// CHECK-LABEL: gpu.func @attention_rows
// CHECK: llvm.call @yoco_attention_rows(
func.func @attention_rows(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %q: memref<?x64xf32>,
                          %p: memref<?xi32>, %s: !yoco.segments, %c: !keys, %d: !values, %out: memref<?x96xbf16>) {
  yoco.fused_attention %q at %p, %s to %c, %d outs %out {heads = 4 : i64, scale = 0.25 : f32, rope = #half}
      : (memref<?x64xf32>, memref<?xi32>, !yoco.segments, !keys, !values, memref<?x96xbf16>) -> ()
  return
}

// The fresh rows of a ring; partial rows of 4 heads in 3 splits.
// CHECK-LABEL: gpu.func @attention_split
// CHECK-SAME: (%[[ROWS:.+]]: i64, %[[SEGMENTS:.+]]: i64, %[[SEQ:.+]]: i64, %[[Q:.+]]: !llvm.ptr {{.+}}, %[[P:.+]]: !llvm.ptr {{.+}}, %[[S:.+]]: !llvm.ptr {{.+}}, %[[KEYS:.+]]: !llvm.ptr {{.+}}, %[[VALUES:.+]]: !llvm.ptr {{.+}}, %[[K:.+]]: !llvm.ptr {{.+}}, %[[V:.+]]: !llvm.ptr {{.+}}, %[[OUT:.+]]: !llvm.ptr {llvm.align = 64 : i64, llvm.noalias})
// CHECK-DAG: %[[RECORD:.+]] = arith.constant 524288 : i64
// CHECK-DAG: %[[RING:.+]] = arith.constant 100 : i32
// CHECK-DAG: %[[WINDOW:.+]] = arith.constant 90 : i32
// CHECK-DAG: %[[SPLITS:.+]] = arith.constant 3 : i32
// CHECK: llvm.call @yoco_attention_split(%{{.+}}, %[[ROWS]], %[[SEGMENTS]], %[[SEQ]], %[[Q]], %{{.+}}, %[[P]], %[[S]], %[[KEYS]], %[[RECORD]], %[[VALUES]], %[[RECORD]], %{{.+}}, %[[RING]], %[[K]], %{{.+}}, %{{.+}}, %[[V]], %{{.+}}, %{{.+}}, %{{.+}}, %{{.+}}, %[[WINDOW]], {{.+}}, %[[SPLITS]], %[[OUT]],
func.func @attention_split(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %q: memref<?x64xf32>,
                           %p: memref<?xi32>, %s: !yoco.segments, %c: !ring, %d: !ring, %k: memref<?x32xbf16>, %v: memref<?x32xbf16>,
                           %out: memref<?x216xf32>) {
  yoco.fused_attention %q at %p, %s to %c, %d fresh(%k, %v) outs %out
      {heads = 4 : i64, scale = 0.25 : f32, window = 90 : i64, splits = 3 : i64}
      : (memref<?x64xf32>, memref<?xi32>, !yoco.segments, !ring, !ring, memref<?x32xbf16>, memref<?x32xbf16>, memref<?x216xf32>) -> ()
  return
}

// CHECK-LABEL: gpu.func @attention_merge
// CHECK: llvm.call @yoco_attention_merge(
func.func @attention_merge(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x216xf32>,
                           %s: !yoco.segments, %out: memref<?x64xbf16>) {
  yoco.fused_attention_merge %x at %s outs %out {heads = 4 : i64, splits = 3 : i64}
      : (memref<?x216xf32>, !yoco.segments, memref<?x64xbf16>) -> ()
  return
}

// A row of 4096 columns is 512 threads of 8: two blocks. Slices at multiples of 16 bytes are read 16 bytes at a time.
// CHECK-LABEL: gpu.func @chain
// CHECK-SAME: (%[[ROWS:.+]]: i64, %{{.+}}: i64, %{{.+}}: i64, %[[A:.+]]: !llvm.ptr {{.+}}, %[[B:.+]]: !llvm.ptr {{.+}}, %[[OUT:.+]]: !llvm.ptr {{.+}})
// CHECK-SAME: threads = 256 : i64
// CHECK: llvm.call @yoco_begin()
// CHECK: %[[THREAD:.+]] = gpu.thread_id x
// CHECK: %[[BLOCK:.+]] = gpu.block_id x
// CHECK: %[[ROW:.+]] = arith.divui %{{.+}}, %c2_i32
// CHECK: arith.cmpi ult, %{{.+}}, %[[ROWS]] : i64
// CHECK: scf.if
// CHECK-COUNT-2: llvm.load %{{.+}} {alignment = 16 : i64} : !llvm.ptr -> vector<4xf32>
// CHECK: llvm.getelementptr %[[B]][4096] : (!llvm.ptr) -> !llvm.ptr, f32
// CHECK-COUNT-2: llvm.load %{{.+}} {alignment = 16 : i64} : !llvm.ptr -> vector<4xf32>
// CHECK-COUNT-8: math.exp
// CHECK: llvm.store %{{.+}}, %{{.+}} {alignment = 16 : i64} : vector<8xbf16>, !llvm.ptr
func.func @chain(%rows: index, %segments: index, %seq: index, %begin: index, %end: index,
                 %a: memref<?x4096xf32, strided<[8192, 1]>>, %b: memref<?x4096xf32, strided<[8192, 1], offset: 4096>>,
                 %out: memref<?x4096xbf16>) {
  %one = arith.constant 1.0 : f32
  linalg.generic {indexing_maps = [#id2, #id2, #id2], iterator_types = ["parallel", "parallel"]}
      ins(%a, %b : memref<?x4096xf32, strided<[8192, 1]>>, memref<?x4096xf32, strided<[8192, 1], offset: 4096>>)
      outs(%out : memref<?x4096xbf16>) {
  ^bb0(%x: f32, %y: f32, %o: bf16):
    %e = math.exp %x : f32
    %d = arith.addf %e, %one : f32
    %p = arith.mulf %d, %y : f32
    %t = arith.truncf %p : f32 to bf16
    linalg.yield %t : bf16
  }
  return
}

// Rows of 2 heads of 13 columns are 4 threads: 64 rows a block. An offset of 2 elements allows 8 bytes at a time, a stride of 13 one
// element. The last 5 columns of a head go one by one.
// CHECK-LABEL: gpu.func @chain_of_heads
// CHECK: arith.divui %{{.+}}, %c4_i32
// CHECK: scf.if
// CHECK: llvm.load %{{.+}} {alignment = 8 : i64} : !llvm.ptr -> vector<2xf32>
// CHECK: llvm.store %{{.+}}, %{{.+}} {alignment = 4 : i64} : f32, !llvm.ptr
// CHECK: else
// CHECK: scf.for
// CHECK: llvm.load %{{.+}} {alignment = 4 : i64} : !llvm.ptr -> f32
func.func @chain_of_heads(%rows: index, %segments: index, %seq: index, %begin: index, %end: index,
                          %a: memref<?x2x13xf32, strided<[32, 16, 1], offset: 2>>, %out: memref<?x2x13xf32>) {
  linalg.generic {indexing_maps = [#id3, #id3], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%a : memref<?x2x13xf32, strided<[32, 16, 1], offset: 2>>) outs(%out : memref<?x2x13xf32>) {
  ^bb0(%x: f32, %o: f32):
    %y = arith.negf %x : f32
    linalg.yield %y : f32
  }
  return
}

// One warp a row: groups of 8 columns go to its lanes in turn, the last one in pieces; the sums meet in a butterfly, and the first lane
// writes. The number of a row is loaded once, the vector that rows share from its own address.
// CHECK-LABEL: gpu.func @sum
// CHECK-SAME: %[[V:[^:]+]]: !llvm.ptr {llvm.align = 64 : i64, llvm.noalias, llvm.readonly}, %{{[^:]+}}: !llvm.ptr {llvm.align = 64 : i64, llvm.noalias})
// CHECK: %[[LANE:.+]] = arith.remui %{{.+}}, %c32_i32
// CHECK: scf.for
// CHECK: llvm.getelementptr %[[V]][%{{.+}}] : (!llvm.ptr, i64) -> !llvm.ptr, bf16
// CHECK-COUNT-8: arith.addf
// CHECK: scf.yield
// CHECK: scf.if
// CHECK: arith.cmpi ult, %[[LANE]], %c1_i32
// CHECK-COUNT-5: gpu.shuffle xor
// CHECK: %[[T:.+]] = arith.addf %{{.+}}, %cst{{.*}} : f32
// CHECK: scf.if
// CHECK: llvm.store %[[T]]
func.func @sum(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x604xf32>,
               %m: memref<?x1xf32, strided<[4, 1]>>, %v: memref<604xbf16> {yoco.parameter = @v2},
               %y: memref<?x1xf32, strided<[4, 1]>>) {
  linalg.generic {indexing_maps = [#id2, #row2, #column2, #row2], iterator_types = ["parallel", "reduction"]}
      ins(%x, %m, %v : memref<?x604xf32>, memref<?x1xf32, strided<[4, 1]>>, memref<604xbf16>)
      outs(%y : memref<?x1xf32, strided<[4, 1]>>) attrs = {yoco.initial = [2.0 : f32]} {
  ^bb0(%a: f32, %b: f32, %c: bf16, %o: f32):
    %e = arith.extf %c : bf16 to f32
    %d = arith.subf %a, %b : f32
    %p = arith.mulf %d, %e : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}

// Three heads a row: 8 warps have 2 rows.
// CHECK-LABEL: gpu.func @largest_of_heads
// CHECK: arith.divui %{{.+}}, %c3_i32
// CHECK-COUNT-5: gpu.shuffle xor
func.func @largest_of_heads(%rows: index, %segments: index, %seq: index, %begin: index, %end: index,
                            %x: memref<?x3x64xf32>, %y: memref<?x3x1xf32>) {
  linalg.generic {indexing_maps = [#id3, affine_map<(d0, d1, d2) -> (d0, d1, 0)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x : memref<?x3x64xf32>) outs(%y : memref<?x3x1xf32>) attrs = {yoco.initial = [0xFF800000 : f32]} {
  ^bb0(%a: f32, %o: f32):
    %s = arith.maximumf %a, %o : f32
    linalg.yield %s : f32
  }
  return
}

}
}

// -----

// In f32 mode linears of many rows are kernels too, and few-row ones are exact. Matrices keep their type.
module attributes {yoco.target = #yoco.target<"nvptx", "sm_80", f32>} {
module @kernels attributes {yoco.kernels} {

// CHECK-LABEL: gpu.func @linear_tiled
// CHECK-DAG: %[[F16:.+]] = arith.constant 2 : i32
// CHECK: llvm.call @yoco_linear_tiled(%{{.+}}, %{{.+}}, %{{.+}}, %{{.+}}, %{{.+}}, %{{.+}}, %{{.+}}, %{{.+}}, %[[F16]],
func.func @linear_tiled(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x24xf32>,
                        %y: memref<?x40xf32>, %w: memref<40x24xf16> {yoco.parameter = @w0}) {
  yoco.fused_linear %x weights [@w0] outs %y {activation = #yoco.activation<gelu>} : (memref<?x24xf32>, memref<?x40xf32>) -> ()
  return
}

// CHECK-LABEL: gpu.func @linear_exact
// CHECK-DAG: %[[TRUE:.+]] = arith.constant true
// CHECK: llvm.call @yoco_linear_few(%{{.+}}, %{{.+}}, %{{.+}}, %{{.+}}, %{{.+}}, %{{.+}}, %{{.+}}, %{{.+}}, %{{.+}}, %{{.+}}, %{{.+}}, %[[TRUE]],
func.func @linear_exact(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x24xf32>,
                        %y: memref<?x40xf32>, %w: memref<40x24xf32> {yoco.parameter = @w0}) {
  yoco.fused_linear %x weights [@w0] outs %y {max_rows = 1 : i64} : (memref<?x24xf32>, memref<?x40xf32>) -> ()
  return
}

}
}

// -----

// Kernels for other targets are left alone.
// CHECK: module @kernels attributes {yoco.kernels}
// CHECK: yoco.fused_norm
module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
module @kernels attributes {yoco.kernels} {
func.func @norm(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x64xf32>,
                %y: memref<?x64xf32>) {
  yoco.fused_norm %x outs %y {eps = 1.0e-5 : f32} : (memref<?x64xf32>, memref<?x64xf32>) -> ()
  return
}
}
}
