// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attention to a cache.
//
// A tile of attention is one row and one key-value head. The tile of every n-th row of a segment takes the rows up to
// the next such, with all their query heads, in one pass over keys and values; the tiles of the others are empty, so
// that a step of one row per segment has a tile for each. The softmax is online (arXiv 1805.02867) over spans of keys
// that are aligned to absolute positions, and keys that a row does not see have weight 0: the result of a row does not
// depend on how the sequence was cut into steps, nor on the rows beside it.

#include "passes/lowering/host/HostKernelModel.h"
#include "llvm/Support/MathExtras.h"
#include <limits>

using namespace mlir;
using namespace mlir::yoco;

namespace {

constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();

/// Rows of keys or of values that lie in one buffer: the elements of position `p`.
using RowOf = function_ref<Place(Value)>;

class AttentionLowering {
public:
  AttentionLowering(HostKernel &kernel, FusedAttentionOp op)
      : kernel(kernel), build(kernel.build), tiles(kernel.tiles), op(op), query(kernel.get(op.getQuery())),
        out(kernel.get(op.getOuts().front())), rope(op.getRopeAttr()) {
    keyHeads = op.getKeyHeads();
    group = static_cast<int64_t>(op.getHeads()) / keyHeads;
    keyWidth = op.getKeyWidth();
    valueWidth = op.getValueWidth();
    ring = op.getRing();
    window = op.getWindow();
    zero = build.index(0);
    tileRows = std::max<int64_t>(tiles.attentionQueries / group, 1);
    while (tileRows > 1 && getStackBytes() > tiles.stackBytes)
      tileRows /= 2;
  }

  LogicalResult lower(Value tile);

private:
  void attend(Value row, Value count);
  void loadQueries(Value row, Value count);
  void forSources(Value from, Value to, function_ref<void(Value, Value, RowOf, RowOf)> body);
  void scoreSpan(Value span, Value from, Value to);
  void packKeys(Value panel, Value from, Value to, RowOf keyOf);
  void scorePanel(Value firstColumn);
  void foldRow(Value span, Value r);
  Value maskScores(Value scores, Value column, Value from, Value to);
  void foldScores(Value q, Value from, Value to);
  void addValues(Value span, Value from, Value to, RowOf valueOf);
  void finish(Value row, Value count);
  Value queryAt(Value r, Value h) { return build.add(build.mul(r, group), h); }
  Place cached(Value buffer, Value position);
  Place fresh(Value buffer, int64_t width, Value position);
  int64_t getPadded(int64_t width) const { return llvm::alignTo(width, tiles.lanes); }
  int64_t getStackBytes() const;
  SmallVector<int64_t> getQueryGroups() const;

