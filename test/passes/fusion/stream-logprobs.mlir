// RUN: yoco-opt %s --split-input-file --yoco-stream-logprobs=block=64 | FileCheck %s
// RUN: not yoco-opt %s --split-input-file --yoco-stream-logprobs=block=65 2>&1 | FileCheck %s --check-prefix=BLOCK
// BLOCK: error: expected blocks of a multiple of 64 columns, got 65

// Logits are made in blocks of the rows of one matrix, and only partial rows go from block to block.

module attributes {yoco.phase = #yoco.phase<step>, yoco.target = #yoco.target<"host", "x86-64-v3", f32>,
                   yoco.bounds = #yoco.bounds<seq = 64, batch = 1, chunk = 16, wanted = 16>} {
  yoco.parameter @head : tensor<150x8xbf16> from "head"
  // CHECK-LABEL: func.func @extend(
  // CHECK-SAME: %[[TARGETS:[^:]+]]: tensor<?xi32>, %[[X:[^:]+]]: tensor<?x8xf32>)
  // CHECK-NEXT: %[[T:.+]] = yoco.fused_target_logits %[[X]], %[[TARGETS]] weight @head {yoco.layer = "head"}
  // CHECK-NEXT: %[[L0:.+]] = yoco.fused_linear %[[X]] weights [@head] {first_row = 0 : i64, yoco.layer = "head"} : (tensor<?x8xf32>) -> tensor<?x64xf32>
  // CHECK-NEXT: %[[P0:.+]] = yoco.fused_logprobs %[[L0]], %[[TARGETS]] target_logits %[[T]] {best = 2 : i64, partial, yoco.layer = "out"}
  // CHECK-NEXT: %[[L1:.+]] = yoco.fused_linear %[[X]] weights [@head] {first_row = 64 : i64, yoco.layer = "head"} : (tensor<?x8xf32>) -> tensor<?x64xf32>
  // CHECK-NEXT: %[[P1:.+]] = yoco.fused_logprobs %[[L1]], %[[TARGETS]] target_logits %[[T]] after %[[P0]] {best = 2 : i64, partial
  // CHECK-NEXT: %[[L2:.+]] = yoco.fused_linear %[[X]] weights [@head] {first_row = 128 : i64, yoco.layer = "head"} : (tensor<?x8xf32>) -> tensor<?x22xf32>
  // CHECK-NEXT: %[[P2:.+]] = yoco.fused_logprobs %[[L2]], %[[TARGETS]] target_logits %[[T]] after %[[P1]] {best = 2 : i64, yoco.layer
  // CHECK-NEXT: return %[[P2]]
  func.func @extend(%ids: tensor<?xi32>, %s: !yoco.segments, %targets: tensor<?xi32>, %x: tensor<?x8xf32>)
      -> tensor<?x7xf32> attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logprobs = from w-0>} {
    %l = yoco.linear %x, @head {yoco.layer = "head"} : tensor<?x8xf32> -> tensor<?x150xf32>
    %p = yoco.row_logprobs %l, %targets {best = 2 : i64, yoco.layer = "out"} : tensor<?x150xf32>, tensor<?xi32> -> tensor<?x7xf32>
    return %p : tensor<?x7xf32>
  }
}

// -----

// What is done to single logits is done to those of a block, and to the target's.

module attributes {yoco.phase = #yoco.phase<step>, yoco.target = #yoco.target<"nvptx", "sm_90a", bf16>,
                   yoco.bounds = #yoco.bounds<seq = 64, batch = 1, chunk = 16, wanted = 16>} {
  yoco.parameter @head : tensor<100x8xbf16> from "head"
  // CHECK-LABEL: func.func @capped(
  // CHECK: %[[C:.+]] = arith.constant 5.000000e-01
  // CHECK: %[[T:.+]] = yoco.fused_target_logits
  // CHECK: %[[S:.+]] = tensor.splat %[[C]][%{{.+}}] : tensor<?x1xf32>
  // CHECK-NEXT: %[[H:.+]] = arith.mulf %[[T]], %[[S]] : tensor<?x1xf32>
  // CHECK-NEXT: %[[U:.+]] = yoco.soft_cap %[[H]] {cap = 3.000000e+01 : f32} : tensor<?x1xf32>
  // CHECK: %[[L:.+]] = yoco.fused_linear {{.*}} -> tensor<?x64xf32>
  // CHECK: arith.mulf %[[L]], %{{.+}} : tensor<?x64xf32>
  // CHECK: %[[M:.+]] = yoco.soft_cap {{.*}} : tensor<?x64xf32>
  // CHECK: %[[P:.+]] = yoco.fused_logprobs %[[M]], %{{.+}} target_logits %[[U]] {
  // CHECK: arith.mulf %{{.+}}, %{{.+}} : tensor<?x36xf32>
  // CHECK: %[[N:.+]] = yoco.soft_cap {{.*}} : tensor<?x36xf32>
  // CHECK: yoco.fused_logprobs %[[N]], %{{.+}} target_logits %[[U]] after %[[P]] {
  // CHECK-NOT: tensor<?x100xf32>
  func.func @capped(%ids: tensor<?xi32>, %s: !yoco.segments, %targets: tensor<?xi32>, %x: tensor<?x8xf32>)
      -> tensor<?x7xf32> attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logprobs = from w-0>} {
    %half = arith.constant 0.5 : f32
    %c0 = arith.constant 0 : index
    %rows = tensor.dim %x, %c0 : tensor<?x8xf32>
    %factor = tensor.splat %half[%rows] : tensor<?x100xf32>
    %l = yoco.linear %x, @head : tensor<?x8xf32> -> tensor<?x100xf32>
    %h = arith.mulf %l, %factor : tensor<?x100xf32>
    %c = yoco.soft_cap %h {cap = 30.0 : f32} : tensor<?x100xf32>
    %p = yoco.row_logprobs %c, %targets {best = 2 : i64} : tensor<?x100xf32>, tensor<?xi32> -> tensor<?x7xf32>
    return %p : tensor<?x7xf32>
  }
}

