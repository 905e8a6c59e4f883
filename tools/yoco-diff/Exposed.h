// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The model of a checkpoint, compiled again as a model file was, to look inside.

#ifndef YOCO_TOOLS_YOCODIFF_EXPOSED_H
#define YOCO_TOOLS_YOCODIFF_EXPOSED_H

#include "tools/yoco-diff/Execution.h"
#include "tools/yoco-diff/FileWeights.h"
#include "tools/yoco-diff/Reference.h"

namespace yoco::diff {

/// What a model file was compiled for.
struct CompileRequest {
  std::string target, computeType;
  yoco_bounds bounds;
  std::vector<std::string> placements;
};

/// Phase `program` of the reference's model, with all entry points.
mlir::OwningOpRef<mlir::ModuleOp> compileToProgram(const Reference &reference, const CompileRequest &request);

/// Writes a model file with one entry point, each of whose rows has the logits and then the numbers of `values`; its
/// weights are those of the file that `weights` is about. `descriptor` is of the open file `path`, and closed.
void writeExposed(const Reference &reference, llvm::ArrayRef<mlir::Value> values, const CompileRequest &request,
                  Entry entry, const FileWeights &weights, int descriptor, const std::string &path);

/// The same, opened. The file is in the system's folder for temporary ones, and gone when this returns.
tools::ModelPointer compileExposed(const Reference &reference, llvm::ArrayRef<mlir::Value> values,
                                   const CompileRequest &request, Entry entry, const FileWeights &weights);

} // namespace yoco::diff

#endif // YOCO_TOOLS_YOCODIFF_EXPOSED_H
