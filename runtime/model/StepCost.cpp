// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/model/StepCost.h"

#include "runtime/model/Programs.h"

#include <algorithm>
#include <map>

namespace yoco::runtime {

namespace {

/// Sum over `count` rows from `position` on of the positions a row attends to, itself included; at most `window` of
/// them unless that is 0.
Checked sumOfReach(uint64_t position, uint64_t count, uint64_t window) {
  // Rows before `window` see all there is: position + 1, position + 2 and so on. Counts are below 2^31.
  uint64_t growing = count;
  if (window != 0)
    growing = position + 1 >= window ? 0 : std::min(count, window - 1 - position);
  Checked first = Checked(position) + 1, pairs = Checked(growing) * (growing == 0 ? 0 : growing - 1);
  return first * growing + Checked(pairs.value() / 2) + Checked(window) * (count - growing);
}

/// The rows of a step that are in one row set: as many of each segment.
struct SetRows {
  uint64_t segments, rows, position;
  bool eachRow; // every row is a segment of its own
};

/// Those of set number `set` in a step that `program` runs.
SetRows rowsOf(const fb::Entry &entry, const fb::Program &program, uint32_t set, const EqualSegments &step) {
  if (set == 0)
    return {step.segments, step.rows, step.position, false};
  // Halos are below 2^31.
  uint64_t rows = std::min(step.rows, step.wanted + rowSet(entry, set).halo());
  return {step.segments, rows, step.position + step.rows - rows, program.segments()->Get(set)->each_row()};
}

class StepCounter {
public:
  void add(const fb::Cost &cost, const SetRows &set) {
    Checked amount = Checked(cost.amount()) * countUnits(cost, set);
    if (cost.parameter() < 0) {
      sumOf(cost.kind()) = sumOf(cost.kind()) + amount;
      return;
    }
    auto [found, isNew] = parameters.try_emplace({cost.kind(), cost.parameter()}, amount);
    if (!isNew && found->second.ok() && (!amount.ok() || amount.value() > found->second.value()))
      found->second = amount;
  }

  /// False when a count does not fit in 64 bits.
  bool finish(yoco_step_cost &cost) {
    for (const auto &[key, amount] : parameters)
      sumOf(key.first) = sumOf(key.first) + amount;
    for (const Checked &sum : sums)
      if (!sum.ok())
        return false;
    cost.weight_bytes = sumOf(fb::CostKind::weight_bytes).value();
    cost.state_read_bytes = sumOf(fb::CostKind::state_read_bytes).value();
    cost.state_write_bytes = sumOf(fb::CostKind::state_write_bytes).value();
    cost.linear_operations = sumOf(fb::CostKind::linear_operations).value();
    cost.mixer_operations = sumOf(fb::CostKind::mixer_operations).value();
    return true;
  }

private:
  Checked &sumOf(fb::CostKind kind) { return sums[size_t(kind)]; }

  Checked countUnits(const fb::Cost &cost, const SetRows &set) const {
    uint64_t window = cost.window() == 0 ? UINT64_MAX : cost.window(), position = set.position, rows = set.rows;
    uint64_t segments = set.eachRow ? rows : 1; // that one segment of the step becomes
    Checked reach = sumOfReach(position, rows, cost.window());
    switch (cost.unit()) {
    case fb::CostUnit::step:
      return rows == 0 ? 0 : 1;
    case fb::CostUnit::row:
      return Checked(set.segments) * rows;
    case fb::CostUnit::segment:
      return Checked(set.segments) * segments;
    case fb::CostUnit::continued_segment:
      return Checked(set.segments) * (segments - (position == 0 && segments != 0));
    case fb::CostUnit::position_kept:
      return Checked(set.segments) * std::min(rows, set.eachRow ? rows : window);
    case fb::CostUnit::position_before:
      return Checked(set.segments) *
             (set.eachRow ? Checked(reach.ok() ? reach.value() - rows : UINT64_MAX) : std::min(position, window - 1));
    case fb::CostUnit::position_reached:
      return Checked(set.segments) * (set.eachRow ? reach : Checked(std::min(position + rows, window)));
    case fb::CostUnit::pair:
      return Checked(set.segments) * reach;
    }
    return 0;
  }

  Checked sums[size_t(fb::CostKind::MAX) + 1];
  std::map<std::pair<fb::CostKind, int32_t>, Checked> parameters;
};

} // namespace

Result<yoco_step_cost> computeStepCost(const fb::Entry &entry, const EqualSegments &step) {
  Checked rows = Checked(step.segments) * step.rows, wanted = Checked(step.segments) * step.wanted;
  const fb::Program &program = *entry.programs()->Get(
      chooseProgram(entry, rows.ok() ? rows.value() : UINT64_MAX, wanted.ok() ? wanted.value() : UINT64_MAX));
  StepCounter counter;
  for (const fb::Instruction *instruction : *program.instructions()) {
    SetRows set = rowsOf(entry, program, instruction->row_set(), step);
    if (set.rows != 0 && instruction->costs())
      for (const fb::Cost *cost : *instruction->costs())
        counter.add(*cost, set);
  }
  yoco_step_cost cost = {};
  cost.struct_size = sizeof(cost);
  if (!counter.finish(cost))
    return makeError(YOCO_OUT_OF_BOUNDS, "entry %s: the counts of this step do not fit in 64 bits",
                     entry.name()->c_str());
  return cost;
}

} // namespace yoco::runtime
