// What is proved of states is proved of one that no pass knows.
//
// RUN: yoco-toys-opt %s --yoco-verify-states --verify-diagnostics

yoco.state_decl @history : !toy_state.history<8>
func.func @decode(%ids: tensor<?xi32>, %s: !yoco.segments, %h: !toy_state.history<8> {yoco.state = @history}, %x: tensor<?x8xf32>)
    -> !toy_state.history<8> attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = none>} {
  // expected-error @+1 {{expected a state to be written once, got a second write}}
  %0, %h0 = toy_state.step_total %x at %s from %h : tensor<?x8xf32>, !toy_state.history<8>
  // expected-note @+1 {{it is written here too}}
  %1, %h1 = toy_state.step_total %x at %s from %h : tensor<?x8xf32>, !toy_state.history<8>
  return %h1 : !toy_state.history<8>
}
