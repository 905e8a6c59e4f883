// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A chip that ToyKernel.cpp registers: it can be named, an attention is divided for its multiprocessors, and kernels have no more
// shared memory than it has.
//
// RUN: yoco-toys-opt %s --yoco-assign-target=target=nvptx:sm_86 --yoco-split-attention | FileCheck %s
// RUN: not yoco-toys-opt %s --yoco-assign-target=target=nvptx:sm_70 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: error: expected sm_80, sm_90a or sm_86 as the processor of target `nvptx`, got 'sm_70'

!cache = !yoco.cache<heads = 4, width = 8, element = f32, window = 0, layout = contiguous>
module {
  yoco.state_decl @kv : !cache
  // Four blocks for each of 84 multiprocessors, of 4 heads: 84 parts.
  // CHECK: yoco.fused_attention {{.*}} splits = 84
  func.func @decode(%ids: tensor<?xi32>, %s: !yoco.segments, %q: tensor<?x32xf32>, %p: tensor<?xi32>, %c: !cache {yoco.state = @kv})
      -> (tensor<?x32xf32>, !cache) attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all>} {
    %o = yoco.fused_attention %q at %p, %s to %c, %c {heads = 4 : i64, scale = 0.5 : f32}
        : (tensor<?x32xf32>, tensor<?xi32>, !yoco.segments, !cache, !cache) -> tensor<?x32xf32>
    return %o, %c : tensor<?x32xf32>, !cache
  }
}
