// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Input: phase `model` without decoder regions. Output: entry points over segments, with declared states.
//
//   1. Every row mixer of @forward names the values whose past it reads, and the states that are its own. Each cached
//      value gets one cache, whoever reads it: mixers with other keys and the same values share the cache of the
//      values.
//   2. What is asked of the caches of one value is joined: growing when one of its readers has no window, else a ring
//      as long as the longest window. A mixer reads all its caches at the same positions, so that the caches of one
//      mixer are joined too, and with them those of whoever shares one of them.
//   3. For each entry point @forward is cloned into a function over ids, segments and the states. A growing cache is
//      written before its first reader, so that readers find the fresh rows in it. A ring is written after its last
//      reader, since a chunk written first would overwrite keys that the chunk's early rows need. Which of both holds,
//      the type says.
//   4. @forward goes away.
// Refused: a @forward that does not map ids to logits, decoder regions, mixers in nested regions, caches that no one
// type serves.

#include "mlir/IR/IRMapping.h"
#include "passes/Passes.h"
#include "passes/analysis/Phase.h"
#include "passes/analysis/RowDemandAnalysis.h"
#include "passes/analysis/States.h"
#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"

namespace mlir::yoco {
#define GEN_PASS_DEF_DERIVESTATESPASS
#include "passes/Passes.h.inc"
} // namespace mlir::yoco

using namespace mlir;
using namespace mlir::yoco;

namespace {

/// A cache or state, and the mixers of @forward that use it.
struct State {
  StateTypeInterface type;
  Value rows;     // those that it caches; null when it belongs to one mixer
  StringRef name; // of the rows, to the first mixer that caches them
  SmallVector<Operation *> mixers;
  StateDeclOp declaration;
};

struct EntryKind {
  StringRef name;
  RowShape rows;
  RowBound bound;
  EntryOutput output;
  RowDemand wanted;
};

/// The entry points that can be asked for, by name; the passes know them by their description alone.
const EntryKind kEntryKinds[] = {
    {"prefill", RowShape::ragged, RowBound::chunk, EntryOutput::logits, RowDemand::none()},
    {"decode", RowShape::single, RowBound::batch, EntryOutput::logits, RowDemand::all()},
    {"score", RowShape::ragged, RowBound::wanted, EntryOutput::logits, RowDemand::all()},
    {"sample", RowShape::single, RowBound::batch, EntryOutput::sampled, RowDemand::all()},
    {"extend", RowShape::ragged, RowBound::chunk, EntryOutput::logits, RowDemand::from()},
    {"extend_sample", RowShape::ragged, RowBound::chunk, EntryOutput::sampled, RowDemand::from()},
    {"extend_logprobs", RowShape::ragged, RowBound::chunk, EntryOutput::logprobs, RowDemand::from()},
};

/// Best columns that entry points give with log-probabilities.
constexpr int64_t kBest = 20;

class StateDerivation {
public:
  StateDerivation(ModuleOp module, func::FuncOp forward) : module(module), forward(forward) {}

  LogicalResult collectStates();
  void declareStates();
  LogicalResult buildEntry(const EntryKind &kind);

  SmallVector<State> states;
  unsigned sharedReaders = 0;

private:
  unsigned addState(RowMixerOpInterface mixer, StateTypeInterface type, const CachedRows &cached = {});
  void collectStates(RowMixerOpInterface mixer);
  LogicalResult joinStates();
  Type getResultType(EntryOutput output);
  Value buildOutput(OpBuilder &builder, EntryOutput output, ValueRange inputs, Value logits);
  func::FuncOp createFunction(OpBuilder &builder, const EntryKind &kind);
  LogicalResult buildMixer(OpBuilder &builder, RowMixerOpInterface mixer, Value segments, IRMapping &mapping,
                           MutableArrayRef<Value> versions);
  LogicalResult writeRows(OpBuilder &builder, const State &state, Value segments, IRMapping &mapping, Value &version);
  void buildResults(OpBuilder &builder, const EntryKind &kind, IRMapping &mapping, ArrayRef<Value> versions);

