// What passes count is printed to stderr, and what is 0 is not.
//
// RUN: yoco-opt %s --yoco-assign-element-types --yoco-pass-statistics -o /dev/null 2>&1 | FileCheck %s --strict-whitespace
// RUN: yoco-opt %s --yoco-assign-element-types -o /dev/null 2>&1 | FileCheck %s --check-prefix=SILENT --allow-empty

// CHECK:pass                       statistic         value  description
// CHECK-NEXT:yoco-assign-element-types  num-rows              1  Number of row tensors in the storage type
// CHECK-NOT:num-states
// SILENT-NOT: statistic
module attributes {yoco.target = #yoco.target<"nvptx", "sm_90a", bf16>,
                   yoco.bounds = #yoco.bounds<seq = 64, batch = 1, chunk = 16, wanted = 16>} {
  yoco.parameter @w : tensor<8x8xbf16> from "w"
  func.func @prefill(%ids: tensor<?xi32>, %s: !yoco.segments, %x: tensor<?x8xf32>) -> tensor<?x8xf32>
      attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = all>} {
    %n = yoco.fused_norm %x {eps = 1.0e-5 : f32} : (tensor<?x8xf32>) -> tensor<?x8xf32>
    %y = yoco.fused_linear %n weights [@w] : (tensor<?x8xf32>) -> tensor<?x8xf32>
    return %y : tensor<?x8xf32>
  }
}
