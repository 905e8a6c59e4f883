// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Picks the family by `model_type`.

#include "frontend/Import.h"
#include "frontend/Json.h"
#include "frontend/families/Families.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"
#include <algorithm>

using namespace llvm;

namespace mlir::yoco {

namespace {

/// The params.json of the original YOCO has no model_type.
Expected<std::string> getModelType(const Checkpoint &checkpoint) {
  StringRef file = checkpoint.getConfigFile();
  const json::Value *type = checkpoint.getConfig().get("model_type");
  if (!type && sys::path::filename(file) == "params.json")
    return std::string("yoco");
  if (type && type->getAsString())
    return type->getAsString()->str();
  return makeError(file + ": field 'model_type': expected a string, got " + (type ? show(*type) : "nothing"));
}

/// The name that `text` may have been meant to be.
StringRef getNearest(ArrayRef<StringRef> names, StringRef text) {
  constexpr size_t kLongestName = 64;
  text = text.take_front(kLongestName);
  return *std::min_element(names.begin(), names.end(), [&](StringRef a, StringRef b) {
    return text.edit_distance_insensitive(a) < text.edit_distance_insensitive(b);
  });
}

} // namespace

ArrayRef<Family> getFamilies() {
  static constexpr Family families[] = {
      {"ced-toy", importCed},
      {"lckv-llama", importLckv},
      {"llama", importLlama},
      {"mistral", importMistral},
      {"phi3", importPhi3},
      {"qwen2", importQwen2},
      {"qwen3", importQwen3},
      {"stablelm", importStableLm},
      {"yoco", importYoco},
  };
  return families;
}

static Expected<OwningOpRef<ModuleOp>> import(const Family &family, Checkpoint &checkpoint,
                                              const ImportOptions &options, MLIRContext *context) {
  Expected<OwningOpRef<ModuleOp>> module = family.import(checkpoint, options, context);
  if (!module)
    return makeError(checkpoint.translateMessage(toString(module.takeError())));
  if (std::string warning = checkpoint.getWarning(); !warning.empty())
    mlir::emitWarning(UnknownLoc::get(context)) << warning;
  return module;
}

Expected<OwningOpRef<ModuleOp>> importCheckpoint(StringRef path, const ImportOptions &options, MLIRContext *context) {
  Expected<std::unique_ptr<Checkpoint>> checkpoint = Checkpoint::openConfig(path);
  if (!checkpoint)
    return checkpoint.takeError();
  Expected<std::string> type = getModelType(**checkpoint);
  if (!type)
    return type.takeError();
  SmallVector<StringRef> names;
  for (const Family &family : concat<const Family>(options.families, getFamilies())) {
    if (family.modelType == *type)
      return import(family, **checkpoint, options, context);
    names.push_back(family.modelType);
  }
  return makeError((*checkpoint)->getConfigFile() + ": field 'model_type': expected one of " + join(names, ", ") +
                   ", got " + quote(*type) + "; the nearest is " + getNearest(names, *type) +
                   " (docs/Frontend.md describes them)");
}

FloatType getElementType(MLIRContext *context, const Tensor &tensor) {
  if (!tensor.type)
    return {};
  switch (tensor.number) {
  case NumberKind::f32:
    return Float32Type::get(context);
  case NumberKind::f16:
    return Float16Type::get(context);
  case NumberKind::bf16:
    return BFloat16Type::get(context);
  }
  llvm_unreachable("a number of no kind");
}

Expected<const Tensor *> getParameterTensor(const Checkpoint &checkpoint, ParameterOp parameter) {
  StringRef name = parameter.getTensor();
  RankedTensorType type = parameter.getTensorType();
  const Tensor *tensor = checkpoint.find(name);
  std::string subject =
      (checkpoint.getWeightsFile() + ": tensor " + quote(checkpoint.getStoredName(name)) + ": ").str();
  if (!tensor)
    return makeError(subject + "expected it for parameter @" + parameter.getSymName() + ", got no such tensor");
  FloatType element = getElementType(parameter.getContext(), *tensor);
  SliceAttr whole = parameter.getWholeSlice();
  SmallVector<int64_t> shape = {whole.getRows(), whole.getColumns()};
  if (type.getRank() == 1)
    shape.erase(shape.begin());
  if (element != type.getElementType() || ArrayRef(shape) != ArrayRef<int64_t>(tensor->shape)) {
    std::string expected;
    raw_string_ostream(expected) << RankedTensorType::get(shape, type.getElementType());
    return makeError(subject + "expected " + expected + ", as parameter @" + parameter.getSymName() +
                     " says, got another shape or type");
  }
  return tensor;
}

} // namespace mlir::yoco
