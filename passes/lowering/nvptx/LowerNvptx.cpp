// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// yoco-lower-nvptx: the kernels of a planned module for target `nvptx`, to a gpu.module (phase `planned` to `program`).
//
//   1. A gpu.module takes the place of the module of kernels, a kernel with the same name that of each function. Its
//      arguments are words: rows, segments, seq, and the address of each buffer. It says how it is launched.
//   2. Its body is the call of a micro-kernel with every shape a constant, or generated code for elementwise
//      arithmetic.
//
// Kernels for other targets are left alone. Refused: a body with another operation in it, element types that a
// micro-kernel does not take.

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/Passes.h"
#include "passes/analysis/Phase.h"
#include "passes/lowering/Kernels.h"
#include "passes/lowering/nvptx/NvptxKernelModel.h"

namespace mlir::yoco {
#define GEN_PASS_DEF_LOWERNVPTXPASS
#include "passes/Passes.h.inc"
} // namespace mlir::yoco

using namespace mlir;
using namespace mlir::yoco;

namespace {

/// Arguments in front of the buffers: rows, segments, seq, begin and end before, the first three of them afterwards.
constexpr unsigned kArgumentsBefore = 5, kNumbers = 3;

class LowerNvptxPass : public mlir::yoco::impl::LowerNvptxPassBase<LowerNvptxPass> {
public:
  using LowerNvptxPassBase::LowerNvptxPassBase;

  void runOnOperation() override {
    auto lower = [&](ModuleOp kernels, const Target &target) {
      return lowerModule(kernels, static_cast<const NvptxTarget &>(target));
    };
    if (failed(expectPhase(getOperation(), getArgument(), {Phase::planned, Phase::program})) ||
        failed(forEachKernelModule(getOperation(), NvptxDevice::kTraits.name, lower)))
      signalPassFailure();
  }

private:
  LogicalResult lowerModule(ModuleOp module, const NvptxTarget &target) {
    OpBuilder builder(module);
    auto kernels = gpu::GPUModuleOp::create(builder, module.getLoc(), *module.getSymName());
    kernels->setAttr(kKernelsAttrName, builder.getUnitAttr());
    if (Attribute stride = module->getAttr(kRecordStrideAttrName))
      kernels->setAttr(kRecordStrideAttrName, stride);
    // All errors of a module, not the first alone.
    LogicalResult result = success();
    for (auto function : module.getOps<func::FuncOp>())
      if (failed(lowerKernel(function, kernels, target)))
        result = failure();
    if (succeeded(result))
      module.erase();
    else
      kernels.erase();
    return result;
  }

  LogicalResult lowerKernel(func::FuncOp function, gpu::GPUModuleOp kernels, const NvptxTarget &target) {
    Operation *op = getOnlyOperation(function);
    if (!op || failed(checkKernelArguments(function, op)))
      return failure();
    auto *model = static_cast<const NvptxKernelModel *>(target.getKernel(op));
    if (!model)
      return failure();
    gpu::GPUFuncOp lowered = makeFunction(function, op, kernels);
    OpBuilder builder = OpBuilder::atBlockBegin(&lowered.getBody().front());
    NvptxKernel kernel(builder, kernels, lowered, target);
    mapArguments(function, lowered, kernel);
    if (!model->waitsByItself(op) && failed(BeginCall(kernel, op).emit()))
      return failure();
    if (failed(model->lower(kernel, op)))
      return failure();
    ++(isa<RowKernelOpInterface>(op) ? numKernels : numElementwise);
    gpu::ReturnOp::create(builder, function.getLoc());
    NamedAttrList images;
    for (const NvptxChip *chip : target.getImageChips()) {
      TargetCode::Block block = model->getBlock(op, target, *chip);
      if (failed(checkBlock(op, block, model->getTiles(op, target), *chip)))
        return failure();
      images.set(chip->name, makeImageLaunch(builder.getContext(), block));
    }
    lowered->setAttr(kImagesAttrName, images.getDictionary(builder.getContext()));
    return success();
  }

