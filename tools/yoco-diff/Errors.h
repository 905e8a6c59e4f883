// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How far rows of numbers are from what they should be.

#ifndef YOCO_TOOLS_YOCODIFF_ERRORS_H
#define YOCO_TOOLS_YOCODIFF_ERRORS_H

#include <cstddef>
#include <vector>

namespace yoco::diff {

/// Infinite when a number is none.
struct RelativeError {
  double whole = 0; // |got - expected| / |expected| over all rows
  double worst = 0; // the same of one row, the largest
  size_t row = 0;   // of that
};

/// Collects rows in any order.
class ErrorSum {
public:
  explicit ErrorSum(size_t rows) : differences(rows), expectations(rows) {}

  void add(size_t row, const float *got, const double *expected, size_t count);
  RelativeError get() const;

private:
  std::vector<double> differences, expectations; // sums of squares
};

/// What two rows of logits say of the next token.
struct LogitsError {
  RelativeError error;
  size_t rows = 0;
  double meanDivergence = 0;    // of the distributions, in nats: sum of p log(p / q), p the reference's
  double largestDivergence = 0;
  size_t equalChoices = 0; // rows whose largest logit is the same
};

class LogitsSum {
public:
  LogitsSum(size_t rows, size_t vocabulary) : errors(rows), vocabulary(vocabulary) {}

  void add(size_t row, const float *got, const double *expected);
  LogitsError get() const;

private:
  ErrorSum errors;
  size_t vocabulary;
  LogitsError total;
};

} // namespace yoco::diff

#endif // YOCO_TOOLS_YOCODIFF_ERRORS_H