// -----

// Left alone, and counted as missed: logits that something else uses, those of a linear with a bias, those that are no function of single
// elements of a linear's result, and those that were elements of another type on their way.

module attributes {yoco.phase = #yoco.phase<step>, yoco.target = #yoco.target<"host", "x86-64-v3", f32>,
                   yoco.bounds = #yoco.bounds<seq = 64, batch = 1, chunk = 16, wanted = 16>} {
  yoco.parameter @head : tensor<100x8xbf16> from "head"
  yoco.parameter @small : tensor<64x8xbf16> from "small"
  yoco.parameter @bias : tensor<100xbf16> from "bias"
  // One block is enough.
  // CHECK-LABEL: func.func @one_block(
  // CHECK: yoco.row_logprobs
  func.func @one_block(%ids: tensor<?xi32>, %s: !yoco.segments, %targets: tensor<?xi32>, %x: tensor<?x8xf32>)
      -> tensor<?x7xf32> attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logprobs = from w-0>} {
    %l = yoco.linear %x, @small : tensor<?x8xf32> -> tensor<?x64xf32>
    %p = yoco.row_logprobs %l, %targets {best = 2 : i64} : tensor<?x64xf32>, tensor<?xi32> -> tensor<?x7xf32>
    return %p : tensor<?x7xf32>
  }

  // CHECK-LABEL: func.func @left(
  // CHECK-COUNT-5: yoco.row_logprobs
  // CHECK-NOT: yoco.fused
  func.func @left(%ids: tensor<?xi32>, %s: !yoco.segments, %targets: tensor<?xi32>, %x: tensor<?x8xf32>)
      -> (tensor<?x100xf32>, tensor<?x7xf32>, tensor<?x7xf32>, tensor<?x7xf32>, tensor<?x7xf32>, tensor<?x7xf32>)
      attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logprobs = from w-0>} {
    %l = yoco.linear %x, @head : tensor<?x8xf32> -> tensor<?x100xf32>
    %p = yoco.row_logprobs %l, %targets {best = 2 : i64} : tensor<?x100xf32>, tensor<?xi32> -> tensor<?x7xf32>
    %b = yoco.linear %x, @head bias @bias : tensor<?x8xf32> -> tensor<?x100xf32>
    %q = yoco.row_logprobs %b, %targets {best = 2 : i64} : tensor<?x100xf32>, tensor<?xi32> -> tensor<?x7xf32>
    %m = yoco.linear %x, @head : tensor<?x8xf32> -> tensor<?x100xf32>
    %n = yoco.linear %x, @head : tensor<?x8xf32> -> tensor<?x100xf32>
    %sum = arith.addf %m, %n : tensor<?x100xf32>
    %r = yoco.row_logprobs %sum, %targets {best = 2 : i64} : tensor<?x100xf32>, tensor<?xi32> -> tensor<?x7xf32>
    %o = yoco.linear %x, @head : tensor<?x8xf32> -> tensor<?x100xf32>
    %norm = yoco.norm %o {eps = 1.0e-5 : f32} : tensor<?x100xf32>
    %t = yoco.row_logprobs %norm, %targets {best = 2 : i64} : tensor<?x100xf32>, tensor<?xi32> -> tensor<?x7xf32>
    %u = yoco.linear %x, @head : tensor<?x8xf32> -> tensor<?x100xf32>
    %short = arith.truncf %u : tensor<?x100xf32> to tensor<?x100xbf16>
    %long = arith.extf %short : tensor<?x100xbf16> to tensor<?x100xf32>
    %v = yoco.row_logprobs %long, %targets {best = 2 : i64} : tensor<?x100xf32>, tensor<?xi32> -> tensor<?x7xf32>
    return %l, %p, %q, %r, %t, %v
        : tensor<?x100xf32>, tensor<?x7xf32>, tensor<?x7xf32>, tensor<?x7xf32>, tensor<?x7xf32>, tensor<?x7xf32>
  }
}
