// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/lowering/nvptx/Ptxas.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Alignment.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace mlir::yoco;

//===- Its report --------------------------------------------------------------------------------------------===//

/// The number in front of `unit` in `line`; 0 when there is none.
static int getNumber(StringRef line, StringRef unit) {
  size_t end = line.find(unit);
  if (end == StringRef::npos)
    return 0;
  StringRef before = line.take_front(end).rtrim();
  StringRef digits = before.take_back(before.size() - (before.find_last_not_of("0123456789") + 1));
  int number = 0;
  return digits.getAsInteger(10, number) ? 0 : number;
}

std::vector<KernelResources> mlir::yoco::parsePtxasReport(StringRef report) {
  std::vector<KernelResources> kernels;
  while (!report.empty()) {
    StringRef line;
    std::tie(line, report) = report.split('\n');
    size_t entry = line.find("Compiling entry function '");
    if (entry != StringRef::npos)
      kernels.push_back({line.substr(entry).split('\'').second.split('\'').first.str()});
    if (kernels.empty())
      continue;
    KernelResources &kernel = kernels.back();
    if (line.contains("bytes stack frame")) {
      kernel.stackBytes = getNumber(line, " bytes stack frame");
      kernel.spillBytes = getNumber(line, " bytes spill stores") + getNumber(line, " bytes spill loads");
    } else if (line.contains(" registers")) {
      kernel.registers = getNumber(line, " registers");
      kernel.sharedBytes = getNumber(line, " bytes smem");
    }
  }
  return kernels;
}

//===- Registers ---------------------------------------------------------------------------------------------===//

std::string mlir::yoco::allowMoreRegisters(StringRef ptx, ArrayRef<KernelResources> kernels) {
  constexpr int kRegisters = 65536, kGranularity = 8; // of a multiprocessor
  constexpr StringLiteral kThreads = "\n.maxntid ", kBlocks = "\n.minnctapersm ";
  std::string result = ptx.str();
  for (const KernelResources &kernel : kernels) {
    size_t entry = StringRef(result).find(".entry " + kernel.name + "(");
    size_t line = entry == StringRef::npos ? entry : StringRef(result).find(kThreads, entry);
    int threads = 0;
    if ((kernel.spillBytes == 0 && kernel.stackBytes == 0) || kernel.registers == 0 || line == StringRef::npos ||
        StringRef(result).substr(line + kThreads.size()).consumeInteger(10, threads) || threads <= 0)
      continue;
    int blocks = kRegisters / (threads * static_cast<int>(alignTo(kernel.registers, kGranularity)));
    if (blocks < 2)
      continue;
    size_t end = StringRef(result).find('\n', line + 1);
    if (StringRef(result).substr(end).starts_with(kBlocks))
      result.erase(end, StringRef(result).find('\n', end + 1) - end);
    result.insert(end, (kBlocks + Twine(blocks - std::max(blocks / 4, 1))).str());
  }
  return result;
}

//===- Running it --------------------------------------------------------------------------------------------===//

static Expected<std::string> readFile(StringRef path) {
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return createStringError(path + ": " + buffer.getError().message());
  return (*buffer)->getBuffer().str();
}

static Expected<AssembledPtx> assembleOnce(StringRef ptxas, StringRef ptx, StringRef architecture) {
  SmallString<128> folder;
  if (std::error_code code = sys::fs::createUniqueDirectory("yoco-ptxas", folder))
    return createStringError("a folder for ptxas: " + code.message());
  scope_exit remove([&] { sys::fs::remove_directories(folder); });
  auto getPath = [&](StringRef name) { return (folder + "/" + name).str(); };
  const std::string input = getPath("kernels.ptx"), output = getPath("kernels.cubin"), log = getPath("report");
  {
    std::error_code code;
    raw_fd_ostream file(input, code);
    file << ptx;
    file.close();
    if (!code)
      code = file.error();
    file.clear_error();
    if (code)
      return createStringError(input + ": " + code.message());
  }
  const std::string machine = "-arch=" + architecture.str();
  const StringRef arguments[] = {ptxas, "-O3", "-v", machine, input, "-o", output};
  const std::optional<StringRef> redirects[] = {StringRef(), StringRef(log), StringRef(log)};
  std::string message;
  int status = sys::ExecuteAndWait(ptxas, arguments, /*Env=*/std::nullopt, redirects, 0, 0, &message);
  Expected<std::string> report = readFile(log);
  if (status != 0) {
    if (report)
      message += message.empty() ? report->c_str() : ": " + *report;
    else
      consumeError(report.takeError());
    return createStringError(ptxas + ": exit status " + Twine(status) + ": " + StringRef(message).trim());
  }
  if (!report)
    return report.takeError();
  Expected<std::string> cubin = readFile(output);
  if (!cubin)
    return cubin.takeError();
  return AssembledPtx{ptx.str(), std::vector<char>(cubin->begin(), cubin->end()), parsePtxasReport(*report)};
}

Expected<AssembledPtx> mlir::yoco::assemblePtx(StringRef ptxas, StringRef ptx, StringRef architecture) {
  constexpr int kAttempts = 4;
  Expected<AssembledPtx> assembled = assembleOnce(ptxas, ptx, architecture);
  for (int attempt = 1; assembled && attempt < kAttempts; ++attempt) {
    std::string relaxed = allowMoreRegisters(assembled->ptx, assembled->kernels);
    if (relaxed == assembled->ptx)
      break;
    assembled = assembleOnce(ptxas, relaxed, architecture);
  }
  return assembled;
}
