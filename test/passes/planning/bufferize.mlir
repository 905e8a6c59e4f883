// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: yoco-opt %s --yoco-bufferize --split-input-file --verify-diagnostics | FileCheck %s

// Every kind of operation that an entry point may have: kernels write buffers of their own, slices and reshapes are views,
// the cache and the state are written in place.

// CHECK-DAG: yoco.phase = #yoco.phase<planned>
!kv = !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
!s = !yoco.state<2x4x4xf32>
#id = affine_map<(i, j) -> (i, j)>
module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>, yoco.phase = #yoco.phase<fused>} {
  yoco.parameter @embed : tensor<16x8xbf16> from "embed"
  yoco.parameter @w : tensor<26x8xbf16> from "w"
  yoco.state_decl @kv : !kv
  yoco.state_decl @s0 : !s
  yoco.state_decl @unused : !s

  // CHECK-LABEL: func.func @prefill() attributes {yoco.entry
  func.func @prefill(%ids: tensor<?xi32>, %segments: !yoco.segments, %c: !kv {yoco.state = @kv}, %t: !s {yoco.state = @s0},
                     %u: !s {yoco.state = @unused}) -> (!kv, !s, !s)
      attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
    // 4 bytes a row become 64, so that offsets are multiples of 64 for any number of rows.
    // CHECK-DAG: %[[IDS:.+]] = yoco.alloc <64 * chunk> role ids : memref<?xi32>
    // CHECK-DAG: %[[ROWS:.+]] = memref.dim %[[IDS]]
    // The table has 16 bytes for each segment, whatever limits the rows.
    // CHECK-DAG: %[[SEG:.+]] = yoco.alloc <16 * batch> role segments : !yoco.segments
    // CHECK-DAG: %[[KV:.+]] = yoco.state_ref @kv
    // CHECK-DAG: %[[S0:.+]] = yoco.state_ref @s0
    // CHECK-NOT: @unused
    %c0 = arith.constant 0 : index
    %rows = tensor.dim %ids, %c0 : tensor<?xi32>
    // CHECK: %[[POS:.+]] = yoco.alloc <64 * chunk> : memref<?xi32>
    // CHECK-NEXT: yoco.fused_positions %[[IDS]] at %[[SEG]] outs %[[POS]]
    %pos = yoco.fused_positions %ids at %segments : (tensor<?xi32>, !yoco.segments) -> tensor<?xi32>
    // 8 * 4 = 32 bytes a row: 64.
    // CHECK: %[[X:.+]] = yoco.alloc <64 * chunk> : memref<?x8xf32>
    // CHECK-NEXT: yoco.fused_embed %[[IDS]] table @embed outs %[[X]] {scale = 1.000000e+00 : f32, yoco.layer = "embed"}
    %x = yoco.fused_embed %ids table @embed {scale = 1.0 : f32, yoco.layer = "embed"} : (tensor<?xi32>) -> tensor<?x8xf32>
    // 26 * 4 = 104 bytes a row: 128.
    // CHECK: %[[P:.+]] = yoco.alloc <128 * chunk> : memref<?x26xf32>
    %p = yoco.fused_linear %x weights [@w] : (tensor<?x8xf32>) -> tensor<?x26xf32>
    // CHECK: %[[Q:.+]] = memref.subview %[[P]][0, 0] [%[[ROWS]], 8] [1, 1] : {{.*}} to memref<?x8xf32, strided<[26, 1]>>
    // CHECK: %[[K:.+]] = memref.subview %[[P]][0, 8] [%[[ROWS]], 8] [1, 1] : {{.*}} to memref<?x8xf32, strided<[26, 1], offset: 8>>
    %q = tensor.extract_slice %p[0, 0] [%rows, 8] [1, 1] : tensor<?x26xf32> to tensor<?x8xf32>
    %k = tensor.extract_slice %p[0, 8] [%rows, 8] [1, 1] : tensor<?x26xf32> to tensor<?x8xf32>
    %v = tensor.extract_slice %p[0, 16] [%rows, 8] [1, 1] : tensor<?x26xf32> to tensor<?x8xf32>
    %g = tensor.extract_slice %p[0, 24] [%rows, 2] [1, 1] : tensor<?x26xf32> to tensor<?x2xf32>
    // CHECK: %[[O:.+]] = yoco.alloc
    // CHECK-NEXT: yoco.fused_retention %[[Q]], %[[K]], {{.*}} from %[[S0]] outs %[[O]]
    %o, %t1 = yoco.fused_retention %q, %k, %v, %g at %pos, %segments from %t {scale = 0.5 : f32}
        : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x2xf32>, tensor<?xi32>, !yoco.segments, !s)
        -> (tensor<?x8xf32>, !s)
    // An elementwise chain that no kernel took in. Its init is nobody's buffer.
    // CHECK: %[[Y:.+]] = yoco.alloc <64 * chunk> : memref<?x8xf32>
    // CHECK-NEXT: linalg.generic {{.*}} ins(%[[O]], %[[X]] : {{.*}}) outs(%[[Y]] : memref<?x8xf32>)
    %e = tensor.empty(%rows) : tensor<?x8xf32>
    %y = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%o, %x : tensor<?x8xf32>, tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) {
    ^bb0(%a: f32, %b: f32, %d: f32):
      %sum = arith.addf %a, %b : f32
      linalg.yield %sum : f32
    } -> tensor<?x8xf32>
    // CHECK: %[[HEADS:.+]] = memref.expand_shape %[[Y]] {{\[\[}}0], [1, 2]] output_shape [%[[ROWS]], 2, 4]
    // CHECK: %[[FLAT:.+]] = memref.collapse_shape %[[HEADS]] {{\[\[}}0], [1, 2]]
    %h = tensor.expand_shape %y [[0], [1, 2]] output_shape [%rows, 2, 4] : tensor<?x8xf32> into tensor<?x2x4xf32>
    %f = tensor.collapse_shape %h [[0], [1, 2]] : tensor<?x2x4xf32> into tensor<?x8xf32>
    // CHECK: memref.subview %[[FLAT]]
    %kk = tensor.extract_slice %f[0, 0] [%rows, 4] [1, 1] : tensor<?x8xf32> to tensor<?x4xf32>
    %vv = tensor.extract_slice %f[0, 4] [%rows, 4] [1, 1] : tensor<?x8xf32> to tensor<?x4xf32>
    // CHECK: yoco.fused_cache_write {{.*}} to %[[KV]]
    %c1 = yoco.fused_cache_write %kk at %pos, %segments to %c
        : (tensor<?x4xf32>, tensor<?xi32>, !yoco.segments, !kv) -> !kv
    // CHECK-NOT: yoco.copy
    // CHECK: return{{$}}
    return %c1, %t1, %u : !kv, !s, !s
  }

  // The returned rows are the buffer that their kernel writes.
  // CHECK-LABEL: func.func @decode()
  func.func @decode(%ids: tensor<?xi32>, %segments: !yoco.segments) -> tensor<?x8xf32>
      attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all>} {
    // CHECK: yoco.alloc <64 * batch> role logits : memref<?x8xf32>
    // CHECK-NEXT: yoco.fused_embed
    // CHECK-NEXT: return
    %x = yoco.fused_embed %ids table @embed {scale = 1.0 : f32} : (tensor<?xi32>) -> tensor<?x8xf32>
    return %x : tensor<?x8xf32>
  }

  // What the entry point returns is an argument of its own: the one copy.
  // CHECK-LABEL: func.func @echo()
  func.func @echo(%ids: tensor<?xi32>, %segments: !yoco.segments) -> tensor<?xi32>
      attributes {yoco.entry = #yoco.entry<rows = ragged, bound = wanted, sampled = all>} {
    // CHECK: %[[IDS:.+]] = yoco.alloc <64 * wanted> role ids : memref<?xi32>
    // CHECK: %[[OUT:.+]] = yoco.alloc <64 * wanted> role sampled : memref<?xi32>
    // CHECK-NEXT: yoco.copy %[[IDS]] to %[[OUT]]
    return %ids : tensor<?xi32>
  }
}

