// Retentions take in what stands around them, and only what nothing else uses.
//
// RUN: yoco-opt %s --yoco-fuse-retention --split-input-file --verify-diagnostics | FileCheck %s

#rope = #yoco.rope<interleaved, [1.0, 0.5]>

// Everything: both rotations, the gate with its divisor, the norm of each head, the swish gate. A step with one row per segment is
// recurrent; another works on spans of rows.
// CHECK-LABEL: func.func @decode
// CHECK-SAME: %[[IDS:.+]]: tensor<?xi32>, %[[SEG:.+]]: !yoco.segments, %[[T:[^:]+]]: !yoco.state<2x4x4xf32>
// CHECK-SAME: %[[Q:[^:]+]]: tensor<?x8xf32>, %[[K:[^:]+]]: tensor<?x8xf32>, %[[V:[^:]+]]: tensor<?x8xf32>, %[[G:[^:]+]]: tensor<?x2xf32>, %[[W:[^:]+]]: tensor<?x8xf32>
// CHECK: %[[POS:.+]] = yoco.positions %[[IDS]] at %[[SEG]]
// CHECK-NOT: yoco.rope
// CHECK: %[[O:.+]]:2 = yoco.fused_retention %[[Q]], %[[K]], %[[V]], %[[G]] at %[[POS]], %[[SEG]] from %[[T]] swish %[[W]]
// CHECK-SAME: {eps = 9.99999974E-6 : f32, gate_divisor = 1.600000e+01 : f32, rope = #{{.+}}, scale = 5.000000e-01 : f32, yoco.layer = "0"}
// CHECK-NEXT: return %[[O]]#0, %[[O]]#1
// CHECK-LABEL: func.func @prefill
// CHECK: yoco.fused_retention {{.*}}span = {{[1-9][0-9]*}} : i64
module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
  func.func @decode(%ids: tensor<?xi32>, %seg: !yoco.segments, %t: !yoco.state<2x4x4xf32> {yoco.state = @s}, %q: tensor<?x8xf32>,
                    %k: tensor<?x8xf32>, %v: tensor<?x8xf32>, %g: tensor<?x2xf32>, %w: tensor<?x8xf32>)
      -> (tensor<?x8xf32>, !yoco.state<2x4x4xf32>) attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all>} {
    %c0 = arith.constant 0 : index
    %rows = tensor.dim %ids, %c0 : tensor<?xi32>
    %pos = yoco.positions %ids at %seg : tensor<?xi32>
    %q0 = tensor.expand_shape %q [[0], [1, 2]] output_shape [%rows, 2, 4] : tensor<?x8xf32> into tensor<?x2x4xf32>
    %k0 = tensor.expand_shape %k [[0], [1, 2]] output_shape [%rows, 2, 4] : tensor<?x8xf32> into tensor<?x2x4xf32>
    %v0 = tensor.expand_shape %v [[0], [1, 2]] output_shape [%rows, 2, 4] : tensor<?x8xf32> into tensor<?x2x4xf32>
    %q1 = yoco.rope %q0, %pos {rope = #rope} : tensor<?x2x4xf32>
    %k1 = yoco.rope %k0, %pos {rope = #rope} : tensor<?x2x4xf32>
    %a = yoco.log_sigmoid %g : tensor<?x2xf32>
    %c16 = arith.constant 16.0 : f32
    %d = tensor.splat %c16[%rows] : tensor<?x2xf32>
    %b = arith.divf %a, %d : tensor<?x2xf32>
    %o, %u = yoco.step_retention %q1, %k1, %v0, %b at %seg from %t {scale = 0.5 : f32, yoco.layer = "0"}
        : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2xf32>, !yoco.state<2x4x4xf32> -> tensor<?x2x4xf32>
    %n = yoco.norm %o {eps = 1.0e-5 : f32} : tensor<?x2x4xf32>
    %f = tensor.collapse_shape %n [[0], [1, 2]] : tensor<?x2x4xf32> into tensor<?x8xf32>
    %sw = yoco.silu %w : tensor<?x8xf32>
    %y = arith.mulf %sw, %f : tensor<?x8xf32>
    return %y, %u : tensor<?x8xf32>, !yoco.state<2x4x4xf32>
  }
  func.func @prefill(%ids: tensor<?xi32>, %seg: !yoco.segments, %t: !yoco.state<2x4x4xf32> {yoco.state = @s}, %q: tensor<?x2x4xf32>, %g: tensor<?x2xf32>)
      -> !yoco.state<2x4x4xf32> attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
    %o, %u = yoco.step_retention %q, %q, %q, %g at %seg from %t {scale = 0.5 : f32}
        : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2xf32>, !yoco.state<2x4x4xf32> -> tensor<?x2x4xf32>
    return %u : !yoco.state<2x4x4xf32>
  }
}

