// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/yoco-compile/CommandLine.h"
#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>

namespace yoco::compile {

namespace {

constexpr const char *kDescription = "Compiles a decoder-decoder language model into one model file.";

constexpr const char *kExamples = R"(Examples:
  Compile a checkpoint for this project's default target, the CPU:
    yoco-compile examples/yoco-tiny/gret -o gret.yoco --max-seq-len=4096
  Compile a GGUF file; quantised weights are widened to the type that the target wants:
    yoco-compile model.gguf -o model.yoco
  See what prefill skips, and where every byte of memory goes:
    yoco-compile examples/yoco-tiny/gret --explain-demand --plan
  Compile a configuration that has no weights yet:
    yoco-compile path/to/config/folder -o random.yoco --random-weights=1
  Stop after a phase, look at the module, and go on:
    yoco-compile examples/yoco-tiny/swa --compile-to=step -o swa.mlir
    yoco-compile swa.mlir -o swa.yoco

Exits with 0, or with 1 after one line that says what is wrong; then nothing has been written.)";

/// Positions are exact in f32 below this.
constexpr int64_t kMaxSeqLen = int64_t(1) << 24;
constexpr int64_t kMaxBatch = 1 << 16;

const std::vector<std::string> kPhases = {"model", "step", "fused", "planned", "program"};

/// A message of one line, thrown through CLI11's exceptions to parseCommandLine.
struct Problem {
  std::string message;
};

template <typename T>
T parseInteger(const std::string &flag, const std::string &text, T low, T high) {
  T value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || value < low || value > high)
    throw Problem{flag + ": expected an integer from " + std::to_string(low) + " to " + std::to_string(high) +
                  ", got '" + text + "'"};
  return value;
}

std::optional<int64_t> parseBound(const CLI::Option *option, const std::string &text, int64_t high) {
  if (option->count() == 0)
    return std::nullopt;
  return parseInteger<int64_t>(option->get_name(), text, 1, high);
}

void expectOneOf(const std::string &flag, const std::string &text, const std::vector<std::string> &allowed) {
  if (std::find(allowed.begin(), allowed.end(), text) == allowed.end())
    throw Problem{flag + ": expected " + CLI::detail::join(allowed, ", ") + ", got '" + text + "'"};
}

/// The options as text, before anything is checked.
class Parser {
public:
  Parser() : app(kDescription, "yoco-compile") {
    app.footer(kExamples);
    app.set_version_flag("--version", "yoco-compile " YOCO_VERSION);
    add("input", line.input, "INPUT", "Checkpoint, a folder or a GGUF file, or a module (.mlir, .mlirbc)");
    output = add("-o", line.output, "FILE", "Model file to write; with --compile-to, the module (default: stdout)");
    app.add_option("--target", line.targets,
                   "host[:x86-64-v3|x86-64-v4|native], nvptx:sm_80 or nvptx:sm_90a; may be repeated (default: host)")
        ->type_name("TARGET")
        ->allow_extra_args(false);
    dtype = add("--dtype", line.dtype, "TYPE", "Type to compute in: f32 or bf16 (default: f32 on host, bf16 on nvptx)");
    maxSeqLen = add("--max-seq-len", maxSeqLenText, "N",
                    "Longest sequence, in tokens (default: the checkpoint's, else 4096)");
    maxBatch = add("--max-batch", maxBatchText, "N", "Sequences that a session holds at a time (default: 1)");
    prefillChunk = add("--prefill-chunk", prefillChunkText, "N",
                       "Tokens of a prefill step (default: chosen by the plan)");
    app.add_option(
           "--place", line.placements,
           "Keep parameters whose names match in the memory of the host, for lookups: PATTERN=host; may be repeated")
        ->type_name("PATTERN=host")
        ->allow_extra_args(false);
    randomWeights = add("--random-weights", randomWeightsText, "SEED",
                        "Needs no weights: makes them from this seed when the model is loaded");
    compileTo = add("--compile-to", line.compileTo, "PHASE",
                    "Stop after a phase and print the module: model, step, fused, planned or program");
    compileFrom = add("--compile-from", line.compileFrom, "PHASE",
                      "Phase of the input module (default: what it says itself)");
    app.add_flag("--explain-demand", explanations,
                 "Print which rows each layer computes, and why no others; --explain-demand=FILE.svg draws it");
    app.add_flag("--plan", line.plan, "Print the memory plan");
    app.add_flag("--pass-statistics", line.passStatistics, "Print what the passes counted");
  }

