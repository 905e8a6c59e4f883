// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How many rows, or segments, a recorded step has: a step of other sizes runs as the next larger recorded one, with
// padding.
//
// Powers of two up to 256, then multiples of 256, and never more than the session's bound. So a step does at most twice
// the work that it needs when it is small and little more when it is large, and few steps are ever recorded.

#ifndef YOCO_RUNTIME_DEVICE_CUDA_ROWBUCKETS_H
#define YOCO_RUNTIME_DEVICE_CUDA_ROWBUCKETS_H

#include <cstdint>

namespace yoco::runtime::cuda {

constexpr uint64_t kBucketStep = 256;

/// The size of the recorded step for `count` of at most `bound`, both at least 1.
constexpr uint64_t bucketOf(uint64_t count, uint64_t bound) {
  uint64_t size = 1;
  while (size < count && size < kBucketStep)
    size *= 2;
  if (size < count)
    size = (count + kBucketStep - 1) / kBucketStep * kBucketStep;
  return size < bound ? size : bound;
}

/// Calls `body(size)` for every size that steps of at most `bound` are recorded with, from small to large.
template <typename Body>
void forEachBucket(uint64_t bound, Body body) {
  for (uint64_t size = bucketOf(1, bound);; size = bucketOf(size + 1, bound)) {
    body(size);
    if (size == bound)
      return;
  }
}

} // namespace yoco::runtime::cuda

#endif // YOCO_RUNTIME_DEVICE_CUDA_ROWBUCKETS_H
