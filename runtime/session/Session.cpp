// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/session/Session.h"

#include "runtime/core/Clock.h"
#include "runtime/session/Sampling.h"

#include <algorithm>
#include <cinttypes>
#include <cstring>

namespace yoco::runtime {

Status Session::checkRole(Role role) const {
  if (entries[role] >= 0)
    return Status();
  return makeError(YOCO_UNSUPPORTED,
                   "the session has no entry `%s`: the file lacks it or "
                   "options.entries left it out",
                   roleName(role));
}

Status Session::checkSlot(int32_t slot) const {
  if (slot >= 0 && uint64_t(slot) < bounds.batch)
    return Status();
  return makeError(YOCO_INVALID_ARGUMENT, "slot %d: the session has slots 0 to %" PRIu64, slot, bounds.batch - 1);
}

Status Session::checkDistinct(const int32_t *slots, size_t n) const {
  if (n > bounds.batch)
    return makeError(YOCO_OUT_OF_BOUNDS, "%zu slots are above the session's max_batch of %" PRIu64, n, bounds.batch);
  for (size_t i = 0; i < n; ++i) {
    YOCO_RETURN_IF_ERROR(checkSlot(slots[i]));
    if (std::find(slots, slots + i, slots[i]) != slots + i)
      return makeError(YOCO_INVALID_ARGUMENT, "slots[%zu]: slot %d is there twice", i, slots[i]);
  }
  return Status();
}

Status Session::checkRoom(int32_t slot, size_t count) const {
  uint64_t position = positions[size_t(slot)];
  if (count <= bounds.seq - position)
    return Status();
  return makeError(YOCO_OUT_OF_BOUNDS,
                   "slot %d holds %" PRIu64 " tokens: %zu more are above the session's "
                   "max_sequence_length of %" PRIu64,
                   slot, position, count, bounds.seq);
}

Status Session::checkIds(const int32_t *ids, size_t count) const {
  uint32_t vocabularySize = model->plan().vocabulary_size();
  for (size_t i = 0; i < count; ++i)
    if (ids[i] < 0 || uint32_t(ids[i]) >= vocabularySize)
      return makeError(YOCO_INVALID_ARGUMENT, "ids[%zu]: id %d is not in the vocabulary of %u", i, ids[i],
                       vocabularySize);
  return Status();
}

/// That what is needed from a position of the slot on has been computed.
Status Session::checkWanted(int32_t slot, uint64_t from) const {
  uint64_t earliest = runs.earliestWanted(slot, positions[size_t(slot)]);
  if (from >= earliest)
    return Status();
  return makeError(YOCO_INVALID_ARGUMENT,
                   "slot %d: expected nothing to be wanted before position %" PRIu64 ", got %" PRIu64
                   ": rows that it needs were skipped in an earlier step",
                   slot, earliest, from);
}

const fb::Entry &Session::entry(Role role) const { return *variant().entries()->Get(uint32_t(entries[role])); }

uint64_t Session::mostRows(Role role) const { return bounds.rows(entry(role).row_bound()); }

/// The next rows of a slot, for the step being made.
void Session::addSegment(int32_t slot, uint32_t rows, uint64_t wantedFrom) {
  step.add({slot, rows, positions[size_t(slot)], wantedFrom});
}

/// Starts a step over the segments in `step` and moves their slots on.
Status Session::startStep(Role role, const int32_t *ids, const int32_t *stepTargets) {
  const fb::Entry &entry = this->entry(role);
  uint32_t program = chooseProgram(entry, step.rows(), step.rowsInSet(0));
  const StepSet *sets = step.make(entry, *entry.programs()->Get(program));
  YOCO_RETURN_IF_ERROR(runs.advance(entry, step.all(), *executor));
  YOCO_RETURN_IF_ERROR(executor->run(uint32_t(entries[role]), program, {ids, sets, stepTargets}));
  for (const StepSegment &segment : step.all())
    positions[size_t(segment.slot)] += segment.rows;
  return Status();
}

/// Adds to the statistics.
void Session::tally(Role role, uint64_t tokens, const Stopwatch &watch) {
  tallies[role].tokens += tokens;
  tallies[role].seconds += watch.seconds();
}

Status Session::prefill(const int32_t *slots, const size_t *counts, size_t n, const int32_t *ids) {
  YOCO_RETURN_IF_ERROR(checkRole(prefillRole));
  YOCO_RETURN_IF_ERROR(checkDistinct(slots, n));
  size_t total = 0;
  for (size_t i = 0; i < n; ++i) {
    YOCO_RETURN_IF_ERROR(checkRoom(slots[i], counts[i]));
    total += counts[i];
  }
  YOCO_RETURN_IF_ERROR(checkIds(ids, total));
  if (total == 0)
    return Status();
  Stopwatch watch;
  YOCO_RETURN_IF_ERROR(startPrefill(slots, counts, n, ids));
  YOCO_RETURN_IF_ERROR(executor->finish());
  tally(prefillRole, total, watch);
  return Status();
}

/// Each step takes as many rows as fit, a segment for each sequence that has some of them. What is wanted next of a
/// sequence comes after all of its tokens.
Status Session::startPrefill(const int32_t *slots, const size_t *counts, size_t n, const int32_t *ids) {
  uint64_t most = mostRows(prefillRole);
  size_t sequence = 0, taken = 0; // tokens taken of that sequence
  while (sequence < n) {
    step.clear();
    uint64_t rows = 0;
    while (sequence < n && rows < most) {
      uint64_t count = std::min<uint64_t>(most - rows, counts[sequence] - taken);
      if (count != 0)
        addSegment(slots[sequence], uint32_t(count), positions[size_t(slots[sequence])] + counts[sequence] - taken);
      rows += count;
      taken += size_t(count);
      if (taken < counts[sequence])
        break;
      ++sequence;
      taken = 0;
    }
    if (rows != 0)
      YOCO_RETURN_IF_ERROR(startStep(prefillRole, ids));
    ids += rows;
  }
  return Status();
}

/// Starts a step of one row for each of n slots.
Status Session::startDecode(Role role, const int32_t *slots, const int32_t *ids, size_t n) {
  step.clear();
  for (size_t i = 0; i < n; ++i)
    addSegment(slots[i], 1, positions[size_t(slots[i])]);
  return startStep(role, ids);
}

Status Session::checkDecode(Role role, const int32_t *slots, const int32_t *ids, size_t n) const {
  YOCO_RETURN_IF_ERROR(checkRole(role));
  YOCO_RETURN_IF_ERROR(checkDistinct(slots, n));
  for (size_t i = 0; i < n; ++i) {
    YOCO_RETURN_IF_ERROR(checkRoom(slots[i], 1));
    YOCO_RETURN_IF_ERROR(checkWanted(slots[i], positions[size_t(slots[i])]));
  }
  return checkIds(ids, n);
}

Status Session::decode(const int32_t *slots, const int32_t *ids, size_t n, float *logits) {
  YOCO_RETURN_IF_ERROR(checkDecode(decodeRole, slots, ids, n));
  if (n == 0)
    return Status();
  Stopwatch watch;
  YOCO_RETURN_IF_ERROR(startDecode(decodeRole, slots, ids, n));
  YOCO_RETURN_IF_ERROR(logits ? fetchLogits(decodeRole, uint32_t(n), logits) : executor->finish());
  tally(decodeRole, n, watch);
  return Status();
}

/// A step of one row for each of n slots, with the ids chosen: by entry `role`, or from its logits.
Status Session::runGreedy(Role role, const int32_t *slots, const int32_t *ids, size_t n, int32_t *next) {
  Stopwatch watch;
  YOCO_RETURN_IF_ERROR(startDecode(role, slots, ids, n));
  YOCO_RETURN_IF_ERROR(fetchChosen(role, uint32_t(n), next));
  tally(decodeRole, n, watch);
  return Status();
}

Status Session::decodeGreedy(const int32_t *slots, const int32_t *ids, size_t n, int32_t *next) {
  Role role = entries[sampleRole] >= 0 ? sampleRole : decodeRole;
  YOCO_RETURN_IF_ERROR(checkDecode(role, slots, ids, n));
  if (n == 0)
    return Status();
  YOCO_RETURN_IF_ERROR(runGreedy(role, slots, ids, n, next));
  for (size_t i = 0; i < n; ++i)
    if (next[i] < 0)
      return makeError(YOCO_INVALID_ARGUMENT, "slots[%zu]: logits: expected numbers, got NaN in all of %u", i,
                       model->plan().vocabulary_size());
  return Status();
}

/// The ids that a step has chosen, or from its logits what it would have chosen.
Status Session::fetchChosen(Role role, uint32_t rows, int32_t *next) {
  const uint32_t width = model->plan().vocabulary_size();
  if (findOutput(entry(role), fb::OutputKind::sampled) < 0)
    return fetch(role, fb::OutputKind::logits, rows, [&](uint32_t first, uint32_t count, const void *part) {
      for (uint32_t row = 0; row < count; ++row)
        next[first + row] = int32_t(largestLogit(static_cast<const float *>(part) + size_t(row) * width, width));
      return Status();
    });
  YOCO_RETURN_IF_ERROR(
      fetch(role, fb::OutputKind::sampled, rows, [&](uint32_t first, uint32_t count, const void *part) {
        memcpy(next + first, part, count * sizeof(int32_t));
        return Status();
      }));
  for (uint32_t row = 0; row < rows; ++row)
    if (next[row] < -1 || int64_t(next[row]) >= width)
      return makeError(YOCO_INVALID_FILE, "entry `%s`: row %u: id %d is not in the vocabulary of %u", roleName(role),
                       row, next[row], width);
  return Status();
}

/// Copies the logits of a step of `rows` rows.
Status Session::fetchLogits(Role role, uint32_t rows, float *logits) {
  const size_t width = model->plan().vocabulary_size();
  return fetch(role, fb::OutputKind::logits, rows, [&](uint32_t first, uint32_t count, const void *part) {
    memcpy(logits + first * width, part, count * width * sizeof(float));
    return Status();
  });
}

Status Session::score(int32_t slot, const int32_t *ids, size_t count, yoco_logits_callback callback, void *user) {
  YOCO_RETURN_IF_ERROR(checkRole(scoreRole));
  YOCO_RETURN_IF_ERROR(checkSlot(slot));
  YOCO_RETURN_IF_ERROR(checkRoom(slot, count));
  YOCO_RETURN_IF_ERROR(checkWanted(slot, positions[size_t(slot)]));
  YOCO_RETURN_IF_ERROR(checkIds(ids, count));
  uint64_t most = mostRows(scoreRole);
  for (size_t first = 0; first < count;) {
    Stopwatch watch;
    uint32_t rows = uint32_t(std::min<uint64_t>(most, count - first));
    step.clear();
    addSegment(slot, rows, positions[size_t(slot)]);
    YOCO_RETURN_IF_ERROR(startStep(scoreRole, ids + first));
    YOCO_RETURN_IF_ERROR(executor->finish());
    tally(scoreRole, rows, watch);
    auto report = [&](uint32_t row, uint32_t part, const void *logits) {
      if (callback(user, first + row, part, static_cast<const float *>(logits)) == 0)
        return Status();
      return makeError(YOCO_CANCELLED, "the logits callback stopped scoring at row %zu of %zu", first + row + part,
                       count);
    };
    YOCO_RETURN_IF_ERROR(fetch(scoreRole, fb::OutputKind::logits, rows, report));
    first += rows;
  }
  return Status();
}

Status Session::reset(int32_t slot) {
  YOCO_RETURN_IF_ERROR(checkSlot(slot));
  positions[size_t(slot)] = 0;
  runs.reset(slot);
  return Status();
}

Status Session::copySlot(int32_t from, int32_t to) {
  YOCO_RETURN_IF_ERROR(checkSlot(from));
  YOCO_RETURN_IF_ERROR(checkSlot(to));
  if (from == to)
    return Status();
  // An empty slot has nothing that will be read.
  if (positions[size_t(from)] != 0) {
    YOCO_RETURN_IF_ERROR(executor->copySlot(uint32_t(from), uint32_t(to), positions[size_t(from)]));
    YOCO_RETURN_IF_ERROR(executor->finish());
  }
  positions[size_t(to)] = positions[size_t(from)];
  runs.copy(from, to);
  return Status();
}

Result<uint64_t> Session::position(int32_t slot) const {
  YOCO_RETURN_IF_ERROR(checkSlot(slot));
  return positions[size_t(slot)];
}

void Session::fillStats(yoco_session_stats &stats) const {
  stats.device = variant().device()->c_str();
  stats.target = variant().target()->c_str();
  stats.bounds = {bounds.seq, bounds.batch, bounds.chunk, bounds.wanted};
  stats.load_seconds = loadSeconds;
  stats.prefill_tokens = tallies[prefillRole].tokens;
  stats.prefill_seconds = tallies[prefillRole].seconds;
  stats.decode_tokens = tallies[decodeRole].tokens;
  stats.decode_seconds = tallies[decodeRole].seconds;
  stats.score_tokens = tallies[scoreRole].tokens;
  stats.score_seconds = tallies[scoreRole].seconds;
  stats.extend_tokens = tallies[extendRole].tokens;
  stats.extend_seconds = tallies[extendRole].seconds;
  stats.persistent_bytes = executor->arenaBytes(0);
  stats.scratch_bytes = executor->arenaBytes(1);
  stats.weight_bytes = model->weightBytes(choice.variant);
  stats.kv_bytes_per_token = growingBytesPerPosition(variant());
  stats.threads = executor->threads();
  stats.device_weight_bytes = program->deviceWeightBytes();
  stats.host_weight_bytes = program->hostWeightBytes();
  stats.staging_bytes = executor->stagingBytes();
  stats.device_description = program->description();
}

} // namespace yoco::runtime
