// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// yoco-outline-kernels: phase `planned`, the first step towards `program`; operations on buffers become launches of
// kernels.
//
// For every operation of an entry point that the target has a kernel for (fused operations, `linalg.generic`), in
// order:
//   1. its parameters, group by group, are laid out as the kernel wants them: one `yoco.packed_parameter` for each list
//      of parts and layout, however often it is used. A list that is part of another is rows of that matrix, where
//      panels and alignment allow it. Vectors that rows share (`yoco.parameter_vector`) are stored as they are;
//   2. a function is built whose arguments are the scalars that every kernel gets (rows, segments, seq, first and last
//      tile), the operation's operands, and the parameters. Its body is the operation on these, with parameter group
//      `i` called `@w<i>`, so that nothing in it says which layer it comes from;
//   3. when an equal function is there already, that one is used. Functions are found by hash, so this takes linear
//      time;
//   4. the operation is replaced by a `yoco.launch`; or by an instruction of its own, where the kernel says that it is
//      one: a linear group that is a product of the machine's library becomes a `yoco.gemm`. Either
//      says which set of rows it works on and what it costs at least.
//
// Refused: fused operations that the target has no kernel for, groups of parameters of several element types, bodies
// that use values of the entry point other than constants.

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "mlir/Transforms/RegionUtils.h"
#include "passes/Passes.h"
#include "passes/analysis/Phase.h"
#include "passes/target/Target.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::yoco {
#define GEN_PASS_DEF_OUTLINEKERNELSPASS
#include "passes/Passes.h.inc"
} // namespace mlir::yoco

using namespace mlir;
using namespace mlir::yoco;

namespace {

/// Equality of kernels, their names aside.
struct KernelInfo : DenseMapInfo<func::FuncOp> {
  static unsigned getHashValue(func::FuncOp kernel) {
    auto hash = [](Operation *op) -> llvm::hash_code {
      return OperationEquivalence::computeHash(op, OperationEquivalence::ignoreHashValue,
                                               OperationEquivalence::ignoreHashValue,
                                               OperationEquivalence::IgnoreLocations);
    };
    llvm::hash_code code = mlir::hash_value(Type(kernel.getFunctionType()));
    for (Operation &op : kernel.front())
      code = llvm::hash_combine(code, hash(&op));
    return code;
  }
  static bool isEqual(func::FuncOp a, func::FuncOp b) {
    func::FuncOp empty = getEmptyKey(), tombstone = getTombstoneKey();
    if (a == b || a == empty || a == tombstone || b == empty || b == tombstone)
      return a == b;
    return a.getFunctionType() == b.getFunctionType() && a.getArgAttrsAttr() == b.getArgAttrsAttr() &&
           a->getDiscardableAttrDictionary() == b->getDiscardableAttrDictionary() &&
           OperationEquivalence::isRegionEquivalentTo(&a.getBody(), &b.getBody(),
                                                      OperationEquivalence::IgnoreLocations);
  }
};

class Outliner {
public:
  Outliner(ModuleOp module, const Target &target) : module(module), symbols(module), target(target) {}

  LogicalResult run();

  unsigned numLaunches = 0, numKernels = 0, numParameters = 0, numProducts = 0;

private:
  LogicalResult outline(Operation *op);
  LogicalResult makeInstruction(Operation *op, const KernelModel &model, ArrayRef<Value> parameters, ArrayAttr costs);
  void collectParameters();
  bool canReadFrom(const ParameterGroup &whole, const ParameterGroup &rows, const ParameterForm &form);
  ParameterGroup getStored(const ParameterGroup &group, const ParameterForm &form);
  FailureOr<PackedParameterOp> getPacked(Operation *op, const ParameterGroup &group, const ParameterForm &form);
  Value getParameter(Operation *op, PackedParameterOp packed, const ParameterGroup &group);
  LogicalResult emitReadFromHost(Operation *op, const ParameterGroup &group);
  FailureOr<Value> readParameters(Operation *op, const ParameterGroup &group, const ParameterForm &form,
                                  SmallVectorImpl<Attribute> &costs);
  FailureOr<func::FuncOp> buildKernel(Operation *op, ArrayRef<Value> parameters, ArrayRef<ParameterGroup> groups);
  func::FuncOp getShared(func::FuncOp kernel, StringRef operation);

