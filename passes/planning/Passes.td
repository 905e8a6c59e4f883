// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Passes of passes/planning, in the order in which they run: phase `fused` to `planned`, and the first step to
// `program`.

#ifndef YOCO_PASSES_PLANNING_PASSES_TD
#define YOCO_PASSES_PLANNING_PASSES_TD

include "mlir/Pass/PassBase.td"

def BufferizePass : Pass<"yoco-bufferize", "::mlir::ModuleOp"> {
  let summary = "turns entry points on tensors into entry points on buffers";
  let description = [{
    Every fused operation writes buffers of its own, column slices and reshapes become views, and states are written in
    place, since they are linear. Entry points then have no arguments and no results: the caller fills the buffers with
    roles `ids` and `segments`, and reads the one with role `logits`. Sets of rows that `yoco.narrow_segments` begins
    are declared by `yoco.row_set`, each with a table of segments, and their buffers are as large as their bound asks.

    Before:
    ```mlir
    yoco.parameter @embed : tensor<16x4xbf16> from "embed"
    func.func @f(%ids: tensor<?xi32>, %segments: !yoco.segments) -> tensor<?x4xf32>
        attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all>} {
      %x = yoco.fused_embed %ids table @embed {scale = 1.0 : f32} : (tensor<?xi32>) -> tensor<?x4xf32>
      return %x : tensor<?x4xf32>
    }
    ```
    After:
    ```mlir
    yoco.parameter @embed : tensor<16x4xbf16> from "embed"
    func.func @f() attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all>} {
      %ids = yoco.alloc <64 * batch> role ids : memref<?xi32>
      %segments = yoco.alloc <16 * batch> role segments : !yoco.segments
      %x = yoco.alloc <64 * batch> role logits : memref<?x4xf32>
      yoco.fused_embed %ids table @embed outs %x {scale = 1.0 : f32} : (memref<?xi32>, memref<?x4xf32>) -> ()
      return
    }
    ```
  }];
  let dependentDialects = ["::mlir::yoco::YocoDialect", "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect"];
  let statistics = [
    Statistic<"numBuffers", "buffers", "Buffers made, without views and states">,
    Statistic<"numViews", "views", "Column slices and reshapes that became views">,
    Statistic<"numCopies", "copies",
              "Copies made: of rows that are set side by side, and of returned rows that no kernel produced">,
  ];
}

def PlanSharedKVPass : Pass<"yoco-plan-shared-kv", "::mlir::ModuleOp"> {
  let summary = "places caches and states in the persistent arena";
  let description = [{
    States that grow with the sequence come first, the one with the most readers foremost; then a record for each slot,
    with rings and the states of scans.

    Before:
    ```mlir
    yoco.state_decl @s0 : !yoco.state<4x64x64xf32>
    yoco.state_decl @keys : !yoco.cache<heads = 2, width = 64, element = f32, window = 0, layout = contiguous>
    yoco.state_decl @values : !yoco.cache<heads = 2, width = 64, element = f32, window = 0, layout = contiguous>
    ```
    After:
    ```mlir
    yoco.state_decl @s0 : !yoco.state<4x64x64xf32> planes [#yoco.in_record<0>]
    yoco.state_decl @keys : !yoco.cache<heads = 2, width = 64, element = f32, window = 0, layout = contiguous>
      planes [#yoco.size<0>]
    yoco.state_decl @values : !yoco.cache<heads = 2, width = 64, element = f32, window = 0, layout = contiguous>
      planes [#yoco.size<512 * seq * batch>]
    yoco.arena @persistent persistent [#yoco.size<1024 * seq * batch + 65536 * batch>]
      records at <1024 * seq * batch> stride 65536
    ```
  }];
  let dependentDialects = ["::mlir::yoco::YocoDialect"];
  let statistics = [
    Statistic<"numGrowing", "growing", "States that grow with the sequence">,
    Statistic<"numFixed", "fixed", "States of fixed size">,
    Statistic<"recordBytes", "record-bytes", "Bytes of the record of a slot">,
    Statistic<"bytesPerToken", "kv-bytes-per-token", "Bytes that one more token of a sequence takes">,
    Statistic<"numReaders", "shared-readers", "Reads of states that grow, in one entry point">,
  ];
}

