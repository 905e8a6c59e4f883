// What yoco-derive-states refuses.
//
// RUN: yoco-opt %s --split-input-file --verify-diagnostics --yoco-derive-states
// RUN: not yoco-opt %s --split-input-file --yoco-derive-states=entries=other 2>&1 | FileCheck %s --check-prefix=ENTRY
// RUN: not yoco-opt %s --split-input-file --yoco-derive-states=entries=decode,decode 2>&1 | FileCheck %s --check-prefix=TWICE
// ENTRY: error: expected entries of `prefill`, `decode`, `score`, `sample`, `extend`, `extend_sample` and `extend_logprobs`, got `other`
// TWICE: error: expected no symbol @decode before its entry point is made, got one

// expected-error @+1 {{expected a function @forward with a body, got none}}
module {
}

// -----

// expected-error @+1 {{expected a function @forward with a body, got none}}
module {
  func.func private @forward(tensor<?xi32>) -> tensor<?x8xf32>
}

// -----

module {
  // expected-error @+1 {{expected @forward to map ids (tensor<?xi32>) to logits (tensor<?xVxf32>), got '() -> ()'}}
  func.func @forward() {
    return
  }
}

// -----

module {
  // expected-error @+1 {{expected @forward to map ids (tensor<?xi32>) to logits (tensor<?xVxf32>), got '(tensor<?xi64>) -> tensor<?x8xf32>'}}
  func.func @forward(%ids: tensor<?xi64>) -> tensor<?x8xf32> {
    %c0 = arith.constant 0 : index
    %c = arith.constant 0.0 : f32
    %rows = tensor.dim %ids, %c0 : tensor<?xi64>
    %x = tensor.splat %c[%rows] : tensor<?x8xf32>
    return %x : tensor<?x8xf32>
  }
}

// -----

module {
  // expected-error @+1 {{got '(tensor<?xi32>) -> tensor<?x?xf32>'}}
  func.func @forward(%ids: tensor<?xi32>) -> tensor<?x?xf32> {
    %c0 = arith.constant 0 : index
    %c = arith.constant 0.0 : f32
    %rows = tensor.dim %ids, %c0 : tensor<?xi32>
    %x = tensor.splat %c[%rows, %rows] : tensor<?x?xf32>
    return %x : tensor<?x?xf32>
  }
}

// -----

module {
  // expected-error @+1 {{expected @forward to have one block, got 2}}
  func.func @forward(%ids: tensor<?xi32>) -> tensor<?x8xf32> {
    %c0 = arith.constant 0 : index
    %c = arith.constant 0.0 : f32
    %rows = tensor.dim %ids, %c0 : tensor<?xi32>
    %x = tensor.splat %c[%rows] : tensor<?x8xf32>
    cf.br ^bb1
  ^bb1:
    return %x : tensor<?x8xf32>
  }
}

// -----

module {
  yoco.parameter @e : tensor<16x8xf32> from "e"
  func.func @forward(%ids: tensor<?xi32>) -> tensor<?x8xf32> {
    %x = yoco.embed %ids, @e : tensor<?x8xf32>
    // expected-error @+1 {{expected decoders to be inlined first (yoco-inline-decoders), got 'yoco.self_decoder'}}
    %y = yoco.self_decoder %x : tensor<?x8xf32> -> tensor<?x8xf32> {
    ^bb0(%a: tensor<?x8xf32>):
      yoco.yield %a : tensor<?x8xf32>
    }
    return %y : tensor<?x8xf32>
  }
}

// -----

module {
  yoco.parameter @e : tensor<16x8xf32> from "e"
  func.func @forward(%ids: tensor<?xi32>) -> tensor<?x8xf32> {
    %c0 = arith.constant 0 : index
    %true = arith.constant true
    %rows = tensor.dim %ids, %c0 : tensor<?xi32>
    %x = yoco.embed %ids, @e : tensor<?x8xf32>
    %k = tensor.expand_shape %x [[0], [1, 2]] output_shape [%rows, 1, 8] : tensor<?x8xf32> into tensor<?x1x8xf32>
    scf.if %true {
      // expected-error @+1 {{expected row mixers in the body of @forward itself, got 'yoco.attention' in a nested region}}
      %0 = yoco.attention %k, %k, %k {scale = 1.0 : f32} : tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32> -> tensor<?x1x8xf32>
    }
    return %x : tensor<?x8xf32>
  }
}

// -----

// expected-error @+1 {{expected no symbol @decode before its entry point is made, got one}}
module {
  yoco.parameter @decode : tensor<16x8xf32> from "e"
  func.func @forward(%ids: tensor<?xi32>) -> tensor<?x8xf32> {
    %x = yoco.embed %ids, @decode : tensor<?x8xf32>
    return %x : tensor<?x8xf32>
  }
}
