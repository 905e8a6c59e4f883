// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/lowering/Targets.h"
#include "passes/lowering/nvptx/NvptxKernelModel.h"

void mlir::yoco::registerNvptxTarget(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *, YocoDialect *dialect) {
    auto &device = TargetRegistry::get(*dialect).getOrAdd<NvptxDevice>();
#define YOCO_NVPTX_KERNEL(name) add##name##NvptxKernel(device);
#include "passes/lowering/nvptx/Kernels.def"
  });
}
