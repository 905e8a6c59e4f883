// Operations of phase `step` print as they parse: pretty, generic and as bytecode.
//
// RUN: yoco-opt %s --verify-roundtrip | FileCheck %s
// RUN: yoco-opt %s --mlir-print-op-generic | yoco-opt | FileCheck %s
// RUN: yoco-opt %s --emit-bytecode | yoco-opt | FileCheck %s

!keys = !yoco.cache<heads = 2, width = 4, element = f32, window = 0, layout = contiguous>
!values = !yoco.cache<heads = 2, width = 6, element = f32, window = 0, layout = contiguous>
!ring = !yoco.cache<heads = 2, width = 4, element = f32, window = 3, layout = contiguous>

// CHECK: yoco.state_decl @keys : !yoco.cache<heads = 2, width = 4, element = f32, window = 0, layout = contiguous>
yoco.state_decl @keys : !keys
yoco.state_decl @values : !values
// CHECK: yoco.state_decl @ring : !yoco.cache<{{.*}}window = 3{{.*}}> planes [#yoco.in_record<64>]
yoco.state_decl @ring : !ring planes [#yoco.in_record<64>]
// CHECK: yoco.state_decl @s : !yoco.state<2x4x6xf32> planes [#yoco.size<0>]
yoco.state_decl @s : !yoco.state<2x4x6xf32> planes [#yoco.size<0>]

// CHECK-LABEL: func.func @step
// CHECK-SAME: %[[IDS:.+]]: tensor<?xi32>, %[[SEG:.+]]: !yoco.segments, %[[KEYS:[^:]+]]: {{.*}} {yoco.state = @keys}, %[[VALUES:[^:]+]]: {{.*}} {yoco.state = @values}
// CHECK-SAME: attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>}
func.func @step(%ids: tensor<?xi32>, %seg: !yoco.segments, %keys: !keys {yoco.state = @keys},
                %values: !values {yoco.state = @values}, %ring: !ring {yoco.state = @ring},
                %s: !yoco.state<2x4x6xf32> {yoco.state = @s}, %q: tensor<?x4x4xf32>, %k: tensor<?x2x4xf32>,
                %v: tensor<?x2x6xf32>, %g: tensor<?x2xf32>) -> (!keys, !values, !ring, !yoco.state<2x4x6xf32>)
    attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
  // CHECK: yoco.positions %[[IDS]] at %[[SEG]] : tensor<?xi32>
  %pos = yoco.positions %ids at %seg : tensor<?xi32>
  // CHECK: %[[NEXT:.+]] = yoco.cache_write %[[KEYS]], %[[K:.+]] at %[[SEG]] : tensor<?x2x4xf32> -> <heads = 2
  %keys1 = yoco.cache_write %keys, %k at %seg : tensor<?x2x4xf32> -> !keys
  // CHECK: %[[PK:.+]] = yoco.cache_read %[[NEXT]] at %[[SEG]] : <{{.*}}> -> tensor<?x2x4xf32>
  %pk = yoco.cache_read %keys1 at %seg : !keys -> tensor<?x2x4xf32>
  // CHECK: %[[PV:.+]] = yoco.cache_read %[[VALUES]] at %[[SEG]] : <{{.*}}> -> tensor<?x2x6xf32>
  %pv = yoco.cache_read %values at %seg : !values -> tensor<?x2x6xf32>
  // CHECK: yoco.step_attention %{{.*}} at %[[SEG]] past(%[[PK]], %[[PV]]) {scale = 5.000000e-01 : f32, yoco.demand = #yoco.demand<from w-3>} : (tensor<?x4x4xf32>, !yoco.segments, tensor<?x2x4xf32>, tensor<?x2x6xf32>) -> tensor<?x4x6xf32>
  %0 = yoco.step_attention %q at %seg past(%pk, %pv) {scale = 0.5 : f32, yoco.demand = #yoco.demand<from w-3>}
      : (tensor<?x4x4xf32>, !yoco.segments, tensor<?x2x4xf32>, tensor<?x2x6xf32>) -> tensor<?x4x6xf32>
  // CHECK: yoco.step_attention {{.*}} past(%[[R:.*]], %[[R]]) fresh(%[[K]], %[[K]]) {scale = 5.000000e-01 : f32, window = 3 : i64}
  %r = yoco.cache_read %ring at %seg : !ring -> tensor<?x2x4xf32>
  %1 = yoco.step_attention %q at %seg past(%r, %r) fresh(%k, %k) {scale = 0.5 : f32, window = 3 : i64}
      : (tensor<?x4x4xf32>, !yoco.segments, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>)
      -> tensor<?x4x4xf32>
  // CHECK: %{{.*}}, %{{.*}} = yoco.step_retention %[[K]], %[[K]], %{{.*}}, %{{.*}} at %[[SEG]] from %{{.*}} {scale = 5.000000e-01 : f32} : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x6xf32>, tensor<?x2xf32>, <2x4x6xf32> -> tensor<?x2x6xf32>
  %2, %s1 = yoco.step_retention %k, %k, %v, %g at %seg from %s {scale = 0.5 : f32}
      : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x6xf32>, tensor<?x2xf32>, !yoco.state<2x4x6xf32>
      -> tensor<?x2x6xf32>
  return %keys1, %values, %ring, %s1 : !keys, !values, !ring, !yoco.state<2x4x6xf32>
}

// CHECK-LABEL: func.func @argmax
// CHECK-NEXT: yoco.argmax %{{.+}} : tensor<?x8xf32> -> tensor<?xi32>
func.func @argmax(%x: tensor<?x8xf32>) -> tensor<?xi32> {
  %i = yoco.argmax %x : tensor<?x8xf32> -> tensor<?xi32>
  return %i : tensor<?xi32>
}

// CHECK-LABEL: func.func @narrow
// CHECK: %[[T:.+]] = yoco.narrow_segments %[[SEG:.+]] {halo = 3 : i64}
// CHECK-NEXT: yoco.narrow %{{.+}} at %[[SEG]] to %[[T]] : tensor<?x8xf32>
// CHECK-NEXT: yoco.positions %{{.+}} at %[[T]] : tensor<?xi32>
// CHECK-NEXT: yoco.narrow_segments %[[SEG]] {each_row, halo = 0 : i64}
func.func @narrow(%ids: tensor<?xi32>, %seg: !yoco.segments, %x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?xi32>) {
  %t = yoco.narrow_segments %seg {halo = 3 : i64}
  %y = yoco.narrow %x at %seg to %t : tensor<?x8xf32>
  %p = yoco.positions %ids at %t : tensor<?xi32>
  %each = yoco.narrow_segments %seg {each_row, halo = 0 : i64}
  return %y, %p : tensor<?x8xf32>, tensor<?xi32>
}

// CHECK-LABEL: func.func @logprobs
// CHECK-SAME: %[[L:.+]]: tensor<?x8xf32>, %[[SEG:.+]]: !yoco.segments, %[[IDS:.+]]: tensor<?xi32>)
// CHECK-SAME: attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logprobs = from w-0>}
// CHECK: %[[T:.+]] = yoco.narrow %[[IDS]] at %[[SEG]] to %{{.+}} : tensor<?xi32>
// CHECK: yoco.row_logprobs %{{.+}}, %[[T]] {best = 2 : i64} : tensor<?x8xf32>, tensor<?xi32> -> tensor<?x7xf32>
func.func @logprobs(%l: tensor<?x8xf32>, %seg: !yoco.segments, %targets: tensor<?xi32>) -> tensor<?x7xf32>
    attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logprobs = from w-0>} {
  %t = yoco.narrow_segments %seg {halo = 0 : i64}
  %m = yoco.narrow %l at %seg to %t : tensor<?x8xf32>
  %n = yoco.narrow %targets at %seg to %t : tensor<?xi32>
  %p = yoco.row_logprobs %m, %n {best = 2 : i64} : tensor<?x8xf32>, tensor<?xi32> -> tensor<?x7xf32>
  return %p : tensor<?x7xf32>
}
