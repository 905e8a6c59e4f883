// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Choosing an id from logits.

#ifndef YOCO_RUNTIME_SESSION_SAMPLING_H
#define YOCO_RUNTIME_SESSION_SAMPLING_H

#include "runtime/core/Status.h"

#include <cstdint>

namespace yoco::runtime {

/// The id of the largest logit, the lowest of equals; -1 when all are NaN.
int64_t largestLogit(const float *logits, uint32_t count);

/// See yoco_sample(). All fields of `options` are set.
Result<int32_t> sample(const float *logits, uint32_t count, const yoco_sampling_options &options, uint64_t counter);

} // namespace yoco::runtime

#endif // YOCO_RUNTIME_SESSION_SAMPLING_H
