// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What yoco.row_logprobs says of a row, in double.

#ifndef YOCO_TEST_KERNELS_LOGPROBSREFERENCE_H
#define YOCO_TEST_KERNELS_LOGPROBSREFERENCE_H

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace yoco::test {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct LogprobsRow {
  double logSum, target;
  int32_t rank;
  std::vector<int32_t> ids;
  std::vector<float> logits;
};

inline LogprobsRow getLogprobs(const std::vector<float> &logits, int32_t target, int best) {
  std::vector<int32_t> order;
  bool hasNaN = false;
  double largest = -kInfinity, sum = 0;
  for (size_t c = 0; c < logits.size(); ++c)
    if (std::isnan(logits[c])) {
      hasNaN = true;
    } else {
      order.push_back(static_cast<int32_t>(c));
      largest = std::max<double>(largest, logits[c]);
    }
  auto comesBefore = [&](int32_t a, int32_t b) {
    return logits[a] > logits[b] || (logits[a] == logits[b] && a < b);
  };
  std::sort(order.begin(), order.end(), comesBefore);
  for (int32_t c : order)
    sum += std::exp(logits[c] - largest);
  LogprobsRow row;
  row.logSum = hasNaN ? std::nan("") : std::isinf(largest) ? largest : largest + std::log(sum);
  bool exists = target >= 0 && target < static_cast<int32_t>(logits.size());
  row.target = exists ? logits[target] : std::nan("");
  row.rank = exists ? 0 : -1;
  for (int32_t c : order)
    row.rank += exists && comesBefore(c, target);
  for (int i = 0; i < best; ++i) {
    bool isThere = i < static_cast<int>(order.size());
    row.ids.push_back(isThere ? order[i] : -1);
    row.logits.push_back(isThere ? logits[order[i]] : -kInfinity);
  }
  return row;
}

/// Whether both are NaN, the same infinity, or near each other.
inline bool isNear(double value, double expected) {
  if (std::isnan(expected) || std::isinf(expected))
    return std::isnan(expected) ? std::isnan(value) : value == expected;
  return std::fabs(value - expected) <= 5e-6 + 1e-7 * std::fabs(expected);
}

} // namespace yoco::test

#endif // YOCO_TEST_KERNELS_LOGPROBSREFERENCE_H
