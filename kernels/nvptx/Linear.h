// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What all linears have: their arguments and their epilogue.

#ifndef YOCO_KERNELS_NVPTX_LINEAR_H
#define YOCO_KERNELS_NVPTX_LINEAR_H

#include "kernels/nvptx/LaunchShapes.h"
#include "kernels/nvptx/Math.h"
#include "kernels/nvptx/MicroKernels.h"

namespace yoco::device {

struct Linear {
  int64_t rows;
  const void *x;
  int xKind, xStride, columns;
  const void *w0, *w1;
  int weightKind, weightStride, outputs;
  const void *normWeight;
  bool hasNormWeight;
  int normKind;
  float eps;
  int activation;
  const float *residual;
  bool hasResidual;
  int residualStride;
  void *out;
  int outKind, outStride;
  uint32_t tile;
  int multiprocessors; // of the chip; what does not depend on them has 0
};

YOCO_DEVICE bool isGated(const Linear &linear) { return linear.activation == kSwiglu || linear.activation == kGeglu; }

/// Activation, residual and store of one output. `b` is W1 x of a gated linear.
YOCO_DEVICE void finish(const Linear &linear, int64_t row, int output, float a, float b) {
  float value = a;
  if (linear.activation == kSilu || linear.activation == kSwiglu)
    value = silu(a);
  if (linear.activation == kGelu || linear.activation == kGeglu)
    value = gelu(a);
  if (isGated(linear))
    value *= b;
  if (linear.hasResidual)
    value += linear.residual[row * linear.residualStride + output];
  storeElement(linear.out, linear.outKind, row * linear.outStride + output, value);
}

} // namespace yoco::device

#endif // YOCO_KERNELS_NVPTX_LINEAR_H
