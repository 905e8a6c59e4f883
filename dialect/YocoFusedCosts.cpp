// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What fused operations move and compute at least. No target is asked: a kernel that moves more is slower than its
// floor.
//
//   state      read and written once by each operation that carries it; nothing is read of a sequence without a past
//   cache      written once for each row that is kept; read once per segment as far as its rows attend
//   operations 2 for each element of a matrix and row; 4 for each element of a state and row (the recurrent form: in
//   and
//              out); and for each row and position that it attends to 2 for each element of a query and of a result
//
// Activations, logits and elementwise work do not count. Parameters are counted where they are laid out.

#include "dialect/YocoOps.h"

using namespace mlir;
using namespace mlir::yoco;

static CostAttr makeCost(Operation *op, CostKind kind, CostUnit unit, int64_t amount, int64_t window = 0) {
  return CostAttr::get(op->getContext(), kind, unit, amount, window, {});
}

/// Columns of rows, as tensor or buffer.
static int64_t getColumns(Value rows) { return cast<ShapedType>(rows.getType()).getShape().back(); }

SmallVector<CostAttr> FusedLinearOp::getCost() {
  // A gated group has two weights for each result.
  Value out = isBufferForm(*this) ? getOuts().front() : Value(getResult().front());
  int64_t outputs = getColumns(out) * (isGated() ? 2 : 1);
  return {makeCost(*this, CostKind::linear_operations, CostUnit::row, 2 * outputs * getColumns(getInput()))};
}

SmallVector<CostAttr> FusedRetentionOp::getCost() {
  yoco::StateType state = getState().getType();
  int64_t elements = 1;
  for (int64_t size : state.getShape())
    elements *= size;
  int64_t bytes = elements * (state.getElement().getIntOrFloatBitWidth() / 8);
  return {makeCost(*this, CostKind::state_read_bytes, CostUnit::continued_segment, bytes),
          makeCost(*this, CostKind::state_write_bytes, CostUnit::segment, bytes),
          makeCost(*this, CostKind::mixer_operations, CostUnit::row, 4 * elements)};
}

/// Bytes of one position.
static int64_t getBytesPerPosition(CacheType cache) {
  return cache.getHeads() * cache.getWidth() * (cache.getElement().getIntOrFloatBitWidth() / 8);
}

/// What is read of a cache. The rows of the step reach a ring's attention as activations.
static CostAttr makeReadCost(Operation *op, CacheType cache) {
  CostUnit unit = cache.isRing() ? CostUnit::position_before : CostUnit::position_reached;
  return makeCost(op, CostKind::state_read_bytes, unit, getBytesPerPosition(cache), cache.getWindow());
}

SmallVector<CostAttr> FusedAttentionOp::getCost() {
  auto keys = cast<CacheType>(getKeyCache().getType()), values = cast<CacheType>(getValueCache().getType());
  int64_t elements = static_cast<int64_t>(getHeads()) * (keys.getWidth() + values.getWidth());
  return {makeReadCost(*this, keys), makeReadCost(*this, values),
          makeCost(*this, CostKind::mixer_operations, CostUnit::pair, 2 * elements, keys.getWindow())};
}

SmallVector<CostAttr> FusedCacheWriteOp::getCost() {
  SmallVector<CostAttr> costs;
  for (Value cache : {Value(getCache()), Value(getMoreCache())})
    if (cache) {
      auto type = cast<CacheType>(cache.getType());
      costs.push_back(makeCost(*this, CostKind::state_write_bytes, CostUnit::position_kept, getBytesPerPosition(type),
                               type.getWindow()));
    }
  return costs;
}
