// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The C API: checks of pointers and struct sizes, and nothing else of its own.

#include "runtime/model/Programs.h"
#include "runtime/model/StepCost.h"
#include "runtime/session/Sampling.h"
#include "runtime/session/Session.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstring>

using namespace yoco;
using namespace yoco::runtime;

struct yoco_model {
  std::shared_ptr<Model> model;
};
struct yoco_session {
  std::unique_ptr<Session> session;
};

namespace {

/// Reads a struct of the caller's, which may be of an older or newer version:
/// what it lacks is zero, and what this version does not know must be zero.
template <typename Struct>
Status readStruct(const Struct *from, const char *name, Struct &to) {
  memset(&to, 0, sizeof(to));
  to.struct_size = sizeof(to);
  if (!from)
    return Status();
  size_t size = from->struct_size;
  if (size < sizeof(size_t))
    return makeError(YOCO_INVALID_ARGUMENT, "%s.struct_size: expected sizeof the struct, %zu, got %zu", name,
                     sizeof(to), size);
  const char *bytes = reinterpret_cast<const char *>(from);
  for (size_t i = sizeof(to); i < size; ++i)
    if (bytes[i] != 0)
      return makeError(YOCO_UNSUPPORTED, "%s: byte %zu is set, and this library knows only %zu", name, i, sizeof(to));
  memcpy(&to, from, std::min(size, sizeof(to)));
  to.struct_size = sizeof(to);
  return Status();
}

/// Writes as much of a result as the caller's version of the struct has.
template <typename Struct>
yoco_status writeStruct(const Struct &from, Struct *to) {
  size_t size = to->struct_size;
  if (size < sizeof(size_t))
    return YOCO_INVALID_ARGUMENT;
  memcpy(to, &from, std::min(size, sizeof(from)));
  to->struct_size = size;
  return YOCO_OK;
}

yoco_status report(const Status &status, char *error, size_t errorSize, const char *name = nullptr) {
  if (error && errorSize != 0) {
    if (status.ok())
      error[0] = '\0';
    else
      snprintf(error, errorSize, "%s%s%s", name ? name : "", name ? ": " : "", status.text());
  }
  return status.code();
}

yoco_status report(yoco_session *session, const Status &status) {
  if (!status.ok())
    session->session->lastError = status.text();
  return status.code();
}

Status needArray(const void *pointer, size_t count, const char *name) {
  if (pointer || count == 0)
    return Status();
  return makeError(YOCO_INVALID_ARGUMENT, "%s is null", name);
}

Status checkAllocator(const yoco_allocator *allocator) {
  if (!allocator || (allocator->allocate && allocator->deallocate))
    return Status();
  return makeError(YOCO_INVALID_ARGUMENT, "options.allocator: expected both allocate and deallocate");
}

Result<ModelOptions> readModelOptions(const yoco_model_options *options) {
  yoco_model_options read;
  YOCO_RETURN_IF_ERROR(readStruct(options, "options", read));
  YOCO_RETURN_IF_ERROR(checkAllocator(read.allocator));
  if (read.verify != YOCO_VERIFY_FULL && read.verify != YOCO_VERIFY_PLAN && read.verify != YOCO_VERIFY_DEFERRED)
    return makeError(YOCO_INVALID_ARGUMENT, "options.verify: expected one of YOCO_VERIFY_*, got %d", int(read.verify));
  ModelOptions result;
  result.verify = read.verify;
  result.threads = read.threads;
  result.refuseHostCode = read.refuse_host_code != 0;
  if (read.allocator)
    result.allocator = *read.allocator;
  return result;
}

/// Opens what `getFile(options)` returns.
template <typename GetFile>
Status openModel(const yoco_model_options *options, yoco_model **model, GetFile getFile) {
  if (!model)
    return makeError(YOCO_INVALID_ARGUMENT, "model is null");
  *model = nullptr;
  YOCO_ASSIGN_OR_RETURN(ModelOptions read, readModelOptions(options));
  YOCO_ASSIGN_OR_RETURN(FileData file, getFile(read));
  YOCO_ASSIGN_OR_RETURN(std::shared_ptr<Model> opened, Model::open(std::move(file), read));
  *model = new yoco_model{std::move(opened)};
  return Status();
}

yoco_bounds publicBounds(const Bounds &bounds) { return {bounds.seq, bounds.batch, bounds.chunk, bounds.wanted}; }

Status describeVariant(const Model &model, uint32_t index, const yoco_bounds *wanted, yoco_variant_info &info) {
  if (index >= model.plan().variants()->size())
    return makeError(YOCO_INVALID_ARGUMENT, "index: expected less than %u, got %u", model.plan().variants()->size(),
                     index);
  Bounds bounds;
  YOCO_ASSIGN_OR_RETURN(bounds, chooseBounds(model.plan(), wanted ? *wanted : yoco_bounds{}));
  const fb::Variant &variant = model.variant(index);
  Path root;
  YOCO_ASSIGN_OR_RETURN(PlanSizes sizes,
                        evaluatePlan(variant, model.plan().vocabulary_size(), bounds, Path(root, "variants", index)));
  cutArenas(variant, {}, bounds, sizes);
  info.device = variant.device()->c_str();
  info.target = variant.target()->c_str();
  info.weight_bytes = model.weightBytes(index);
  info.kv_bytes_per_token = growingBytesPerPosition(variant);
  info.persistent_bytes = sizes.arenas[0];
  info.scratch_bytes = sizes.arenas[1];
  info.compute_type = fb::EnumNameElementType(variant.compute_type());
  return Status();
}

Result<yoco_step_cost> getStepCost(const Model &model, uint32_t index, uint32_t flag, EqualSegments step) {
  if (index >= model.plan().variants()->size())
    return makeError(YOCO_INVALID_ARGUMENT, "variant: expected less than %u, got %u", model.plan().variants()->size(),
                     index);
  Role role = roleOf(flag);
  int32_t found = role == roleCount ? -1 : findEntry(model.variant(index), role);
  if (found < 0)
    return makeError(YOCO_INVALID_ARGUMENT, "entry: expected one YOCO_ENTRY_* that the file has, got 0x%x", flag);
  const fb::Entry *entry = model.variant(index).entries()->Get(uint32_t(found));
  Bounds bounds = boundsOf(model.plan());
  if (step.segments < 1 || step.segments > bounds.batch)
    return makeError(YOCO_OUT_OF_BOUNDS, "segments: expected 1 to %" PRIu64 ", got %" PRIu64, bounds.batch,
                     step.segments);
  uint64_t most = entry->row_shape() == fb::RowShape::one_per_segment ? 1 : bounds.rows(entry->row_bound());
  if (step.rows < 1 || step.rows > most)
    return makeError(YOCO_OUT_OF_BOUNDS, "rows: expected 1 to %" PRIu64 ", got %" PRIu64, most, step.rows);
  if (step.wanted > step.rows)
    return makeError(YOCO_INVALID_ARGUMENT, "wanted: expected at most the %" PRIu64 " rows, got %" PRIu64, step.rows,
                     step.wanted);
  if (!rangeFits(step.position, step.rows, bounds.seq))
    return makeError(YOCO_OUT_OF_BOUNDS,
                     "%" PRIu64 " rows at position %" PRIu64 " are above the file's sequence bound of %" PRIu64,
                     step.rows, step.position, bounds.seq);
  if (entry->rows_wanted() == fb::RowsWanted::none)
    step.wanted = 0;
  return computeStepCost(*entry, step);
}

Status createSession(yoco_model *model, const yoco_session_options *options, yoco_session **session) {
  if (!session)
    return makeError(YOCO_INVALID_ARGUMENT, "session is null");
  *session = nullptr;
  if (!model)
    return makeError(YOCO_INVALID_ARGUMENT, "model is null");
  yoco_session_options read;
  YOCO_RETURN_IF_ERROR(readStruct(options, "options", read));
  YOCO_RETURN_IF_ERROR(checkAllocator(read.allocator));
  YOCO_ASSIGN_OR_RETURN(std::unique_ptr<Session> created, Session::create(model->model, read));
  *session = new yoco_session{std::move(created)};
  return Status();
}

} // namespace

