// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attention to a cache, and the write of a cache.
//
// A tile of attention is one row and one key-value head with all of its query heads, so that every key and value is
// read once. The softmax is online (arXiv 1805.02867) over blocks of keys that are aligned to absolute positions: the
// result of a row does not depend on how the sequence was cut into steps.

#include "passes/lowering/host/HostKernel.h"
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
    KVCacheType cache = op.getCache().getType();
    keyHeads = cache.getHeads();
    group = static_cast<int64_t>(op.getHeads()) / keyHeads;
    keyWidth = cache.getKey();
    valueWidth = cache.getValue();
    ring = cache.getWindow();
    window = op.getWindow();
    zero = build.index(0);
  }

  LogicalResult lower(Value tile);

private:
  void attend(Value row);
  void loadQueries(Value row, Value position);
  void addBlock(Value block, Value from, Value to);
  void forSources(Value from, Value to, function_ref<void(Value, Value, RowOf, RowOf)> body);
  void scoreKeys(Value blockBegin, Value from, Value to, RowOf keyOf);
  void foldScores(Value h);
  void addValues(Value blockBegin, Value from, Value to, RowOf valueOf);
  void finish(Value row);
  Place cached(Value buffer, Value position);
  Place fresh(Value buffer, int64_t width, Value position);
  SmallVector<int64_t> getHeadBlocks() const { return {4, 1}; }

  HostKernel &kernel;
  KernelBuilder &build;
  const HostTiles &tiles;
  FusedAttentionOp op;
  Value query, out;
  RopeAttr rope;
  int64_t keyHeads, group, keyWidth, valueWidth, ring, window;
  Value zero, keyHead, frequencies;
  Segment segment;
  // Per query head: the rotated and scaled query, the weighted sum of values, the scores of a block; the largest score
  // and the sum of weights so far.
  Value queries, results, scores, largest, total;
};

LogicalResult AttentionLowering::lower(Value tile) {
  keyHead = build.rem(tile, keyHeads);
  Value row = build.div(tile, keyHeads);
  frequencies = makeFrequencies(build, rope);
  queries = build.stack({group, static_cast<int64_t>(llvm::alignTo(keyWidth, tiles.lanes))});
  results = build.stack({group, static_cast<int64_t>(llvm::alignTo(valueWidth, tiles.lanes))});
  scores = build.stack({group, tiles.keyBlock});
  largest = build.stack({group});
  total = build.stack({group});
  if (build.getStackBytes() > tiles.stackBytes)
    return op.emitOpError("expected the query heads of a key-value head to take at most ")
           << tiles.stackBytes << " bytes of stack, got " << build.getStackBytes();
  withSegmentOf(kernel, kernel.get(op.getSegments()), row, [&](const Segment &found) {
    segment = found;
    attend(row);
  });
  return success();
}

void AttentionLowering::attend(Value row) {
  Value position = build.add(segment.firstPosition, build.sub(row, segment.rowBegin));
  loadQueries(row, position);
  build.forLoop(zero, build.index(group), 1, [&](Value h) {
    build.store(build.f32(kMinusInfinity), largest, h);
    build.store(build.f32(0), total, h);
    build.forStrips(valueWidth, 1, [&](const Strip &strip) {
      build.storeStrip(build.splat(0), results, {h, zero}, strip, 0);
    });
  });
  // A window of W rows has the row itself in it.
  Value end = build.add(position, 1), begin = zero;
  if (window > 0)
    begin = build.max(build.sub(end, build.index(window)), zero);
  int64_t size = tiles.keyBlock;
  build.forLoop(build.div(begin, size), build.div(build.add(end, size - 1), size), 1, [&](Value block) {
    Value blockBegin = build.mul(block, size);
    addBlock(blockBegin, build.max(begin, blockBegin), build.min(end, build.add(blockBegin, size)));
  });
  finish(row);
}

