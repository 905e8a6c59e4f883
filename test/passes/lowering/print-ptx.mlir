// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What LLVM makes of kernels: the instructions that are meant, nothing in local memory, no calls, no other functions.
// RUN: yoco-opt %s --yoco-lower-nvptx --yoco-print-ptx -o /dev/null > %t.90a
// RUN: FileCheck %s --check-prefixes=CHECK,SM90 < %t.90a
// RUN: FileCheck %s --check-prefix=NONE < %t.90a
// RUN: yoco-opt %s --yoco-lower-nvptx --yoco-print-ptx=architecture=sm_80 -o /dev/null > %t.80
// RUN: FileCheck %s --check-prefixes=CHECK,SM80 < %t.80
// RUN: FileCheck %s --check-prefix=NONE < %t.80
// RUN: yoco-opt %s --yoco-lower-nvptx --yoco-print-ptx=report -o /dev/null | FileCheck %s --check-prefix=REPORT
// RUN: not yoco-opt %s --yoco-lower-nvptx --yoco-print-ptx=architecture=sm_70 -o /dev/null 2>&1 | FileCheck %s --check-prefix=ERROR

// NONE-NOT: .local
// NONE-NOT: .func
// NONE-NOT: call
// SM90: .target sm_90a
// SM80: .version 7.4
// SM80: .target sm_80
// REPORT: {{no ptxas|[a-z_]+: [0-9]+ registers, 0 bytes of stack, 0 bytes spilled, [0-9]+ bytes of shared memory}}
// ERROR: expected architecture sm_80 or sm_90a, got 'sm_70'

!cache = !yoco.cache<heads = 2, width = 64, element = bf16, window = 0, layout = contiguous>
#rope = #yoco.rope<half, [1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.09, 0.08, 0.07, 0.06, 0.05, 0.04, 0.03, 0.02, 0.01,
                          0.009, 0.008, 0.007, 0.006, 0.005, 0.004, 0.003, 0.002, 0.001, 0.0009, 0.0008, 0.0007, 0.0006]>
#id = affine_map<(r, c) -> (r, c)>
#row = affine_map<(r, c) -> (r, 0)>

