// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/yoco-bench/Arguments.h"

#include "tools/common/CommandLine.h"
#include "yoco/yoco.h"

#include <CLI/CLI.hpp>
#include <algorithm>

using namespace yoco::tools;

namespace yoco::bench {

static const char *const kExamples = R"(
At context N one sequence of N tokens is prefilled and decoded up: the decode steps are those of its last tokens, of
which the median counts. With --batch B each decode step has B sequences of that length; prefill is of one of them,
and where it takes seconds goes on from the context before instead of beginning again. The floors are bytes (weights,
caches, states) and operations (two for each multiply-add) that the plan says a step needs at least; the ceilings are
what this machine does at most, measured in the same run: bytes read and operations on the host; on a GPU bytes copied
(read and written), and the library's matrix product at the largest shape of prefill.

Examples:
  yoco-bench model.yoco --context 1024
  yoco-bench model.yoco --context 1024,32768,131072 --batch 4
  yoco-bench model.yoco --device=cuda:1 --context 1024,1048576
  yoco-bench model.yoco --device=host --context=512 --json)";

static std::vector<uint64_t> parseContexts(const std::string &text) {
  std::vector<uint64_t> contexts;
  for (size_t begin = 0; begin <= text.size();) {
    size_t end = std::min(text.find(',', begin), text.size());
    contexts.push_back(parseWhole("--context", text.substr(begin, end - begin), 1, INT32_MAX));
    begin = end + 1;
  }
  std::sort(contexts.begin(), contexts.end());
  contexts.erase(std::unique(contexts.begin(), contexts.end()), contexts.end());
  return contexts;
}

std::optional<Arguments> parseArguments(int argc, char **argv) {
  CLI::App app("Measures prefill and decode of a YOCO model file against the floors that its plan sets.", "yoco-bench");
  app.set_version_flag("--version", std::string("yoco-bench ") + yoco_version());
  app.footer(kExamples);
  app.get_formatter()->column_width(34);
  Arguments arguments;
  std::optional<std::string> device, batch, slots;
  std::string contexts;
  app.add_option("model", arguments.model, "The model file, made by yoco-compile")->required()->type_name("MODEL.yoco");
  app.add_option("--device", device,
                 "host or cuda[:N]; default: the first target in the file that this machine can run");
  app.add_option("--context", contexts, "Lengths of the sequence, in tokens")->required()->type_name("N[,N...]");
  app.add_option("--batch", batch, "Sequences of a decode step; default 1")->type_name("B");
  app.add_option("--slots", slots, "Sequences that the session has room for; default: those of a step")->type_name("N");
  app.add_flag("--no-graphs", arguments.noGraphs,
               "GPUs: start kernels one by one instead of as recorded graphs; for debuggers and profilers");
  app.add_flag("--json", arguments.json, "Print one JSON object instead of a table");
  if (!parse(app, argc, argv))
    return std::nullopt;
  if (device)
    arguments.device = parseDevice(*device);
  if (batch)
    arguments.batch = parseWhole("--batch", *batch, 1, INT32_MAX);
  arguments.slots = slots ? parseWhole("--slots", *slots, arguments.batch, INT32_MAX) : arguments.batch;
  arguments.contexts = parseContexts(contexts);
  return arguments;
}

} // namespace yoco::bench
