// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All passes, in the order in which the pipelines run them. Each folder declares its own.

#ifndef YOCO_PASSES_PASSES_TD
#define YOCO_PASSES_PASSES_TD

include "mlir/Pass/PassBase.td"

def VerifyPhasePass : Pass<"yoco-verify-phase", "::mlir::ModuleOp"> {
  let summary = "checks that everything in a module belongs to a phase, and marks it as being in it";
  let description = [{
    Runs at the end of each phase's pipeline. Reports every operation that does not belong, not only the first.

    Before:

    ```mlir
    module {
      yoco.parameter @w : tensor<8x8xf32> from "w"
    }
    ```

    After, with `phase=model`:

    ```mlir
    module attributes {yoco.phase = #yoco.phase<model>} {
      yoco.parameter @w : tensor<8x8xf32> from "w"
    }
    ```
  }];
  let dependentDialects = ["::mlir::yoco::YocoDialect"];
  let options = [Option<"phase", "phase", "std::string", /*default=*/"",
                        "The phase: `model`, `step`, `fused`, `planned` or `program` (default: the module's own)">];
  let statistics = [Statistic<"numIllegal", "illegal", "Operations that do not belong to the phase">];
}

include "passes/step/Passes.td"
include "passes/target/Passes.td"
include "passes/fusion/Passes.td"
include "passes/planning/Passes.td"
include "passes/lowering/Passes.td"
include "passes/emit/Passes.td"

#endif // YOCO_PASSES_PASSES_TD
