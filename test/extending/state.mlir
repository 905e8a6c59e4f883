// A state that no pass knows goes from the mixer that has it to its place in memory.
//
// RUN: yoco-toys-opt %s --yoco-model-to-step | FileCheck %s --check-prefix=STEP

// It is declared, and each entry point takes a version and returns the next one. Prefill keeps the mixer for the sake of its
// state alone.
// STEP: yoco.state_decl @history_0 : !toy_state.history<8>
// STEP: func.func @prefill({{.*}}, %[[SEG:.+]]: !yoco.segments, %[[H:.+]]: !toy_state.history<8> {yoco.state = @history_0})
// STEP: %{{.+}}, %[[N:.+]] = toy_state.step_total %{{.+}} at %[[SEG]] from %[[H]]
// STEP-NEXT: return %[[N]]
// STEP-LABEL: func.func @decode
// STEP: %[[R:.+]], %[[N:.+]] = toy_state.step_total
// STEP: return %[[R]], %[[N]]
module attributes {yoco.phase = #yoco.phase<model>} {
  yoco.parameter @e : tensor<16x8xf32> from "e"
  func.func @forward(%ids: tensor<?xi32>) -> tensor<?x8xf32> {
    %e = yoco.embed %ids, @e : tensor<?x8xf32>
    %t = toy_state.running_total %e : tensor<?x8xf32>
    return %t : tensor<?x8xf32>
  }
}
