// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "compiler/interpreter/Evaluations.h"
#include <cmath>

using namespace mlir;
using namespace mlir::yoco;

/// One head over all rows, with its state.
static void scanHead(const Evaluation &at, double scale, int64_t head, Array &result) {
  const Array &query = at.operand(0), &key = at.operand(1), &value = at.operand(2), &gate = at.operand(3);
  int64_t keyWidth = key.shape[2], valueWidth = value.shape[2];
  std::vector<double> state(keyWidth * valueWidth);
  for (int64_t row = 0; row < query.getRows(); ++row) {
    ArrayRef<double> q = query.getHead(row, head), k = key.getHead(row, head), v = value.getHead(row, head);
    MutableArrayRef<double> out = result.getHead(row, head);
    double decay = std::exp(gate.getRow(row)[head]);
    for (int64_t i = 0; i < keyWidth; ++i)
      for (int64_t j = 0; j < valueWidth; ++j) {
        double &number = state[i * valueWidth + j];
        number = decay * number + scale * k[i] * v[j];
        out[j] += q[i] * number;
      }
  }
}

static llvm::Error evaluateRetention(Evaluation &at) {
  double scale = cast<GatedRetentionOp>(at.op).getScale().convertToDouble();
  Array &result = at.makeResult();
  parallelFor(result.shape[1], at.threads, [&](int64_t head) { scanHead(at, scale, head, result); });
  return llvm::Error::success();
}

void mlir::yoco::addGatedRetentionEvaluations(EvaluationTable &table) {
  table.add<GatedRetentionOp>(evaluateRetention);
}
