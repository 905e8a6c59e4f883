// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// yoco-bufferize: phase `fused`, entry points on tensors -> entry points on buffers.
//
// Every entry point is one straight line of operations, and states are linear, so there is nothing to analyse:
//   1. arguments become buffers with a role (ids, segments, targets) and references to declared states. Sets of rows
//      besides that of the ids are numbered, from the longest tail to the shortest, and declared, each with its table;
//   2. in order, every operation that computes rows gets one fresh buffer for each of its results; what only looks at
//      rows (column slices, reshapes) becomes a view of its operand's buffer, and rows side by side (`tensor.concat`)
//      are copied into columns of a fresh one;
//   3. a state is written in place. That is right when no version is used after the one that replaces it, which is
//      checked;
//   4. the returned rows are the buffer with the role of what the entry point gives. Where an entry point returns
//      rows that no kernel of its own produced (its own argument, a reshaped view), they are copied.
// Buffers are as large as the bound of their set of rows asks, or as the entry point's `most` and `most_wanted` say
// (EntryBuffers.h).
//
// Refused: operations that mix rows of two sets, sets that are no part of all rows, and whatever none of this covers.
// Every such operation is reported.

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Matchers.h"
#include "passes/Passes.h"
#include "passes/analysis/Phase.h"
#include "passes/analysis/RowSets.h"
#include "passes/planning/EntryBuffers.h"
#include "llvm/ADT/TypeSwitch.h"

namespace mlir::yoco {
#define GEN_PASS_DEF_BUFFERIZEPASS
#include "passes/Passes.h.inc"
} // namespace mlir::yoco

using namespace mlir;
using namespace mlir::yoco;

namespace {

/// Rewrites one entry point.
class EntryBufferizer {
public:
  EntryBufferizer(func::FuncOp entry, EntryAttr shape, const Target &target)
      : entry(entry), shape(shape), target(target), builder(entry.getContext()), buffers(shape, target, builder) {}

  LogicalResult run();

  unsigned getNumBuffers() const { return buffers.getNumBuffers(); }
  unsigned numCopies = 0, numViews = 0;

private:
  LogicalResult declareSets();
  unsigned getSet(Value table) const { return numbers.lookup(table); }
  LogicalResult bufferizeArguments();
  LogicalResult bufferizeArgument(BlockArgument argument);
  LogicalResult bufferizeOp(Operation *op);
  LogicalResult bufferizeKernel(RowKernelOpInterface op);
  LogicalResult bufferizeGeneric(linalg::GenericOp op);
  LogicalResult bufferizeSlice(tensor::ExtractSliceOp op);
  LogicalResult bufferizeConcat(tensor::ConcatOp op);
  template <typename MemRefOp, typename TensorOp>
  LogicalResult bufferizeReshape(TensorOp op);
  LogicalResult bufferizeVector(ParameterVectorOp op);
  LogicalResult bufferizeDim(tensor::DimOp op);
  LogicalResult bufferizeTable(NarrowSegmentsOp op);
  LogicalResult bufferizeReturn(func::ReturnOp op);
  LogicalResult bufferizeLogits(OpOperand &returned);
  void poison(Operation *op);
  void finish();

  func::FuncOp entry;
  EntryAttr shape;
  const Target &target;
  OpBuilder builder;
  EntryBuffers buffers;
  RowSets sets;
  DenseMap<Value, unsigned> numbers; // of the sets besides that of the ids, by their tables
  SmallVector<SmallVector<Attribute>, 3> written; // states that are written in each set
  SmallVector<RowSetOp, 2> declared;
  bool hasTargets = false;
  SmallVector<Value> states; // references, in the order of the arguments
  SmallVector<Operation *> replaced;
};

} // namespace

//===- Sets of rows ------------------------------------------------------------------------------------------===//

