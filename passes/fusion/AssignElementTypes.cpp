// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Input: fused operations, all in f32. Output: states that hold such rows (their types say so), and rows that are read
// as operands of matrix products alone, in the target's storage type.
//
//   1. States, and all their versions, get the storage type.
//   2. So do rows whose readers all round them before anything is computed with them: writing them rounded loses
//      nothing and halves the bytes. What else is computed with (the residual stream, gates, states, sums) keeps its
//      type, so that a value is rounded once on its way from one product to the next. Which operands are such, the
//      operations say.
//   3. Where f32 rows remain, kernels round what they read. Instructions of the runtime cannot: all instructions that
//      read the same rows get one rounded copy of them.
// Refused: modules without a target.

#include "dialect/RowArithmetic.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "passes/Passes.h"
#include "passes/analysis/Phase.h"
#include "passes/analysis/States.h"
#include "passes/fusion/Rows.h"
#include "passes/target/Target.h"

namespace mlir::yoco {
#define GEN_PASS_DEF_ASSIGNELEMENTTYPESPASS
#include "passes/Passes.h.inc"
} // namespace mlir::yoco

using namespace mlir;
using namespace mlir::yoco;

namespace {
struct AssignElementTypesPass : public yoco::impl::AssignElementTypesPassBase<AssignElementTypesPass> {
  void runOnOperation() override {
    if (failed(expectPhase(getOperation(), getArgument(), {Phase::step, Phase::fused})))
      return signalPassFailure();
    ModuleOp module = getOperation();
    std::unique_ptr<Target> target = getTargetOf(module);
    if (!target)
      return signalPassFailure();
    storage = target->getStorageType(&getContext());
    if (storage.isF32())
      return;
    for (auto state : module.getOps<StateDeclOp>()) {
      Type type = convertState(state.getType());
      numStates += type != state.getType();
      state.setType(type);
    }
    for (func::FuncOp entry : getEntryPoints(module)) {
      convertStates(entry);
      entry.walk([&](Operation *op) {
        if (isa<RowKernelOpInterface, linalg::GenericOp>(op))
          for (OpResult result : op->getResults())
            if (isReadAsStorage(result))
              convertRows(result);
      });
      copyForInstructions(entry, *target);
    }
  }

  Type convertState(Type type) {
    auto state = dyn_cast<StateTypeInterface>(type);
    return state ? state.withStorageElement(storage) : type;
  }

  /// All versions of all states of an entry point.
  void convertStates(func::FuncOp entry) {
    auto convert = [&](Value value) { value.setType(convertState(value.getType())); };
    llvm::for_each(entry.getArguments(), convert);
    entry.walk([&](Operation *op) { llvm::for_each(op->getResults(), convert); });
    SmallVector<Type> inputs(entry.getBody().getArgumentTypes());
    auto results = llvm::map_to_vector(entry.getResultTypes(), [&](Type type) { return convertState(type); });
    entry.setFunctionType(FunctionType::get(&getContext(), inputs, results));
  }

  /// f32 rows, all of whose readers round them.
  bool isReadAsStorage(OpResult result) {
    auto type = dyn_cast<RankedTensorType>(result.getType());
    auto generic = dyn_cast<linalg::GenericOp>(result.getOwner());
    if (generic && generic.getNumReductionLoops()) // sums stay f32
      return false;
    return type && type.getElementType().isF32() && !result.use_empty() &&
           llvm::all_of(result.getUses(), [](OpOperand &use) {
             auto reader = dyn_cast<RowKernelOpInterface>(use.getOwner());
             return reader && reader.isStorageOperand(use);
           });
  }

  void convertRows(OpResult result) {
    auto type = cast<RankedTensorType>(result.getType()).clone(storage);
    result.setType(type);
    ++numRows;
    auto generic = dyn_cast<linalg::GenericOp>(result.getOwner());
    if (!generic)
      return;
    // The init is of the result's type, and the body ends by rounding.
    OpOperand *init = generic.getDpsInitOperand(result.getResultNumber());
    OpBuilder builder(generic);
    if (auto empty = init->get().getDefiningOp<tensor::EmptyOp>())
      init->set(tensor::EmptyOp::create(builder, generic.getLoc(), type, empty.getDynamicSizes()));
    Block &body = generic.getRegion().front();
    body.getArgument(init->getOperandNumber()).setType(storage);
    OpOperand &yielded = body.getTerminator()->getOpOperand(result.getResultNumber());
    builder.setInsertionPoint(body.getTerminator());
    yielded.set(arith::TruncFOp::create(builder, generic.getLoc(), storage, yielded.get()));
  }

  /// Rounded copies of the f32 rows that instructions read.
  void copyForInstructions(func::FuncOp entry, const Target &target) {
    llvm::MapVector<Value, SmallVector<OpOperand *>> reads;
    entry.walk([&](RowKernelOpInterface reader) {
      const KernelModel *kernel = target.findKernel(reader);
      if (!kernel || !kernel->isInstruction(reader, target))
        return;
      for (OpOperand &operand : reader->getOpOperands()) {
        auto type = dyn_cast<RankedTensorType>(operand.get().getType());
        if (type && type.getElementType().isF32() && reader.isStorageOperand(operand))
          reads[operand.get()].push_back(&operand);
      }
    });
    for (auto &[rows, operands] : reads) {
      Value rounded = copyRounded(rows, operands.front()->getOwner());
      for (OpOperand *operand : operands)
        operand->set(rounded);
    }
  }

  /// `rows` in the storage type; `first` is the first to read that.
  Value copyRounded(Value rows, Operation *first) {
    auto type = cast<RankedTensorType>(rows.getType()).clone(storage);
    OpBuilder builder(first);
    Location loc = first->getLoc();
    Value empty = tensor::EmptyOp::create(builder, loc, type, ValueRange{getRowCount(builder, rows)});
    AffineMap map = builder.getMultiDimIdentityMap(type.getRank());
    SmallVector<utils::IteratorType> loops(type.getRank(), utils::IteratorType::parallel);
    auto body = [&](OpBuilder &nested, Location at, ValueRange elements) {
      linalg::YieldOp::create(nested, at, arith::TruncFOp::create(nested, at, storage, elements[0]).getResult());
    };
    auto copy = linalg::GenericOp::create(builder, loc, type, rows, empty, {map, map}, loops, body);
    copyLayer(first, copy);
    ++numRows;
    return copy.getResult(0);
  }

  FloatType storage;
};
} // namespace
