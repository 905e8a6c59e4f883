// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/lowering/nvptx/NvptxKernelModel.h"

using namespace mlir;
using namespace mlir::yoco;

static TileUnit getTileUnit(nvptx::BlockUnit unit) {
  switch (unit) {
  case nvptx::BlockUnit::constant:
    return TileUnit::constant;
  case nvptx::BlockUnit::rows:
    return TileUnit::rows;
  case nvptx::BlockUnit::segments:
    return TileUnit::segments;
  }
  llvm_unreachable("all units are listed");
}

TilesAttr NvptxKernelModel::getTiles(Operation *op, const Target &target) const {
  nvptx::LaunchShape shape = getShape(op, get(target));
  return TilesAttr::get(op->getContext(), getTileUnit(shape.unit), shape.divisor, shape.multiplier);
}

TargetCode::Block NvptxKernelModel::getBlock(Operation *op, const NvptxTarget &target, const NvptxChip &) const {
  nvptx::LaunchShape shape = getShape(op, target);
  TargetCode::Block block;
  block.threads = shape.threads;
  block.sharedBytes = shape.sharedBytes;
  block.cluster = shape.cluster;
  block.cooperative = shape.cooperative;
  return block;
}

ParameterForm NvptxKernelModel::getMatrixForm(const NvptxTarget &target, MLIRContext *context) {
  ParameterForm form;
  form.multiple = 8; // 16 bytes of bf16
  if (target.isBf16())
    form.element = BFloat16Type::get(context);
  return form;
}

ParameterForm NvptxKernelModel::getParameterForm(Operation *op, unsigned group, const Target &target) const {
  auto kernel = dyn_cast<RowKernelOpInterface>(op);
  if (kernel && kernel.getParameterGroups()[group].isMatrix)
    return getMatrixForm(get(target), op->getContext());
  return {};
}
