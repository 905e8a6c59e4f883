// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sampling without memory: top-k and top-p keep the ids that come first by
// (logit descending, id ascending). Such a set is all logits above a threshold
// and the first few of those equal to it, so it is found by narrowing the
// threshold down, one byte of the logit's ordered bits at a time.

#include "runtime/session/Sampling.h"

#include "runtime/schema/GeneratedParameters.h"

#include <cmath>
#include <cstring>

namespace yoco::runtime {

namespace {

/// An unsigned number that orders as the logit does; NaN and minus infinity
/// come out lowest.
uint32_t orderedBits(float logit) {
  if (std::isnan(logit))
    logit = -INFINITY;
  if (logit == 0.0f)
    logit = 0.0f; // minus zero is no less than zero
  uint32_t bits;
  memcpy(&bits, &logit, sizeof(bits));
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

/// The ids that come first: those whose key is above `threshold`, and the first
/// `ties` of those equal to it.
struct Kept {
  uint32_t threshold = 0;
  uint64_t ties = UINT64_MAX;
};

/// Calls `visit(id, key)` for the kept ids in ascending order, until it returns
/// false.
template <typename Visit>
void forEachKept(const float *logits, uint32_t count, Kept kept, Visit visit) {
  uint64_t ties = 0;
  for (uint32_t id = 0; id < count; ++id) {
    uint32_t key = orderedBits(logits[id]);
    if (key < kept.threshold || (key == kept.threshold && ties++ >= kept.ties))
      continue;
    if (!visit(id, key))
      return;
  }
}

/// Of the kept ids, the first whose weights add up to `target`.
template <typename Weight>
Kept narrow(const float *logits, uint32_t count, Kept kept, double target, Weight weight) {
  uint32_t prefix = 0; // the threshold's bytes found so far
  double above = 0;    // weight of the keys above all that begin with it
  for (int shift = 24; shift >= 0; shift -= 8) {
    double sums[256] = {};
    forEachKept(logits, count, kept, [&](uint32_t id, uint32_t key) {
      if (shift == 24 || key >> (shift + 8) == prefix >> (shift + 8))
        sums[key >> shift & 0xFF] += weight(logits[id]);
      return true;
    });
    int byte = 255;
    while (byte > 0 && above + sums[byte] < target)
      above += sums[byte--];
    // Rounding may leave the target just out of reach: then everything is kept.
    if (byte == 0 && above + sums[0] < target && prefix == 0)
      return kept;
    prefix |= uint32_t(byte) << shift;
  }
  Kept result;
  result.threshold = prefix;
  float value = 0;
  forEachKept(logits, count, {prefix, 1}, [&](uint32_t id, uint32_t key) {
    value = logits[id];
    return key != prefix;
  });
  double each = weight(value);
  double ties = each > 0 ? std::ceil((target - above) / each) : 1;
  result.ties = ties < 1 ? 1 : uint64_t(ties);
  if (result.threshold == kept.threshold && result.ties > kept.ties)
    result.ties = kept.ties;
  return result;
}

/// A number from 0 to just below 1.
double uniform(uint64_t seed, uint64_t counter) {
  uint64_t hash = mixBits(generatorKey(seed, 0) + kGoldenGamma * (counter + 1));
  return double(hash >> 11) * 0x1p-53;
}

Status checkOptions(const yoco_sampling_options &options) {
  if (!(options.temperature >= 0) || std::isinf(options.temperature))
    return makeError(YOCO_INVALID_ARGUMENT, "temperature: expected a finite number of at least 0, got %g",
                     double(options.temperature));
  if (!(options.top_p >= 0 && options.top_p <= 1))
    return makeError(YOCO_INVALID_ARGUMENT, "top_p: expected a number from 0 to 1, got %g", double(options.top_p));
  return Status();
}

} // namespace

int64_t largestLogit(const float *logits, uint32_t count) {
  int64_t best = -1;
  for (uint32_t id = 0; id < count; ++id)
    if (!std::isnan(logits[id]) && (best < 0 || logits[id] > logits[best]))
      best = id;
  return best;
}

Result<int32_t> sample(const float *logits, uint32_t count, const yoco_sampling_options &options, uint64_t counter) {
  YOCO_RETURN_IF_ERROR(checkOptions(options));
  int64_t best = largestLogit(logits, count);
  if (best < 0)
    return makeError(YOCO_INVALID_ARGUMENT, "logits: expected numbers, got NaN in all of %u", count);
  float top = logits[best];
  // With an infinite logit there is nothing to weigh.
  if (options.temperature == 0 || std::isinf(top))
    return int32_t(best);

  double scale = 1.0 / double(options.temperature);
  auto probability = [=](float logit) {
    return std::isnan(logit) ? 0.0 : std::exp((double(logit) - double(top)) * scale);
  };
  Kept kept;
  if (options.top_k != 0 && options.top_k < count)
    kept = narrow(logits, count, kept, double(options.top_k), [](float) { return 1.0; });
  double mass = 0;
  auto addMass = [&](uint32_t id, uint32_t) {
    mass += probability(logits[id]);
    return true;
  };
  forEachKept(logits, count, kept, addMass);
  if (options.top_p > 0 && options.top_p < 1) {
    kept = narrow(logits, count, kept, double(options.top_p) * mass, probability);
    mass = 0;
    forEachKept(logits, count, kept, addMass);
  }

  double left = uniform(options.seed, counter) * mass;
  int32_t chosen = int32_t(best);
  forEachKept(logits, count, kept, [&](uint32_t id, uint32_t) {
    double share = probability(logits[id]);
    if (share > 0)
      chosen = int32_t(id);
    left -= share;
    return left >= 0;
  });
  return chosen;
}

} // namespace yoco::runtime
