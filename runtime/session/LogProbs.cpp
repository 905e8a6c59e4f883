// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/session/LogProbs.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace yoco::runtime {

yoco_logprobs logProbs(const float *logits, uint32_t count, int32_t target) {
  float largest = logits[0];
  for (uint32_t i = 1; i < count; ++i)
    largest = logits[i] > largest || largest != largest ? logits[i] : largest;
  double sum = 0;
  for (uint32_t i = 0; i < count; ++i)
    // What is as large is 1 even when both are infinite.
    sum += logits[i] == largest ? 1 : std::exp(double(logits[i]) - double(largest));
  yoco_logprobs result = {float(double(largest) + std::log(sum)), std::numeric_limits<float>::quiet_NaN(), UINT32_MAX};
  if (target < 0)
    return result;
  result.target_logit = logits[target];
  result.rank = 0;
  for (uint32_t i = 0; i < count; ++i)
    result.rank += logits[i] > result.target_logit || (logits[i] == result.target_logit && i < uint32_t(target));
  return result;
}

void largestLogits(const float *logits, uint32_t count, uint32_t best, yoco_candidate *result) {
  std::fill(result, result + best, yoco_candidate{-1, -std::numeric_limits<float>::infinity()});
  yoco_candidate *end = result; // of those that are found
  for (uint32_t id = 0; id < count; ++id) {
    float logit = logits[id];
    if (logit != logit || (end == result + best && logit <= end[-1].logit))
      continue;
    if (end != result + best)
      ++end;
    yoco_candidate *place = end - 1;
    for (; place != result && place[-1].logit < logit; --place)
      *place = place[-1];
    *place = {int32_t(id), logit};
  }
}

} // namespace yoco::runtime
