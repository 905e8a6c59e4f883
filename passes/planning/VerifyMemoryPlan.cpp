// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// yoco-verify-memory-plan: phase `planned`; proves that the plan is right for all bounds of a session, and changes
// nothing.
//
// Shares no code with the passes that plan. It takes the offsets as they stand in the IR and shows, for every entry
// point,
//   1. that every buffer has a place: no `yoco.alloc` is left, views are of the scratch arena;
//   2. that a buffer has the bytes of its rows, as many as the bound of its set of rows says or, in a program for steps
//      of at most so many, as that number says, and ends within the arena: for some size in the arena's list;
//   3. that two buffers that are alive at the same time have no byte in common. A buffer is alive from the operation
//      that first touches it (ids, segments of any set: from the start) to the one that last does (logits: to the end),
//      through views;
//   4. that ids, targets and logits are there once, as the entry point's `yoco.entry` wants them, and segments once for
//      each set of rows;
//   5. that sets are declared from the longest tail to the shortest, with the bound that their rows have, where ragged
//      rows are not all wanted, and that every operation works on the rows of one:
//      but for positions, which read of the ids of all rows that there are some, and the rows of a larger set that
//      become those of a smaller one, each with the table of its set. States that are written in a set are among those
//      that it says the caller clears. Only the last set may have a segment for each row, and nothing is written in it;
// and for the module
//   6. that every plane of every state has its bytes: one that grows in the persistent arena, with room for all slots;
//      any other in the record of a slot. No two have a byte in common, and the records of all slots none with
//      anything else;
//   7. that all offsets and sizes can be computed at the bounds that the module was planned for.
//
// "At most" means `SizeAttr::isProvablyAtMost`: for all bounds, not for those at hand, because a session may choose
// smaller ones. Alignment needs no check of its own: a size is a sum of products each rounded up to 64 bytes, so an
// offset that is not a multiple of 64 cannot be written down.
//
// Reports every violation, not the first alone.

#include "mlir/Interfaces/ViewLikeInterface.h"
#include "passes/Passes.h"
#include "passes/analysis/Phase.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/Support/MathExtras.h"
#include <map>

namespace mlir::yoco {
#define GEN_PASS_DEF_VERIFYMEMORYPLANPASS
#include "passes/Passes.h.inc"
} // namespace mlir::yoco

using namespace mlir;
using namespace mlir::yoco;

namespace {

/// Bytes of an arena, for one reason.
struct Range {
  Operation *op = nullptr;
  std::string name; // for messages, when `op` alone does not say it
  SizeAttr begin, end;
};

bool areDisjoint(const Range &a, const Range &b) {
  return a.end.isProvablyAtMost(b.begin) || b.end.isProvablyAtMost(a.begin);
}

class PlanVerifier {
public:
  explicit PlanVerifier(ModuleOp module) : module(module) {}

  void verifyStates();
  void verifyEntry(func::FuncOp entry, EntryAttr shape);

  bool failed = false;
  unsigned numBuffers = 0, numPairs = 0, numPlanes = 0;

private:
  InFlightDiagnostic report(Operation *op) {
    failed = true;
    return op->emitOpError();
  }
  void verifyWithin(const Range &range, ArenaOp arena);
  void verifyDisjoint(const Range &a, const Range &b);
  void verifyBytes(ViewOp view);
  void verifyRoles(func::FuncOp entry, EntryAttr shape);
  void verifyOutput(ViewOp view, EntryAttr shape);
  void collectSets(func::FuncOp entry, EntryAttr shape);
  void verifySet(RowSetOp set, EntryAttr shape);
  bool verifyDeclared(Operation *op, uint64_t set);
  void verifyRows(Operation *op);
  void verifyWrites(StateOpInterface op, uint64_t set);
  void verifyPlanes(StateDeclOp state, ArenaOp arena, SmallVectorImpl<Range> &planes);
  void verifyInRecord(StateDeclOp state, unsigned index, InRecordAttr place, int64_t bytes, ArenaOp arena);
  void verifyApart(ArrayRef<Range> planes);

  /// A set of rows of the entry point at hand.
  struct Set {
    RowSetOp op; // null for set 0
    SizeTerm rows, segments; // how many there are at most
  };
  static Set makeSet(RowSetOp op, EntryAttr shape);