  ModuleOp module;
  SymbolTable symbols;
  const Target &target;
  ModuleOp kernels;
  DenseSet<func::FuncOp, KernelInfo> made;
  llvm::StringMap<unsigned> numbers;
  DenseMap<Attribute, PackedParameterOp> packed;             // by list of parts, layout and panel
  DenseMap<std::tuple<Block *, Attribute, int64_t, int64_t>, Value> references; // of each entry point, by rows
  DenseMap<Operation *, SmallVector<ParameterForm>> forms;   // of each operation's groups
  DenseSet<Attribute> lookedUp;                              // parameters, anywhere in the module
  SmallVector<std::pair<ParameterGroup, ParameterForm>> matrices; // of all operations, each form of each once
  Operation *lastPacked = nullptr;
};

} // namespace

//===- Parameters --------------------------------------------------------------------------------------------===//

static bool isSame(const ParameterForm &a, const ParameterForm &b) {
  return a.layout == b.layout && a.panel == b.panel && a.multiple == b.multiple && a.element == b.element &&
         a.encoding == b.encoding;
}

/// The form of a parameter may depend on its other uses: all of them are asked for while they are there.
void Outliner::collectParameters() {
  module.walk([&](RowKernelOpInterface op) {
    const KernelModel *model = target.findKernel(op);
    for (auto [index, group] : llvm::enumerate(op.getParameterGroups())) {
      if (group.isLookedUp)
        lookedUp.insert(group.parts.begin(), group.parts.end());
      if (!model)
        continue;
      ParameterForm form = model->getParameterForm(op, index, target);
      forms[op].push_back(form);
      if (group.isMatrix && group.endRow == 0 && llvm::none_of(matrices, [&](const auto &other) {
            return other.first.parts == group.parts && isSame(other.second, form);
          }))
        matrices.push_back({group, form});
    }
  });
}

/// Whether rows `rows.firstRow` to `rows.endRow` of the matrix `whole` can be read as a matrix of their own.
bool Outliner::canReadFrom(const ParameterGroup &whole, const ParameterGroup &rows, const ParameterForm &form) {
  int64_t total = 0;
  RankedTensorType type;
  for (FlatSymbolRefAttr part : whole.parts) {
    auto parameter = symbols.lookup<ParameterOp>(part.getValue());
    if (!parameter || parameter.getTensorType().getRank() != 2 || parameter.getPlacement())
      return false;
    type = parameter.getTensorType();
    total += type.getDimSize(0);
  }
  // Panels are read whole, and references begin at aligned addresses.
  int64_t panel = std::max<int64_t>(form.panel, 1);
  int64_t bits = (form.element ? Type(form.element) : type.getElementType()).getIntOrFloatBitWidth();
  int64_t rowBytes = llvm::alignTo(type.getDimSize(1), form.multiple) * bits / 8;
  return !form.encoding && rows.firstRow % panel == 0 && (rows.endRow % panel == 0 || rows.endRow == total) &&
         rows.firstRow * rowBytes % kAlignment == 0;
}

/// The group whose packed parameter has the rows of `group`: another where one operation reads a matrix and another
/// some of the parameters that it is made of, so that a weight is stored once.
ParameterGroup Outliner::getStored(const ParameterGroup &group, const ParameterForm &form) {
  if (!group.isMatrix || group.endRow != 0)
    return group;
  ParameterGroup stored = group;
  for (const auto &[whole, wholeForm] : matrices) {
    auto begin = std::search(whole.parts.begin(), whole.parts.end(), group.parts.begin(), group.parts.end());
    if (whole.parts.size() <= stored.parts.size() || begin == whole.parts.end() || !isSame(form, wholeForm))
      continue;
    auto rowsOf = [&](auto first, auto last) {
      int64_t rows = 0;
      for (auto part = first; part != last; ++part)
        if (auto parameter = symbols.lookup<ParameterOp>(part->getValue()))
          rows += parameter.getTensorType().getDimSize(0);
      return rows;
    };
    ParameterGroup rows = whole;
    rows.firstRow = rowsOf(whole.parts.begin(), begin);
    rows.endRow = rows.firstRow + rowsOf(begin, begin + group.parts.size());
    if (canReadFrom(whole, rows, form))
      stored = rows;
  }
  return stored;
}

