// Entry points get programs for steps of few rows, and of few wanted rows, where the target decides otherwise for these.
//
// RUN: yoco-opt %s --yoco-make-row-buckets | FileCheck %s
// RUN: sed 's/"nvptx", "sm_90a"/"host", "x86-64-v3"/' %s | yoco-opt --yoco-make-row-buckets | FileCheck %s --check-prefix=ONE
// RUN: sed 's/batch = 64/batch = 1/' %s | yoco-opt --yoco-make-row-buckets | FileCheck %s --check-prefix=SLOT
// RUN: sed 's/batch = 64/batch = 3/' %s | yoco-opt --yoco-make-row-buckets | FileCheck %s --check-prefix=THREE
// RUN: yoco-opt %s --yoco-make-row-buckets -o %t.mlir
// RUN: yoco-opt %t.mlir --yoco-make-row-buckets | diff %t.mlir -
// RUN: sed 's/step>, yoco.target = #yoco.target<"nvptx", "sm_90a", f32>/step>/' %s | not yoco-opt --yoco-make-row-buckets 2>&1 | FileCheck %s --check-prefix=TARGET

// TARGET: expected a module with `yoco.target` around it, got none

// One kernel does for all on the host.
// ONE-COUNT-4: func.func
// ONE: func.func @extend(
// ONE-NOT: each_row
// ONE: func.func @writes(
// ONE-NOT: func.func

// In a session of one slot decode has no smaller steps; others do.
// SLOT-NOT: func.func @decode_
// SLOT: func.func @decode(
// SLOT: func.func @extend_wanted_1(

// Two rows of eight kv heads each leave the attention in half as many parts as one does.
// THREE: func.func @decode_1({{.*}} most = 1>
// THREE: func.func @decode_2({{.*}} most = 2>
// THREE-NOT: most
// THREE: func.func @decode(

!keys = !yoco.cache<heads = 8, width = 16, element = f32, window = 0, layout = contiguous>
!ring = !yoco.cache<heads = 8, width = 16, element = f32, window = 4, layout = contiguous>
module attributes {yoco.phase = #yoco.phase<step>, yoco.target = #yoco.target<"nvptx", "sm_90a", f32>,
                   yoco.bounds = #yoco.bounds<seq = 64, batch = 64, chunk = 16, wanted = 8>} {
  yoco.state_decl @keys : !keys
  yoco.state_decl @ring : !ring

