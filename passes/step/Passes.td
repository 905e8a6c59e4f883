// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Passes from phase `model` to phase `step`.

#ifndef YOCO_PASSES_STEP_PASSES_TD
#define YOCO_PASSES_STEP_PASSES_TD

include "mlir/Pass/PassBase.td"

def InlineDecodersPass : Pass<"yoco-inline-decoders", "::mlir::ModuleOp"> {
  let summary = "replaces decoder regions by their contents";
  let description = [{
    The verifiers of `yoco.self_decoder` and `yoco.cross_decoder` have run by now; from here on what the model
    caches, and what prefill may skip, follows from the dataflow alone. Operations without a `yoco.layer` get the name
    of their region.

    Before:

    ```mlir
    func.func @forward(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
      %h = yoco.self_decoder %x : tensor<?x8xf32> -> tensor<?x8xf32> {
      ^bb0(%a: tensor<?x8xf32>):
        %b = yoco.silu %a : tensor<?x8xf32>
        yoco.yield %b : tensor<?x8xf32>
      }
      return %h : tensor<?x8xf32>
    }
    ```

    After:

    ```mlir
    func.func @forward(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
      %b = yoco.silu %x {yoco.layer = "self_decoder"} : tensor<?x8xf32>
      return %b : tensor<?x8xf32>
    }
    ```
  }];
  let statistics = [Statistic<"numInlined", "decoders-inlined", "Decoder regions inlined">];
}

def DeriveStatesPass : Pass<"yoco-derive-states", "::mlir::ModuleOp"> {
  let summary = "declares caches and states, and makes entry points over segments";
  let description = [{
    Every row mixer of `@forward` names the values whose past it reads. Each such value gets one cache, shared by all
    mixers that read it; it is a ring when all its readers have windows (as long as the longest), and grows otherwise.
    The caches that one mixer reads are of one kind. A scan has a state of its own. `@forward` is replaced by one
    function for each of `entries`, in which mixers have their step form, a growing cache is written before its first
    reader, and a ring after its last.

    Before:

    ```mlir
    yoco.parameter @e : tensor<16x8xf32> from "e"
    func.func @forward(%ids: tensor<?xi32>) -> tensor<?x8xf32> {
      %c0 = arith.constant 0 : index
      %rows = tensor.dim %ids, %c0 : tensor<?xi32>
      %e = yoco.embed %ids, @e : tensor<?x8xf32>
      %x = tensor.expand_shape %e [[0], [1, 2]] output_shape [%rows, 1, 8] : tensor<?x8xf32> into tensor<?x1x8xf32>
      %o = yoco.attention %x, %x, %x {scale = 1.0 : f32}
          : tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32> -> tensor<?x1x8xf32>
      %y = tensor.collapse_shape %o [[0], [1, 2]] : tensor<?x1x8xf32> into tensor<?x8xf32>
      return %y : tensor<?x8xf32>
    }
    ```

    After, with `entries=decode`:

    ```mlir
    yoco.parameter @e : tensor<16x8xf32> from "e"
    yoco.state_decl @keys_0 : !yoco.cache<heads = 1, width = 8, element = f32, window = 0, layout = contiguous>
    func.func @decode(%ids: tensor<?xi32>, %segments: !yoco.segments, %c: !yoco.cache<heads = 1, width = 8,
          element = f32, window = 0, layout = contiguous> {yoco.state = @keys_0})
        -> (tensor<?x8xf32>, !yoco.cache<heads = 1, width = 8, element = f32, window = 0, layout = contiguous>)
        attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all>} {
      %c0 = arith.constant 0 : index
      %rows = tensor.dim %ids, %c0 : tensor<?xi32>
      %e = yoco.embed %ids, @e : tensor<?x8xf32>
      %x = tensor.expand_shape %e [[0], [1, 2]] output_shape [%rows, 1, 8] : tensor<?x8xf32> into tensor<?x1x8xf32>
      %d = yoco.cache_write %c, %x at %segments : tensor<?x1x8xf32>
          -> !yoco.cache<heads = 1, width = 8, element = f32, window = 0, layout = contiguous>
      %k = yoco.cache_read %d at %segments
          : !yoco.cache<heads = 1, width = 8, element = f32, window = 0, layout = contiguous> -> tensor<?x1x8xf32>
      %o = yoco.step_attention %x at %segments past(%k, %k) {scale = 1.0 : f32}
          : (tensor<?x1x8xf32>, !yoco.segments, tensor<?x1x8xf32>, tensor<?x1x8xf32>) -> tensor<?x1x8xf32>
      %y = tensor.collapse_shape %o [[0], [1, 2]] : tensor<?x1x8xf32> into tensor<?x8xf32>
      return %y, %d : tensor<?x8xf32>, !yoco.cache<heads = 1, width = 8, element = f32, window = 0, layout = contiguous>
    }
    ```
  }];
  let dependentDialects = ["::mlir::yoco::YocoDialect"];
  let options = [ListOption<"entries", "entries", "std::string",
                            "Entry points to make, of `prefill`, `decode`, `score`, `sample`, `extend`, "
                            "`extend_sample` and `extend_logprobs` (default: all)">];
  let statistics = [Statistic<"numStates", "states", "Caches and states declared">,
                    Statistic<"numSharedReaders", "shared-readers",
                              "Row mixers that read a cache another one declared">];
}

