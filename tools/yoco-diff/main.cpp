// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// yoco-diff: compares a model file with its checkpoint, layer by layer.

#include "tools/common/CommandLine.h"
#include "tools/common/Output.h"
#include "tools/yoco-diff/Diff.h"

#include "llvm/Support/thread.h"

using namespace yoco::diff;

/// The exit status when something differs; 1 is for errors, as in all tools.
constexpr int kDiffers = 2;

/// MLIR's parsers descend recursively.
constexpr unsigned kStackBytes = 256 << 20;

static int run(int argc, char **argv) {
  int status = 0;
  int error = yoco::tools::runTool("yoco-diff", [&] {
    std::optional<Arguments> arguments = parseArguments(argc, argv);
    if (!arguments)
      return;
    if (arguments->model.empty())
      return writeReference(*arguments);
    if (!arguments->exportFolder.empty())
      return writeExport(*arguments);
    Report report = compare(*arguments);
    yoco::tools::print(arguments->json ? showJson(report) : showTables(report));
    status = report.agrees() ? 0 : kDiffers;
  });
  return error ? error : status;
}

int main(int argc, char **argv) {
  int status = 0;
  llvm::thread worker(std::optional<unsigned>(kStackBytes), [&] { status = run(argc, argv); });
  worker.join();
  return status;
}
