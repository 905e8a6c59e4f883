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

#endif // YOCO_PASSES_TARGET_PASSES_TD
