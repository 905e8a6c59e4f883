// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Gated retention (arXiv 2405.05254, section 3.1). A tile is one head of one segment; the state of the slot is updated
// where it is.
//
// Recurrent form (span = 0), per row with decay e = exp(a):        S = e S + k^T v,   o = q S.
// By spans, for a span of rows with b = cumulative sum of a inside the span:
//     o_t = exp(b_t) q_t S + sum over s <= t of exp(b_t - b_s) (q_t . k_s) v_s
//     S   = exp(b_last) S + sum over s of exp(b_last - b_s) k_s^T v_s
// No exponent is above 0, so nothing overflows. The scale is part of k. Three products, all a group of rows by vectors.

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/lowering/host/HostKernelModel.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::yoco;

namespace {

class RetentionLowering {
public:
  RetentionLowering(HostKernel &kernel, FusedRetentionOp op)
      : kernel(kernel), build(kernel.build), tiles(kernel.tiles), op(op), query(kernel.get(op.getQuery())),
        key(kernel.get(op.getKey())), value(kernel.get(op.getValue())), gate(kernel.get(op.getGate())),
        state(kernel.get(op.getState())), out(kernel.get(op.getOuts().front())), rope(op.getRopeAttr()) {
    ArrayRef<int64_t> shape = op.getState().getType().getShape();
    heads = shape[0];
    keyWidth = shape[1];
    valueWidth = shape[2];
    span = op.getSpan();
    padded = llvm::alignTo(std::max<int64_t>(span, 1), tiles.panel());
    zero = build.index(0);
  }

  LogicalResult lower(Value tile);

private:
  void clearState();
  void runRecurrence();
  void updateRow(Value row);
  void runSpans();
  void runSpan(Value firstRow, Value position, Value count);
  void loadSpan(Value firstRow, Value position, Value count);
  void sumGates(Value firstRow, Value count);
  void computeScores(Value count);
  void computeOutputs(Value firstRow, Value count);
  void weighKeys(Value count);
  void updateState(Value firstRow, Value count);
  void loadRow(Value row, Value position, const Place &toQuery, const Place &toKey);
  Value loadGate(Value row);
  Value scaledGate(Value gates);
  void finishRow(Value row);
  SmallVector<int64_t> getRowGroups() const { return {tiles.rowGroup, 1}; }