module attributes {yoco.target = #yoco.target<"nvptx", "sm_90a", bf16>} {
module @kernels attributes {yoco.kernels} {

// Weights are on their way to shared memory before the kernel waits for earlier ones; tensor cores multiply; the block's size is
// known.
// CHECK-LABEL: .entry linear_few(
// CHECK: .maxntid {{[0-9]+}}, 1, 1
// CHECK: cp.async.cg.shared.global
// SM90: griddepcontrol.wait
// SM80-NOT: griddepcontrol
// CHECK: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
func.func @linear_few(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x256xbf16>,
                      %y: memref<?x256xf32>, %w: memref<256x256xbf16> {yoco.parameter = @w0}) {
  yoco.fused_linear %x weights [@w0] outs %y {max_rows = 4 : i64} : (memref<?x256xbf16>, memref<?x256xf32>) -> ()
  return
}

// CHECK-LABEL: .entry retention_span(
// CHECK-DAG: ldmatrix.sync.aligned.m8n8.x4
// CHECK-DAG: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// CHECK-DAG: ex2.approx.ftz.f32
// CHECK-DAG: ld.global{{.*}}.v4
func.func @retention_span(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %q: memref<?x128xf32>,
                           %k: memref<?x128xf32>, %v: memref<?x128xf32>, %g: memref<?x2xf32>, %p: memref<?xi32>, %s: !yoco.segments,
                           %t: !yoco.state<2x64x64xf32>, %out: memref<?x128xf32>) {
  yoco.fused_retention %q, %k, %v, %g at %p, %s from %t outs %out {scale = 0.25 : f32, span = 64 : i64, rope = #rope}
      : (memref<?x128xf32>, memref<?x128xf32>, memref<?x128xf32>, memref<?x2xf32>, memref<?xi32>, !yoco.segments,
         !yoco.state<2x64x64xf32>, memref<?x128xf32>) -> ()
  return
}

// The state goes through registers, 16 bytes at a time.
// CHECK-LABEL: .entry retention_step(
// CHECK-DAG: ld.global.v4
// CHECK-DAG: st.global.v4
func.func @retention_step(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %q: memref<?x128xf32>,
                          %k: memref<?x128xf32>, %v: memref<?x128xf32>, %g: memref<?x2xf32>, %p: memref<?xi32>, %s: !yoco.segments,
                          %t: !yoco.state<2x64x64xf32>, %out: memref<?x128xf32>) {
  yoco.fused_retention %q, %k, %v, %g at %p, %s from %t outs %out {scale = 0.25 : f32, eps = 1.0e-5 : f32}
      : (memref<?x128xf32>, memref<?x128xf32>, memref<?x128xf32>, memref<?x2xf32>, memref<?xi32>, !yoco.segments,
         !yoco.state<2x64x64xf32>, memref<?x128xf32>) -> ()
  return
}

// Keys and values go to shared memory while others are multiplied.
// CHECK-LABEL: .entry attention_rows(
// CHECK-DAG: cp.async.cg.shared.global
// CHECK-DAG: ldmatrix.sync.aligned.m8n8.x4
// CHECK-DAG: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// CHECK-DAG: ex2.approx.ftz.f32
func.func @attention_rows(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %q: memref<?x256xf32>,
                          %p: memref<?xi32>, %s: !yoco.segments, %c: !cache, %out: memref<?x256xbf16>) {
  yoco.fused_attention %q at %p, %s to %c, %c outs %out {heads = 4 : i64, scale = 0.125 : f32, rope = #rope}
      : (memref<?x256xf32>, memref<?xi32>, !yoco.segments, !cache, !cache, memref<?x256xbf16>) -> ()
  return
}

// CHECK-LABEL: .entry attention_split(
// CHECK-DAG: cp.async.cg.shared.global
// CHECK-DAG: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// CHECK-DAG: ex2.approx.ftz.f32
func.func @attention_split(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %q: memref<?x256xf32>,
                           %p: memref<?xi32>, %s: !yoco.segments, %c: !cache, %out: memref<?x792xf32>) {
  yoco.fused_attention %q at %p, %s to %c, %c outs %out {heads = 4 : i64, scale = 0.125 : f32, splits = 3 : i64}
      : (memref<?x256xf32>, memref<?xi32>, !yoco.segments, !cache, !cache, memref<?x792xf32>) -> ()
  return
}

// Rows are copied 16 bytes at a time, and not rounded.
// CHECK-LABEL: .entry narrow(
// CHECK: ld.global.v4
// CHECK-NOT: cvt.rn.bf16
// CHECK: st.global.v4
func.func @narrow(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x256xbf16>,
                  %s: !yoco.segments, %t: !yoco.segments, %y: memref<?x256xbf16>) {
  yoco.fused_narrow %x at %s to %t outs %y
      : (memref<?x256xbf16>, !yoco.segments, !yoco.segments, memref<?x256xbf16>) -> ()
  return
}

// Bits of integers go through no arithmetic.
// CHECK-LABEL: .entry narrow_ids(
// CHECK: ld.global{{.*}}32
// CHECK-NOT: cvt.rn
// CHECK: st.global{{.*}}32
func.func @narrow_ids(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?xi32>,
                      %s: !yoco.segments, %t: !yoco.segments, %y: memref<?xi32>) {
  yoco.fused_narrow %x at %s to %t outs %y : (memref<?xi32>, !yoco.segments, !yoco.segments, memref<?xi32>) -> ()
  return
}

// Two passes over the logits, with exponentials in the second, then the best by their bits.
// CHECK-LABEL: .entry logprobs(
// CHECK: ld.global.v4
// CHECK: ex2.approx.ftz.f32
// CHECK: shfl.sync.bfly.b32
// CHECK: bar.sync
func.func @logprobs(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x8192xf32>,
                    %ids: memref<?xi32>, %t: memref<?x1xf32, strided<[4, 1]>>,
                    %c: memref<?x45xf32, strided<[48, 1]>>, %out: memref<?x45xf32, strided<[48, 1]>>) {
  yoco.fused_logprobs %x, %ids target_logits %t after %c outs %out {best = 20 : i64, partial}
      : (memref<?x8192xf32>, memref<?xi32>, memref<?x1xf32, strided<[4, 1]>>, memref<?x45xf32, strided<[48, 1]>>,
         memref<?x45xf32, strided<[48, 1]>>) -> ()
  return
}

// CHECK-LABEL: .entry target_logits(
// CHECK: ld.global.v4
// CHECK: fma.rn
// CHECK: shfl.sync.bfly.b32
func.func @target_logits(%rows: index, %segments: index, %seq: index, %begin: index, %end: index,
                         %x: memref<?x256xbf16>, %ids: memref<?xi32>, %out: memref<?x1xf32, strided<[4, 1]>>,
                         %w: memref<10000x256xbf16> {yoco.parameter = @w0}) {
  yoco.fused_target_logits %x, %ids weight @w0 outs %out
      : (memref<?x256xbf16>, memref<?xi32>, memref<?x1xf32, strided<[4, 1]>>) -> ()
  return
}

// CHECK-LABEL: .entry norm(
// CHECK-DAG: rsqrt.approx.ftz.f32
// CHECK-DAG: ld.global.v4
func.func @norm(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x256xf32>,
                %y: memref<?x256xbf16>) {
  yoco.fused_norm %x outs %y {eps = 1.0e-5 : f32} : (memref<?x256xf32>, memref<?x256xbf16>) -> ()
  return
}

// Generated: slices read, and rows written, 16 bytes at a time; e^x by 2^x, a division by 1/x, two results rounded at once.
// CHECK-LABEL: .entry swiglu(
// SM90: griddepcontrol.wait
// CHECK-COUNT-4: ld.global.v4
// CHECK-DAG: ex2.approx.ftz.f32
// CHECK-DAG: rcp.approx.ftz.f32
// CHECK-COUNT-4: cvt.rn.bf16x2.f32
// CHECK: st.global.v4
// CHECK-NOT: div
func.func @swiglu(%rows: index, %segments: index, %seq: index, %begin: index, %end: index,
                  %a: memref<?x8192xf32, strided<[16384, 1]>>, %b: memref<?x8192xf32, strided<[16384, 1], offset: 8192>>,
                  %out: memref<?x8192xbf16>) {
  %one = arith.constant 1.0 : f32
  linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a, %b : memref<?x8192xf32, strided<[16384, 1]>>, memref<?x8192xf32, strided<[16384, 1], offset: 8192>>)
      outs(%out : memref<?x8192xbf16>) {
  ^bb0(%x: f32, %y: f32, %o: bf16):
    %n = arith.negf %x : f32
    %e = math.exp %n : f32
    %s = arith.addf %one, %e : f32
    %d = arith.divf %x, %s : f32
    %p = arith.mulf %d, %y : f32
    %t = arith.truncf %p : f32 to bf16
    linalg.yield %t : bf16
  }
  return
}

// A sum along a row is that of a warp: 16 bytes a load, a butterfly, and one store by the first lane.
// CHECK-LABEL: .entry sum(
// CHECK: ld.global.v4
// CHECK-COUNT-5: shfl.sync.bfly.b32
// CHECK: st.global.b32
func.func @sum(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %a: memref<?x3072xf32>,
               %m: memref<?x1xf32, strided<[4, 1]>>, %out: memref<?x1xf32, strided<[4, 1]>>) {
  linalg.generic {indexing_maps = [#id, #row, #row], iterator_types = ["parallel", "reduction"]}
      ins(%a, %m : memref<?x3072xf32>, memref<?x1xf32, strided<[4, 1]>>) outs(%out : memref<?x1xf32, strided<[4, 1]>>)
      attrs = {yoco.initial = [0.0 : f32]} {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %d = arith.subf %x, %y : f32
    %p = arith.mulf %d, %d : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}

// Rows of bf16 are widened; when results are bf16 too, the hardware's tanh does.
// CHECK-LABEL: .entry functions(
// CHECK: ld.global.v4
// CHECK-DAG: tanh.approx.f32
// CHECK-DAG: lg2.approx.ftz.f32
// CHECK-DAG: rsqrt.approx.ftz.f32
func.func @functions(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %a: memref<?x1024xbf16>,
                     %out: memref<?x1024xbf16>) {
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a : memref<?x1024xbf16>) outs(%out : memref<?x1024xbf16>) {
  ^bb0(%x: bf16, %o: bf16):
    %f = arith.extf %x : bf16 to f32
    %0 = math.tanh %f : f32
    %1 = math.log1p %0 : f32
    %2 = math.absf %1 : f32
    %3 = math.rsqrt %2 : f32
    %4 = math.sqrt %3 : f32
    %5 = math.log %4 : f32
    %6 = math.exp2 %5 : f32
    %7 = math.fma %6, %f, %5 : f32
    %8 = math.floor %7 : f32
    %9 = math.copysign %8, %f : f32
    %10 = arith.minimumf %9, %f : f32
    %11 = arith.truncf %10 : f32 to bf16
    %12 = math.exp %11 : bf16
    linalg.yield %12 : bf16
  }
  return
}

}
}
