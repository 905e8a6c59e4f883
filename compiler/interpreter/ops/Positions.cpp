// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "compiler/interpreter/Evaluations.h"

using namespace mlir;
using namespace mlir::yoco;

static llvm::Error evaluatePositions(Evaluation &at) {
  if (cast<PositionsOp>(at.op).getSegments())
    return llvm::createStringError("expected positions of one sequence, got 'yoco.positions' with segments");
  Array &result = at.makeResult();
  for (int64_t row = 0; row < result.getRows(); ++row)
    result.numbers[row] = row;
  return llvm::Error::success();
}

void mlir::yoco::addPositionsEvaluations(EvaluationTable &table) { table.add<PositionsOp>(evaluatePositions); }