/// The packed form of a group; made when it is not there. A failure with an error on `op` when the parts do not fit.
FailureOr<PackedParameterOp> Outliner::getPacked(Operation *op, const ParameterGroup &group,
                                                 const ParameterForm &form) {
  Builder builder(op->getContext());
  SmallVector<Attribute> parts(group.parts.begin(), group.parts.end());
  auto key = builder.getArrayAttr({builder.getArrayAttr(parts), builder.getI64IntegerAttr(int64_t(form.layout)),
                                   builder.getI64IntegerAttr(form.panel), builder.getI64IntegerAttr(form.multiple),
                                   form.element ? Attribute(TypeAttr::get(form.element)) : builder.getUnitAttr(),
                                   form.encoding ? Attribute(form.encoding) : builder.getUnitAttr()});
  PackedParameterOp &entry = packed[key];
  if (entry)
    return entry;

  SmallVector<int64_t> shape;
  Type element;
  Placement placement = Placement::device;
  for (FlatSymbolRefAttr part : group.parts) {
    auto parameter = symbols.lookup<ParameterOp>(part.getValue());
    if (!parameter)
      return (LogicalResult)(op->emitOpError("expected ") << part << " to name a `yoco.parameter`");
    RankedTensorType type = parameter.getTensorType();
    placement = std::max(placement, parameter.getPlacement().value_or(Placement::device));
    if (element && (type.getElementType() != element || type.getShape().drop_front() != ArrayRef(shape).drop_front()))
      return (LogicalResult)(op->emitOpError("expected parameters of one matrix to have one element type and row, got ")
                             << part << " of " << type << " after " << RankedTensorType::get(shape, element));
    if (element)
      shape[0] += type.getDimSize(0);
    else
      shape.assign(type.getShape().begin(), type.getShape().end());
    element = type.getElementType();
  }

  OpBuilder at(op->getContext());
  if (lastPacked)
    at.setInsertionPointAfter(lastPacked);
  else
    at.setInsertionPoint(*module.getOps<func::FuncOp>().begin());
  std::string name = ("packed." + group.parts.front().getValue()).str();
  auto type = RankedTensorType::get(shape, form.element ? Type(form.element) : element);
  int64_t stride = llvm::alignTo(shape.back(), form.multiple);
  entry = PackedParameterOp::create(
      at, op->getLoc(), name, builder.getArrayAttr(parts), form.layout, form.panel,
      stride == shape.back() || shape.size() < 2 ? IntegerAttr() : builder.getI64IntegerAttr(stride), form.encoding,
      placement == Placement::host ? PlacementAttr::get(op->getContext(), placement) : PlacementAttr(), type);
  symbols.insert(entry);
  lastPacked = entry;
  ++numParameters;
  return entry;
}

/// The reference to the rows of `packed` that `group` reads, in the entry point of `op`; made before `op` when there is
/// none.
Value Outliner::getParameter(Operation *op, PackedParameterOp packed, const ParameterGroup &group) {
  Value &reference = references[{op->getBlock(), packed.getSymNameAttr(), group.firstRow, group.endRow}];
  if (!reference) {
    OpBuilder builder(op);
    reference = ParameterRefOp::create(builder, op->getLoc(), packed.getMemoryType(group.endRow, group.firstRow),
                                       packed.getSymName(), group.firstRow, group.endRow);
  }
  return reference;
}

//===- Kernels -----------------------------------------------------------------------------------------------===//

