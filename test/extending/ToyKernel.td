// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A toy dialect with one fused operation, for the test of docs/Extending.md, "A kernel".

#ifndef YOCO_TEST_EXTENDING_TOYKERNEL_TD
#define YOCO_TEST_EXTENDING_TOYKERNEL_TD

include "dialect/YocoInterfaces.td"
include "mlir/IR/OpBase.td"

def ToyKernel_Dialect : Dialect {
  let name = "toy_kernel";
  let cppNamespace = "::yoco::toy";
}

def ToyKernel_ScaleOp : Op<ToyKernel_Dialect, "scale", [RowKernelOpInterface]> {
  let summary = "multiplies rows by a number";
  let arguments = (ins AnyType:$input, F32Attr:$factor, Variadic<AnyType>:$outs);
  let results = (outs Variadic<AnyType>:$result);
  let assemblyFormat = "$input (`outs` $outs^)? attr-dict `:` functional-type(operands, results)";
  let extraClassDeclaration = [{
    ::mlir::OperandRange getOutBuffers() { return getOuts(); }
    ::llvm::SmallVector<::mlir::yoco::ParameterGroup> getParameterGroups() { return {}; }
  }];
}

#endif // YOCO_TEST_EXTENDING_TOYKERNEL_TD
