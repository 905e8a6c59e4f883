// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// yoco_session_extend(): one step for sequences of any kind, each with a position from which on something is wanted.
//
//   1. Everything is checked: what is asked for, the segments, sizes, ids.
//   2. What is asked for chooses the entry. When nothing is wanted, that is the one which gives nothing.
//   3. The step runs, and what it gives is copied to the caller; what the entry does not give is made from logits.

#include "runtime/core/Clock.h"
#include "runtime/session/LogProbs.h"
#include "runtime/session/Session.h"

#include <algorithm>
#include <cinttypes>
#include <cstring>

namespace yoco::runtime {

/// That one kind of results is asked for, with what belongs to it.
static Status checkKinds(const yoco_step &asked, const yoco_step_results &results, uint32_t vocabularySize) {
  const std::pair<const char *, const void *> kinds[] = {
      {"logits", results.logits}, {"chosen", results.chosen}, {"logprobs", results.logprobs}};
  const char *found = nullptr;
  for (auto [name, place] : kinds) {
    if (place && found)
      return makeError(YOCO_INVALID_ARGUMENT, "results: expected one kind of results, got `%s` and `%s`", found, name);
    if (place)
      found = name;
  }
  const std::pair<const char *, bool> belongings[] = {
      {"step.targets", asked.targets != nullptr}, {"step.best", asked.best != 0}, {"results.best", results.best}};
  for (auto [name, isThere] : belongings)
    if (isThere && !results.logprobs)
      return makeError(YOCO_INVALID_ARGUMENT, "%s: expected results.logprobs with it, got null", name);
  if (uint32_t most = std::min<uint32_t>(YOCO_MOST_BEST, vocabularySize); asked.best > most)
    return makeError(YOCO_INVALID_ARGUMENT, "step.best: expected at most %u, got %u", most, asked.best);
  if (asked.best != 0 && !results.best)
    return makeError(YOCO_INVALID_ARGUMENT, "results.best: expected room for the %u best of each row, got null",
                     asked.best);
  if (asked.best == 0 && results.best)
    return makeError(YOCO_INVALID_ARGUMENT, "step.best: expected at least 1 with results.best, got 0");
  return Status();
}

Status Session::checkSegment(const yoco_segment *segments, size_t index) const {
  const yoco_segment &segment = segments[index];
  YOCO_RETURN_IF_ERROR(checkSlot(segment.slot));
  for (size_t i = 0; i < index; ++i)
    if (segments[i].slot == segment.slot)
      return makeError(YOCO_INVALID_ARGUMENT, "segments[%zu].slot: slot %d is there twice", index, segment.slot);
  YOCO_RETURN_IF_ERROR(checkRoom(segment.slot, segment.rows));
  uint64_t earliest = runs.earliestWanted(segment.slot, positions[size_t(segment.slot)]);
  if (segment.rows != 0 && segment.wanted_from < earliest)
    return makeError(YOCO_INVALID_ARGUMENT,
                     "segments[%zu].wanted_from: expected at least %" PRIu64 ", got %" PRIu64
                     ": rows that it needs were skipped in an earlier step",
                     index, earliest, segment.wanted_from);
  return Status();
}

/// Checks the segments and puts those with rows into `step`.
Status Session::addSegments(const yoco_segment *segments, size_t n) {
  if (!segments && n != 0)
    return makeError(YOCO_INVALID_ARGUMENT, "step.segments is null");
  if (n > bounds.batch)
    return makeError(YOCO_OUT_OF_BOUNDS, "%zu segments are above the session's max_batch of %" PRIu64, n, bounds.batch);
  step.clear();
  for (size_t i = 0; i < n; ++i) {
    YOCO_RETURN_IF_ERROR(checkSegment(segments, i));
    if (segments[i].rows != 0)
      addSegment(segments[i].slot, segments[i].rows, segments[i].wanted_from);
  }
  return Status();
}

/// The entry that does the step that has been made.
Role Session::chooseRole(const yoco_step &asked, const yoco_step_results &results) const {
  bool isWanted = step.rowsInSet(0) != 0;
  if (!isWanted && entries[prefillRole] >= 0)
    return prefillRole;
  if (isWanted && results.chosen && entries[extendSampleRole] >= 0)
    return extendSampleRole;
  if (isWanted && results.logprobs && entries[extendLogProbsRole] >= 0 &&
      outputOf(extendLogProbsRole, fb::OutputKind::logprobs).best() >= asked.best)
    return extendLogProbsRole;
  bool isAsked = results.logits || results.chosen || results.logprobs;
  if (isWanted && isAsked)
    return extendRole;
  for (Role role : {extendRole, extendSampleRole, extendLogProbsRole})
    if (entries[role] >= 0)
      return role;
  return extendRole;
}

Status Session::checkStep(Role role, const yoco_step &asked) const {
  YOCO_RETURN_IF_ERROR(checkRole(role));
  uint64_t rows = step.rows(), wanted = step.rowsInSet(0);
  if (rows > mostRows(role))
    return makeError(YOCO_OUT_OF_BOUNDS, "segments: %" PRIu64 " rows are above the session's prefill_chunk of %" PRIu64,
                     rows, mostRows(role));
  if (wanted > bounds.wanted)
    return makeError(YOCO_OUT_OF_BOUNDS,
                     "segments: %" PRIu64 " rows are wanted, above the session's wanted_rows of %" PRIu64, wanted,
                     bounds.wanted);
  if (!asked.ids)
    return makeError(YOCO_INVALID_ARGUMENT, "step.ids is null");
  YOCO_RETURN_IF_ERROR(checkIds(asked.ids, size_t(rows)));
  uint32_t vocabularySize = model->plan().vocabulary_size();
  for (uint64_t i = 0; asked.targets && i < wanted; ++i)
    if (asked.targets[i] < -1 || int64_t(asked.targets[i]) >= vocabularySize)
      return makeError(YOCO_INVALID_ARGUMENT, "step.targets[%" PRIu64 "]: id %d is not in the vocabulary of %u", i,
                       asked.targets[i], vocabularySize);
  return Status();
}

Status Session::extend(const yoco_step &asked, yoco_step_results &results) {
  YOCO_RETURN_IF_ERROR(checkKinds(asked, results, model->plan().vocabulary_size()));
  YOCO_RETURN_IF_ERROR(addSegments(asked.segments, asked.segment_count));
  uint32_t wanted = 0;
  if (uint64_t rows = step.rows(); rows != 0) {
    Role role = chooseRole(asked, results);
    YOCO_RETURN_IF_ERROR(checkStep(role, asked));
    wanted = uint32_t(step.rowsInSet(0));
    Stopwatch watch;
    YOCO_RETURN_IF_ERROR(startStep(role, asked.ids, placeTargets(role, asked)));
    YOCO_RETURN_IF_ERROR(fetchResults(role, wanted, asked, results));
    tally(extendRole, rows, watch);
  }
  results.rows = wanted;
  for (uint32_t row = 0; results.chosen && row < wanted; ++row)
    if (results.chosen[row] < 0)
      return makeError(YOCO_INVALID_ARGUMENT, "results.chosen[%u]: logits: expected numbers, got NaN in all of %u", row,
                       model->plan().vocabulary_size());
  return Status();
}

/// Copies what is asked for of a step that has been started.
Status Session::fetchResults(Role role, uint32_t rows, const yoco_step &asked, const yoco_step_results &results) {
  if (rows != 0 && results.logits)
    return fetchLogits(role, rows, results.logits);
  if (rows != 0 && results.chosen)
    return fetchChosen(role, rows, results.chosen);
  if (rows != 0 && results.logprobs)
    return role == extendLogProbsRole ? fetchLogProbs(rows, asked, results)
                                      : computeLogProbs(role, rows, asked, results);
  return executor->finish();
}

/// The targets of the wanted rows at their places among all rows; null when `role` takes none.
const int32_t *Session::placeTargets(Role role, const yoco_step &asked) {
  if (role != extendLogProbsRole || !asked.targets)
    return nullptr;
  targets.clear(); // there is room for all
  const int32_t *next = asked.targets;
  for (const StepSegment &segment : step.all()) {
    size_t wanted = size_t(segment.end() - segment.firstInSet(0));
    targets.insert(targets.end(), segment.rows - wanted, -1);
    targets.insert(targets.end(), next, next + wanted);
    next += wanted;
  }
  return targets.data();
}

/// Copies the log-probabilities that a step has made. See OutputKind.logprobs.
Status Session::fetchLogProbs(uint32_t rows, const yoco_step &asked, const yoco_step_results &results) {
  const Role role = extendLogProbsRole;
  const size_t most = outputOf(role, fb::OutputKind::logprobs).best(), words = 3 + 2 * most;
  return fetch(role, fb::OutputKind::logprobs, rows, [&](uint32_t first, uint32_t count, const void *part) {
    for (uint32_t row = first; row < first + count; ++row) {
      const char *from = static_cast<const char *>(part) + size_t(row - first) * words * 4;
      memcpy(&results.logprobs[row], from, sizeof(yoco_logprobs));
      for (size_t i = 0; i < asked.best; ++i) {
        yoco_candidate &candidate = results.best[size_t(row) * asked.best + i];
        memcpy(&candidate.id, from + (3 + i) * 4, sizeof(candidate.id));
        memcpy(&candidate.logit, from + (3 + most + i) * 4, sizeof(candidate.logit));
      }
    }
    return Status();
  });
}

/// Makes log-probabilities from the logits of a step.
Status Session::computeLogProbs(Role role, uint32_t rows, const yoco_step &asked, const yoco_step_results &results) {
  const uint32_t width = model->plan().vocabulary_size();
  return fetch(role, fb::OutputKind::logits, rows, [&](uint32_t first, uint32_t count, const void *part) {
    for (uint32_t row = first; row < first + count; ++row) {
      const float *logits = static_cast<const float *>(part) + size_t(row - first) * width;
      results.logprobs[row] = logProbs(logits, width, asked.targets ? asked.targets[row] : -1);
      if (asked.best != 0)
        largestLogits(logits, width, asked.best, results.best + size_t(row) * asked.best);
    }
    return Status();
  });
}

} // namespace yoco::runtime
