// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What MLIR reports, one line each: the first error is kept for the end, warnings and remarks are passed on as they
// come.

#ifndef YOCO_COMPILER_DIAGNOSTICS_H
#define YOCO_COMPILER_DIAGNOSTICS_H

#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/Error.h"
#include <functional>
#include <string>

namespace mlir::yoco {

/// `text` with control characters, line ends among them, made spaces.
std::string onOneLine(llvm::StringRef text);

/// Handles the diagnostics of a context while it lives.
class Diagnostics {
public:
  /// What gets the kind ("warning" or "remark") and the text of what is not an error.
  using Listener = std::function<void(llvm::StringRef kind, llvm::StringRef text)>;

  Diagnostics(MLIRContext *context, Listener listener);

  /// The first error that was reported; what failed without one is called `fallback`.
  llvm::Error takeError(llvm::StringRef fallback);

private:
  void tell(llvm::StringRef kind, llvm::StringRef text) const;

  std::string firstError;
  Listener listener;
  ScopedDiagnosticHandler handler;
};

} // namespace mlir::yoco

#endif // YOCO_COMPILER_DIAGNOSTICS_H
