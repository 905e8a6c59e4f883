// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The toy model for GPUs, and the library that stands in for NVIDIA's (fake/FakeGpu.h).

#ifndef YOCO_TEST_RUNTIME_TOYCUDA_H
#define YOCO_TEST_RUNTIME_TOYCUDA_H

#include "test/runtime/ToyModel.h"

namespace yoco::test {

/// The toy with one variant, for device `cuda`: a cubin for sm_90a and PTX for sm_80, both of which are the host's
/// kernels. Segments are bias, PTX, tokenizer, cubin.
ToyModel toyForCuda(ToyBounds bounds = {});

/// Has entries decode and score add a matrix product to their logits: productLogits() instead of toyLogits().
void addProducts(ToyModel &toy);
std::vector<float> productLogits(const std::vector<int32_t> &ids);

/// Puts the variant of another toy after those that are there.
void addVariant(ToyModel &toy, ToyModel &&other);

/// What the stand-in makes of this machine: sets the environment variables that the runtime and it read. `what` as
/// fake/FakeGpu.h says.
void useFakeCuda(const std::string &what);
/// fakeCudaCounter() of it.
uint64_t fakeCounter(const char *name);

} // namespace yoco::test

#endif // YOCO_TEST_RUNTIME_TOYCUDA_H
