// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "compiler/interpreter/Evaluations.h"
#include <cmath>

using namespace mlir;
using namespace mlir::yoco;

static double dot(ArrayRef<double> a, ArrayRef<double> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i)
    sum += a[i] * b[i];
  return sum;
}

/// The softmax of `scores`, in place.
static void softmax(MutableArrayRef<double> scores) {
  double largest = *llvm::max_element(scores), sum = 0;
  for (double &score : scores)
    sum += score = std::exp(score - largest);
  for (double &score : scores)
    score /= sum;
}

static llvm::Error evaluateAttention(Evaluation &at) {
  auto op = cast<AttentionOp>(at.op);
  const Array &query = at.operand(0), &key = at.operand(1), &value = at.operand(2);
  Array &result = at.makeResult();
  int64_t heads = query.shape[1], group = heads / key.shape[1], window = op.getWindow();
  double scale = op.getScale().convertToDouble();
  parallelFor(query.getRows(), at.threads, [&](int64_t row) {
    int64_t first = window == 0 ? 0 : std::max<int64_t>(0, row - window + 1);
    std::vector<double> scores(row + 1 - first);
    for (int64_t head = 0; head < heads; ++head) {
      for (int64_t j = first; j <= row; ++j)
        scores[j - first] = scale * dot(query.getHead(row, head), key.getHead(j, head / group));
      softmax(scores);
      MutableArrayRef<double> out = result.getHead(row, head);
      for (int64_t j = first; j <= row; ++j)
        for (auto [sum, number] : llvm::zip_equal(out, value.getHead(j, head / group)))
          sum += scores[j - first] * number;
    }
  });
  return llvm::Error::success();
}

void mlir::yoco::addAttentionEvaluations(EvaluationTable &table) { table.add<AttentionOp>(evaluateAttention); }
