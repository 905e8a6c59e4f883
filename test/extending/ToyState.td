// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A toy state, and the mixer that it belongs to: what a new state consists of.

include "dialect/YocoInterfaces.td"
include "dialect/YocoTypes.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Toy_Dialect : Dialect {
  let name = "toy_state";
  let cppNamespace = "::toy";
  let useDefaultTypePrinterParser = 1;
}

def Toy_HistoryType : TypeDef<Toy_Dialect, "History", [DeclareTypeInterfaceMethods<StateTypeInterface>]> {
  let summary = "every row of a sequence, and their sum";
  let mnemonic = "history";
  let parameters = (ins "int64_t":$width);
  let assemblyFormat = "`<` $width `>`";
}

def Toy_RunningTotalOp : Op<Toy_Dialect, "running_total", [Pure, AllTypesMatch<["input", "result"]>,
    DeclareOpInterfaceMethods<RowDemandOpInterface>, DeclareOpInterfaceMethods<RowMixerOpInterface>]> {
  let summary = "the sum of a row and all earlier ones";
  let arguments = (ins Yoco_VectorRows:$input);
  let results = (outs Yoco_VectorRows:$result);
  let assemblyFormat = "$input attr-dict `:` type($input)";
}

def Toy_StepTotalOp : Op<Toy_Dialect, "step_total", [Pure, AllTypesMatch<["input", "result"]>,
    AllTypesMatch<["history", "next"]>, DeclareOpInterfaceMethods<RowDemandOpInterface>,
    DeclareOpInterfaceMethods<StateOpInterface>]> {
  let summary = "running_total of a step's rows";
  let arguments = (ins Yoco_VectorRows:$input, Yoco_SegmentsType:$segments, Toy_HistoryType:$history);
  let results = (outs Yoco_VectorRows:$result, Toy_HistoryType:$next);
  let assemblyFormat = "$input `at` $segments `from` $history attr-dict `:` type($input) `,` type($history)";
}
