// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From a checkpoint to a model file. The work is in compiler/; here are flags and messages: one line on stderr and exit
// status 1 for whatever goes wrong.

#include "compiler/Compile.h"
#include "compiler/Diagnostics.h"
#include "tools/yoco-compile/CommandLine.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Support/thread.h"
#include <csignal>
#include <cstdlib>
#include <unistd.h>

using namespace llvm;
using namespace mlir::yoco;
using namespace yoco::compile;

/// MLIR's parsers descend recursively.
static constexpr unsigned kStackBytes = 256 << 20;

static void report(StringRef kind, StringRef text) {
  errs() << "yoco-compile: " << kind << ": " << onOneLine(text) << '\n';
}

static int fail(StringRef message) {
  report("error", message);
  return 1;
}

/// `text` on stdout. A full disk or a closed pipe is an error.
static int print(StringRef text) {
  outs() << text;
  outs().flush();
  if (std::error_code code = outs().error()) {
    outs().clear_error();
    return fail("stdout: " + code.message());
  }
  return 0;
}

/// The end after a crash, which may have come in the middle of an allocation: nothing here may allocate.
[[noreturn]] static void dieOfCrash() {
  sys::RunInterruptHandlers(); // removes what is half written
  static constexpr char message[] = "yoco-compile: error: internal error: the compiler crashed\n";
  [[maybe_unused]] ssize_t written = ::write(STDERR_FILENO, message, sizeof(message) - 1);
  std::_Exit(1);
}

static CompileOptions getOptions(const CommandLine &line) {
  CompileOptions options;
  options.targets = line.targets;
  options.dtype = line.dtype;
  options.maxSeqLen = line.maxSeqLen;
  options.maxBatch = line.maxBatch;
  options.prefillChunk = line.prefillChunk;
  options.placements = line.placements;
  options.randomWeights = line.randomWeights;
  options.compileFrom = symbolizePhase(line.compileFrom);
  options.compileTo = symbolizePhase(line.compileTo);
  options.explainDemand = line.explainDemand;
  options.demandPicture = line.demandPicture;
  options.plan = line.plan;
  options.statistics = line.passStatistics;
  options.onDiagnostic = report;
  options.optionPrefix = "--";
  return options;
}

/// Runs `compilation` where a crash of the compiler, which is a bug, still ends with a message.
static bool runGuarded(Compilation &compilation, std::string &message) {
  bool succeeded = false;
  llvm::thread worker(std::optional<unsigned>(kStackBytes), [&] {
    CrashRecoveryContext recovery;
    bool returned = recovery.RunSafely([&] {
      Error error = compilation.run();
      succeeded = !error;
      message = toString(std::move(error));
    });
    if (!returned)
      dieOfCrash();
  });
  worker.join();
  return succeeded;
}

static int compile(const CommandLine &line) {
  Compilation compilation(line.input, line.output, getOptions(line));
  std::string message;
  if (!runGuarded(compilation, message))
    return fail(message);
  if (int status = print(compilation.getText()))
    return status;
  if (Error error = compilation.commit())
    return fail(toString(std::move(error)));
  return 0;
}

int main(int argc, char **argv) {
  std::signal(SIGPIPE, SIG_IGN);
  install_fatal_error_handler([](void *, const char *reason, bool) {
    sys::RunInterruptHandlers(); // removes what is half written
    report("error", reason);
    std::_Exit(1);
  });
  CrashRecoveryContext::Enable();
  ParsedCommandLine parsed = parseCommandLine(argc, argv);
  if (auto *error = std::get_if<UsageError>(&parsed))
    return fail(error->message);
  if (auto *information = std::get_if<Information>(&parsed))
    return print(information->text);
  return compile(std::get<CommandLine>(parsed));
}
