// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What decompositions are made of: linalg.generic over rows, and the vectors of parameters that it reads.

#include "compiler/interpreter/Evaluations.h"
#include "compiler/interpreter/ScalarProgram.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;
using namespace mlir::yoco;

namespace {
/// How far an operand moves when a loop takes a step: a constant for each loop.
struct Walk {
  Array *result = nullptr; // of an output
  const Array *input = nullptr;
  SmallVector<int64_t> strides;
};
} // namespace

/// None when the map has anything but loops and the number 0, whose places are then those of one number for all.
static std::optional<SmallVector<int64_t>> getStrides(AffineMap map, ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(map.getNumDims(), 0);
  int64_t stride = 1;
  for (size_t i = shape.size(); i-- > 0; stride *= shape[i]) {
    if (auto loop = dyn_cast<AffineDimExpr>(map.getResult(i)))
      strides[loop.getPosition()] += stride;
    else if (auto constant = dyn_cast<AffineConstantExpr>(map.getResult(i)); !constant || constant.getValue() != 0)
      return std::nullopt;
  }
  return strides;
}

/// How often each loop runs, from the shapes of the operands.
static SmallVector<int64_t> getRanges(linalg::GenericOp op, ArrayRef<Walk> walks) {
  SmallVector<int64_t> ranges(op.getNumLoops(), 0);
  for (auto [walk, map] : llvm::zip_equal(walks, op.getIndexingMapsArray())) {
    ArrayRef<int64_t> shape = walk.input ? walk.input->shape : walk.result->shape;
    for (auto [size, expr] : llvm::zip_equal(shape, map.getResults()))
      if (auto loop = dyn_cast<AffineDimExpr>(expr))
        ranges[loop.getPosition()] = size;
  }
  return ranges;
}

/// The body for every point of the loops, the last one innermost. An output is read before it is written, so that sums
/// add up.
static void runLoops(ArrayRef<int64_t> ranges, ArrayRef<Walk> walks, const ScalarProgram &program) {
  std::vector<double> slots = program.makeSlots();
  SmallVector<int64_t> indices(ranges.size(), 0);
  int64_t points = 1;
  for (int64_t range : ranges)
    points *= range;
  for (int64_t point = 0; point < points; ++point) {
    SmallVector<int64_t> places(walks.size(), 0);
    for (auto [walk, place] : llvm::zip_equal(walks, places))
      for (auto [index, stride] : llvm::zip_equal(indices, walk.strides))
        place += index * stride;
    for (auto [number, walk] : llvm::enumerate(walks))
      slots[number] = (walk.input ? walk.input : walk.result)->numbers[places[number]];
    program.run(slots);
    size_t first = walks.size() - program.getNumResults();
    for (unsigned number = 0; number < program.getNumResults(); ++number)
      walks[first + number].result->numbers[places[first + number]] = program.getResult(slots, number);
    for (size_t i = ranges.size(); i-- > 0;) {
      if (++indices[i] < ranges[i])
        break;
      indices[i] = 0;
    }
  }
}

static llvm::Error evaluateGeneric(Evaluation &at) {
  auto op = cast<linalg::GenericOp>(at.op);
  llvm::Expected<ScalarProgram> program = ScalarProgram::compile(*op.getBody());
  if (!program)
    return program.takeError();
  int64_t inputs = op.getNumDpsInputs();
  SmallVector<Array> results;
  for (int64_t i = inputs; i < static_cast<int64_t>(at.getNumOperands()); ++i)
    results.push_back(at.operand(i));
  SmallVector<Walk> walks;
  for (auto [number, map] : llvm::enumerate(op.getIndexingMapsArray())) {
    Walk walk;
    if (static_cast<int64_t>(number) < inputs)
      walk.input = &at.operand(number);
    else
      walk.result = &results[number - inputs];
    std::optional<SmallVector<int64_t>> strides = getStrides(map, at.operand(number).shape);
    if (!strides)
      return llvm::createStringError("expected a 'linalg.generic' whose maps are loops and zeros");
    walk.strides = *strides;
    walks.push_back(walk);
  }
  runLoops(getRanges(op, walks), walks, *program);
  for (auto [number, result] : llvm::enumerate(results))
    at.setResult(number, std::move(result));
  return llvm::Error::success();
}

static llvm::Error evaluateFill(Evaluation &at) {
  Array result = at.operand(1);
  llvm::fill(result.numbers, at.operand(0).numbers.front());
  at.setResult(0, std::move(result));
  return llvm::Error::success();
}

static llvm::Error evaluateParameterVector(Evaluation &at) {
  auto op = cast<ParameterVectorOp>(at.op);
  Array &result = at.makeResult(0, 0);
  MutableArrayRef<double> rest = result.numbers;
  for (auto name : op.getParts().getAsRange<FlatSymbolRefAttr>()) {
    llvm::Expected<Parameter> parameter = at.getParameter(name);
    if (!parameter)
      return parameter.takeError();
    parameter->readRow(0, rest.take_front(parameter->getColumns()));
    rest = rest.drop_front(parameter->getColumns());
  }
  return llvm::Error::success();
}

void mlir::yoco::addRowLoopsEvaluations(EvaluationTable &table) {
  table.add<linalg::GenericOp>(evaluateGeneric);
  table.add<linalg::FillOp>(evaluateFill);
  table.add<ParameterVectorOp>(evaluateParameterVector);
}