  ModuleOp module;
  SmallVector<Set> sets;
  /// Planes in a record: [begin, end), whose, and which.
  std::map<int64_t, std::tuple<int64_t, StateDeclOp, unsigned>> inRecord;
};

} // namespace

//===- Ranges ------------------------------------------------------------------------------------------------===//

/// `range` ends within `arena`, and its end can be computed at the bounds of the plan.
void PlanVerifier::verifyWithin(const Range &range, ArenaOp arena) {
  auto bounds = module->getAttrOfType<BoundsAttr>(YocoDialect::getBoundsAttrName());
  if (bounds && !range.end.evaluate(bounds.getBounds()))
    report(range.op) << "expected an end of at most 2^63 - 1 bytes at " << bounds << ", got " << range.end;
  if (llvm::none_of(arena.getSizes().getAsRange<SizeAttr>(),
                    [&](SizeAttr size) { return range.end.isProvablyAtMost(size); }))
    report(range.op) << range.name << "expected to end within " << arena.getSymNameAttr() << " for all bounds, at most "
                     << arena.getSizes() << ", got " << range.end;
}

void PlanVerifier::verifyDisjoint(const Range &a, const Range &b) {
  ++numPairs;
  if (areDisjoint(a, b))
    return;
  InFlightDiagnostic error = report(b.op);
  error << b.name << "expected bytes of its own for all bounds, got " << b.begin << " up to " << b.end
        << ", which may overlap " << a.begin << " up to " << a.end << " of a buffer that is alive with it";
  error.attachNote(a.op->getLoc()) << "the other buffer";
}

//===- Entry points ------------------------------------------------------------------------------------------===//

/// First and last operation of `block` that touches the bytes of `buffer`, itself or through views. Null, null when
/// none does.
static std::pair<Operation *, Operation *> getLifetime(Value buffer, Block &block) {
  std::pair<Operation *, Operation *> lifetime;
  auto touch = [&](Operation *op) {
    op = block.findAncestorOpInBlock(*op);
    if (!op)
      return;
    if (!lifetime.first || op->isBeforeInBlock(lifetime.first))
      lifetime.first = op;
    if (!lifetime.second || lifetime.second->isBeforeInBlock(op))
      lifetime.second = op;
  };
  std::function<void(Value)> follow = [&](Value value) {
    for (OpOperand &use : value.getUses()) {
      Operation *user = use.getOwner();
      if (auto view = dyn_cast<ViewLikeOpInterface>(user); view && view.getViewSource() == value)
        llvm::for_each(user->getResults(), follow);
      else if (!isa<memref::DimOp>(user))
        touch(user);
    }
  };
  follow(buffer);
  return lifetime;
}

/// A bound, or the constant `most` unless that is 0.
static SizeTerm getCount(RowBound bound, int64_t most) {
  if (most != 0)
    return SizeTerm::constant(most);
  bool batch = bound == RowBound::batch, chunk = bound == RowBound::chunk;
  return {1, {0, batch, chunk, !batch && !chunk}};
}

PlanVerifier::Set PlanVerifier::makeSet(RowSetOp op, EntryAttr shape) {
  int64_t most = shape.getMost();
  RowBound bound = op ? op.getBound() : shape.getBound();
  // Segments of the step, as many as slots, that have rows in the set; all of them are there.
  Set set = {op, getCount(bound, most), getCount(RowBound::batch, most)};
  int64_t wanted = op && op.getHalo() == 0 && bound == RowBound::wanted ? shape.getMostWanted() : 0;
  if (wanted != 0 && (most == 0 || wanted < most))
    set.rows = getCount(bound, wanted);
  if (op && op.getEachRow())
    set.segments = set.rows;
  return set;
}

/// The size that the type of a buffer asks for, in a set of so many rows and segments.
static SizeAttr getNeededSize(ViewOp view, const SizeTerm &rows, const SizeTerm &segments) {
  int64_t bytes = 16; // of a segment: four 32-bit numbers
  SizeTerm term = segments;
  if (auto type = dyn_cast<MemRefType>(view.getType())) {
    auto [strides, offset] = type.getStridesAndOffset();
    // Bytes from one row to the next; of memory of a fixed size, all of it.
    int64_t elements = type.hasStaticShape() ? type.getNumElements() : strides.front();
    if (ShapedType::isDynamic(elements) ||
        llvm::MulOverflow<int64_t>(llvm::divideCeil(type.getElementTypeBitWidth(), 8), elements, bytes))
      return {};
    term = type.hasStaticShape() ? SizeTerm::constant(1) : rows;
  }
  if (llvm::MulOverflow(bytes, term.coefficient, term.coefficient))
    return {};
  return SizeAttr::get(view.getContext(), term);
}

