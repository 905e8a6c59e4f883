// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "compiler/interpreter/Parameters.h"
#include "frontend/Import.h"
#include "runtime/schema/GeneratedParameters.h"
#include "llvm/ADT/APFloat.h"

using namespace llvm;

namespace mlir::yoco {

double loadNumber(ArrayRef<char> bytes, int64_t index, Type element) {
  if (element.isF32()) {
    float number;
    memcpy(&number, bytes.data() + index * 4, 4);
    return number;
  }
  uint16_t bits;
  memcpy(&bits, bytes.data() + index * 2, 2);
  if (element.isBF16())
    return bit_cast<float>(uint32_t(bits) << 16);
  return APFloat(APFloat::IEEEhalf(), APInt(16, bits)).convertToDouble();
}

/// `number` as it is stored in `element`.
static double roundTo(float number, Type element) {
  if (element.isF32())
    return number;
  if (element.isBF16()) { // they are many; no number that is made is large or NaN
    uint32_t bits = bit_cast<uint32_t>(number);
    return bit_cast<float>((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000);
  }
  APFloat value(number);
  bool losesInfo;
  value.convert(cast<FloatType>(element).getFloatSemantics(), APFloat::rmNearestTiesToEven, &losesInfo);
  return value.convertToDouble();
}

void Parameter::readRow(int64_t row, MutableArrayRef<double> numbers) const {
  int64_t begin = first + row * stride;
  if (generated) {
    uint64_t key = ::yoco::generatorKey(generated.getSeed(), generated.getStream());
    float scale = generated.getScale().getValue().convertToFloat();
    for (int64_t column = 0; column < columns; ++column)
      numbers[column] = roundTo(::yoco::generatedValue(key, begin + column, scale), element);
    return;
  }
  if (tensor->pairedRows)
    begin = tensor->getStoredRow(begin / stride) * stride + begin % stride;
  std::vector<float> floats(columns);
  tensor->type->read(tensor->bytes.data(), begin, floats);
  std::copy(floats.begin(), floats.end(), numbers.begin());
}

Parameters::Parameters(ModuleOp module) : module(module), symbols(module) {}

Error Parameters::openCheckpoint() {
  if (checkpoint)
    return Error::success();
  auto folder = module->getAttrOfType<StringAttr>(YocoDialect::getCheckpointAttrName());
  if (!folder)
    return createStringError("expected a module with " + YocoDialect::getCheckpointAttrName() + ", got none");
  Expected<std::unique_ptr<Checkpoint>> opened = Checkpoint::openWeights(folder.getValue());
  if (!opened)
    return opened.takeError();
  checkpoint = std::move(*opened);
  return Error::success();
}

Expected<Parameter> Parameters::get(FlatSymbolRefAttr name) {
  auto op = symbols.lookup<ParameterOp>(name.getValue());
  if (!op)
    return createStringError("expected a parameter @" + name.getValue() + ", got none");
  SliceAttr slice = op.getWholeSlice();
  Parameter parameter;
  parameter.rows = op.getNumRows();
  parameter.columns = op.getNumColumns();
  parameter.first = slice.getRow() * slice.getColumns() + slice.getColumn();
  parameter.stride = slice.getColumns();
  parameter.element = op.getTensorType().getElementType();
  parameter.generated = op.getGeneratedAttr();
  if (parameter.generated)
    return parameter;
  if (Error error = openCheckpoint())
    return std::move(error);
  Expected<const Tensor *> tensor = getParameterTensor(*checkpoint, op);
  if (!tensor)
    return tensor.takeError();
  std::optional<uint64_t> expected = (*tensor)->type->getBytes(slice.getRows() * slice.getColumns());
  if (expected != (*tensor)->bytes.size())
    return createStringError("tensor '" + op.getTensor() + "': expected " + Twine(expected.value_or(0)) +
                             " bytes, got " + Twine((*tensor)->bytes.size()));
  parameter.tensor = *tensor;
  return parameter;
}

} // namespace mlir::yoco
