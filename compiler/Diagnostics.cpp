// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "compiler/Diagnostics.h"
#include "mlir/IR/Location.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace mlir;

namespace mlir::yoco {

std::string onOneLine(StringRef text) {
  std::string line = text.trim().str();
  for (char &c : line)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      c = ' ';
  return line;
}

/// "FILE:LINE:COLUMN: " or "LAYER: ", or nothing when the place is not known.
static std::string showLocation(Location location) {
  if (auto file = location->findInstanceOf<FileLineColLoc>())
    return (file.getFilename().getValue() + ":" + Twine(file.getLine()) + ":" + Twine(file.getColumn()) + ": ").str();
  if (auto name = location->findInstanceOf<NameLoc>())
    return (name.getName().getValue() + ": ").str();
  return "";
}

Diagnostics::Diagnostics(MLIRContext *context, Listener given)
    : listener(std::move(given)), handler(context, [this](Diagnostic &diagnostic) {
        std::string text = showLocation(diagnostic.getLocation()) + diagnostic.str();
        if (diagnostic.getSeverity() == DiagnosticSeverity::Warning)
          tell("warning", text);
        else if (diagnostic.getSeverity() == DiagnosticSeverity::Remark)
          tell("remark", text);
        else if (diagnostic.getSeverity() == DiagnosticSeverity::Error && firstError.empty())
          firstError = text;
        return success();
      }) {}

void Diagnostics::tell(StringRef kind, StringRef text) const {
  if (listener)
    listener(kind, onOneLine(text));
}

llvm::Error Diagnostics::takeError(StringRef fallback) {
  return createStringError(onOneLine(firstError.empty() ? fallback : StringRef(firstError)));
}

} // namespace mlir::yoco
