// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From a module in phase `program` to a model file.

#ifndef YOCO_PASSES_EMIT_EMIT_H
#define YOCO_PASSES_EMIT_EMIT_H

#include "dialect/YocoOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/raw_ostream.h"
#include <functional>

namespace mlir::yoco {

struct EmitStatistics {
  uint64_t segments = 0;       // written
  uint64_t sharedSegments = 0; // asked for again, and not written again
  uint64_t fileBytes = 0;
};

/// The numbers of a parameter, row after row in its own element type, that stand in the place of those of its
/// checkpoint; empty: the checkpoint's. They are borrowed until the file is written.
using WeightSource = std::function<ArrayRef<char>(ParameterOp)>;

/// Writes the model file of `module` to `os`, from front to back. The nested modules with `yoco.target` are the
/// variants, in their order; without such, `module` itself is the one variant. Holds a panel of weights at a time.
/// Emits errors on the module's operations; what has been written is then worth nothing. Write errors of `os` are the
/// caller's to find.
LogicalResult emitModel(ModuleOp module, llvm::raw_ostream &os, EmitStatistics *statistics = nullptr,
                        const WeightSource &source = {});

/// The same into the file `path`, which appears when it is complete. A path at which there is something other than a
/// regular file is refused.
LogicalResult emitModelFile(ModuleOp module, llvm::StringRef path, EmitStatistics *statistics = nullptr);

} // namespace mlir::yoco

#endif // YOCO_PASSES_EMIT_EMIT_H
