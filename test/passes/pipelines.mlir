// The pipelines between phases: each takes what the one before leaves, each alone says what it was not given.
//
// RUN: yoco-opt %s --yoco-model-to-step -o %t.step.mlir
// RUN: yoco-opt %t.step.mlir --yoco-step-to-fused="max-seq-len=64 prefill-chunk=8" -o %t.fused.mlir
// RUN: yoco-opt %t.fused.mlir --yoco-fused-to-planned -o %t.planned.mlir
// RUN: yoco-opt %t.planned.mlir --yoco-planned-to-program -o %t.program.mlir
// RUN: FileCheck %s --check-prefix=STEP < %t.step.mlir
// RUN: FileCheck %s --check-prefix=FUSED < %t.fused.mlir
// RUN: FileCheck %s --check-prefix=PLANNED < %t.planned.mlir
// RUN: FileCheck %s --check-prefix=PROGRAM < %t.program.mlir

// All at once is the same, and twice the same is the same.
// RUN: yoco-opt %s --yoco-compile="max-seq-len=64 prefill-chunk=8" | diff %t.program.mlir -
// RUN: yoco-opt %s --yoco-compile="max-seq-len=64 prefill-chunk=8" | diff %t.program.mlir -

// Plans are made in two ways.
// RUN: yoco-opt %t.fused.mlir --yoco-fused-to-planned=mode=naive | FileCheck %s --check-prefix=PLANNED
// RUN: not yoco-opt %t.fused.mlir --yoco-fused-to-planned=mode=clever 2>&1 | FileCheck %s --check-prefix=MODE
// MODE: error: yoco-plan-memory: expected `packed` or `naive` as `mode`, got `clever`

// A phase too early or too late.
// RUN: not yoco-opt %s --yoco-step-to-fused 2>&1 | FileCheck %s --check-prefix=EARLY
// EARLY: error: yoco-assign-target: expected a module in phase `step`, got one in phase `model`
// RUN: not yoco-opt %t.step.mlir --yoco-model-to-step 2>&1 | FileCheck %s --check-prefix=LATE
// LATE: error: yoco-inline-decoders: expected a module in phase `model`, got one in phase `step`

// STEP: yoco.phase = #yoco.phase<step>
// STEP: func.func @prefill
// STEP: func.func @decode
// STEP: func.func @score
// FUSED: yoco.bounds = #yoco.bounds<seq = 64, batch = 1, chunk = 8, wanted = 256>, yoco.phase = #yoco.phase<fused>
// FUSED: yoco.fused_linear
// PLANNED: yoco.phase = #yoco.phase<planned>
// PLANNED: yoco.arena @persistent
// PROGRAM: yoco.phase = #yoco.phase<program>
// PROGRAM: yoco.launch @kernels::
// PROGRAM: module @kernels
module attributes {yoco.phase = #yoco.phase<model>} {
  yoco.parameter @e : tensor<32x8xf32> from "e"
  yoco.parameter @k : tensor<8x8xf32> from "k"
  func.func @forward(%ids: tensor<?xi32>) -> tensor<?x32xf32> {
    %c0 = arith.constant 0 : index
    %rows = tensor.dim %ids, %c0 : tensor<?xi32>
    %x = yoco.embed %ids, @e : tensor<?x8xf32>
    %0 = yoco.linear %x, @k : tensor<?x8xf32> -> tensor<?x8xf32>
    %k = tensor.expand_shape %0 [[0], [1, 2]] output_shape [%rows, 2, 4] : tensor<?x8xf32> into tensor<?x2x4xf32>
    %y = yoco.cross_decoder %x sharing(%k) : (tensor<?x8xf32>, tensor<?x2x4xf32>) -> tensor<?x8xf32> {
    ^bb0(%a: tensor<?x8xf32>, %s: tensor<?x2x4xf32>):
      %q = tensor.expand_shape %a [[0], [1, 2]] output_shape [%rows, 2, 4] : tensor<?x8xf32> into tensor<?x2x4xf32>
      %o = yoco.attention %q, %s, %s {scale = 0.5 : f32} : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32> -> tensor<?x2x4xf32>
      %f = tensor.collapse_shape %o [[0], [1, 2]] : tensor<?x2x4xf32> into tensor<?x8xf32>
      %r = arith.addf %a, %f : tensor<?x8xf32>
      yoco.yield %r : tensor<?x8xf32>
    }
    %l = yoco.linear %y, @e : tensor<?x8xf32> -> tensor<?x32xf32>
    return %l : tensor<?x32xf32>
  }
}
