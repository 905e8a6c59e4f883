// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/yoco-diff/Errors.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace yoco::diff {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

void ErrorSum::add(size_t row, const float *got, const double *expected, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    double difference = double(got[i]) - expected[i];
    differences[row] += difference * difference;
    expectations[row] += expected[i] * expected[i];
  }
}

/// NaN is as wrong as can be.
static double getRatio(double difference, double expectation) {
  if (difference == 0)
    return 0;
  double ratio = std::sqrt(difference / expectation);
  return std::isnan(ratio) ? kInfinity : ratio;
}

RelativeError ErrorSum::get() const {
  double difference = 0, expectation = 0;
  for (double square : differences)
    difference += square;
  for (double square : expectations)
    expectation += square;
  // A row of next to nothing beside others is compared with a millionth of their size.
  double least = expectation / double(std::max<size_t>(expectations.size(), 1)) * 1e-12;
  RelativeError error;
  error.whole = getRatio(difference, expectation);
  for (size_t row = 0; row < differences.size(); ++row) {
    double ratio = getRatio(differences[row], std::max(expectations[row], least));
    if (ratio > error.worst) {
      error.worst = ratio;
      error.row = row;
    }
  }
  return error;
}

/// The logarithm of the sum of e^number.
template <typename Number>
static double getLogSum(const Number *numbers, size_t count) {
  double largest = *std::max_element(numbers, numbers + count), sum = 0;
  for (size_t i = 0; i < count; ++i)
    sum += std::exp(double(numbers[i]) - largest);
  return largest + std::log(sum);
}

void LogitsSum::add(size_t row, const float *got, const double *expected) {
  errors.add(row, got, expected, vocabulary);
  double gotSum = getLogSum(got, vocabulary), expectedSum = getLogSum(expected, vocabulary), divergence = 0;
  for (size_t i = 0; i < vocabulary; ++i) {
    double logP = expected[i] - expectedSum, logQ = double(got[i]) - gotSum;
    divergence += std::exp(logP) * (logP - logQ);
  }
  if (std::isnan(divergence))
    divergence = kInfinity;
  divergence = std::max(divergence, 0.0); // below 0 by rounding alone
  ++total.rows;
  total.meanDivergence += divergence;
  total.largestDivergence = std::max(total.largestDivergence, divergence);
  total.equalChoices += std::max_element(got, got + vocabulary) - got ==
                        std::max_element(expected, expected + vocabulary) - expected;
}

LogitsError LogitsSum::get() const {
  LogitsError result = total;
  result.error = errors.get();
  result.meanDivergence /= double(std::max<size_t>(total.rows, 1));
  return result;
}

} // namespace yoco::diff
