// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Log-probabilities of a row of logits, for files without an entry that gives them. See yoco_logprobs.

#ifndef YOCO_RUNTIME_SESSION_LOGPROBS_H
#define YOCO_RUNTIME_SESSION_LOGPROBS_H

#include "yoco/yoco.h"

#include <cstdint>

namespace yoco::runtime {

/// `target` is an id, or -1.
yoco_logprobs logProbs(const float *logits, uint32_t count, int32_t target);

/// The `best` largest of `count` logits. NaN is left out; where there is nothing else, the id is -1.
void largestLogits(const float *logits, uint32_t count, uint32_t best, yoco_candidate *result);

} // namespace yoco::runtime

#endif // YOCO_RUNTIME_SESSION_LOGPROBS_H
