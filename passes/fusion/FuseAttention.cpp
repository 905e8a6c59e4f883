// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Input: phase `step`. Output: no yoco.step_attention, yoco.cache_read or yoco.cache_write; their fused forms on flat
// rows.
//
// A rotation by the rows' own positions is taken in by the query of an attention, or by the rows of a cache write, when
// it has no other user. The keys of a ring are attended to fresh as well as written, so their rotation stays and is
// done once. Two writes one after the other become one, when the second one's rows are not rotated and the caches
// differ in nothing but their widths: the keys and the values of a layer. Any other write stays alone.
// Refused: an attention whose past is not what yoco.cache_read gives for its segments, or is of a growing cache and of
// a ring; functions that do not begin with ids and segments.

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
    for (size_t i = 0; i < writes.size();) {
      bool isPair = i + 1 < writes.size() && canJoin(writes[i], writes[i + 1]);
      failedAny |= failed(fuseWrite(writes[i], isPair ? writes[i + 1] : CacheWriteOp()));
      i += isPair ? 2 : 1;
    }
    if (failedAny)
      signalPassFailure();
  }

  /// The rows before their rotation, and the rotation, when `rows` are rotated for one user alone.
  std::pair<Value, RopeAttr> takeRope(Value rows, Value segments) {
    auto rope = rows.getDefiningOp<RopeOp>();
    if (!rope)
      return {rows, {}};
    if (!rope->hasOneUse() || !isStepPositions(rope.getPositions(), segments)) {
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
    auto keyRead = op.getPastKeys().getDefiningOp<CacheReadOp>();
    auto valueRead = op.getPastValues().getDefiningOp<CacheReadOp>();
    for (CacheReadOp read : {keyRead, valueRead})
      if (!read || read.getSegments() != op.getSegments())
        return op.emitOpError("expected past keys and values of a `yoco.cache_read` of these segments, got other rows");
    if (keyRead.getCache().getType().getWindow() != valueRead.getCache().getType().getWindow())
      return op.emitOpError("expected caches of keys and values with one window, got ")
             << keyRead.getCache().getType() << " and " << valueRead.getCache().getType();
    if (failed(verifyStepFunction(op)))
      return failure();
    OpBuilder builder(op);
    auto [query, rope] = takeRope(op.getQuery(), op.getSegments());
    RankedTensorType type = op.getType();
    auto flatType =
        RankedTensorType::get({ShapedType::kDynamic, type.getDimSize(1) * type.getDimSize(2)}, type.getElementType());
    Value keys = op.getKeys() ? getFlatRows(builder, op.getKeys()) : Value();
    Value values = op.getValues() ? getFlatRows(builder, op.getValues()) : Value();
    auto fused = FusedAttentionOp::create(builder, op.getLoc(), TypeRange{flatType}, getFlatRows(builder, query),
                                          getPositions(builder, op, op.getSegments()), op.getSegments(),
                                          keyRead.getCache(), valueRead.getCache(), keys, values,
                                          builder.getI64IntegerAttr(type.getDimSize(1)), op.getScaleAttr(),
                                          op.getWindowAttr(), rope, builder.getI64IntegerAttr(0), ValueRange{});
    copyLayer(op, fused);
    Operation *rotation = op.getQuery().getDefiningOp();
    op.getResult().replaceAllUsesWith(getHeadRows(builder, fused.getResult().front(), type));
    op.erase();
    eraseIfUnused(keyRead);
    if (valueRead != keyRead)
      eraseIfUnused(valueRead);
    if (rope)
      eraseIfUnused(rotation);
    ++numFused;
    return success();
  }

  /// Whether one kernel can do both writes.
  static bool canJoin(CacheWriteOp first, CacheWriteOp second) {
    CacheType a = first.getCache().getType(), b = second.getCache().getType();
    return first->getNextNode() == second && first.getSegments() == second.getSegments() &&
           second.getCache() != first.getResult() && !second.getRows().getDefiningOp<RopeOp>() &&
           a.getHeads() == b.getHeads() && a.getElement() == b.getElement() && a.getWindow() == b.getWindow() &&
           a.getLayout() == b.getLayout();
  }

  /// Fuses a write, and with it the one after it unless that is null.
  LogicalResult fuseWrite(CacheWriteOp op, CacheWriteOp more) {
    if (failed(verifyStepFunction(op)))
      return failure();
    OpBuilder builder(op);
    auto [rows, rope] = takeRope(op.getRows(), op.getSegments());
    Operation *rotation = op.getRows().getDefiningOp();
    SmallVector<Type> types = {op.getType()};
    if (more)
      types.push_back(more.getType());
    auto fused = FusedCacheWriteOp::create(builder, op.getLoc(), types, getFlatRows(builder, rows),
                                           more ? getFlatRows(builder, more.getRows()) : Value(),
                                           getPositions(builder, op, op.getSegments()), op.getSegments(), op.getCache(),
                                           more ? more.getCache() : Value(), rope, ValueRange{});
    copyLayer(op, fused);
    op.getResult().replaceAllUsesWith(fused.getResult()[0]);
    op.erase();
    if (more) {
      more.getResult().replaceAllUsesWith(fused.getResult()[1]);
      more.erase();
    }
    if (rope)
      eraseIfUnused(rotation);
    ++numWrites;
    return success();
  }
};
} // namespace
