// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rows of a table, looked up by token id and scaled.

#include "passes/lowering/nvptx/NvptxKernelModel.h"

using namespace mlir;
using namespace mlir::yoco;

static nvptx::LaunchShape getShape(FusedEmbedOp op, const NvptxTarget &) {
  return nvptx::embedShape(getColumns(op.getOuts().front()));
}

static LogicalResult lowerEmbed(NvptxKernel &kernel, FusedEmbedOp op) {
  auto [table, type] = kernel.parameters[0];
  EmbedCall call(kernel, op);
  call.rows = kernel.rows;
  call.ids = op.getIds();
  call.table = table;
  call.tableKind = type.getElementType();
  call.tableRows = type.getDimSize(0);
  call.tableStride = type.getStridesAndOffset().first.front();
  call.scale = op.getScale();
  call.columns = getColumns(op.getOuts().front());
  call.out = op.getOuts().front();
  return call.emit();
}

namespace {
class EmbedKernel final : public NvptxKernelModelFor<FusedEmbedOp> {
public:
  EmbedKernel() : NvptxKernelModelFor(::getShape, lowerEmbed) {}

  /// A table has the form of a matrix, so that one that is also multiplied by is stored once.
  ParameterForm getParameterForm(Operation *op, unsigned group, const Target &target) const override {
    return getMatrixForm(get(target), op->getContext());
  }
};
} // namespace

void mlir::yoco::addEmbedNvptxKernel(NvptxDevice &device) {
  device.addKernel(FusedEmbedOp::getOperationName(), std::make_unique<EmbedKernel>());
}