/// Set 0 is that of the ids; the longest tail comes next. The caller fills their tables, as it does that of all rows.
LogicalResult EntryBufferizer::declareSets() {
  FailureOr<RowSets> computed = RowSets::compute(entry);
  if (failed(computed))
    return failure();
  sets = *computed;
  SmallVector<NarrowSegmentsOp> tables(entry.front().getOps<NarrowSegmentsOp>());
  llvm::sort(tables, [](NarrowSegmentsOp a, NarrowSegmentsOp b) { return a.getHalo() > b.getHalo(); });
  for (auto [index, op] : llvm::enumerate(tables)) {
    unsigned set = index + 1;
    RowBound bound = shape.getTailBound(op.getHalo());
    buffers.addSet(bound, shape.getTailMost(op.getHalo()), op.getEachRow());
    numbers[op.getResult()] = set;
    Value table = buffers.allocateSegments(op.getLoc(), op.getType(), set);
    buffers.set(op.getResult(), table);
    declared.push_back(
        RowSetOp::create(builder, op.getLoc(), set, op.getHalo(), bound, op.getEachRow(), table, ArrayAttr()));
  }
  written.resize(tables.size() + 1);
  return success();
}

/// Its buffer is there; that it is a part of all rows is left to check.
LogicalResult EntryBufferizer::bufferizeTable(NarrowSegmentsOp op) {
  if (isa<BlockArgument>(op.getSegments()))
    return success();
  return op.emitOpError("cannot be bufferized: expected a part of all rows, got one of another set");
}

//===- Arguments and results ---------------------------------------------------------------------------------===//

LogicalResult EntryBufferizer::bufferizeArgument(BlockArgument argument) {
  Type type = argument.getType();
  unsigned index = argument.getArgNumber();
  Location loc = argument.getLoc();
  if (isa<StateTypeInterface>(type)) {
    auto name = entry.getArgAttrOfType<FlatSymbolRefAttr>(index, YocoDialect::getStateAttrName());
    if (!name)
      return entry.emitOpError("expected `yoco.state` on argument ") << index << " of type " << type;
    states.push_back(StateRefOp::create(builder, loc, type, name));
    buffers.setVersion(argument, states.back());
    return success();
  }
  if (isa<SegmentsType>(type)) {
    buffers.set(argument, buffers.allocateSegments(loc, type, /*set=*/0));
    return success();
  }
  auto tensor = dyn_cast<RankedTensorType>(type);
  // Ids come first; an entry point that says something of targets has them as well.
  BufferRole role = buffers.getIds() ? BufferRole::targets : BufferRole::ids;
  bool isWanted = role == BufferRole::ids || (shape.getOutput() == EntryOutput::logprobs && !hasTargets);
  if (!isWanted || !tensor || tensor.getRank() != 1 || !tensor.getElementType().isInteger(32))
    return entry.emitOpError("expected one argument of token ids (`tensor<?xi32>`), segments and states, got ")
           << type << " as argument " << index;
  hasTargets |= role == BufferRole::targets;
  Value buffer = buffers.allocate(entry, type, /*set=*/0, role);
  buffers.set(argument, buffer);
  return success(static_cast<bool>(buffer));
}

LogicalResult EntryBufferizer::bufferizeArguments() {
  bool failed = false;
  for (BlockArgument argument : entry.getArguments())
    failed |= mlir::failed(bufferizeArgument(argument));
  if (!failed && !buffers.getIds())
    return entry.emitOpError("expected an argument of token ids (`tensor<?xi32>`), got none");
  if (!failed && hasTargets != (shape.getOutput() == EntryOutput::logprobs))
    return entry.emitOpError("expected an argument of targets (`tensor<?xi32>`) after the token ids, got none");
  return success(!failed);
}

/// Makes the rows that are returned the buffer with the role of what the entry point gives.
LogicalResult EntryBufferizer::bufferizeLogits(OpOperand &returned) {
  FailureOr<Value> buffer = buffers.get(returned.getOwner(), returned.get());
  if (failed(buffer))
    return failure();
  BufferRole kind = getRole(shape.getOutput());
  if (getElementTypeOrSelf(returned.get().getType()).isInteger(32) != (shape.getOutput() == EntryOutput::sampled))
    return returned.getOwner()->emitOpError("expected rows of ")
           << (shape.getOutput() == EntryOutput::sampled ? "ids" : "numbers") << " by the entry point's `"
           << stringifyEntryOutput(shape.getOutput()) << "`, got " << returned.get().getType();
  auto role = BufferRoleAttr::get(builder.getContext(), kind);
  if (auto alloc = buffer->getDefiningOp<AllocOp>(); alloc && !alloc.getRole()) {
    alloc.setRoleAttr(role);
    return success();
  }
  unsigned set = getSet(sets.getTable(returned.get()));
  Value copy = buffers.allocate(returned.getOwner(), returned.get().getType(), set, kind);
  if (!copy)
    return failure();
  if (copy.getType() != buffer->getType())
    return returned.getOwner()->emitOpError("expected returned rows to be a whole buffer, got columns of one, ")
           << buffer->getType();
  CopyOp::create(builder, returned.getOwner()->getLoc(), *buffer, copy, set);
  ++numCopies;
  return success();
}

