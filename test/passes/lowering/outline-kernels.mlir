// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: yoco-opt %s --yoco-outline-kernels --split-input-file --verify-diagnostics | FileCheck %s

// Two layers of one shape share their kernels: what differs, the parameters, are arguments. A parameter that two
// operations use is packed once; the same weights in another order are another matrix, and so are some rows of a panel.

#id = affine_map<(i, j) -> (i, j)>
// CHECK-LABEL: module attributes
module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
  yoco.parameter @embed : tensor<100x8xbf16> from "embed"
  yoco.parameter @n : tensor<8xbf16> from "n"
  yoco.parameter @q0 : tensor<8x8xbf16> from "q0"
  yoco.parameter @k0 : tensor<8x8xbf16> from "k0"
  yoco.parameter @q1 : tensor<8x8xbf16> from "q1"
  yoco.parameter @k1 : tensor<8x8xbf16> from "k1"
  yoco.parameter @a : tensor<24x8xbf16> from "a"
  yoco.parameter @b : tensor<24x8xbf16> from "b"
  yoco.state_decl @kv : !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
    planes [#yoco.size<0>, #yoco.size<16 * seq * batch>]
  yoco.arena @persistent persistent [#yoco.size<32 * seq * batch>]
  yoco.arena @scratch scratch [#yoco.size<64 * batch + 512 * chunk>]
  // A table that rows are looked up in stays as it is; a matrix is in panels, its rows one part after the other.
  // CHECK: yoco.packed_parameter @packed.embed [@embed] row_major 0 : tensor<100x8xbf16>
  // CHECK: yoco.packed_parameter @packed.q0 [@q0, @k0] panels [[P:[0-9]+]] : tensor<16x8xbf16>
  // CHECK: yoco.packed_parameter @packed.n [@n] row_major 0 : tensor<8xbf16>
  // CHECK: yoco.packed_parameter @packed.q1 [@q1, @k1] panels [[P]] : tensor<16x8xbf16>
  // CHECK: yoco.packed_parameter @packed.a [@a] panels [[P]] : tensor<24x8xbf16>
  // CHECK: yoco.packed_parameter @packed.b [@b] panels [[P]] : tensor<24x8xbf16>
  // CHECK: yoco.packed_parameter @packed.q0_{{[0-9]+}} [@q0] panels [[P]] : tensor<8x8xbf16>
  // CHECK-NOT: yoco.packed_parameter

  // CHECK-LABEL: func.func @prefill
  func.func @prefill() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
    // CHECK: %[[IDS:.+]] = yoco.view {{.*}} role ids
    %ids = yoco.view @scratch at <64 * batch> size <64 * chunk> role ids : memref<?xi32>
    // CHECK: %[[SEG:.+]] = yoco.view {{.*}} role segments
    %seg = yoco.view @scratch at <0> size <16 * batch> role segments : !yoco.segments
    // CHECK: %[[KV:.+]] = yoco.state_ref @kv
    %kv = yoco.state_ref @kv : !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
    %x = yoco.view @scratch at <64 * batch + 64 * chunk> size <64 * chunk> : memref<?x8xf32>
    %p = yoco.view @scratch at <64 * batch + 128 * chunk> size <64 * chunk> : memref<?x16xf32>
    %f = yoco.view @scratch at <64 * batch + 192 * chunk> size <128 * chunk> : memref<?x24xf32>
    %y = yoco.view @scratch at <64 * batch + 320 * chunk> size <64 * chunk> : memref<?x8xf32>
    // CHECK: %[[EMBED:.+]] = yoco.parameter_ref @packed.embed : memref<100x8xbf16>
    // CHECK: yoco.launch @kernels::@embed_0(%[[IDS]], %[[X:.+]], %[[EMBED]])
    yoco.fused_embed %ids table @embed outs %x {scale = 1.0 : f32} : (memref<?xi32>, memref<?x8xf32>) -> ()
    // CHECK: %[[QK0:.+]] = yoco.parameter_ref @packed.q0
    // CHECK: %[[N:.+]] = yoco.parameter_ref @packed.n : memref<8xbf16>
    // CHECK: yoco.launch @kernels::@linear_0(%[[X]], %[[P0:.+]], %[[QK0]], %[[N]]) tiles {{.*}} {yoco.layer = "0"}
    yoco.fused_linear %x weights [@q0, @k0] outs %p {eps = 1.0e-5 : f32, norm_weight = @n, yoco.layer = "0"}
        : (memref<?x8xf32>, memref<?x16xf32>) -> ()
    // CHECK: %[[QK1:.+]] = yoco.parameter_ref @packed.q1
    // CHECK: yoco.launch @kernels::@linear_0(%[[X]], %[[P0]], %[[QK1]], %[[N]]) tiles {{.*}} {yoco.layer = "1"}
    yoco.fused_linear %x weights [@q1, @k1] outs %p {eps = 1.0e-5 : f32, norm_weight = @n, yoco.layer = "1"}
        : (memref<?x8xf32>, memref<?x16xf32>) -> ()
    // Each weight of a gated group is a matrix of its own.
    // CHECK: yoco.launch @kernels::@linear_1(%[[X]], %{{.+}}, %{{.+}}, %{{.+}})
    yoco.fused_linear %x weights [@a, @b] outs %f {activation = #yoco.activation<swiglu>}
        : (memref<?x8xf32>, memref<?x24xf32>) -> ()
    // CHECK: yoco.launch @kernels::@linear_2(
    yoco.fused_linear %x weights [@q0] outs %y : (memref<?x8xf32>, memref<?x8xf32>) -> ()
    // The layout of a slice is in the type of the kernel's argument.
    %c0 = arith.constant 0 : index
    %rows = memref.dim %ids, %c0 : memref<?xi32>
    %k = memref.subview %p[0, 8] [%rows, 4] [1, 1] : memref<?x16xf32> to memref<?x4xf32, strided<[16, 1], offset: 8>>
    %v = memref.subview %p[0, 12] [%rows, 4] [1, 1] : memref<?x16xf32> to memref<?x4xf32, strided<[16, 1], offset: 12>>
    // CHECK: yoco.launch @kernels::@cache_write_0(%{{.+}}, %[[IDS]], %[[SEG]], %[[KV]])
    yoco.fused_cache_write %k at %ids, %seg to %kv
        : (memref<?x4xf32, strided<[16, 1], offset: 8>>, memref<?xi32>,
           !yoco.segments, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>) -> ()
    // Constants go with an elementwise body.
    %two = arith.constant 2.0 : f32
    // CHECK: yoco.launch @kernels::@generic_0(
    linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%x : memref<?x8xf32>) outs(%y : memref<?x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %scaled = arith.mulf %in, %two : f32
      linalg.yield %scaled : f32
    }
    // CHECK: yoco.launch @kernels::@generic_0(
    linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%y : memref<?x8xf32>) outs(%x : memref<?x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %scaled = arith.mulf %in, %two : f32
      linalg.yield %scaled : f32
    }
    // The body differs: another kernel.
    // CHECK: yoco.launch @kernels::@generic_1(
    linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%x : memref<?x8xf32>) outs(%y : memref<?x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %scaled = arith.addf %in, %two : f32
      linalg.yield %scaled : f32
    }
    return
  }

  // Entry points share kernels and parameters too.
  // CHECK-LABEL: func.func @decode
  func.func @decode() attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = none>} {
    %ids = yoco.view @scratch at <64 * batch> size <64 * batch> role ids : memref<?xi32>
    %x = yoco.view @scratch at <128 * batch> size <64 * batch> : memref<?x8xf32>
    // CHECK: yoco.parameter_ref @packed.embed
    // CHECK: yoco.launch @kernels::@embed_0
    yoco.fused_embed %ids table @embed outs %x {scale = 1.0 : f32} : (memref<?xi32>, memref<?x8xf32>) -> ()
    return
  }
  // CHECK: module @kernels attributes {yoco.kernels}
  // CHECK: func.func @embed_0(%{{.+}}: index, %{{.+}}: index, %{{.+}}: index, %{{.+}}: index, %{{.+}}: index, %[[A0:.+]]: memref<?xi32>,
  // CHECK-SAME: %[[A1:.+]]: memref<?x8xf32>, %{{.+}}: memref<100x8xbf16> {yoco.parameter = @w0})
  // CHECK-NEXT: yoco.fused_embed %[[A0]] table @w0 outs %[[A1]]
  // CHECK: func.func @linear_0({{.*}} {yoco.parameter = @w0}, {{.*}}: memref<8xbf16> {yoco.parameter = @w1})
  // CHECK-NEXT: yoco.fused_linear %{{.+}} weights [@w0] outs %{{.+}} {eps = {{.*}}, norm_weight = @w1}
  // CHECK: func.func @linear_1(
  // CHECK-NEXT: yoco.fused_linear %{{.+}} weights [@w0, @w1] outs
  // CHECK: func.func @linear_2(
  // CHECK: func.func @cache_write_0({{.*}} memref<?x4xf32, strided<[16, 1], offset: 8>>
  // CHECK: func.func @generic_0(
  // CHECK: arith.constant 2.0
  // CHECK: func.func @generic_1(
  // CHECK-NOT: func.func
}