const char *yoco_version(void) { return YOCO_RUNTIME_VERSION; }

uint32_t yoco_api_version(void) { return YOCO_API_VERSION; }

const char *yoco_status_name(yoco_status status) {
  static const char *const names[] = {"ok",       "invalid argument", "invalid file",  "unsupported", "refused",
                                      "io error", "out of memory",    "out of bounds", "cancelled",   "device error"};
  return size_t(status) < sizeof(names) / sizeof(names[0]) ? names[status] : "unknown status";
}

yoco_status yoco_model_open_file(const char *path, const yoco_model_options *options, yoco_model **model, char *error,
                                 size_t error_size) {
  if (!path) {
    if (model)
      *model = nullptr;
    return report(makeError(YOCO_INVALID_ARGUMENT, "path is null"), error, error_size);
  }
  Status status = openModel(options, model, [&](const ModelOptions &) { return FileData::map(path); });
  return report(status, error, error_size, path);
}

yoco_status yoco_model_open_memory(const void *data, size_t size, const yoco_model_options *options, yoco_model **model,
                                   char *error, size_t error_size) {
  Status status = openModel(options, model, [&](const ModelOptions &) { return FileData::borrow(data, size); });
  return report(status, error, error_size);
}

yoco_status yoco_model_open_reader(yoco_read_callback read, void *user, uint64_t file_size,
                                   const yoco_model_options *options, yoco_model **model, char *error,
                                   size_t error_size) {
  Status status = openModel(options, model, [&](const ModelOptions &modelOptions) {
    return FileData::read(read, user, file_size, modelOptions.allocator);
  });
  return report(status, error, error_size);
}

