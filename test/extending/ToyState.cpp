// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A state that the project does not know: each slot has a plane that grows and one that does not. Everything that a
// pass needs is an answer of the type or of the operations.

#include "dialect/YocoOps.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Pass/Pass.h"
#include "passes/planning/PrintMemoryPlan.h"
#include "test/extending/ToyState.h"
#include "llvm/ADT/TypeSwitch.h"

#include "test/extending/ToyState.h.inc"
#define GET_TYPEDEF_CLASSES
#include "test/extending/ToyStateTypes.h.inc"
#define GET_OP_CLASSES
#include "test/extending/ToyStateOps.h.inc"

#include "test/extending/ToyState.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "test/extending/ToyStateTypes.cpp.inc"
#define GET_OP_CLASSES
#include "test/extending/ToyStateOps.cpp.inc"

using namespace mlir;
using namespace mlir::yoco;
using namespace toy;

void ToyDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "test/extending/ToyStateTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "test/extending/ToyStateOps.cpp.inc"
      >();
}

//===- The state ---------------------------------------------------------------------------------------------===//

SmallVector<StatePlane> HistoryType::getPlanes() const {
  Type f32 = Float32Type::get(getContext());
  return {StatePlane{f32, {getWidth()}, /*grows=*/true}, StatePlane{f32, {getWidth()}, /*grows=*/false}};
}

std::string HistoryType::getDescription() const { return "history of rows"; }
std::string HistoryType::getSymbolPrefix(StringRef) const { return "history"; }

//===- Its mixer ---------------------------------------------------------------------------------------------===//

RowDemand RunningTotalOp::getOperandDemand(unsigned, ArrayRef<RowDemand> results, RowDemand) {
  return results[0].isNone() ? RowDemand::none() : RowDemand::all();
}

SmallVector<CachedRows> RunningTotalOp::getCachedRows() { return {}; }
SmallVector<Type> RunningTotalOp::getOwnStates() { return {HistoryType::get(getContext(), getType().getDimSize(1))}; }

SmallVector<Value> RunningTotalOp::buildStepForm(OpBuilder &builder, ValueRange operands, Value segments,
                                                 MutableArrayRef<Value> states) {
  auto step = StepTotalOp::create(builder, getLoc(), getType(), states[0].getType(), operands[0], segments, states[0]);
  states[0] = step.getNext();
  return {step.getResult()};
}

RowDemand StepTotalOp::getOperandDemand(unsigned, ArrayRef<RowDemand> results, RowDemand state) {
  return getHistory().getType().getOwedRows(state.join(results[0]));
}

SmallVector<Value> StepTotalOp::getReadStates() { return {getHistory()}; }
SmallVector<Value> StepTotalOp::getWrittenStates() { return {getHistory()}; }
SmallVector<Value> StepTotalOp::getNewStates() { return {getNext()}; }

//===- Registration ------------------------------------------------------------------------------------------===//

namespace {
/// What yoco-compile --plan prints.
struct PrintPlanPass : PassWrapper<PrintPlanPass, OperationPass<ModuleOp>> {
  StringRef getArgument() const override { return "toy-print-plan"; }
  void runOnOperation() override {
    if (failed(printMemoryPlan(getOperation(), llvm::outs())))
      signalPassFailure();
  }
};
} // namespace

void registerToyState(DialectRegistry &registry) {
  registry.insert<ToyDialect>();
  PassRegistration<PrintPlanPass>();
}