/// Puts `@w<i>` in the place of the parts of group `i` in all attributes of `op`.
static void renameParameters(Operation *op, ArrayRef<ParameterGroup> groups) {
  SmallVector<bool> used(groups.size(), false);
  MLIRContext *context = op->getContext();
  // The group whose parts `symbols` begins with; one that has not been used before one that has.
  auto find = [&](ArrayRef<Attribute> symbols) -> std::optional<unsigned> {
    std::optional<unsigned> found;
    for (auto [index, group] : llvm::enumerate(groups)) {
      ArrayRef<FlatSymbolRefAttr> parts = group.parts;
      if (parts.size() <= symbols.size() && llvm::equal(parts, symbols.take_front(parts.size())) &&
          (!found || (used[*found] && !used[index])))
        found = index;
    }
    if (found)
      used[*found] = true;
    return found;
  };
  auto getName = [&](unsigned index) { return FlatSymbolRefAttr::get(context, ("w" + Twine(index)).str()); };
  for (NamedAttribute attribute : op->getAttrDictionary()) {
    if (auto symbol = dyn_cast<FlatSymbolRefAttr>(attribute.getValue())) {
      if (std::optional<unsigned> group = find({symbol}))
        op->setAttr(attribute.getName(), getName(*group));
    } else if (auto list = dyn_cast<ArrayAttr>(attribute.getValue());
               list && !list.empty() && llvm::all_of(list, llvm::IsaPred<FlatSymbolRefAttr>)) {
      SmallVector<Attribute> renamed;
      for (ArrayRef<Attribute> rest = list.getValue(); !rest.empty();) {
        std::optional<unsigned> group = find(rest);
        renamed.push_back(group ? Attribute(getName(*group)) : rest.front());
        rest = rest.drop_front(group ? groups[*group].parts.size() : 1);
      }
      op->setAttr(attribute.getName(), ArrayAttr::get(context, renamed));
    }
  }
}

/// A function with the arguments of a kernel and `op` as its body. It is in no module yet.
FailureOr<func::FuncOp> Outliner::buildKernel(Operation *op, ArrayRef<Value> parameters,
                                              ArrayRef<ParameterGroup> groups) {
  OpBuilder builder(op->getContext());
  SmallVector<Type> inputs(5, builder.getIndexType());
  llvm::append_range(inputs, op->getOperandTypes());
  for (Value parameter : parameters)
    inputs.push_back(parameter.getType());
  auto kernel = func::FuncOp::create(op->getLoc(), "kernel", builder.getFunctionType(inputs, {}));
  Block *body = kernel.addEntryBlock();
  builder.setInsertionPointToStart(body);

  IRMapping mapping;
  llvm::SetVector<Value> captured;
  for (Region &region : op->getRegions())
    getUsedValuesDefinedAbove(region, captured);
  for (Value value : captured) {
    Operation *constant = value.getDefiningOp();
    if (!constant || !constant->hasTrait<OpTrait::ConstantLike>()) {
      kernel->erase();
      return (LogicalResult)(op->emitOpError(
                                 "expected its body to use constants of the entry point alone, got a value of type ")
                             << value.getType());
    }
    builder.clone(*constant, mapping);
  }
  Operation *clone = builder.clone(*op, mapping);
  for (OpOperand &operand : clone->getOpOperands())
    operand.set(body->getArgument(5 + operand.getOperandNumber()));
  clone->walk([](Operation *inner) { inner->removeAttr(YocoDialect::getLayerAttrName()); });
  renameParameters(clone, groups);
  // Which rows of a parameter it reads, the reference to it says.
  if (llvm::any_of(groups, [](const ParameterGroup &group) { return group.endRow != 0; }))
    clone->removeAttr("first_row");
  for (unsigned i = 0; i < parameters.size(); ++i)
    kernel.setArgAttr(5 + op->getNumOperands() + i, kParameterAttrName,
                      FlatSymbolRefAttr::get(builder.getContext(), ("w" + Twine(i)).str()));
  func::ReturnOp::create(builder, op->getLoc());
  return kernel;
}

/// `kernel`, now in the module of kernels, or the equal one that is there already.
func::FuncOp Outliner::getShared(func::FuncOp kernel, StringRef operation) {
  auto [it, inserted] = made.insert(kernel);
  if (!inserted) {
    kernel->erase();
    return *it;
  }
  operation.consume_front("fused_");
  kernel.setName((operation + "_" + Twine(numbers[operation]++)).str());
  kernels.push_back(kernel);
  ++numKernels;
  return kernel;
}

