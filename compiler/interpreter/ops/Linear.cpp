// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each row of the matrix is converted once, and multiplied with all rows.

#include "compiler/interpreter/Evaluations.h"

using namespace mlir;
using namespace mlir::yoco;

/// In four sums, which the compiler can hold in vectors.
static double dot(ArrayRef<double> a, ArrayRef<double> b) {
  double sums[4] = {0, 0, 0, 0};
  size_t i = 0;
  for (; i + 4 <= a.size(); i += 4)
    for (size_t j = 0; j < 4; ++j)
      sums[j] += a[i + j] * b[i + j];
  for (; i < a.size(); ++i)
    sums[0] += a[i] * b[i];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

static llvm::Error evaluateLinear(Evaluation &at) {
  auto op = cast<LinearOp>(at.op);
  llvm::Expected<Parameter> weight = at.getParameter(op.getWeightAttr());
  if (!weight)
    return weight.takeError();
  const Array &input = at.operand(0);
  Array &result = at.makeResult();
  std::vector<double> bias(result.getRowSize());
  if (op.getBiasAttr()) {
    llvm::Expected<Parameter> stored = at.getParameter(op.getBiasAttr());
    if (!stored)
      return stored.takeError();
    stored->readRow(0, bias);
  }
  constexpr int64_t kColumns = 16; // of the result, for one call: a thread converts into one buffer
  parallelFor(llvm::divideCeil(weight->getRows(), kColumns), at.threads, [&](int64_t block) {
    std::vector<double> numbers(weight->getColumns());
    for (int64_t n = block * kColumns; n < std::min((block + 1) * kColumns, weight->getRows()); ++n) {
      weight->readRow(n, numbers);
      for (int64_t row = 0; row < input.getRows(); ++row)
        result.getRow(row)[n] = dot(input.getRow(row), numbers) + bias[n];
    }
  });
  return llvm::Error::success();
}

void mlir::yoco::addLinearEvaluations(EvaluationTable &table) { table.add<LinearOp>(evaluateLinear); }
