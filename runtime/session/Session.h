// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Slots with a sequence each, over the entry points of a model.

#ifndef YOCO_RUNTIME_SESSION_SESSION_H
#define YOCO_RUNTIME_SESSION_SESSION_H

#include "runtime/model/Model.h"
#include "runtime/session/RingRuns.h"
#include "runtime/session/Roles.h"
#include "runtime/session/StepTables.h"

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
  Status score(int32_t slot, const int32_t *ids, size_t count, yoco_logits_callback callback, void *user);
  Status reset(int32_t slot);
  Status copySlot(int32_t from, int32_t to);
  Result<uint64_t> position(int32_t slot) const;
  void fillStats(yoco_session_stats &stats) const;

  /// The text of the last failure; kept here because a session has one user at
  /// a time.
  std::string lastError;

private:
  /// Tokens and seconds that an entry has taken.
  struct Tally {
    uint64_t tokens = 0;
    double seconds = 0;
  };

  explicit Session(std::shared_ptr<Model> model) : model(std::move(model)) {}
  Status findEntries(uint32_t wanted);
  Status createExecutor(const yoco_session_options &options);
  Status loadProgram(const yoco_session_options &options, ExecutorOptions executorOptions);
  void shrinkArenas(PlanSizes &sizes) const;
  bool reachesAllPrograms() const;

  Status checkRole(Role role) const;
  Status checkSlot(int32_t slot) const;
  Status checkDistinct(const int32_t *slots, size_t n) const;
  Status checkRoom(int32_t slot, size_t count) const;
  Status checkIds(const int32_t *ids, size_t count) const;
  Status checkDecode(Role role, const int32_t *slots, const int32_t *ids, size_t n) const;
  const fb::Entry &entry(Role role) const;
  uint64_t mostRows(Role role) const;
  const fb::Variant &variant() const { return model->variant(choice.variant); }
  void prepareSteps();
  void addSegment(int32_t slot, uint32_t rows, uint64_t wantedFrom);
  Status startStep(Role role, const int32_t *ids);
  Status startDecode(Role role, const int32_t *slots, const int32_t *ids, size_t n);
  Status startPrefill(const int32_t *slots, const size_t *counts, size_t n, const int32_t *ids);
  template <typename Use>
  Status fetch(Role role, fb::OutputKind kind, uint32_t rows, Use use);
  Status fetchLogits(Role role, uint32_t rows, float *logits);
  Status fetchSampled(uint32_t rows, int32_t *next);
  Status chooseLargest(uint32_t rows, int32_t *next);

  std::shared_ptr<Model> model;
  Model::Choice choice;
  const Program *program = nullptr; // of the model
  Bounds bounds;
  int32_t entries[roleCount] = {-1, -1, -1, -1}; // index in the variant; -1: not there or not wanted
  std::unique_ptr<Executor> executor;
  std::vector<uint64_t> positions; // tokens in each slot
  RingRuns runs;
  StepTables step; // being made; room for all
  Tally tallies[roleCount];
  double loadSeconds = 0;
};

} // namespace yoco::runtime

#endif // YOCO_RUNTIME_SESSION_SESSION_H
