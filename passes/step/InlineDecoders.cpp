// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Input: phase `model`. Output: phase `model` without regions.
//
// Each decoder's block is moved in front of the decoder, its arguments become the operands, its yielded values the
// results.

#include "passes/Passes.h"
#include "passes/analysis/Phase.h"

namespace mlir::yoco {
#define GEN_PASS_DEF_INLINEDECODERSPASS
#include "passes/Passes.h.inc"
} // namespace mlir::yoco

using namespace mlir;
using namespace mlir::yoco;

namespace {
struct InlineDecodersPass : public yoco::impl::InlineDecodersPassBase<InlineDecodersPass> {
  void runOnOperation() override {
    if (failed(expectPhase(getOperation(), getArgument(), {Phase::model})))
      return signalPassFailure();
    SmallVector<Operation *> decoders;
    getOperation().walk([&](Operation *op) {
      if (isa<SelfDecoderOp, CrossDecoderOp>(op))
        decoders.push_back(op);
    });
    for (Operation *decoder : decoders)
      inlineDecoder(decoder);
    numInlined += decoders.size();
  }

  void inlineDecoder(Operation *decoder) {
    auto layer = StringAttr::get(&getContext(), decoder->getName().stripDialect());
    Block &body = decoder->getRegion(0).front();
    Operation *yield = body.getTerminator();
    for (Operation &op : body.without_terminator())
      if (!op.hasAttr(YocoDialect::getLayerAttrName()))
        op.setAttr(YocoDialect::getLayerAttrName(), layer);
    for (auto [argument, operand] : llvm::zip_equal(body.getArguments(), decoder->getOperands()))
      argument.replaceAllUsesWith(operand);
    decoder->replaceAllUsesWith(yield->getOperands());
    yield->erase();
    decoder->getBlock()->getOperations().splice(decoder->getIterator(), body.getOperations());
    decoder->erase();
  }
};
} // namespace
