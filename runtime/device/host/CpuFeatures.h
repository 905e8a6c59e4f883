// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the processor can do, by the names that LLVM uses.

#ifndef YOCO_RUNTIME_DEVICE_HOST_CPUFEATURES_H
#define YOCO_RUNTIME_DEVICE_HOST_CPUFEATURES_H

#include "runtime/core/Status.h"

namespace yoco::runtime {

/// OK when this machine's processor and operating system offer `feature`,
/// "avx2" say.
Status checkCpuFeature(const char *feature);

} // namespace yoco::runtime

#endif // YOCO_RUNTIME_DEVICE_HOST_CPUFEATURES_H