void yoco_model_destroy(yoco_model *model) { delete model; }

yoco_status yoco_model_get_info(const yoco_model *model, yoco_model_info *info) {
  if (!model || !info)
    return YOCO_INVALID_ARGUMENT;
  const fb::Plan &plan = model->model->plan();
  yoco_model_info result = {};
  result.vocabulary_size = plan.vocabulary_size();
  result.variant_count = plan.variants()->size();
  result.bounds = publicBounds(boundsOf(plan));
  if (plan.stop_ids()) {
    result.stop_ids = plan.stop_ids()->data();
    result.stop_id_count = plan.stop_ids()->size();
  }
  if (plan.tokenizer()) {
    result.tokenizer = model->model->file().data() + plan.tokenizer()->offset();
    result.tokenizer_size = size_t(plan.tokenizer()->size());
  }
  result.producer = plan.producer() ? plan.producer()->c_str() : "";
  result.load_seconds = model->model->loadSeconds();
  result.file_bytes = model->model->file().size();
  return writeStruct(result, info);
}

yoco_status yoco_model_get_variant(const yoco_model *model, uint32_t index, const yoco_bounds *bounds,
                                   yoco_variant_info *info, char *error, size_t error_size) {
  if (!model || !info)
    return report(makeError(YOCO_INVALID_ARGUMENT, "model or info is null"), error, error_size);
  yoco_variant_info result = {};
  if (Status status = describeVariant(*model->model, index, bounds, result); !status.ok())
    return report(status, error, error_size);
  if (writeStruct(result, info) != YOCO_OK)
    return report(makeError(YOCO_INVALID_ARGUMENT, "info.struct_size is not set"), error, error_size);
  return YOCO_OK;
}

yoco_status yoco_model_get_step_cost(const yoco_model *model, uint32_t variant, uint32_t entry, uint64_t segments,
                                     uint64_t rows, uint64_t wanted, uint64_t position, yoco_step_cost *cost,
                                     char *error, size_t error_size) {
  if (!model || !cost)
    return report(makeError(YOCO_INVALID_ARGUMENT, "model or cost is null"), error, error_size);
  Result<yoco_step_cost> result = getStepCost(*model->model, variant, entry, {segments, rows, wanted, position});
  if (!result.ok())
    return report(result.status(), error, error_size);
  if (writeStruct(*result, cost) != YOCO_OK)
    return report(makeError(YOCO_INVALID_ARGUMENT, "cost.struct_size is not set"), error, error_size);
  return YOCO_OK;
}

void yoco_model_describe(const yoco_model *model, yoco_text_callback write, void *user) {
  if (model && write)
    describeModel(*model->model, write, user);
}

yoco_status yoco_session_create(yoco_model *model, const yoco_session_options *options, yoco_session **session,
                                char *error, size_t error_size) {
  return report(createSession(model, options, session), error, error_size);
}

void yoco_session_destroy(yoco_session *session) { delete session; }

const char *yoco_session_last_error(const yoco_session *session) {
  return session ? session->session->lastError.c_str() : "session is null";
}

yoco_status yoco_session_prefill(yoco_session *session, int32_t slot, const int32_t *ids, size_t count) {
  return yoco_session_prefill_batch(session, &slot, &count, 1, ids);
}

yoco_status yoco_session_prefill_batch(yoco_session *session, const int32_t *slots, const size_t *counts, size_t n,
                                       const int32_t *ids) {
  if (!session)
    return YOCO_INVALID_ARGUMENT;
  return report(session, [&]() -> Status {
    YOCO_RETURN_IF_ERROR(needArray(slots, n, "slots"));
    YOCO_RETURN_IF_ERROR(needArray(counts, n, "counts"));
    bool any = std::any_of(counts, counts + n, [](size_t count) { return count != 0; });
    YOCO_RETURN_IF_ERROR(needArray(ids, any, "ids"));
    return session->session->prefill(slots, counts, n, ids);
  }());
}