void PlanVerifier::verifyBytes(ViewOp view) {
  if (!verifyDeclared(view, view.getRowSet()))
    return;
  const Set &set = sets[view.getRowSet()];
  SizeAttr needed = getNeededSize(view, set.rows, set.segments);
  if (!needed || !needed.isProvablyAtMost(view.getSize()))
    report(view) << "expected the bytes that its rows need for all bounds, " << needed << ", got "
                 << view.getSizeAttr();
}

/// What the entry point gives are rows of the set of those that are wanted.
void PlanVerifier::verifyOutput(ViewOp view, EntryAttr shape) {
  uint64_t expected = shape.getWanted().isFrom() ? sets.size() - 1 : 0;
  if (view.getRowSet() != expected)
    report(view) << "expected rows of set " << expected << ", which are wanted, got rows of set " << view.getRowSet();
}

/// ids once and segments once for each set; targets where they are asked for; once what the entry point gives, when it
/// gives anything.
void PlanVerifier::verifyRoles(func::FuncOp entry, EntryAttr shape) {
  std::map<BufferRole, unsigned> counts;
  for (auto view : entry.front().getOps<ViewOp>()) {
    std::optional<BufferRole> role = view.getRole();
    if (!role)
      continue;
    ++counts[*role];
    if (getOutput(*role))
      verifyOutput(view, shape);
    else if (role != BufferRole::segments && view.getRowSet() != 0)
      report(view) << "expected " << stringifyBufferRole(*role) << " of all rows, set 0, got those of set "
                   << view.getRowSet();
  }
  for (unsigned i = 0; i <= getMaxEnumValForBufferRole(); ++i) {
    auto role = static_cast<BufferRole>(i);
    bool hasOutput = getOutput(role) == shape.getOutput() && !shape.getWanted().isNone();
    unsigned expected = role == BufferRole::segments  ? sets.size()
                        : role == BufferRole::targets ? shape.getOutput() == EntryOutput::logprobs
                        : !getOutput(role)            ? 1
                                                      : hasOutput;
    unsigned got = counts[role];
    if (got != expected)
      report(entry) << "expected " << expected << " buffers of role " << stringifyBufferRole(role) << ", got " << got;
  }
}

//===- Sets of rows ------------------------------------------------------------------------------------------===//

/// The declaration of `set`, which is the next.
void PlanVerifier::verifySet(RowSetOp set, EntryAttr shape) {
  if (set.getNumber() != sets.size())
    report(set) << "expected set " << sets.size() << " next, got set " << set.getNumber();
  if (RowSetOp before = sets.back().op; before && before.getHalo() <= set.getHalo())
    report(set) << "expected a halo below that of the set before, " << before.getHalo() << ", got " << set.getHalo();
  if (set.getHalo() == 0 && shape.getWanted().isNone())
    report(set) << "expected a halo of at least 1, as nothing is wanted, got 0";
  bool hasBoundOfWanted = set.getHalo() == 0 && set.getBound() == RowBound::wanted;
  if (set.getBound() != shape.getBound() && !hasBoundOfWanted)
    report(set) << "expected the bound of all rows of the step, " << stringifyRowBound(shape.getBound())
                << (set.getHalo() != 0 ? ", for a set with rows before those that are wanted" : ", or wanted")
                << ", got " << stringifyRowBound(set.getBound());
  if (set.getEachRow() && (set.getHalo() != 0 || set.getStatesAttr()))
    report(set) << "expected a halo of 0 and no states of a set with a segment for each row";
  auto table = set.getTable().getDefiningOp<ViewOp>();
  if (!table || table.getRole() != BufferRole::segments || table.getRowSet() != set.getNumber())
    report(set) << "expected a table of its own, a buffer of role segments and row set " << set.getNumber();
  for (Attribute name : set.getStatesAttr() ? set.getStatesAttr().getValue() : ArrayRef<Attribute>())
    if (auto state = module.lookupSymbol<StateDeclOp>(cast<FlatSymbolRefAttr>(name));
        llvm::any_of(state.getStateType().getPlanes(), [](const StatePlane &plane) { return plane.grows; }))
      report(set) << "expected states of fixed size, got " << name << ", which grows";
}