// -----

// All that cannot be bufferized is reported, and what uses it is not blamed.

#id = affine_map<(i, j) -> (i, j)>
module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
yoco.parameter @embed : tensor<16x8xbf16> from "embed"
func.func @f(%ids: tensor<?xi32>, %segments: !yoco.segments) -> tensor<?x8xf32>
    attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = all>} {
  %x = yoco.fused_embed %ids table @embed {scale = 1.0 : f32} : (tensor<?xi32>) -> tensor<?x8xf32>
  // expected-error @+1 {{'yoco.silu' op cannot be bufferized: expected a fused operation, a `linalg.generic` on rows, a slice of columns or a reshape}}
  %y = yoco.silu %x : tensor<?x8xf32>
  // expected-error @+1 {{'arith.addf' op cannot be bufferized}}
  %z = arith.addf %x, %y : tensor<?x8xf32>
  %c0 = arith.constant 0 : index
  %rows = tensor.dim %ids, %c0 : tensor<?xi32>
  %c3 = arith.constant 3 : index
  // expected-error @+1 {{'tensor.extract_slice' op cannot be bufferized: expected a slice of columns of all rows}}
  %s = tensor.extract_slice %x[3, 0] [%rows, 8] [1, 1] : tensor<?x8xf32> to tensor<?x8xf32>
  // expected-error @+1 {{'linalg.generic' op cannot be bufferized: expected its body not to read the value of an init}}
  %g = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?x8xf32>) outs(%x : tensor<?x8xf32>) {
  ^bb0(%a: f32, %b: f32):
    %sum = arith.addf %a, %b : f32
    linalg.yield %sum : f32
  } -> tensor<?x8xf32>
  // expected-error @+1 {{'tensor.collapse_shape' op cannot be bufferized: expected the dimension of rows to stay as it is}}
  %c = tensor.collapse_shape %x [[0, 1]] : tensor<?x8xf32> into tensor<?xf32>
  return %z : tensor<?x8xf32>
}
}