  // 66, 33, 16, 8, 4 and 2 parts; from 33 rows on there is nothing to divide, as for 64.
  // CHECK: func.func @decode_1(
  // CHECK-SAME: yoco.state = @keys
  // CHECK-SAME: #yoco.entry<rows = single, bound = batch, logits = all, most = 1>
  // CHECK-NEXT: yoco.cache_read
  // CHECK: func.func @decode_2({{.*}} most = 2>
  // CHECK: func.func @decode_4({{.*}} most = 4>
  // CHECK: func.func @decode_8({{.*}} most = 8>
  // CHECK: func.func @decode_16({{.*}} most = 16>
  // CHECK: func.func @decode_32({{.*}} most = 32>
  // CHECK: func.func @decode({{.*}} #yoco.entry<rows = single, bound = batch, logits = all>
  func.func @decode(%ids: tensor<?xi32>, %s: !yoco.segments, %q: tensor<?x8x16xf32>, %c: !keys {yoco.state = @keys})
      -> (tensor<?x8x16xf32>, !keys) attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all>} {
    %k = yoco.cache_read %c at %s : !keys -> tensor<?x8x16xf32>
    %o = yoco.step_attention %q at %s past(%k, %k) {scale = 0.25 : f32, window = 0 : i64}
        : (tensor<?x8x16xf32>, !yoco.segments, tensor<?x8x16xf32>, tensor<?x8x16xf32>) -> tensor<?x8x16xf32>
    return %o, %c : tensor<?x8x16xf32>, !keys
  }

  // A window of four positions has at most two parts: less changes with the number of rows. A name that is taken gets longer.
  // CHECK-NOT: func.func
  // CHECK: func.func @window_16_({{.*}} most = 16>
  // CHECK: func.func @window_32({{.*}} most = 32>
  // CHECK: func.func @window(
  // CHECK-NOT: most
  // CHECK: func.func private @window_16
  func.func @window(%ids: tensor<?xi32>, %s: !yoco.segments, %q: tensor<?x8x16xf32>, %c: !ring {yoco.state = @ring})
      -> (tensor<?x8x16xf32>, !ring) attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all>} {
    %k = yoco.cache_read %c at %s : !ring -> tensor<?x8x16xf32>
    %o = yoco.step_attention %q at %s past(%k, %k) {scale = 0.25 : f32, window = 4 : i64}
        : (tensor<?x8x16xf32>, !yoco.segments, tensor<?x8x16xf32>, tensor<?x8x16xf32>) -> tensor<?x8x16xf32>
    return %o, %c : tensor<?x8x16xf32>, !ring
  }
  func.func private @window_16()

  // Ragged steps: where products are those of few rows. This one has no more.
  // CHECK-NOT: func.func
  // CHECK: func.func @prefill(
  func.func @prefill(%ids: tensor<?xi32>, %s: !yoco.segments) -> tensor<?xi32>
      attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, sampled = all>} {
    return %ids : tensor<?xi32>
  }

  // Few wanted rows of many. Each is a segment of its own, of at most 1, 4 and all 8 that may be wanted; the attention
  // of all rows, and what there is no program for, stay as they are.
  // CHECK-NOT: func.func
  // CHECK: func.func @extend_wanted_1({{.*}} logits = from w-0, most_wanted = 1>
  // CHECK: yoco.narrow_segments %{{.+}} {each_row, halo = 0 : i64}
  // CHECK: func.func @extend_wanted_4({{.*}} most_wanted = 4>
  // CHECK: yoco.narrow_segments %{{.+}} {each_row, halo = 0 : i64}
  // CHECK: func.func @extend({{.*}} logits = from w-0>
  // CHECK: yoco.narrow_segments %{{.+}} {each_row, halo = 0 : i64}
  func.func @extend(%ids: tensor<?xi32>, %s: !yoco.segments, %q: tensor<?x8x16xf32>, %c: !keys {yoco.state = @keys})
      -> (tensor<?x8x16xf32>, !keys) attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = from w-0>} {
    %t = yoco.narrow_segments %s {halo = 0 : i64}
    %w = yoco.narrow %q at %s to %t : tensor<?x8x16xf32>
    %k = yoco.cache_read %c at %t : !keys -> tensor<?x8x16xf32>
    %o = yoco.step_attention %w at %t past(%k, %k) {scale = 0.25 : f32, window = 0 : i64}
        : (tensor<?x8x16xf32>, !yoco.segments, tensor<?x8x16xf32>, tensor<?x8x16xf32>) -> tensor<?x8x16xf32>
    return %o, %c : tensor<?x8x16xf32>, !keys
  }

  // Wanted rows that are fresh to each other stay in their segments.
  // CHECK-NOT: func.func
  // CHECK: func.func @writes(
  // CHECK-NOT: each_row
  func.func @writes(%ids: tensor<?xi32>, %s: !yoco.segments, %q: tensor<?x8x16xf32>, %c: !keys {yoco.state = @keys})
      -> (tensor<?x8x16xf32>, !keys) attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = from w-0>} {
    %t = yoco.narrow_segments %s {halo = 0 : i64}
    %w = yoco.narrow %q at %s to %t : tensor<?x8x16xf32>
    %k = yoco.cache_read %c at %t : !keys -> tensor<?x8x16xf32>
    %o = yoco.step_attention %w at %t past(%k, %k) fresh(%w, %w) {scale = 0.25 : f32, window = 0 : i64}
        : (tensor<?x8x16xf32>, !yoco.segments, tensor<?x8x16xf32>, tensor<?x8x16xf32>, tensor<?x8x16xf32>, tensor<?x8x16xf32>) -> tensor<?x8x16xf32>
    return %o, %c : tensor<?x8x16xf32>, !keys
  }
}