LogicalResult EntryBufferizer::bufferizeReturn(func::ReturnOp op) {
  bool failed = false, hasLogits = false;
  unsigned nextState = 0;
  for (OpOperand &returned : op->getOpOperands()) {
    Type type = returned.get().getType();
    if (isa<TensorType>(type)) {
      if (hasLogits)
        failed |= mlir::failed(op.emitOpError("expected one result of rows, got a second one of type ") << type);
      else
        failed |= mlir::failed(bufferizeLogits(returned));
      hasLogits = true;
      continue;
    }
    FailureOr<Value> state = buffers.get(op, returned.get());
    failed |= mlir::failed(state);
    if (mlir::failed(state))
      continue;
    if (nextState >= states.size() || states[nextState] != *state)
      failed |=
          mlir::failed(op.emitOpError("expected result ")
                       << returned.getOperandNumber() << " to be the next version of state argument " << nextState);
    ++nextState;
  }
  if (!failed && nextState != states.size())
    return op.emitOpError("expected ") << states.size() << " states as results, got " << nextState;
  if (!failed && hasLogits == shape.getWanted().isNone())
    return op.emitOpError("expected ") << (hasLogits ? "no rows" : "rows") << " as result by the entry point's `"
                                       << stringifyEntryOutput(shape.getOutput()) << "`";
  if (!failed)
    func::ReturnOp::create(builder, op.getLoc());
  replaced.push_back(op);
  return success(!failed);
}

//===- Operations --------------------------------------------------------------------------------------------===//

LogicalResult EntryBufferizer::bufferizeKernel(RowKernelOpInterface op) {
  SmallVector<Value> operands, outs;
  for (Value operand : op->getOperands()) {
    FailureOr<Value> buffer = buffers.get(op, operand);
    if (failed(buffer))
      return failure();
    operands.push_back(*buffer);
  }
  auto stateOp = dyn_cast<StateOpInterface>(op.getOperation());
  unsigned set = getSet(sets.getTable(op.getOperation()));
  for (OpResult result : op->getResults()) {
    if (Value replaced = stateOp ? stateOp.getReplaced(result) : Value()) {
      Value state = buffers.lookup(replaced);
      buffers.setVersion(result, state);
      written[set].push_back(state.getDefiningOp<StateRefOp>().getStateAttr());
      continue;
    }
    outs.push_back(buffers.allocate(result, set));
    if (!outs.back())
      return failure();
    buffers.set(result, outs.back());
  }
  int64_t workspace = target.getWorkspaceBytes(op);
  Value memory = workspace ? buffers.allocateWorkspace(op, workspace) : Value();
  Operation *clone = op.cloneToBuffers(builder, operands, outs);
  if (workspace)
    cast<RowKernelOpInterface>(clone).setWorkspace(memory);
  return success();
}

/// The numbers that the sums along a row start from; null when `op` has none. They become an attribute of the operation
/// on buffers, so that its kernel writes buffers that nobody has filled.
static FailureOr<ArrayAttr> getInitialValues(linalg::GenericOp op) {
  SmallVector<Attribute> values;
  for (OpOperand &init : op.getDpsInitsMutable()) {
    bool isRead = op.payloadUsesValueFromOperand(&init);
    if (isRead != (op.getNumReductionLoops() != 0))
      return (LogicalResult)(op.emitOpError("cannot be bufferized: expected its body ")
                             << (isRead ? "not to read the value of an init" : "to add to the value of every init"));
    if (!isRead)
      continue;
    auto fill = init.get().getDefiningOp<linalg::FillOp>();
    FloatAttr value;
    if (!fill || !matchPattern(fill.value(), m_Constant(&value)))
      return (LogicalResult)op.emitOpError(
          "cannot be bufferized: expected a `linalg.fill` with a constant as the init of a sum along a row");
    values.push_back(value);
  }
  return values.empty() ? ArrayAttr() : ArrayAttr::get(op.getContext(), values);
}

