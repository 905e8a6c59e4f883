// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "compiler/interpreter/ScalarProgram.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/StringMap.h"
#include <cmath>

using namespace llvm;

namespace mlir::yoco {

/// minimum and maximum give NaN when an operand is NaN; minnum and maxnum the other operand.
static double withNaN(double a, double b, double chosen) { return std::isnan(a) || std::isnan(b) ? NAN : chosen; }

/// The function of an operation, by its name; of a comparison by its name and predicate. A new one is a row.
static const StringMap<ScalarProgram::Function> &getFunctions() {
  static const StringMap<ScalarProgram::Function> functions = {
      {"arith.addf", [](double a, double b, double) { return a + b; }},
      {"arith.subf", [](double a, double b, double) { return a - b; }},
      {"arith.mulf", [](double a, double b, double) { return a * b; }},
      {"arith.divf", [](double a, double b, double) { return a / b; }},
      {"arith.negf", [](double a, double, double) { return -a; }},
      {"arith.maximumf", [](double a, double b, double) { return withNaN(a, b, std::fmax(a, b)); }},
      {"arith.minimumf", [](double a, double b, double) { return withNaN(a, b, std::fmin(a, b)); }},
      {"arith.maxnumf", [](double a, double b, double) { return std::fmax(a, b); }},
      {"arith.minnumf", [](double a, double b, double) { return std::fmin(a, b); }},
      {"arith.select", [](double a, double b, double c) { return a != 0 ? b : c; }},
      {"arith.cmpf oeq", [](double a, double b, double) { return double(a == b); }},
      {"arith.cmpf ogt", [](double a, double b, double) { return double(a > b); }},
      {"arith.cmpf oge", [](double a, double b, double) { return double(a >= b); }},
      {"arith.cmpf olt", [](double a, double b, double) { return double(a < b); }},
      {"arith.cmpf ole", [](double a, double b, double) { return double(a <= b); }},
      {"arith.cmpf une", [](double a, double b, double) { return double(a != b); }},
      {"arith.extf", [](double a, double, double) { return a; }},
      {"arith.sitofp", [](double a, double, double) { return a; }},
      {"math.absf", [](double a, double, double) { return std::fabs(a); }},
      {"math.ceil", [](double a, double, double) { return std::ceil(a); }},
      {"math.cos", [](double a, double, double) { return std::cos(a); }},
      {"math.erf", [](double a, double, double) { return std::erf(a); }},
      {"math.exp", [](double a, double, double) { return std::exp(a); }},
      {"math.exp2", [](double a, double, double) { return std::exp2(a); }},
      {"math.expm1", [](double a, double, double) { return std::expm1(a); }},
      {"math.floor", [](double a, double, double) { return std::floor(a); }},
      {"math.fma", [](double a, double b, double c) { return a * b + c; }},
      {"math.log", [](double a, double, double) { return std::log(a); }},
      {"math.log1p", [](double a, double, double) { return std::log1p(a); }},
      {"math.powf", [](double a, double b, double) { return std::pow(a, b); }},
      {"math.rsqrt", [](double a, double, double) { return 1 / std::sqrt(a); }},
      {"math.sin", [](double a, double, double) { return std::sin(a); }},
      {"math.sqrt", [](double a, double, double) { return std::sqrt(a); }},
      {"math.tanh", [](double a, double, double) { return std::tanh(a); }},
  };
  return functions;
}

static ScalarProgram::Function findFunction(Operation *op) {
  std::string name = op->getName().getStringRef().str();
  if (auto compare = dyn_cast<arith::CmpFOp>(op))
    name += (" " + arith::stringifyCmpFPredicate(compare.getPredicate())).str();
  return getFunctions().lookup(name);
}

bool ScalarProgram::knows(Operation *op) { return findFunction(op) && op->getNumResults() == 1; }

unsigned ScalarProgram::addSlot(Value value, double number) {
  constants.push_back(number);
  return slotOf[value] = constants.size() - 1;
}

Expected<unsigned> ScalarProgram::getSlot(Value value) {
  if (auto it = slotOf.find(value); it != slotOf.end())
    return it->second;
  APFloat number(0.0);
  if (matchPattern(value, m_ConstantFloat(&number))) {
    bool losesInfo;
    number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &losesInfo);
    return addSlot(value, number.convertToDouble());
  }
  Operation *op = value.getDefiningOp();
  return createStringError("expected arithmetic on operands and constants, got a value of '" +
                           (op ? op->getName().getStringRef() : "a block argument") + "'");
}

Error ScalarProgram::add(Operation *op) {
  if (op->hasTrait<OpTrait::ConstantLike>())
    return Error::success();
  Call call;
  call.function = findFunction(op);
  if (!call.function || op->getNumOperands() > 3 || op->getNumResults() != 1)
    return createStringError("expected arithmetic that the interpreter knows, got '" + op->getName().getStringRef() +
                             "'");
  for (auto [number, operand] : enumerate(op->getOperands())) {
    Expected<unsigned> slot = getSlot(operand);
    if (!slot)
      return slot.takeError();
    call.operands[number] = *slot;
  }
  call.result = addSlot(op->getResult(0));
  calls.push_back(call);
  return Error::success();
}

Expected<ScalarProgram> ScalarProgram::compile(Block &block) {
  ScalarProgram program;
  for (BlockArgument argument : block.getArguments())
    program.addSlot(argument);
  for (Operation &op : block.without_terminator())
    if (Error error = program.add(&op))
      return std::move(error);
  for (Value value : block.getTerminator()->getOperands()) {
    Expected<unsigned> slot = program.getSlot(value);
    if (!slot)
      return slot.takeError();
    program.results.push_back(*slot);
  }
  // A call reads three slots, whatever it needs.
  if (program.constants.empty())
    program.constants.push_back(0);
  return program;
}

Expected<ScalarProgram> ScalarProgram::compile(Operation *op) {
  ScalarProgram program;
  Call call;
  call.function = findFunction(op);
  if (!knows(op) || op->getNumOperands() > 3)
    return createStringError("expected arithmetic that the interpreter knows, got '" + op->getName().getStringRef() +
                             "'");
  for (unsigned number = 0; number < op->getNumOperands(); ++number) {
    program.constants.push_back(0);
    call.operands[number] = number;
  }
  program.constants.push_back(0);
  call.result = program.constants.size() - 1;
  program.calls.push_back(call);
  program.results.push_back(call.result);
  return program;
}

} // namespace mlir::yoco
