// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Times of prefill and decode at a length, and the floors of the same work.

#ifndef YOCO_TOOLS_YOCOBENCH_MEASURE_H
#define YOCO_TOOLS_YOCOBENCH_MEASURE_H

#include "tools/common/Runtime.h"
#include "tools/yoco-bench/Arguments.h"

#include <optional>
#include <vector>

namespace yoco::bench {

/// What some steps took, and what they have to move and to compute at least.
struct Phase {
  uint64_t tokens = 0;
  double seconds = 0;
  double spread = 0; // slowest of the times over the median
  uint64_t repeats = 0;
  yoco_step_cost floor = {};
};

struct Measurement {
  uint64_t context = 0;
  std::optional<Phase> prefill; // of one sequence; absent when there is nothing to prefill
  Phase decode;                 // of one step of the batch
};

/// A model and a session of it with `batch` slots.
class Bench {
public:
  explicit Bench(const Arguments &arguments);
  Measurement measure(uint64_t context);
  const yoco_session_stats &stats() const { return sessionStats; }

private:
  uint64_t chooseSteps(uint64_t context) const;
  void warmUp(uint64_t context);
  Phase measurePrefill(uint64_t tokens);
  Phase measureDecode(uint64_t context, uint64_t steps);
  double prefillOnce(uint64_t tokens);
  double decodeOnce();
  void addCost(yoco_step_cost &sum, uint32_t entry, uint64_t segments, uint64_t rows, uint64_t position) const;

  const Arguments &arguments;
  tools::ModelPointer model;
  tools::SessionPointer session;
  yoco_session_stats sessionStats = {};
  uint32_t variant = 0;
  std::vector<int32_t> ids, slots;
  std::vector<float> logits;
};

} // namespace yoco::bench

#endif // YOCO_TOOLS_YOCOBENCH_MEASURE_H