  HostKernel &kernel;
  KernelBuilder &build;
  const HostTiles &tiles;
  FusedAttentionOp op;
  Value query, out;
  RopeAttr rope;
  int64_t keyHeads, group, keyWidth, valueWidth, ring, window, tileRows;
  Value zero, keyHead, frequencies;
  Segment segment;
  // The first row's position, and the number of queries: rows of the tile times heads.
  Value position, queryCount;
  // Per query: itself, rotated and scaled; the weighted sum of values, the scores of a span; the largest score and the
  // sum of weights so far. Keys of a panel by column.
  Value queries, results, scores, largest, total, keys;
};

int64_t AttentionLowering::getStackBytes() const {
  int64_t perQuery = getPadded(keyWidth) + getPadded(valueWidth) + tiles.keySpan + 2;
  return 4 * (tileRows * group * perQuery + getPadded(keyWidth) * (tiles.panel() + tiles.lanes));
}

/// Queries that a product takes at once; no more than a tile has.
SmallVector<int64_t> AttentionLowering::getQueryGroups() const {
  SmallVector<int64_t> groups;
  for (int64_t size : {tiles.rowGroup, tiles.smallRowGroup, int64_t(2), int64_t(1)})
    if (size <= tileRows * group && (groups.empty() || size < groups.back()))
      groups.push_back(size);
  return groups;
}

LogicalResult AttentionLowering::lower(Value tile) {
  int64_t count = tileRows * group;
  if (getStackBytes() > tiles.stackBytes)
    return op.emitOpError("expected the query heads of a key-value head to take at most ")
           << tiles.stackBytes << " bytes of stack, got " << getStackBytes();
  keyHead = build.rem(tile, keyHeads);
  Value row = build.div(tile, keyHeads);
  frequencies = makeFrequencies(build, rope);
  queries = build.stack({count, getPadded(keyWidth)});
  results = build.stack({count, getPadded(valueWidth)});
  scores = build.stack({count, tiles.keySpan});
  largest = build.stack({count});
  total = build.stack({count});
  // A source of keys that ends inside a panel writes a vector beyond its end.
  keys = build.stack({getPadded(keyWidth), tiles.panel() + tiles.lanes});
  withSegmentOf(kernel, kernel.get(op.getSegments()), row, [&](const Segment &found) {
    segment = found;
    Value offset = build.sub(row, segment.rowBegin);
    Value isFirst = build.compare(arith::CmpIPredicate::eq, build.rem(offset, tileRows), zero);
    build.ifThen(isFirst, [&] {
      position = build.add(segment.firstPosition, offset);
      attend(row, build.min(build.sub(segment.rowCount, offset), build.index(tileRows)));
    });
  });
  return success();
}

void AttentionLowering::attend(Value row, Value count) {
  queryCount = build.mul(count, group);
  loadQueries(row, count);
  build.forLoop(zero, queryCount, 1, [&](Value q) {
    build.store(build.f32(kMinusInfinity), largest, q);
    build.store(build.f32(0), total, q);
    build.forStrips(valueWidth, 1, [&](const Strip &strip) {
      build.storeStrip(build.splat(0), results, {q, zero}, strip, 0);
    });
  });
  // What any of the rows sees. A window of W rows has the row itself in it.
  Value end = build.add(position, count), begin = zero;
  if (window > 0)
    begin = build.max(build.sub(build.add(position, 1), build.index(window)), zero);
  int64_t size = tiles.keySpan;
  build.forLoop(build.div(begin, size), build.div(build.add(end, size - 1), size), 1, [&](Value span) {
    Value spanBegin = build.mul(span, size);
    Value from = build.max(begin, spanBegin), to = build.min(end, build.add(spanBegin, size));
    scoreSpan(spanBegin, from, to);
    build.forLoop(zero, count, 1, [&](Value r) { foldRow(spanBegin, r); });
    forSources(from, to,
               [&](Value first, Value last, RowOf, RowOf valueOf) { addValues(spanBegin, first, last, valueOf); });
  });
  finish(row, count);
}

void AttentionLowering::loadQueries(Value row, Value count) {
  Value scale = build.f32(op.getScale().convertToDouble());
  Value firstHead = build.mul(keyHead, group);
  Value heads = build.index(group);
  build.forLoop(zero, count, 1, [&](Value r) {
    auto from = [&](Value h) {
      return Place{query, {build.add(row, r), build.mul(build.add(firstHead, h), keyWidth)}};
    };
    auto to = [&](Value h) { return Place{queries, {queryAt(r, h), zero}}; };
    if (!rope)
      return build.forLoop(zero, heads, 1, [&](Value h) { copyRow(build, keyWidth, from(h), to(h), scale); });
    forPairs(build, rope, frequencies, build.add(position, r), [&](const Turn &turn) {
      build.forLoop(zero, heads, 1, [&](Value h) { rotate(build, rope, turn, from(h), to(h), scale); });
    });
    if (isPartial(rope, keyWidth))
      build.forLoop(zero, heads, 1, [&](Value h) { copyUnpaired(build, rope, keyWidth, from(h), to(h), scale); });
  });
}

/// Row `position` of the cache: the one place that knows how a slot's rows lie.
Place AttentionLowering::cached(Value buffer, Value position) {
  return {buffer, {segment.slot, ring > 0 ? build.rem(position, ring) : position, keyHead, zero}};
}

Place AttentionLowering::fresh(Value buffer, int64_t width, Value position) {
  Value row = build.add(segment.rowBegin, build.sub(position, segment.firstPosition));
  return {buffer, {row, build.mul(keyHead, width)}};
}

/// Emits `body` for the positions of a range that are in the cache and, of a ring, for those that are fresh. A growing
/// cache has the fresh rows in it.
void AttentionLowering::forSources(Value from, Value to, function_ref<void(Value, Value, RowOf, RowOf)> body) {
  Value cachedKeys = kernel.get(op.getKeyCache()), cachedValues = kernel.get(op.getValueCache());
  Value cachedEnd = ring > 0 ? build.min(to, segment.firstPosition) : to;
  body(
      from, cachedEnd, [&](Value p) { return cached(cachedKeys, p); },
      [&](Value p) { return cached(cachedValues, p); });
  if (ring == 0)
    return;
  Value freshKeys = kernel.get(op.getKeys()), freshValues = kernel.get(op.getValues());
  body(
      build.max(from, segment.firstPosition), to, [&](Value p) { return fresh(freshKeys, keyWidth, p); },
      [&](Value p) { return fresh(freshValues, valueWidth, p); });
}

/// Scores of all queries and the keys `from` to `to` of a span, a panel of keys at a time.
void AttentionLowering::scoreSpan(Value span, Value from, Value to) {
  int64_t panel = tiles.panel();
  Value first = build.div(build.sub(from, span), panel);
  Value last = build.div(build.add(build.sub(to, span), panel - 1), panel);
  build.forLoop(first, last, 1, [&](Value number) {
    Value column = build.mul(number, panel), begin = build.add(span, column);
    forSources(build.max(from, begin), build.min(to, build.add(begin, panel)),
               [&](Value first, Value last, RowOf keyOf, RowOf) { packKeys(begin, first, last, keyOf); });
    scorePanel(column);
  });
}

/// Keys side by side make the scores a product like the others. Columns beyond a source's last get copies of that.
void AttentionLowering::packKeys(Value panel, Value from, Value to, RowOf keyOf) {
  Value last = build.sub(to, build.index(1));
  build.forLoop(from, to, build.lanes, [&](Value p) {
    SmallVector<Place> places;
    for (int64_t i = 0; i < build.lanes; ++i)
      places.push_back(keyOf(build.min(build.add(p, i), last)));
    Value column = build.sub(p, panel);
    build.forStrips(keyWidth, 1, [&](const Strip &strip) {
      SmallVector<Value> rows;
      for (const Place &place : places)
        rows.push_back(build.loadStrip(place.buffer, place.indices, strip, 0));
      for (auto [d, vector] : llvm::enumerate(build.transpose(rows)))
        build.storeVector(vector, keys, {build.add(strip.column, d), column});
    });
  });
}

void AttentionLowering::scorePanel(Value firstColumn) {
  int64_t vectors = tiles.panelVectors;
  build.forGroups(zero, queryCount, getQueryGroups(), [&](Value q, int64_t count) {
    SmallVector<Value> sums = build.multiply(
        zero, build.index(keyWidth), count, vectors, build.zeros(count * vectors),
        [&](Value d, int64_t i) {
          return build.load(queries, {build.add(q, i), d});
        },
        [&](Value d, int64_t j) {
          return build.loadVector(keys, {d, build.index(j * build.lanes)});
        });
    for (int64_t i = 0; i < count; ++i)
      for (int64_t j = 0; j < vectors; ++j)
        build.storeVector(sums[i * vectors + j], scores, {build.add(q, i), build.add(firstColumn, j * build.lanes)});
  });
}

/// Folds the scores of row `r` of the tile, which sees part of the span.
void AttentionLowering::foldRow(Value span, Value r) {
  Value end = build.add(build.add(position, r), 1);
  Value from = window > 0 ? build.sub(build.sub(end, build.index(window)), span) : Value();
  Value to = build.sub(end, span);
  build.forLoop(zero, build.index(group), 1, [&](Value h) { foldScores(queryAt(r, h), from, to); });
}

/// Minus infinity for columns of the span that a row does not see, whatever stands there.
Value AttentionLowering::maskScores(Value scores, Value column, Value from, Value to) {
  Value hidden = build.splat(kMinusInfinity);
  Value visible = build.select(build.maskBelow(build.sub(to, column)), scores, hidden);
  return from ? build.select(build.maskBelow(build.sub(from, column)), hidden, visible) : visible;
}

/// Turns the scores of a span into weights, relative to the largest score so far, and scales what was summed before.
void AttentionLowering::foldScores(Value q, Value from, Value to) {
  Value end = build.index(tiles.keySpan);
  Value most = build.forLoop(zero, end, build.lanes, build.splat(kMinusInfinity), [&](Value j, ValueRange before) {
    Value masked = maskScores(build.loadVector(scores, {q, j}), j, from, to);
    build.storeVector(masked, scores, {q, j});
    return SmallVector<Value>{build.maxF(masked, before[0])};
  })[0];
  Value before = build.load(largest, q), after = build.maxF(build.maxLanes(most), before);
  // A row that has seen nothing yet keeps zeros.
  Value lowest = build.f32(std::numeric_limits<float>::lowest());
  Value reference = build.broadcast(build.maxF(after, lowest));
  Value sum = build.forLoop(zero, end, build.lanes, build.splat(0), [&](Value j, ValueRange sums) {
    Value weight = build.exp(build.subF(build.loadVector(scores, {q, j}), reference));
    build.storeVector(weight, scores, {q, j});
    return SmallVector<Value>{build.addF(sums[0], weight)};
  })[0];
  Value correction = build.exp(build.subF(build.broadcast(before), reference));
  build.store(after, largest, q);
  Value scaled = build.mulF(build.broadcast(build.load(total, q)), correction);
  build.store(build.addF(build.sumLanes(sum), build.firstLane(scaled)), total, q);
  build.forStrips(valueWidth, 1, [&](const Strip &strip) {
    Value value = build.loadStrip(results, {q, zero}, strip, 0);
    build.storeStrip(build.mulF(value, correction), results, {q, zero}, strip, 0);
  });
}

void AttentionLowering::addValues(Value span, Value from, Value to, RowOf valueOf) {
  build.forGroups(zero, queryCount, getQueryGroups(), [&](Value q, int64_t count) {
    build.forStrips(valueWidth, tiles.panelVectors, [&](const Strip &strip) {
      int64_t vectors = strip.vectors;
      auto place = [&](int64_t i) { return SmallVector<Value>{build.add(q, i), zero}; };
      SmallVector<Value> sums;
      for (int64_t i = 0; i < count; ++i)
        for (int64_t j = 0; j < vectors; ++j)
          sums.push_back(build.loadStrip(results, place(i), strip, j));
      sums = build.multiply(
          from, to, count, vectors, sums,
          [&](Value p, int64_t i) {
            return build.load(scores, {build.add(q, i), build.sub(p, span)});
          },
          [&](Value p, int64_t j) {
            Place value = valueOf(p);
            return build.loadStrip(value.buffer, value.indices, strip, j);
          });
      for (int64_t i = 0; i < count; ++i)
        for (int64_t j = 0; j < vectors; ++j)
          build.storeStrip(sums[i * vectors + j], results, place(i), strip, j);
    });
  });
}

void AttentionLowering::finish(Value row, Value count) {
  Value firstHead = build.mul(keyHead, group);
  build.forLoop(zero, count, 1, [&](Value r) {
    build.forLoop(zero, build.index(group), 1, [&](Value h) {
      Value factor = build.divF(build.f32(1), build.load(total, queryAt(r, h)));
      copyRow(build, valueWidth, Place{results, {queryAt(r, h), zero}},
              Place{out, {build.add(row, r), build.mul(build.add(firstHead, h), valueWidth)}}, factor);
    });
  });
}

} // namespace

static LogicalResult lowerAttention(HostKernel &kernel, FusedAttentionOp op, Value tile) {
  return AttentionLowering(kernel, op).lower(tile);
}

static TilesAttr getTiles(FusedAttentionOp op, const HostTiles &) {
  return TilesAttr::get(op->getContext(), TileUnit::rows, 1, op.getKeyHeads());
}

void yoco::addAttentionHostKernel(HostDevice &device) { addHostKernel(device, lowerAttention, getTiles); }
