// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A model whose kernels are launched in clusters, for a GPU that has them (compute capability 9.0): its logits say what
// each block saw of its cluster (test/gpu/checks/launches.py).

#ifndef YOCO_TEST_RUNTIME_TOYCLUSTER_H
#define YOCO_TEST_RUNTIME_TOYCLUSTER_H

#include "test/runtime/ToyCuda.h"

namespace yoco::test {

/// The toy with PTX for sm_90 alone. Two blocks, a cluster, have four rows: the block whose rank is the row's last bit
/// writes 1000 * blocks of the cluster + 10 * the other block's number, which it reads from that block's shared memory,
/// + its own rank.
ToyModel toyForClusters();

} // namespace yoco::test

#endif // YOCO_TEST_RUNTIME_TOYCLUSTER_H
