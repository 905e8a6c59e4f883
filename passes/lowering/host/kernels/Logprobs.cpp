// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Log-probabilities: the logit of each row's target, and what a block of logits adds to what earlier blocks have said.
//
// A row is read twice: for its largest logit, then for the exponentials, for the columns that come before the target
// and for those that may be among the best. These are kept in the row that is written, in order; a vector of logits is
// looked at one by one only when one of them is larger than the last of the best. The target's logit is summed in the
// order of the linear kernel, so that it is that kernel's logit to the bit and the rank is exact.

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/lowering/host/HostKernelModel.h"

using namespace mlir;
using namespace mlir::yoco;

/// The columns of a row buffer.
static int64_t getColumns(Value rows) { return cast<MemRefType>(rows.getType()).getShape().back(); }

//===- The target's logit ------------------------------------------------------------------------------------===//

static LogicalResult lowerTargetLogits(HostKernel &kernel, FusedTargetLogitsOp op, Value tile) {
  KernelBuilder &build = kernel.build;
  Value input = kernel.get(op.getInput()), targets = kernel.get(op.getTargets()), weight = kernel.parameters[0];
  Value out = kernel.get(op.getOuts().front()), zero = build.index(0);
  ArrayRef<int64_t> shape = cast<MemRefType>(weight.getType()).getShape();
  if (shape.size() != 3)
    return op.emitOpError("expected a matrix in panels on target `host`, got ") << weight.getType();
  int64_t panel = shape[2], rows = shape[0] * panel;
  forRowsOfTile(kernel, tile, [&](Value row) {
    Value target = build.toIndex(build.load(targets, row));
    Value exists = build.both(build.less(build.index(-1), target), build.less(target, build.index(rows)));
    Value id = build.select(exists, target, zero);
    Value outer = build.div(id, panel), inner = build.rem(id, panel);
    SmallVector<Value> sum = build.forLoop(
        zero, build.index(getColumns(input)), 1, {build.f32(0)},
        [&](Value k, ValueRange carried) -> SmallVector<Value> {
          return {build.fma(build.load(input, {row, k}), build.load(weight, {outer, k, inner}), carried[0])};
        });
    Value none = build.f32(std::numeric_limits<float>::quiet_NaN());
    build.store(build.select(exists, sum[0], none), out, {row, zero});
  });
  return success();
}

//===- Blocks of logits --------------------------------------------------------------------------------------===//

namespace {

class LogprobsLowering {
public:
  LogprobsLowering(HostKernel &kernel, FusedLogprobsOp op)
      : kernel(kernel), build(kernel.build), op(op), logits(kernel.get(op.getLogits())),
        out(kernel.get(op.getOuts().front())), columns(getColumns(logits)), best(op.getBest()),
        ids(op.getPartial() ? 5 : 3), zero(build.index(0)),
        lowest(build.f32(-std::numeric_limits<float>::infinity())),
        none(build.f32(std::numeric_limits<float>::quiet_NaN())) {
    if (op.getCarry())
      carry = kernel.get(op.getCarry());
  }

  void lower(Value row);

private:
  /// What the blocks before have said of the row; a start without any.
  struct Past {
    Value largest, sum, targetLogit, rank, columns;
  };

  Value compare(arith::CmpFPredicate predicate, Value a, Value b) {
    return arith::CmpFOp::create(build.builder, build.loc, predicate, a, b);
  }
  Value either(Value a, Value b) { return arith::OrIOp::create(build.builder, build.loc, a, b); }
  Value integer(int64_t value) {
    return arith::ConstantOp::create(build.builder, build.loc, build.builder.getI32IntegerAttr(value));
  }
  Value toInteger(Value index) {
    return arith::IndexCastOp::create(build.builder, build.loc, build.builder.getI32Type(), index);
  }
  Value bitsOf(Value value, Type type) { return arith::BitcastOp::create(build.builder, build.loc, type, value); }
  Value loadInteger(Value buffer, Value column) {
    return bitsOf(build.load(buffer, {row, column}), build.builder.getI32Type());
  }
  void store(Value value, Value column) {
    if (value.getType().isInteger(32))
      value = bitsOf(value, build.builder.getF32Type());
    build.store(value, out, {row, column});
  }
  Value listed(Value place, int64_t from) { return build.add(place, from); }

  Past loadPast();
  void beginList();
  Value loadLogits(const Strip &strip, int64_t j, Value &isNumber);
  Value findLargest(const Past &past);
  std::pair<Value, Value> sumAndCount(Value largest, Value targetLogit, Value target);
  void listStrip(const Strip &strip, Value numbers);
  void insert(Value logit, Value id);
  Value findInList(Value id, Value rank);

