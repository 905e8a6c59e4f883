// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Slots with a sequence each, over the entry points of a model.

#ifndef YOCO_RUNTIME_SESSION_SESSION_H
#define YOCO_RUNTIME_SESSION_SESSION_H

#include "runtime/core/Clock.h"
#include "runtime/model/Model.h"
#include "runtime/session/RingRuns.h"
#include "runtime/session/Roles.h"
#include "runtime/session/StepTables.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace yoco::runtime {

/// See yoco.h for what the functions mean.
class Session {
public:
  static Result<std::unique_ptr<Session>> create(std::shared_ptr<Model> model, const yoco_session_options &options);

  Status prefill(const int32_t *slots, const size_t *counts, size_t n, const int32_t *ids);
  Status decode(const int32_t *slots, const int32_t *ids, size_t n, float *logits);
  Status decodeGreedy(const int32_t *slots, const int32_t *ids, size_t n, int32_t *next);
  Status prompt(int32_t slot, const int32_t *ids, size_t count, float *logits);
  Status promptGreedy(int32_t slot, const int32_t *ids, size_t count, int32_t *next);
  Status score(int32_t slot, const int32_t *ids, size_t count, yoco_logits_callback callback, void *user);
  Status extend(const yoco_step &asked, yoco_step_results &results);
  Status reset(int32_t slot);
  Status copySlot(int32_t from, int32_t to);
  Result<uint64_t> position(int32_t slot) const;
  void fillStats(yoco_session_stats &stats) const;

  /// The text of the last failure; kept here because a session has one user at
  /// a time.
  std::string lastError;

private:
  /// Tokens and seconds that calls of one kind have taken; those of extend are at `extendRole`, whatever entry ran.
  struct Tally {
    uint64_t tokens = 0;
    double seconds = 0;
  };

  explicit Session(std::shared_ptr<Model> model) : model(std::move(model)) {}
  Status findEntries(uint32_t wanted);
  Status createExecutor(const yoco_session_options &options);
  Status loadProgram(const yoco_session_options &options, ExecutorOptions executorOptions);

  Status checkRole(Role role) const;
  Status checkSlot(int32_t slot) const;
  Status checkDistinct(const int32_t *slots, size_t n) const;
  Status checkRoom(int32_t slot, size_t count) const;
  Status checkIds(const int32_t *ids, size_t count) const;
  Status checkDecode(Role role, const int32_t *slots, const int32_t *ids, size_t n) const;
  Status checkWanted(int32_t slot, uint64_t from) const;
  Status checkPrompt(Role last, int32_t slot, const int32_t *ids, size_t count) const;
  Status checkSegment(const yoco_segment *segments, size_t index) const;
  Status checkStep(Role role, const yoco_step &asked) const;
  Status addSegments(const yoco_segment *segments, size_t n);
  Role chooseRole(const yoco_step &asked, const yoco_step_results &results) const;
  const fb::Output &outputOf(Role role, fb::OutputKind kind) const {
    return *entry(role).outputs()->Get(uint32_t(findOutput(entry(role), kind)));
  }
  const int32_t *placeTargets(Role role, const yoco_step &asked);
  Status fetchLogProbs(uint32_t rows, const yoco_step &asked, const yoco_step_results &results);
  const fb::Entry &entry(Role role) const;
  uint64_t mostRows(Role role) const;
  const fb::Variant &variant() const { return model->variant(choice.variant); }
  void prepareSteps();
  void addSegment(int32_t slot, uint32_t rows, uint64_t wantedFrom);
  Status startStep(Role role, const int32_t *ids, const int32_t *stepTargets = nullptr);
  Status startDecode(Role role, const int32_t *slots, const int32_t *ids, size_t n);
  Status startPrefill(const int32_t *slots, const size_t *counts, size_t n, const int32_t *ids);
  Status startPrompt(Role last, int32_t slot, const int32_t *ids, size_t count);
  Status runGreedy(Role role, const int32_t *slots, const int32_t *ids, size_t n, int32_t *next);
  template <typename Use>
  Status fetch(Role role, fb::OutputKind kind, uint32_t rows, Use use);
  Status fetchLogits(Role role, uint32_t rows, float *logits);
  Status fetchChosen(Role role, uint32_t rows, int32_t *next);
  Status fetchResults(Role role, uint32_t rows, const yoco_step &asked, const yoco_step_results &results);
  Status computeLogProbs(Role role, uint32_t rows, const yoco_step &asked, const yoco_step_results &results);
  void tally(Role role, uint64_t tokens, const Stopwatch &watch);

  std::shared_ptr<Model> model;
  Model::Choice choice;
  const Program *program = nullptr; // of the model
  Bounds bounds;
  int32_t entries[roleCount] = {-1, -1, -1, -1, -1, -1, -1}; // index in the variant; -1: not there or not wanted
  std::unique_ptr<Executor> executor;
  std::vector<uint64_t> positions; // tokens in each slot
  RingRuns runs;
  StepTables step; // being made; room for all
  std::vector<int32_t> targets; // of all rows of a step with log-probabilities; room for all
  Tally tallies[roleCount];
  double loadSeconds = 0;
};

/// Calls use(first, count, memory) for all rows of an output of the step, as many at a time as the device can give.
template <typename Use>
Status Session::fetch(Role role, fb::OutputKind kind, uint32_t rows, Use use) {
  uint32_t output = uint32_t(findOutput(entry(role), kind));
  for (uint32_t first = 0; first < rows;) {
    uint32_t count = std::min(rows - first, executor->rowsAtOnce(*entry(role).outputs()->Get(output)));
    YOCO_ASSIGN_OR_RETURN(const void *part, executor->output(output, first, count));
    YOCO_RETURN_IF_ERROR(use(first, count, part));
    first += count;
  }
  return Status();
}

} // namespace yoco::runtime

#endif // YOCO_RUNTIME_SESSION_SESSION_H