  CommandLine parse(int argc, const char *const *argv) {
    // CLI11 would take the next argument for the value.
    for (const char *const *arg = argv; arg != argv + argc; ++arg)
      if (std::string_view text = *arg; text.substr(0, 2) == "--" && text.back() == '=')
        throw Problem{std::string(text.substr(0, text.size() - 1)) + ": expected a value, got an empty one"};
    app.parse(argc, argv);
    if (line.input.empty())
      throw Problem{"expected a checkpoint, a folder or a GGUF file, or a module, got none"};
    line.maxSeqLen = parseBound(maxSeqLen, maxSeqLenText, kMaxSeqLen);
    line.maxBatch = parseBound(maxBatch, maxBatchText, kMaxBatch);
    line.prefillChunk = parseBound(prefillChunk, prefillChunkText, kMaxSeqLen);
    if (randomWeights->count())
      line.randomWeights = parseInteger<uint64_t>("--random-weights", randomWeightsText, 0, UINT64_MAX);
    if (dtype->count())
      expectOneOf("--dtype", line.dtype, {"f32", "bf16"});
    if (compileTo->count())
      expectOneOf("--compile-to", line.compileTo, kPhases);
    if (compileFrom->count())
      expectOneOf("--compile-from", line.compileFrom, kPhases);
    readExplanations();
    checkOutput();
    return line;
  }

  std::string help() const { return app.help(); }

private:
  CLI::Option *add(const std::string &name, std::string &value, const std::string &type, const std::string &help) {
    return app.add_option(name, value, help)->type_name(type);
  }

  /// A flag that has no value is "true".
  void readExplanations() {
    for (const std::string &value : explanations) {
      if (value == "true") {
        line.explainDemand = true;
        continue;
      }
      if (!line.demandPicture.empty())
        throw Problem{"--explain-demand: expected one file, got '" + line.demandPicture + "' and '" + value + "'"};
      line.demandPicture = value;
    }
  }

  void checkOutput() const {
    bool hasReport = line.explainDemand || line.plan || line.passStatistics;
    if (output->count() && line.output.empty())
      throw Problem{"-o: expected the name of a file, got an empty one"};
    if (!output->count() && line.compileTo.empty() && !hasReport && line.demandPicture.empty())
      throw Problem{"expected -o FILE for the model file"};
    if (!output->count() && !line.compileTo.empty() && hasReport)
      throw Problem{"expected -o FILE for the module, since stdout takes the report"};
  }

  CLI::App app;
  CommandLine line;
  std::vector<std::string> explanations;
  std::string maxSeqLenText, maxBatchText, prefillChunkText, randomWeightsText;
  CLI::Option *output, *dtype, *maxSeqLen, *maxBatch, *prefillChunk, *randomWeights, *compileTo,
      *compileFrom;
};

} // namespace

ParsedCommandLine parseCommandLine(int argc, const char *const *argv) {
  Parser parser;
  try {
    return parser.parse(argc, argv);
  } catch (const Problem &problem) {
    return UsageError{problem.message};
  } catch (const CLI::CallForHelp &) {
    return Information{parser.help()};
  } catch (const CLI::CallForVersion &version) {
    return Information{std::string(version.what()) + "\n"};
  } catch (const CLI::Error &error) {
    return UsageError{error.what()};
  }
}

} // namespace yoco::compile