// -----

// A state is written in place: no version can be used after the one that replaces it.

!s = !yoco.state<2x4x4xf32>
module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
yoco.state_decl @s0 : !s
yoco.parameter @embed : tensor<16x8xbf16> from "embed"
yoco.parameter @gt : tensor<2x8xbf16> from "gt"
func.func @f(%ids: tensor<?xi32>, %segments: !yoco.segments, %t: !s {yoco.state = @s0}) -> !s
    attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
  %pos = yoco.fused_positions %ids at %segments : (tensor<?xi32>, !yoco.segments) -> tensor<?xi32>
  %x = yoco.fused_embed %ids table @embed {scale = 1.0 : f32} : (tensor<?xi32>) -> tensor<?x8xf32>
  %g = yoco.fused_linear %x weights [@gt] : (tensor<?x8xf32>) -> tensor<?x2xf32>
  // expected-note @+1 {{overwritten here}}
  %o, %t1 = yoco.fused_retention %x, %x, %x, %g at %pos, %segments from %t {scale = 0.5 : f32}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x2xf32>, tensor<?xi32>, !yoco.segments, !s)
      -> (tensor<?x8xf32>, !s)
  // expected-error @+1 {{'func.return' op uses a version of a state that has been overwritten}}
  return %t : !s
}
}

// -----

!s = !yoco.state<2x4x4xf32>
module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
yoco.state_decl @s0 : !s
yoco.state_decl @s1 : !s
func.func @f(%ids: tensor<?xi32>, %a: !s {yoco.state = @s0}, %b: !s {yoco.state = @s1}) -> (!s, !s)
    attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
  // expected-error @+2 {{'func.return' op expected result 0 to be the next version of state argument 0}}
  // expected-error @+1 {{'func.return' op expected result 1 to be the next version of state argument 1}}
  return %b, %a : !s, !s
}
}

// -----

module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
// expected-error @+1 {{expected `yoco.state` on argument 1 of type '!yoco.state<2x4x4xf32>'}}
func.func @f(%ids: tensor<?xi32>, %a: !yoco.state<2x4x4xf32>) -> !yoco.state<2x4x4xf32>
    attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
  return %a : !yoco.state<2x4x4xf32>
}
}

// -----

