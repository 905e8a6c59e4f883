// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What fusion left over: arithmetic on rows. The body of the operation is built again on vectors. Sums along a row have
// four vectors of partial sums, which are combined in a tree of fixed shape.

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/lowering/RowLoops.h"
#include "passes/lowering/host/HostKernelModel.h"

using namespace mlir;
using namespace mlir::yoco;

namespace {

class ElementwiseLowering {
public:
  ElementwiseLowering(HostKernel &kernel, linalg::GenericOp op)
      : kernel(kernel), build(kernel.build), loops(op), op(op), columns(loops.getShape().back()) {}

  /// The row, or the head of a row, that `outer` says.
  void emitRow(ValueRange outer);

private:
  void emitElements(ValueRange outer);
  void emitReductions(ValueRange outer);
  SmallVector<Value> getIndices(OpOperand &operand, ValueRange outer);
  SmallVector<Value> loadNumbers(ValueRange outer);
  SmallVector<Value> loadStrip(ValueRange outer, const Strip &strip, int64_t j, ArrayRef<Value> numbers);
  SmallVector<Value> emitBody(ArrayRef<Value> arguments, ArrayRef<Value> wanted);

  HostKernel &kernel;
  KernelBuilder &build;
  RowLoops loops;
  linalg::GenericOp op;
  const int64_t columns;
};

} // namespace

/// Where column 0 of the row begins in `operand`.
SmallVector<Value> ElementwiseLowering::getIndices(OpOperand &operand, ValueRange outer) {
  SmallVector<Value> indices;
  for (unsigned dim = 0; dim < op.getMatchingIndexingMap(&operand).getNumResults(); ++dim) {
    std::optional<unsigned> loop = loops.getLoop(operand, dim);
    indices.push_back(loop && *loop < outer.size() ? outer[*loop] : build.index(0));
  }
  return indices;
}

/// Operands that have one number for all columns, in all lanes; null for the others.
SmallVector<Value> ElementwiseLowering::loadNumbers(ValueRange outer) {
  SmallVector<Value> numbers;
  for (OpOperand &operand : op->getOpOperands()) {
    numbers.push_back({});
    if (!op.isDpsInit(&operand) && !loops.hasColumns(operand))
      numbers.back() = build.broadcast(build.load(kernel.get(operand.get()), getIndices(operand, outer)));
  }
  return numbers;
}

/// What the arguments of the body are in vector `j` of `strip`; null for those that it does not read.
SmallVector<Value> ElementwiseLowering::loadStrip(ValueRange outer, const Strip &strip, int64_t j,
                                                  ArrayRef<Value> numbers) {
  SmallVector<Value> values(numbers);
  for (OpOperand &operand : op->getOpOperands())
    if (Value &value = values[operand.getOperandNumber()];
        !value && !op.isDpsInit(&operand) && op.payloadUsesValueFromOperand(&operand))
      value = build.loadStrip(kernel.get(operand.get()), getIndices(operand, outer), strip, j);
  return values;
}

/// The body on vectors: `arguments` stand for those of its block. Returns the `wanted` values of it.
SmallVector<Value> ElementwiseLowering::emitBody(ArrayRef<Value> arguments, ArrayRef<Value> wanted) {
  IRMapping mapping;
  for (auto [argument, value] : llvm::zip(op.getBody()->getArguments(), arguments))
    if (value)
      mapping.map(argument, value);
  auto lookup = [&](Value value) -> Value {
    if (Value known = mapping.lookupOrNull(value))
      return known;
    // A scalar from outside the body: a constant, which the caller has moved into the kernel.
    Operation *constant = build.builder.clone(*value.getDefiningOp());
    mapping.map(value, build.broadcast(constant->getResult(0)));
    return mapping.lookup(value);
  };
  for (Operation &inner : op.getBody()->without_terminator()) {
    if (isa<arith::ConstantOp>(inner)) {
      lookup(inner.getResult(0));
      continue;
    }
    if (auto extension = dyn_cast<arith::ExtFOp>(inner)) { // was extended when it was loaded
      mapping.map(extension.getResult(), lookup(extension.getIn()));
      continue;
    }
    // What combines an accumulator is left to the caller.
    if (llvm::any_of(inner.getOperands(), [&](Value operand) {
          auto argument = dyn_cast<BlockArgument>(operand);
          return argument && argument.getOwner() == op.getBody() && !mapping.contains(operand);
        }))
      continue;
    OperationState state(build.loc, inner.getName());
    for (Value operand : inner.getOperands())
      state.addOperands(lookup(operand));
    for (Type type : inner.getResultTypes())
      state.addTypes(build.vectorOf(type));
    state.addAttributes(inner.getAttrs());
    mapping.map(inner.getResults(), build.builder.create(state)->getResults());
  }
  return llvm::map_to_vector(wanted, lookup);
}

