// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// yoco-plan-shared-kv: phase `planned`; gives every declared cache and state its place in the persistent arena.
//
//   1. What grows comes first, the state with the most readers foremost: in a decoder-decoder model those are the
//      shared keys and values, from offset 0 on. Whatever a user adds to the longest sequence is added here and nowhere
//      else. A plane holds all slots, one after the other.
//   2. Then comes a record for each slot. It has a constant size and holds all planes of the slot that do not grow,
//      each at a multiple of 64 bytes, in the same order: everything that a sequence is, but for its growing planes, is
//      one piece of memory.
//   3. The arena is the sum of both. Nothing in it is ever reused: everything lives as long as the session.
//
// Refused: a record of more than 2^63 - 1 bytes.

#include "passes/Passes.h"
#include "passes/analysis/Phase.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MathExtras.h"
#include <map>

namespace mlir::yoco {
#define GEN_PASS_DEF_PLANSHAREDKVPASS
#include "passes/Passes.h.inc"
} // namespace mlir::yoco

using namespace mlir;
using namespace mlir::yoco;

/// For each state, the most operations of one entry point that read it.
static llvm::StringMap<unsigned> countReaders(ModuleOp module) {
  llvm::StringMap<unsigned> most;
  for (auto entry : module.getOps<func::FuncOp>()) {
    llvm::StringMap<unsigned> readers;
    entry.walk([&](StateOpInterface op) {
      // An operation may read one cache twice.
      llvm::SmallSetVector<Value, 2> read;
      read.insert_range(op.getReadStates());
      for (Value state : read)
        if (auto ref = state.getDefiningOp<StateRefOp>())
          ++readers[ref.getState()];
    });
    for (auto &[name, count] : readers)
      most[name] = std::max(most[name], count);
  }
  return most;
}

/// The arena @persistent; made before the first entry point when it is not there.
static ArenaOp getArena(ModuleOp module) {
  OpBuilder builder(module.getContext());
  StringRef name = "persistent";
  if (auto arena = module.lookupSymbol<ArenaOp>(name))
    return arena;
  auto entries = module.getOps<func::FuncOp>();
  if (entries.empty())
    builder.setInsertionPointToEnd(module.getBody());
  else
    builder.setInsertionPoint(*entries.begin());
  auto empty = SizeAttr::get(builder.getContext(), ArrayRef<SizeTerm>());
  return ArenaOp::create(builder, module.getLoc(), name, ArenaKind::persistent, builder.getArrayAttr({empty}),
                         SizeAttr(), IntegerAttr());
}

namespace {
struct PlanSharedKV : yoco::impl::PlanSharedKVPassBase<PlanSharedKV> {
  void runOnOperation() override {
    if (failed(expectPhase(getOperation(), getArgument(), {Phase::planned})))
      return signalPassFailure();
    ModuleOp module = getOperation();
    llvm::StringMap<unsigned> readers = countReaders(module);
    // Ordered by (not growing, fewer readers, place of the declaration).
    std::map<std::tuple<bool, int64_t, size_t>, StateDeclOp> states;
    for (StateDeclOp state : module.getOps<StateDeclOp>()) {
      bool growing = state.getStateType().isGrowing();
      states[{!growing, growing ? -int64_t(readers.lookup(state.getSymName())) : 0, states.size()}] = state;
    }
    Builder builder(&getContext());
    SizeAttr end = SizeAttr::get(&getContext(), ArrayRef<SizeTerm>());
    int64_t stride = 0;
    for (auto [key, state] : states) {
      SmallVector<Attribute> places;
      for (const StatePlane &plane : state.getStateType().getPlanes()) {
        if (plane.grows) {
          places.push_back(end);
          end = end.add(SizeAttr::get(&getContext(), SizeTerm{plane.getBytes(), {1, 1, 0, 0}}));
          continue;
        }
        places.push_back(InRecordAttr::get(&getContext(), stride));
        int64_t bytes = plane.getBytes();
        if (bytes > std::numeric_limits<int64_t>::max() - kAlignment - stride) {
          state.emitOpError("expected a record of at most 2^63 - 1 bytes, got more");
          return signalPassFailure();
        }
        stride += llvm::alignTo(bytes, kAlignment);
      }
      state.setPlanesAttr(builder.getArrayAttr(places));
      count(state, readers.lookup(state.getSymName()));
    }
    ArenaOp arena = getArena(module);
    recordBytes = stride;
    arena.setRecordsAttr(stride ? end : SizeAttr());
    arena.setStrideAttr(stride ? builder.getI64IntegerAttr(stride) : IntegerAttr());
    if (stride)
      end = end.add(SizeAttr::get(&getContext(), SizeTerm{stride, {0, 1, 0, 0}}));
    arena.setSizesAttr(builder.getArrayAttr({end}));
  }

  void count(StateDeclOp state, unsigned readers) {
    StateTypeInterface type = state.getStateType();
    if (!type.isGrowing()) {
      ++numFixed;
      return;
    }
    ++numGrowing;
    bytesPerToken += type.getBytesPerPosition();
    numReaders += readers;
  }
};
} // namespace