def PlanMemoryPass : Pass<"yoco-plan-memory", "::mlir::ModuleOp"> {
  let summary = "gives every buffer its place in the scratch arena";
  let description = [{
    Buffers that are never alive at the same time may share bytes. Sizes are coefficients of one bound of a session, so
    that the plan holds for all bounds.

    Before:
    ```mlir
    func.func @f() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
      %ids = yoco.alloc <64 * chunk> role ids : memref<?xi32>
      %segments = yoco.alloc <16 * batch> role segments : !yoco.segments
      %pos = yoco.alloc <64 * chunk> : memref<?xi32>
      yoco.fused_positions %ids at %segments outs %pos : (memref<?xi32>, !yoco.segments, memref<?xi32>) -> ()
      return
    }
    ```
    After:
    ```mlir
    yoco.arena @scratch scratch [#yoco.size<64 * batch + 128 * chunk>]
    func.func @f() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
      %ids = yoco.view @scratch at <64 * batch> size <64 * chunk> role ids : memref<?xi32>
      %segments = yoco.view @scratch at <0> size <16 * batch> role segments : !yoco.segments
      %pos = yoco.view @scratch at <64 * batch + 64 * chunk> size <64 * chunk> : memref<?xi32>
      yoco.fused_positions %ids at %segments outs %pos : (memref<?xi32>, !yoco.segments, memref<?xi32>) -> ()
      return
    }
    ```
  }];
  let dependentDialects = ["::mlir::yoco::YocoDialect"];
  let options = [
    Option<"mode", "mode", "std::string", "\"packed\"",
           "`packed` (best fit over lifetimes) or `naive` (one buffer after the other)">,
  ];
  let statistics = [
    Statistic<"numBuffers", "buffers", "Buffers placed">,
    Statistic<"plannedBytes", "planned-bytes", "Bytes of the largest entry point, every bound at 1">,
    Statistic<"naiveBytes", "naive-bytes", "The same if no two buffers shared bytes">,
  ];
}

def VerifyMemoryPlanPass : Pass<"yoco-verify-memory-plan", "::mlir::ModuleOp"> {
  let summary = "proves that buffers that are alive together are apart, for all bounds";
  let description = [{
    Changes nothing. Shares no code with the passes that plan; reports every violation. Also shown is that every
    operation works on the rows of one set (`yoco.row_set`), with that set's table. In

    ```mlir
    yoco.arena @scratch scratch [#yoco.size<64 * batch + 128 * chunk>]
    func.func @f() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
      %ids = yoco.view @scratch at <64 * batch> size <64 * chunk> role ids : memref<?xi32>
      %segments = yoco.view @scratch at <0> size <16 * batch> role segments : !yoco.segments
      %pos = yoco.view @scratch at <64 * batch + 64 * chunk> size <64 * chunk> : memref<?xi32>
      yoco.fused_positions %ids at %segments outs %pos : (memref<?xi32>, !yoco.segments, memref<?xi32>) -> ()
      return
    }
    ```

    the three buffers are alive together, and `64 * batch` (end of the segment table), `64 * batch + 64 * chunk` (end of
    the ids) and `64 * batch + 128 * chunk` follow each other whatever `batch` and `chunk` are.
  }];
  let statistics = [
    Statistic<"numBuffers", "buffers", "Buffers looked at">,
    Statistic<"numPlanes", "planes", "Planes of caches and states looked at">,
    Statistic<"numPairs", "pairs", "Pairs shown to be disjoint">,
  ];
}

#endif // YOCO_PASSES_PLANNING_PASSES_TD
