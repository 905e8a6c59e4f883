// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An operation is evaluated by the first of these that it has:
//   1. a function in the table of evaluations;
//   2. a region, when it is a decoder;
//   3. a function of single elements (ElementwiseOpInterface, or arithmetic on tensors or scalars);
//   4. a decomposition (DecomposableOpInterface).
// For 3 and 4 the operation's own C++ builds the arithmetic, in a module beside the model, with float64 in the place of
// f32: constants in it have all their digits.

#include "compiler/interpreter/Interpreter.h"
#include "mlir/IR/Matchers.h"

using namespace llvm;

namespace mlir::yoco {

/// What a function, and the regions in it, have computed.
struct Interpreter::Scope {
  Observer observe;
  Values values;
  DenseMap<Value, unsigned> used; // of those with several uses, how many have been seen

  /// The numbers of `value` are not needed again once all its uses have been seen.
  void release(Value value) {
    if (++used[value] >= static_cast<unsigned>(std::distance(value.use_begin(), value.use_end())))
      values.erase(value);
  }
};

Interpreter::Interpreter(ModuleOp module, const InterpreterOptions &options)
    : parameters(module), threads(std::max(1u, options.threads)), arithmetic(ModuleOp::create(module.getLoc())) {
  if (options.extendTable)
    options.extendTable(table);
  // Decompositions look the types of parameters up.
  for (auto parameter : module.getOps<ParameterOp>())
    arithmetic->push_back(parameter->clone());
}

Expected<Array> Interpreter::run(func::FuncOp function, ArrayRef<int32_t> ids, Observer observe) {
  if (function.isExternal() || function.getNumArguments() != 1 || function.getNumResults() != 1 ||
      !function.getBody().hasOneBlock())
    return createStringError("expected a function from ids to rows with one block, got @" + function.getSymName());
  Scope scope;
  scope.observe = observe;
  Array input(ArrayRef<int64_t>(ids.size()));
  llvm::copy(ids, input.numbers.begin());
  scope.values[function.getArgument(0)] = std::move(input);
  SmallVector<Array> results;
  if (Error error = evaluateBlock(function.front(), scope, results))
    return std::move(error);
  return std::move(results.front());
}

/// Evaluates all operations; `results` are the operands of the terminator.
Error Interpreter::evaluateBlock(Block &block, Scope &scope, SmallVectorImpl<Array> &results) {
  for (Operation &op : block.without_terminator()) {
    SmallVector<Array> made(op.getNumResults());
    if (Error error = evaluate(&op, scope, made))
      return error;
    for (auto [value, array] : zip_equal(op.getResults(), made)) {
      if (scope.observe)
        scope.observe(value, array);
      if (!value.use_empty())
        scope.values[value] = std::move(array);
    }
    for (Value operand : op.getOperands())
      scope.release(operand);
  }
  for (Value value : block.getTerminator()->getOperands())
    results.push_back(scope.values.lookup(value));
  for (Value value : block.getTerminator()->getOperands())
    scope.release(value);
  return Error::success();
}

static Error makeUnknownError(Operation *op) {
  return createStringError("expected operations that the interpreter knows, got '" + op->getName().getStringRef() +
                           "'");
}

/// False for what is no number.
static bool readConstant(Attribute constant, Array &result) {
  if (auto number = dyn_cast<FloatAttr>(constant)) {
    result = Array::scalar(number.getValueAsDouble());
    return true;
  }
  if (auto number = dyn_cast<IntegerAttr>(constant)) {
    result = Array::scalar(number.getValue().getSExtValue());
    return true;
  }
  auto dense = dyn_cast<DenseFPElementsAttr>(constant);
  if (!dense)
    return false;
  result = Array(dense.getType().getShape());
  for (auto [to, from] : zip_equal(result.numbers, dense.getValues<APFloat>()))
    to = FloatAttr::get(dense.getElementType(), from).getValueAsDouble();
  return true;
}

bool Interpreter::knows(Operation *op) const {
  return table.find(op) || isa<SelfDecoderOp, CrossDecoderOp, ElementwiseOpInterface, DecomposableOpInterface>(op) ||
         op->hasTrait<OpTrait::ConstantLike>() || ScalarProgram::knows(op);
}

Error Interpreter::evaluate(Operation *op, Scope &scope, MutableArrayRef<Array> results) {
  if (isa<SelfDecoderOp, CrossDecoderOp>(op))
    return evaluateDecoder(op, scope, results);
  SmallVector<const Array *> operands;
  for (Value operand : op->getOperands()) {
    auto it = scope.values.find(operand);
    if (it == scope.values.end())
      return createStringError("expected operands that are computed before '" + op->getName().getStringRef() + "'");
    operands.push_back(&it->second);
  }
  if (EvaluateFn function = table.find(op)) {
    Evaluation evaluation(op, operands, results, parameters, threads);
    return function(evaluation);
  }
  Attribute constant;
  if (op->getNumResults() == 1 && matchPattern(op, m_Constant(&constant)) && readConstant(constant, results.front()))
    return Error::success();
  if (isa<ElementwiseOpInterface>(op) || ScalarProgram::knows(op))
    return evaluateElements(op, operands, results.front());
  if (isa<DecomposableOpInterface>(op))
    return evaluateArithmetic(op, operands, results);
  return makeUnknownError(op);
}

/// Its block in the scope around it, which it may use values of.
Error Interpreter::evaluateDecoder(Operation *op, Scope &scope, MutableArrayRef<Array> results) {
  Block &body = op->getRegion(0).front();
  for (auto [argument, operand] : zip_equal(body.getArguments(), op->getOperands()))
    if (!argument.use_empty())
      scope.values[argument] = scope.values.lookup(operand);
  SmallVector<Array> yielded;
  if (Error error = evaluateBlock(body, scope, yielded))
    return error;
  std::move(yielded.begin(), yielded.end(), results.begin());
  return Error::success();
}

//===- Arithmetic --------------------------------------------------------------------------------------------===//

/// `type` with float64 for its floats; with `isScalar` one of its elements.
static Type inDouble(Type type, bool isScalar) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  Type element = tensor ? tensor.getElementType() : type;
  if (isa<FloatType>(element))
    element = Float64Type::get(type.getContext());
  return tensor && !isScalar ? tensor.clone(element) : element;
}

