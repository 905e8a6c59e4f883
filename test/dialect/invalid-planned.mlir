// One negative for each thing that operations of phases `planned` and `program` are refused for.
//
// RUN: yoco-opt %s -split-input-file -verify-diagnostics

// expected-error @+1 {{expected at least one size, got none}}
yoco.arena @a scratch []

// -----

// expected-error @+1 {{expected records with a place and a stride, got one without the other}}
"yoco.arena"() <{kind = #yoco<arena_kind persistent>, records = #yoco.size<0>, sizes = [#yoco.size<0>], sym_name = "persistent"}> : () -> ()

// -----

// expected-error @+1 {{expected records in an arena of kind persistent, got scratch}}
yoco.arena @scratch scratch [#yoco.size<64 * batch>] records at <0> stride 64

// -----

// expected-error @+1 {{expected a stride that is a positive multiple of 64, got 100}}
yoco.arena @persistent persistent [#yoco.size<128 * batch>] records at <0> stride 100

// -----

// expected-error @+1 {{expected `yoco.record_stride` to be a 64-bit integer that is a positive multiple of 64, got 100 : i64}}
module attributes {yoco.record_stride = 100 : i64} {}

// -----

// expected-error @+2 {{failed to parse Yoco_ArenaKindAttr parameter 'value'}}
// expected-error @+1 {{expected ::mlir::yoco::ArenaKind to be one of: persistent, scratch}}
yoco.arena @a temporary [#yoco.size<0>]

// -----

func.func @f() {
  // expected-error @+1 {{result #0 must be a buffer of rows, a workspace or a segment table, but got 'memref<4x8xf32>'}}
  %0 = yoco.alloc <64> : memref<4x8xf32>
  return
}

// -----

func.func @f() {
  // expected-error @+1 {{expected @a to name a `yoco.arena`}}
  %0 = yoco.view @a at <0> size <64> : memref<?x8xf32>
  return
}

// -----

func.func @f() {
  // expected-error @+1 {{expected @s to name a `yoco.state_decl`}}
  %0 = yoco.state_ref @s : !yoco.state<4xf32>
  return
}

// -----

yoco.state_decl @s : !yoco.state<4xf32>
func.func @f() {
  // expected-error @+1 {{expected the declared type '!yoco.state<4xf32>', got '!yoco.state<3xf32>'}}
  %0 = yoco.state_ref @s : !yoco.state<3xf32>
  return
}

// -----

// expected-error @+1 {{expected at least one part, got none}}
yoco.packed_parameter @p [] row_major 0 : tensor<4x8xf32>

// -----

// expected-error @+1 {{expected a panel of at least 1 row, got 0}}
yoco.packed_parameter @p [@q] panels 0 : tensor<4x8xf32>

// -----

// expected-error @+1 {{expected a panel of at least 1 row, got -1}}
yoco.packed_parameter @p [@q] panels -1 : tensor<4x8xf32>

// -----

// expected-error @+1 {{expected a panel of 0 with layout row_major, got 4}}
yoco.packed_parameter @p [@q] row_major 4 : tensor<4x8xf32>

// -----

// expected-error @+1 {{expected the type of a vector or matrix of static shape, a matrix with panels, got 'tensor<8xf32>'}}
yoco.packed_parameter @p [@q] panels 4 : tensor<8xf32>

// -----

// expected-error @+1 {{expected the type of a vector or matrix of static shape, a matrix with panels, got 'tensor<f32>'}}
yoco.packed_parameter @p [@q] row_major 0 : tensor<f32>

// -----

// expected-error @+1 {{expected @q to name a `yoco.parameter`}}
yoco.packed_parameter @p [@q] panels 4 : tensor<4x8xf32>

// -----

yoco.parameter @q : tensor<4x6xf32> from "q"
// expected-error @+1 {{expected parts with rows like those of 'tensor<4x8xf32>', got 'tensor<4x6xf32>'}}
yoco.packed_parameter @p [@q] panels 4 : tensor<4x8xf32>

// -----

yoco.parameter @q : tensor<4x8xf32> from "q"
// expected-error @+1 {{expected as many rows as the parts have, 8, got 4}}
yoco.packed_parameter @p [@q, @q] panels 4 : tensor<4x8xf32>

// -----

func.func @f() {
  // expected-error @+1 {{expected @p to name a `yoco.packed_parameter`}}
  %0 = yoco.parameter_ref @p : memref<1x8x4xf32>
  return
}

// -----

yoco.parameter @q : tensor<6x8xf32> from "q"
yoco.packed_parameter @p [@q] panels 4 : tensor<6x8xf32>
func.func @f() {
  // expected-error @+1 {{expected type 'memref<2x8x4xf32>', got 'memref<6x8xf32>'}}
  %0 = yoco.parameter_ref @p : memref<6x8xf32>
  return
}

// -----

func.func @f() {
  // expected-error @+1 {{expected @k::@k to name a kernel function}}
  yoco.launch @k::@k() tiles <rows, divisor = 1, multiplier = 1>
  return
}

// -----

module @k {
  func.func @k(%rows: index, %segments: index, %seq: index, %begin: index) {
    return
  }
}
func.func @f() {
  // expected-error @+1 {{expected arguments that fit the kernel, '(index, index, index, index) -> ()', got}}
  yoco.launch @k::@k() tiles <rows, divisor = 1, multiplier = 1>
  return
}

// -----

func.func @f(%x: memref<?x8xbf16>, %w: memref<4x7xbf16>, %y: memref<?x4xf32>) {
  // expected-error @+1 {{expected a weight of 4 rows and 8 columns, got 'memref<4x7xbf16>'}}
  yoco.gemm %x, %w outs %y : (memref<?x8xbf16>, memref<4x7xbf16>, memref<?x4xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<?x8xbf16>, %w: memref<4x8xf32>, %y: memref<?x4xf32>) {
  // expected-error @+1 {{expected input and weight of one element type, got 'memref<?x8xbf16>' and 'memref<4x8xf32>'}}
  yoco.gemm %x, %w outs %y : (memref<?x8xbf16>, memref<4x8xf32>, memref<?x4xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<?x8xbf16>, %w: memref<4x8xbf16>, %r: memref<?x4xbf16>, %y: memref<?x4xf32>) {
  // expected-error @+1 {{expected a residual like the result, 'memref<?x4xf32>', got 'memref<?x4xbf16>'}}
  yoco.gemm %x, %w residual %r outs %y : (memref<?x8xbf16>, memref<4x8xbf16>, memref<?x4xbf16>, memref<?x4xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<?x8xbf16, strided<[16, 2]>>, %w: memref<4x8xbf16>, %y: memref<?x4xf32>) {
  // expected-error @+1 {{expected rows of consecutive elements at a fixed distance, got 'memref<?x8xbf16, strided<[16, 2]>>'}}
  yoco.gemm %x, %w outs %y : (memref<?x8xbf16, strided<[16, 2]>>, memref<4x8xbf16>, memref<?x4xf32>) -> ()
  return
}

// -----

yoco.parameter @a : tensor<4x8xf32> from "a"
// expected-error @+1 {{expected a stride with layout row_major, of at least the columns of 'tensor<4x8xf32>', got 7}}
yoco.packed_parameter @p [@a] row_major 0 stride 7 : tensor<4x8xf32>

// -----

yoco.parameter @a : tensor<4x8xf32> from "a"
// expected-error @+1 {{expected a stride with layout row_major, of at least the columns of 'tensor<4x8xf32>', got 8}}
yoco.packed_parameter @p [@a] panels 16 stride 8 : tensor<4x8xf32>

// -----

func.func @f(%t: !yoco.segments) {
  // expected-error @+1 {{expected @ring to name a `yoco.state_decl`}}
  yoco.row_set 1 halo 3 bound chunk table %t states [@ring]
  return
}

// -----

func.func @f(%t: !yoco.segments) {
  // expected-error @+1 {{'number' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
  yoco.row_set 0 halo 3 bound chunk table %t
  return
}

// -----

yoco.parameter @q : tensor<6x8xf32> from "q"
yoco.packed_parameter @p [@q] panels 4 : tensor<6x8xf32>
func.func @f() {
  // expected-error @+1 {{expected some of 6 rows in whole panels of 4, got 2 to 6}}
  %0 = yoco.parameter_ref @p rows 2 to 6 : memref<1x8x4xf32>
  return
}

// -----

yoco.parameter @q : tensor<6x8xf32> from "q"
yoco.packed_parameter @p [@q] row_major 0 : tensor<6x8xf32>
func.func @f() {
  // expected-error @+1 {{expected a first row at a multiple of 64 bytes, got one at 32}}
  %0 = yoco.parameter_ref @p rows 1 to 2 : memref<1x8xf32>
  return
}

// -----

yoco.parameter @q : tensor<6xf32> from "q"
yoco.packed_parameter @p [@q] row_major 0 : tensor<6xf32>
func.func @f() {
  // expected-error @+1 {{expected rows of a matrix without an encoding, got @p}}
  %0 = yoco.parameter_ref @p rows 0 to 2 : memref<2xf32>
  return
}

// -----

yoco.parameter @q : tensor<6x8xf32> from "q"
yoco.packed_parameter @p [@q] panels 4 : tensor<6x8xf32>
func.func @f() {
  // expected-error @+1 {{expected type 'memref<1x8x4xf32>', got 'memref<2x8x4xf32>'}}
  %0 = yoco.parameter_ref @p rows 4 to 6 : memref<2x8x4xf32>
  return
}
