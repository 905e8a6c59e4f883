// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// yoco-print-ptx: input and output are phase `program`; prints what kernels of target `nvptx` become. Without ptxas the
// report is a line that says so.

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "passes/Passes.h"
#include "passes/analysis/Phase.h"
#include "passes/target/Target.h"
#include "passes/lowering/nvptx/NvptxCodeGen.h"
#include "passes/lowering/nvptx/NvptxTarget.h"

namespace mlir::yoco {
#define GEN_PASS_DEF_PRINTPTXPASS
#include "passes/Passes.h.inc"
} // namespace mlir::yoco

using namespace mlir;
using namespace mlir::yoco;

namespace {
struct PrintPtxPass : public mlir::yoco::impl::PrintPtxPassBase<PrintPtxPass> {
  using PrintPtxPassBase::PrintPtxPassBase;

  void runOnOperation() override {
    if (failed(expectPhase(getOperation(), getArgument(), {Phase::planned, Phase::program})))
      return signalPassFailure();
    SmallVector<gpu::GPUModuleOp> modules;
    getOperation().walk([&](gpu::GPUModuleOp module) { modules.push_back(module); });
    for (gpu::GPUModuleOp module : modules)
      if (failed(print(module)))
        return signalPassFailure();
  }

private:
  LogicalResult print(gpu::GPUModuleOp module) {
    TargetAttr target = getTargetAttrOf(module);
    if (!target)
      return failure();
    if (target.getDevice() != NvptxDevice::kTraits.name)
      return success();
    StringRef machine = architecture.empty() ? target.getChip() : StringRef(architecture);
    std::unique_ptr<NvptxTarget> known = NvptxTarget::get(target, module.getLoc());
    if (!known)
      return failure();
    if (!known->getNvptxDevice().findChip(machine))
      return mlir::emitError(module.getLoc(), "expected architecture ")
             << known->getNvptxDevice().listChips() << ", got '" << machine << "'";
    FailureOr<std::string> ptx = compileNvptxKernelsToPtx(module, target, machine);
    if (failed(ptx))
      return failure();
    if (!report) {
      llvm::outs() << *ptx;
      return success();
    }
    std::optional<std::string> ptxas = findPtxas();
    if (!ptxas) {
      llvm::outs() << "no ptxas\n";
      return success();
    }
    llvm::Expected<AssembledPtx> assembled = assemblePtx(*ptxas, *ptx, machine);
    if (!assembled)
      return mlir::emitError(module.getLoc()) << llvm::toString(assembled.takeError());
    for (const KernelResources &kernel : assembled->kernels)
      llvm::outs() << kernel.name << ": " << kernel.registers << " registers, " << kernel.stackBytes
                   << " bytes of stack, " << kernel.spillBytes << " bytes spilled, " << kernel.sharedBytes
                   << " bytes of shared memory\n";
    return success();
  }
};
} // namespace