module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
// expected-error @+1 {{expected one argument of token ids (`tensor<?xi32>`), segments and states, got 'tensor<?x8xf32>' as argument 1}}
func.func @f(%ids: tensor<?xi32>, %x: tensor<?x8xf32>)
    attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
  return
}
}

// -----

module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
// expected-error @+1 {{expected an argument of token ids (`tensor<?xi32>`), got none}}
func.func @f(%segments: !yoco.segments) attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
  return
}
}

// -----

module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
func.func @f(%ids: tensor<?xi32>) attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = all>} {
  // expected-error @+1 {{expected rows as result by the entry point's `logits`}}
  return
}
}

// -----

module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
func.func @f(%ids: tensor<?xi32>) -> (tensor<?xi32>, tensor<?xi32>)
    attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, sampled = all>} {
  // expected-error @+1 {{expected one result of rows, got a second one of type 'tensor<?xi32>'}}
  return %ids, %ids : tensor<?xi32>, tensor<?xi32>
}
}

// -----

// Columns of a buffer are not a buffer that a caller could read.

module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
yoco.parameter @embed : tensor<16x8xbf16> from "embed"
func.func @f(%ids: tensor<?xi32>) -> tensor<?x4xf32>
    attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = all>} {
  %x = yoco.fused_embed %ids table @embed {scale = 1.0 : f32} : (tensor<?xi32>) -> tensor<?x8xf32>
  %c0 = arith.constant 0 : index
  %rows = tensor.dim %ids, %c0 : tensor<?xi32>
  %y = tensor.extract_slice %x[0, 4] [%rows, 4] [1, 1] : tensor<?x8xf32> to tensor<?x4xf32>
  // expected-error @+1 {{expected returned rows to be a whole buffer, got columns of one}}
  return %y : tensor<?x4xf32>
}
}

// -----

// Where the target wants rows at multiples of some bytes, buffers have room between them; logits have not. A library product gets
// the memory that the target asks for.
// CHECK-LABEL: func.func @aligned
// CHECK: %[[N:.+]] = yoco.alloc <64 * chunk> : memref<?x7xbf16, strided<[8, 1]>>
// CHECK: yoco.fused_norm {{.+}} outs %[[N]]
// CHECK: %[[Y:.+]] = yoco.alloc <64 * chunk> role logits : memref<?x5xf32>
// CHECK: %[[M:.+]] = yoco.alloc <[[BYTES:[0-9]+]]> : memref<[[BYTES]]xi8>
// CHECK: yoco.fused_linear %[[N]] weights [@w] workspace %[[M]] outs %[[Y]]
module attributes {yoco.target = #yoco.target<"nvptx", "sm_90a", bf16>,
                   yoco.bounds = #yoco.bounds<seq = 64, batch = 1, chunk = 16, wanted = 16>} {
  yoco.parameter @e : tensor<16x7xbf16> from "e"
  yoco.parameter @w : tensor<5x7xbf16> from "w"
  func.func @aligned(%ids: tensor<?xi32>, %segments: !yoco.segments) -> tensor<?x5xf32>
      attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = all>} {
    %x = yoco.fused_embed %ids table @e {scale = 1.0 : f32} : (tensor<?xi32>) -> tensor<?x7xf32>
    %n = yoco.fused_norm %x {eps = 0.0 : f32} : (tensor<?x7xf32>) -> tensor<?x7xbf16>
    %y = yoco.fused_linear %n weights [@w] : (tensor<?x7xbf16>) -> tensor<?x5xf32>
    return %y : tensor<?x5xf32>
  }
}

// -----