// -----

// Some of the parameters of a matrix are rows of it where they are whole panels, whichever operation comes first.

// CHECK-LABEL: module attributes
module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
  yoco.parameter @q : tensor<32x8xbf16> from "q"
  yoco.parameter @k : tensor<16x8xbf16> from "k"
  yoco.parameter @v : tensor<24x8xbf16> from "v"
  yoco.parameter @g : tensor<8x8xbf16> from "g"
  yoco.arena @scratch scratch [#yoco.size<448 * chunk>]
  // CHECK: yoco.packed_parameter @packed.q [@q, @k, @v, @g] panels 16 : tensor<80x8xbf16>
  // CHECK: yoco.packed_parameter @packed.k [@k, @q] panels 16 : tensor<48x8xbf16>
  // CHECK: yoco.packed_parameter @packed.g [@g] panels 16 : tensor<8x8xbf16>
  // CHECK-NOT: yoco.packed_parameter
  // CHECK-LABEL: func.func @f
  func.func @f() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
    %ids = yoco.view @scratch at <0> size <64 * chunk> role ids : memref<?xi32>
    %x = yoco.view @scratch at <64 * chunk> size <64 * chunk> : memref<?x8xf32>
    %y = yoco.view @scratch at <128 * chunk> size <320 * chunk> : memref<?x80xf32>
    %c0 = arith.constant 0 : index
    %rows = memref.dim %ids, %c0 : memref<?xi32>
    // CHECK: yoco.parameter_ref @packed.q rows 0 to 32 : memref<2x8x16xbf16>
    %y32 = memref.subview %y[0, 0] [%rows, 32] [1, 1] : memref<?x80xf32> to memref<?x32xf32, strided<[80, 1]>>
    yoco.fused_linear %x weights [@q] outs %y32 : (memref<?x8xf32>, memref<?x32xf32, strided<[80, 1]>>) -> ()
    // CHECK: yoco.parameter_ref @packed.q : memref<5x8x16xbf16>
    yoco.fused_linear %x weights [@q, @k, @v, @g] outs %y : (memref<?x8xf32>, memref<?x80xf32>) -> ()
    // CHECK: yoco.parameter_ref @packed.q rows 32 to 80 : memref<3x8x16xbf16>
    %y48 = memref.subview %y[0, 0] [%rows, 48] [1, 1] : memref<?x80xf32> to memref<?x48xf32, strided<[80, 1]>>
    yoco.fused_linear %x weights [@k, @v, @g] outs %y48 : (memref<?x8xf32>, memref<?x48xf32, strided<[80, 1]>>) -> ()
    // CHECK: yoco.parameter_ref @packed.k : memref<3x8x16xbf16>
    yoco.fused_linear %x weights [@k, @q] outs %y48 : (memref<?x8xf32>, memref<?x48xf32, strided<[80, 1]>>) -> ()
    // CHECK: yoco.parameter_ref @packed.g : memref<1x8x16xbf16>
    %y8 = memref.subview %y[0, 0] [%rows, 8] [1, 1] : memref<?x80xf32> to memref<?x8xf32, strided<[80, 1]>>
    yoco.fused_linear %x weights [@g] outs %y8 : (memref<?x8xf32>, memref<?x8xf32, strided<[80, 1]>>) -> ()
    return
  }
}

