// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Passes of passes/emit: phase `program` to a model file.

#ifndef YOCO_PASSES_EMIT_PASSES_TD
#define YOCO_PASSES_EMIT_PASSES_TD

include "mlir/Pass/PassBase.td"

def EmitPass : Pass<"yoco-emit", "::mlir::ModuleOp"> {
  let summary = "writes the model file";
  let description = [{
    Compiles the kernels of each variant, packs the parameters from the checkpoint that `yoco.checkpoint` names, and
    writes them with the plan (docs/FileFormat.md). The module is left as it is. The same module gives the same bytes.

    ```
    yoco.packed_parameter @qk [@q, @k] panels 16 : tensor<384x256xbf16>
      ->   parameters[0] "qk", 384 x 256 bf16, panels of 16
    yoco.arena @scratch scratch [#yoco.size<5120 * chunk>]
      ->   arenas[1] "scratch", sizes [5120 * chunk]
    yoco.launch @kernels::@linear_0(%x, %y, %w) tiles ...
      ->   launch kernels[0], arguments [rows, segments, seq, buffer, buffer, parameter]
    ```
  }];
  let options = [
    Option<"output", "output", "std::string", "\"\"", "path of the model file; written aside and renamed">,
  ];
  let statistics = [
    Statistic<"numSegments", "segments", "Segments written">,
    Statistic<"numSharedSegments", "shared-segments", "Segments that something else had asked for already">,
    Statistic<"fileBytes", "file-bytes", "Size of the file">,
  ];
}

#endif // YOCO_PASSES_EMIT_PASSES_TD
