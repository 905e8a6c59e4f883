// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A processor that ToyKernel.cpp registers: it can be named, chooses the rows of a prefill step, and its kernels have vectors of as many
// lanes as its row of the table says.
//
// RUN: yoco-toys-opt %s --yoco-assign-target=target=host:toy-narrow | FileCheck %s --check-prefix=BOUNDS
// BOUNDS: chunk = 32
// BOUNDS-SAME: yoco.target = #yoco.target<"host", "toy-narrow", f32>
// RUN: not yoco-toys-opt %s --yoco-assign-target=target=host:toy-wide 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: error: expected x86-64-v3, x86-64-v4, toy-narrow or native as the processor of target `host`, got 'toy-wide'
// RUN: sed 's/"x86-64-v3"/"toy-narrow"/' %S/kernel.mlir | yoco-toys-opt --yoco-outline-kernels --yoco-lower-host --split-input-file | FileCheck %s
// CHECK: func.func @scale_0
// CHECK: vector.load {{.+}}, vector<4xf32>
module {
}
