// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Passes from phase `step` to phase `fused`.

#ifndef YOCO_PASSES_FUSION_PASSES_TD
#define YOCO_PASSES_FUSION_PASSES_TD

include "mlir/Pass/PassBase.td"

def FuseRetentionPass : Pass<"yoco-fuse-retention", "::mlir::ModuleOp"> {
  let summary = "fuses retention with rope, gate, head norm and swish gate";
  let description = [{
    Each `yoco.step_retention` becomes one `yoco.fused_retention` on rows of side-by-side heads. What stands around it
    is taken in where it has no other user: the rotation of queries and keys (when both have the same frequencies), the
    log-sigmoid of the gate and its divisor, the norm of each head, the product with a swish gate. An entry point with
    one row per segment gets the recurrent form, others the form by spans of rows, as long as the target says. The
    projections before and the linear after are fused by `yoco-fuse-linear` and `yoco-fuse-epilogue`.

    Before:

    ```mlir
    func.func @decode(%ids: tensor<?xi32>, %s: !yoco.segments, %q: tensor<?x8xf32>, %g: tensor<?x2xf32>,
                      %t: !yoco.state<2x4x4xf32> {yoco.state = @t}) -> (tensor<?x2x4xf32>, !yoco.state<2x4x4xf32>)
        attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all>} {
      %c0 = arith.constant 0 : index
      %rows = tensor.dim %ids, %c0 : tensor<?xi32>
      %h = tensor.expand_shape %q [[0], [1, 2]] output_shape [%rows, 2, 4] : tensor<?x8xf32> into tensor<?x2x4xf32>
      %a = yoco.log_sigmoid %g : tensor<?x2xf32>
      %o, %u = yoco.step_retention %h, %h, %h, %a at %s from %t {scale = 0.5 : f32}
          : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2xf32>, !yoco.state<2x4x4xf32>
          -> tensor<?x2x4xf32>
      %y = yoco.norm %o {eps = 1.0e-5 : f32} : tensor<?x2x4xf32>
      return %y, %u : tensor<?x2x4xf32>, !yoco.state<2x4x4xf32>
    }
    ```

    After:

    ```mlir
    func.func @decode(%ids: tensor<?xi32>, %s: !yoco.segments, %q: tensor<?x8xf32>, %g: tensor<?x2xf32>,
                      %t: !yoco.state<2x4x4xf32> {yoco.state = @t}) -> (tensor<?x2x4xf32>, !yoco.state<2x4x4xf32>)
        attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all>} {
      %c0 = arith.constant 0 : index
      %pos = yoco.positions %ids at %s : tensor<?xi32>
      %f, %u = yoco.fused_retention %q, %q, %q, %g at %pos, %s from %t
          {scale = 0.5 : f32, gate_divisor = 1.0 : f32, eps = 1.0e-5 : f32, span = 0 : i64}
          : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x2xf32>, tensor<?xi32>, !yoco.segments,
             !yoco.state<2x4x4xf32>) -> (tensor<?x8xf32>, !yoco.state<2x4x4xf32>)
      %rows = tensor.dim %ids, %c0 : tensor<?xi32>
      %y = tensor.expand_shape %f [[0], [1, 2]] output_shape [%rows, 2, 4] : tensor<?x8xf32> into tensor<?x2x4xf32>
      return %y, %u : tensor<?x2x4xf32>, !yoco.state<2x4x4xf32>
    }
    ```
  }];
  let dependentDialects = ["::mlir::yoco::YocoDialect"];
  let statistics = [Statistic<"numFused", "fused", "Retentions fused">,
                    Statistic<"numRopes", "ropes", "Rotations taken in">,
                    Statistic<"numMissedRopes", "missed-ropes",
                              "Rotations that differ, or that something else needs too">,
                    Statistic<"numGates", "gates", "Log-sigmoid gates taken in">,
                    Statistic<"numNorms", "norms", "Head norms taken in">,
                    Statistic<"numSwishes", "swishes", "Swish gates taken in">];
}

