// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/yoco-diff/Arguments.h"

#include "tools/common/CommandLine.h"

#include "yoco/yoco.h"

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdlib>
#include <stdexcept>

using namespace yoco::tools;

namespace yoco::diff {

namespace {

const char *const kExamples = R"(
The reference is the checkpoint's model, evaluated in float64. The weights of the file are compared with those of the
checkpoint; then logits, and the values that each layer ends with, which the same compiler exposes for the file's
target, with the file's weights. Of the first layer that diverges all operations are compared.

Examples:
  yoco-diff path/to/checkpoint model.yoco
  yoco-diff path/to/checkpoint model.yoco --tokens 1,17,42 --entry decode
  yoco-diff path/to/checkpoint model.yoco --device cuda --tokens @ids.txt --json
  yoco-diff path/to/checkpoint --tokens random:100 --logits reference.npy
  yoco-diff path/to/checkpoint model.yoco --device cuda --export folder

Exits with 0 when all agrees, with 2 when something does not, and with 1 after one line that says what is wrong.)";

/// Options as text; CLI11's own conversions explain too little.
struct Texts {
  std::optional<std::string> tokens, device, entry, tolerance, randomWeights, logits, exportFolder, threads;
};

void addOptions(CLI::App &app, Arguments &arguments, Texts &texts) {
  app.add_option("checkpoint", arguments.checkpoint, "Folder of a checkpoint, or a module in phase model")
      ->required()
      ->type_name("CHECKPOINT");
  app.add_option("model", arguments.model, "The model file, made by yoco-compile; may be left out with --logits")
      ->type_name("MODEL.yoco");
  app.add_option("--tokens", texts.tokens,
                 "Ids with commas between them, @FILE of ids with white space between them (@-: standard input), or "
                 "random:N; default: random:" + std::to_string(kDefaultTokens))
      ->type_name("IDS");
  app.add_option("--device", texts.device,
                 "host or cuda[:N]; default: the first target in the file that this machine can run");
  app.add_option("--entry", texts.entry, "Look into the program of score (default) or decode")->type_name("ENTRY");
  app.add_option("--tolerance", texts.tolerance,
                 "Largest relative error that agrees; default: 5e-4 where the target computes in f32, 3e-2 in bf16")
      ->type_name("ERROR");
  app.add_option("--random-weights", texts.randomWeights,
                 "Seed of generated weights for --logits without a model; a file says its own")
      ->type_name("SEED");
  app.add_option("--logits", texts.logits,
                 "Write the reference's logits to a .npy file, float64 [tokens, vocabulary]")
      ->type_name("OUT.npy");
  app.add_option("--export", texts.exportFolder,
                 "Run nothing: write the model with its layers exposed, and the numbers that it should give, to this "
                 "folder, for a machine that has the device but no compiler")
      ->type_name("FOLDER");
  app.add_option("--threads", texts.threads, "Threads to compute with; default: one per hardware thread")
      ->type_name("N");
  app.add_flag("--json", arguments.json, "Print one JSON object instead of tables");
}

void readTexts(const Texts &texts, Arguments &arguments) {
  constexpr uint64_t kMostThreads = 1024;
  if (texts.tokens)
    arguments.tokens = *texts.tokens;
  if (texts.device)
    arguments.device = parseDevice(*texts.device);
  if (texts.entry && *texts.entry != "score" && *texts.entry != "decode")
    fail("--entry", "score or decode", *texts.entry);
  if (texts.entry && *texts.entry == "decode")
    arguments.entry = Entry::decode;
  if (texts.tolerance) {
    char *end = nullptr;
    double value = std::strtod(texts.tolerance->c_str(), &end);
    if (texts.tolerance->empty() || *end != '\0' || !std::isfinite(value) || value < 0)
      fail("--tolerance", "a number of at least 0", *texts.tolerance);
    arguments.tolerance = value;
  }
  if (texts.randomWeights)
    arguments.randomWeights = parseWhole("--random-weights", *texts.randomWeights, 0, UINT64_MAX);
  if (texts.logits && texts.logits->empty())
    fail("--logits", "the name of a file", "");
  arguments.logits = texts.logits.value_or("");
  if (texts.exportFolder && texts.exportFolder->empty())
    fail("--export", "the name of a folder", "");
  arguments.exportFolder = texts.exportFolder.value_or("");
  if (texts.threads)
    arguments.threads = uint32_t(parseWhole("--threads", *texts.threads, 1, kMostThreads));
}

void checkTogether(const Arguments &arguments) {
  if (arguments.model.empty() && (arguments.logits.empty() || !arguments.exportFolder.empty()))
    throw std::runtime_error("expected MODEL.yoco to compare with the checkpoint, or --logits for the reference alone "
                             "(yoco-diff --help has examples)");
  if (!arguments.model.empty() && arguments.randomWeights)
    throw std::runtime_error("--random-weights: expected no model file, which says how its weights are generated");
}

} // namespace

std::optional<Arguments> parseArguments(int argc, char **argv) {
  CLI::App app("Compares a model file with its checkpoint, layer by layer.", "yoco-diff");
  app.set_version_flag("--version", std::string("yoco-diff ") + yoco_version());
  app.footer(kExamples);
  app.get_formatter()->column_width(34);
  Arguments arguments;
  Texts texts;
  addOptions(app, arguments, texts);
  if (!parse(app, argc, argv))
    return std::nullopt;
  readTexts(texts, arguments);
  checkTogether(arguments);
  return arguments;
}

} // namespace yoco::diff
