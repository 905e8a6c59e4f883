// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/lowering/nvptx/NvptxTarget.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "passes/lowering/Kernels.h"
#include "passes/lowering/nvptx/NvptxCodeGen.h"
#include "passes/lowering/nvptx/NvptxKernelModel.h"

using namespace mlir;
using namespace mlir::yoco;

/// Rows of a step that the few-row kernels are made for: those of one tensor core instruction.
static constexpr int64_t kFewRows = 16;
/// From here on a cache of one kv head already has blocks for half of the multiprocessors without being divided.
static constexpr int64_t kMostBucket = 64;

//===- Device ------------------------------------------------------------------------------------------------===//

void NvptxDevice::addKernel(StringRef operation, std::unique_ptr<NvptxKernelModel> kernel) {
  setKernel(operation, std::move(kernel));
}

const NvptxChip *NvptxDevice::findChip(StringRef name) const {
  const auto *chip = llvm::find_if(chips, [&](const NvptxChip &known) { return known.name == name; });
  return chip == chips.end() ? nullptr : chip;
}

std::string NvptxDevice::listChips() const {
  std::vector<std::string> names;
  for (const NvptxChip &chip : chips)
    names.push_back(chip.name.str());
  return joinNames(names);
}

std::unique_ptr<Target> NvptxDevice::createTarget(TargetAttr attr, Location loc) const {
  const NvptxChip *chip = findChip(attr.getChip());
  if (!chip) {
    emitError(loc) << "expected " << listChips() << " as the processor of target `nvptx`, got '"
                   << attr.getChip() << "'";
    return nullptr;
  }
  if (!attr.getCompute().isF32() && !attr.getCompute().isBF16()) {
    emitError(loc) << "expected compute type bf16 or f32 for target `nvptx`, got " << attr.getCompute();
    return nullptr;
  }
  return std::make_unique<NvptxTarget>(*this, *chip, attr.getCompute().isBF16());
}

std::optional<TargetCode> NvptxDevice::compile(Operation *module, TargetAttr attr) const {
  auto kernels = dyn_cast<gpu::GPUModuleOp>(module);
  if (!kernels) {
    module->emitError("expected a gpu.module of kernels for target `nvptx`, got '") << module->getName() << "'";
    return std::nullopt;
  }
  if (!NvptxTarget::get(attr, module->getLoc()))
    return std::nullopt;
  FailureOr<NvptxCode> compiled = compileNvptxKernels(kernels, attr);
  if (failed(compiled))
    return std::nullopt;
  TargetCode code;
  for (NvptxImage &compiledImage : compiled->images) {
    TargetCode::Image image;
    image.format = compiledImage.isCubin ? TargetCode::Image::Format::cubin : TargetCode::Image::Format::ptx;
    image.architecture = compiledImage.architecture;
    image.bytes = std::move(compiledImage.bytes);
    if (!compiledImage.isCubin)
      image.bytes.push_back(0);
    // What yoco_begin does where there is an instruction for it. PTX is for older architectures.
    const NvptxChip &chip = *findChip(image.architecture);
    image.startsEarly = chip.startsEarly;
    for (auto kernel : kernels.getOps<gpu::GPUFuncOp>()) {
      FailureOr<TargetCode::Block> block = getImageLaunch(kernel, image.architecture, chip.sharedBytesPerBlock);
      if (failed(block))
        return std::nullopt;
      image.blocks[kernel.getName()] = *block;
    }
    code.images.push_back(std::move(image));
  }
  return code;
}

//===- Target ------------------------------------------------------------------------------------------------===//

std::unique_ptr<NvptxTarget> NvptxTarget::get(TargetAttr attr, Location loc) {
  return std::unique_ptr<NvptxTarget>(static_cast<NvptxTarget *>(Target::get(attr, loc).release()));
}

/// Powers of two, as recorded steps are padded to: the parts of an attention halve where the rows double. Attentions of
/// ragged segments are not divided; what is left are the products.
SmallVector<int64_t> NvptxTarget::getRowBuckets(const StepShape &step) const {
  SmallVector<int64_t> buckets;
  for (int64_t rows = step.onePerSegment ? 1 : kFewRows; rows <= kMostBucket && rows < step.rows; rows *= 2)
    buckets.push_back(rows);
  return buckets;
}

/// Few rows read a long cache faster one by one, each in parts, than all at once by the blocks of one tile. Wanted rows
/// multiply the programs for numbers of rows, so that there are fewer of them: up to four times the parts.
SmallVector<int64_t> NvptxTarget::getWantedBuckets(int64_t wanted) const {
  SmallVector<int64_t> buckets;
  for (int64_t rows = 1; rows <= kFewRows; rows *= 4)
    if (buckets.empty() || buckets.back() < wanted)
      buckets.push_back(std::min(rows, wanted));
  return buckets;
}

int64_t NvptxTarget::getMaxRows(const StepShape &step) const { return step.rows <= kFewRows ? kFewRows : 0; }

int64_t NvptxTarget::getRetentionSpan(int64_t keyWidth, int64_t valueWidth) const {
  return bf16 ? nvptx::retentionSpan(keyWidth, valueWidth) : 0;
}

int64_t NvptxTarget::getAttentionSplits(const StepShape &step, CacheType keys, int64_t window) const {
  if (!step.onePerSegment)
    return 0;
  return nvptx::attentionSplits(chip.multiprocessors, step.segments, window, keys.getHeads());
}

FloatType NvptxTarget::getStorageType(MLIRContext *context) const {
  return bf16 ? FloatType(BFloat16Type::get(context)) : FloatType(Float32Type::get(context));
}
