// What belongs to each phase, and that every operation that does not is reported.
//
// RUN: split-file %s %t
// RUN: yoco-opt %t/model.mlir --yoco-verify-phase=phase=model | FileCheck %s --check-prefix=MODEL
// RUN: yoco-opt %t/step.mlir --yoco-verify-phase | FileCheck %s --check-prefix=STEP
// RUN: yoco-opt %t/fused.mlir --yoco-verify-phase=phase=fused | FileCheck %s --check-prefix=FUSED
// RUN: yoco-opt %t/planned.mlir --yoco-verify-phase=phase=planned | FileCheck %s --check-prefix=PLANNED
// RUN: yoco-opt %t/program.mlir --yoco-verify-phase=phase=program | FileCheck %s --check-prefix=PROGRAM
// RUN: not yoco-opt %t/model.mlir --yoco-verify-phase=phase=done 2>&1 | FileCheck %s --check-prefix=NAME
// RUN: not yoco-opt %t/model.mlir --yoco-verify-phase 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: yoco-opt %t/illegal-model.mlir --verify-diagnostics --allow-unregistered-dialect --yoco-verify-phase=phase=model
// RUN: yoco-opt %t/illegal-step.mlir --verify-diagnostics --allow-unregistered-dialect --yoco-verify-phase=phase=step
// RUN: yoco-opt %t/illegal-fused.mlir --verify-diagnostics --allow-unregistered-dialect --yoco-verify-phase=phase=fused
// RUN: yoco-opt %t/illegal-planned.mlir --verify-diagnostics --allow-unregistered-dialect --yoco-verify-phase=phase=planned
// RUN: yoco-opt %t/illegal-program.mlir --verify-diagnostics --allow-unregistered-dialect --yoco-verify-phase=phase=program

// MODEL: module attributes {yoco.phase = #yoco.phase<model>}
// STEP: module attributes {yoco.phase = #yoco.phase<step>}
// FUSED: module attributes {yoco.phase = #yoco.phase<fused>}
// PLANNED: module attributes {yoco.phase = #yoco.phase<planned>}
// PROGRAM: module attributes {yoco.phase = #yoco.phase<program>}
// NAME: error: expected a phase of `model`, `step`, `fused`, `planned` or `program`, got `done`
// NONE: error: expected a phase of `model`, `step`, `fused`, `planned` or `program`, got a module without `yoco.phase`

//--- model.mlir
yoco.parameter @e : tensor<16x8xf32> from "e"
func.func @forward(%ids: tensor<?xi32>) -> tensor<?x8xf32> {
  %pos = yoco.positions %ids : tensor<?xi32>
  %x = yoco.embed %ids, @e : tensor<?x8xf32>
  %c0 = arith.constant 0 : index
  %rows = tensor.dim %x, %c0 : tensor<?x8xf32>
  %h = yoco.self_decoder %x : tensor<?x8xf32> -> tensor<?x8xf32> {
  ^bb0(%a: tensor<?x8xf32>):
    %b = math.exp %a : tensor<?x8xf32>
    yoco.yield %b : tensor<?x8xf32>
  }
  return %h : tensor<?x8xf32>
}

//--- step.mlir
module attributes {yoco.phase = #yoco.phase<step>} {
  yoco.state_decl @s : !yoco.state<1x8x8xf32>
  func.func @prefill(%ids: tensor<?xi32>, %seg: !yoco.segments, %s: !yoco.state<1x8x8xf32> {yoco.state = @s}) -> !yoco.state<1x8x8xf32>
      attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
    %pos = yoco.positions %ids at %seg : tensor<?xi32>
    return %s : !yoco.state<1x8x8xf32>
  }
}

//--- fused.mlir
yoco.state_decl @s : !yoco.state<1x8x8xf32>
func.func @prefill(%ids: tensor<?xi32>, %seg: !yoco.segments, %s: !yoco.state<1x8x8xf32> {yoco.state = @s}, %x: tensor<?x8xf32>) -> !yoco.state<1x8x8xf32>
    attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
  %pos = yoco.fused_positions %ids at %seg : (tensor<?xi32>, !yoco.segments) -> tensor<?xi32>
  %c0 = arith.constant 0 : index
  %rows = tensor.dim %ids, %c0 : tensor<?xi32>
  %y = tensor.extract_slice %x[0, 4] [%rows, 4] [1, 1] : tensor<?x8xf32> to tensor<?x4xf32>
  %empty = tensor.empty(%rows) : tensor<?x4xf32>
  %z = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<?x4xf32>) outs(%empty : tensor<?x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %e = math.exp %in : f32
    linalg.yield %e : f32
  } -> tensor<?x4xf32>
  return %s : !yoco.state<1x8x8xf32>
}

