// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A file that appears under its name only when it is complete.

#ifndef YOCO_COMPILER_OUTPUTFILE_H
#define YOCO_COMPILER_OUTPUTFILE_H

#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"
#include <memory>
#include <string>

namespace mlir::yoco {

/// Writes to a neighbour of `path` and renames it. What is not committed is removed, also when a signal ends the
/// program.
class OutputFile {
public:
  /// Refuses a path at which something other than a regular file is, or whose folder cannot be written to.
  static llvm::Expected<std::unique_ptr<OutputFile>> create(llvm::StringRef path);
  ~OutputFile();

  llvm::raw_pwrite_stream &os() { return *stream; }
  llvm::Error commit();

private:
  OutputFile(std::string path, std::string temporary, int descriptor);
  void discard();

  std::string path;
  std::string temporary; // empty once renamed or removed
  std::unique_ptr<llvm::raw_fd_ostream> stream;
};

} // namespace mlir::yoco

#endif // YOCO_COMPILER_OUTPUTFILE_H