// A vector that all rows share stays what it is; a sum along a row starts from a number that its kernel knows, and nothing fills its
// buffer.
// CHECK-LABEL: func.func @sums
// CHECK: %[[X:.+]] = yoco.alloc <64 * batch> : memref<?x8xf32>
// CHECK-NOT: linalg.fill
// CHECK: %[[S:.+]] = yoco.alloc <64 * batch> : memref<?x1xf32>
// CHECK: linalg.generic {{.+}}"reduction"]} ins(%[[X]] : memref<?x8xf32>) outs(%[[S]] : memref<?x1xf32>) attrs = {yoco.initial = [0.000000e+00 : f32]}
// CHECK: %[[B:.+]] = yoco.parameter_vector [@b] : memref<8xbf16>
// CHECK: linalg.generic {{.+}} ins(%[[X]], %[[S]], %[[B]] : memref<?x8xf32>, memref<?x1xf32>, memref<8xbf16>)
#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0, 0)>
#column = affine_map<(d0, d1) -> (d1)>
module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
  yoco.parameter @e : tensor<16x8xbf16> from "e"
  yoco.parameter @b : tensor<8xbf16> from "b"
  func.func @sums(%ids: tensor<?xi32>, %segments: !yoco.segments) -> tensor<?x8xf32>
      attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all>} {
    %zero = arith.constant 0.0 : f32
    %c0 = arith.constant 0 : index
    %rows = tensor.dim %ids, %c0 : tensor<?xi32>
    %x = yoco.fused_embed %ids table @e {scale = 1.0 : f32} : (tensor<?xi32>) -> tensor<?x8xf32>
    %n = tensor.empty(%rows) : tensor<?x1xf32>
    %f = linalg.fill ins(%zero : f32) outs(%n : tensor<?x1xf32>) -> tensor<?x1xf32>
    %s = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
        ins(%x : tensor<?x8xf32>) outs(%f : tensor<?x1xf32>) {
    ^bb0(%a: f32, %o: f32):
      %p = arith.addf %o, %a : f32
      linalg.yield %p : f32
    } -> tensor<?x1xf32>
    %b = yoco.parameter_vector [@b] : tensor<8xbf16>
    %w = tensor.empty(%rows) : tensor<?x8xf32>
    %y = linalg.generic {indexing_maps = [#id, #row, #column, #id], iterator_types = ["parallel", "parallel"]}
        ins(%x, %s, %b : tensor<?x8xf32>, tensor<?x1xf32>, tensor<8xbf16>) outs(%w : tensor<?x8xf32>) {
    ^bb0(%a: f32, %t: f32, %v: bf16, %o: f32):
      %e = arith.extf %v : bf16 to f32
      %p = arith.addf %a, %t : f32
      %q = arith.addf %p, %e : f32
      linalg.yield %q : f32
    } -> tensor<?x8xf32>
    return %y : tensor<?x8xf32>
  }
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0, 0)>
module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
  yoco.parameter @e : tensor<16x8xbf16> from "e"
  func.func @no_start(%ids: tensor<?xi32>, %segments: !yoco.segments) -> tensor<?x1xf32>
      attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all>} {
    %c0 = arith.constant 0 : index
    %rows = tensor.dim %ids, %c0 : tensor<?xi32>
    %x = yoco.fused_embed %ids table @e {scale = 1.0 : f32} : (tensor<?xi32>) -> tensor<?x8xf32>
    %n = tensor.empty(%rows) : tensor<?x1xf32>
    // expected-error @+1 {{cannot be bufferized: expected a `linalg.fill` with a constant as the init of a sum along a row}}
    %s = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
        ins(%x : tensor<?x8xf32>) outs(%n : tensor<?x1xf32>) {
    ^bb0(%a: f32, %o: f32):
      %p = arith.addf %o, %a : f32
      linalg.yield %p : f32
    } -> tensor<?x1xf32>
    return %s : tensor<?x1xf32>
  }
}

// -----

// Sets of rows besides that of the ids are numbered from the longest tail to the shortest. Their buffers are as large as their bound, and
// have as many rows as the first of them; states that are written are those of the set's declaration.

