// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From a checkpoint to a model file. The work is in the frontend, the pipelines and the emitter; here are flags, files
// and messages: one line on stderr and exit status 1 for whatever goes wrong.

#include "tools/yoco-compile/CommandLine.h"
#include "tools/yoco-compile/Compile.h"
#include "tools/yoco-compile/Diagnostics.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Support/thread.h"
#include <csignal>
#include <cstdlib>
#include <unistd.h>

using namespace llvm;
using namespace yoco::compile;

/// MLIR's parsers descend recursively.
static constexpr unsigned kStackBytes = 256 << 20;

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

/// Runs `job` where a crash of the compiler, which is a bug, still ends with a message.
static bool runGuarded(Job &job, std::string &message) {
  bool succeeded = false;
  llvm::thread worker(std::optional<unsigned>(kStackBytes), [&] {
    CrashRecoveryContext recovery;
    bool returned = recovery.RunSafely([&] {
      Error error = job.run();
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
  Job job(line);
  std::string message;
  if (!runGuarded(job, message))
    return fail(message);
  if (int status = print(job.getText()))
    return status;
  if (Error error = job.commit())
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