LogicalResult EntryBufferizer::bufferizeGeneric(linalg::GenericOp op) {
  if (!op.hasPureTensorSemantics() || op.getNumReductionLoops() > 1 ||
      llvm::is_contained(ArrayRef(op.getIteratorTypesArray()).drop_back(), utils::IteratorType::reduction))
    return op.emitOpError("cannot be bufferized: expected tensors, and parallel loops but for the last");
  bool captures = false;
  op.getRegion().walk(
      [&](Operation *nested) { captures |= llvm::any_of(nested->getOperandTypes(), llvm::IsaPred<TensorType>); });
  if (captures)
    return op.emitOpError("cannot be bufferized: expected its body to read operands alone, got a captured tensor");
  FailureOr<ArrayAttr> initial = getInitialValues(op);
  if (failed(initial))
    return failure();
  SmallVector<Value> inputs, outs;
  for (Value input : op.getInputs()) {
    FailureOr<Value> buffer = buffers.get(op, input);
    if (failed(buffer))
      return failure();
    inputs.push_back(*buffer);
  }
  for (OpResult result : op->getResults()) {
    outs.push_back(buffers.allocate(result, getSet(sets.getTable(op.getOperation()))));
    if (!outs.back())
      return failure();
    buffers.set(result, outs.back());
  }
  auto generic = linalg::GenericOp::create(builder, op.getLoc(), TypeRange(), inputs, outs, op.getIndexingMaps(),
                                           op.getIteratorTypes(), op.getDocAttr(), op.getLibraryCallAttr());
  generic->setDiscardableAttrs(op->getDiscardableAttrDictionary());
  if (*initial)
    generic->setAttr(kInitialAttrName, *initial);
  generic.getRegion().takeBody(op.getRegion());
  return success();
}

LogicalResult EntryBufferizer::bufferizeSlice(tensor::ExtractSliceOp op) {
  FailureOr<Value> source = buffers.get(op, op.getSource());
  if (failed(source))
    return failure();
  ArrayRef<int64_t> offsets = op.getStaticOffsets(), strides = op.getStaticStrides();
  bool wholeRows = offsets.front() == 0 && ShapedType::isDynamic(op.getStaticSizes().front()) &&
                   llvm::all_of(strides, [](int64_t stride) { return stride == 1; }) &&
                   llvm::none_of(offsets, ShapedType::isDynamic) &&
                   op.getSourceType().getRank() == op.getType().getRank();
  if (!wholeRows)
    return op.emitOpError("cannot be bufferized: expected a slice of columns of all rows");
  SmallVector<OpFoldResult> sizes = op.getMixedSizes();
  sizes.front() = buffers.getRows(getSet(sets.getTable(op.getOperation())));
  buffers.set(op.getResult(), memref::SubViewOp::create(builder, op.getLoc(), *source, op.getMixedOffsets(), sizes,
                                                        op.getMixedStrides()));
  ++numViews;
  return success();
}

/// Copies `from` to `to`, as a kernel that is generated.
static void copyRows(OpBuilder &builder, Location loc, Value from, Value to) {
  SmallVector<AffineMap> maps(2, builder.getMultiDimIdentityMap(cast<MemRefType>(to.getType()).getRank()));
  SmallVector<utils::IteratorType> loops(maps.front().getNumDims(), utils::IteratorType::parallel);
  linalg::GenericOp::create(
      builder, loc, from, to, maps, loops,
      [](OpBuilder &body, Location at, ValueRange elements) { linalg::YieldOp::create(body, at, elements.front()); });
}

