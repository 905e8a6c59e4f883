// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Model families, one file each: how the fields and tensors of a checkpoint become operations.

#ifndef YOCO_FRONTEND_FAMILIES_FAMILIES_H
#define YOCO_FRONTEND_FAMILIES_FAMILIES_H

#include "frontend/Import.h"

namespace mlir::yoco {

/// model_type `ced-toy`: a causal encoder-decoder of our own, whose decoder layers also have windows of their own.
llvm::Expected<OwningOpRef<ModuleOp>> importCed(Checkpoint &checkpoint, const ImportOptions &options,
                                                MLIRContext *context);

/// model_type `yoco`: the original YOCO, with gated retention or sliding-window attention.
llvm::Expected<OwningOpRef<ModuleOp>> importYoco(Checkpoint &checkpoint, const ImportOptions &options,
                                                 MLIRContext *context);

/// model_type `llama`: Llama as Hugging Face transformers saves it.
llvm::Expected<OwningOpRef<ModuleOp>> importLlama(Checkpoint &checkpoint, const ImportOptions &options,
                                                  MLIRContext *context);

} // namespace mlir::yoco

#endif // YOCO_FRONTEND_FAMILIES_FAMILIES_H