  ModuleOp module;
  func::FuncOp forward;
  llvm::MapVector<Value, unsigned> cacheOf;
  /// The states of each mixer: those of its cached rows, then its own. In the order of the mixers.
  llvm::MapVector<Operation *, SmallVector<unsigned>> statesOf;
};

} // namespace

//===- States ------------------------------------------------------------------------------------------------===//

unsigned StateDerivation::addState(RowMixerOpInterface mixer, StateTypeInterface type, const CachedRows &cached) {
  unsigned index = states.size();
  if (cached.rows) {
    index = cacheOf.insert({cached.rows, index}).first->second;
    if (index != states.size() && states[index].mixers.back() != mixer)
      ++sharedReaders;
  }
  if (index == states.size())
    states.push_back(State{type, cached.rows, cached.name, {}, {}});
  if (states[index].mixers.empty() || states[index].mixers.back() != mixer)
    states[index].mixers.push_back(mixer);
  return index;
}

void StateDerivation::collectStates(RowMixerOpInterface mixer) {
  SmallVector<unsigned> indices;
  for (const CachedRows &cached : mixer.getCachedRows())
    indices.push_back(addState(mixer, cached.type, cached));
  for (Type type : mixer.getOwnStates())
    indices.push_back(addState(mixer, cast<StateTypeInterface>(type)));
  statesOf[mixer] = indices;
}

/// Gives the caches that are read together, by one mixer or through others, types that serve all of their readers.
LogicalResult StateDerivation::joinStates() {
  llvm::EquivalenceClasses<unsigned> groups;
  for (auto &[mixer, indices] : statesOf)
    for (auto [cached, index] : llvm::zip(cast<RowMixerOpInterface>(mixer).getCachedRows(), indices))
      groups.unionSets(indices.front(), index);
  for (auto &[mixer, indices] : statesOf) {
    for (auto [cached, index] : llvm::zip(cast<RowMixerOpInterface>(mixer).getCachedRows(), indices)) {
      for (unsigned member : llvm::make_range(groups.findLeader(index), groups.member_end())) {
        State &state = states[member];
        auto joined = dyn_cast_if_present<StateTypeInterface>(state.type.join(cached.type));
        if (!joined)
          return mixer->emitError("expected states that one type serves for rows that are read together, got ")
                 << state.type << " and " << cached.type;
        state.type = joined;
      }
    }
  }
  return success();
}

