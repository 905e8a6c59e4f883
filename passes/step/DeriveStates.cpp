// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Input: phase `model` without decoder regions. Output: entry points over segments, with declared states.
//
//   1. Every row mixer of @forward names its state. Mixers with the same cached rows get one cache: growing when one of its
//      readers has no window, else a ring as long as the longest window.
//   2. For each entry point @forward is cloned into a function over ids, segments and the states. A growing cache is written
//      in front of its first reader, so that readers find the fresh rows in it. A ring is written behind its last reader,
//      since a chunk written first would overwrite keys that the chunk's early rows need.
//   3. @forward goes away.
// Refused: a @forward that does not map ids to logits, decoder regions, mixers in nested regions.

#include "mlir/IR/IRMapping.h"
#include "passes/Passes.h"
#include "passes/analysis/Phase.h"
#include "passes/analysis/RowDemandAnalysis.h"
#include "passes/analysis/States.h"
#include "llvm/ADT/MapVector.h"

namespace mlir::yoco {
#define GEN_PASS_DEF_DERIVESTATESPASS
#include "passes/Passes.h.inc"
} // namespace mlir::yoco

using namespace mlir;
using namespace mlir::yoco;

namespace {

/// A cache or state, and the mixers of @forward that use it.
struct State {
  StateDeclOp declaration;
  SmallVector<Value> cachedRows;
  SmallVector<Operation *> mixers;
  Type type;

  bool isGrowing() const { return isa<KVCacheType>(type) && !cast<KVCacheType>(type).isRing(); }
};

struct EntryKind {
  StringRef name;
  RowShape rows;
  RowBound bound;
  RowDemand logits;
  bool samples = false; // gives the token that each row's logits choose instead of the logits
};

class StateDerivation {
public:
  StateDerivation(ModuleOp module, func::FuncOp forward) : module(module), forward(forward) {}

  LogicalResult collectStates();
  void declareStates();
  void buildEntry(const EntryKind &kind);

  SmallVector<State> states;
  unsigned sharedReaders = 0;

private:
  func::FuncOp createFunction(OpBuilder &builder, const EntryKind &kind);
  void buildMixer(OpBuilder &builder, RowMixerOpInterface mixer, Value segments, IRMapping &mapping,
                  MutableArrayRef<Value> versions);
  void writeCache(OpBuilder &builder, const State &state, Value segments, IRMapping &mapping, Value &version);

  ModuleOp module;
  func::FuncOp forward;
  llvm::DenseMap<Operation *, unsigned> stateOf;
};

} // namespace

/// One type for a cache that is asked for with two windows: no window wins, then the longer one.
static Type joinTypes(Type left, Type right) {
  auto a = dyn_cast<KVCacheType>(left), b = dyn_cast<KVCacheType>(right);
  if (!a || !b || !a.isRing())
    return left;
  return !b.isRing() || b.getWindow() > a.getWindow() ? right : left;
}