void PlanVerifier::collectSets(func::FuncOp entry, EntryAttr shape) {
  sets.assign(1, makeSet(RowSetOp(), shape));
  for (auto set : entry.front().getOps<RowSetOp>()) {
    verifySet(set, shape);
    sets.push_back(makeSet(set, shape));
  }
  if (sets.size() != 1 && (shape.getRows() != RowShape::ragged || shape.getWanted().isAll()))
    report(entry) << "expected no sets of rows where "
                  << (shape.getWanted().isAll() ? "all are wanted" : "a segment has one row") << ", got "
                  << sets.size() - 1;
  if (shape.getWanted().isFrom() && (sets.size() == 1 || sets.back().op.getHalo() != 0))
    report(entry) << "expected a set of the rows that are wanted, with halo 0, got none";
}

bool PlanVerifier::verifyDeclared(Operation *op, uint64_t set) {
  if (set < sets.size())
    return true;
  report(op) << "expected one of the " << sets.size() << " row sets of the entry point, got set " << set;
  return false;
}

/// The planned buffer that `value` is, looks at, or counts the rows of; null when it has no rows.
static ViewOp getRows(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (auto view = dyn_cast<ViewOp>(op)) {
      auto type = dyn_cast<MemRefType>(view.getType());
      return type && type.hasStaticShape() ? ViewOp() : view;
    }
    if (auto count = dyn_cast<memref::DimOp>(op))
      value = count.getSource();
    else if (auto view = dyn_cast<ViewLikeOpInterface>(op))
      value = view.getViewSource();
    else
      break;
  }
  return {};
}

/// All rows that `op` touches are of one set. With two tables they are of the first, from the second on of the second.
void PlanVerifier::verifyRows(Operation *op) {
  SmallVector<std::pair<unsigned, ViewOp>> rows, tables;
  for (OpOperand &operand : op->getOpOperands())
    if (ViewOp view = getRows(operand.get()))
      (isa<SegmentsType>(view.getType()) ? tables : rows).emplace_back(operand.getOperandNumber(), view);
  if (rows.empty() || isa<RowSetOp>(op))
    return;
  uint64_t set = (tables.empty() ? rows.front() : tables.back()).second.getRowSet();
  if (isa<LaunchOp, GemmOp, CopyOp>(op)) {
    auto number = op->getAttrOfType<IntegerAttr>("row_set");
    set = number ? number.getValue().getZExtValue() : 0;
    if (!verifyDeclared(op, set))
      return;
  }
  uint64_t from = tables.empty() ? set : tables.front().second.getRowSet();
  if (tables.size() == 2 && from >= set)
    report(op) << "expected rows of a smaller set than " << from << " as its result, got set " << set;
  for (auto [number, view] : llvm::concat<std::pair<unsigned, ViewOp>>(rows, tables)) {
    uint64_t expected = tables.size() == 2 && number < tables.back().first ? from : set;
    bool isCount = view.getRole() == BufferRole::ids && tables.size() == 1;
    if (view.getRowSet() != expected && !isCount)
      report(op) << "operand " << number << ": expected rows of set " << expected << ", got rows of set "
                 << view.getRowSet();
  }
  if (auto stateOp = dyn_cast<StateOpInterface>(op))
    verifyWrites(stateOp, set);
}

/// What is written in a set is cleared by the caller when rows before the set's first were never written.
void PlanVerifier::verifyWrites(StateOpInterface op, uint64_t set) {
  for (Value state : op.getWrittenStates()) {
    auto reference = state.getDefiningOp<StateRefOp>();
    if (set == 0 || set >= sets.size() || !reference)
      continue;
    if (sets[set].op.getEachRow()) {
      report(op) << "expected no state to be written in set " << set << ", where each row is a segment, got "
                 << reference.getStateAttr();
      continue;
    }
    ArrayAttr states = sets[set].op.getStatesAttr();
    if (!states || !llvm::is_contained(states, reference.getStateAttr()))
      report(op) << "expected " << reference.getStateAttr() << ", which it writes, among the states of set " << set;
  }
}