/// The bytes that an operation reads of a group of parameters: all of them, or a row for each row.
static CostAttr getCost(PackedParameterOp packed, const ParameterGroup &group) {
  bool isRow = group.isLookedUp;
  return CostAttr::get(packed.getContext(), CostKind::weight_bytes, isRow ? CostUnit::row : CostUnit::step,
                       isRow ? packed.getRowBytes() : packed.getStoredBytes(), /*window=*/0,
                       FlatSymbolRefAttr::get(packed.getSymNameAttr()));
}

/// Absent when there are none.
static ArrayAttr getCosts(Operation *op, ArrayRef<Attribute> costs) {
  return costs.empty() ? ArrayAttr() : ArrayAttr::get(op->getContext(), costs);
}

/// The set of rows that `op` works on: that of what it writes, or, where that is a state, of the table.
static uint64_t getRowSet(Operation *op) {
  Value rows;
  if (auto rowKernel = dyn_cast<RowKernelOpInterface>(op); rowKernel && !rowKernel.getOutBuffers().empty())
    rows = rowKernel.getOutBuffers().front();
  else if (auto generic = dyn_cast<linalg::GenericOp>(op))
    rows = generic.getDpsInits().front();
  for (Value operand : op->getOperands())
    if (!rows && isa<SegmentsType>(operand.getType()))
      rows = operand;
  while (auto view = rows ? rows.getDefiningOp<ViewLikeOpInterface>() : ViewLikeOpInterface())
    rows = view.getViewSource();
  auto view = rows ? rows.getDefiningOp<ViewOp>() : ViewOp();
  return view ? view.getRowSet() : 0;
}

/// An instruction of its own in the place of `op`.
LogicalResult Outliner::makeInstruction(Operation *op, const KernelModel &model, ArrayRef<Value> parameters,
                                        ArrayAttr costs) {
  OpBuilder builder(op);
  Operation *instruction = model.buildInstruction(builder, op, parameters);
  if (!instruction)
    return failure();
  if (costs)
    instruction->setAttr("costs", costs);
  if (uint64_t set = getRowSet(op))
    instruction->setAttr("row_set", builder.getI64IntegerAttr(set));
  if (Attribute layer = op->getAttr(YocoDialect::getLayerAttrName()))
    instruction->setAttr(YocoDialect::getLayerAttrName(), layer);
  op->erase();
  ++numProducts;
  return success();
}

/// The device computes with all of `group` in every step, so the parameter has to be there; and a table that is tied to
/// that matrix is the same parameter, from which rows are looked up at no further cost.
LogicalResult Outliner::emitReadFromHost(Operation *op, const ParameterGroup &group) {
  InFlightDiagnostic error =
      op->emitOpError("expected a parameter that is placed on the host to be looked up alone, got all of ")
      << group.parts.front() << " read; it has to stay on the device";
  if (llvm::any_of(group.parts, [&](FlatSymbolRefAttr part) { return lookedUp.contains(part); }))
    error << ", where the table that is tied to this matrix takes no memory of its own";
  return error;
}

/// The reference to a group of parameters that `op` reads, and what reading it costs.
FailureOr<Value> Outliner::readParameters(Operation *op, const ParameterGroup &group, const ParameterForm &form,
                                          SmallVectorImpl<Attribute> &costs) {
  ParameterGroup stored = getStored(group, form);
  FailureOr<PackedParameterOp> packed = getPacked(op, stored, form);
  if (failed(packed))
    return failure();
  if (packed->getPlacement() == Placement::host && !group.isLookedUp)
    return emitReadFromHost(op, group);
  costs.push_back(getCost(*packed, stored));
  return getParameter(op, *packed, stored);
}

