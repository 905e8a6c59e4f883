// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// yoco-plan-memory: phase `planned`; replaces every `yoco.alloc` by a `yoco.view` of the scratch arena.
//
//   1. Lifetimes: an entry point is one block, so time is the number of an instruction. A buffer is alive from its
//      first use to its last, uses of its views (column slices, reshapes) included. The caller fills ids and segments
//      before the first operation and reads logits after the last.
//   2. The size of a buffer is one product: a coefficient times bounds of a session. Buffers of the same bounds
//      (`chunk`, say) make one group; the coefficients, rounded up to multiples of 64, are packed as if they were
//      bytes. The offsets then are coefficients too, so buffers that are apart for one choice of bounds are apart for
//      all.
//   3. The groups stand one after the other, and each entry point begins at offset 0: entry points never run at the
//      same time, and no scratch byte outlives a step. The arena lists one size per entry point and is as large as the
//      largest.
//
// `packed` is best fit over lifetimes (Packing.h); `naive` gives every buffer bytes of its own, which is what the
// statistics compare with.
//
// Refused: buffers whose size is a sum, uses of buffers that are not in the entry point's block.

#include "passes/Passes.h"
#include "passes/analysis/Phase.h"
#include "passes/planning/Lifetimes.h"
#include "passes/planning/Packing.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::yoco {
#define GEN_PASS_DEF_PLANMEMORYPASS
#include "passes/Passes.h.inc"
} // namespace mlir::yoco

using namespace mlir;
using namespace mlir::yoco;

namespace {

using Powers = std::array<uint8_t, 4>;

/// Buffers of one entry point whose sizes grow with the same bounds.
struct Group {
  SmallVector<AllocOp> allocs;
  std::vector<LiveInterval> intervals;
};

class EntryPlanner {
public:
  EntryPlanner(func::FuncOp entry, bool packed) : entry(entry), packed(packed) {}

  /// The bytes that the entry point needs; a failure with an error when some buffer cannot be planned.
  FailureOr<SizeAttr> run(FlatSymbolRefAttr arena);

  unsigned numBuffers = 0;
  int64_t bytes = 0, naiveBytes = 0; // with every bound at 1

private:
  LogicalResult collect();
  void place(Group &group, SizeAttr begin, Powers powers, FlatSymbolRefAttr arena);

  func::FuncOp entry;
  bool packed;
  // Ordered, so that segment tables, which grow with `batch` alone, come before the rows.
  std::map<Powers, Group, std::greater<>> groups;
};

} // namespace

LogicalResult EntryPlanner::collect() {
  if (!entry.getBody().hasOneBlock())
    return entry.emitOpError("expected a body of one block");
  Lifetimes lifetimes(entry);
  bool failed = false;
  for (auto alloc : entry.front().getOps<AllocOp>()) {
    if (alloc.getSize().getTerms().size() != 1) {
      failed |= mlir::failed(alloc.emitOpError("expected a size of one product, got ") << alloc.getSizeAttr());
      continue;
    }
    FailureOr<Lifetime> lifetime = lifetimes.get(alloc.getResult(), alloc.getRole());
    failed |= mlir::failed(lifetime);
    if (mlir::failed(lifetime))
      continue;
    const SizeTerm &term = alloc.getSize().getTerms().front();
    Group &group = groups[term.powers];
    group.allocs.push_back(alloc);
    group.intervals.push_back({lifetime->first, lifetime->last, int64_t(llvm::alignTo(term.coefficient, kAlignment))});
  }
  return success(!failed);
}

/// Replaces the allocations of a group, which has been packed, by views.
void EntryPlanner::place(Group &group, SizeAttr begin, Powers powers, FlatSymbolRefAttr arena) {
  for (auto [alloc, interval] : llvm::zip_equal(group.allocs, group.intervals)) {
    OpBuilder builder(alloc);
    SizeAttr offset = begin.add(SizeAttr::get(builder.getContext(), SizeTerm{interval.offset, powers}));
    auto view = ViewOp::create(builder, alloc.getLoc(), alloc.getType(), arena, offset, alloc.getSizeAttr(),
                               alloc.getRoleAttr(), alloc.getRowSetAttr());
    alloc.replaceAllUsesWith(view.getResult());
    alloc.erase();
  }
}

FailureOr<SizeAttr> EntryPlanner::run(FlatSymbolRefAttr arena) {
  if (failed(collect()))
    return failure();
  MLIRContext *context = entry.getContext();
  SizeAttr end = SizeAttr::get(context, ArrayRef<SizeTerm>());
  for (auto &[powers, group] : groups) {
    int64_t naive = placeNaively(group.intervals);
    int64_t height = packed ? placeBestFit(group.intervals) : naive;
    numBuffers += group.allocs.size();
    bytes += height;
    naiveBytes += naive;
    place(group, end, powers, arena);
    end = end.add(SizeAttr::get(context, SizeTerm{height, powers}));
  }
  return end;
}

//===- Pass --------------------------------------------------------------------------------------------------===//

/// Replaces the arena @scratch, or makes it before the first entry point.
static void setArena(ModuleOp module, StringRef name, ArrayRef<Attribute> sizes) {
  OpBuilder builder(module.getContext());
  if (auto arena = module.lookupSymbol<ArenaOp>(name)) {
    arena.setSizesAttr(builder.getArrayAttr(sizes));
    return;
  }
  builder.setInsertionPoint(*module.getOps<func::FuncOp>().begin());
  ArenaOp::create(builder, module.getLoc(), name, ArenaKind::scratch, builder.getArrayAttr(sizes), SizeAttr(),
                  IntegerAttr());
}

namespace {
struct PlanMemory : yoco::impl::PlanMemoryPassBase<PlanMemory> {
  using PlanMemoryPassBase::PlanMemoryPassBase;

  void runOnOperation() override {
    if (failed(expectPhase(getOperation(), getArgument(), {Phase::planned})))
      return signalPassFailure();
    ModuleOp module = getOperation();
    constexpr StringLiteral name = "scratch";
    auto arena = FlatSymbolRefAttr::get(&getContext(), name);
    SmallVector<Attribute> sizes;
    bool failed = false;
    if (mode != "packed" && mode != "naive") {
      module.emitError("yoco-plan-memory: expected `packed` or `naive` as `mode`, got `") << mode << "`";
      return signalPassFailure();
    }
    for (auto entry : module.getOps<func::FuncOp>()) {
      if (!entry->hasAttr(YocoDialect::getEntryAttrName()))
        continue;
      EntryPlanner planner(entry, mode == "packed");
      FailureOr<SizeAttr> size = planner.run(arena);
      failed |= mlir::failed(size);
      if (mlir::failed(size))
        continue;
      sizes.push_back(*size);
      numBuffers += planner.numBuffers;
      plannedBytes = std::max<int64_t>(plannedBytes, planner.bytes);
      naiveBytes = std::max<int64_t>(naiveBytes, planner.naiveBytes);
    }
    if (failed)
      return signalPassFailure();
    if (!sizes.empty())
      setArena(module, name, sizes);
  }
};
} // namespace