def FuseAttentionPass : Pass<"yoco-fuse-attention", "::mlir::ModuleOp"> {
  let summary = "fuses attention with its cache and rope, and rope with the cache write";
  let description = [{
    Each `yoco.step_attention` becomes one `yoco.fused_attention` that reads the caches itself, through a window or not,
    and rotates its queries when nothing else uses them rotated. A `yoco.cache_write`, or two adjacent ones of the keys
    and the values of a layer, become one `yoco.fused_cache_write`, which rotates the keys when nothing else uses them
    rotated (a ring's keys are also attended to fresh, so they are rotated once, before).

    Before:

    ```mlir
    func.func @f(%ids: tensor<?xi32>, %s: !yoco.segments, %q: tensor<?x8xf32>,
                 %c: !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>,
                 %d: !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>)
        -> tensor<?x2x4xf32> {
      %c0 = arith.constant 0 : index
      %rows = tensor.dim %ids, %c0 : tensor<?xi32>
      %h = tensor.expand_shape %q [[0], [1, 2]] output_shape [%rows, 2, 4] : tensor<?x8xf32> into tensor<?x2x4xf32>
      %pos = yoco.positions %ids at %s : tensor<?xi32>
      %r = yoco.rope %h, %pos {rope = #yoco.rope<half, [1.0, 0.5]>} : tensor<?x2x4xf32>
      %k = yoco.cache_read %c at %s
          : !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous> -> tensor<?x1x4xf32>
      %v = yoco.cache_read %d at %s
          : !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous> -> tensor<?x1x4xf32>
      %o = yoco.step_attention %r at %s past(%k, %v) {scale = 0.5 : f32}
          : (tensor<?x2x4xf32>, !yoco.segments, tensor<?x1x4xf32>, tensor<?x1x4xf32>) -> tensor<?x2x4xf32>
      return %o : tensor<?x2x4xf32>
    }
    ```

    After:

    ```mlir
    func.func @f(%ids: tensor<?xi32>, %s: !yoco.segments, %q: tensor<?x8xf32>,
                 %c: !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>,
                 %d: !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>)
        -> tensor<?x2x4xf32> {
      %c0 = arith.constant 0 : index
      %pos = yoco.positions %ids at %s : tensor<?xi32>
      %f = yoco.fused_attention %q at %pos, %s to %c, %d
          {scale = 0.5 : f32, heads = 2 : i64, rope = #yoco.rope<half, [1.0, 0.5]>}
          : (tensor<?x8xf32>, tensor<?xi32>, !yoco.segments,
             !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>,
             !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>)
          -> tensor<?x8xf32>
      %rows = tensor.dim %ids, %c0 : tensor<?xi32>
      %o = tensor.expand_shape %f [[0], [1, 2]] output_shape [%rows, 2, 4] : tensor<?x8xf32> into tensor<?x2x4xf32>
      return %o : tensor<?x2x4xf32>
    }
    ```
  }];
  let dependentDialects = ["::mlir::yoco::YocoDialect"];
  let statistics = [Statistic<"numFused", "fused", "Attentions fused">,
                    Statistic<"numWrites", "writes", "Cache writes fused">,
                    Statistic<"numRopes", "ropes", "Rotations taken in">,
                    Statistic<"numMissedRopes", "missed-ropes", "Rotations that something else needs too">];
}

def FuseLinearPass : Pass<"yoco-fuse-linear", "::mlir::ModuleOp"> {
  let summary = "makes one product of all linears of one input, with its norm";
  let description = [{
    Linears of the same input and element type become one `yoco.fused_linear` over all their weights; each one's result
    is a slice of its columns. A norm whose only users are the group is taken in when the target can normalise rows
    itself. Biases are added to the group's result by arithmetic on rows, which all members of a group share when all
    have one.

    Before:

    ```mlir
    yoco.parameter @n : tensor<8xf32> from "n"
    yoco.parameter @q : tensor<8x8xf32> from "q"
    yoco.parameter @k : tensor<4x8xf32> from "k"
    func.func @f(%x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x4xf32>) {
      %y = yoco.norm %x weight @n {eps = 1.0e-5 : f32} : tensor<?x8xf32>
      %q = yoco.linear %y, @q : tensor<?x8xf32> -> tensor<?x8xf32>
      %k = yoco.linear %y, @k : tensor<?x8xf32> -> tensor<?x4xf32>
      return %q, %k : tensor<?x8xf32>, tensor<?x4xf32>
    }
    ```

    After:

    ```mlir
    yoco.parameter @n : tensor<8xf32> from "n"
    yoco.parameter @q : tensor<8x8xf32> from "q"
    yoco.parameter @k : tensor<4x8xf32> from "k"
    func.func @f(%x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x4xf32>) {
      %p = yoco.fused_linear %x weights [@q, @k] {eps = 1.0e-5 : f32, norm_weight = @n}
          : (tensor<?x8xf32>) -> tensor<?x12xf32>
      %c0 = arith.constant 0 : index
      %rows = tensor.dim %x, %c0 : tensor<?x8xf32>
      %q = tensor.extract_slice %p[0, 0] [%rows, 8] [1, 1] : tensor<?x12xf32> to tensor<?x8xf32>
      %k = tensor.extract_slice %p[0, 8] [%rows, 4] [1, 1] : tensor<?x12xf32> to tensor<?x4xf32>
      return %q, %k : tensor<?x8xf32>, tensor<?x4xf32>
    }
    ```
  }];
  let dependentDialects = ["::mlir::yoco::YocoDialect", "::mlir::linalg::LinalgDialect"];
  let statistics = [Statistic<"numGroups", "groups", "Linear groups made">,
                    Statistic<"numLinears", "linears", "Linears in them">,
                    Statistic<"numBiases", "biases", "Sums with biases">,
                    Statistic<"numNorms", "norms", "Norms taken in">,
                    Statistic<"numMissedNorms", "missed-norms",
                               "Norms left, for other users or since the target cannot">];
}

def FuseEpiloguePass : Pass<"yoco-fuse-epilogue", "::mlir::ModuleOp"> {
  let summary = "gives linear groups their activation and residual";
  let description = [{
    `act(a y) * (b y)` of the two halves of a group becomes its `swiglu` or `geglu`; an activation alone and the
    addition of a residual are taken in likewise, where the group's result has no other user.

    Before:

    ```mlir
    yoco.parameter @o : tensor<8x8xf32> from "o"
    func.func @f(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
      %y = yoco.fused_linear %x weights [@o] : (tensor<?x8xf32>) -> tensor<?x8xf32>
      %z = arith.addf %x, %y : tensor<?x8xf32>
      return %z : tensor<?x8xf32>
    }
    ```

    After:

    ```mlir
    yoco.parameter @o : tensor<8x8xf32> from "o"
    func.func @f(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
      %z = yoco.fused_linear %x residual %x weights [@o] : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
      return %z : tensor<?x8xf32>
    }
    ```
  }];
  let dependentDialects = ["::mlir::yoco::YocoDialect"];
  let statistics = [Statistic<"numActivations", "activations", "Activations taken in">,
                    Statistic<"numGated", "gated", "Gated activations (swiglu, geglu) taken in">,
                    Statistic<"numResiduals", "residuals", "Residual additions taken in">];
}

def FuseRowWisePass : Pass<"yoco-fuse-row-wise", "::mlir::ModuleOp"> {
  let summary = "makes kernels of the row-wise operations that no fusion took in";
  let description = [{
    Positions, embeddings, norms and ropes become their fused forms; what has none is decomposed into arithmetic on rows
    with broadcasts and sums along a row; chains of elementwise operations become one `linalg.generic` each.

    Before:

    ```mlir
    func.func @f(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
      %y = yoco.norm %x {eps = 1.0e-5 : f32} : tensor<?x8xf32>
      return %y : tensor<?x8xf32>
    }
    ```

    After:

    ```mlir
    func.func @f(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
      %y = yoco.fused_norm %x {eps = 1.0e-5 : f32} : (tensor<?x8xf32>) -> tensor<?x8xf32>
      return %y : tensor<?x8xf32>
    }
    ```
  }];
  let dependentDialects = ["::mlir::yoco::YocoDialect", "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect"];
  let statistics = [Statistic<"numKernels", "kernels", "Operations that became kernels of their own">,
                    Statistic<"numDecomposed", "decomposed", "Operations that became arithmetic on rows">,
                    Statistic<"numChains", "chains", "Elementwise chains">];
}

def SplitAttentionPass : Pass<"yoco-split-attention", "::mlir::ModuleOp"> {
  let summary = "divides attention to caches into parts that run side by side";
  let description = [{
    An attention for which the target asks for `S` parts, in the entry point that it is in, gives partial rows by parts
    of the positions, and a `yoco.fused_attention_merge` joins them. On targets that want no parts nothing changes.

    Before:

    ```mlir
    module attributes {yoco.target = #yoco.target<"nvptx", "sm_90a", f32>,
                       yoco.bounds = #yoco.bounds<seq = 64, batch = 1, chunk = 16, wanted = 16>} {
      func.func @decode(%ids: tensor<?xi32>, %s: !yoco.segments, %q: tensor<?x32xf32>, %pos: tensor<?xi32>,
                        %c: !yoco.cache<heads = 1, width = 16, element = f32, window = 0, layout = contiguous>,
                        %d: !yoco.cache<heads = 1, width = 16, element = f32, window = 0, layout = contiguous>)
          -> tensor<?x32xf32>
          attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all>} {
        %o = yoco.fused_attention %q at %pos, %s to %c, %d {scale = 0.25 : f32, heads = 2 : i64}
            : (tensor<?x32xf32>, tensor<?xi32>, !yoco.segments,
               !yoco.cache<heads = 1, width = 16, element = f32, window = 0, layout = contiguous>,
               !yoco.cache<heads = 1, width = 16, element = f32, window = 0, layout = contiguous>)
            -> tensor<?x32xf32>
        return %o : tensor<?x32xf32>
      }
    }
    ```

    After:

    ```mlir
    module attributes {yoco.target = #yoco.target<"nvptx", "sm_90a", f32>,
                       yoco.bounds = #yoco.bounds<seq = 64, batch = 1, chunk = 16, wanted = 16>} {
      func.func @decode(%ids: tensor<?xi32>, %s: !yoco.segments, %q: tensor<?x32xf32>, %p: tensor<?xi32>,
                        %k: !yoco.cache<heads = 1, width = 16, element = f32, window = 0, layout = contiguous>,
                        %v: !yoco.cache<heads = 1, width = 16, element = f32, window = 0, layout = contiguous>)
          -> tensor<?x32xf32> attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all>} {
        %parts = yoco.fused_attention %q at %p, %s to %k, %v {heads = 2 : i64, scale = 0.25 : f32, splits = 128 : i64}
            : (tensor<?x32xf32>, tensor<?xi32>, !yoco.segments,
               !yoco.cache<heads = 1, width = 16, element = f32, window = 0, layout = contiguous>,
               !yoco.cache<heads = 1, width = 16, element = f32, window = 0, layout = contiguous>)
            -> tensor<?x4608xf32>
        %o = yoco.fused_attention_merge %parts at %s {heads = 2 : i64, splits = 128 : i64}
            : (tensor<?x4608xf32>, !yoco.segments) -> tensor<?x32xf32>
        return %o : tensor<?x32xf32>
      }
    }
    ```
  }];
  let statistics = [Statistic<"numSplit", "num-split", "Number of attentions divided">];
}

def StreamLogprobsPass : Pass<"yoco-stream-logprobs", "::mlir::ModuleOp"> {
  let summary = "makes log-probabilities from blocks of logits instead of all of them";
  let description = [{
    The logits of a `yoco.row_logprobs` that come from a `yoco.linear` without a bias, perhaps through functions of
    single elements such as a soft cap, are made `block` columns at a time, by products with that many rows of the one
    matrix, and each block is folded into partial rows (`yoco.fused_logprobs`). So no step has memory for the logits of
    all its wanted rows. The logit of the target comes first, from a product with one row of the matrix. Logits that are
    made otherwise, or that something else uses too, stay as they are.

    Before:

    ```mlir
    module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>,
                       yoco.bounds = #yoco.bounds<seq = 64, batch = 1, chunk = 16, wanted = 16>} {
      yoco.parameter @head : tensor<10000x8xbf16> from "head"
      func.func @extend(%ids: tensor<?xi32>, %s: !yoco.segments, %targets: tensor<?xi32>, %x: tensor<?x8xf32>)
          -> tensor<?x7xf32> attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logprobs = from w-0>} {
        %l = yoco.linear %x, @head : tensor<?x8xf32> -> tensor<?x10000xf32>
        %p = yoco.row_logprobs %l, %targets {best = 2 : i64}
            : tensor<?x10000xf32>, tensor<?xi32> -> tensor<?x7xf32>
        return %p : tensor<?x7xf32>
      }
    }
    ```

    After:

    ```mlir
    module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>,
                       yoco.bounds = #yoco.bounds<seq = 64, batch = 1, chunk = 16, wanted = 16>} {
      yoco.parameter @head : tensor<10000x8xbf16> from "head"
      func.func @extend(%ids: tensor<?xi32>, %s: !yoco.segments, %targets: tensor<?xi32>, %x: tensor<?x8xf32>)
          -> tensor<?x7xf32> attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logprobs = from w-0>} {
        %t = yoco.fused_target_logits %x, %targets weight @head : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x1xf32>
        %a = yoco.fused_linear %x weights [@head] {first_row = 0 : i64} : (tensor<?x8xf32>) -> tensor<?x8192xf32>
        %p = yoco.fused_logprobs %a, %targets target_logits %t {best = 2 : i64, partial}
            : (tensor<?x8192xf32>, tensor<?xi32>, tensor<?x1xf32>) -> tensor<?x9xf32>
        %b = yoco.fused_linear %x weights [@head] {first_row = 8192 : i64} : (tensor<?x8xf32>) -> tensor<?x1808xf32>
        %q = yoco.fused_logprobs %b, %targets target_logits %t after %p {best = 2 : i64}
            : (tensor<?x1808xf32>, tensor<?xi32>, tensor<?x1xf32>, tensor<?x9xf32>) -> tensor<?x7xf32>
        return %q : tensor<?x7xf32>
      }
    }
    ```
  }];
  let options = [Option<"block", "block", "int64_t", /*default=*/"8192",
                        "Columns of a block of logits: a multiple of 64">];
  let statistics = [Statistic<"numStreamed", "streamed", "Log-probabilities made from blocks">,
                    Statistic<"numBlocks", "blocks", "Blocks of logits">,
                    Statistic<"numMissed", "missed", "Log-probabilities of logits that are all made first">];
}

def AssignElementTypesPass : Pass<"yoco-assign-element-types", "::mlir::ModuleOp"> {
  let summary = "stores caches and inputs of matrix products in the target's storage type";
  let description = [{
    States that cache rows, and f32 rows whose readers all round them before they compute (inputs of linear groups
    without a norm, keys and values), get the target's storage type: bf16 when the target computes in bf16. With f32
    nothing changes.

    Other f32 rows keep their type, since something computes with them too, or since they are sums. Kernels that want
    them rounded do that as they read; products of the target's library, which cannot, read a copy, one for all that
    read the same rows.

    Before:

    ```mlir
    module attributes {yoco.target = #yoco.target<"nvptx", "sm_90a", bf16>,
                       yoco.bounds = #yoco.bounds<seq = 64, batch = 1, chunk = 16, wanted = 16>} {
      yoco.parameter @n : tensor<8xbf16> from "n"
      yoco.parameter @w : tensor<8x8xbf16> from "w"
      func.func @prefill(%ids: tensor<?xi32>, %s: !yoco.segments, %x: tensor<?x8xf32>) -> tensor<?x8xf32>
          attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = all>} {
        %n = yoco.fused_norm %x weight @n {eps = 1.0e-5 : f32} : (tensor<?x8xf32>) -> tensor<?x8xf32>
        %y = yoco.fused_linear %n weights [@w] : (tensor<?x8xf32>) -> tensor<?x8xf32>
        return %y : tensor<?x8xf32>
      }
    }
    ```

    After:

    ```mlir
    module attributes {yoco.target = #yoco.target<"nvptx", "sm_90a", bf16>,
                       yoco.bounds = #yoco.bounds<seq = 64, batch = 1, chunk = 16, wanted = 16>} {
      yoco.parameter @n : tensor<8xbf16> from "n"
      yoco.parameter @w : tensor<8x8xbf16> from "w"
      func.func @prefill(%ids: tensor<?xi32>, %s: !yoco.segments, %x: tensor<?x8xf32>) -> tensor<?x8xf32>
          attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = all>} {
        %n = yoco.fused_norm %x weight @n {eps = 1.0e-5 : f32} : (tensor<?x8xf32>) -> tensor<?x8xbf16>
        %y = yoco.fused_linear %n weights [@w] : (tensor<?x8xbf16>) -> tensor<?x8xf32>
        return %y : tensor<?x8xf32>
      }
    }
    ```
  }];
  let statistics = [
    Statistic<"numRows", "num-rows", "Number of row tensors in the storage type">,
    Statistic<"numStates", "num-states", "Declared states converted">];
}

#endif // YOCO_PASSES_FUSION_PASSES_TD