LogicalResult StateDerivation::collectStates() {
  WalkResult result = forward.walk([&](Operation *op) -> WalkResult {
    if (isa<SelfDecoderOp, CrossDecoderOp>(op))
      return op->emitError("expected decoders to be inlined first (yoco-inline-decoders), got '")
             << op->getName() << "'";
    auto mixer = dyn_cast<RowMixerOpInterface>(op);
    if (!mixer)
      return WalkResult::advance();
    if (op->getParentOp() != forward)
      return op->emitError("expected row mixers in the body of @forward itself, got '")
             << op->getName() << "' in a nested region";
    collectStates(mixer);
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted() || failed(joinStates()));
}

void StateDerivation::declareStates() {
  OpBuilder builder(forward);
  SymbolTable symbols(module);
  llvm::StringMap<unsigned> numbers;
  for (State &state : states) {
    std::string name = state.type.getSymbolPrefix(state.name);
    name += "_" + std::to_string(numbers[name]++);
    state.declaration = StateDeclOp::create(builder, state.mixers.front()->getLoc(), name, state.type, ArrayAttr());
    symbols.insert(state.declaration); // renames it when the name is taken
  }
}

//===- Entry points ------------------------------------------------------------------------------------------===//

/// What comes out of a row, from ids and logits as @forward has them.
Type StateDerivation::getResultType(EntryOutput output) {
  switch (output) {
  case EntryOutput::logits:
    return forward.getResultTypes()[0];
  case EntryOutput::sampled:
    return forward.getArgumentTypes()[0];
  case EntryOutput::logprobs:
    return RankedTensorType::get({ShapedType::kDynamic, getLogprobsColumns(kBest)},
                                 Float32Type::get(forward.getContext()));
  }
  llvm_unreachable("all outputs are listed");
}

/// That, from the logits; `inputs` are the arguments of the entry point.
Value StateDerivation::buildOutput(OpBuilder &builder, EntryOutput output, ValueRange inputs, Value logits) {
  switch (output) {
  case EntryOutput::logits:
    return logits;
  case EntryOutput::sampled:
    return ArgmaxOp::create(builder, forward.getLoc(), forward.getArgumentTypes()[0], logits);
  case EntryOutput::logprobs:
    return RowLogprobsOp::create(builder, forward.getLoc(), logits, inputs[2], kBest);
  }
  llvm_unreachable("all outputs are listed");
}

func::FuncOp StateDerivation::createFunction(OpBuilder &builder, const EntryKind &kind) {
  MLIRContext *context = builder.getContext();
  Type ids = forward.getArgumentTypes()[0];
  SmallVector<Type> inputs = {ids, SegmentsType::get(context)}, results;
  if (kind.output == EntryOutput::logprobs)
    inputs.push_back(ids); // targets
  unsigned firstState = inputs.size();
  if (!kind.wanted.isNone())
    results.push_back(getResultType(kind.output));
  for (const State &state : states) {
    inputs.push_back(state.type);
    results.push_back(state.type);
  }
  auto function =
      func::FuncOp::create(builder, forward.getLoc(), kind.name, FunctionType::get(context, inputs, results));
  function->setAttr(YocoDialect::getEntryAttrName(),
                    EntryAttr::get(context, kind.rows, kind.bound, kind.output, kind.wanted, /*most=*/0,
                                   /*most_wanted=*/0));
  for (auto [index, state] : llvm::enumerate(states))
    function.setArgAttr(firstState + index, YocoDialect::getStateAttrName(),
                        FlatSymbolRefAttr::get(context, state.declaration.getSymName()));
  function.addEntryBlock();
  return function;
}

LogicalResult StateDerivation::writeRows(OpBuilder &builder, const State &state, Value segments, IRMapping &mapping,
                                         Value &version) {
  Value next = state.type.buildRowWrite(builder, state.mixers.front()->getLoc(), version, mapping.lookup(state.rows),
                                        segments);
  if (!next)
    return state.mixers.front()->emitError("expected a state that caches rows, got ") << state.type;
  // The write belongs to the layer that made the rows, not to the one that happens to read them first.
  if (Operation *maker = state.rows.getDefiningOp())
    if (Attribute layer = maker->getAttr(YocoDialect::getLayerAttrName()))
      next.getDefiningOp()->setAttr(YocoDialect::getLayerAttrName(), layer);
  version = next;
  return success();
}

LogicalResult StateDerivation::buildMixer(OpBuilder &builder, RowMixerOpInterface mixer, Value segments,
                                          IRMapping &mapping, MutableArrayRef<Value> versions) {
  // A mixer may read one cache twice.
  ArrayRef<unsigned> indices = statesOf.find(mixer)->second;
  llvm::SetVector<unsigned> distinct(llvm::from_range, indices);
  auto write = [&](bool first) -> LogicalResult {
    for (unsigned index : distinct) {
      const State &state = states[index];
      Operation *writer = first ? state.mixers.front() : state.mixers.back();
      if (state.rows && writer == mixer && state.type.isWrittenFirst() == first &&
          failed(writeRows(builder, state, segments, mapping, versions[index])))
        return failure();
    }
    return success();
  };
  if (failed(write(/*first=*/true)))
    return failure();
  SmallVector<Value> operands, read;
  for (Value operand : mixer->getOperands())
    operands.push_back(mapping.lookup(operand));
  for (unsigned index : indices)
    read.push_back(versions[index]);
  Block *block = builder.getInsertionBlock();
  Operation *before = block->empty() ? nullptr : &block->back();
  // Caches are written apart, here; what comes back for the mixer's own states are their next versions.
  size_t own = mixer.getOwnStates().size();
  MutableArrayRef<Value> ownStates = MutableArrayRef<Value>(read).take_back(own);
  SmallVector<Value> results = mixer.buildStepForm(builder, operands, segments, read);
  for (auto [index, next] : llvm::zip_equal(indices.take_back(own), ownStates))
    versions[index] = next;
  mapping.map(mixer->getResults(), results);
  if (Attribute layer = mixer->getAttr(YocoDialect::getLayerAttrName()))
    for (Operation *op = before ? before->getNextNode() : &block->front(); op; op = op->getNextNode())
      op->setAttr(YocoDialect::getLayerAttrName(), layer);
  return write(/*first=*/false);
}

void StateDerivation::buildResults(OpBuilder &builder, const EntryKind &kind, IRMapping &mapping,
                                   ArrayRef<Value> versions) {
  SmallVector<Value> results;
  if (!kind.wanted.isNone()) {
    Value logits = mapping.lookup(forward.getBody().front().getTerminator()->getOperand(0));
    Value output = buildOutput(builder, kind.output, builder.getBlock()->getArguments(), logits);
    Operation *maker = logits.getDefiningOp();
    Attribute layer = maker ? maker->getAttr(YocoDialect::getLayerAttrName()) : Attribute();
    if (layer && output != logits)
      output.getDefiningOp()->setAttr(YocoDialect::getLayerAttrName(), layer);
    results.push_back(output);
  }
  llvm::append_range(results, versions);
  func::ReturnOp::create(builder, forward.getLoc(), results);
}

LogicalResult StateDerivation::buildEntry(const EntryKind &kind) {
  OpBuilder builder(forward);
  func::FuncOp function = createFunction(builder, kind);
  builder.setInsertionPointToEnd(&function.getBody().front());
  IRMapping mapping;
  mapping.map(forward.getArgument(0), function.getArgument(0));
  Value segments = function.getArgument(1);
  SmallVector<Value> versions(function.getArguments().take_back(states.size()));
  for (Operation &op : forward.getBody().front().without_terminator()) {
    if (auto mixer = dyn_cast<RowMixerOpInterface>(op)) {
      if (failed(buildMixer(builder, mixer, segments, mapping, versions)))
        return failure();
      continue;
    }
    Operation *clone = builder.clone(op, mapping);
    clone->walk([&](PositionsOp positions) { positions.getSegmentsMutable().assign(segments); });
  }
  buildResults(builder, kind, mapping, versions);
  return success();
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
    SmallVector<EntryKind> kinds;
    for (StringRef name : entries)
      if (failed(addKind(name, kinds)))
        return signalPassFailure();
    if (entries.empty())
      for (const EntryKind &kind : kEntryKinds)
        if (failed(addKind(kind.name, kinds)))
          return signalPassFailure();
    StateDerivation derivation(getOperation(), *forward);
    if (failed(derivation.collectStates()))
      return signalPassFailure();
    derivation.declareStates();
    for (const EntryKind &kind : kinds)
      if (failed(derivation.buildEntry(kind)))
        return signalPassFailure();
    forward->erase();
    numStates += derivation.states.size();
    numSharedReaders += derivation.sharedReaders;
  }

  LogicalResult addKind(StringRef name, SmallVectorImpl<EntryKind> &kinds) {
    const EntryKind *kind = llvm::find_if(kEntryKinds, [&](const EntryKind &kind) { return kind.name == name; });
    if (kind == std::end(kEntryKinds)) {
      std::string known;
      for (auto [index, kind] : llvm::enumerate(kEntryKinds))
        known += (index == 0 ? "`" : index + 1 < std::size(kEntryKinds) ? ", `" : " and `") + kind.name.str() + "`";
      return getOperation().emitError("expected entries of ") << known << ", got `" << name << "`";
    }
    bool isTwice = llvm::any_of(kinds, [&](const EntryKind &other) { return other.name == kind->name; });
    if (isTwice || getOperation().lookupSymbol(kind->name))
      return getOperation().emitError("expected no symbol @")
             << kind->name << " before its entry point is made, got one";
    kinds.push_back(*kind);
    return success();
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
