// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Picks the family by `model_type`.

#include "frontend/Import.h"
#include "frontend/Json.h"
#include "frontend/families/Families.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Path.h"

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

} // namespace

ArrayRef<Family> getFamilies() {
  static constexpr Family families[] = {
      {"ced-toy", importCed},
      {"llama", importLlama},
      {"yoco", importYoco},
  };
  return families;
}

Expected<OwningOpRef<ModuleOp>> importCheckpoint(StringRef folder, const ImportOptions &options, MLIRContext *context) {
  Expected<std::unique_ptr<Checkpoint>> checkpoint = Checkpoint::openConfig(folder);
  if (!checkpoint)
    return checkpoint.takeError();
  Expected<std::string> type = getModelType(**checkpoint);
  if (!type)
    return type.takeError();
  SmallVector<StringRef> names;
  for (const Family &family : concat<const Family>(options.families, getFamilies())) {
    if (family.modelType == *type)
      return family.import(**checkpoint, options, context);
    names.push_back(family.modelType);
  }
  return makeError((*checkpoint)->getConfigFile() + ": field 'model_type': expected one of " + join(names, ", ") +
                   ", got " + quote(*type));
}

FloatType getElementType(MLIRContext *context, StringRef dtype) {
  return StringSwitch<FloatType>(dtype)
      .Case("BF16", BFloat16Type::get(context))
      .Case("F16", Float16Type::get(context))
      .Case("F32", Float32Type::get(context))
      .Default(FloatType());
}

Expected<ArrayRef<char>> getParameterBytes(const Checkpoint &checkpoint, ParameterOp parameter) {
  StringRef name = parameter.getTensor();
  RankedTensorType type = parameter.getTensorType();
  const Tensor *tensor = checkpoint.find(name);
  std::string subject = (checkpoint.getWeightsFile() + ": tensor " + quote(name) + ": ").str();
  if (!tensor)
    return makeError(subject + "expected it for parameter @" + parameter.getSymName() + ", got no such tensor");
  FloatType element = getElementType(parameter.getContext(), tensor->dtype);
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
  return tensor->bytes;
}

} // namespace mlir::yoco