//--- planned.mlir
yoco.arena @scratch scratch [#yoco.size<64 * chunk>]
yoco.state_decl @s : !yoco.state<1x8x8xf32> planes [#yoco.size<0>]
func.func @prefill() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
  %ids = yoco.view @scratch at <0> size <64 * chunk> role ids : memref<?xi32>
  %seg = yoco.view @scratch at <0> size <64 * chunk> role segments : !yoco.segments
  %pos = yoco.view @scratch at <0> size <64 * chunk> : memref<?xi32>
  %s = yoco.state_ref @s : !yoco.state<1x8x8xf32>
  yoco.fused_positions %ids at %seg outs %pos : (memref<?xi32>, !yoco.segments, memref<?xi32>) -> ()
  yoco.copy %pos to %ids : memref<?xi32>
  return
}

//--- program.mlir
yoco.arena @scratch scratch [#yoco.size<64 * chunk>]
func.func @prefill() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
  %ids = yoco.view @scratch at <0> size <64 * chunk> role ids : memref<?xi32>
  yoco.launch @kernels::@k(%ids) tiles <rows, divisor = 1, multiplier = 1> : memref<?xi32>
  return
}
module @kernels attributes {yoco.kernels} {
  func.func @k(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?xi32>) {
    %c0 = arith.constant 0 : i32
    scf.for %i = %begin to %end step %rows {
      memref.store %c0, %x[%i] : memref<?xi32>
    }
    return
  }
}

//--- illegal-model.mlir
!kv = !yoco.cache<heads = 1, width = 8, element = f32, window = 0, layout = contiguous>
// expected-error @+1 {{expected operations of phase `model`, got 'yoco.state_decl'}}
yoco.state_decl @kv : !kv
// expected-error @+1 {{expected operations of phase `model`, got 'test.outside'}}
"test.outside"() : () -> ()
func.func @forward(%ids: tensor<?xi32>, %seg: !yoco.segments, %c: !kv) {
  // expected-error @+1 {{expected operations of phase `model`, got 'yoco.positions'}}
  %pos = yoco.positions %ids at %seg : tensor<?xi32>
  // expected-error @+1 {{expected operations of phase `model`, got 'yoco.cache_read'}}
  %k = yoco.cache_read %c at %seg : !kv -> tensor<?x1x8xf32>
  // expected-error @+1 {{expected operations of phase `model`, got 'func.call'}}
  call @forward(%ids, %seg, %c) : (tensor<?xi32>, !yoco.segments, !kv) -> ()
  return
}

//--- illegal-step.mlir
// expected-error @+1 {{expected operations of phase `step`, got 'func.func' @forward that is no entry point}}
func.func @forward(%ids: tensor<?xi32>, %k: tensor<?x1x8xf32>) {
  // expected-error @+1 {{expected operations of phase `step`, got 'yoco.positions'}}
  %pos = yoco.positions %ids : tensor<?xi32>
  // expected-error @+1 {{expected operations of phase `step`, got 'yoco.attention'}}
  %0 = yoco.attention %k, %k, %k {scale = 1.0 : f32} : tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32> -> tensor<?x1x8xf32>
  %true = arith.constant true
  // expected-error @+1 {{expected operations of phase `step`, got 'scf.if'}}
  scf.if %true {
  // expected-error @-1 {{expected operations of phase `step`, got 'scf.yield'}}
  }
  return
}

//--- illegal-fused.mlir
func.func @decode(%ids: tensor<?xi32>, %seg: !yoco.segments, %x: tensor<?x8xf32>, %y: memref<?x8xf32>) {
  // expected-error @+1 {{expected operations of phase `fused`, got 'yoco.silu'}}
  %0 = yoco.silu %x : tensor<?x8xf32>
  // Arithmetic on rows is in a kernel.
  // expected-error @+1 {{expected operations of phase `fused`, got 'arith.addf'}}
  %1 = arith.addf %x, %x : tensor<?x8xf32>
  // expected-error @+1 {{expected operations of phase `fused`, got 'yoco.fused_norm'}}
  yoco.fused_norm %y outs %y {eps = 0.0 : f32} : (memref<?x8xf32>, memref<?x8xf32>) -> ()
  return
}

//--- illegal-planned.mlir
func.func @decode(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected operations of phase `planned`, got 'yoco.alloc'}}
  %0 = yoco.alloc <64 * chunk> : memref<?x8xf32>
  // expected-error @+1 {{expected operations of phase `planned`, got 'yoco.fused_norm'}}
  %1 = yoco.fused_norm %x {eps = 0.0 : f32} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

//--- illegal-program.mlir
func.func @decode(%x: memref<?x8xf32>) {
  // expected-error @+1 {{expected operations of phase `program`, got 'yoco.fused_norm'}}
  yoco.fused_norm %x outs %x {eps = 0.0 : f32} : (memref<?x8xf32>, memref<?x8xf32>) -> ()
  return
}
module @kernels attributes {yoco.kernels} {
  func.func @k(%x: memref<?x8xf32>) {
    // expected-error @+1 {{expected operations of phase `program`, got 'yoco.fused_norm'}}
    yoco.fused_norm %x outs %x {eps = 0.0 : f32} : (memref<?x8xf32>, memref<?x8xf32>) -> ()
    return
  }
}
