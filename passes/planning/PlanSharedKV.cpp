// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// yoco-plan-shared-kv: phase `planned`; gives every declared cache and state its place in the persistent arena.
//
//   1. Growing caches come first, the one with the most readers foremost: in a decoder-decoder model that is the one
//   shared
//      key-value buffer, at offset 0. They alone grow with the longest sequence, so whatever a user adds to that bound
//      is added at one known place. Rings and states follow in the order of their declarations.
//   2. A cache has two planes, keys and values, a state one. A plane holds all slots, one after the other.
//   3. The arena is the sum of the planes. Nothing in it is ever reused: everything lives as long as the session.
//
// Refused: nothing.

#include "passes/Passes.h"
#include "passes/analysis/Phase.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"
#include <map>

namespace mlir::yoco {
#define GEN_PASS_DEF_PLANSHAREDKVPASS
#include "passes/Passes.h.inc"
} // namespace mlir::yoco

using namespace mlir;
using namespace mlir::yoco;

/// The sizes of the planes of a state, as functions of the bounds.
static SmallVector<SizeAttr> getPlaneSizes(StateTypeInterface type) {
  return llvm::map_to_vector(type.getPlanes(), [&](const StatePlane &plane) {
    return SizeAttr::get(type.getContext(), SizeTerm{plane.getBytes(), {plane.grows, 1, 0, 0}});
  });
}

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

/// Replaces the arena @persistent, or makes it before the first entry point.
static void setArena(ModuleOp module, SizeAttr size) {
  OpBuilder builder(module.getContext());
  StringRef name = "persistent";
  auto sizes = builder.getArrayAttr({size});
  if (auto arena = module.lookupSymbol<ArenaOp>(name)) {
    arena.setSizesAttr(sizes);
    return;
  }
  auto entries = module.getOps<func::FuncOp>();
  if (entries.empty())
    builder.setInsertionPointToEnd(module.getBody());
  else
    builder.setInsertionPoint(*entries.begin());
  ArenaOp::create(builder, module.getLoc(), name, ArenaKind::persistent, sizes);
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
    for (auto [key, state] : states) {
      SmallVector<Attribute> offsets;
      for (SizeAttr size : getPlaneSizes(state.getStateType())) {
        offsets.push_back(end);
        end = end.add(size);
      }
      state.setPlanesAttr(builder.getArrayAttr(offsets));
      count(state, readers.lookup(state.getSymName()));
    }
    setArena(module, end);
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