def PruneRowsPass : Pass<"yoco-prune-rows", "::mlir::ModuleOp"> {
  let summary = "deletes what no demanded row needs";
  let description = [{
    Runs the demand analysis (docs/Demand.md) on all entry points together and deletes every operation that it does not
    need. The early exit of a decoder-decoder model's prefill comes out of this; so does its absence in a model whose
    every layer must store keys and values.

    Before, where nothing reads `%pos`:

    ```mlir
    func.func @prefill(%ids: tensor<?xi32>, %segments: !yoco.segments) attributes {
        yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
      %pos = yoco.positions %ids at %segments : tensor<?xi32>
      return
    }
    ```

    After:

    ```mlir
    func.func @prefill(%ids: tensor<?xi32>, %segments: !yoco.segments) attributes {
        yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
      return
    }
    ```
  }];
  let dependentDialects = ["::mlir::yoco::YocoDialect"];
  let options = [Option<"annotate", "annotate", "bool", /*default=*/"false",
                        "Mark every operation with the demand on its rows, as `yoco.demand`, and delete nothing">,
                 Option<"explain", "explain", "bool", /*default=*/"false",
                        "Print the rows that each layer computes in each entry point, and why, on standard error">];
  let statistics = [Statistic<"numPruned", "pruned", "Operations deleted">,
                    Statistic<"numKept", "kept", "Operations that stay">];
}

def NarrowRowsPass : Pass<"yoco-narrow-rows", "::mlir::ModuleOp"> {
  let summary = "lets operations work on the rows that are needed of them";
  let description = [{
    Where the demand analysis (docs/Demand.md) finds that a tail of the rows of each segment is enough, operations work
    on that tail: `yoco.narrow` takes it, and everything after it has fewer rows. An entry point gets at most two such
    sets: the longest tail that any value is demanded in, and the wanted rows. Where all rows are wanted, nothing
    changes.

    Before:

    ```mlir
    func.func @extend(%ids: tensor<?xi32>, %segments: !yoco.segments, %x: tensor<?x8xf32>) -> tensor<?x8xf32>
        attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = from w-0>} {
      %y = yoco.silu %x : tensor<?x8xf32>
      return %y : tensor<?x8xf32>
    }
    ```

    After:

    ```mlir
    func.func @extend(%ids: tensor<?xi32>, %segments: !yoco.segments, %x: tensor<?x8xf32>) -> tensor<?x8xf32>
        attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = from w-0>} {
      %t = yoco.narrow_segments %segments {halo = 0 : i64}
      %z = yoco.narrow %x at %segments to %t : tensor<?x8xf32>
      %y = yoco.silu %z : tensor<?x8xf32>
      return %y : tensor<?x8xf32>
    }
    ```
  }];
  let dependentDialects = ["::mlir::yoco::YocoDialect"];
  let statistics = [Statistic<"numNarrowed", "narrowed", "Values of which a smaller set of rows is taken">,
                    Statistic<"numMadeAgain", "made-again", "Values that are made again for a smaller set of rows">];
}

def VerifyRowSetsPass : Pass<"yoco-verify-row-sets", "::mlir::ModuleOp"> {
  let summary = "proves that every operation works on rows of one set";
  let description = [{
    A value is in the set of the rows that it is made of, and `yoco.narrow` begins a new one. Reports every operation of
    an entry point that takes rows of two sets, or rows of one set and the table of another. Changes nothing.

    Accepted, before and after:

    ```mlir
    func.func @extend(%ids: tensor<?xi32>, %segments: !yoco.segments, %x: tensor<?x8xf32>) -> tensor<?x8xf32>
        attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = from w-0>} {
      %t = yoco.narrow_segments %segments {halo = 0 : i64}
      %y = yoco.narrow %x at %segments to %t : tensor<?x8xf32>
      return %y : tensor<?x8xf32>
    }
    ```
  }];
}

def VerifyStatesPass : Pass<"yoco-verify-states", "::mlir::ModuleOp"> {
  let summary = "proves that caches and states can be updated in place";
  let description = [{
    Checks that in every entry point each version of a state is written at most once, that all its reads stand before
    that write, and that the version after the last write is what the entry point returns. Changes nothing; reports
    every violation.

    Accepted, before and after:

    ```mlir
    yoco.state_decl @s : !yoco.state<1x4x4xf32>
    func.func @decode(%ids: tensor<?xi32>, %segments: !yoco.segments, %s: !yoco.state<1x4x4xf32> {yoco.state = @s})
        -> !yoco.state<1x4x4xf32> attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = none>} {
      return %s : !yoco.state<1x4x4xf32>
    }
    ```
  }];
  let statistics = [Statistic<"numVersions", "versions", "Versions of states checked">];
}

#endif // YOCO_PASSES_STEP_PASSES_TD
