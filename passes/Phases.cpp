// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/Phases.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "passes/analysis/States.h"

using namespace mlir;
using namespace mlir::yoco;

static bool isFromDialect(Operation *op, ArrayRef<StringRef> names) {
  return llvm::is_contained(names, op->getName().getDialectNamespace());
}

/// Structure that every phase has.
static bool isStructure(Operation *op) { return isa<ModuleOp, func::FuncOp, func::ReturnOp, ParameterOp>(op); }

/// Row dataflow without mixers: elementwise arithmetic, shapes, and the dialect's row-wise operations.
static bool isRowDataflow(Operation *op) {
  return isa<RowWiseOpInterface>(op) || isFromDialect(op, {"arith", "math", "tensor"});
}

static bool isModelOp(Operation *op) {
  if (auto positions = dyn_cast<PositionsOp>(op))
    return !positions.getSegments();
  if (isa<NarrowOp>(op))
    return false;
  return isRowDataflow(op) || isa<RowMixerOpInterface, SelfDecoderOp, CrossDecoderOp, YieldOp>(op);
}

static bool isStepOp(Operation *op) {
  if (auto positions = dyn_cast<PositionsOp>(op))
    return static_cast<bool>(positions.getSegments());
  if (auto function = dyn_cast<func::FuncOp>(op))
    return static_cast<bool>(getEntry(function));
  bool usesState = isa<StateOpInterface>(op) && !isa<RowKernelOpInterface>(op);
  return isRowDataflow(op) || usesState || isa<StateDeclOp, StepAttentionOp, NarrowSegmentsOp>(op);
}

static bool isFusedOp(Operation *op) {
  if (isa<RowKernelOpInterface>(op))
    return !isBufferForm(op);
  if (auto generic = dyn_cast<linalg::GenericOp>(op))
    return generic.hasPureTensorSemantics();
  return isa<StateDeclOp, NarrowSegmentsOp, ParameterVectorOp, linalg::FillOp, linalg::YieldOp, tensor::DimOp,
             tensor::ExtractSliceOp, tensor::ConcatOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp,
             tensor::EmptyOp>(op) ||
         (isFromDialect(op, {"arith"}) && llvm::none_of(op->getResultTypes(), llvm::IsaPred<TensorType>)) ||
         op->getParentOfType<linalg::GenericOp>();
}

static bool isBufferView(Operation *op) {
  return isa<memref::SubViewOp, memref::ExpandShapeOp, memref::CollapseShapeOp, memref::DimOp, arith::ConstantOp>(op);
}

static bool isPlannedOp(Operation *op) {
  if (isa<RowKernelOpInterface>(op))
    return isBufferForm(op);
  if (auto generic = dyn_cast<linalg::GenericOp>(op))
    return generic.hasPureBufferSemantics();
  return isBufferView(op) || isa<StateDeclOp, ArenaOp, ViewOp, RowSetOp, StateRefOp, ParameterVectorOp, CopyOp>(op) ||
         op->getParentOfType<linalg::GenericOp>();
}

static bool isProgramOp(Operation *op) {
  if (isa<gpu::GPUModuleOp>(op))
    return op->hasAttr(kKernelsAttrName);
  if (op->getParentOfType<gpu::GPUModuleOp>())
    return isFromDialect(op, {"arith", "gpu", "llvm", "math", "scf", "vector"});
  auto module = op->getParentOfType<ModuleOp>();
  if (module && module->hasAttr(kKernelsAttrName))
    return isFromDialect(op, {"arith", "math", "scf", "vector", "memref", "cf", "index", "ub", "affine"});
  return isBufferView(op) ||
         isa<StateDeclOp, ArenaOp, ViewOp, RowSetOp, StateRefOp, PackedParameterOp, ParameterRefOp, LaunchOp, GemmOp,
             CopyOp>(op);
}

static bool belongsTo(Operation *op, Phase phase) {
  switch (phase) {
  case Phase::model:
    return isStructure(op) || isModelOp(op);
  case Phase::step:
    return isa<func::FuncOp>(op) ? isStepOp(op) : isStructure(op) || isStepOp(op);
  case Phase::fused:
    return isStructure(op) || isFusedOp(op);
  case Phase::planned:
    return isStructure(op) || isPlannedOp(op);
  case Phase::program:
    return isStructure(op) || isProgramOp(op);
  }
  llvm_unreachable("all phases are listed");
}

unsigned yoco::reportIllegalOps(ModuleOp module, Phase phase) {
  unsigned illegal = 0;
  module.walk([&](Operation *op) {
    if (belongsTo(op, phase))
      return;
    ++illegal;
    InFlightDiagnostic error = op->emitError("expected operations of phase `")
                               << stringifyPhase(phase) << "`, got '" << op->getName() << "'";
    if (auto function = dyn_cast<func::FuncOp>(op))
      error << " @" << function.getSymName() << " that is no entry point";
  });
  return illegal;
}
