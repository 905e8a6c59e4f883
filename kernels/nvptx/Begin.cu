// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/nvptx/MicroKernels.h"

namespace yoco::device {

YOCO_MICRO_KERNEL void yoco_begin() { waitForEarlierKernels(); }

} // namespace yoco::device