LogicalResult Outliner::outline(Operation *op) {
  if (llvm::any_of(op->getOperandTypes(), llvm::IsaPred<TensorType>) || op->getNumResults() != 0)
    return op->emitOpError("expected an operation on buffers, got one on tensors");
  const KernelModel *model = target.getKernel(op);
  if (!model)
    return failure();
  SmallVector<ParameterGroup> groups;
  if (auto rowKernel = dyn_cast<RowKernelOpInterface>(op))
    groups = rowKernel.getParameterGroups();
  SmallVector<Value> parameters;
  SmallVector<Attribute> costs;
  for (auto [index, group] : llvm::enumerate(groups)) {
    FailureOr<Value> parameter = readParameters(op, group, forms.lookup(op)[index], costs);
    if (failed(parameter))
      return failure();
    parameters.push_back(*parameter);
  }
  if (auto rowKernel = dyn_cast<RowKernelOpInterface>(op))
    llvm::append_range(costs, rowKernel.getCost());
  if (model->isInstruction(op, target))
    return makeInstruction(op, *model, parameters, getCosts(op, costs));
  TilesAttr tiles = model->getTiles(op, target);
  FailureOr<func::FuncOp> kernel = buildKernel(op, parameters, groups);
  if (failed(kernel))
    return failure();
  SmallVector<Value> operands;
  for (auto [index, operand] : llvm::enumerate(op->getOperands())) {
    auto vector = operand.getDefiningOp<ParameterVectorOp>();
    operands.push_back(operand);
    if (!vector)
      continue;
    // A vector that all rows share: an operand that is a parameter, stored as it is.
    ParameterGroup group{llvm::to_vector(vector.getParts().getAsRange<FlatSymbolRefAttr>()), false};
    FailureOr<Value> parameter = readParameters(op, group, ParameterForm(), costs);
    if (failed(parameter)) {
      kernel->erase();
      return failure();
    }
    operands.back() = *parameter;
    kernel->setArgAttr(5 + index, kParameterAttrName,
                       FlatSymbolRefAttr::get(op->getContext(), ("v" + Twine(index)).str()));
  }
  func::FuncOp shared = getShared(*kernel, op->getName().stripDialect());

  OpBuilder builder(op);
  llvm::append_range(operands, parameters);
  auto name = SymbolRefAttr::get(kernels.getSymNameAttr(), {FlatSymbolRefAttr::get(shared.getSymNameAttr())});
  auto launch = LaunchOp::create(builder, op->getLoc(), name, operands, tiles, getCosts(op, costs), getRowSet(op));
  if (Attribute layer = op->getAttr(YocoDialect::getLayerAttrName()))
    launch->setAttr(YocoDialect::getLayerAttrName(), layer);
  op->erase();
  ++numLaunches;
  return success();
}

LogicalResult Outliner::run() {
  OpBuilder builder(module.getContext());
  builder.setInsertionPointToEnd(module.getBody());
  kernels = ModuleOp::create(builder, module.getLoc(), StringRef("kernels"));
  kernels->setAttr(kKernelsAttrName, builder.getUnitAttr());
  collectParameters();
  for (auto arena : module.getOps<ArenaOp>())
    if (arena.getStrideAttr())
      kernels->setAttr(kRecordStrideAttrName, arena.getStrideAttr());
  bool failed = false;
  for (auto entry : module.getOps<func::FuncOp>())
    if (entry->hasAttr(YocoDialect::getEntryAttrName()))
      for (Operation &op : llvm::make_early_inc_range(entry.front()))
        if (isa<RowKernelOpInterface>(op) || target.findKernel(&op))
          failed |= mlir::failed(outline(&op));
  if (!failed)
    module.walk([](ParameterVectorOp vector) { vector->erase(); });
  return success(!failed);
}

//===- Pass --------------------------------------------------------------------------------------------------===//

namespace {
struct OutlineKernels : yoco::impl::OutlineKernelsPassBase<OutlineKernels> {
  void runOnOperation() override {
    if (failed(expectPhase(getOperation(), getArgument(), {Phase::planned})))
      return signalPassFailure();
    ModuleOp module = getOperation();
    std::unique_ptr<Target> target = getTargetOf(module);
    if (!target)
      return signalPassFailure();
    Outliner outliner(module, *target);
    if (failed(outliner.run()))
      return signalPassFailure();
    numLaunches = outliner.numLaunches;
    numKernels = outliner.numKernels;
    numShared = outliner.numLaunches - outliner.numKernels;
    numParameters = outliner.numParameters;
    numProducts = outliner.numProducts;
  }
};
} // namespace