//===- One entry point ---------------------------------------------------------------------------------------===//

void PlanVerifier::verifyEntry(func::FuncOp entry, EntryAttr shape) {
  if (!entry.getBody().hasOneBlock()) {
    report(entry) << "expected a body of one block";
    return;
  }
  Block &block = entry.front();
  collectSets(entry, shape);
  verifyRoles(entry, shape);
  entry.walk([&](AllocOp alloc) { report(alloc) << "expected a buffer with a place, got one without"; });

  // What each operation begins and ends; a sweep over them then knows what is alive with a buffer.
  Operation *first = &block.front(), *last = &block.back();
  DenseMap<Operation *, SmallVector<Range>> begins;
  DenseMap<Operation *, SmallVector<Operation *>> ends;
  for (auto view : block.getOps<ViewOp>()) {
    ++numBuffers;
    Range range{view, "", view.getOffset(), view.getOffset().add(view.getSize())};
    auto arena = module.lookupSymbol<ArenaOp>(view.getArena());
    if (arena.getKind() != ArenaKind::scratch)
      report(view) << "expected a place in an arena of kind scratch, got " << stringifyArenaKind(arena.getKind());
    verifyBytes(view);
    verifyWithin(range, arena);
    std::optional<BufferRole> role = view.getRole();
    auto [begin, end] = getLifetime(view.getResult(), block);
    if (role)
      (getOutput(*role) ? end : begin) = getOutput(*role) ? last : first;
    if (!begin || !end) // nothing touches it, but what the caller fills it may fill
      begin = end = begin ? begin : end;
    if (!begin)
      continue;
    begins[begin].push_back(range);
    ends[end].push_back(view);
  }
  SmallVector<Range> alive;
  for (Operation &op : block) {
    verifyRows(&op);
    auto it = begins.find(&op);
    if (it != begins.end()) {
      for (const Range &range : it->second) {
        for (const Range &other : alive)
          if (other.op->getAttr("arena") == range.op->getAttr("arena"))
            verifyDisjoint(other, range);
        alive.push_back(range);
      }
    }
    auto ended = ends.find(&op);
    if (ended != ends.end())
      llvm::erase_if(alive, [&](const Range &range) { return llvm::is_contained(ended->second, range.op); });
  }
}

//===- States ------------------------------------------------------------------------------------------------===//

/// The bytes of a slot, or of a position, that a plane must have, from its element and shape.
static int64_t getNeededBytes(const StatePlane &plane) {
  int64_t bytes = llvm::divideCeil(plane.element.getIntOrFloatBitWidth(), 8);
  for (int64_t size : plane.shape)
    if (llvm::MulOverflow(bytes, size, bytes))
      return std::numeric_limits<int64_t>::max();
  return bytes;
}

/// The plane ends within the record, and has no byte in common with the planes that were looked at before.
void PlanVerifier::verifyInRecord(StateDeclOp state, unsigned index, InRecordAttr place, int64_t bytes, ArenaOp arena) {
  int64_t begin = place.getOffset(), stride = arena.getStride().value_or(0);
  if (begin > stride || bytes > stride - begin) {
    report(state) << "plane " << index << ": expected to end within a record of " << stride << " bytes, got " << bytes
                  << " bytes at " << begin;
    return;
  }
  auto next = inRecord.lower_bound(begin);
  auto clash = inRecord.end();
  if (next != inRecord.end() && next->first < begin + bytes)
    clash = next;
  else if (next != inRecord.begin() && std::get<0>(std::prev(next)->second) > begin)
    clash = std::prev(next);
  ++numPairs;
  if (clash == inRecord.end()) {
    inRecord[begin] = {begin + bytes, state, index};
    return;
  }
  auto [end, other, otherIndex] = clash->second;
  InFlightDiagnostic error = report(state);
  error << "plane " << index << ": expected bytes of its own in the record, got " << begin << " up to "
        << begin + bytes << ", which overlap " << clash->first << " up to " << end << " of plane " << otherIndex
        << " of "
        << FlatSymbolRefAttr::get(other.getSymNameAttr());
  error.attachNote(other.getLoc()) << "the other state";
}