/// Every operand is copied into columns of its own.
LogicalResult EntryBufferizer::bufferizeConcat(tensor::ConcatOp op) {
  RankedTensorType type = op.getResultType();
  if (op.getDim() != 1 || type.getRank() != 2 || type.isDynamicDim(1))
    return op.emitOpError("cannot be bufferized: expected rows of vectors side by side, got ")
           << type << " along dimension " << op.getDim();
  unsigned set = getSet(sets.getTable(op.getOperation()));
  Value whole = buffers.allocate(cast<OpResult>(op.getResult()), set);
  if (!whole)
    return failure();
  buffers.set(op.getResult(), whole);
  int64_t column = 0;
  for (Value input : op.getInputs()) {
    FailureOr<Value> rows = buffers.get(op, input);
    if (failed(rows))
      return failure();
    int64_t width = cast<RankedTensorType>(input.getType()).getDimSize(1);
    SmallVector<OpFoldResult> offsets = {builder.getIndexAttr(0), builder.getIndexAttr(column)},
                              sizes = {buffers.getRows(set), builder.getIndexAttr(width)},
                              strides(2, builder.getIndexAttr(1));
    Value columns = memref::SubViewOp::create(builder, op.getLoc(), whole, offsets, sizes, strides);
    copyRows(builder, op.getLoc(), *rows, columns);
    column += width;
    ++numCopies;
  }
  return success();
}

template <typename MemRefOp, typename TensorOp>
LogicalResult EntryBufferizer::bufferizeReshape(TensorOp op) {
  FailureOr<Value> source = buffers.get(op, op.getSrc());
  if (failed(source))
    return failure();
  if (llvm::size(op.getReassociationIndices().front()) != 1)
    return op.emitOpError("cannot be bufferized: expected the dimension of rows to stay as it is");
  auto sourceType = cast<MemRefType>(source->getType());
  FailureOr<MemRefType> type;
  if constexpr (std::is_same_v<MemRefOp, memref::ExpandShapeOp>)
    type =
        memref::ExpandShapeOp::computeExpandedType(sourceType, op.getType().getShape(), op.getReassociationIndices());
  else if (memref::CollapseShapeOp::isGuaranteedCollapsible(sourceType, op.getReassociationIndices()))
    type = memref::CollapseShapeOp::computeCollapsedType(sourceType, op.getReassociationIndices());
  if (failed(type))
    return op.emitOpError("cannot be bufferized: expected a reshape that needs no copy of ") << sourceType;
  if constexpr (std::is_same_v<MemRefOp, memref::ExpandShapeOp>) {
    SmallVector<OpFoldResult> sizes = getAsIndexOpFoldResult(builder.getContext(), type->getShape());
    sizes.front() = buffers.getRows(getSet(sets.getTable(op.getOperation())));
    buffers.set(op.getResult(),
                MemRefOp::create(builder, op.getLoc(), *type, *source, op.getReassociationIndices(), sizes));
  } else {
    buffers.set(op.getResult(), MemRefOp::create(builder, op.getLoc(), *type, *source, op.getReassociationIndices()));
  }
  ++numViews;
  return success();
}

/// A parameter has no buffer in an arena: it stays what it is, with the type of its bytes.
LogicalResult EntryBufferizer::bufferizeVector(ParameterVectorOp op) {
  auto type = cast<RankedTensorType>(op.getType());
  auto buffer = MemRefType::get(type.getShape(), type.getElementType());
  buffers.set(op.getResult(), ParameterVectorOp::create(builder, op.getLoc(), buffer, op.getParts()));
  return success();
}

LogicalResult EntryBufferizer::bufferizeDim(tensor::DimOp op) {
  if (op.getConstantIndex() != 0)
    return op.emitOpError("cannot be bufferized: expected the number of rows, dimension 0");
  op.getResult().replaceAllUsesWith(buffers.getRows(getSet(sets.getTable(op.getOperation()))));
  return success();
}

/// True for what stays as it is: arithmetic on numbers that are no rows.
static bool isScalar(Operation *op) {
  auto isRows = llvm::IsaPred<ShapedType, SegmentsType, StateTypeInterface>;
  return op->getNumRegions() == 0 && isMemoryEffectFree(op) && llvm::none_of(op->getOperandTypes(), isRows) &&
         llvm::none_of(op->getResultTypes(), isRows);
}

