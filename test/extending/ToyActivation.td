// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An activation in a dialect of its own: what an engineer writes who copies `yoco.silu`.

include "dialect/YocoModelOps.td"

def ToyActivation_Dialect : Dialect {
  let name = "toy_activation";
  let cppNamespace = "::yoco::toy";
}

def ToyActivation_MishOp : Yoco_ElementwiseOp<"mish", [{
  return s.mul(x, s.tanh(s.log1p(s.exp(x))));
}]> {
  let opDialect = ToyActivation_Dialect;
  let summary = "x tanh(log(1 + exp(x)))";
}
