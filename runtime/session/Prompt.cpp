// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Prompts: what follows comes out of the step that ends the prompt, or, without an entry for that, out of a step of the
// last token alone.

#include "runtime/core/Clock.h"
#include "runtime/session/Session.h"

#include <algorithm>
#include <cinttypes>

namespace yoco::runtime {

/// Checks all of a prompt whose last token goes through entry `last`.
Status Session::checkPrompt(Role last, int32_t slot, const int32_t *ids, size_t count) const {
  bool isRagged = entries[last] >= 0 && entry(last).row_shape() == fb::RowShape::ragged;
  YOCO_RETURN_IF_ERROR(checkRole(last));
  if (count > 1 && !isRagged)
    YOCO_RETURN_IF_ERROR(checkRole(prefillRole));
  YOCO_RETURN_IF_ERROR(checkSlot(slot));
  if (count == 0)
    return makeError(YOCO_INVALID_ARGUMENT, "count: expected at least 1 token, got 0");
  YOCO_RETURN_IF_ERROR(checkRoom(slot, count));
  YOCO_RETURN_IF_ERROR(checkWanted(slot, positions[size_t(slot)] + count - 1));
  return checkIds(ids, count);
}

/// Appends all tokens, the last of them in a step of entry `last`, which is of ragged rows. Nothing is wanted of the
/// steps before it.
Status Session::startPrompt(Role last, int32_t slot, const int32_t *ids, size_t count) {
  uint64_t wanted = positions[size_t(slot)] + count - 1;
  while (count != 0) {
    bool isLast = count <= mostRows(last);
    Role role = isLast || entries[prefillRole] < 0 ? last : prefillRole;
    size_t rows = isLast ? count : size_t(std::min<uint64_t>(mostRows(role), count - 1));
    step.clear();
    addSegment(slot, uint32_t(rows), wanted);
    YOCO_RETURN_IF_ERROR(startStep(role, ids));
    ids += rows;
    count -= rows;
  }
  return Status();
}

Status Session::prompt(int32_t slot, const int32_t *ids, size_t count, float *logits) {
  if (entries[extendRole] < 0) {
    YOCO_RETURN_IF_ERROR(checkPrompt(decodeRole, slot, ids, count));
    if (size_t head = count - 1; head != 0)
      YOCO_RETURN_IF_ERROR(prefill(&slot, &head, 1, ids));
    return decode(&slot, ids + count - 1, 1, logits);
  }
  YOCO_RETURN_IF_ERROR(checkPrompt(extendRole, slot, ids, count));
  Stopwatch watch;
  YOCO_RETURN_IF_ERROR(startPrompt(extendRole, slot, ids, count));
  YOCO_RETURN_IF_ERROR(logits ? fetchLogits(extendRole, 1, logits) : executor->finish());
  tally(prefillRole, count, watch);
  return Status();
}

Status Session::promptGreedy(int32_t slot, const int32_t *ids, size_t count, int32_t *next) {
  Role last = entries[extendSampleRole] >= 0 ? extendSampleRole
              : entries[extendRole] >= 0     ? extendRole
              : entries[sampleRole] >= 0     ? sampleRole
                                             : decodeRole;
  YOCO_RETURN_IF_ERROR(checkPrompt(last, slot, ids, count));
  if (last == sampleRole || last == decodeRole) {
    if (size_t head = count - 1; head != 0)
      YOCO_RETURN_IF_ERROR(prefill(&slot, &head, 1, ids));
    YOCO_RETURN_IF_ERROR(runGreedy(last, &slot, ids + count - 1, 1, next));
  } else {
    Stopwatch watch;
    YOCO_RETURN_IF_ERROR(startPrompt(last, slot, ids, count));
    YOCO_RETURN_IF_ERROR(fetchChosen(last, 1, next));
    tally(prefillRole, count, watch);
  }
  if (*next < 0)
    return makeError(YOCO_INVALID_ARGUMENT, "slot %d: logits: expected numbers, got NaN in all of %u", slot,
                     model->plan().vocabulary_size());
  return Status();
}

} // namespace yoco::runtime
