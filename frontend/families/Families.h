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

/// model_type `lckv-llama`: YOCO++, Llama whose layers share keys and values.
llvm::Expected<OwningOpRef<ModuleOp>> importLckv(Checkpoint &checkpoint, const ImportOptions &options,
                                                 MLIRContext *context);

/// model_type `llama`: Llama as Hugging Face transformers saves it.
llvm::Expected<OwningOpRef<ModuleOp>> importLlama(Checkpoint &checkpoint, const ImportOptions &options,
                                                  MLIRContext *context);

/// model_type `mistral`: Llama with windows.
llvm::Expected<OwningOpRef<ModuleOp>> importMistral(Checkpoint &checkpoint, const ImportOptions &options,
                                                    MLIRContext *context);

/// model_type `phi3`: Llama with fused matrices, rotated parts of heads and windows.
llvm::Expected<OwningOpRef<ModuleOp>> importPhi3(Checkpoint &checkpoint, const ImportOptions &options,
                                                 MLIRContext *context);

/// model_type `qwen2`: Llama with biases of queries, keys and values.
llvm::Expected<OwningOpRef<ModuleOp>> importQwen2(Checkpoint &checkpoint, const ImportOptions &options,
                                                  MLIRContext *context);

/// model_type `qwen3`: Llama with norms of queries and keys.
llvm::Expected<OwningOpRef<ModuleOp>> importQwen3(Checkpoint &checkpoint, const ImportOptions &options,
                                                  MLIRContext *context);

/// model_type `stablelm`: norms by mean and variance, rotated parts of heads.
llvm::Expected<OwningOpRef<ModuleOp>> importStableLm(Checkpoint &checkpoint, const ImportOptions &options,
                                                     MLIRContext *context);

/// model_type `yoco`: the original YOCO, with gated retention or sliding-window attention; or a universal one.
llvm::Expected<OwningOpRef<ModuleOp>> importYoco(Checkpoint &checkpoint, const ImportOptions &options,
                                                 MLIRContext *context);

/// The same model_type, universal: a self-decoder that is applied several times. Its fields are others.
bool isUniversalYoco(const Checkpoint &checkpoint);
llvm::Expected<OwningOpRef<ModuleOp>> importUniversalYoco(Checkpoint &checkpoint, const ImportOptions &options,
                                                          MLIRContext *context);

} // namespace mlir::yoco

#endif // YOCO_FRONTEND_FAMILIES_FAMILIES_H
