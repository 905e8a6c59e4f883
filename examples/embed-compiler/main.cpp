// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiles a checkpoint without a command line: embed-compiler CHECKPOINT MODEL.yoco

#include "compiler/Compile.h"
#include "llvm/Support/raw_ostream.h"

int main(int argc, char **argv) {
  if (argc != 3) {
    llvm::errs() << "usage: embed-compiler CHECKPOINT MODEL.yoco\n";
    return 1;
  }
  mlir::yoco::CompileOptions options;
  options.targets = {"host"};
  options.maxSeqLen = 256;
  options.explainDemand = true;
  options.onDiagnostic = [](llvm::StringRef kind, llvm::StringRef text) {
    llvm::errs() << kind << ": " << text << "\n";
  };
  std::string report;
  if (llvm::Error error = mlir::yoco::compile(argv[1], argv[2], options, &report)) {
    llvm::errs() << "embed-compiler: " << toString(std::move(error)) << "\n";
    return 1;
  }
  llvm::outs() << report;
  return 0;
}
