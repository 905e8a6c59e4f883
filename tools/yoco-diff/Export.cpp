// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a machine without a compiler needs to compare layers: a model file, tokens, and the numbers that should come
// out.

#include "tools/common/Npy.h"
#include "tools/yoco-diff/Diff.h"
#include "tools/yoco-diff/Exposed.h"
#include "tools/yoco-diff/Tokens.h"

#include "llvm/Support/FileSystem.h"

#include <fstream>
#include <nlohmann/json.hpp>

using namespace mlir::yoco;

namespace yoco::diff {

namespace {

/// The variant of a file for a device, which need not be there.
struct Variant {
  uint32_t number = 0;
  std::string target, computeType;
};

Variant findVariant(const std::string &path, const yoco_model *model, const std::string &device) {
  std::string kind = device.substr(0, device.find(':'));
  for (uint32_t i = 0; i < tools::getInfo(model).variant_count; ++i) {
    yoco_variant_info found = {};
    found.struct_size = sizeof(found);
    if (yoco_model_get_variant(model, i, nullptr, &found, nullptr, 0) == YOCO_OK &&
        (kind.empty() || kind == found.device))
      return {i, found.target, found.compute_type};
  }
  throw std::runtime_error(path + ": expected a target for device " + kind + ", got none");
}

void writeText(const std::string &path, const std::string &text) {
  std::ofstream file(path);
  file << text;
  file.close();
  if (!file)
    throw std::runtime_error(path + ": cannot be written");
}

/// The logits and then all values, row by row.
void writeExpected(const std::string &path, const Reference &reference, llvm::ArrayRef<mlir::Value> values) {
  const Array &logits = reference.getLogits();
  int64_t columns = logits.getRowSize();
  for (mlir::Value value : values)
    columns += getRowSize(value);
  tools::NpyWriter file(path, size_t(logits.getRows()), size_t(columns), tools::NpyWriter::Type::float64);
  for (int64_t row = 0; row < logits.getRows(); ++row) {
    file.write(logits.getRow(row).data(), logits.getRow(row).size());
    for (mlir::Value value : values)
      file.write(reference.get(value).getRow(row).data(), size_t(getRowSize(value)));
  }
  file.finish();
}

std::string describeColumns(const Variant &variant, double tolerance, const Reference &reference,
                            llvm::ArrayRef<mlir::Value> values) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  int64_t first = 0;
  auto add = [&](mlir::Value value) {
    auto layer = value.getDefiningOp()->getAttrOfType<mlir::StringAttr>(YocoDialect::getLayerAttrName());
    list.push_back({{"layer", layer ? layer.str() : ""},
                    {"operation", describeMaker(value)},
                    {"first", first},
                    {"columns", getRowSize(value)}});
    first += getRowSize(value);
  };
  add(reference.getLogitsValue());
  for (mlir::Value value : values)
    add(value);
  nlohmann::ordered_json json = {{"target", variant.target},
                                 {"compute_type", variant.computeType},
                                 {"tolerance", tolerance},
                                 {"values", list}};
  return json.dump(2) + "\n";
}

} // namespace

void writeExport(const Arguments &arguments) {
  tools::ModelPointer model = tools::openModel(arguments.model, YOCO_VERIFY_FULL, arguments.threads);
  yoco_model_info info = tools::getInfo(model.get());
  Variant variant = findVariant(arguments.model, model.get(), arguments.device);
  std::vector<int32_t> tokens = readTokens(arguments.tokens, info.vocabulary_size);
  FilePlan plan(arguments.model, variant.number);
  Reference reference(arguments.checkpoint, plan.getSeed(), arguments.threads);
  reference.expectVocabulary(arguments.model, info.vocabulary_size);
  const std::string &folder = arguments.exportFolder, path = folder + "/exposed.yoco";
  int descriptor = -1;
  std::error_code code = llvm::sys::fs::create_directories(folder);
  if (!code)
    code = llvm::sys::fs::openFileForWrite(path, descriptor);
  if (code)
    throw std::runtime_error(path + ": " + code.message());

  CompileRequest request = {variant.target, variant.computeType, info.bounds, plan.getPlacements()};
  FileWeights weights(*compileToProgram(reference, request), plan, reference.getThreads());
  llvm::SmallVector<mlir::Value> values = reference.getLayerValues();
  writeExposed(reference, values, request, arguments.entry, weights, descriptor, path);
  reference.run(tokens, values);
  writeExpected(folder + "/expected.npy", reference, values);
  double tolerance = arguments.tolerance.value_or(getDefaultTolerance(variant.computeType));
  writeText(folder + "/columns.json", describeColumns(variant, tolerance, reference, values));
  std::string ids;
  for (int32_t token : tokens)
    ids += std::to_string(token) + "\n";
  writeText(folder + "/tokens.txt", ids);
}

} // namespace yoco::diff