// -----

// Nothing: the frequencies of query and key differ, the gate is no log-sigmoid, the norm has a weight.
// CHECK-LABEL: func.func @decode
// CHECK: yoco.rope
// CHECK: yoco.rope
// CHECK: %[[G:.+]] = math.sqrt
// CHECK: yoco.fused_retention %{{.+}}, %{{.+}}, %{{.+}}, %[[G]] at %{{.+}} from %{{[^ ]+}} {scale = 5.000000e-01 : f32}
// CHECK: yoco.norm {{.*}} weight @n
// CHECK: arith.mulf
module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
  yoco.parameter @n : tensor<4xf32> from "n"
  func.func @decode(%ids: tensor<?xi32>, %seg: !yoco.segments, %t: !yoco.state<2x4x4xf32> {yoco.state = @s}, %q: tensor<?x2x4xf32>,
                    %k: tensor<?x2x4xf32>, %g: tensor<?x2xf32>, %w: tensor<?x8xf32>)
      -> (tensor<?x8xf32>, !yoco.state<2x4x4xf32>) attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all>} {
    %pos = yoco.positions %ids at %seg : tensor<?xi32>
    %q1 = yoco.rope %q, %pos {rope = #yoco.rope<half, [1.0, 0.5]>} : tensor<?x2x4xf32>
    %k1 = yoco.rope %k, %pos {rope = #yoco.rope<half, [1.0, 0.25]>} : tensor<?x2x4xf32>
    %b = math.sqrt %g : tensor<?x2xf32>
    %o, %u = yoco.step_retention %q1, %k1, %k, %b at %seg from %t {scale = 0.5 : f32}
        : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2xf32>, !yoco.state<2x4x4xf32> -> tensor<?x2x4xf32>
    %n = yoco.norm %o weight @n {eps = 1.0e-5 : f32} : tensor<?x2x4xf32>
    %f = tensor.collapse_shape %n [[0], [1, 2]] : tensor<?x2x4xf32> into tensor<?x8xf32>
    %sw = yoco.silu %w : tensor<?x8xf32>
    %y = arith.mulf %sw, %f : tensor<?x8xf32>
    return %y, %u : tensor<?x8xf32>, !yoco.state<2x4x4xf32>
  }
}

// -----

// Each of rotation, gate and norm has another user; what is taken in stays for it.
// CHECK-LABEL: func.func @decode
// CHECK-DAG: %[[Q:.+]] = yoco.rope
// CHECK-DAG: yoco.rope
// CHECK-DAG: %[[A:.+]] = yoco.log_sigmoid
// CHECK: yoco.fused_retention %{{.+}}, %{{.+}}, %{{.+}}, %[[A]] at %{{.+}} from %{{[^ ]+}} {eps = 9.99999974E-6 : f32, scale = 5.000000e-01 : f32}
// CHECK: yoco.silu
// CHECK: arith.mulf
module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
  func.func @decode(%ids: tensor<?xi32>, %seg: !yoco.segments, %t: !yoco.state<2x4x4xf32> {yoco.state = @s}, %q: tensor<?x2x4xf32>,
                    %g: tensor<?x2xf32>, %w: tensor<?x8xf32>)
      -> (tensor<?x8xf32>, tensor<?x2x4xf32>, tensor<?x2xf32>, tensor<?x8xf32>, !yoco.state<2x4x4xf32>)
      attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all>} {
    %pos = yoco.positions %ids at %seg : tensor<?xi32>
    %q1 = yoco.rope %q, %pos {rope = #yoco.rope<half, [1.0, 0.5]>} : tensor<?x2x4xf32>
    %k1 = yoco.rope %q, %pos {rope = #yoco.rope<half, [1.0, 0.5]>} : tensor<?x2x4xf32>
    %a = yoco.log_sigmoid %g : tensor<?x2xf32>
    %o, %u = yoco.step_retention %q1, %k1, %q, %a at %seg from %t {scale = 0.5 : f32}
        : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2xf32>, !yoco.state<2x4x4xf32> -> tensor<?x2x4xf32>
    %n = yoco.norm %o {eps = 1.0e-5 : f32} : tensor<?x2x4xf32>
    %f = tensor.collapse_shape %n [[0], [1, 2]] : tensor<?x2x4xf32> into tensor<?x8xf32>
    %sw = yoco.silu %w : tensor<?x8xf32>
    %y = arith.mulf %sw, %f : tensor<?x8xf32>
    return %y, %q1, %a, %f, %u : tensor<?x8xf32>, tensor<?x2x4xf32>, tensor<?x2xf32>, tensor<?x8xf32>, !yoco.state<2x4x4xf32>
  }
}

// -----

// Rotations by other positions than the rows' own stay, and so does a norm when the retention itself has another user, and when the
// next state has one that must stand after it.
// CHECK-LABEL: func.func @positions
// CHECK-COUNT-2: yoco.rope
// CHECK: yoco.fused_retention
// CHECK-LABEL: func.func @norm
// CHECK: yoco.fused_retention {{.*}} {scale = 5.000000e-01 : f32}
// CHECK: yoco.norm
// CHECK-LABEL: func.func @twice
// CHECK: %[[A:.+]]:2 = yoco.fused_retention
// CHECK: yoco.fused_retention {{.*}} from %[[A]]#1
module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
  func.func @positions(%ids: tensor<?xi32>, %seg: !yoco.segments, %t: !yoco.state<2x4x4xf32> {yoco.state = @s}, %q: tensor<?x2x4xf32>,
                       %g: tensor<?x2xf32>) -> (tensor<?x2x4xf32>, !yoco.state<2x4x4xf32>)
      attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all>} {
    %q1 = yoco.rope %q, %ids {rope = #yoco.rope<half, [1.0, 0.5]>} : tensor<?x2x4xf32>
    %k1 = yoco.rope %q, %ids {rope = #yoco.rope<half, [1.0, 0.5]>} : tensor<?x2x4xf32>
    %o, %u = yoco.step_retention %q1, %k1, %q, %g at %seg from %t {scale = 0.5 : f32}
        : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2xf32>, !yoco.state<2x4x4xf32> -> tensor<?x2x4xf32>
    return %o, %u : tensor<?x2x4xf32>, !yoco.state<2x4x4xf32>
  }
  func.func @norm(%ids: tensor<?xi32>, %seg: !yoco.segments, %t: !yoco.state<2x4x4xf32> {yoco.state = @s}, %q: tensor<?x2x4xf32>,
                  %g: tensor<?x2xf32>) -> (tensor<?x2x4xf32>, tensor<?x2x4xf32>, !yoco.state<2x4x4xf32>)
      attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all>} {
    %o, %u = yoco.step_retention %q, %q, %q, %g at %seg from %t {scale = 0.5 : f32}
        : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2xf32>, !yoco.state<2x4x4xf32> -> tensor<?x2x4xf32>
    %n = yoco.norm %o {eps = 1.0e-5 : f32} : tensor<?x2x4xf32>
    return %o, %n, %u : tensor<?x2x4xf32>, tensor<?x2x4xf32>, !yoco.state<2x4x4xf32>
  }
  func.func @twice(%ids: tensor<?xi32>, %seg: !yoco.segments, %t: !yoco.state<2x4x4xf32> {yoco.state = @s}, %q: tensor<?x2x4xf32>,
                   %g: tensor<?x2xf32>) -> (tensor<?x2x4xf32>, tensor<?x2x4xf32>, !yoco.state<2x4x4xf32>)
      attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all>} {
    %o, %u = yoco.step_retention %q, %q, %q, %g at %seg from %t {scale = 0.5 : f32}
        : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2xf32>, !yoco.state<2x4x4xf32> -> tensor<?x2x4xf32>
    %p, %w = yoco.step_retention %q, %q, %q, %g at %seg from %u {scale = 0.5 : f32}
        : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2xf32>, !yoco.state<2x4x4xf32> -> tensor<?x2x4xf32>
    %n = yoco.norm %o {eps = 1.0e-5 : f32} : tensor<?x2x4xf32>
    return %n, %p, %w : tensor<?x2x4xf32>, tensor<?x2x4xf32>, !yoco.state<2x4x4xf32>
  }
}

// -----

module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
  func.func @decode(%t: !yoco.state<2x4x4xf32> {yoco.state = @s}, %seg: !yoco.segments, %q: tensor<?x2x4xf32>, %g: tensor<?x2xf32>)
      -> !yoco.state<2x4x4xf32> attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = none>} {
    // expected-error @+1 {{expected a function of ids and segments (tensor<?xi32>, !yoco.segments, ...), got '(!yoco.state<2x4x4xf32>, !yoco.segments, tensor<?x2x4xf32>, tensor<?x2xf32>) -> !yoco.state<2x4x4xf32>'}}
    %o, %u = yoco.step_retention %q, %q, %q, %g at %seg from %t {scale = 0.5 : f32}
        : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2xf32>, !yoco.state<2x4x4xf32> -> tensor<?x2x4xf32>
    return %u : !yoco.state<2x4x4xf32>
  }
}

// -----

// expected-error @+1 {{expected a module with `yoco.target` around it, got none}}
module {
}
