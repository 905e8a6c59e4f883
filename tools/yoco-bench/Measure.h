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

/// A model and a session of it, of whose slots a step takes the first `batch`. Slot 0 holds the sequence that grows
/// from context to context.
class Bench {
public:
  explicit Bench(const Arguments &arguments);
  /// Contexts come in rising order.
  Measurement measure(uint64_t context);
  const yoco_session_stats &stats() const { return sessionStats; }
  /// Of the session.
  uint32_t variantIndex() const { return variant; }

private:
  void chooseVariant(uint32_t count);
  uint64_t chooseSteps(uint64_t context) const;
  void warmUp(uint64_t context);
  Phase measurePrefill(uint64_t tokens);
  Phase continuePrefill(uint64_t end);
  Phase measureDecode(uint64_t context, uint64_t steps);
  double prefillOnce(uint64_t begin, uint64_t end);
  double decodeOnce();
  void addPrefillCost(yoco_step_cost &sum, uint64_t begin, uint64_t end) const;
  void addCost(yoco_step_cost &sum, uint32_t entry, uint64_t segments, uint64_t rows, uint64_t position) const;

  const Arguments &arguments;
  tools::ModelPointer model;
  tools::SessionPointer session;
  yoco_session_stats sessionStats = {};
  uint32_t variant = 0;
  std::vector<int32_t> ids, slots;
  std::vector<float> logits;
  uint64_t position = 0;          // tokens in slot 0
  std::optional<Phase> prefilled; // what their prefill took, decoded ones left out
};

} // namespace yoco::bench

#endif // YOCO_TOOLS_YOCOBENCH_MEASURE_H
