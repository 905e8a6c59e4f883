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

/// Imports the checkpoint in `folder`. The error is one line that names the file, the field or tensor, and what was
/// expected.
llvm::Expected<OwningOpRef<ModuleOp>> importCheckpoint(llvm::StringRef folder, const ImportOptions &options,
                                                       MLIRContext *context);

/// The element type of tensors of this dtype; null when no operation can use them.
FloatType getElementType(MLIRContext *context, llvm::StringRef dtype);

/// The bytes that `parameter`, which is not generated, names. An error when `checkpoint` has no such tensor, or one of
/// another shape or type than the module says.
llvm::Expected<llvm::ArrayRef<char>> getParameterBytes(const Checkpoint &checkpoint, ParameterOp parameter);

} // namespace mlir::yoco

#endif // YOCO_FRONTEND_IMPORT_H