// -----

module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
  yoco.parameter @q : tensor<8x8xbf16> from "q"
  yoco.parameter @k : tensor<8x8xf32> from "k"
  yoco.arena @scratch scratch [#yoco.size<128 * batch>]
  func.func @f() attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = none>} {
    %x = yoco.view @scratch at <0> size <64 * batch> : memref<?x8xf32>
    %y = yoco.view @scratch at <64 * batch> size <64 * batch> : memref<?x16xf32>
    // expected-error @+1 {{expected parameters of one matrix to have one element type and row, got @k of 'tensor<8x8xf32>' after 'tensor<8x8xbf16>'}}
    yoco.fused_linear %x weights [@q, @k] outs %y : (memref<?x8xf32>, memref<?x16xf32>) -> ()
    return
  }
}

// -----

#id = affine_map<(i, j) -> (i, j)>
module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
  yoco.arena @scratch scratch [#yoco.size<64 * batch>]
  func.func @f() attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = none>} {
    %x = yoco.view @scratch at <0> size <64 * batch> : memref<?x8xf32>
    %c0 = arith.constant 0 : index
    %rows = memref.dim %x, %c0 : memref<?x8xf32>
    // expected-error @+1 {{expected its body to use constants of the entry point alone, got a value of type 'index'}}
    linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%x : memref<?x8xf32>) {
    ^bb0(%out: f32):
      %i = arith.index_cast %rows : index to i32
      %r = arith.sitofp %i : i32 to f32
      linalg.yield %r : f32
    }
    return
  }
}

