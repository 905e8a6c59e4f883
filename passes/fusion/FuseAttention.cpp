// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Input: phase `step`. Output: no yoco.step_attention, yoco.cache_read or yoco.cache_write; their fused forms on flat rows.
//
// A rotation by the rows' own positions is taken in by the query of an attention, or by the keys of a cache write, when it has
// no other user. The keys of a ring are attended to fresh as well as written, so their rotation stays and is done once.
// Refused: an attention whose past is not one yoco.cache_read of its segments, functions that do not begin with ids and segments.

#include "passes/Passes.h"
#include "passes/analysis/Phase.h"
#include "passes/analysis/States.h"
#include "passes/fusion/Rows.h"

namespace mlir::yoco {
#define GEN_PASS_DEF_FUSEATTENTIONPASS
#include "passes/Passes.h.inc"
} // namespace mlir::yoco

using namespace mlir;
using namespace mlir::yoco;

namespace {
struct FuseAttentionPass : public yoco::impl::FuseAttentionPassBase<FuseAttentionPass> {
  void runOnOperation() override {
    if (failed(expectPhase(getOperation(), getArgument(), {Phase::step})))
      return signalPassFailure();
    SmallVector<StepAttentionOp> attentions;
    SmallVector<CacheWriteOp> writes;
    getOperation().walk([&](Operation *op) {
      if (auto attention = dyn_cast<StepAttentionOp>(op))
        attentions.push_back(attention);
      if (auto write = dyn_cast<CacheWriteOp>(op))
        writes.push_back(write);
    });
    bool failedAny = false;
    for (StepAttentionOp attention : attentions)
      failedAny |= failed(fuseAttention(attention));
    for (CacheWriteOp write : writes)
      failedAny |= failed(fuseWrite(write));
    if (failedAny)
      signalPassFailure();
  }

  /// The rows before their rotation, and the rotation, when `rows` are rotated for one user alone.
  std::pair<Value, RopeAttr> takeRope(Value rows) {
    auto rope = rows.getDefiningOp<RopeOp>();
    if (!rope)
      return {rows, {}};
    if (!rope->hasOneUse() || !isStepPositions(rope.getPositions())) {
      ++numMissedRopes;
      return {rows, {}};
    }
    ++numRopes;
    return {rope.getInput(), rope.getRope()};
  }

  static void eraseIfUnused(Operation *op) {
    if (op && op->use_empty())
      op->erase();
  }

  LogicalResult fuseAttention(StepAttentionOp op) {
    auto read = op.getPastKeys().getDefiningOp<CacheReadOp>();
    if (!read || read.getKeys() != op.getPastKeys() || read.getValues() != op.getPastValues() ||
        read.getSegments() != op.getSegments())
      return op.emitError("expected past keys and values of one `yoco.cache_read` of these segments, got other rows");
    if (failed(verifyStepFunction(op)))
      return failure();
    OpBuilder builder(op);
    auto [query, rope] = takeRope(op.getQuery());
    RankedTensorType type = op.getType();
    auto flatType = RankedTensorType::get({ShapedType::kDynamic, type.getDimSize(1) * type.getDimSize(2)},
                                          type.getElementType());
    Value keys = op.getKeys() ? getFlatRows(builder, op.getKeys()) : Value();
    Value values = op.getValues() ? getFlatRows(builder, op.getValues()) : Value();
    auto fused = FusedAttentionOp::create(
        builder, op.getLoc(), TypeRange{flatType}, getFlatRows(builder, query), getPositions(builder, op),
        op.getSegments(), read.getCache(), keys, values, builder.getI64IntegerAttr(type.getDimSize(1)),
        op.getScaleAttr(), op.getWindowAttr(), rope, builder.getI64IntegerAttr(0), ValueRange{});
    copyLayer(op, fused);
    Operation *rotation = op.getQuery().getDefiningOp();
    op.getResult().replaceAllUsesWith(getHeadRows(builder, fused.getResult().front(), type));
    op.erase();
    eraseIfUnused(read);
    if (rope)
      eraseIfUnused(rotation);
    ++numFused;
    return success();
  }

  LogicalResult fuseWrite(CacheWriteOp op) {
    if (failed(verifyStepFunction(op)))
      return failure();
    OpBuilder builder(op);
    auto [keys, rope] = takeRope(op.getKeys());
    Operation *rotation = op.getKeys().getDefiningOp();
    auto fused = FusedCacheWriteOp::create(builder, op.getLoc(), TypeRange{op.getType()}, getFlatRows(builder, keys),
                                           getFlatRows(builder, op.getValues()), getPositions(builder, op),
                                           op.getSegments(), op.getCache(), rope, ValueRange{});
    copyLayer(op, fused);
    op.getResult().replaceAllUsesWith(fused.getResult().front());
    op.erase();
    if (rope)
      eraseIfUnused(rotation);
    ++numWrites;
    return success();
  }
};
} // namespace
