// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Looking into a model: the layers that its operations say they belong to, and models that give chosen values beside
// the logits, so that what a target computes inside can be compared with what the interpreter computes.

#ifndef YOCO_COMPILER_PROBES_H
#define YOCO_COMPILER_PROBES_H

#include "dialect/YocoOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/Error.h"

namespace mlir::yoco {

/// The operations of @forward with one `yoco.layer`.
struct ModelLayer {
  StringRef name; // "" for operations without a layer
  SmallVector<Operation *> operations;
  /// Rows of numbers that operations of other layers read, or that @forward returns.
  SmallVector<Value> results;
};

/// Dissolves decoders and makes equal operations one, as compilation begins, so that all values of @forward stand in
/// its body.
llvm::Error flattenModel(ModuleOp module);

/// The layers of a flat @forward, in the order in which they begin.
SmallVector<ModelLayer> getLayers(func::FuncOp forward);

/// Rows of f32 that an operation computes, and does not only give another shape.
bool isComputed(Value value);

/// Numbers of a row of `value`.
int64_t getRowSize(Value value);

/// A copy of a flat module whose @forward gives more columns: the logits, then the numbers of each of `values`, which
/// are f32 rows in the body of @forward.
OwningOpRef<ModuleOp> exposeValues(ModuleOp module, ArrayRef<Value> values);

/// "linear @self.0.q": the operation that computes `value`, for people.
std::string describeMaker(Value value);
std::string describeOperation(Operation *op);

} // namespace mlir::yoco

#endif // YOCO_COMPILER_PROBES_H
