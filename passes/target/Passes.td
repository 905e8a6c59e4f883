// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Passes of passes/target.

#ifndef YOCO_PASSES_TARGET_PASSES_TD
#define YOCO_PASSES_TARGET_PASSES_TD

include "mlir/Pass/PassBase.td"

def AssignTargetPass : Pass<"yoco-assign-target", "::mlir::ModuleOp"> {
  let summary = "says for which machine, and for sessions of which size, a module is compiled";
  let description = [{
    From here on passes ask the target for layouts, tiles and what may fuse; none of them switches on its name. `target`
    and `dtype` are as on yoco-compile's command line. Bounds that are 0 are chosen: the checkpoint's sequence length
    (else 4096), and the target's rows per prefill step. `place` keeps the parameters whose names match a pattern in the
    memory of the host.

    Before:

    ```mlir
    module attributes {yoco.phase = #yoco.phase<step>} {
    }
    ```

    After, with `target=host:x86-64-v3 max-seq-len=1024`:

    ```mlir
    module attributes {yoco.phase = #yoco.phase<step>, yoco.target = #yoco.target<"host", "x86-64-v3", f32>,
                       yoco.bounds = #yoco.bounds<seq = 1024, batch = 1, chunk = 256, wanted = 256>} {
    }
    ```
  }];
  let dependentDialects = ["::mlir::yoco::YocoDialect"];
  let options = [
    Option<"target", "target", "std::string", /*default=*/"\"host\"", "Machine: `device` or `device:chip`">,
    Option<"dtype", "dtype", "std::string", /*default=*/"\"\"", "Type to compute in (default: the target's)">,
    Option<"maxSeqLen", "max-seq-len", "int64_t", /*default=*/"0", "Longest sequence of a session, in tokens">,
    Option<"maxBatch", "max-batch", "int64_t", /*default=*/"1", "Slots of a session">,
    Option<"prefillChunk", "prefill-chunk", "int64_t", /*default=*/"0", "Most rows of a prefill step">,
    ListOption<"place", "place", "std::string",
               "Placements of parameters, `PATTERN=host`; a pattern is a glob over their names">,
  ];
}

def MakeRowBucketsPass : Pass<"yoco-make-row-buckets", "::mlir::ModuleOp"> {
  let summary = "makes programs of entry points for steps of few rows";
  let description = [{
    A session has room for many sequences, and most of its steps have few: how an attention is divided and which kernel
    multiplies should follow from the step and not from the bound. The target names numbers of rows (its row buckets).
    For each, from the largest on, the pass asks what fusion will ask, for steps of at most so many rows; where an
    answer is not that of the next larger program, the entry point is cloned, with `most`. A target that names none has
    one program of each entry point, as has an entry point whose bound is no larger than the smallest bucket.

    Where some rows of a step are wanted, the target names numbers of these as well. In programs with `most_wanted` each
    wanted row is a segment of its own (`each_row`), so that a target that divides the attention of single rows divides
    theirs, in a step that has a whole chunk of other rows. Not so where an operation on the wanted rows writes a state
    or reads fresh keys: it needs the rows of a segment together.

    Before:

    ```mlir
    module attributes {yoco.phase = #yoco.phase<step>, yoco.target = #yoco.target<"nvptx", "sm_90a", bf16>,
                       yoco.bounds = #yoco.bounds<seq = 64, batch = 32, chunk = 16, wanted = 16>} {
      func.func @decode(%ids: tensor<?xi32>, %s: !yoco.segments) -> tensor<?xi32>
          attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, sampled = all>} {
        return %ids : tensor<?xi32>
      }
    }
    ```

    After, as 16 rows are what the kernels for few rows take:

    ```mlir
    module attributes {yoco.phase = #yoco.phase<step>, yoco.target = #yoco.target<"nvptx", "sm_90a", bf16>,
                       yoco.bounds = #yoco.bounds<seq = 64, batch = 32, chunk = 16, wanted = 16>} {
      func.func @decode_16(%ids: tensor<?xi32>, %s: !yoco.segments) -> tensor<?xi32>
          attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, sampled = all, most = 16>} {
        return %ids : tensor<?xi32>
      }
      func.func @decode(%ids: tensor<?xi32>, %s: !yoco.segments) -> tensor<?xi32>
          attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, sampled = all>} {
        return %ids : tensor<?xi32>
      }
    }
    ```
  }];
  let statistics = [
    Statistic<"numPrograms", "num-programs", "Programs made for steps of few rows, or of few wanted ones">,
    Statistic<"numAlike", "num-alike", "Buckets in which nothing is different">];
}

#endif // YOCO_PASSES_TARGET_PASSES_TD