// CHECK-LABEL: func.func @extend()
// CHECK: %[[IDS:.+]] = yoco.alloc <64 * chunk> role ids : memref<?xi32>
// CHECK: %[[SEG:.+]] = yoco.alloc <16 * batch> role segments : !yoco.segments
// CHECK: %[[TAIL:.+]] = yoco.alloc <16 * batch> row_set 1 role segments : !yoco.segments
// CHECK-NEXT: yoco.row_set 1 halo 3 bound chunk table %[[TAIL]] states [@ring]
// CHECK-NEXT: %[[WANTED:.+]] = yoco.alloc <16 * batch> row_set 2 role segments : !yoco.segments
// CHECK-NEXT: yoco.row_set 2 halo 0 bound wanted table %[[WANTED]]{{$}}
// CHECK: yoco.fused_embed %[[IDS]]
// CHECK: %[[POS:.+]] = yoco.alloc <64 * chunk> row_set 1 : memref<?xi32>
// CHECK: %[[ROWS:.+]] = memref.dim %[[POS]]
// CHECK: yoco.fused_positions %[[IDS]] at %[[TAIL]] outs %[[POS]]
// CHECK: %[[K:.+]] = yoco.alloc <64 * chunk> row_set 1 : memref<?x8xf32>
// CHECK-NEXT: yoco.fused_narrow %{{.+}} at %[[SEG]] to %[[TAIL]] outs %[[K]]
// CHECK: memref.expand_shape %[[K]] {{.*}} output_shape [%[[ROWS]], 2, 4]
// CHECK: yoco.fused_cache_write %{{.+}} at %[[POS]], %[[TAIL]]
// CHECK: %[[Y:.+]] = yoco.alloc <64 * wanted> row_set 2 : memref<?x8xf32>
// CHECK-NEXT: yoco.fused_narrow %[[K]] at %[[TAIL]] to %[[WANTED]] outs %[[Y]]
// CHECK: %[[N:.+]] = yoco.alloc <64 * wanted> row_set 2 role logits : memref<?x8xf32>
// CHECK-NEXT: yoco.fused_norm %[[Y]] outs %[[N]]
!ring = !yoco.cache<heads = 1, width = 8, element = f32, window = 4, layout = contiguous>
module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
  yoco.parameter @embed : tensor<16x8xbf16> from "embed"
  yoco.state_decl @ring : !ring
  func.func @extend(%ids: tensor<?xi32>, %segments: !yoco.segments, %r: !ring {yoco.state = @ring}) -> (tensor<?x8xf32>, !ring)
      attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = from w-0>} {
    %wanted = yoco.narrow_segments %segments {halo = 0 : i64}
    %tail = yoco.narrow_segments %segments {halo = 3 : i64}
    %x = yoco.fused_embed %ids table @embed {scale = 1.0 : f32} : (tensor<?xi32>) -> tensor<?x8xf32>
    %pos = yoco.fused_positions %ids at %tail : (tensor<?xi32>, !yoco.segments) -> tensor<?xi32>
    %k = yoco.fused_narrow %x at %segments to %tail : (tensor<?x8xf32>, !yoco.segments, !yoco.segments) -> tensor<?x8xf32>
    %c0 = arith.constant 0 : index
    %rows = tensor.dim %k, %c0 : tensor<?x8xf32>
    %h = tensor.expand_shape %k [[0], [1, 2]] output_shape [%rows, 2, 4] : tensor<?x8xf32> into tensor<?x2x4xf32>
    %f = tensor.collapse_shape %h [[0], [1, 2]] : tensor<?x2x4xf32> into tensor<?x8xf32>
    %r1 = yoco.fused_cache_write %f at %pos, %tail to %r : (tensor<?x8xf32>, tensor<?xi32>, !yoco.segments, !ring) -> !ring
    %y = yoco.fused_narrow %k at %tail to %wanted : (tensor<?x8xf32>, !yoco.segments, !yoco.segments) -> tensor<?x8xf32>
    %n = yoco.fused_norm %y {eps = 0.0 : f32} : (tensor<?x8xf32>) -> tensor<?x8xf32>
    return %n, %r1 : tensor<?x8xf32>, !ring
  }
}

// -----

module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
yoco.parameter @embed : tensor<16x8xbf16> from "embed"
func.func @f(%ids: tensor<?xi32>, %segments: !yoco.segments) -> tensor<?x8xf32>
    attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = from w-0>} {
  %t = yoco.narrow_segments %segments {halo = 3 : i64}
  // expected-error @+1 {{cannot be bufferized: expected a part of all rows, got one of another set}}
  %u = yoco.narrow_segments %t {halo = 0 : i64}
  %x = yoco.fused_embed %ids table @embed {scale = 1.0 : f32} : (tensor<?xi32>) -> tensor<?x8xf32>
  %y = yoco.fused_narrow %x at %segments to %u : (tensor<?x8xf32>, !yoco.segments, !yoco.segments) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
}

