// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "compiler/OutputFile.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Signals.h"

using namespace llvm;

namespace mlir::yoco {

static Error makeError(StringRef path, std::error_code code) {
  return createStringError(code, path + ": " + code.message());
}

Expected<std::unique_ptr<OutputFile>> OutputFile::create(StringRef path) {
  std::string target = path.str();
  sys::fs::file_status status;
  std::error_code code = sys::fs::status(path, status);
  if (!code) {
    if (status.type() != sys::fs::file_type::regular_file)
      return createStringError(path + ": expected a regular file or none, got something else");
    SmallString<128> real; // a link stays a link
    if (std::error_code error = sys::fs::real_path(path, real))
      return makeError(path, error);
    target = real.str().str();
  } else if (code != std::errc::no_such_file_or_directory) {
    return makeError(path, code);
  }
  // Two compilers may write to one path at a time: the last to finish wins, and neither sees half a file.
  for (unsigned attempt = 0; attempt < 100; ++attempt) {
    std::string temporary = formatv("{0}.{1}-{2}.tmp", target, sys::Process::getProcessId(), attempt);
    int descriptor = -1;
    code = sys::fs::openFileForWrite(temporary, descriptor, sys::fs::CD_CreateNew);
    if (!code)
      return std::unique_ptr<OutputFile>(new OutputFile(target, temporary, descriptor));
    if (code != std::errc::file_exists)
      break;
  }
  return makeError(path, code);
}

OutputFile::OutputFile(std::string path, std::string temporary, int descriptor)
    : path(std::move(path)), temporary(std::move(temporary)),
      stream(std::make_unique<raw_fd_ostream>(descriptor, /*shouldClose=*/true)) {
  sys::RemoveFileOnSignal(this->temporary);
}

OutputFile::~OutputFile() { discard(); }

void OutputFile::discard() {
  if (stream) {
    stream->close();
    stream->clear_error();
  }
  if (temporary.empty())
    return;
  sys::fs::remove(temporary);
  sys::DontRemoveFileOnSignal(temporary);
  temporary.clear();
}

Error OutputFile::commit() {
  stream->close();
  if (std::error_code code = stream->error())
    return makeError(path, code);
  if (std::error_code code = sys::fs::rename(temporary, path))
    return makeError(path, code);
  sys::DontRemoveFileOnSignal(temporary);
  temporary.clear();
  return Error::success();
}

} // namespace mlir::yoco