yoco_status yoco_session_decode(yoco_session *session, const int32_t *slots, const int32_t *ids, size_t n,
                                float *logits) {
  if (!session)
    return YOCO_INVALID_ARGUMENT;
  return report(session, [&]() -> Status {
    YOCO_RETURN_IF_ERROR(needArray(slots, n, "slots"));
    YOCO_RETURN_IF_ERROR(needArray(ids, n, "ids"));
    return session->session->decode(slots, ids, n, logits);
  }());
}

yoco_status yoco_session_decode_greedy(yoco_session *session, const int32_t *slots, const int32_t *ids, size_t n,
                                       int32_t *next) {
  if (!session)
    return YOCO_INVALID_ARGUMENT;
  return report(session, [&]() -> Status {
    YOCO_RETURN_IF_ERROR(needArray(slots, n, "slots"));
    YOCO_RETURN_IF_ERROR(needArray(ids, n, "ids"));
    YOCO_RETURN_IF_ERROR(needArray(next, n, "next"));
    return session->session->decodeGreedy(slots, ids, n, next);
  }());
}

yoco_status yoco_session_prompt(yoco_session *session, int32_t slot, const int32_t *ids, size_t count, float *logits) {
  if (!session)
    return YOCO_INVALID_ARGUMENT;
  return report(session, [&]() -> Status {
    YOCO_RETURN_IF_ERROR(needArray(ids, count, "ids"));
    return session->session->prompt(slot, ids, count, logits);
  }());
}

yoco_status yoco_session_prompt_greedy(yoco_session *session, int32_t slot, const int32_t *ids, size_t count,
                                       int32_t *next) {
  if (!session)
    return YOCO_INVALID_ARGUMENT;
  return report(session, [&]() -> Status {
    YOCO_RETURN_IF_ERROR(needArray(ids, count, "ids"));
    YOCO_RETURN_IF_ERROR(needArray(next, 1, "next"));
    return session->session->promptGreedy(slot, ids, count, next);
  }());
}

yoco_status yoco_session_extend(yoco_session *session, const yoco_step *step, yoco_step_results *results) {
  if (!session)
    return YOCO_INVALID_ARGUMENT;
  return report(session, [&]() -> Status {
    YOCO_RETURN_IF_ERROR(needArray(step, 1, "step"));
    yoco_step asked;
    YOCO_RETURN_IF_ERROR(readStruct(step, "step", asked));
    yoco_step_results read;
    YOCO_RETURN_IF_ERROR(readStruct(results, "results", read));
    Status status = session->session->extend(asked, read);
    if (results)
      writeStruct(read, results);
    return status;
  }());
}

yoco_status yoco_session_score(yoco_session *session, int32_t slot, const int32_t *ids, size_t count,
                               yoco_logits_callback callback, void *user) {
  if (!session)
    return YOCO_INVALID_ARGUMENT;
  return report(session, [&]() -> Status {
    YOCO_RETURN_IF_ERROR(needArray(ids, count, "ids"));
    if (!callback)
      return makeError(YOCO_INVALID_ARGUMENT, "callback is null");
    return session->session->score(slot, ids, count, callback, user);
  }());
}

yoco_status yoco_session_reset(yoco_session *session, int32_t slot) {
  return session ? report(session, session->session->reset(slot)) : YOCO_INVALID_ARGUMENT;
}

yoco_status yoco_session_copy_slot(yoco_session *session, int32_t from, int32_t to) {
  return session ? report(session, session->session->copySlot(from, to)) : YOCO_INVALID_ARGUMENT;
}

yoco_status yoco_session_position(yoco_session *session, int32_t slot, uint64_t *position) {
  if (!session || !position)
    return YOCO_INVALID_ARGUMENT;
  Result<uint64_t> result = session->session->position(slot);
  if (result.ok())
    *position = *result;
  return report(session, result.status());
}

yoco_status yoco_session_get_stats(const yoco_session *session, yoco_session_stats *stats) {
  if (!session || !stats)
    return YOCO_INVALID_ARGUMENT;
  yoco_session_stats result = {};
  session->session->fillStats(result);
  return writeStruct(result, stats);
}

yoco_status yoco_sample(const float *logits, uint32_t vocabulary_size, const yoco_sampling_options *options,
                        uint64_t counter, int32_t *id, char *error, size_t error_size) {
  return report(
      [&]() -> Status {
        if (!logits || !id || vocabulary_size == 0)
          return makeError(YOCO_INVALID_ARGUMENT, "expected logits and a place for the id, got null");
        yoco_sampling_options read;
        YOCO_RETURN_IF_ERROR(readStruct(options, "options", read));
        YOCO_ASSIGN_OR_RETURN(*id, sample(logits, vocabulary_size, read, counter));
        return Status();
      }(),
      error, error_size);
}
