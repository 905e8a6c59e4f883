// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From a checkpoint to a module of phase `model`.

#ifndef YOCO_FRONTEND_IMPORT_H
#define YOCO_FRONTEND_IMPORT_H

#include "dialect/YocoOps.h"
#include "frontend/Checkpoint.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include <optional>

namespace mlir::yoco {

struct ImportOptions;

/// Imports an open checkpoint of one family: checks the configuration, then loads the weights unless they are
/// generated.
using ImportFamilyFn = llvm::Expected<OwningOpRef<ModuleOp>> (*)(Checkpoint &, const ImportOptions &, MLIRContext *);

/// A model family: how the fields and tensors of checkpoints with this `model_type` become operations.
struct Family {
  llvm::StringRef modelType;
  ImportFamilyFn import;
};

/// The families of frontend/families/.
llvm::ArrayRef<Family> getFamilies();

struct ImportOptions {
  /// With a seed the configuration is enough: all weights are bf16 values that are generated when a model file is
  /// loaded.
  std::optional<uint64_t> randomSeed;
  /// More families than `getFamilies`; they are asked first.
  SmallVector<Family> families;
};

/// Imports the checkpoint at `path`, a folder or a GGUF file. The error is one line that names the file, the field or
/// tensor, and what was expected. What the model will lack is a warning.
llvm::Expected<OwningOpRef<ModuleOp>> importCheckpoint(llvm::StringRef path, const ImportOptions &options,
                                                       MLIRContext *context);

/// The element type of a parameter with the numbers of `tensor`; null when none can have them.
FloatType getElementType(MLIRContext *context, const Tensor &tensor);

/// The tensor that `parameter`, which is not generated, names. An error when `checkpoint` has no such tensor, or one of
/// another shape or type than the module says.
llvm::Expected<const Tensor *> getParameterTensor(const Checkpoint &checkpoint, ParameterOp parameter);

} // namespace mlir::yoco

#endif // YOCO_FRONTEND_IMPORT_H
