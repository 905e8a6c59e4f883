// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   1. The checkpoint is imported, compiled to phase `program` as the file was, and its parameters are looked for in
//      the file.
//   2. The interpreter evaluates the model; the file runs the same tokens through @score, @decode and as a prompt.
//   3. The model is compiled once more, with what each layer ends with as further columns beside the logits, and with
//      the file's weights where they differ. That program is fused as the file's is, since such values have several
//      readers anyway; whether its logits are the file's to the bit says so.
//   4. Of the first layer that diverges, all operations are exposed in the same way. Now little is fused: when none of
//      them diverges, it is the fused kernels that do.

#include "tools/yoco-diff/Diff.h"

#include "tools/common/Npy.h"
#include "tools/yoco-diff/Exposed.h"
#include "tools/yoco-diff/Tokens.h"

#include <cstring>

using namespace mlir::yoco;

namespace yoco::diff {

double getDefaultTolerance(const std::string &computeType) { return computeType == "f32" ? 5e-4 : 3e-2; }

static void writeLogits(const Arguments &arguments, const Array &logits) {
  tools::NpyWriter file(arguments.logits, size_t(logits.getRows()), size_t(logits.getRowSize()),
                        tools::NpyWriter::Type::float64);
  file.write(logits.numbers.data(), logits.numbers.size());
  file.finish();
}

namespace {

/// Some values, and how far a program is from them.
class Probes {
public:
  Probes(const Reference &reference, llvm::ArrayRef<mlir::Value> values, size_t rows)
      : reference(reference), values(values), sums(values.size(), ErrorSum(rows)) {}

  /// `numbers` has those of all values, one after the other.
  void add(size_t row, const float *numbers) {
    for (size_t i = 0; i < values.size(); ++i) {
      llvm::ArrayRef<double> expected = reference.get(values[i]).getRow(int64_t(row));
      sums[i].add(row, numbers, expected.data(), expected.size());
      numbers += expected.size();
    }
  }

  ValueReport get(size_t number, llvm::StringRef layer) const {
    mlir::Value value = values[number];
    return {layer.str(), describeMaker(value), size_t(getRowSize(value)), sums[number].get()};
  }

private:
  const Reference &reference;
  llvm::ArrayRef<mlir::Value> values;
  std::vector<ErrorSum> sums;
};

class Comparison {
public:
  explicit Comparison(const Arguments &arguments);

  Report run();

private:
  CompileRequest getRequest() const;
  void compareWeights();
  void compareLogits();
  void compareLayers();
  void compareOperations(const ModelLayer &layer);
  Probes runExposed(llvm::ArrayRef<mlir::Value> values);