void PlanVerifier::verifyPlanes(StateDeclOp state, ArenaOp arena, SmallVectorImpl<Range> &planes) {
  SmallVector<StatePlane> needed = state.getStateType().getPlanes();
  std::optional<ArrayAttr> places = state.getPlanes();
  if (!places || places->size() != needed.size()) {
    report(state) << "expected the places of " << needed.size() << " planes, got " << (places ? places->size() : 0);
    return;
  }
  for (auto [index, place, plane] : llvm::enumerate(*places, needed)) {
    ++numPlanes;
    int64_t bytes = getNeededBytes(plane);
    auto offset = dyn_cast<SizeAttr>(place);
    if (plane.grows != static_cast<bool>(offset)) {
      report(state) << "plane " << index << ": expected a place in the "
                    << (plane.grows ? "arena, as it grows" : "record")
                    << ", got " << place;
      continue;
    }
    if (!offset) {
      verifyInRecord(state, index, cast<InRecordAttr>(place), bytes, arena);
      continue;
    }
    SizeAttr end = offset.add(SizeAttr::get(state.getContext(), SizeTerm{bytes, {1, 1, 0, 0}}));
    planes.push_back({state, ("plane " + Twine(index) + ": ").str(), offset, end});
    verifyWithin(planes.back(), arena);
  }
}

/// No two of what the persistent arena consists of have a byte in common.
void PlanVerifier::verifyApart(ArrayRef<Range> planes) {
  // In the order in which they stand at some bounds, each ends before the next begins: then they are disjoint. Only
  // where that cannot be shown are all pairs looked at.
  const Bounds some = {3, 5, 7, 11};
  SmallVector<std::pair<int64_t, const Range *>> order;
  for (const Range &plane : planes)
    order.emplace_back(plane.begin.evaluate(some).value_or(0), &plane);
  llvm::sort(order);
  bool inOrder = true;
  for (size_t i = 1; i < planes.size() && inOrder; ++i, ++numPairs)
    inOrder = order[i - 1].second->end.isProvablyAtMost(order[i].second->begin);
  for (size_t i = 1; i < planes.size() && !inOrder; ++i)
    for (size_t j = 0; j < i; ++j)
      verifyDisjoint(planes[j], planes[i]);
}

void PlanVerifier::verifyStates() {
  SmallVector<StateDeclOp> states(module.getOps<StateDeclOp>());
  if (states.empty())
    return;
  auto arenas = llvm::make_filter_range(module.getOps<ArenaOp>(),
                                        [](ArenaOp arena) { return arena.getKind() == ArenaKind::persistent; });
  if (std::distance(arenas.begin(), arenas.end()) != 1) {
    report(module) << "expected one arena of kind persistent, got " << std::distance(arenas.begin(), arenas.end());
    return;
  }
  ArenaOp arena = *arenas.begin();
  SmallVector<Range> planes;
  for (StateDeclOp state : states)
    verifyPlanes(state, arena, planes);
  if (std::optional<SizeAttr> records = arena.getRecords()) {
    SizeTerm term = {static_cast<int64_t>(*arena.getStride()), {0, 1, 0, 0}};
    planes.push_back({arena, "records: ", *records, records->add(SizeAttr::get(module.getContext(), term))});
    verifyWithin(planes.back(), arena);
  }
  verifyApart(planes);
}

//===- Pass --------------------------------------------------------------------------------------------------===//

namespace {
struct VerifyMemoryPlan : yoco::impl::VerifyMemoryPlanPassBase<VerifyMemoryPlan> {
  void runOnOperation() override {
    if (failed(expectPhase(getOperation(), getArgument(), {Phase::planned, Phase::program})))
      return signalPassFailure();
    PlanVerifier verifier(getOperation());
    verifier.verifyStates();
    for (auto entry : getOperation().getOps<func::FuncOp>())
      if (auto shape = entry->getAttrOfType<EntryAttr>(YocoDialect::getEntryAttrName()))
        verifier.verifyEntry(entry, shape);
    numBuffers = verifier.numBuffers;
    numPlanes = verifier.numPlanes;
    numPairs = verifier.numPairs;
    if (verifier.failed)
      signalPassFailure();
    markAllAnalysesPreserved();
  }
};
} // namespace
