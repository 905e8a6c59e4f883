// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The machine code of a variant's kernels, whatever kind of device they are for.

#ifndef YOCO_PASSES_EMIT_TARGETCODE_H
#define YOCO_PASSES_EMIT_TARGETCODE_H

#include "dialect/YocoOps.h"
#include <optional>
#include <string>
#include <vector>

namespace mlir::yoco {

struct TargetCode {
  std::vector<char> bytes;
  /// What a processor must have to run it, by LLVM's names; empty for other devices.
  std::vector<std::string> cpuFeatures;
};

/// Compiles the module of kernels for `target`. None after an error.
std::optional<TargetCode> compileKernels(ModuleOp kernels, TargetAttr target);

} // namespace mlir::yoco

#endif // YOCO_PASSES_EMIT_TARGETCODE_H
