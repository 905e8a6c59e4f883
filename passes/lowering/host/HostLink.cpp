// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/lowering/host/HostLink.h"
#include "lld/Common/Driver.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include <mutex>

LLD_HAS_DRIVER(elf)

using namespace llvm;

/// An error that says what linking kernels failed at.
static Error linkError(const Twine &message) {
  return createStringError(inconvertibleErrorCode(), "linking host kernels: " + message);
}

static Error runLinker(StringRef objectPath, StringRef sharedPath) {
  // Nothing of the machine or the moment goes into the file: no build id, no names of temporary files, no debug
  // information.
  std::string object = objectPath.str(), shared = sharedPath.str();
  const char *arguments[] = {"ld.lld",           "-shared", "--build-id=none", "--strip-all", "--no-undefined",
                             "--threads=1",      "-z",      "noexecstack",     "-z",          "separate-code",
                             "--hash-style=gnu", "-o",      shared.c_str(),    object.c_str()};
  // lld keeps its state in globals.
  static std::mutex mutex;
  std::lock_guard<std::mutex> guard(mutex);
  std::string text;
  raw_string_ostream os(text);
  lld::Result result = lld::lldMain(arguments, os, os, {{lld::Gnu, &lld::elf::link}});
  if (result.retCode != 0)
    return linkError(text);
  return Error::success();
}

/// The loader of a model file accepts nothing that looks for symbols elsewhere.
static Error checkStandsAlone(MemoryBufferRef bytes) {
  Expected<std::unique_ptr<object::ObjectFile>> file = object::ObjectFile::createELFObjectFile(bytes);
  if (!file)
    return file.takeError();
  auto *elf = dyn_cast<object::ELF64LEObjectFile>(file->get());
  if (!elf)
    return linkError("expected a 64-bit little-endian object");
  for (const object::ELFSymbolRef &symbol : elf->getDynamicSymbolIterators()) {
    Expected<uint32_t> flags = symbol.getFlags();
    if (!flags)
      return flags.takeError();
    Expected<StringRef> name = symbol.getName();
    if (!name)
      return name.takeError();
    if (*flags & object::SymbolRef::SF_Undefined)
      return linkError("expected no undefined symbol, got `" + *name + "`");
  }
  Expected<object::ELF64LE::DynRange> entries = elf->getELFFile().dynamicEntries();
  if (!entries)
    return entries.takeError();
  for (const object::ELF64LE::Dyn &entry : *entries)
    if (entry.getTag() == ELF::DT_NEEDED)
      return linkError("expected no needed library, got one");
  return Error::success();
}

Expected<std::vector<char>> mlir::yoco::linkSharedObject(ArrayRef<char> object) {
  SmallString<128> folder;
  if (std::error_code error = sys::fs::createUniqueDirectory("yoco-kernels", folder))
    return linkError("cannot make a temporary folder: " + error.message());
  auto cleanUp = scope_exit([&] { sys::fs::remove_directories(folder); });
  SmallString<128> objectPath = folder, sharedPath = folder;
  sys::path::append(objectPath, "kernels.o");
  sys::path::append(sharedPath, "kernels.so");
  {
    std::error_code error;
    raw_fd_ostream os(objectPath, error);
    if (error)
      return linkError("cannot write " + objectPath + ": " + error.message());
    os.write(object.data(), object.size());
    os.close();
    if (os.has_error()) {
      error = os.error();
      os.clear_error();
      return linkError("cannot write " + objectPath + ": " + error.message());
    }
  }
  if (Error error = runLinker(objectPath, sharedPath))
    return std::move(error);
  ErrorOr<std::unique_ptr<MemoryBuffer>> bytes = MemoryBuffer::getFile(sharedPath, /*IsText=*/false, false);
  if (!bytes)
    return linkError("cannot read " + sharedPath + ": " + bytes.getError().message());
  if (Error error = checkStandsAlone(**bytes))
    return std::move(error);
  return std::vector<char>((*bytes)->getBufferStart(), (*bytes)->getBufferEnd());
}
