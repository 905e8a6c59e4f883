// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `@forward` has one block; parameters stand before it in the order in which a family asks for them, which also numbers
// the streams of generated weights.

#include "frontend/ModelBuilder.h"
#include "frontend/Json.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/StringExtras.h"
#include <cmath>

namespace mlir::yoco {

namespace {

constexpr llvm::StringLiteral kTokenizer = "tokenizer.model";

std::string showShape(ArrayRef<int64_t> shape) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << '[';
  llvm::interleaveComma(shape, os);
  os << ']';
  return text;
}

} // namespace

ModelBuilder::ModelBuilder(MLIRContext *context, const Checkpoint &checkpoint, const ImportOptions &options)
    : builder(context), checkpoint(checkpoint), seed(options.randomSeed), layer(builder.getStringAttr("")),
      location(UnknownLoc::get(context)) {
  context->loadDialect<YocoDialect, func::FuncDialect, arith::ArithDialect, tensor::TensorDialect>();
  module = ModuleOp::create(location);
  (*module)->setAttr(YocoDialect::getPhaseAttrName(), PhaseAttr::get(context, Phase::model));
  (*module)->setAttr(YocoDialect::getCheckpointAttrName(), builder.getStringAttr(checkpoint.getFolder()));
  if (checkpoint.hasFile(kTokenizer))
    (*module)->setAttr(YocoDialect::getTokenizerAttrName(), builder.getStringAttr(kTokenizer));
  beginForward();
}

void ModelBuilder::beginForward() {
  MLIRContext *context = builder.getContext();
  setLayer("embed");
  auto idsType = RankedTensorType::get({ShapedType::kDynamic}, builder.getI32Type());
  builder.setInsertionPointToEnd(module->getBody());
  forward = func::FuncOp::create(builder, UnknownLoc::get(context), "forward",
                                 FunctionType::get(context, {idsType}, {}));
  builder.setInsertionPointToStart(forward.addEntryBlock());
  builder.setListener(this);
  ids = forward.getArgument(0);
  Value zero = arith::ConstantIndexOp::create(builder, location, 0);
  rows = tensor::DimOp::create(builder, location, ids, zero);
  positions = PositionsOp::create(builder, location, ids);
}

void ModelBuilder::setLayer(const Twine &name) {
  layer = builder.getStringAttr(name);
  location = NameLoc::get(layer);
}

void ModelBuilder::notifyOperationInserted(Operation *op, OpBuilder::InsertPoint previous) {
  op->setAttr(YocoDialect::getLayerAttrName(), layer);
}

void ModelBuilder::fail(const Twine &message) {
  if (problem.empty())
    problem = message.str();
}

//===- Parameters ---------------------------------------------------------------------------------------------===//

Type ModelBuilder::checkTensor(StringRef name, ArrayRef<int64_t> shape) {
  const Tensor *tensor = checkpoint.find(name);
  std::string subject = (checkpoint.getWeightsFile() + ": tensor " + quote(name) + ": ").str();
  FloatType element;
  if (!tensor)
    fail(subject + "expected shape " + showShape(shape) + ", got no such tensor");
  else if (ArrayRef<int64_t>(tensor->shape) != shape)
    fail(subject + "expected shape " + showShape(shape) + ", got " + showShape(tensor->shape));
  else if (!(element = getElementType(builder.getContext(), tensor->dtype)))
    fail(subject + "expected dtype BF16, F16 or F32, got " + quote(tensor->dtype));
  return element ? element : builder.getBF16Type();
}

RandomAttr ModelBuilder::getRandom(ArrayRef<int64_t> shape) {
  // Rows of a matrix are sums over its columns; vectors are weights of norms.
  double scale = shape.size() == 1 ? 0.0 : 1.0 / std::sqrt(static_cast<double>(shape.back()));
  return RandomAttr::get(builder.getContext(), *seed, parameterCount, builder.getF32FloatAttr(scale));
}

FlatSymbolRefAttr ModelBuilder::addParameter(const Twine &symbol, const Twine &tensor, ArrayRef<int64_t> shape) {
  std::string name = tensor.str();
  Type element = seed ? Type(builder.getBF16Type()) : checkTensor(name, shape);
  usedTensors.insert(name);
  OpBuilder atModule(forward);
  auto op = ParameterOp::create(atModule, location, atModule.getStringAttr(symbol),
                                TypeAttr::get(RankedTensorType::get(shape, element)), atModule.getStringAttr(name),
                                seed ? getRandom(shape) : RandomAttr());
  ++parameterCount;
  return FlatSymbolRefAttr::get(op.getSymNameAttr());
}

//===- Operations ---------------------------------------------------------------------------------------------===//

RankedTensorType ModelBuilder::getRows(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> dims = {ShapedType::kDynamic};
  dims.append(shape.begin(), shape.end());
  return RankedTensorType::get(dims, builder.getF32Type());
}

Value ModelBuilder::embed(FlatSymbolRefAttr table, int64_t width, double scale) {
  return EmbedOp::create(builder, location, getRows({width}), ids, table, builder.getF32FloatAttr(scale));
}

Value ModelBuilder::linear(Value input, FlatSymbolRefAttr weight, int64_t outputs) {
  return LinearOp::create(builder, location, getRows({outputs}), input, weight);
}

Value ModelBuilder::norm(Value input, FlatSymbolRefAttr weight, double eps) {
  return NormOp::create(builder, location, input.getType(), input, weight, builder.getF32FloatAttr(eps),
                        NormKindAttr::get(builder.getContext(), NormKind::rms));
}

