// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/lowering/host/HostKernel.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::yoco;

//===- Segments and rows -------------------------------------------------------------------------------------===//

Segment yoco::loadSegment(KernelBuilder &build, Value table, Value number) {
  auto field = [&](int64_t i) { return build.toIndex(build.load(table, {number, build.index(i)})); };
  return {field(0), field(1), field(2), field(3), number};
}

void yoco::withSegmentOf(HostKernel &kernel, Value table, Value row, function_ref<void(const Segment &)> body) {
  KernelBuilder &build = kernel.build;
  // A step has few segments. The last match wins; there is at most one.
  Value none = build.index(-1);
  Value found = build.forLoop(build.index(0), kernel.segments, 1, none, [&](Value s, ValueRange before) {
    Segment segment = loadSegment(build, table, s);
    Value begins = build.less(segment.rowBegin, build.add(row, 1));
    Value ends = build.less(row, build.add(segment.rowBegin, segment.rowCount));
    return SmallVector<Value>{build.select(build.both(begins, ends), s, before[0])};
  })[0];
  build.ifThen(build.less(none, found), [&] {
    Segment segment = loadSegment(build, table, found);
    build.ifThen(build.less(none, segment.slot), [&] { body(segment); });
  });
}

void yoco::forRowsOfTile(HostKernel &kernel, Value tile, function_ref<void(Value)> body) {
  KernelBuilder &build = kernel.build;
  Value begin = build.mul(tile, kernel.tiles.rowWiseRows);
  Value end = build.min(build.add(begin, kernel.tiles.rowWiseRows), kernel.rows);
  build.forLoop(begin, end, 1, body);
}

//===- Rotations ---------------------------------------------------------------------------------------------===//

Place yoco::moveBy(KernelBuilder &build, const Place &place, Value offset) {
  Place moved = place;
  moved.indices.back() = build.add(moved.indices.back(), offset);
  return moved;
}

Value yoco::makeFrequencies(KernelBuilder &build, RopeAttr rope) {
  return rope ? build.constantRow(rope.getInvFreq().asArrayRef()) : Value();
}

void yoco::forPairs(KernelBuilder &build, RopeAttr rope, Value frequencies, Value position,
                    function_ref<void(const Turn &)> body) {
  Value p = build.broadcast(build.toF32(position));
  build.forStrips(rope.getInvFreq().size(), 1, [&](const Strip &pairs) {
    // The row of frequencies is padded to whole vectors.
    Value angle = build.mulF(p, build.loadVector(frequencies, pairs.column));
    auto [sine, cosine] = build.sinCos(angle);
    body(Turn{pairs, sine, cosine});
  });
}

/// `(a, b)` turned by the angles of `turn`: arXiv 2104.09864.
static std::pair<Value, Value> turnPairs(KernelBuilder &build, const Turn &turn, Value a, Value b, Value factor) {
  Value left = build.fma(a, turn.cosine, build.negF(build.mulF(b, turn.sine)));
  Value right = build.fma(a, turn.sine, build.mulF(b, turn.cosine));
  if (!factor)
    return {left, right};
  Value scale = build.broadcast(factor);
  return {build.mulF(left, scale), build.mulF(right, scale)};
}

static Value shuffle(KernelBuilder &build, Value a, Value b, function_ref<int64_t(int64_t)> source) {
  SmallVector<int64_t> mask;
  for (int64_t i = 0; i < build.lanes; ++i)
    mask.push_back(source(i));
  return vector::ShuffleOp::create(build.builder, build.loc, a, b, mask);
}

/// Pairs `(2i, 2i + 1)`: two vectors hold `lanes` pairs, which are sorted into first and second elements and back.
static void rotateInterleaved(KernelBuilder &build, const Turn &turn, const Place &from, const Place &to,
                              Value factor) {
  int64_t lanes = build.lanes, valid = 2 * turn.pairs.tail;
  int64_t validLow = std::min(valid, lanes), validHigh = std::max<int64_t>(valid - lanes, 0);
  Value column = build.mul(turn.pairs.column, 2);
  Place source = moveBy(build, from, column), target = moveBy(build, to, column);
  Value low = build.loadVector(source.buffer, source.indices, validLow), high = low;
  if (validHigh > 0)
    high = build.loadVector(source.buffer, moveBy(build, source, build.index(lanes)).indices, validHigh);
  Value a = shuffle(build, low, high, [](int64_t i) { return 2 * i; });
  Value b = shuffle(build, low, high, [](int64_t i) { return 2 * i + 1; });
  auto [left, right] = turnPairs(build, turn, a, b, factor);
  low = shuffle(build, left, right, [&](int64_t i) { return i % 2 * lanes + i / 2; });
  high = shuffle(build, left, right, [&](int64_t i) { return i % 2 * lanes + (lanes + i) / 2; });
  build.storeVector(low, target.buffer, target.indices, validLow);
  if (validHigh > 0)
    build.storeVector(high, target.buffer, moveBy(build, target, build.index(lanes)).indices, validHigh);
}

void yoco::rotate(KernelBuilder &build, RopeAttr rope, const Turn &turn, const Place &from, const Place &to,
                  Value factor) {
  if (rope.getStyle() == RopeStyle::interleaved)
    return rotateInterleaved(build, turn, from, to, factor);
  Value half = build.index(rope.getInvFreq().size());
  Place fromHigh = moveBy(build, from, half), toHigh = moveBy(build, to, half);
  Value a = build.loadStrip(from.buffer, from.indices, turn.pairs, 0);
  Value b = build.loadStrip(fromHigh.buffer, fromHigh.indices, turn.pairs, 0);
  auto [left, right] = turnPairs(build, turn, a, b, factor);
  build.storeStrip(left, to.buffer, to.indices, turn.pairs, 0);
  build.storeStrip(right, toHigh.buffer, toHigh.indices, turn.pairs, 0);
}

void yoco::copyUnpaired(KernelBuilder &build, RopeAttr rope, int64_t width, const Place &from, const Place &to,
                        Value factor) {
  int64_t paired = 2 * static_cast<int64_t>(rope.getInvFreq().size());
  copyRow(build, width - paired, moveBy(build, from, build.index(paired)), moveBy(build, to, build.index(paired)),
          factor);
}

//===- Rows --------------------------------------------------------------------------------------------------===//

void yoco::copyRow(KernelBuilder &build, int64_t width, const Place &from, const Place &to, Value factor) {
  build.forStrips(width, 1, [&](const Strip &strip) {
    Value x = build.loadStrip(from.buffer, from.indices, strip, 0);
    if (factor)
      x = build.mulF(x, build.broadcast(factor));
    build.storeStrip(x, to.buffer, to.indices, strip, 0);
  });
}

Value yoco::inverseRms(KernelBuilder &build, int64_t width, const Place &row, double eps) {
  constexpr int64_t kVectors = 4;
  SmallVector<Value> sums =
      build.forStrips(width, kVectors, build.zeros(kVectors), [&](const Strip &strip, ValueRange before) {
        SmallVector<Value> after(before);
        for (int64_t j = 0; j < strip.vectors; ++j) {
          Value x = build.loadStrip(row.buffer, row.indices, strip, j);
          after[j] = build.fma(x, x, before[j]);
        }
        return after;
      });
  Value sum = build.sumLanes(build.addF(build.addF(sums[0], sums[1]), build.addF(sums[2], sums[3])));
  Value mean = build.divF(sum, build.f32(width));
  return build.divF(build.f32(1), build.sqrt(build.addF(mean, build.f32(eps))));
}
