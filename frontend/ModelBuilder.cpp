// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `@forward` has one block; parameters stand before it in the order in which a family asks for them, which also numbers
// the streams of generated weights.

#include "frontend/ModelBuilder.h"
#include "frontend/Json.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/StringExtras.h"
#include <cmath>

namespace mlir::yoco {

namespace {

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
  context->loadDialect<YocoDialect, func::FuncDialect, arith::ArithDialect, math::MathDialect, tensor::TensorDialect>();
  module = ModuleOp::create(location);
  (*module)->setAttr(YocoDialect::getPhaseAttrName(), PhaseAttr::get(context, Phase::model));
  (*module)->setAttr(YocoDialect::getCheckpointAttrName(), builder.getStringAttr(checkpoint.getLocation()));
  if (checkpoint.hasTokenizer())
    (*module)->setAttr(YocoDialect::getTokenizerAttrName(), builder.getStringAttr(Checkpoint::kTokenizer));
  beginForward();
}

void ModelBuilder::beginForward() {
  MLIRContext *context = builder.getContext();
  setLayer("embed");
  auto idsType = RankedTensorType::get({ShapedType::kDynamic}, builder.getI32Type());
  builder.setInsertionPointToEnd(module->getBody());
  forward =
      func::FuncOp::create(builder, UnknownLoc::get(context), "forward", FunctionType::get(context, {idsType}, {}));
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

/// The beginning of a message about a tensor.
std::string ModelBuilder::describe(const Twine &tensor) const {
  std::string name = checkpoint.getStoredName(tensor.str());
  return (checkpoint.getWeightsFile() + ": tensor " + quote(name) + ": ").str();
}

Type ModelBuilder::checkTensor(StringRef name, ArrayRef<int64_t> shape) {
  const Tensor *tensor = checkpoint.find(name);
  std::string subject = describe(name);
  FloatType element;
  if (!tensor)
    fail(subject + "expected shape " + showShape(shape) + ", got no such tensor");
  else if (ArrayRef<int64_t>(tensor->shape) != shape)
    fail(subject + "expected shape " + showShape(shape) + ", got " + showShape(tensor->shape));
  else if (!(element = getElementType(builder.getContext(), *tensor)))
    fail(subject + "expected dtype BF16, F16 or F32, got " + quote(tensor->dtype));
  return element ? element : builder.getBF16Type();
}

FlatSymbolRefAttr ModelBuilder::declare(const Twine &symbol, const Twine &tensor, ArrayRef<int64_t> shape,
                                        double deviation, SliceAttr slice, ArrayRef<int64_t> sizes) {
  std::string name = tensor.str();
  // The stream is the tensor's number in the module.
  UsedTensor &used = tensors.try_emplace(name, UsedTensor{tensors.size(), llvm::to_vector(shape), {}}).first->second;
  if (ArrayRef(used.shape) != shape)
    fail(describe(name) + "expected shape " + showShape(shape) + ", used with shape " + showShape(used.shape));
  ArrayRef<int64_t> own = slice ? sizes : shape;
  for (ParameterOp known : used.parameters)
    if (known.getTensorType().getShape() == own && known.getSliceAttr() == slice)
      return FlatSymbolRefAttr::get(known.getSymNameAttr());
  Type element = seed ? Type(builder.getBF16Type()) : checkTensor(name, shape);
  RandomAttr random;
  if (seed)
    random = RandomAttr::get(builder.getContext(), *seed, used.stream, builder.getF32FloatAttr(deviation));
  OpBuilder atModule(forward);
  auto parameter = ParameterOp::create(atModule, location, atModule.getStringAttr(symbol),
                                       TypeAttr::get(RankedTensorType::get(own, element)), atModule.getStringAttr(name),
                                       slice, random, PlacementAttr());
  used.parameters.push_back(parameter);
  return FlatSymbolRefAttr::get(parameter.getSymNameAttr());
}

/// Rows of a matrix are sums over its columns; vectors are weights of norms, and 0 means that they are 1.
static double getDeviation(ArrayRef<int64_t> shape) {
  return shape.size() == 1 ? 0.0 : 1.0 / std::sqrt(static_cast<double>(shape.back()));
}

FlatSymbolRefAttr ModelBuilder::addParameter(const Twine &symbol, const Twine &tensor, ArrayRef<int64_t> shape) {
  return declare(symbol, tensor, shape, getDeviation(shape));
}

/// Null for all of the tensor, and after a failure.
SliceAttr ModelBuilder::getSlice(const Twine &tensor, ArrayRef<int64_t> shape, ArrayRef<int64_t> offsets,
                                 ArrayRef<int64_t> sizes) {
  bool fits = offsets.size() == shape.size() && sizes.size() == shape.size();
  for (size_t i = 0; fits && i < shape.size(); ++i)
    fits = offsets[i] >= 0 && sizes[i] > 0 && sizes[i] <= shape[i] && offsets[i] <= shape[i] - sizes[i];
  if (!fits)
    fail(describe(tensor) + "expected a slice within shape " + showShape(shape) + ", got " + showShape(sizes) + " at " +
         showShape(offsets));
  if (!fits || sizes == shape)
    return {};
  if (shape.size() == 1)
    return SliceAttr::get(builder.getContext(), 0, offsets[0], 1, shape[0]);
  return SliceAttr::get(builder.getContext(), offsets[0], offsets[1], shape[0], shape[1]);
}

FlatSymbolRefAttr ModelBuilder::addSlice(const Twine &symbol, const Twine &tensor, ArrayRef<int64_t> shape,
                                         ArrayRef<int64_t> offsets, ArrayRef<int64_t> sizes) {
  return declare(symbol, tensor, shape, getDeviation(shape), getSlice(tensor, shape, offsets, sizes), sizes);
}

FlatSymbolRefAttr ModelBuilder::addBias(const Twine &symbol, const Twine &tensor, int64_t width) {
  constexpr double kBiasDeviation = 0.02;
  return declare(symbol, tensor, {width}, kBiasDeviation);
}

ParameterOp ModelBuilder::getParameter(FlatSymbolRefAttr symbol) {
  return cast<ParameterOp>(SymbolTable::lookupSymbolIn(*module, symbol));
}

void ModelBuilder::ignoreTensors(function_ref<bool(StringRef)> isIgnored) {
  for (StringRef name : checkpoint.getTensorNames())
    if (isIgnored(name))
      ignoredTensors.insert(name);
}

//===- Operations ---------------------------------------------------------------------------------------------===//

RankedTensorType ModelBuilder::getRows(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> dims = {ShapedType::kDynamic};
  dims.append(shape.begin(), shape.end());
  return RankedTensorType::get(dims, builder.getF32Type());
}

Value ModelBuilder::embed(FlatSymbolRefAttr table, double scale) {
  int64_t width = getParameter(table).getTensorType().getDimSize(1);
  return EmbedOp::create(builder, location, getRows({width}), ids, table, builder.getF32FloatAttr(scale));
}

Value ModelBuilder::linear(Value input, FlatSymbolRefAttr weight, FlatSymbolRefAttr bias) {
  int64_t outputs = getParameter(weight).getTensorType().getDimSize(0);
  return LinearOp::create(builder, location, getRows({outputs}), input, weight, bias);
}

Value ModelBuilder::norm(Value input, FlatSymbolRefAttr weight, double eps) {
  return NormOp::create(builder, location, input.getType(), input, weight, FlatSymbolRefAttr(),
                        builder.getF32FloatAttr(eps), NormKindAttr::get(builder.getContext(), NormKind::rms));
}

Value ModelBuilder::layerNorm(Value input, double eps, FlatSymbolRefAttr weight, FlatSymbolRefAttr bias) {
  return NormOp::create(builder, location, input.getType(), input, weight, bias, builder.getF32FloatAttr(eps),
                        NormKindAttr::get(builder.getContext(), NormKind::layer));
}

Value ModelBuilder::rope(Value heads, RopeAttr rope) {
  return RopeOp::create(builder, location, heads.getType(), heads, positions, rope);
}

Value ModelBuilder::silu(Value input) { return SiluOp::create(builder, location, input.getType(), input); }
Value ModelBuilder::gelu(Value input) { return GeluOp::create(builder, location, input.getType(), input); }

Value ModelBuilder::logSigmoid(Value input) { return LogSigmoidOp::create(builder, location, input.getType(), input); }

Value ModelBuilder::sigmoid(Value input) { return SigmoidOp::create(builder, location, input.getType(), input); }

Value ModelBuilder::scale(Value input, ArrayRef<FlatSymbolRefAttr> weights) {
  SmallVector<Attribute> names(weights.begin(), weights.end());
  return ScaleOp::create(builder, location, input.getType(), input, builder.getArrayAttr(names));
}

Value ModelBuilder::add(Value a, Value b) { return arith::AddFOp::create(builder, location, a, b); }

Value ModelBuilder::subtract(Value a, Value b) { return arith::SubFOp::create(builder, location, a, b); }

Value ModelBuilder::multiply(Value a, Value b) { return arith::MulFOp::create(builder, location, a, b); }

Value ModelBuilder::minimum(Value a, Value b) { return arith::MinimumFOp::create(builder, location, a, b); }

Value ModelBuilder::absolute(Value input) { return math::AbsFOp::create(builder, location, input); }

Value ModelBuilder::clamp(Value input, Value limit) {
  Value low = arith::NegFOp::create(builder, location, limit);
  return minimum(arith::MaximumFOp::create(builder, location, input, low), limit);
}

Value ModelBuilder::splat(double value, RankedTensorType type) {
  Value constant = arith::ConstantOp::create(builder, location, builder.getF32FloatAttr(value));
  return tensor::SplatOp::create(builder, location, constant, type, ValueRange{rows});
}

Value ModelBuilder::divide(Value input, double divisor) {
  return arith::DivFOp::create(builder, location, input, splat(divisor, cast<RankedTensorType>(input.getType())));
}

Value ModelBuilder::multiply(Value input, double factor) {
  return multiply(input, splat(factor, cast<RankedTensorType>(input.getType())));
}

Value ModelBuilder::minimum(Value input, double limit) {
  return minimum(input, splat(limit, cast<RankedTensorType>(input.getType())));
}

Value ModelBuilder::clamp(Value input, double limit) {
  auto type = cast<RankedTensorType>(input.getType());
  Value raised = arith::MaximumFOp::create(builder, location, input, splat(-limit, type));
  return minimum(raised, splat(limit, type));
}

Value ModelBuilder::sliceColumns(Value heads, int64_t first, int64_t count) {
  int64_t number = cast<RankedTensorType>(heads.getType()).getDimSize(1);
  SmallVector<OpFoldResult> offsets = {builder.getIndexAttr(0), builder.getIndexAttr(0), builder.getIndexAttr(first)};
  SmallVector<OpFoldResult> sizes = {rows, builder.getIndexAttr(number), builder.getIndexAttr(count)};
  SmallVector<OpFoldResult> strides(3, builder.getIndexAttr(1));
  return tensor::ExtractSliceOp::create(builder, location, getRows({number, count}), heads, offsets, sizes, strides);
}

Value ModelBuilder::broadcast(Value column, int64_t width) {
  int64_t number = cast<RankedTensorType>(column.getType()).getDimSize(1);
  return BroadcastOp::create(builder, location, getRows({number, width}), column);
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

Value ModelBuilder::linear(Value input, const ParameterPrefix &name, int64_t outputs, bool hasBias) {
  int64_t inputs = cast<RankedTensorType>(input.getType()).getDimSize(1);
  FlatSymbolRefAttr weight = addParameter(name.symbol, name.tensor + ".weight", {outputs, inputs});
  FlatSymbolRefAttr bias;
  if (hasBias)
    bias = addBias(name.symbol + "_bias", name.tensor + ".bias", outputs);
  return linear(input, weight, bias);
}

Value ModelBuilder::norm(Value input, const ParameterPrefix &name, double eps) {
  int64_t width = cast<RankedTensorType>(input.getType()).getShape().back();
  return norm(input, addParameter(name.symbol, name.tensor + ".weight", {width}), eps);
}

Value ModelBuilder::layerNorm(Value input, const ParameterPrefix &name, double eps) {
  int64_t width = cast<RankedTensorType>(input.getType()).getShape().back();
  FlatSymbolRefAttr weight = addParameter(name.symbol, name.tensor + ".weight", {width});
  FlatSymbolRefAttr bias = addBias(name.symbol + "_bias", name.tensor + ".bias", width);
  return layerNorm(input, eps, weight, bias);
}

Value ModelBuilder::gatedFeedForward(Value input, const GatedNames &names, int64_t hidden,
                                     function_ref<Value(Value)> activation, bool hasBias) {
  int64_t width = cast<RankedTensorType>(input.getType()).getDimSize(1);
  Value gate = activation(linear(input, names.gate, hidden, hasBias));
  Value up = linear(input, names.up, hidden, hasBias);
  return linear(multiply(gate, up), names.down, width, hasBias);
}

RopeAttr ModelBuilder::getRope(RopeStyle style, ArrayRef<float> frequencies) {
  return RopeAttr::get(builder.getContext(), style, builder.getDenseF32ArrayAttr(frequencies));
}

//===- Decoders -----------------------------------------------------------------------------------------------===//

SmallVector<Value> ModelBuilder::buildBody(Region &region, StringRef name, TypeRange types,
                                           function_ref<SmallVector<Value>(ValueRange)> body) {
  OpBuilder::InsertionGuard guard(builder);
  SmallVector<Location> locations(types.size(), location);
  Block *block = &region.emplaceBlock();
  block->addArguments(types, locations);
  builder.setInsertionPointToStart(block);
  SmallVector<Value> results = body(block->getArguments());
  setLayer(name);
  YieldOp::create(builder, location, results);
  return results;
}

// The types of the results are known after the body, which is therefore built outside of its decoder.

ValueRange ModelBuilder::selfDecoder(StringRef name, ValueRange inputs, SelfDecoderFn body) {
  setLayer(name);
  Region region;
  SmallVector<Value> results = buildBody(region, name, inputs.getTypes(), body);
  auto op = SelfDecoderOp::create(builder, location, ValueRange(results).getTypes(), inputs);
  op.getBody().takeBody(region);
  return op.getOutputs();
}

ValueRange ModelBuilder::crossDecoder(StringRef name, ValueRange inputs, ValueRange shared, CrossDecoderFn body) {
  setLayer(name);
  SmallVector<Type> types(inputs.getTypes());
  llvm::append_range(types, shared.getTypes());
  Region region;
  SmallVector<Value> results = buildBody(region, name, types, [&](ValueRange arguments) {
    return body(arguments.take_front(inputs.size()), arguments.drop_front(inputs.size()));
  });
  auto op = CrossDecoderOp::create(builder, location, ValueRange(results).getTypes(), inputs, shared);
  op.getBody().takeBody(region);
  return op.getOutputs();
}

//===- The module ---------------------------------------------------------------------------------------------===//

void ModelBuilder::checkUnused() {
  SmallVector<StringRef> unused;
  for (StringRef name : checkpoint.getTensorNames())
    if (!tensors.contains(name) && !ignoredTensors.contains(name))
      unused.push_back(name);
  std::string more = unused.size() > 1 ? " (and " + std::to_string(unused.size() - 1) + " more)" : "";
  if (!unused.empty())
    fail(describe(unused.front()) + "expected only tensors of the model, got one that it does not use" + more);
}

llvm::Expected<OwningOpRef<ModuleOp>> ModelBuilder::finish(Value logits, const ModelLimits &limits) {
  builder.setListener(nullptr);
  if (!limits.stopIds.empty())
    (*module)->setAttr(YocoDialect::getStopIdsAttrName(), builder.getDenseI32ArrayAttr(limits.stopIds));
  if (limits.maxLength)
    (*module)->setAttr(YocoDialect::getMaxSequenceLengthAttrName(), builder.getI64IntegerAttr(*limits.maxLength));
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

//===- For families -------------------------------------------------------------------------------------------===//

SmallVector<int32_t> readStopIds(ConfigReader &reader, const Checkpoint &checkpoint, int64_t vocabulary) {
  SmallVector<int32_t> ids = reader.getIds("eos_token_id", vocabulary - 1);
  ConfigReader generation(checkpoint.getGenerationConfig(), checkpoint.getGenerationConfigFile());
  SmallVector<int32_t> preferred = generation.getIds("eos_token_id", vocabulary - 1);
  reader.takeProblem(generation);
  return preferred.empty() ? ids : preferred;
}

llvm::Expected<OwningOpRef<ModuleOp>> buildModel(Checkpoint &checkpoint, const ImportOptions &options,
                                                 MLIRContext *context, const ModelLimits &limits,
                                                 function_ref<Value(ModelBuilder &)> build) {
  if (!options.randomSeed)
    if (llvm::Error error = checkpoint.loadWeights())
      return std::move(error);
  ModelBuilder builder(context, checkpoint, options);
  return builder.finish(build(builder), limits);
}

} // namespace mlir::yoco
