// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which declared state a value is a version of, and the entry points of a module.

#ifndef YOCO_PASSES_ANALYSIS_STATES_H
#define YOCO_PASSES_ANALYSIS_STATES_H

#include "dialect/YocoOps.h"

namespace mlir::yoco {

/// A version of a cache or state.
bool isStateType(Type type);

/// The declared state that `version` is a version of: follows writes back to the entry point's argument. Null when it
/// does not come from one.
StringAttr getStateName(Value version);

/// The functions of `module` marked `yoco.entry`, in order.
SmallVector<func::FuncOp> getEntryPoints(ModuleOp module);

/// The entry attribute of a function; null when it is no entry point.
EntryAttr getEntry(func::FuncOp function);

} // namespace mlir::yoco

#endif // YOCO_PASSES_ANALYSIS_STATES_H
