// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "compiler/interpreter/Evaluations.h"

using namespace mlir;
using namespace mlir::yoco;

static llvm::Error evaluateEmbed(Evaluation &at) {
  auto op = cast<EmbedOp>(at.op);
  llvm::Expected<Parameter> table = at.getParameter(op.getTableAttr());
  if (!table)
    return table.takeError();
  double scale = op.getScale().convertToDouble();
  Array &result = at.makeResult();
  for (int64_t row = 0; row < result.getRows(); ++row) {
    int64_t id = at.operand(0).numbers[row];
    if (id < 0 || id >= table->getRows())
      return llvm::createStringError("expected ids from 0 to " + llvm::Twine(table->getRows() - 1) + ", got " +
                                     llvm::Twine(id));
    table->readRow(id, result.getRow(row));
    for (double &number : result.getRow(row))
      number *= scale;
  }
  return llvm::Error::success();
}

void mlir::yoco::addEmbedEvaluations(EvaluationTable &table) { table.add<EmbedOp>(evaluateEmbed); }
