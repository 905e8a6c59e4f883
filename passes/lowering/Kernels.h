// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the lowerings of all targets do with the functions that yoco-outline-kernels makes.

#ifndef YOCO_PASSES_LOWERING_KERNELS_H
#define YOCO_PASSES_LOWERING_KERNELS_H

#include "dialect/YocoOps.h"
#include "passes/target/Target.h"
#include "passes/target/TargetCode.h"

namespace mlir::yoco {

/// The attribute of a lowered kernel for a GPU: how it is launched, for each image, by the image's architecture.
///
///   yoco.images = {sm_80 = {shared_bytes = 64 : i64, threads = 32 : i64}, sm_90a = {...}}
///
/// `cluster` (blocks of a cluster) is there when it is not 1, `cooperative` when all blocks must run at the same time.
inline constexpr llvm::StringLiteral kImagesAttrName = "yoco.images";

/// That attribute's entry for one image.
DictionaryAttr makeImageLaunch(MLIRContext *context, const TargetCode::Block &block);
/// The launch of `kernel` in the image for `architecture`. A failure with an error on the kernel when there is none, or
/// when it is none that a chip with `sharedLimit` bytes of shared memory for a block can do.
FailureOr<TargetCode::Block> getImageLaunch(Operation *kernel, StringRef architecture, int64_t sharedLimit);

/// The modules of kernels in `module`, or itself.
SmallVector<ModuleOp> getKernelModules(ModuleOp module);

/// Calls `lower` with each module of kernels in `module`, or itself, whose target is of the device called `device`, and
/// with that target. Stops at the first failure, which has emitted an error.
LogicalResult forEachKernelModule(ModuleOp module, StringRef device,
                                  function_ref<LogicalResult(ModuleOp, const Target &)> lower);

/// The one operation of the kernel's body; null, with an error, when there is not exactly one. Constants do not count.
Operation *getOnlyOperation(func::FuncOp function);

/// Checks that `function` has the arguments of a kernel with `op` as its body.
LogicalResult checkKernelArguments(func::FuncOp function, Operation *op);

} // namespace mlir::yoco

#endif // YOCO_PASSES_LOWERING_KERNELS_H
