// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Fused operations as calls of micro-kernels; the order of the arguments is that of kernels/nvptx/MicroKernels.h.

#include "passes/lowering/nvptx/NvptxKernel.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::yoco;

/// The columns of rows, which `value` is a buffer of.
static int64_t getColumns(Value value) { return cast<MemRefType>(value.getType()).getShape().back(); }

//===- Row-wise kernels --------------------------------------------------------------------------------------===//

static LogicalResult lower(NvptxKernel &kernel, FusedArgmaxOp op) {
  MicroKernelCall call(kernel, op, "yoco_argmax");
  call.number(kernel.rows).floatRows(op.getInput()).integer(getColumns(op.getInput())).pointer(op.getOuts().front());
  return call.emit();
}

static LogicalResult lower(NvptxKernel &kernel, FusedPositionsOp op) {
  MicroKernelCall call(kernel, op, "yoco_positions");
  call.number(kernel.segments).pointer(op.getSegments()).pointer(op.getOuts().front());
  return call.emit();
}

static LogicalResult lower(NvptxKernel &kernel, FusedEmbedOp op) {
  MicroKernelCall call(kernel, op, "yoco_embed");
  MemRefType table = kernel.parameters[0].second;
  Value out = op.getOuts().front();
  call.number(kernel.rows).pointer(op.getIds());
  call.parameter(0).kind(table.getElementType()).integer(table.getDimSize(0));
  call.integer(table.getStridesAndOffset().first.front()).real(op.getScaleAttr());
  call.integer(getColumns(out)).rows(out);
  return call.emit();
}

static LogicalResult lower(NvptxKernel &kernel, FusedNormOp op) {
  MicroKernelCall call(kernel, op, "yoco_norm");
  int64_t groups = op.getGroups();
  call.number(kernel.rows).rows(op.getInput());
  call.optionalVector(op.getWeightAttr() ? std::optional<unsigned>(0) : std::nullopt).real(op.getEpsAttr());
  call.integer(groups).integer(getColumns(op.getInput()) / groups);
  call.optionalFloatRows(op.getSwish()).rows(op.getOuts().front());
  return call.emit();
}

static LogicalResult lower(NvptxKernel &kernel, FusedRopeOp op) {
  MicroKernelCall call(kernel, op, "yoco_rope");
  int64_t heads = op.getHeads();
  call.number(kernel.rows).floatRows(op.getInput()).pointer(op.getPositions()).rope(op.getRope());
  call.integer(heads).integer(getColumns(op.getInput()) / heads).rows(op.getOuts().front());
  return call.emit();
}

//===- Linear groups -----------------------------------------------------------------------------------------===//

static int64_t getActivation(Activation activation) {
  switch (activation) {
  case Activation::none:
    return 0;
  case Activation::silu:
    return 1;
  case Activation::gelu:
    return 2;
  case Activation::swiglu:
    return 3;
  case Activation::geglu:
    return 4;
  }
  llvm_unreachable("all activations are listed");
}

static LogicalResult lower(NvptxKernel &kernel, FusedLinearOp op) {
  bool few = op.getMaxRows() != 0, gated = op.isGated();
  if (!few && op.getEps())
    return op.emitOpError("expected `max_rows` with a norm on target `nvptx`, got none");
  Value out = op.getOuts().front();
  MemRefType weight = kernel.parameters[0].second;
  if (gated && !op.getJoined())
    return op.emitOpError("expected `joined` weights of a gated group on target `nvptx`, got two matrices");
  if (weight.getRank() != 2 || weight.getDimSize(0) != getColumns(out) * (gated ? 2 : 1) ||
      weight.getDimSize(1) != getColumns(op.getInput()))
    return op.emitOpError("expected a matrix of ") << getColumns(out) * (gated ? 2 : 1) << " rows and "
                                                   << getColumns(op.getInput()) << " columns, got " << weight;
  if (few && kernel.bf16 && !weight.getElementType().isBF16())
    return op.emitOpError("expected a matrix of bf16 when computing in bf16, got ") << weight;

  MicroKernelCall call(kernel, op, few ? "yoco_linear_few" : "yoco_linear_tiled");
  call.number(kernel.rows).rows(op.getInput()).integer(getColumns(op.getInput())).parameter(0);
  if (gated)
    call.parameterRow(0, getColumns(out));
  else
    call.null();
  // Groups of several matrices have as many results as rows.
  call.kind(weight.getElementType()).integer(weight.getStridesAndOffset().first.front()).integer(getColumns(out));
  if (few) {
    call.flag(!kernel.bf16).optionalVector(op.getNormWeightAttr() ? std::optional<unsigned>(1) : std::nullopt);
    if (op.getEpsAttr())
      call.real(op.getEpsAttr());
    else
      call.real(-1.0f);
  }
  call.integer(getActivation(op.getActivation())).optionalFloatRows(op.getResidual()).rows(out);
  return call.emit();
}

