// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The one place that turns the kind of a module of kernels into the compiler for it.

#include "passes/emit/TargetCode.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "passes/lowering/Kernels.h"
#include "passes/lowering/host/HostCodeGen.h"
#include "passes/lowering/host/HostTarget.h"
#include "passes/lowering/nvptx/NvptxCodeGen.h"
#include "passes/lowering/nvptx/NvptxTarget.h"

using namespace mlir;
using namespace mlir::yoco;

static std::optional<TargetCode> compile(ModuleOp kernels, TargetAttr target) {
  if (target.getDevice() != "host") {
    kernels.emitError("expected a gpu.module of kernels for target `") << target.getDevice() << "`, got a module";
    return std::nullopt;
  }
  FailureOr<std::vector<char>> object = compileHostKernels(kernels, target);
  if (failed(object))
    return std::nullopt;
  TargetCode code;
  code.bytes = std::move(*object);
  code.cpuFeatures = getCpuFeatures(target);
  return code;
}

/// The number `name` of a kernel, from 0 to `limit`.
static FailureOr<uint32_t> getNumber(gpu::GPUFuncOp kernel, StringRef name, int64_t limit) {
  auto number = kernel->getAttrOfType<IntegerAttr>(name);
  if (number && number.getValue().isSignedIntN(64) && number.getInt() >= 0 && number.getInt() <= limit)
    return static_cast<uint32_t>(number.getInt());
  kernel.emitOpError("expected `") << name << "` from 0 to " << limit << ", got " << kernel->getAttr(name);
  return failure();
}

static std::optional<TargetCode> compile(gpu::GPUModuleOp kernels, TargetAttr target) {
  if (target.getDevice() != "nvptx") {
    kernels.emitError("expected a module of kernels for target `") << target.getDevice() << "`, got a gpu.module";
    return std::nullopt;
  }
  TargetCode code;
  for (auto kernel : kernels.getOps<gpu::GPUFuncOp>()) {
    FailureOr<uint32_t> threads = getNumber(kernel, kThreadsAttrName, 1024);
    FailureOr<uint32_t> sharedBytes = getNumber(kernel, kSharedBytesAttrName, nvptx::kMaxSharedBytes);
    if (failed(threads) || failed(sharedBytes))
      return std::nullopt;
    code.blocks[kernel.getName()] = {*threads, *sharedBytes};
  }
  FailureOr<NvptxCode> compiled = compileNvptxKernels(kernels, target);
  if (failed(compiled))
    return std::nullopt;
  for (NvptxImage &image : compiled->images) {
    using Format = TargetCode::Image::Format;
    if (!image.isCubin)
      image.bytes.push_back(0);
    // What yoco_begin does where there is an instruction for it. PTX is for older architectures.
    int architecture = 0;
    StringRef digits = StringRef(image.architecture).drop_while([](char c) { return !llvm::isDigit(c); });
    (void)digits.consumeInteger(10, architecture);
    code.images.push_back({image.isCubin ? Format::cubin : Format::ptx, std::move(image.architecture),
                           std::move(image.bytes), architecture >= 90});
  }
  return code;
}

std::optional<TargetCode> mlir::yoco::compileKernels(Operation *kernels, TargetAttr target) {
  if (auto module = dyn_cast<gpu::GPUModuleOp>(kernels))
    return compile(module, target);
  return compile(cast<ModuleOp>(kernels), target);
}