  HostKernel &kernel;
  KernelBuilder &build;
  const HostTiles &tiles;
  FusedRetentionOp op;
  Value query, key, value, gate, state, out;
  RopeAttr rope;
  int64_t heads, keyWidth, valueWidth, span, padded;
  Value zero, head, keyColumn, valueColumn, frequencies;
  Segment segment;
  // Buffers of a span: rotated queries by row; rotated keys by column, and one of them as a row; scores; gates, their
  // sums, and the weights of the keys in the next state.
  Value queries, keys, keyRow, scores, gates, sums, weights;
};

LogicalResult RetentionLowering::lower(Value tile) {
  int64_t bytes = getRetentionStackBytes(tiles, span, keyWidth);
  if (bytes > tiles.stackBytes && span > 0)
    return op.emitOpError("expected spans that take at most ")
           << tiles.stackBytes << " bytes of stack, got " << bytes << " bytes for span " << span;
  head = build.rem(tile, heads);
  keyColumn = build.mul(head, keyWidth);
  valueColumn = build.mul(head, valueWidth);
  frequencies = makeFrequencies(build, rope);
  keyRow = build.stack({1, static_cast<int64_t>(llvm::alignTo(keyWidth, tiles.lanes))});
  queries = build.stack({span > 0 ? padded : 1, keyWidth});
  if (span > 0) {
    keys = build.stack({keyWidth, padded});
    scores = build.stack({padded, padded});
    gates = build.stack({padded});
    sums = build.stack({padded});
    weights = build.stack({padded});
  }
  segment = loadSegment(build, kernel.get(op.getSegments()), build.div(tile, heads));
  Value isUsed = build.both(build.less(build.index(-1), segment.slot), build.less(zero, segment.rowCount));
  build.ifThen(isUsed, [&] {
    // The state of a sequence that begins here is empty whatever memory holds.
    build.ifThen(build.compare(arith::CmpIPredicate::eq, segment.firstPosition, zero), [&] { clearState(); });
    span > 0 ? runSpans() : runRecurrence();
  });
  return success();
}

void RetentionLowering::clearState() {
  build.forLoop(zero, build.index(keyWidth), 1, [&](Value d) {
    build.forStrips(valueWidth, 1, [&](const Strip &strip) {
      build.storeStrip(build.splat(0), state, {segment.slot, head, d, zero}, strip, 0);
    });
  });
}

//===- Rows in and out ---------------------------------------------------------------------------------------===//

/// Rotates the query and the key of a row into buffers; the key is scaled.
void RetentionLowering::loadRow(Value row, Value position, const Place &toQuery, const Place &toKey) {
  Place fromQuery{query, {row, keyColumn}}, fromKey{key, {row, keyColumn}};
  Value scale = build.f32(op.getScale().convertToDouble());
  if (!rope) {
    copyRow(build, keyWidth, fromQuery, toQuery);
    return copyRow(build, keyWidth, fromKey, toKey, scale);
  }
  forPairs(build, rope, frequencies, position, [&](const Turn &turn) {
    rotate(build, rope, turn, fromQuery, toQuery);
    rotate(build, rope, turn, fromKey, toKey, scale);
  });
}

/// The logarithm of the decay, from what the gate's linear gave.
Value RetentionLowering::scaledGate(Value gates) {
  if (!op.getGateDivisor())
    return gates;
  return build.divF(build.logSigmoid(gates), build.constantLike(gates, op.getGateDivisor()->convertToDouble()));
}

Value RetentionLowering::loadGate(Value row) { return build.load(gate, {row, head}); }

/// Head norm and swish gate, in place.
void RetentionLowering::finishRow(Value row) {
  if (!op.getEps() && !op.getSwish())
    return;
  Place place{out, {row, valueColumn}};
  Value factor;
  if (op.getEps())
    factor = build.broadcast(inverseRms(build, valueWidth, place, op.getEps()->convertToDouble()));
  build.forStrips(valueWidth, 1, [&](const Strip &strip) {
    Value y = build.loadStrip(out, place.indices, strip, 0);
    if (factor)
      y = build.mulF(y, factor);
    if (op.getSwish())
      y = build.mulF(y, build.silu(build.loadStrip(kernel.get(op.getSwish()), place.indices, strip, 0)));
    build.storeStrip(y, out, place.indices, strip, 0);
  });
}

//===- Recurrent form ----------------------------------------------------------------------------------------===//

void RetentionLowering::runRecurrence() {
  build.forLoop(zero, segment.rowCount, 1, [&](Value i) {
    Value row = build.add(segment.rowBegin, i);
    loadRow(row, build.add(segment.firstPosition, i), Place{queries, {zero, zero}}, Place{keyRow, {zero, zero}});
    updateRow(row);
    finishRow(row);
  });
}

/// One pass over the state: every element is read, decayed, added to, used and written.
void RetentionLowering::updateRow(Value row) {
  Value decay = build.exp(scaledGate(build.broadcast(loadGate(row))));
  build.forStrips(valueWidth, 4, [&](const Strip &strip) {
    SmallVector<Value> values;
    for (int64_t j = 0; j < strip.vectors; ++j)
      values.push_back(build.loadStrip(value, {row, valueColumn}, strip, j));
    SmallVector<Value> results =
        build.forLoop(zero, build.index(keyWidth), 1, build.zeros(strip.vectors), [&](Value d, ValueRange before) {
          Value k = build.broadcast(build.load(keyRow, {zero, d}));
          Value q = build.broadcast(build.load(queries, {zero, d}));
          SmallVector<Value> place{segment.slot, head, d, zero}, after;
          for (int64_t j = 0; j < strip.vectors; ++j) {
            Value s = build.mulF(build.loadStrip(state, place, strip, j), decay);
            s = build.fma(k, values[j], s);
            build.storeStrip(s, state, place, strip, j);
            after.push_back(build.fma(q, s, before[j]));
          }
          return after;
        });
    for (int64_t j = 0; j < strip.vectors; ++j)
      build.storeStrip(results[j], out, {row, valueColumn}, strip, j);
  });
}

//===- By spans --------------------------------------------------------------------------------------------------===//

void RetentionLowering::runSpans() {
  // Spans end at multiples of `span` in absolute position, so that they do not depend on where a step begins.
  Value end = build.add(segment.firstPosition, segment.rowCount);
  Value first = build.div(segment.firstPosition, span);
  Value last = build.div(build.add(end, span - 1), span);
  build.forLoop(first, last, 1, [&](Value number) {
    Value position = build.max(build.mul(number, span), segment.firstPosition);
    Value spanEnd = build.min(build.mul(build.add(number, 1), span), end);
    Value row = build.add(segment.rowBegin, build.sub(position, segment.firstPosition));
    runSpan(row, position, build.sub(spanEnd, position));
  });
}

void RetentionLowering::runSpan(Value firstRow, Value position, Value count) {
  loadSpan(firstRow, position, count);
  sumGates(firstRow, count);
  computeScores(count);
  computeOutputs(firstRow, count);
  weighKeys(count);
  updateState(firstRow, count);
  build.forLoop(zero, count, 1, [&](Value t) { finishRow(build.add(firstRow, t)); });
}

void RetentionLowering::loadSpan(Value firstRow, Value position, Value count) {
  build.forLoop(zero, count, 1, [&](Value t) {
    loadRow(build.add(firstRow, t), build.add(position, t), Place{queries, {t, zero}}, Place{keyRow, {zero, zero}});
    // Columns of keys side by side make the scores a product like the others.
    build.forLoop(zero, build.index(keyWidth), 1, [&](Value d) {
      build.store(build.load(keyRow, {zero, d}), keys, {d, t});
    });
  });
}

void RetentionLowering::sumGates(Value firstRow, Value count) {
  build.forLoop(zero, count, 1, [&](Value t) { build.store(loadGate(build.add(firstRow, t)), gates, t); });
  build.forLoop(zero, count, build.lanes,
                [&](Value t) { build.storeVector(scaledGate(build.loadVector(gates, t)), gates, t); });
  build.forLoop(zero, count, 1, build.f32(0), [&](Value t, ValueRange before) {
    Value sum = build.addF(before[0], build.load(gates, t));
    build.store(sum, sums, t);
    return SmallVector<Value>{sum};
  });
}

/// scores[t][s] = exp(b_t - b_s) (q_t . k_s) for s <= t, and 0 for later s of the same panel.
void RetentionLowering::computeScores(Value count) {
  int64_t vectors = tiles.panelVectors;
  build.forGroups(zero, count, getRowGroups(), [&](Value t, int64_t rows) {
    build.forLoop(zero, build.add(t, rows), tiles.panel(), [&](Value s) {
      SmallVector<Value> products = build.multiply(
          zero, build.index(keyWidth), rows, vectors, build.zeros(rows * vectors),
          [&](Value d, int64_t r) {
            return build.load(queries, {build.add(t, r), d});
          },
          [&](Value d, int64_t j) {
            return build.loadVector(keys, {d, build.add(s, j * build.lanes)});
          });
      for (int64_t r = 0; r < rows; ++r) {
        Value row = build.add(t, r), sum = build.broadcast(build.load(sums, row));
        for (int64_t j = 0; j < vectors; ++j) {
          Value column = build.add(s, j * build.lanes);
          Value decay = build.exp(build.subF(sum, build.loadVector(sums, column)));
          // What lies beyond the row in the buffers is of no span.
          Value isPast = build.maskBelow(build.sub(build.add(row, 1), column));
          Value score = build.select(isPast, build.mulF(products[r * vectors + j], decay), build.splat(0));
          build.storeVector(score, scores, {row, column});
        }
      }
    });
  });
}

void RetentionLowering::computeOutputs(Value firstRow, Value count) {
  build.forGroups(zero, count, getRowGroups(), [&](Value t, int64_t rows) {
    build.forStrips(valueWidth, tiles.panelVectors, [&](const Strip &strip) {
      int64_t vectors = strip.vectors;
      SmallVector<Value> results = build.multiply(
          zero, build.index(keyWidth), rows, vectors, build.zeros(rows * vectors),
          [&](Value d, int64_t r) {
            return build.load(queries, {build.add(t, r), d});
          },
          [&](Value d, int64_t j) {
            return build.loadStrip(state, {segment.slot, head, d, zero}, strip, j);
          });
      for (int64_t r = 0; r < rows; ++r) {
        Value decay = build.exp(build.broadcast(build.load(sums, build.add(t, r))));
        for (int64_t j = 0; j < vectors; ++j)
          results[r * vectors + j] = build.mulF(results[r * vectors + j], decay);
      }
      results = build.multiply(
          zero, build.add(t, rows), rows, vectors, results,
          [&](Value s, int64_t r) {
            return build.load(scores, {build.add(t, r), s});
          },
          [&](Value s, int64_t j) {
            return build.loadStrip(value, {build.add(firstRow, s), valueColumn}, strip, j);
          });
      for (int64_t r = 0; r < rows; ++r)
        for (int64_t j = 0; j < vectors; ++j)
          build.storeStrip(results[r * vectors + j], out, {build.add(firstRow, build.add(t, r)), valueColumn}, strip,
                           j);
    });
  });
}

/// Multiplies each key by what is left of it at the end of the span.
void RetentionLowering::weighKeys(Value count) {
  Value total = build.broadcast(build.load(sums, build.sub(count, build.index(1))));
  build.forLoop(zero, count, build.lanes, [&](Value s) {
    build.storeVector(build.exp(build.subF(total, build.loadVector(sums, s))), weights, s);
  });
  build.forLoop(zero, build.index(keyWidth), 1, [&](Value d) {
    build.forLoop(zero, count, build.lanes, [&](Value s) {
      Value weighed = build.mulF(build.loadVector(keys, {d, s}), build.loadVector(weights, s));
      build.storeVector(weighed, keys, {d, s});
    });
  });
}

void RetentionLowering::updateState(Value firstRow, Value count) {
  Value last = build.load(sums, build.sub(count, build.index(1)));
  Value decay = build.exp(build.broadcast(last));
  build.forGroups(zero, build.index(keyWidth), getRowGroups(), [&](Value d, int64_t rows) {
    build.forStrips(valueWidth, tiles.panelVectors, [&](const Strip &strip) {
      int64_t vectors = strip.vectors;
      auto place = [&](int64_t r) { return SmallVector<Value>{segment.slot, head, build.add(d, r), zero}; };
      SmallVector<Value> results;
      for (int64_t r = 0; r < rows; ++r)
        for (int64_t j = 0; j < vectors; ++j)
          results.push_back(build.mulF(build.loadStrip(state, place(r), strip, j), decay));
      results = build.multiply(
          zero, count, rows, vectors, results,
          [&](Value s, int64_t r) {
            return build.load(keys, {build.add(d, r), s});
          },
          [&](Value s, int64_t j) {
            return build.loadStrip(value, {build.add(firstRow, s), valueColumn}, strip, j);
          });
      for (int64_t r = 0; r < rows; ++r)
        for (int64_t j = 0; j < vectors; ++j)
          build.storeStrip(results[r * vectors + j], state, place(r), strip, j);
    });
  });
}

} // namespace

static LogicalResult lowerRetention(HostKernel &kernel, FusedRetentionOp op, Value tile) {
  return RetentionLowering(kernel, op).lower(tile);
}

static TilesAttr getTiles(FusedRetentionOp op, const HostTiles &) {
  return TilesAttr::get(op->getContext(), TileUnit::segments, 1, op.getState().getType().getShape()[0]);
}

void yoco::addRetentionHostKernel(HostDevice &device) { addHostKernel(device, lowerRetention, getTiles); }
