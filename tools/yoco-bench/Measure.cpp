// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/yoco-bench/Measure.h"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <stdexcept>
#include <string_view>

using namespace yoco::tools;

namespace yoco::bench {

constexpr uint64_t kWarmUpSteps = 2, kDecodeSteps = 15, kDeviceDecodeSteps = 32;
constexpr uint64_t kMostRepeats = 9;
constexpr double kEnoughSeconds = 1;   // of one kind of work, when it is short enough to be repeated
constexpr double kContinueSeconds = 2; // a prefill that takes longer goes on from the context before

static double secondsSince(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

static void setTimes(Phase &phase, std::vector<double> &times) {
  std::sort(times.begin(), times.end());
  phase.seconds = times[times.size() / 2];
  phase.spread = times.back() / std::max(phase.seconds, 1e-12);
  phase.repeats = times.size();
}

static void checkBound(const char *flag, uint64_t wanted, const char *compileFlag, uint64_t bound) {
  if (wanted > bound)
    throw std::runtime_error(std::string(flag) + ": " + std::to_string(wanted) + " is above the file's bound of " +
                             std::to_string(bound) + "; compile the model with a larger " + compileFlag);
}

Bench::Bench(const Arguments &arguments) : arguments(arguments) {
  model = openModel(arguments.model, YOCO_VERIFY_PLAN, 0);
  yoco_model_info info = getInfo(model.get());
  uint64_t longest = *std::max_element(arguments.contexts.begin(), arguments.contexts.end());
  checkBound("--context", longest, "--max-seq-len", info.bounds.max_sequence_length);
  checkBound("--batch", arguments.batch, "--max-batch", info.bounds.max_batch);
  checkBound("--slots", arguments.slots, "--max-batch", info.bounds.max_batch);

  yoco_session_options options = {};
  options.struct_size = sizeof(options);
  options.device = arguments.device.empty() ? nullptr : arguments.device.c_str();
  options.entries = YOCO_ENTRY_PREFILL | YOCO_ENTRY_DECODE;
  options.no_graphs = arguments.noGraphs;
  options.bounds.max_sequence_length = longest;
  options.bounds.max_batch = arguments.slots;
  session = createSession(arguments.model, model.get(), options);
  sessionStats = getStats(session.get());
  chooseVariant(info.variant_count);

  // Any ids do; these differ from row to row.
  ids.resize(longest);
  for (uint64_t i = 0; i < longest; ++i)
    ids[i] = int32_t((i * 2654435761u) % info.vocabulary_size);
  slots.resize(arguments.batch);
  std::iota(slots.begin(), slots.end(), 0);
  logits.resize(size_t(arguments.batch) * info.vocabulary_size);
}

void Bench::chooseVariant(uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    yoco_variant_info candidate = {};
    candidate.struct_size = sizeof(candidate);
    yoco_model_get_variant(model.get(), i, nullptr, &candidate, nullptr, 0);
    if (std::string_view(candidate.target) == sessionStats.target)
      variant = i;
  }
}

/// Decode steps that end at `context`; half of a short sequence is left to prefill.
uint64_t Bench::chooseSteps(uint64_t context) const {
  bool isHost = std::string_view(sessionStats.device) == "host";
  return std::min(kWarmUpSteps + (isHost ? kDecodeSteps : kDeviceDecodeSteps), (context + 1) / 2);
}

Measurement Bench::measure(uint64_t context) {
  uint64_t steps = chooseSteps(context), end = context - steps;
  Measurement result;
  result.context = context;
  bool isLong = prefilled && prefilled->seconds / double(prefilled->tokens) * double(end) > kContinueSeconds;
  if (isLong && end > position) {
    prefilled = continuePrefill(end);
  } else {
    warmUp(context);
    prefilled.reset();
    if (end > 0)
      prefilled = measurePrefill(end);
  }
  result.prefill = prefilled;
  for (uint64_t slot = 1; slot < arguments.batch; ++slot)
    check(session.get(), yoco_session_copy_slot(session.get(), 0, int32_t(slot)));
  result.decode = measureDecode(context, steps);
  position = context;
  return result;
}

/// Leaves all slots empty.
void Bench::warmUp(uint64_t context) {
  if (uint64_t count = std::min(context, sessionStats.bounds.prefill_chunk); count > 1)
    prefillOnce(0, count - 1);
  for (int32_t slot : slots)
    check(session.get(), yoco_session_reset(session.get(), slot));
  decodeOnce();
  for (int32_t slot : slots)
    check(session.get(), yoco_session_reset(session.get(), slot));
}

/// Tokens begin .. end of the sequence in slot 0, which holds those before.
double Bench::prefillOnce(uint64_t begin, uint64_t end) {
  if (begin == 0)
    check(session.get(), yoco_session_reset(session.get(), 0));
  auto started = std::chrono::steady_clock::now();
  check(session.get(), yoco_session_prefill(session.get(), 0, ids.data() + begin, size_t(end - begin)));
  return secondsSince(started);
}

double Bench::decodeOnce() {
  auto begin = std::chrono::steady_clock::now();
  check(session.get(), yoco_session_decode(session.get(), slots.data(), ids.data(), slots.size(), logits.data()));
  return secondsSince(begin);
}

Phase Bench::measurePrefill(uint64_t tokens) {
  std::vector<double> times;
  for (double total = 0; times.empty() || (total < kEnoughSeconds && times.size() < kMostRepeats);) {
    times.push_back(prefillOnce(0, tokens));
    total += times.back();
  }
  Phase phase;
  phase.tokens = tokens;
  setTimes(phase, times);
  addPrefillCost(phase.floor, 0, tokens);
  return phase;
}

/// The prefill of all tokens up to `end` but those that were decoded.
Phase Bench::continuePrefill(uint64_t end) {
  Phase phase = *prefilled;
  phase.seconds += prefillOnce(position, end);
  phase.tokens += end - position;
  phase.spread = 1;
  phase.repeats = 1;
  addPrefillCost(phase.floor, position, end);
  return phase;
}

Phase Bench::measureDecode(uint64_t context, uint64_t steps) {
  std::vector<double> times;
  for (uint64_t step = 0; step < steps; ++step) {
    double seconds = decodeOnce();
    if (step >= kWarmUpSteps || steps <= kWarmUpSteps)
      times.push_back(seconds);
  }
  Phase phase;
  phase.tokens = arguments.batch;
  setTimes(phase, times);
  addCost(phase.floor, YOCO_ENTRY_DECODE, arguments.batch, 1, context - 1);
  return phase;
}

void Bench::addPrefillCost(yoco_step_cost &sum, uint64_t begin, uint64_t end) const {
  uint64_t chunk = sessionStats.bounds.prefill_chunk;
  for (uint64_t at = begin; at < end; at += chunk)
    addCost(sum, YOCO_ENTRY_PREFILL, 1, std::min(chunk, end - at), at);
}

void Bench::addCost(yoco_step_cost &sum, uint32_t entry, uint64_t segments, uint64_t rows, uint64_t position) const {
  yoco_step_cost cost = {};
  cost.struct_size = sizeof(cost);
  char error[256];
  if (yoco_model_get_step_cost(model.get(), variant, entry, segments, rows, /*wanted=*/0, position, &cost, error,
                               sizeof(error)) != YOCO_OK)
    throw std::runtime_error(arguments.model + ": " + error);
  sum.weight_bytes += cost.weight_bytes;
  sum.state_read_bytes += cost.state_read_bytes;
  sum.state_write_bytes += cost.state_write_bytes;
  sum.linear_operations += cost.linear_operations;
  sum.mixer_operations += cost.mixer_operations;
}

} // namespace yoco::bench
