// Operations of phases `planned` and `program` print as they parse: pretty, generic and as bytecode.
//
// RUN: yoco-opt %s --verify-roundtrip | FileCheck %s
// RUN: yoco-opt %s --mlir-print-op-generic | yoco-opt | FileCheck %s
// RUN: yoco-opt %s --emit-bytecode | yoco-opt | FileCheck %s

!kv = !yoco.cache<heads = 2, width = 4, element = f32, window = 0, layout = contiguous>
!ring = !yoco.cache<heads = 2, width = 6, element = f32, window = 3, layout = contiguous>

// CHECK: yoco.arena @persistent persistent [#yoco.size<1024 * seq * batch + 320 * batch>] records at <1024 * seq * batch> stride 320
yoco.arena @persistent persistent [#yoco.size<1024 * seq * batch + 320 * batch>] records at <1024 * seq * batch> stride 320
// CHECK: yoco.arena @scratch scratch [#yoco.size<64 * batch + 4096 * chunk>, #yoco.size<8192 * wanted>, #yoco.size<0>]
yoco.arena @scratch scratch [#yoco.size<64 * batch + 4096 * chunk>, #yoco.size<8192 * wanted>, #yoco.size<0>]
yoco.state_decl @kv : !kv planes [#yoco.size<64 * seq * batch>]
yoco.state_decl @ring : !ring
yoco.state_decl @s : !yoco.state<2x4x6xf32>
yoco.parameter @q : tensor<10x8xbf16> from "q"
yoco.parameter @k : tensor<6x8xbf16> from "k"
yoco.parameter @n : tensor<8xbf16> from "n"
// CHECK: yoco.packed_parameter @qk [@q, @k] panels 3 : tensor<16x8xbf16>
yoco.packed_parameter @qk [@q, @k] panels 3 : tensor<16x8xbf16>
// CHECK: yoco.packed_parameter @n_0 [@n] row_major 0 : tensor<8xbf16>
yoco.packed_parameter @n_0 [@n] row_major 0 : tensor<8xbf16>

module @kernels attributes {yoco.kernels} {
  // Inside, parameters are arguments, and their names are not symbols.
  // CHECK: func.func @linear_0({{.*}} {yoco.parameter = @w0})
  func.func @linear_0(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x8xf32>,
                      %y: memref<?x16xf32>, %w: memref<6x8x3xbf16> {yoco.parameter = @w0}) {
    yoco.fused_linear %x weights [@w0] outs %y : (memref<?x8xf32>, memref<?x16xf32>) -> ()
    return
  }
  func.func @handles(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %t: !yoco.segments, %c: !kv,
                     %r: !ring, %s: !yoco.state<2x4x6xf32>) {
    return
  }
  func.func @lowered(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %t: memref<?x4xi32>,
                     %c: memref<?x?x2x4xf32>, %r: memref<?x3x2x6xf32>, %s: memref<?x2x4x6xf32>) {
    return
  }
  func.func @nothing(%rows: index, %segments: index, %seq: index, %begin: index, %end: index) {
    return
  }
}

// From slot to slot it is as far as the module says, for what does not grow.
module @records attributes {yoco.kernels, yoco.record_stride = 320 : i64} {
  func.func @lowered(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %t: memref<?x4xi32>,
                     %c: memref<?x?x2x4xf32>, %r: memref<?x3x2x6xf32, strided<[80, 12, 6, 1]>>,
                     %s: memref<?x2x4x6xf32, strided<[80, 24, 6, 1]>>) {
    return
  }
}

// CHECK-LABEL: func.func @decode
func.func @decode() attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all>} {
  // CHECK: %[[X:.+]] = yoco.alloc <1024 * chunk> : memref<?x8xf32>
  %x = yoco.alloc <1024 * chunk> : memref<?x8xf32>
  // CHECK: yoco.alloc <64 * batch> role ids : memref<?xi32>
  %ids = yoco.alloc <64 * batch> role ids : memref<?xi32>
  // CHECK: %[[T:.+]] = yoco.alloc <16 * batch> role segments : !yoco.segments
  %t = yoco.alloc <16 * batch> role segments : !yoco.segments
  // CHECK: %[[Y:.+]] = yoco.view @scratch at <4096 * chunk> size <1024 * chunk> role logits : memref<?x16xf32>
  %y = yoco.view @scratch at <4096 * chunk> size <1024 * chunk> role logits : memref<?x16xf32>
  // CHECK: yoco.view @scratch at <0> size <64> : memref<?x8xf32>
  %z = yoco.view @scratch at <0> size <64> : memref<?x8xf32>
  // CHECK: %[[C:.+]] = yoco.state_ref @kv : !yoco.cache<
  %c = yoco.state_ref @kv : !kv
  %r = yoco.state_ref @ring : !ring
  // CHECK: yoco.state_ref @s : !yoco.state<2x4x6xf32>
  %s = yoco.state_ref @s : !yoco.state<2x4x6xf32>
  // Sixteen rows are six panels of three.
  // CHECK: %[[W:.+]] = yoco.parameter_ref @qk : memref<6x8x3xbf16>
  %w = yoco.parameter_ref @qk : memref<6x8x3xbf16>
  // CHECK: yoco.parameter_ref @qk rows 0 to 12 : memref<4x8x3xbf16>
  %first = yoco.parameter_ref @qk rows 0 to 12 : memref<4x8x3xbf16>
  // CHECK: yoco.parameter_ref @qk rows 12 to 16 : memref<2x8x3xbf16>
  %last = yoco.parameter_ref @qk rows 12 to 16 : memref<2x8x3xbf16>
  // CHECK: yoco.parameter_ref @n_0 : memref<8xbf16>
  %n = yoco.parameter_ref @n_0 : memref<8xbf16>
  // CHECK: yoco.launch @kernels::@linear_0(%[[X]], %[[Y]], %[[W]]) tiles <rows, divisor = 4, multiplier = 8> : memref<?x8xf32>, memref<?x16xf32>, memref<6x8x3xbf16>
  yoco.launch @kernels::@linear_0(%x, %y, %w) tiles <rows, divisor = 4, multiplier = 8>
      : memref<?x8xf32>, memref<?x16xf32>, memref<6x8x3xbf16>
  // Handles reach a kernel as they are, and as buffers once it is lowered.
  // CHECK: yoco.launch @kernels::@handles(%[[T]], %[[C]], {{.*}}) tiles <segments, divisor = 1, multiplier = 1>
  yoco.launch @kernels::@handles(%t, %c, %r, %s) tiles <segments, divisor = 1, multiplier = 1>
      : !yoco.segments, !kv, !ring, !yoco.state<2x4x6xf32>
  // CHECK: yoco.launch @kernels::@lowered(%[[T]], %[[C]], {{.*}}) tiles <segments
  yoco.launch @records::@lowered(%t, %c, %r, %s) tiles <segments, divisor = 1, multiplier = 2>
      : !yoco.segments, !kv, !ring, !yoco.state<2x4x6xf32>
  yoco.launch @kernels::@lowered(%t, %c, %r, %s) tiles <segments, divisor = 1, multiplier = 1>
      : !yoco.segments, !kv, !ring, !yoco.state<2x4x6xf32>
  // CHECK: yoco.launch @kernels::@nothing() tiles <constant, divisor = 1, multiplier = 1>
  yoco.launch @kernels::@nothing() tiles <constant, divisor = 1, multiplier = 1>
  // CHECK: yoco.copy %[[X]] to %{{.*}} : memref<?x8xf32>
  yoco.copy %x to %z : memref<?x8xf32>
  return
}

yoco.parameter @odd : tensor<12x7xf32> from "odd"
// CHECK: yoco.packed_parameter @padded [@odd] row_major 0 stride 8 : tensor<12x7xbf16>
yoco.packed_parameter @padded [@odd] row_major 0 stride 8 : tensor<12x7xbf16>

// CHECK-LABEL: func.func @gemm
func.func @gemm() {
  %x = yoco.alloc <64 * chunk> : memref<?x7xbf16, strided<[8, 1]>>
  %y = yoco.alloc <64 * chunk> : memref<?x12xf32>
  %z = yoco.alloc <64 * chunk> : memref<?x12xf32>
  // CHECK: %[[M:.+]] = yoco.alloc <1024> : memref<1024xi8>
  %m = yoco.alloc <1024> : memref<1024xi8>
  // CHECK: %[[W:.+]] = yoco.parameter_ref @padded : memref<12x7xbf16, strided<[8, 1]>>
  %w = yoco.parameter_ref @padded : memref<12x7xbf16, strided<[8, 1]>>
  // CHECK: yoco.gemm %[[X:.+]], %[[W]] outs %[[Y:.+]] : (memref<?x7xbf16, strided<[8, 1]>>, memref<12x7xbf16, strided<[8, 1]>>, memref<?x12xf32>) -> ()
  yoco.gemm %x, %w outs %y : (memref<?x7xbf16, strided<[8, 1]>>, memref<12x7xbf16, strided<[8, 1]>>, memref<?x12xf32>) -> ()
  // CHECK: yoco.gemm %[[X]], %[[W]] residual %[[Y]] workspace %[[M]] outs %{{.+}} : (memref<?x7xbf16, strided<[8, 1]>>, memref<12x7xbf16, strided<[8, 1]>>, memref<?x12xf32>, memref<1024xi8>, memref<?x12xf32>) -> ()
  yoco.gemm %x, %w residual %y workspace %m outs %z
      : (memref<?x7xbf16, strided<[8, 1]>>, memref<12x7xbf16, strided<[8, 1]>>, memref<?x12xf32>, memref<1024xi8>, memref<?x12xf32>) -> ()
  return
}

// Sets of rows. Set 0 goes without saying.
// CHECK-LABEL: func.func @sets
func.func @sets() {
  // CHECK: %[[T:.+]] = yoco.view @scratch at <0> size <16 * batch> row_set 1 role segments : !yoco.segments
  %t = yoco.view @scratch at <0> size <16 * batch> row_set 1 role segments : !yoco.segments
  // CHECK: yoco.row_set 1 halo 3 bound chunk table %[[T]] states [@ring]
  yoco.row_set 1 halo 3 bound chunk table %t states [@ring]
  // CHECK: yoco.row_set 2 halo 0 bound wanted table %[[T]]{{$}}
  yoco.row_set 2 halo 0 bound wanted table %t
  // CHECK: yoco.row_set 3 halo 0 bound wanted each_row table %[[T]]{{$}}
  yoco.row_set 3 halo 0 bound wanted each_row table %t
  // CHECK: %[[X:.+]] = yoco.alloc <64 * chunk> row_set 1 : memref<?x8xf32>
  %x = yoco.alloc <64 * chunk> row_set 1 : memref<?x8xf32>
  // CHECK: yoco.alloc <64 * chunk> : memref<?x8xf32>
  %all = yoco.alloc <64 * chunk> row_set 0 : memref<?x8xf32>
  // CHECK: yoco.launch @kernels::@nothing() tiles <rows, divisor = 1, multiplier = 1> row_set 1
  yoco.launch @kernels::@nothing() tiles <rows, divisor = 1, multiplier = 1> row_set 1
  // CHECK: yoco.copy %[[X]] to %[[X]] row_set 1 : memref<?x8xf32>
  yoco.copy %x to %x row_set 1 : memref<?x8xf32>
  %in = yoco.alloc <64 * chunk> row_set 1 : memref<?x7xbf16, strided<[8, 1]>>
  %out = yoco.alloc <64 * chunk> row_set 1 : memref<?x12xf32>
  %w = yoco.parameter_ref @padded : memref<12x7xbf16, strided<[8, 1]>>
  // CHECK: yoco.gemm %{{.+}}, %{{.+}} outs %{{.+}} row_set 1 : (
  yoco.gemm %in, %w outs %out row_set 1 : (memref<?x7xbf16, strided<[8, 1]>>, memref<12x7xbf16, strided<[8, 1]>>, memref<?x12xf32>) -> ()
  return
}
