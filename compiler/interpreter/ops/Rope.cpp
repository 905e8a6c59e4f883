// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "compiler/interpreter/Evaluations.h"
#include <cmath>

using namespace mlir;
using namespace mlir::yoco;

static llvm::Error evaluateRope(Evaluation &at) {
  RopeAttr rope = cast<RopeOp>(at.op).getRope();
  ArrayRef<float> frequencies = rope.getInvFreq().asArrayRef();
  const Array &input = at.operand(0), &positions = at.operand(1);
  Array &result = at.makeResult();
  int64_t width = input.shape[2];
  bool isHalf = rope.getStyle() == RopeStyle::half;
  for (int64_t row = 0; row < input.getRows(); ++row) {
    for (auto [pair, frequency] : llvm::enumerate(frequencies)) {
      // The angle is a product in f32 by the specification; its sine and cosine are those of that number.
      double angle = static_cast<float>(positions.numbers[row]) * frequency;
      double cosine = std::cos(angle), sine = std::sin(angle);
      int64_t i = isHalf ? pair : 2 * pair, j = isHalf ? pair + width / 2 : 2 * pair + 1;
      for (int64_t head = 0; head < input.shape[1]; ++head) {
        double a = input.getHead(row, head)[i], b = input.getHead(row, head)[j];
        result.getHead(row, head)[i] = a * cosine - b * sine;
        result.getHead(row, head)[j] = a * sine + b * cosine;
      }
    }
  }
  return llvm::Error::success();
}

void mlir::yoco::addRopeEvaluations(EvaluationTable &table) { table.add<RopeOp>(evaluateRope); }