/// An empty function on the operands of `op`.
func::FuncOp Interpreter::makeFunction(Operation *op, bool isScalar) {
  auto types = map_to_vector(op->getOperandTypes(), [&](Type type) { return inDouble(type, isScalar); });
  OpBuilder builder = OpBuilder::atBlockEnd(arithmetic->getBody());
  std::string name = "arithmetic_" + std::to_string(scalarPrograms.size() + decompositions.size());
  auto function = func::FuncOp::create(builder, op->getLoc(), name, builder.getFunctionType(types, {}));
  function.setPrivate();
  function.addEntryBlock();
  return function;
}

Expected<ScalarProgram *> Interpreter::getScalarProgram(Operation *op) {
  auto it = scalarPrograms.find(op);
  if (it != scalarPrograms.end())
    return &it->second;
  Expected<ScalarProgram> program = [&] {
    auto elementwise = dyn_cast<ElementwiseOpInterface>(op);
    if (!elementwise)
      return ScalarProgram::compile(op);
    func::FuncOp function = makeFunction(op, /*isScalar=*/true);
    OpBuilder builder = OpBuilder::atBlockEnd(&function.front());
    ScalarBuilder scalar(builder, op->getLoc(), builder.getF64Type());
    Value element = elementwise.buildScalar(scalar, function.getArguments());
    func::ReturnOp::create(builder, op->getLoc(), element);
    return ScalarProgram::compile(function.front());
  }();
  if (!program)
    return program.takeError();
  return &scalarPrograms.insert({op, std::move(*program)}).first->second;
}

/// The same function of every element. Operands of one number are that for all elements.
Error Interpreter::evaluateElements(Operation *op, ArrayRef<const Array *> operands, Array &result) {
  Expected<ScalarProgram *> program = getScalarProgram(op);
  if (!program)
    return program.takeError();
  const Array *largest = *llvm::max_element(operands, [](const Array *a, const Array *b) {
    return std::make_pair(a->numbers.size(), a->shape.size()) < std::make_pair(b->numbers.size(), b->shape.size());
  });
  result = Array(largest->shape);
  int64_t size = result.getRowSize();
  parallelFor(result.getRows(), threads, [&](int64_t row) {
    std::vector<double> slots = (*program)->makeSlots();
    for (int64_t i = row * size; i < (row + 1) * size; ++i) {
      for (auto [number, operand] : enumerate(operands))
        slots[number] = operand->numbers[operand->numbers.size() == 1 ? 0 : i];
      (*program)->run(slots);
      result.numbers[i] = (*program)->getResult(slots, 0);
    }
  });
  return Error::success();
}

/// The block of a function that computes what `op` does, from its operands.
Block &Interpreter::getArithmetic(Operation *op) {
  if (Block *made = decompositions.lookup(op))
    return *made;
  func::FuncOp function = makeFunction(op, /*isScalar=*/false);
  OpBuilder builder = OpBuilder::atBlockEnd(&function.front());
  IRMapping mapping;
  mapping.map(op->getOperands(), function.getArguments());
  Operation *clone = builder.clone(*op, mapping);
  for (Value result : clone->getResults())
    result.setType(inDouble(result.getType(), /*isScalar=*/false));
  builder.setInsertionPoint(clone);
  RowBuilder rows(builder, op->getLoc());
  Value result = cast<DecomposableOpInterface>(clone).decompose(rows);
  func::ReturnOp::create(builder, op->getLoc(), result);
  clone->erase();
  decompositions[op] = &function.front();
  return function.front();
}

Error Interpreter::evaluateArithmetic(Operation *op, ArrayRef<const Array *> operands,
                                      MutableArrayRef<Array> results) {
  Block &block = getArithmetic(op);
  Scope scope;
  for (auto [argument, operand] : zip_equal(block.getArguments(), operands))
    scope.values[argument] = *operand;
  SmallVector<Array> made;
  if (Error error = evaluateBlock(block, scope, made))
    return error;
  results.front() = std::move(made.front());
  return Error::success();
}

} // namespace mlir::yoco
