// A pass on a module of another phase says so in one line. yoco-opt shows the place of an error and not the whole module.
//
// RUN: not yoco-opt %S/../../docs/phases/fused.mlir --yoco-outline-kernels 2>&1 | FileCheck %s --check-prefix=OUTLINE --implicit-check-not=note: --implicit-check-not=yoco.fused
// RUN: not yoco-opt %S/../../docs/phases/model.mlir --yoco-prune-rows --yoco-bufferize 2>&1 | FileCheck %s --check-prefix=BUFFERIZE --implicit-check-not=note:
// RUN: not yoco-opt %S/../../docs/phases/step.mlir --yoco-model-to-step 2>&1 | FileCheck %s --check-prefix=MODEL
// RUN: not yoco-opt %S/../../docs/phases/model.mlir --yoco-step-to-fused 2>&1 | FileCheck %s --check-prefix=STEP
// RUN: not yoco-opt %S/../../docs/phases/step.mlir --yoco-fused-to-planned 2>&1 | FileCheck %s --check-prefix=FUSED
// RUN: not yoco-opt %S/../../docs/phases/step.mlir --yoco-planned-to-program 2>&1 | FileCheck %s --check-prefix=PLANNED
// RUN: not yoco-opt %S/../../docs/phases/planned.mlir --yoco-verify-states 2>&1 | FileCheck %s --check-prefix=STATES
//
// OUTLINE: fused.mlir:{{.+}}: error: yoco-outline-kernels: expected a module in phase `planned`, got one in phase `fused`
// BUFFERIZE: error: yoco-bufferize: expected a module in phase `fused`, got one in phase `model`
// MODEL: error: yoco-inline-decoders: expected a module in phase `model`, got one in phase `step`
// STEP: error: yoco-assign-target: expected a module in phase `step`, got one in phase `model`
// FUSED: error: yoco-bufferize: expected a module in phase `fused`, got one in phase `step`
// PLANNED: error: yoco-outline-kernels: expected a module in phase `planned`, got one in phase `step`
// STATES: error: yoco-verify-states: expected a module in phase `model` or `step` or `fused`, got one in phase `planned`
//
// A module that says no phase is taken as it is; what a pass cannot work on is an error of its own.
// RUN: not yoco-opt %s --yoco-outline-kernels 2>&1 | FileCheck %s --check-prefix=TENSORS --implicit-check-not=note:
// TENSORS: wrong-phase.mlir:[[@LINE+5]]:{{.+}}: error: 'yoco.fused_norm' op expected an operation on buffers, got one on tensors

module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
  func.func @f(%x: tensor<?x8xf32>) -> tensor<?x8xf32>
      attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all>} {
    %0 = yoco.fused_norm %x {eps = 0.0 : f32} : (tensor<?x8xf32>) -> tensor<?x8xf32>
    return %0 : tensor<?x8xf32>
  }
}
