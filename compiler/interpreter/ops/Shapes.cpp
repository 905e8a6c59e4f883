// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operations of dialect `tensor` on rows: what changes shapes, repeats numbers, or takes and joins columns.

#include "compiler/interpreter/Evaluations.h"

using namespace mlir;
using namespace mlir::yoco;

/// The shape of result 0, its sizes that are not static from `sizes`, in order.
static SmallVector<int64_t> getShape(Evaluation &at, ArrayRef<int64_t> sizes) {
  SmallVector<int64_t> shape(cast<RankedTensorType>(at.op->getResult(0).getType()).getShape());
  for (int64_t &size : shape)
    if (ShapedType::isDynamic(size) && !sizes.empty()) {
      size = sizes.front();
      sizes = sizes.drop_front();
    }
  return shape;
}

/// The operands from number `first` on, which are scalars.
static SmallVector<int64_t> getScalars(Evaluation &at, unsigned first) {
  SmallVector<int64_t> scalars;
  for (unsigned i = first; i < at.getNumOperands(); ++i)
    scalars.push_back(at.operand(i).numbers.front());
  return scalars;
}

static llvm::Error evaluateDim(Evaluation &at) {
  int64_t index = at.operand(1).numbers.front();
  at.setResult(0, Array::scalar(at.operand(0).shape[index]));
  return llvm::Error::success();
}

static llvm::Error evaluateEmpty(Evaluation &at) {
  at.setResult(0, Array(getShape(at, getScalars(at, 0))));
  return llvm::Error::success();
}

static llvm::Error evaluateSplat(Evaluation &at) {
  Array result(getShape(at, getScalars(at, 1)));
  llvm::fill(result.numbers, at.operand(0).numbers.front());
  at.setResult(0, std::move(result));
  return llvm::Error::success();
}

/// The same numbers in another shape.
static llvm::Error evaluateReshape(Evaluation &at) {
  Array result = at.operand(0);
  result.shape = getShape(at, at.operand(0).getRows());
  at.setResult(0, std::move(result));
  return llvm::Error::success();
}

/// The number of element `index` (row-major) of an array of shape `shape`.
static SmallVector<int64_t> delinearize(int64_t index, ArrayRef<int64_t> shape) {
  SmallVector<int64_t> indices(shape.size());
  for (size_t i = shape.size(); i-- > 0; index /= shape[i])
    indices[i] = index % shape[i];
  return indices;
}

static llvm::Error evaluateExtractSlice(Evaluation &at) {
  auto op = cast<tensor::ExtractSliceOp>(at.op);
  const Array &source = at.operand(0);
  SmallVector<int64_t> scalars = getScalars(at, 1);
  ArrayRef<int64_t> rest = scalars;
  auto resolve = [&](ArrayRef<int64_t> values) {
    SmallVector<int64_t> resolved(values);
    for (int64_t &value : resolved)
      if (ShapedType::isDynamic(value)) {
        value = rest.front();
        rest = rest.drop_front();
      }
    return resolved;
  };
  SmallVector<int64_t> offsets = resolve(op.getStaticOffsets()), sizes = resolve(op.getStaticSizes()),
                       strides = resolve(op.getStaticStrides());
  Array result(sizes);
  for (int64_t i = 0, end = result.numbers.size(); i < end; ++i) {
    int64_t from = 0;
    for (auto [dim, index] : llvm::enumerate(delinearize(i, sizes)))
      from = from * source.shape[dim] + offsets[dim] + index * strides[dim];
    result.numbers[i] = source.numbers[from];
  }
  // Dimensions of size 1 may be left out of the type.
  result.shape = getShape(at, sizes.front());
  at.setResult(0, std::move(result));
  return llvm::Error::success();
}

static llvm::Error evaluateConcat(Evaluation &at) {
  auto op = cast<tensor::ConcatOp>(at.op);
  uint64_t dim = op.getDim();
  auto shape = at.operand(0).shape;
  shape[dim] = 0;
  for (unsigned i = 0; i < at.getNumOperands(); ++i)
    shape[dim] += at.operand(i).shape[dim];
  Array result(shape);
  int64_t outer = 1;
  for (int64_t size : ArrayRef(shape).take_front(dim))
    outer *= size;
  auto to = result.numbers.begin();
  for (int64_t block = 0; block < outer; ++block)
    for (unsigned i = 0; i < at.getNumOperands(); ++i) {
      const Array &part = at.operand(i);
      int64_t size = part.numbers.size() / outer;
      to = std::copy_n(part.numbers.begin() + block * size, size, to);
    }
  at.setResult(0, std::move(result));
  return llvm::Error::success();
}

void mlir::yoco::addShapesEvaluations(EvaluationTable &table) {
  table.add<tensor::DimOp>(evaluateDim);
  table.add<tensor::EmptyOp>(evaluateEmpty);
  table.add<tensor::SplatOp>(evaluateSplat);
  table.add<tensor::ExpandShapeOp>(evaluateReshape);
  table.add<tensor::CollapseShapeOp>(evaluateReshape);
  table.add<tensor::CastOp>(evaluateReshape);
  table.add<tensor::ExtractSliceOp>(evaluateExtractSlice);
  table.add<tensor::ConcatOp>(evaluateConcat);
}
