// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What fusion left over: elementwise arithmetic on rows. The body of the operation is built again on vectors.

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/lowering/host/HostKernelModel.h"

using namespace mlir;
using namespace mlir::yoco;

static LogicalResult checkElementwise(linalg::GenericOp op) {
  for (utils::IteratorType iterator : op.getIteratorTypesArray())
    if (iterator != utils::IteratorType::parallel)
      return op.emitOpError("expected parallel loops alone on target `host`, got ") << op.getIteratorTypes();
  for (OpOperand &operand : op->getOpOperands()) {
    auto type = dyn_cast<MemRefType>(operand.get().getType());
    bool isRows = type && type.getElementType().isF32() && type.getRank() >= 2;
    if (!isRows || !op.getMatchingIndexingMap(&operand).isIdentity())
      return op.emitOpError("expected rows of f32 with identity maps on target `host`, got ")
             << operand.get().getType();
  }
  for (Operation &inner : op.getBody()->without_terminator())
    if (!isa<arith::ConstantOp>(inner) && !OpTrait::hasElementwiseMappableTraits(&inner))
      return inner.emitOpError("expected an elementwise operation in a kernel of target `host`");
  return success();
}

/// The body of `op` on vectors: `values` stand for the arguments of its block. Returns what it yields.
static SmallVector<Value> vectorizeBody(KernelBuilder &build, linalg::GenericOp op, ArrayRef<Value> values) {
  IRMapping mapping;
  mapping.map(op.getBody()->getArguments(), values);
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
    OperationState state(build.loc, inner.getName());
    for (Value operand : inner.getOperands())
      state.addOperands(lookup(operand));
    for (Type type : inner.getResultTypes())
      state.addTypes(build.vectorOf(type));
    state.addAttributes(inner.getAttrs());
    mapping.map(inner.getResults(), build.builder.create(state)->getResults());
  }
  SmallVector<Value> results;
  for (Value yielded : op.getBody()->getTerminator()->getOperands())
    results.push_back(lookup(yielded));
  return results;
}

static LogicalResult lowerElementwise(HostKernel &kernel, linalg::GenericOp op, Value tile) {
  if (failed(checkElementwise(op)))
    return failure();
  KernelBuilder &build = kernel.build;
  ArrayRef<int64_t> shape = cast<MemRefType>(op->getOperand(0).getType()).getShape();
  auto emitRow = [&](ValueRange outer) {
    SmallVector<Value> indices(outer);
    indices.push_back(build.index(0));
    build.forStrips(shape.back(), 1, [&](const Strip &strip) {
      SmallVector<Value> values;
      for (Value operand : op->getOperands())
        values.push_back(build.loadStrip(kernel.get(operand), indices, strip, 0));
      SmallVector<Value> results = vectorizeBody(build, op, values);
      for (auto [out, result] : llvm::zip(op.getDpsInits(), results))
        build.storeStrip(result, kernel.get(out), indices, strip, 0);
    });
  };
  forRowsOfTile(kernel, tile, [&](Value row) {
    if (shape.size() == 2)
      return emitRow(row);
    build.forLoop(build.index(0), build.index(shape[1]), 1, [&](Value head) { emitRow({row, head}); });
  });
  return success();
}

void yoco::addElementwiseHostKernel(HostDevice &device) { addHostKernel(device, lowerElementwise); }