// -----

// expected-error @+1 {{expected a module with `yoco.target`}}
module {
  func.func @f() attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = none>} {
    return
  }
}

// -----

// Vectors that rows share are parameters of the kernel, and layers share the kernel.
// CHECK-DAG: yoco.packed_parameter @packed.a [@a, @b] row_major 0 : tensor<8xbf16>
// CHECK-DAG: yoco.packed_parameter @packed.c [@c] row_major 0 : tensor<8xbf16>
// CHECK-LABEL: func.func @biases
// CHECK: %[[A:.+]] = yoco.parameter_ref @packed.a : memref<8xbf16>
// CHECK: yoco.launch @kernels::@generic_0(%[[X:.+]], %[[A]], %[[X]])
// CHECK: %[[C:.+]] = yoco.parameter_ref @packed.c : memref<8xbf16>
// CHECK: yoco.launch @kernels::@generic_0(%[[X]], %[[C]], %[[X]])
// CHECK-NOT: yoco.parameter_vector
// CHECK: func.func @generic_0({{.+}}: memref<?x8xf32>, %{{.+}}: memref<8xbf16> {yoco.parameter = @v1}, %{{.+}}: memref<?x8xf32>)
// CHECK-NOT: @generic_1
#id = affine_map<(d0, d1) -> (d0, d1)>
#column = affine_map<(d0, d1) -> (d1)>
module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
  yoco.parameter @a : tensor<4xbf16> from "a"
  yoco.parameter @b : tensor<4xbf16> from "b"
  yoco.parameter @c : tensor<8xbf16> from "c"
  yoco.arena @scratch scratch [#yoco.size<64 * batch>]
  func.func @biases() attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = none>} {
    %x = yoco.view @scratch at <0> size <64 * batch> : memref<?x8xf32>
    %0 = yoco.parameter_vector [@a, @b] : memref<8xbf16>
    linalg.generic {indexing_maps = [#id, #column, #id], iterator_types = ["parallel", "parallel"]}
        ins(%x, %0 : memref<?x8xf32>, memref<8xbf16>) outs(%x : memref<?x8xf32>) {
    ^bb0(%l: f32, %r: bf16, %o: f32):
      %e = arith.extf %r : bf16 to f32
      %s = arith.addf %l, %e : f32
      linalg.yield %s : f32
    }
    %1 = yoco.parameter_vector [@c] : memref<8xbf16>
    linalg.generic {indexing_maps = [#id, #column, #id], iterator_types = ["parallel", "parallel"]}
        ins(%x, %1 : memref<?x8xf32>, memref<8xbf16>) outs(%x : memref<?x8xf32>) {
    ^bb0(%l: f32, %r: bf16, %o: f32):
      %e = arith.extf %r : bf16 to f32
      %s = arith.addf %l, %e : f32
      linalg.yield %s : f32
    }
    return
  }
}

// -----

// What is in the record of a slot is, from one slot to the next, as far apart as records are: the module of kernels says so, and
// the launches have the address of slot 0. What grows needs no such number.
// CHECK-LABEL: yoco.state_decl @scan
// CHECK: yoco.launch @kernels::@retention_0({{.*}}) tiles {{.*}} : {{.*}}!yoco.state<2x4x4xf32>
// CHECK: module @kernels attributes {yoco.kernels, yoco.record_stride = 192 : i64}
module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
  yoco.state_decl @scan : !yoco.state<2x4x4xf32> planes [#yoco.in_record<64>]
  yoco.arena @persistent persistent [#yoco.size<192 * batch>] records at <0> stride 192
  yoco.arena @scratch scratch [#yoco.size<64 * batch + 640 * chunk>]
  func.func @scan_rows() attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = none>} {
    %pos = yoco.view @scratch at <64 * batch> size <64 * chunk> : memref<?xi32>
    %seg = yoco.view @scratch at <0> size <16 * batch> role segments : !yoco.segments
    %s = yoco.state_ref @scan : !yoco.state<2x4x4xf32>
    %q = yoco.view @scratch at <64 * batch + 64 * chunk> size <64 * chunk> : memref<?x8xf32>
    %gt = yoco.view @scratch at <64 * batch + 128 * chunk> size <64 * chunk> : memref<?x2xf32>
    %y = yoco.view @scratch at <64 * batch + 192 * chunk> size <64 * chunk> : memref<?x8xf32>
    yoco.fused_retention %q, %q, %q, %gt at %pos, %seg from %s outs %y {scale = 0.5 : f32, gate_divisor = 16.0 : f32, eps = 1.0e-5 : f32}
        : (memref<?x8xf32>, memref<?x8xf32>, memref<?x8xf32>, memref<?x2xf32>, memref<?xi32>, !yoco.segments, !yoco.state<2x4x4xf32>, memref<?x8xf32>) -> ()
    return
  }
}

// -----

// A launch or a product works on the rows of the set that its result is of, or, where it writes a state, its table; kernels know nothing
// of it, so that those of two sets are one.

!ring = !yoco.cache<heads = 1, width = 8, element = bf16, window = 4, layout = contiguous>
// CHECK-LABEL: func.func @extend
// CHECK: %[[T:.+]] = yoco.view @scratch at <64 * batch> size <16 * batch> row_set 1 role segments
// CHECK-NEXT: yoco.row_set 1 halo 0 bound wanted table %[[T]]
// CHECK: yoco.launch @kernels::@positions_0({{.*}}) tiles <{{[^>]*}}> : memref
// CHECK: yoco.launch @kernels::@positions_0({{.*}}) tiles <{{[^>]*}}> row_set 1 : memref
// CHECK: yoco.launch @kernels::@embed_0({{.*}}) tiles <{{[^>]*}}> costs
// CHECK: yoco.launch @kernels::@norm_0({{.*}}) tiles <{{[^>]*}}> row_set 1 : memref
// CHECK: yoco.gemm {{.*}} workspace %{{.+}} outs %{{.+}} row_set 1 costs [
// CHECK: yoco.launch @kernels::@generic_0({{.*}}) tiles <{{[^>]*}}> row_set 1
// CHECK: yoco.launch @kernels::@cache_write_0({{.*}}) tiles <{{[^>]*}}> row_set 1 costs [
#id = affine_map<(i, j) -> (i, j)>
module attributes {yoco.target = #yoco.target<"nvptx", "sm_90a", bf16>,
                   yoco.bounds = #yoco.bounds<seq = 64, batch = 1, chunk = 64, wanted = 64>} {
  yoco.parameter @e : tensor<16x8xbf16> from "e"
  yoco.parameter @w : tensor<8x8xbf16> from "w"
  yoco.state_decl @ring : !ring planes [#yoco.in_record<0>]
  yoco.arena @persistent persistent [#yoco.size<64 * batch>] records at <0> stride 64
  yoco.arena @scratch scratch [#yoco.size<128 * batch + 192 * chunk + 256 * wanted + 33554432>]
  func.func @extend() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
    %ids = yoco.view @scratch at <128 * batch> size <64 * chunk> role ids : memref<?xi32>
    %seg = yoco.view @scratch at <0> size <16 * batch> role segments : !yoco.segments
    %t = yoco.view @scratch at <64 * batch> size <16 * batch> row_set 1 role segments : !yoco.segments
    yoco.row_set 1 halo 0 bound wanted table %t states [@ring]
    %r = yoco.state_ref @ring : !ring
    %all = yoco.view @scratch at <128 * batch + 64 * chunk> size <64 * chunk> : memref<?xi32>
    yoco.fused_positions %ids at %seg outs %all : (memref<?xi32>, !yoco.segments, memref<?xi32>) -> ()
    %pos = yoco.view @scratch at <128 * batch + 192 * chunk> size <64 * wanted> row_set 1 : memref<?xi32>
    yoco.fused_positions %ids at %t outs %pos : (memref<?xi32>, !yoco.segments, memref<?xi32>) -> ()
    %x = yoco.view @scratch at <128 * batch + 128 * chunk> size <64 * chunk> : memref<?x8xf32>
    yoco.fused_embed %ids table @e outs %x {scale = 1.0 : f32} : (memref<?xi32>, memref<?x8xf32>) -> ()
    %y = yoco.view @scratch at <128 * batch + 192 * chunk + 64 * wanted> size <64 * wanted> row_set 1 : memref<?x8xf32>
    %n = yoco.view @scratch at <128 * batch + 192 * chunk + 128 * wanted> size <64 * wanted> row_set 1 : memref<?x8xbf16>
    yoco.fused_norm %y outs %n {eps = 0.0 : f32} : (memref<?x8xf32>, memref<?x8xbf16>) -> ()
    %m = yoco.view @scratch at <128 * batch + 192 * chunk + 256 * wanted> size <33554432> : memref<33554432xi8>
    yoco.fused_linear %n weights [@w] workspace %m outs %y : (memref<?x8xbf16>, memref<33554432xi8>, memref<?x8xf32>) -> ()
    %z = yoco.view @scratch at <128 * batch + 192 * chunk + 192 * wanted> size <64 * wanted> row_set 1 : memref<?x8xf32>
    linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%y : memref<?x8xf32>) outs(%z : memref<?x8xf32>) {
    ^bb0(%a: f32, %out: f32):
      %sum = arith.addf %a, %a : f32
      linalg.yield %sum : f32
    }
    yoco.fused_cache_write %z at %pos, %t to %r : (memref<?x8xf32>, memref<?xi32>, !yoco.segments, !ring) -> ()
    return
  }
}