  HostKernel &kernel;
  KernelBuilder &build;
  FusedLogprobsOp op;
  Value logits, out, carry;
  int64_t columns, best, ids; // `ids`: the column of the first id
  Value zero, lowest, none;
  Value row, base; // the columns of the blocks before
};

LogprobsLowering::Past LogprobsLowering::loadPast() {
  if (!carry)
    return {lowest, build.f32(0), none, integer(0), zero};
  auto at = [&](int64_t column) { return build.load(carry, {row, build.index(column)}); };
  return {at(0), at(1), at(2), loadInteger(carry, build.index(3)), build.toIndex(loadInteger(carry, build.index(4)))};
}

void LogprobsLowering::beginList() {
  build.forLoop(zero, build.index(best), 1, [&](Value i) {
    int64_t from = getLogprobsColumns(0, /*partial=*/true);
    Value id = carry ? loadInteger(carry, listed(i, from)) : integer(-1);
    Value logit = carry ? build.load(carry, {row, listed(i, from + best)}) : lowest;
    store(id, listed(i, ids));
    store(logit, listed(i, ids + best));
  });
}

/// Vector `j` of a strip; lanes without a column, and those that are no numbers, hold -inf.
Value LogprobsLowering::loadLogits(const Strip &strip, int64_t j, Value &isNumber) {
  Value x = build.loadStrip(logits, {row, zero}, strip, j);
  isNumber = compare(arith::CmpFPredicate::ORD, x, x);
  Value valid = isNumber;
  if (j + 1 == strip.vectors && strip.tail < build.lanes)
    valid = build.both(valid, build.maskBelow(strip.tail));
  return build.select(valid, x, build.broadcast(lowest));
}

/// The largest logit so far; NaN when there is a NaN.
Value LogprobsLowering::findLargest(const Past &past) {
  constexpr int64_t kVectors = 4;
  Value one = build.splat(1);
  SmallVector<Value> found = build.forStrips(
      columns, kVectors, {build.broadcast(lowest), build.splat(0)},
      [&](const Strip &strip, ValueRange carried) -> SmallVector<Value> {
        Value largest = carried[0], invalid = carried[1], isNumber;
        for (int64_t j = 0; j < strip.vectors; ++j) {
          largest = build.maxF(loadLogits(strip, j, isNumber), largest);
          invalid = build.select(isNumber, invalid, one);
        }
        return {largest, invalid};
      });
  Value largest = build.maxLanes(found[0]), invalid = build.maxLanes(found[1]);
  Value joined = build.select(compare(arith::CmpFPredicate::OGT, past.largest, largest), past.largest, largest);
  Value isNaN = either(compare(arith::CmpFPredicate::OGT, invalid, build.f32(0)),
                       compare(arith::CmpFPredicate::UNO, past.largest, past.largest));
  return build.select(isNaN, none, joined);
}

/// The sum of exponentials of the distances to `reference`, and how many columns come before the target, which is
/// column `target` of this block or outside of it. Lists the best on the way.
std::pair<Value, Value> LogprobsLowering::sumAndCount(Value reference, Value targetLogit, Value target) {
  constexpr int64_t kVectors = 4;
  SmallVector<Value> sums = build.zeros(kVectors + 1);
  Value from = build.broadcast(reference), threshold = build.broadcast(targetLogit);
  Value one = build.splat(1), nothing = build.splat(0);
  sums = build.forStrips(columns, kVectors, sums, [&](const Strip &strip, ValueRange carried) {
    SmallVector<Value> next(carried);
    for (int64_t j = 0; j < strip.vectors; ++j) {
      Value isNumber, x = loadLogits(strip, j, isNumber);
      next[j] = build.addF(next[j], build.exp(build.subF(x, from)));
      // Lanes whose column is below the target's come before it also when they are equal.
      Value column = build.add(strip.column, j * build.lanes);
      Value isBelow = build.maskBelow(build.sub(target, column));
      Value isEqual = build.both(compare(arith::CmpFPredicate::OEQ, x, threshold), isBelow);
      Value isBefore = either(compare(arith::CmpFPredicate::OGT, x, threshold), isEqual);
      isBefore = build.both(isBefore, isNumber);
      if (j + 1 == strip.vectors && strip.tail < build.lanes)
        isBefore = build.both(isBefore, build.maskBelow(strip.tail));
      next[kVectors] = build.addF(next[kVectors], build.select(isBefore, one, nothing));
      if (best != 0)
        listStrip(Strip{column, 1, j + 1 == strip.vectors ? strip.tail : build.lanes}, x);
    }
    return next;
  });
  Value sum = build.addF(build.addF(sums[0], sums[1]), build.addF(sums[2], sums[3]));
  Value count = build.sumLanes(sums[kVectors]); // at most the columns of a block in a lane, exact in f32
  return {build.sumLanes(sum),
          arith::FPToSIOp::create(build.builder, build.loc, build.builder.getI32Type(), count)};
}

/// Puts what is among the best of one vector, whose numbers are `numbers`, into the list.
void LogprobsLowering::listStrip(const Strip &strip, Value numbers) {
  Value last = build.index(best - 1);
  Value worst = build.load(out, {row, listed(last, ids + best)});
  Value hasRoom = build.compare(arith::CmpIPredicate::slt, loadInteger(out, listed(last, ids)), integer(0));
  Value isBetter = compare(arith::CmpFPredicate::OGT, build.maxLanes(numbers), worst);
  build.ifThen(either(isBetter, hasRoom), [&] {
    Value end = build.add(strip.column, strip.tail);
    build.forLoop(strip.column, end, 1, [&](Value column) {
      Value logit = build.load(logits, {row, column});
      build.ifThen(compare(arith::CmpFPredicate::ORD, logit, logit),
                   [&] { insert(logit, toInteger(build.add(base, column))); });
    });
  });
}

/// Columns come in rising order: a new one goes after those that are equal, and what follows it moves by one.
void LogprobsLowering::insert(Value logit, Value id) {
  Value no = arith::ConstantOp::create(build.builder, build.loc, build.builder.getBoolAttr(false));
  build.forLoop(zero, build.index(best), 1, {logit, id, no},
                [&](Value i, ValueRange carried) -> SmallVector<Value> {
                  Value idPlace = listed(i, ids), logitPlace = listed(i, ids + best);
                  Value otherLogit = build.load(out, {row, logitPlace}), otherId = loadInteger(out, idPlace);
                  Value isEmpty = build.compare(arith::CmpIPredicate::slt, otherId, integer(0));
                  Value isLarger = compare(arith::CmpFPredicate::OGT, carried[0], otherLogit);
                  Value moves = either(carried[2], either(isEmpty, isLarger));
                  store(build.select(moves, carried[1], otherId), idPlace);
                  store(build.select(moves, carried[0], otherLogit), logitPlace);
                  return {build.select(moves, otherLogit, carried[0]), build.select(moves, otherId, carried[1]), moves};
                });
}

/// The place of `id` in the list; `rank` when it is not there.
Value LogprobsLowering::findInList(Value id, Value rank) {
  return build.forLoop(zero, build.index(best), 1, {rank}, [&](Value i, ValueRange carried) -> SmallVector<Value> {
    Value isHere = build.compare(arith::CmpIPredicate::eq, loadInteger(out, listed(i, ids)), id);
    return {build.select(isHere, toInteger(i), carried[0])};
  })[0];
}

void LogprobsLowering::lower(Value atRow) {
  row = atRow;
  Past past = loadPast();
  base = past.columns;
  beginList();
  Value id = build.load(kernel.get(op.getTargets()), row), target = build.sub(build.toIndex(id), base);
  Value isHere = build.both(build.less(build.index(-1), target), build.less(target, build.index(columns)));
  Value own = build.select(isHere, build.load(logits, {row, build.select(isHere, target, zero)}), past.targetLogit);
  Value threshold = op.getTargetLogits() ? build.load(kernel.get(op.getTargetLogits()), {row, zero}) : own;
  Value largest = findLargest(past);
  auto isEqual = [&](Value a, Value b) { return compare(arith::CmpFPredicate::OEQ, a, b); };
  Value isLowest = isEqual(largest, lowest), reference = build.select(isLowest, build.f32(0), largest);
  auto [sum, count] = sumAndCount(reference, threshold, target);
  sum = build.fma(past.sum, build.exp(build.subF(past.largest, reference)), sum);
  Value rank = build.add(past.rank, count), seen = build.add(base, columns);
  if (op.getPartial()) {
    Value values[] = {largest, sum, own, rank, toInteger(seen)};
    for (auto [column, value] : llvm::enumerate(values))
      store(value, build.index(column));
    return;
  }
  Value isInfinite = either(isLowest, isEqual(largest, build.f32(std::numeric_limits<float>::infinity())));
  Value exists = build.both(build.compare(arith::CmpIPredicate::sge, id, integer(0)),
                            build.less(build.toIndex(id), seen));
  store(build.select(isInfinite, largest, build.addF(largest, build.log(sum))), zero);
  store(own, build.index(1));
  store(build.select(exists, findInList(id, rank), integer(-1)), build.index(2));
}

} // namespace

static LogicalResult lowerLogprobs(HostKernel &kernel, FusedLogprobsOp op, Value tile) {
  LogprobsLowering lowering(kernel, op);
  forRowsOfTile(kernel, tile, [&](Value row) { lowering.lower(row); });
  return success();
}

void yoco::addLogprobsHostKernel(HostDevice &device) {
  addHostKernel(device, lowerTargetLogits);
  addHostKernel(device, lowerLogprobs);
}