//===- Mixers ------------------------------------------------------------------------------------------------===//

static LogicalResult lower(NvptxKernel &kernel, FusedRetentionOp op) {
  int64_t chunk = op.getChunk();
  if (chunk && (op.getEps() || op.getSwish()))
    return op.emitOpError("expected no norm and no swish gate with `chunk` on target `nvptx`");
  ArrayRef<int64_t> state = op.getState().getType().getShape();
  if (!op.getState().getType().getElement().isF32())
    return op.emitOpError("expected a state of f32, got ") << op.getState().getType();

  MicroKernelCall call(kernel, op, chunk ? "yoco_retention_chunk" : "yoco_retention_step");
  call.number(kernel.rows).number(kernel.segments);
  for (Value operand : {op.getQuery(), op.getKey(), op.getValue(), op.getGate()})
    call.floatRows(operand);
  call.pointer(op.getPositions()).pointer(op.getSegments()).pointer(op.getState()).rope(op.getRopeAttr());
  call.real(op.getScaleAttr());
  if (op.getGateDivisorAttr())
    call.real(op.getGateDivisorAttr());
  else
    call.real(0.0f);
  if (chunk) {
    call.integer(chunk);
  } else {
    if (op.getEpsAttr())
      call.real(op.getEpsAttr());
    else
      call.real(-1.0f);
    call.optionalFloatRows(op.getSwish());
  }
  call.integer(state[0]).integer(state[1]).integer(state[2]).rows(op.getOuts().front());
  return call.emit();
}

static LogicalResult lower(NvptxKernel &kernel, FusedAttentionOp op) {
  KVCacheType cache = op.getCache().getType();
  int64_t splits = op.getSplits();
  MicroKernelCall call(kernel, op, splits ? "yoco_attention_split" : "yoco_attention_rows");
  call.number(kernel.rows).number(kernel.segments).number(kernel.seq).floatRows(op.getQuery());
  call.pointer(op.getPositions()).pointer(op.getSegments()).cache(op.getCache()).kind(cache.getElement());
  call.integer(cache.isRing() ? cache.getWindow() : 0);
  for (Value fresh : {op.getKeys(), op.getValues()}) {
    if (fresh)
      call.rows(fresh);
    else
      call.null().integer(0).integer(0);
  }
  call.rope(op.getRopeAttr()).integer(op.getWindow()).real(op.getScaleAttr());
  call.integer(op.getHeads()).integer(cache.getHeads()).integer(cache.getKey()).integer(cache.getValue());
  if (splits)
    call.integer(splits).floatRows(op.getOuts().front());
  else
    call.rows(op.getOuts().front());
  return call.emit();
}

static LogicalResult lower(NvptxKernel &kernel, FusedAttentionMergeOp op) {
  MicroKernelCall call(kernel, op, "yoco_attention_merge");
  Value out = op.getOuts().front();
  int64_t heads = op.getHeads();
  call.number(kernel.rows).pointer(op.getSegments()).floatRows(op.getPartial());
  call.integer(op.getSplits()).integer(heads).integer(getColumns(out) / heads).rows(out);
  return call.emit();
}

static LogicalResult lower(NvptxKernel &kernel, FusedCacheWriteOp op) {
  KVCacheType cache = op.getCache().getType();
  MicroKernelCall call(kernel, op, "yoco_cache_write");
  call.number(kernel.rows).number(kernel.segments).number(kernel.seq).rows(op.getKeys()).rows(op.getValues());
  call.pointer(op.getPositions()).pointer(op.getSegments()).cache(op.getCache()).kind(cache.getElement());
  call.integer(cache.isRing() ? cache.getWindow() : 0);
  call.integer(cache.getHeads()).integer(cache.getKey()).integer(cache.getValue()).rope(op.getRopeAttr());
  return call.emit();
}

LogicalResult yoco::lowerToMicroKernel(NvptxKernel &kernel, Operation *op) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case<FusedPositionsOp, FusedArgmaxOp, FusedEmbedOp, FusedNormOp, FusedRopeOp, FusedLinearOp, FusedRetentionOp,
            FusedAttentionOp, FusedAttentionMergeOp, FusedCacheWriteOp>([&](auto op) { return lower(kernel, op); })
      .Default(
          [&](Operation *op) { return op->emitOpError("expected an operation that target `nvptx` has a kernel for"); });
}
