// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How a session is made: variant, entries, bounds, memory.

#include "runtime/core/Clock.h"
#include "runtime/model/Programs.h"
#include "runtime/session/Session.h"

#include <algorithm>
#include <cinttypes>
#include <cstring>

namespace yoco::runtime {

static void logLine(const yoco_session_options &options, const std::string &text) {
  if (options.log)
    options.log(options.log_user, text.c_str());
}

Result<std::unique_ptr<Session>> Session::create(std::shared_ptr<Model> model, const yoco_session_options &options) {
  std::unique_ptr<Session> session(new Session(std::move(model)));
  Stopwatch watch;
  YOCO_ASSIGN_OR_RETURN(session->choice, session->model->chooseVariant(options.device));
  YOCO_RETURN_IF_ERROR(session->findEntries(options.entries));
  YOCO_ASSIGN_OR_RETURN(session->bounds, chooseBounds(session->model->plan(), options.bounds));
  YOCO_RETURN_IF_ERROR(session->createExecutor(options));
  session->prepareSteps();
  session->loadSeconds = session->model->loadSeconds() + watch.seconds();

  logLine(options, formatString("session on %s: %" PRIu64 " bytes persistent, %" PRIu64 " bytes scratch, %u threads",
                                session->variant().target()->c_str(), session->executor->arenaBytes(0),
                                session->executor->arenaBytes(1), session->executor->threads()));
  return session;
}

Status Session::findEntries(uint32_t wanted) {
  if (wanted >> roleCount != 0)
    return makeError(YOCO_INVALID_ARGUMENT, "options.entries: expected YOCO_ENTRY_* flags, got 0x%x", wanted);
  for (uint32_t role = 0; role < roleCount; ++role) {
    if (wanted != 0 && !(wanted >> role & 1))
      continue;
    entries[role] = findEntry(variant(), Role(role));
    if (wanted != 0 && entries[role] < 0)
      return makeError(YOCO_UNSUPPORTED, "options.entries: the file has no entry `%s`", roleName(Role(role)));
  }
  return Status();
}

Status Session::createExecutor(const yoco_session_options &options) {
  Path root;
  Path path(root, "variants", choice.variant);
  ExecutorOptions executorOptions;
  executorOptions.bounds = bounds;
  YOCO_ASSIGN_OR_RETURN(executorOptions.sizes, evaluatePlan(variant(), model->plan().vocabulary_size(), bounds, path));
  for (int32_t entry : entries)
    if (entry >= 0)
      executorOptions.entries.push_back(uint32_t(entry));
  cutArenas(variant(), options.entries == 0 ? std::vector<uint32_t>() : executorOptions.entries, bounds,
            executorOptions.sizes);
  executorOptions.threads = options.threads;
  executorOptions.parallelFor = options.parallel_for;
  executorOptions.parallelForUser = options.parallel_for_user;
  executorOptions.allocator = options.allocator ? *options.allocator : defaultAllocator();
  executorOptions.graphs = options.no_graphs == 0;
  Status status = loadProgram(options, std::move(executorOptions));
  if (status.code() != YOCO_OUT_OF_MEMORY)
    return status;
  return makeError(status.code(),
                   "session of %" PRIu64 " slots of %" PRIu64 " tokens, prefill chunk %" PRIu64 ", wanted rows %" PRIu64
                   ": %s",
                   bounds.batch, bounds.seq, bounds.chunk, bounds.wanted, status.text());
}

/// Makes room for everything that calls will note.
void Session::prepareSteps() {
  positions.resize(size_t(bounds.batch));
  std::vector<uint32_t> used;
  for (uint32_t role = 0; role < roleCount; ++role)
    if (entries[role] >= 0) {
      step.reserve(entry(Role(role)), bounds);
      used.push_back(uint32_t(entries[role]));
    }
  if (entries[extendLogProbsRole] >= 0)
    targets.reserve(size_t(mostRows(extendLogProbsRole)));
  runs = RingRuns(variant(), used, bounds.batch);
}

Status Session::loadProgram(const yoco_session_options &options, ExecutorOptions executorOptions) {
  Progress progress{options.progress, options.progress_user};
  YOCO_ASSIGN_OR_RETURN(program, model->program(choice, executorOptions.sizes.arenas, progress));
  YOCO_ASSIGN_OR_RETURN(executor, program->createExecutor(std::move(executorOptions)));
  return Status();
}

} // namespace yoco::runtime