// -----

// Rows of two sets never meet.

module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
yoco.parameter @embed : tensor<16x8xbf16> from "embed"
// expected-note @+1 {{the table of the operation}}
func.func @f(%ids: tensor<?xi32>, %segments: !yoco.segments) -> tensor<?x8xf32>
    attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = from w-0>} {
  // expected-note @+1 {{the table of the operand}}
  %t = yoco.narrow_segments %segments {halo = 0 : i64}
  %x = yoco.fused_embed %ids table @embed {scale = 1.0 : f32} : (tensor<?xi32>) -> tensor<?x8xf32>
  %y = yoco.fused_narrow %x at %segments to %t : (tensor<?x8xf32>, !yoco.segments, !yoco.segments) -> tensor<?x8xf32>
  // expected-error @+1 {{expected rows of one set, got operand 0 of another}}
  %z = yoco.fused_narrow %y at %segments to %t : (tensor<?x8xf32>, !yoco.segments, !yoco.segments) -> tensor<?x8xf32>
  return %z : tensor<?x8xf32>
}
}

// -----

// Targets come after the ids, where something is said of them and only there.

module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
// expected-error @+1 {{expected an argument of targets (`tensor<?xi32>`) after the token ids, got none}}
func.func @f(%ids: tensor<?xi32>, %s: !yoco.segments, %x: !yoco.state<2xf32> {yoco.state = @s}) -> !yoco.state<2xf32>
    attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logprobs = all>} {
  return %x : !yoco.state<2xf32>
}
// expected-error @+1 {{expected one argument of token ids (`tensor<?xi32>`), segments and states, got 'tensor<?xi32>' as argument 2}}
func.func @g(%ids: tensor<?xi32>, %s: !yoco.segments, %t: tensor<?xi32>)
    attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
  return
}
// expected-error @+1 {{expected one argument of token ids (`tensor<?xi32>`), segments and states, got 'tensor<?xi32>' as argument 3}}
func.func @h(%ids: tensor<?xi32>, %s: !yoco.segments, %t: tensor<?xi32>, %u: tensor<?xi32>)
    attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logprobs = all>} {
  return
}
}

// -----

// A program for steps of at most 16 rows, of which four are wanted: buffers of so many. The table of rows that are segments of their own
// is as long as there are of them.

// CHECK-LABEL: func.func @extend_16()
// CHECK: yoco.alloc <1024> role ids : memref<?xi32>
// CHECK: %[[SEG:.+]] = yoco.alloc <256> role segments : !yoco.segments
// CHECK: %[[T:.+]] = yoco.alloc <64> row_set 1 role segments : !yoco.segments
// CHECK-NEXT: yoco.row_set 1 halo 0 bound wanted each_row table %[[T]]{{$}}
// CHECK: %[[X:.+]] = yoco.alloc <1024> : memref<?x8xf32>
// CHECK: %[[Y:.+]] = yoco.alloc <256> row_set 1 role logits : memref<?x8xf32>
// CHECK-NEXT: yoco.fused_narrow %[[X]] at %[[SEG]] to %[[T]] outs %[[Y]] {each_row}
// CHECK-LABEL: func.func @extend_ragged()
// CHECK: yoco.alloc <16 * batch> row_set 1 role segments
// CHECK: yoco.alloc <256> row_set 1 role logits
module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
  yoco.parameter @embed : tensor<16x8xbf16> from "embed"
  func.func @extend_16(%ids: tensor<?xi32>, %segments: !yoco.segments) -> tensor<?x8xf32>
      attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = from w-0, most = 16, most_wanted = 4>} {
    %t = yoco.narrow_segments %segments {each_row, halo = 0 : i64}
    %x = yoco.fused_embed %ids table @embed {scale = 1.0 : f32} : (tensor<?xi32>) -> tensor<?x8xf32>
    %y = yoco.fused_narrow %x at %segments to %t {each_row} : (tensor<?x8xf32>, !yoco.segments, !yoco.segments) -> tensor<?x8xf32>
    return %y : tensor<?x8xf32>
  }
  func.func @extend_ragged(%ids: tensor<?xi32>, %segments: !yoco.segments) -> tensor<?x8xf32>
      attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = from w-0, most_wanted = 4>} {
    %t = yoco.narrow_segments %segments {halo = 0 : i64}
    %x = yoco.fused_embed %ids table @embed {scale = 1.0 : f32} : (tensor<?xi32>) -> tensor<?x8xf32>
    %y = yoco.fused_narrow %x at %segments to %t : (tensor<?x8xf32>, !yoco.segments, !yoco.segments) -> tensor<?x8xf32>
    return %y : tensor<?x8xf32>
  }
}