void ElementwiseLowering::emitElements(ValueRange outer) {
  SmallVector<Value> numbers = loadNumbers(outer), yielded(op.getBody()->getTerminator()->getOperands());
  build.forStrips(columns, 1, [&](const Strip &strip) {
    SmallVector<Value> results = emitBody(loadStrip(outer, strip, 0, numbers), yielded);
    for (auto [out, result] : llvm::zip(op.getDpsInitsMutable(), results))
      build.storeStrip(result, kernel.get(out.get()), getIndices(out, outer), strip, 0);
  });
}

void ElementwiseLowering::emitReductions(ValueRange outer) {
  constexpr int64_t kVectors = 4;
  SmallVector<Value> numbers = loadNumbers(outer), elements, sums;
  SmallVector<RowReduction> reductions = loops.getReductions();
  for (const RowReduction &reduction : reductions) {
    elements.push_back(reduction.element);
    sums.append(kVectors, build.splat(reduction.neutral));
  }
  sums = build.forStrips(columns, kVectors, sums, [&](const Strip &strip, ValueRange before) {
    SmallVector<Value> after(before);
    for (int64_t j = 0; j < strip.vectors; ++j) {
      SmallVector<Value> values = emitBody(loadStrip(outer, strip, j, numbers), elements);
      bool isTail = j + 1 == strip.vectors && strip.tail < build.lanes;
      for (auto [number, reduction] : llvm::enumerate(reductions)) {
        Value value = values[number], &sum = after[number * kVectors + j];
        if (isTail)
          value = build.select(build.maskBelow(strip.tail), value, build.splat(reduction.neutral));
        sum = reduction.combine(build.builder, sum, value);
      }
    }
    return after;
  });
  for (auto [number, reduction] : llvm::enumerate(reductions)) {
    auto combine = [&, &reduction = reduction](Value a, Value b) { return reduction.combine(build.builder, a, b); };
    ArrayRef<Value> parts = ArrayRef(sums).slice(number * kVectors, kVectors);
    Value total = build.foldLanes(combine(combine(parts[0], parts[1]), combine(parts[2], parts[3])), combine);
    OpOperand *out = op.getDpsInitOperand(number);
    build.store(combine(build.f32(reduction.initial), total), kernel.get(out->get()), getIndices(*out, outer));
  }
}

void ElementwiseLowering::emitRow(ValueRange outer) {
  return loops.isReduction() ? emitReductions(outer) : emitElements(outer);
}

static LogicalResult lowerElementwise(HostKernel &kernel, linalg::GenericOp op, Value tile) {
  if (failed(checkRowLoops(op, "host")))
    return failure();
  for (Value out : op.getDpsInits())
    if (!getElementTypeOrSelf(out.getType()).isF32())
      return op.emitOpError("expected results of f32 on target `host`, got ") << out.getType();
  KernelBuilder &build = kernel.build;
  ElementwiseLowering lowering(kernel, op);
  SmallVector<int64_t> shape = RowLoops(op).getShape();
  forRowsOfTile(kernel, tile, [&](Value row) {
    if (shape.size() == 2)
      return lowering.emitRow(row);
    build.forLoop(build.index(0), build.index(shape[1]), 1, [&](Value head) { lowering.emitRow({row, head}); });
  });
  return success();
}

void yoco::addElementwiseHostKernel(HostDevice &device) { addHostKernel(device, lowerElementwise); }