Value ModelBuilder::rope(Value heads, RopeAttr rope) {
  return RopeOp::create(builder, location, heads.getType(), heads, positions, rope);
}

Value ModelBuilder::silu(Value input) { return SiluOp::create(builder, location, input.getType(), input); }

Value ModelBuilder::logSigmoid(Value input) {
  return LogSigmoidOp::create(builder, location, input.getType(), input);
}

Value ModelBuilder::add(Value a, Value b) { return arith::AddFOp::create(builder, location, a, b); }

Value ModelBuilder::multiply(Value a, Value b) { return arith::MulFOp::create(builder, location, a, b); }

Value ModelBuilder::splat(double value, RankedTensorType type) {
  Value constant = arith::ConstantOp::create(builder, location, builder.getF32FloatAttr(value));
  return tensor::SplatOp::create(builder, location, constant, type, ValueRange{rows});
}

Value ModelBuilder::divide(Value input, double divisor) {
  return arith::DivFOp::create(builder, location, input, splat(divisor, cast<RankedTensorType>(input.getType())));
}

Value ModelBuilder::splitHeads(Value input, int64_t heads) {
  int64_t width = cast<RankedTensorType>(input.getType()).getDimSize(1) / heads;
  SmallVector<ReassociationIndices> groups = {{0}, {1, 2}};
  SmallVector<OpFoldResult> sizes = {rows, builder.getIndexAttr(heads), builder.getIndexAttr(width)};
  return tensor::ExpandShapeOp::create(builder, location, getRows({heads, width}), input, groups, sizes);
}

Value ModelBuilder::mergeHeads(Value input) {
  auto type = cast<RankedTensorType>(input.getType());
  SmallVector<ReassociationIndices> groups = {{0}, {1, 2}};
  return tensor::CollapseShapeOp::create(builder, location, getRows({type.getDimSize(1) * type.getDimSize(2)}), input,
                                         groups);
}

Value ModelBuilder::attention(Value query, Value key, Value value, double scale, int64_t window) {
  auto queries = cast<RankedTensorType>(query.getType());
  auto values = cast<RankedTensorType>(value.getType());
  return AttentionOp::create(builder, location, getRows({queries.getDimSize(1), values.getDimSize(2)}), query, key,
                             value, builder.getF32FloatAttr(scale), builder.getI64IntegerAttr(window));
}

Value ModelBuilder::gatedRetention(Value query, Value key, Value value, Value gate, double scale) {
  return GatedRetentionOp::create(builder, location, value.getType(), query, key, value, gate,
                                  builder.getF32FloatAttr(scale));
}

//===- Decoders -----------------------------------------------------------------------------------------------===//

Block *ModelBuilder::beginRegion(Region &region, TypeRange types) {
  SmallVector<Location> locations(types.size(), location);
  Block *block = &region.emplaceBlock();
  block->addArguments(types, locations);
  builder.setInsertionPointToStart(block);
  return block;
}

void ModelBuilder::endRegion(Operation *decoder, StringRef name, Value result) {
  setLayer(name);
  YieldOp::create(builder, location, ValueRange{result});
  builder.setInsertionPointAfter(decoder);
}

Value ModelBuilder::selfDecoder(StringRef name, Value input, function_ref<Value(Value)> body) {
  setLayer(name);
  auto op = SelfDecoderOp::create(builder, location, TypeRange{input.getType()}, ValueRange{input});
  Block *block = beginRegion(op.getBody(), TypeRange{input.getType()});
  endRegion(op, name, body(block->getArgument(0)));
  return op.getResult(0);
}

Value ModelBuilder::crossDecoder(StringRef name, Value input, Value key, Value value,
                                 function_ref<Value(Value, Value, Value)> body) {
  setLayer(name);
  auto op = CrossDecoderOp::create(builder, location, TypeRange{input.getType()}, ValueRange{input},
                                   ValueRange{key, value});
  Block *block = beginRegion(op.getBody(), op->getOperandTypes());
  endRegion(op, name, body(block->getArgument(0), block->getArgument(1), block->getArgument(2)));
  return op.getResult(0);
}

//===- The module ---------------------------------------------------------------------------------------------===//

void ModelBuilder::setStopIds(ArrayRef<int32_t> ids) {
  (*module)->setAttr(YocoDialect::getStopIdsAttrName(), builder.getDenseI32ArrayAttr(ids));
}

void ModelBuilder::setMaxSequenceLength(int64_t length) {
  (*module)->setAttr(YocoDialect::getMaxSequenceLengthAttrName(), builder.getI64IntegerAttr(length));
}

void ModelBuilder::checkUnused() {
  SmallVector<StringRef> unused;
  for (StringRef name : checkpoint.getTensorNames())
    if (!usedTensors.contains(name))
      unused.push_back(name);
  std::string more = unused.size() > 1 ? " (and " + std::to_string(unused.size() - 1) + " more)" : "";
  if (!unused.empty())
    fail(checkpoint.getWeightsFile() + ": tensor " + quote(unused.front()) +
         ": expected only tensors of the model, got one that it does not use" + more);
}

llvm::Expected<OwningOpRef<ModuleOp>> ModelBuilder::finish(Value logits) {
  builder.setListener(nullptr);
  func::ReturnOp::create(builder, location, ValueRange{logits});
  forward.setFunctionType(
      FunctionType::get(builder.getContext(), forward.getArgumentTypes(), TypeRange{logits.getType()}));
  checkUnused();
  if (!problem.empty())
    return makeError(problem);
  if (failed(verify(*module)))
    return makeError(checkpoint.getConfigFile() + ": the model could not be built");
  return std::move(module);
}

} // namespace mlir::yoco