void AttentionLowering::loadQueries(Value row, Value position) {
  Value scale = build.f32(op.getScale().convertToDouble());
  Value firstHead = build.mul(keyHead, group);
  auto from = [&](Value h) { return Place{query, {row, build.mul(build.add(firstHead, h), keyWidth)}}; };
  Value heads = build.index(group);
  if (!rope)
    return build.forLoop(zero, heads, 1, [&](Value h) {
      copyRow(build, keyWidth, from(h), Place{queries, {h, zero}}, scale);
    });
  forPairs(build, rope, frequencies, position, [&](const Turn &turn) {
    build.forLoop(zero, heads, 1, [&](Value h) {
      rotate(build, rope, turn, from(h), Place{queries, {h, zero}}, scale);
    });
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
  Value keys = kernel.getKeys(op.getCache()), values = kernel.getValues(op.getCache());
  Value cachedEnd = ring > 0 ? build.min(to, segment.firstPosition) : to;
  body(
      from, cachedEnd, [&](Value p) { return cached(keys, p); }, [&](Value p) { return cached(values, p); });
  if (ring == 0)
    return;
  Value freshKeys = kernel.get(op.getKeys()), freshValues = kernel.get(op.getValues());
  body(
      build.max(from, segment.firstPosition), to, [&](Value p) { return fresh(freshKeys, keyWidth, p); },
      [&](Value p) { return fresh(freshValues, valueWidth, p); });
}

void AttentionLowering::addBlock(Value block, Value from, Value to) {
  Value heads = build.index(group);
  build.forLoop(zero, heads, 1, [&](Value h) {
    build.forLoop(zero, build.index(tiles.keyBlock), build.lanes, [&](Value j) {
      build.storeVector(build.splat(kMinusInfinity), scores, {h, j});
    });
  });
  forSources(from, to, [&](Value begin, Value end, RowOf keyOf, RowOf) { scoreKeys(block, begin, end, keyOf); });
  build.forLoop(zero, heads, 1, [&](Value h) { foldScores(h); });
  forSources(from, to, [&](Value begin, Value end, RowOf, RowOf valueOf) { addValues(block, begin, end, valueOf); });
}

void AttentionLowering::scoreKeys(Value block, Value from, Value to, RowOf keyOf) {
  build.forBlocks(zero, build.index(group), getHeadBlocks(), [&](Value h, int64_t heads) {
    build.forLoop(from, to, 1, [&](Value position) {
      Place key = keyOf(position);
      SmallVector<Value> sums =
          build.forStrips(keyWidth, 1, build.zeros(heads), [&](const Strip &strip, ValueRange before) {
            Value k = build.loadStrip(key.buffer, key.indices, strip, 0);
            SmallVector<Value> after;
            for (int64_t i = 0; i < heads; ++i)
              after.push_back(build.fma(build.loadStrip(queries, {build.add(h, i), zero}, strip, 0), k, before[i]));
            return after;
          });
      for (int64_t i = 0; i < heads; ++i)
        build.store(build.sumLanes(sums[i]), scores, {build.add(h, i), build.sub(position, block)});
    });
  });
}

/// Turns the scores of a block into weights, relative to the largest score so far, and scales what was summed before.
void AttentionLowering::foldScores(Value h) {
  Value end = build.index(tiles.keyBlock);
  Value most = build.forLoop(zero, end, build.lanes, build.splat(kMinusInfinity), [&](Value j, ValueRange before) {
    return SmallVector<Value>{build.maxF(build.loadVector(scores, {h, j}), before[0])};
  })[0];
  Value before = build.load(largest, h), after = build.maxF(build.maxLanes(most), before);
  Value reference = build.broadcast(after);
  Value sum = build.forLoop(zero, end, build.lanes, build.splat(0), [&](Value j, ValueRange sums) {
    Value weight = build.exp(build.subF(build.loadVector(scores, {h, j}), reference));
    build.storeVector(weight, scores, {h, j});
    return SmallVector<Value>{build.addF(sums[0], weight)};
  })[0];
  Value correction = build.exp(build.subF(build.broadcast(before), reference));
  build.store(after, largest, h);
  Value scaled = build.mulF(build.broadcast(build.load(total, h)), correction);
  build.store(build.addF(build.sumLanes(sum), build.firstLane(scaled)), total, h);
  build.forStrips(valueWidth, 1, [&](const Strip &strip) {
    Value value = build.loadStrip(results, {h, zero}, strip, 0);
    build.storeStrip(build.mulF(value, correction), results, {h, zero}, strip, 0);
  });
}

void AttentionLowering::addValues(Value block, Value from, Value to, RowOf valueOf) {
  build.forBlocks(zero, build.index(group), getHeadBlocks(), [&](Value h, int64_t heads) {
    build.forStrips(valueWidth, tiles.panelVectors, [&](const Strip &strip) {
      int64_t vectors = strip.vectors;
      auto place = [&](int64_t i) { return SmallVector<Value>{build.add(h, i), zero}; };
      SmallVector<Value> sums;
      for (int64_t i = 0; i < heads; ++i)
        for (int64_t j = 0; j < vectors; ++j)
          sums.push_back(build.loadStrip(results, place(i), strip, j));
      sums = build.multiply(
          from, to, heads, vectors, sums,
          [&](Value p, int64_t i) {
            return build.load(scores, {build.add(h, i), build.sub(p, block)});
          },
          [&](Value p, int64_t j) {
            Place value = valueOf(p);
            return build.loadStrip(value.buffer, value.indices, strip, j);
          });
      for (int64_t i = 0; i < heads; ++i)
        for (int64_t j = 0; j < vectors; ++j)
          build.storeStrip(sums[i * vectors + j], results, place(i), strip, j);
    });
  });
}

void AttentionLowering::finish(Value row) {
  Value firstHead = build.mul(keyHead, group);
  build.forLoop(zero, build.index(group), 1, [&](Value h) {
    Value factor = build.divF(build.f32(1), build.load(total, h));
    copyRow(build, valueWidth, Place{results, {h, zero}},
            Place{out, {row, build.mul(build.add(firstHead, h), valueWidth)}}, factor);
  });
}

} // namespace

LogicalResult yoco::lowerAttention(HostKernel &kernel, FusedAttentionOp op, Value tile) {
  return AttentionLowering(kernel, op).lower(tile);
}

//===- Writing a cache ---------------------------------------------------------------------------------------===//

LogicalResult yoco::lowerCacheWrite(HostKernel &kernel, FusedCacheWriteOp op, Value tile) {
  KernelBuilder &build = kernel.build;
  KVCacheType cache = op.getCache().getType();
  Value keys = kernel.get(op.getKeys()), values = kernel.get(op.getValues());
  Value heads = build.index(cache.getHeads()), zero = build.index(0);
  RopeAttr rope = op.getRopeAttr();
  Value frequencies = makeFrequencies(build, rope);

  auto writeRow = [&](Value row, const Segment &segment) {
    Value position = build.add(segment.firstPosition, build.sub(row, segment.rowBegin));
    Value place = cache.isRing() ? build.rem(position, cache.getWindow()) : position;
    auto from = [&](Value buffer, int64_t width, Value h) { return Place{buffer, {row, build.mul(h, width)}}; };
    auto to = [&](Value buffer, Value h) { return Place{buffer, {segment.slot, place, h, zero}}; };
    build.forLoop(zero, heads, 1, [&](Value h) {
      copyRow(build, cache.getValue(), from(values, cache.getValue(), h), to(kernel.getValues(op.getCache()), h));
      if (!rope)
        copyRow(build, cache.getKey(), from(keys, cache.getKey(), h), to(kernel.getKeys(op.getCache()), h));
    });
    if (!rope)
      return;
    forPairs(build, rope, frequencies, position, [&](const Turn &turn) {
      build.forLoop(zero, heads, 1, [&](Value h) {
        rotate(build, rope, turn, from(keys, cache.getKey(), h), to(kernel.getKeys(op.getCache()), h));
      });
    });
  };

  forRowsOfTile(kernel, tile, [&](Value row) {
    withSegmentOf(kernel, kernel.get(op.getSegments()), row, [&](const Segment &segment) {
      if (!cache.isRing())
        return writeRow(row, segment);
      // Of a segment longer than the window only the last rows stay; tiles run in any order, so that no other may be
      // written.
      Value left = build.sub(build.add(segment.rowBegin, segment.rowCount), row);
      build.ifThen(build.less(left, build.index(cache.getWindow() + 1)), [&] { writeRow(row, segment); });
    });
  });
  return success();
}
