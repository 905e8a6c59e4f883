// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/lowering/Targets.h"
#include "passes/lowering/host/HostKernelModel.h"

void mlir::yoco::registerHostTarget(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *, YocoDialect *dialect) {
    auto &device = TargetRegistry::get(*dialect).getOrAdd<HostDevice>();
#define YOCO_HOST_KERNEL(name) add##name##HostKernel(device);
#include "passes/lowering/host/Kernels.def"
  });
}