  const Arguments &arguments;
  tools::ModelPointer opened;
  yoco_model_info info;
  std::optional<Execution> file;
  std::optional<FilePlan> plan;
  std::optional<Reference> reference;
  std::optional<FileWeights> weights;
  std::vector<int32_t> tokens;
  std::vector<float> logits; // of the file, by the entry that is looked into
  Report report;
};

} // namespace

Comparison::Comparison(const Arguments &arguments)
    : arguments(arguments), opened(tools::openModel(arguments.model, YOCO_VERIFY_FULL, arguments.threads)),
      info(tools::getInfo(opened.get())) {
  uint64_t vocabulary = info.vocabulary_size;
  tokens = readTokens(arguments.tokens, vocabulary);
  file.emplace(arguments.model, std::move(opened), arguments, tokens.size());
  plan.emplace(arguments.model, file->getVariant());
  reference.emplace(arguments.checkpoint, plan->getSeed(), arguments.threads);
  reference->expectVocabulary(arguments.model, vocabulary);
  report.checkpoint = arguments.checkpoint;
  report.model = arguments.model;
  report.device = file->getDevice();
  report.target = file->getTarget();
  report.computeType = file->getComputeType();
  report.entry = arguments.entry == Entry::score ? "score" : "decode";
  report.tokens = tokens.size();
  report.tolerance = arguments.tolerance.value_or(getDefaultTolerance(report.computeType));
}

CompileRequest Comparison::getRequest() const {
  return {report.target, report.computeType, file->getFileBounds(), plan->getPlacements()};
}

/// The first operation of the model that reads a parameter.
static mlir::Operation *findReader(const Reference &reference, llvm::StringRef parameter) {
  for (mlir::Operation &op : reference.getForward().front())
    for (mlir::NamedAttribute attribute : op.getAttrs())
      if (auto symbol = mlir::dyn_cast<mlir::FlatSymbolRefAttr>(attribute.getValue());
          symbol && symbol.getValue() == parameter)
        return &op;
  return nullptr;
}

void Comparison::compareWeights() {
  mlir::OwningOpRef<mlir::ModuleOp> program = compileToProgram(*reference, getRequest());
  weights.emplace(*program, *plan, reference->getThreads());
  report.comparedParameters = weights->getNumCompared();
  report.notCompared = weights->getNotCompared();
  for (const WeightDifference &difference : weights->getDifferences()) {
    WeightReport weight = {difference.parameter, difference.tensor,    "",
                           "",                   difference.count,     difference.differing,
                           difference.largest};
    if (mlir::Operation *reader = findReader(*reference, difference.parameter)) {
      weight.operation = describeOperation(reader);
      if (auto layer = reader->getAttrOfType<mlir::StringAttr>(YocoDialect::getLayerAttrName()))
        weight.layer = layer.str();
    }
    report.weights.push_back(weight);
  }
}

void Comparison::compareLogits() {
  const Array &expected = reference->getLogits();
  size_t vocabulary = size_t(expected.getRowSize());
  auto measure = [&](const char *name, auto run, bool keep) {
    LogitsSum sum(tokens.size(), vocabulary);
    run([&](size_t row, const float *numbers) {
      sum.add(row, numbers, expected.getRow(int64_t(row)).data());
      if (keep)
        std::copy_n(numbers, vocabulary, &logits[row * vocabulary]);
    });
    report.logits.push_back({name, sum.get()});
  };
  logits.resize(tokens.size() * vocabulary);
  using Take = Execution::RowFn;
  measure("score", [&](const Take &take) { file->run(Entry::score, tokens, take); }, arguments.entry == Entry::score);
  measure("decode", [&](const Take &take) { file->run(Entry::decode, tokens, take); },
          arguments.entry == Entry::decode);
  measure("prompt", [&](const Take &take) { file->prompt(tokens, take); }, false);
}

/// Compiles and runs the model with `values`; whether its logits are the file's goes into the report.
Probes Comparison::runExposed(llvm::ArrayRef<mlir::Value> values) {
  size_t vocabulary = reference->getVocabulary();
  Probes probes(*reference, values, tokens.size());
  Execution exposed(arguments.model, compileExposed(*reference, values, getRequest(), arguments.entry, *weights),
                    arguments, tokens.size());
  report.sameBits = true;
  exposed.run(arguments.entry, tokens, [&](size_t row, const float *numbers) {
    report.sameBits &= memcmp(numbers, &logits[row * vocabulary], vocabulary * sizeof(float)) == 0;
    probes.add(row, numbers + vocabulary);
  });
  return probes;
}

void Comparison::compareLayers() {
  llvm::SmallVector<mlir::Value> values = reference->getLayerValues();
  Probes probes = runExposed(values);
  size_t number = 0;
  for (const ModelLayer &layer : reference->getLayers()) {
    LayerReport entry;
    for (mlir::Value value : layer.results) {
      if (number == values.size() || values[number] != value)
        continue;
      ValueReport found = probes.get(number++, layer.name);
      if (entry.values++ == 0 || found.error.whole > entry.worst.error.whole)
        entry.worst = found;
    }
    if (entry.values)
      report.layers.push_back(entry);
  }
  // The last layer ends with the logits, which are the file's own.
  const LogitsReport &own = report.logits[arguments.entry == Entry::score ? 0 : 1];
  llvm::StringRef name = reference->getLayers().back().name;
  report.layers.push_back(
      {{name.str(), describeMaker(reference->getLogitsValue()), reference->getVocabulary(), own.error.error}, 1});
}

void Comparison::compareOperations(const ModelLayer &layer) {
  llvm::SmallVector<mlir::Value> values;
  for (mlir::Operation *op : layer.operations)
    for (mlir::Value value : op->getResults())
      if (isComputed(value))
        values.push_back(value);
  reference->run(tokens, values);
  bool sameBits = report.sameBits;
  Probes probes = runExposed(values);
  report.sameBits = sameBits;
  for (size_t i = 0; i < values.size(); ++i) {
    report.operations.push_back({probes.get(i, layer.name), 1});
    if (!report.divergence && report.diverges(report.operations.back().worst.error))
      report.divergence = report.operations.back().worst;
  }
}

Report Comparison::run() {
  compareWeights();
  reference->run(tokens, reference->getLayerValues());
  if (!arguments.logits.empty())
    writeLogits(arguments, reference->getLogits());
  compareLogits();
  compareLayers();
  if (const LayerReport *first = report.getFirstLayer())
    for (const ModelLayer &layer : reference->getLayers())
      if (layer.name == llvm::StringRef(first->worst.layer))
        compareOperations(layer);
  return report;
}

Report compare(const Arguments &arguments) { return Comparison(arguments).run(); }

void writeReference(const Arguments &arguments) {
  Reference reference(arguments.checkpoint, arguments.randomWeights, arguments.threads);
  reference.run(readTokens(arguments.tokens, reference.getVocabulary()), {});
  writeLogits(arguments, reference.getLogits());
}

} // namespace yoco::diff
