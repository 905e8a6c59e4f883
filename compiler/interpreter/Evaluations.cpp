// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "compiler/interpreter/Evaluations.h"

using namespace mlir;
using namespace mlir::yoco;

EvaluationTable::EvaluationTable() {
#define YOCO_EVALUATIONS(Name) add##Name##Evaluations(*this);
#include "compiler/interpreter/Evaluations.def"
}

Array &Evaluation::makeResult(unsigned number, int64_t rows) {
  auto type = cast<RankedTensorType>(op->getResult(number).getType());
  SmallVector<int64_t> shape(type.getShape());
  if (!shape.empty() && ShapedType::isDynamic(shape.front()))
    shape.front() = rows;
  return results[number] = Array(shape);
}