// -----

// Their bytes fit in 63 bits.

module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
  yoco.parameter @embed : tensor<16x1099511627776xbf16> from "embed"
  func.func @many(%ids: tensor<?xi32>, %segments: !yoco.segments) -> tensor<?x1099511627776xf32>
      attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = all, most = 2147483647>} {
    // expected-error @+1 {{expected less than 2^63 bytes of rows, got 2147483647 of 'tensor<?x1099511627776xf32>'}}
    %x = yoco.fused_embed %ids table @embed {scale = 1.0 : f32} : (tensor<?xi32>) -> tensor<?x1099511627776xf32>
    return %x : tensor<?x1099511627776xf32>
  }
}

// -----

// Rows side by side are copied into columns of one buffer, which may be the one that is returned.

// CHECK-LABEL: func.func @concat()
// CHECK: %[[IDS:.+]] = yoco.alloc {{.*}} role ids
// CHECK: %[[ROWS:.+]] = memref.dim %[[IDS]]
// CHECK: %[[A:.+]] = yoco.alloc <64 * chunk> : memref<?x8xf32>
// CHECK: %[[B:.+]] = yoco.alloc <64 * chunk> : memref<?x3xf32>
// CHECK: %[[Y:.+]] = yoco.alloc <64 * chunk> role logits : memref<?x11xf32>
// CHECK-NEXT: %[[LEFT:.+]] = memref.subview %[[Y]][0, 0] [%[[ROWS]], 8] [1, 1]
// CHECK-NEXT: linalg.generic {{.*}} ins(%[[A]] : {{.*}}) outs(%[[LEFT]] : memref<?x8xf32, strided<[11, 1]>>)
// CHECK: %[[RIGHT:.+]] = memref.subview %[[Y]][0, 8] [%[[ROWS]], 3] [1, 1]
// CHECK-NEXT: linalg.generic {{.*}} ins(%[[B]] : {{.*}}) outs(%[[RIGHT]] : memref<?x3xf32, strided<[11, 1], offset: 8>>)
module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
  yoco.parameter @embed : tensor<16x8xbf16> from "embed"
  yoco.parameter @w : tensor<3x8xbf16> from "w"
  func.func @concat(%ids: tensor<?xi32>, %segments: !yoco.segments) -> tensor<?x11xf32>
      attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = all>} {
    %a = yoco.fused_embed %ids table @embed {scale = 1.0 : f32} : (tensor<?xi32>) -> tensor<?x8xf32>
    %b = yoco.fused_linear %a weights [@w] : (tensor<?x8xf32>) -> tensor<?x3xf32>
    %y = tensor.concat dim(1) %a, %b : (tensor<?x8xf32>, tensor<?x3xf32>) -> tensor<?x11xf32>
    return %y : tensor<?x11xf32>
  }
}

// -----

module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
  yoco.parameter @embed : tensor<16x8xbf16> from "embed"
  func.func @below(%ids: tensor<?xi32>, %segments: !yoco.segments) -> tensor<?x8xf32>
      attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = all>} {
    %a = yoco.fused_embed %ids table @embed {scale = 1.0 : f32} : (tensor<?xi32>) -> tensor<?x8xf32>
    // expected-error @+1 {{cannot be bufferized: expected rows of vectors side by side, got 'tensor<?x8xf32>' along dimension 0}}
    %y = tensor.concat dim(0) %a, %a : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
    return %y : tensor<?x8xf32>
  }
}
