// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What MLIR reports, one line each: the first error is kept for the end, warnings and remarks are printed as they come.

#ifndef YOCO_TOOLS_YOCO_COMPILE_DIAGNOSTICS_H
#define YOCO_TOOLS_YOCO_COMPILE_DIAGNOSTICS_H

#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/Error.h"
#include <string>

namespace yoco::compile {

/// `text` with control characters, line ends among them, made spaces.
std::string onOneLine(llvm::StringRef text);

/// Prints "yoco-compile: KIND: TEXT" on stderr.
void report(llvm::StringRef kind, llvm::StringRef text);

/// Handles the diagnostics of a context while it lives.
class Diagnostics {
public:
  explicit Diagnostics(mlir::MLIRContext *context);

  /// The first error that was reported; what failed without one is called `fallback`.
  llvm::Error takeError(llvm::StringRef fallback);

private:
  std::string firstError;
  mlir::ScopedDiagnosticHandler handler;
};

} // namespace yoco::compile

#endif // YOCO_TOOLS_YOCO_COMPILE_DIAGNOSTICS_H