  /// Whether `chip` can launch `block`, for a kernel with these tiles.
  static LogicalResult checkBlock(Operation *op, const TargetCode::Block &block, TilesAttr tiles,
                                  const NvptxChip &chip) {
    if (block.sharedBytes > static_cast<uint32_t>(chip.sharedBytesPerBlock))
      return op->emitOpError("expected a kernel with at most ")
             << chip.sharedBytesPerBlock << " bytes of shared memory on " << chip.name << ", got " << block.sharedBytes;
    if (block.cluster > 1 && !chip.clusters)
      return op->emitOpError("expected no clusters on ") << chip.name << ", got clusters of " << block.cluster;
    if (tiles.getMultiplier() % block.cluster != 0)
      return op->emitOpError("expected tiles whose multiplier is a multiple of the ")
             << block.cluster << " blocks of a cluster, got " << tiles;
    return success();
  }

  /// Words that stand for an argument of `type`: the address of each of its buffers.
  static unsigned countWords(Type type) { return getKernelBuffers(type, /*recordStride=*/0).size(); }

  /// A buffer that `op` writes its result to. A step may accumulate in place: then it is read as well.
  static bool isOut(Value argument, Operation *op) {
    SmallVector<Value> outs;
    if (auto kernel = dyn_cast<RowKernelOpInterface>(op))
      llvm::append_range(outs, kernel.getOutBuffers());
    if (auto structured = dyn_cast<DestinationStyleOpInterface>(op))
      llvm::append_range(outs, structured.getDpsInits());
    return llvm::is_contained(outs, argument) && llvm::count(op->getOperands(), argument) == 1;
  }

  /// An empty kernel at the end of `kernels`, with words instead of buffers.
  static gpu::GPUFuncOp makeFunction(func::FuncOp function, Operation *op, gpu::GPUModuleOp kernels) {
    OpBuilder builder = OpBuilder::atBlockEnd(kernels.getBody());
    Type address = LLVM::LLVMPointerType::get(builder.getContext());
    SmallVector<Type> types(kNumbers, builder.getI64Type());
    SmallVector<Attribute> attributes(kNumbers, builder.getDictionaryAttr({}));
    for (BlockArgument argument : function.getArguments().drop_front(kArgumentsBefore)) {
      NamedAttrList list;
      list.append(LLVM::LLVMDialect::getAlignAttrName(), builder.getI64IntegerAttr(64));
      // Weights never change, and the segment table not during a step. Everything else is written by kernels that may
      // still run when this one starts, so nothing of it may be read before yoco_begin: no promise about such memory.
      if (function.getArgAttr(argument.getArgNumber(), kParameterAttrName) || isa<SegmentsType>(argument.getType())) {
        list.append(LLVM::LLVMDialect::getNoAliasAttrName(), builder.getUnitAttr());
        list.append(LLVM::LLVMDialect::getReadonlyAttrName(), builder.getUnitAttr());
      } else if (isOut(argument, op)) {
        // Written and never read, and no other buffer of the kernel overlaps it.
        list.append(LLVM::LLVMDialect::getNoAliasAttrName(), builder.getUnitAttr());
      }
      unsigned words = countWords(argument.getType());
      types.append(words, address);
      attributes.append(words, list.getDictionary(builder.getContext()));
    }
    auto lowered =
        gpu::GPUFuncOp::create(builder, function.getLoc(), function.getName(), builder.getFunctionType(types, {}));
    lowered->setAttr(gpu::GPUDialect::getKernelFuncAttrName(), builder.getUnitAttr());
    lowered.setArgAttrsAttr(builder.getArrayAttr(attributes));
    return lowered;
  }

  static void mapArguments(func::FuncOp function, gpu::GPUFuncOp lowered, NvptxKernel &kernel) {
    unsigned next = kNumbers;
    for (BlockArgument argument : function.getArguments().drop_front(kArgumentsBefore)) {
      unsigned words = countWords(argument.getType());
      for (unsigned i = 0; i < words; ++i)
        kernel.addresses[argument].push_back(lowered.getArgument(next + i));
      if (function.getArgAttr(argument.getArgNumber(), kParameterAttrName))
        kernel.parameters.emplace_back(lowered.getArgument(next), cast<MemRefType>(argument.getType()));
      next += words;
    }
  }
};

} // namespace
