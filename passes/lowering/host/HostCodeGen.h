// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Machine code of host kernels.

#ifndef YOCO_PASSES_LOWERING_HOST_HOSTCODEGEN_H
#define YOCO_PASSES_LOWERING_HOST_HOSTCODEGEN_H

#include "dialect/YocoOps.h"
#include <vector>

namespace mlir::yoco {

/// Compiles a module of kernels that yoco-lower-host has lowered to the bytes of a shared object, with one exported
/// symbol per kernel, its name, of the signature in docs/KernelABI.md. An argument's word is the address of its
/// buffer's element 0 as if the buffer began there: the offset and strides of the argument's type are in the code.
///
/// The object calls nothing, needs no library, and equal input gives equal bytes. `kernels` is left as it is. Errors
/// are emitted on it.
FailureOr<std::vector<char>> compileHostKernels(ModuleOp kernels, TargetAttr target);

/// What LLVM makes of the same kernels, as assembly text: for people.
FailureOr<std::string> compileHostKernelsToAssembly(ModuleOp kernels, TargetAttr target);

} // namespace mlir::yoco

#endif // YOCO_PASSES_LOWERING_HOST_HOSTCODEGEN_H