LogicalResult EntryBufferizer::bufferizeOp(Operation *op) {
  builder.setInsertionPoint(op);
  if (auto returnOp = dyn_cast<func::ReturnOp>(op))
    return bufferizeReturn(returnOp);
  if (isScalar(op))
    return success();
  replaced.push_back(op);
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](RowKernelOpInterface kernel) {
        if (!isBufferForm(op))
          return bufferizeKernel(kernel);
        return LogicalResult(op->emitOpError("cannot be bufferized: expected tensors, got buffers"));
      })
      .Case([&](linalg::GenericOp generic) { return bufferizeGeneric(generic); })
      .Case([&](tensor::ExtractSliceOp slice) { return bufferizeSlice(slice); })
      .Case([&](tensor::ConcatOp concat) { return bufferizeConcat(concat); })
      .Case([&](tensor::ExpandShapeOp reshape) { return bufferizeReshape<memref::ExpandShapeOp>(reshape); })
      .Case([&](tensor::CollapseShapeOp reshape) { return bufferizeReshape<memref::CollapseShapeOp>(reshape); })
      .Case([&](tensor::DimOp dim) { return bufferizeDim(dim); })
      .Case([&](ParameterVectorOp vector) { return bufferizeVector(vector); })
      .Case([&](NarrowSegmentsOp table) { return bufferizeTable(table); })
      .Case<tensor::EmptyOp, linalg::FillOp>([&](auto) { return success(); }) // inits, which kernels do not read
      .Default([&](Operation *) {
        return op->emitOpError(
            "cannot be bufferized: expected a fused operation, a `linalg.generic` on rows, a slice of columns or a "
            "reshape");
      });
}

/// Gives the results of a refused operation buffers, so that what uses them is not blamed.
void EntryBufferizer::poison(Operation *op) {
  for (Value result : op->getResults())
    if (auto type = dyn_cast<RankedTensorType>(result.getType()); type && !buffers.contains(result)) {
      builder.setInsertionPoint(op);
      auto size = SizeAttr::get(builder.getContext(), ArrayRef<SizeTerm>());
      auto memref = MemRefType::get(type.getShape(), type.getElementType());
      buffers.set(result, AllocOp::create(builder, op->getLoc(), memref, size, BufferRoleAttr()));
    }
}

void EntryBufferizer::finish() {
  for (RowSetOp set : declared)
    if (ArrayRef<Attribute> names = written[set.getNumber()]; !names.empty())
      set.setStatesAttr(builder.getArrayAttr(names));
  for (Operation *op : llvm::reverse(replaced))
    op->erase();
  BitVector allArguments(entry.getNumArguments(), true), allResults(entry.getNumResults(), true);
  (void)entry.eraseResults(allResults);
  (void)entry.eraseArguments(allArguments);
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(entry.front())))
    if (isOpTriviallyDead(&op)) // references to states that the entry point does not touch, numbers that nobody reads
      op.erase();
}

LogicalResult EntryBufferizer::run() {
  if (!entry.getBody().hasOneBlock())
    return entry.emitOpError("expected a body of one block");
  builder.setInsertionPointToStart(&entry.front());
  if (failed(bufferizeArguments()) || failed(declareSets()))
    return failure();
  bool failed = false;
  // Operations that are made on the way stand before the one they replace and are not visited.
  SmallVector<Operation *> ops;
  for (Operation &op : entry.front())
    if (!isa<AllocOp, RowSetOp, StateRefOp>(op))
      ops.push_back(&op);
  for (Operation *op : ops) {
    bool opFailed = mlir::failed(bufferizeOp(op));
    if (opFailed)
      poison(op);
    failed |= opFailed;
  }
  if (!failed)
    finish();
  return success(!failed);
}

//===- Pass --------------------------------------------------------------------------------------------------===//

namespace {
struct Bufferize : yoco::impl::BufferizePassBase<Bufferize> {
  void runOnOperation() override {
    if (failed(expectPhase(getOperation(), getArgument(), {Phase::fused})))
      return signalPassFailure();
    ModuleOp module = getOperation();
    std::unique_ptr<Target> target = getTargetOf(module);
    if (!target)
      return signalPassFailure();
    bool failed = false;
    for (auto entry : module.getOps<func::FuncOp>()) {
      auto shape = entry->getAttrOfType<EntryAttr>(YocoDialect::getEntryAttrName());
      if (!shape)
        continue;
      EntryBufferizer bufferizer(entry, shape, *target);
      failed |= mlir::failed(bufferizer.run());
      numBuffers += bufferizer.getNumBuffers();
      numViews += bufferizer.numViews;
      numCopies += bufferizer.numCopies;
    }
    if (failed)
      return signalPassFailure();
    module->setAttr(YocoDialect::getPhaseAttrName(), PhaseAttr::get(&getContext(), Phase::planned));
  }
};
} // namespace