LogicalResult StateDerivation::collectStates() {
  llvm::MapVector<std::pair<Value, Value>, unsigned> shared;
  WalkResult result = forward.walk([&](Operation *op) -> WalkResult {
    if (isa<SelfDecoderOp, CrossDecoderOp>(op))
      return op->emitError("expected decoders to be inlined first (yoco-inline-decoders), got '") << op->getName() << "'";
    auto mixer = dyn_cast<RowMixerOpInterface>(op);
    if (!mixer)
      return WalkResult::advance();
    if (op->getParentOp() != forward)
      return op->emitError("expected row mixers in the body of @forward itself, got '")
             << op->getName() << "' in a nested region";
    SmallVector<Value> rows = mixer.getCachedRows();
    unsigned index = states.size();
    if (rows.size() == 2) {
      auto [it, isNew] = shared.insert({{rows[0], rows[1]}, index});
      sharedReaders += !isNew;
      index = it->second;
    }
    if (index == states.size())
      states.push_back(State{{}, rows, {}, mixer.getStateType()});
    states[index].type = joinTypes(states[index].type, mixer.getStateType());
    states[index].mixers.push_back(op);
    stateOf[op] = index;
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

void StateDerivation::declareStates() {
  OpBuilder builder(forward);
  SymbolTable symbols(module);
  unsigned growing = 0, rings = 0, others = 0;
  for (State &state : states) {
    auto cache = dyn_cast<KVCacheType>(state.type);
    std::string name = !cache            ? "state_" + std::to_string(others++)
                       : cache.isRing() ? "ring_" + std::to_string(rings++)
                                        : "kv_" + std::to_string(growing++);
    state.declaration = StateDeclOp::create(builder, state.mixers.front()->getLoc(), name, state.type, ArrayAttr());
    symbols.insert(state.declaration); // renames it when the name is taken
  }
}

func::FuncOp StateDerivation::createFunction(OpBuilder &builder, const EntryKind &kind) {
  MLIRContext *context = builder.getContext();
  SmallVector<Type> inputs = {forward.getArgumentTypes()[0], SegmentsType::get(context)}, results;
  if (!kind.logits.isNone())
    results.push_back(kind.samples ? forward.getArgumentTypes()[0] : forward.getResultTypes()[0]);
  for (const State &state : states) {
    inputs.push_back(state.type);
    results.push_back(state.type);
  }
  auto function =
      func::FuncOp::create(builder, forward.getLoc(), kind.name, FunctionType::get(context, inputs, results));
  function->setAttr(YocoDialect::getEntryAttrName(), EntryAttr::get(context, kind.rows, kind.bound, kind.logits));
  for (auto [index, state] : llvm::enumerate(states))
    function.setArgAttr(2 + index, YocoDialect::getStateAttrName(),
                        FlatSymbolRefAttr::get(context, state.declaration.getSymName()));
  function.addEntryBlock();
  return function;
}

void StateDerivation::writeCache(OpBuilder &builder, const State &state, Value segments, IRMapping &mapping,
                                 Value &version) {
  Value keys = state.cachedRows[0], values = state.cachedRows[1];
  auto write = CacheWriteOp::create(builder, state.mixers.front()->getLoc(), state.type, version,
                                    mapping.lookup(keys), mapping.lookup(values), segments);
  // The write belongs to the layer that made the rows, not to the one that happens to read them first.
  if (Operation *maker = values.getDefiningOp())
    if (Attribute layer = maker->getAttr(YocoDialect::getLayerAttrName()))
      write->setAttr(YocoDialect::getLayerAttrName(), layer);
  version = write.getResult();
}

void StateDerivation::buildMixer(OpBuilder &builder, RowMixerOpInterface mixer, Value segments, IRMapping &mapping,
                                 MutableArrayRef<Value> versions) {
  unsigned index = stateOf.lookup(mixer);
  const State &state = states[index];
  Value &version = versions[index];
  if (state.isGrowing() && state.mixers.front() == mixer)
    writeCache(builder, state, segments, mapping, version);
  SmallVector<Value> operands;
  for (Value operand : mixer->getOperands())
    operands.push_back(mapping.lookup(operand));
  Block *block = builder.getInsertionBlock();
  Operation *before = block->empty() ? nullptr : &block->back();
  SmallVector<Value> results = mixer.buildStepForm(builder, operands, segments, version);
  mapping.map(mixer->getResults(), results);
  if (Attribute layer = mixer->getAttr(YocoDialect::getLayerAttrName()))
    for (Operation *op = before ? before->getNextNode() : &block->front(); op; op = op->getNextNode())
      op->setAttr(YocoDialect::getLayerAttrName(), layer);
  bool isRing = isa<KVCacheType>(state.type) && !state.isGrowing();
  if (isRing && state.mixers.back() == mixer)
    writeCache(builder, state, segments, mapping, version);
}

void StateDerivation::buildEntry(const EntryKind &kind) {
  OpBuilder builder(forward);
  func::FuncOp function = createFunction(builder, kind);
  builder.setInsertionPointToEnd(&function.getBody().front());
  IRMapping mapping;
  mapping.map(forward.getArgument(0), function.getArgument(0));
  Value segments = function.getArgument(1);
  SmallVector<Value> versions(function.getArguments().drop_front(2));
  for (Operation &op : forward.getBody().front().without_terminator()) {
    if (auto mixer = dyn_cast<RowMixerOpInterface>(op)) {
      buildMixer(builder, mixer, segments, mapping, versions);
      continue;
    }
    Operation *clone = builder.clone(op, mapping);
    clone->walk([&](PositionsOp positions) { positions.getSegmentsMutable().assign(segments); });
  }
  SmallVector<Value> results;
  if (!kind.logits.isNone()) {
    Value logits = mapping.lookup(forward.getBody().front().getTerminator()->getOperand(0));
    if (kind.samples) {
      auto argmax = ArgmaxOp::create(builder, forward.getLoc(), forward.getArgumentTypes()[0], logits);
      Operation *maker = logits.getDefiningOp();
      if (Attribute layer = maker ? maker->getAttr(YocoDialect::getLayerAttrName()) : Attribute())
        argmax->setAttr(YocoDialect::getLayerAttrName(), layer);
      logits = argmax;
    }
    results.push_back(logits);
  }
  llvm::append_range(results, versions);
  func::ReturnOp::create(builder, forward.getLoc(), results);
}

/// The entry points that can be asked for. They differ in row shape and demand alone.
static std::optional<EntryKind> getEntryKind(StringRef name) {
  if (name == "prefill")
    return EntryKind{"prefill", RowShape::ragged, RowBound::chunk, RowDemand::none()};
  if (name == "decode")
    return EntryKind{"decode", RowShape::single, RowBound::batch, RowDemand::all()};
  if (name == "score")
    return EntryKind{"score", RowShape::ragged, RowBound::block, RowDemand::all()};
  if (name == "sample")
    return EntryKind{"sample", RowShape::single, RowBound::batch, RowDemand::all(), /*samples=*/true};
  return std::nullopt;
}

namespace {
struct DeriveStatesPass : public yoco::impl::DeriveStatesPassBase<DeriveStatesPass> {
  using DeriveStatesPassBase::DeriveStatesPassBase;

  void runOnOperation() override {
    if (failed(expectPhase(getOperation(), getArgument(), {Phase::model})))
      return signalPassFailure();
    FailureOr<func::FuncOp> forward = getForward();
    if (failed(forward))
      return signalPassFailure();
    SmallVector<std::string> names(entries.begin(), entries.end());
    if (names.empty())
      names = {"prefill", "decode", "score", "sample"};
    SmallVector<EntryKind> kinds;
    for (StringRef name : names) {
      std::optional<EntryKind> kind = getEntryKind(name);
      if (!kind) {
        getOperation().emitError("expected entries of `prefill`, `decode`, `score` and `sample`, got `") << name << "`";
        return signalPassFailure();
      }
      bool isTwice = llvm::any_of(kinds, [&](const EntryKind &other) { return other.name == kind->name; });
      if (isTwice || getOperation().lookupSymbol(kind->name)) {
        getOperation().emitError("expected no symbol @") << kind->name << " before its entry point is made, got one";
        return signalPassFailure();
      }
      kinds.push_back(*kind);
    }
    StateDerivation derivation(getOperation(), *forward);
    if (failed(derivation.collectStates()))
      return signalPassFailure();
    derivation.declareStates();
    for (const EntryKind &kind : kinds)
      derivation.buildEntry(kind);
    forward->erase();
    numStates += derivation.states.size();
    numSharedReaders += derivation.sharedReaders;
  }

  FailureOr<func::FuncOp> getForward() {
    auto forward = getOperation().lookupSymbol<func::FuncOp>("forward");
    if (!forward || forward.isExternal())
      return (LogicalResult)getOperation().emitError("expected a function @forward with a body, got none");
    FunctionType type = forward.getFunctionType();
    auto ids = RankedTensorType::get({ShapedType::kDynamic}, IntegerType::get(&getContext(), 32));
    auto isLogits = [](Type rows) {
      auto tensor = dyn_cast<RankedTensorType>(rows);
      return isRowTensor(rows) && tensor.getRank() == 2 && !tensor.isDynamicDim(1) && tensor.getElementType().isF32();
    };
    if (type.getNumInputs() != 1 || type.getNumResults() != 1 || type.getInput(0) != ids ||
        !isLogits(type.getResult(0)))
      return (LogicalResult)(forward.emitError("expected @forward to map ids (tensor<?xi32>) to logits "
                                               "(tensor<?xVxf32>), got ")
                             << type);
    if (!forward.getBody().hasOneBlock())
      return (LogicalResult)(forward.emitError("expected @forward to have one block, got ")
                             << forward.getBody().getBlocks().size());
    return forward;
  }
};
} // namespace
