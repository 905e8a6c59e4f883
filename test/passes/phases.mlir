// The example of docs/Phases.md: each checked-in phase compiles into the next.
//
// RUN: yoco-opt %S/../../docs/phases/model.mlir --yoco-model-to-step | diff %S/../../docs/phases/step.mlir -
// RUN: yoco-opt %S/../../docs/phases/step.mlir --yoco-step-to-fused="max-seq-len=64 prefill-chunk=16" | diff %S/../../docs/phases/fused.mlir -
// RUN: yoco-opt %S/../../docs/phases/fused.mlir --yoco-fused-to-planned | diff %S/../../docs/phases/planned.mlir -
// RUN: yoco-opt %S/../../docs/phases/planned.mlir --yoco-outline-kernels | diff %S/../../docs/phases/outlined.mlir -
// RUN: yoco-opt %S/../../docs/phases/planned.mlir --yoco-planned-to-program | FileCheck %s

// CHECK: module attributes {{.*}}yoco.phase = #yoco.phase<program>
// CHECK-LABEL: func.func @prefill
// CHECK: yoco.launch @kernels::@linear_0
// CHECK: yoco.launch @kernels::@retention_0
// CHECK: yoco.launch @kernels::@cache_write_0
// CHECK-NEXT: return
// CHECK: module @kernels
// CHECK: scf.for
// CHECK-NOT: yoco.fused_
