// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the lowerings of all targets do with the functions that yoco-outline-kernels makes.

#ifndef YOCO_PASSES_LOWERING_KERNELS_H
#define YOCO_PASSES_LOWERING_KERNELS_H

#include "dialect/YocoOps.h"

namespace mlir::yoco {

/// Attributes of a lowered kernel for a GPU: threads of a block, and bytes of its dynamic shared memory.
inline constexpr llvm::StringLiteral kThreadsAttrName = "yoco.threads";
inline constexpr llvm::StringLiteral kSharedBytesAttrName = "yoco.shared_bytes";

/// The modules of kernels in `module`, or itself.
SmallVector<ModuleOp> getKernelModules(ModuleOp module);

/// The one operation of the kernel's body; null, with an error, when there is not exactly one. Constants do not count.
Operation *getOnlyOperation(func::FuncOp function);

/// Checks that `function` has the arguments of a kernel with `op` as its body.
LogicalResult checkKernelArguments(func::FuncOp function, Operation *op);

} // namespace mlir::yoco

#endif // YOCO_PASSES_LOWERING_KERNELS_H
