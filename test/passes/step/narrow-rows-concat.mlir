// RUN: yoco-opt %s --yoco-narrow-rows | FileCheck %s

// Rows side by side need the same rows of what they are made of.

module attributes {yoco.phase = #yoco.phase<step>} {
  yoco.parameter @embed : tensor<16x8xbf16> from "embed"
  yoco.parameter @w : tensor<3x8xbf16> from "w"
  // CHECK-LABEL: func.func @extend
  func.func @extend(%ids: tensor<?xi32>, %segments: !yoco.segments) -> tensor<?x11xf32>
      attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = from w-0>} {
    // CHECK: %[[IDS:.+]] = yoco.narrow %{{.*}} at %{{.*}} to %{{.*}} : tensor<?xi32>
    // CHECK-NEXT: %[[A:.+]] = yoco.embed %[[IDS]]
    // CHECK-NEXT: %[[B:.+]] = yoco.linear %[[A]]
    // CHECK-NEXT: tensor.concat dim(1) %[[A]], %[[B]]
    %a = yoco.embed %ids, @embed : tensor<?x8xf32>
    %b = yoco.linear %a, @w : tensor<?x8xf32> -> tensor<?x3xf32>
    %y = tensor.concat dim(1) %a, %b : (tensor<?x8xf32>, tensor<?x3xf32>) -> tensor<?x11xf32>
    return %y : tensor<?x11xf32>
  }
}
