/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */

/* YOCO runtime: runs model files made by yoco-compile.
 *
 *   yoco_model *model;      yoco_model_open_file(...)    immutable, may be shared between threads
 *   yoco_session *session;  yoco_session_create(...)     slots with a sequence each; one thread at a time
 *
 * A session has `max_batch` slots. A slot holds one sequence: prefill appends tokens to it, decode appends one token to
 * each of several slots and gives the logits that follow. All memory of a session is allocated when it is created.
 *
 * Every function that can fail returns a status; the text that says what went wrong and where is in the `error` buffer
 * of the open and create functions, and in yoco_session_last_error() for all that take a session. There is no global
 * state.
 *
 * Structs that the caller fills begin with `struct_size`; set it to sizeof the struct and the rest to zero for
 * defaults.
 */

#ifndef YOCO_YOCO_H
#define YOCO_YOCO_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define YOCO_API __attribute__((visibility("default")))
#else
#define YOCO_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Raised when a function changes its meaning or goes away; additions leave it
 * alone. */
#define YOCO_API_VERSION 1

typedef struct yoco_model yoco_model;
typedef struct yoco_session yoco_session;

typedef enum yoco_status {
  YOCO_OK = 0,
  YOCO_INVALID_ARGUMENT = 1, /* the call makes no sense as it stands */
  YOCO_INVALID_FILE = 2,     /* the model file is damaged or malformed */
  YOCO_UNSUPPORTED = 3,      /* a sound file or request that this runtime or machine cannot serve */
  YOCO_REFUSED = 4,          /* an option of the caller forbids it */
  YOCO_IO_ERROR = 5,         /* reading failed */
  YOCO_OUT_OF_MEMORY = 6,
  YOCO_OUT_OF_BOUNDS = 7, /* above a bound of the session or of the file */
  YOCO_CANCELLED = 8,     /* a callback asked to stop */
  YOCO_DEVICE_ERROR = 9   /* a GPU, its driver or its libraries failed */
} yoco_status;

/* "0.1.0" */
YOCO_API const char *yoco_version(void);
/* YOCO_API_VERSION of the library that is linked. */
YOCO_API uint32_t yoco_api_version(void);
/* "out of bounds" for YOCO_OUT_OF_BOUNDS; never null. */
YOCO_API const char *yoco_status_name(yoco_status status);

/* Where memory comes from. `allocate` returns null when it has none;
 * `alignment` is a power of two. */
typedef struct yoco_allocator {
  void *(*allocate)(void *user, size_t size, size_t alignment);
  void (*deallocate)(void *user, void *memory, size_t size);
  void *user;
} yoco_allocator;

/* One line without a line break. */
typedef void (*yoco_log_callback)(void *user, const char *text);

/*===-- Models ------------------------------------------------------------===*/

typedef enum yoco_verify {
  /* every checksum of the file */
  YOCO_VERIFY_FULL = 0,
  /* those of header, plan and checksum table; weights are trusted */
  YOCO_VERIFY_PLAN = 1,
  /* every checksum, but those of weights when a session first needs them: while they are on their way to a GPU that
   * costs little */
  YOCO_VERIFY_DEFERRED = 2
} yoco_verify;

typedef struct yoco_model_options {
  size_t struct_size;
  yoco_verify verify;
  /* for checksums and generated parameters; 0: one per hardware thread */
  uint32_t threads;
  /* nonzero: sessions that would run code of the file on the CPU are refused */
  int32_t refuse_host_code;
  /* for contents read through a callback and generated parameters; copied */
  const yoco_allocator *allocator;
} yoco_model_options;

/* What a session is sized for: longest sequence, number of slots, most rows of
 * a prefill step and of a scoring step. */
typedef struct yoco_bounds {
  uint64_t max_sequence_length;
  uint64_t max_batch;
  uint64_t prefill_chunk;
  uint64_t wanted_rows;
} yoco_bounds;

/* Opens a model. `options` may be null. On failure *model is null and `error`
 * (may be null) has the text, cut to `error_size` bytes. A file is
 * memory-mapped and must not change while the model lives. */
YOCO_API yoco_status yoco_model_open_file(const char *path, const yoco_model_options *options, yoco_model **model,
                                          char *error, size_t error_size);
/* `data` is borrowed: it must start at a multiple of 64 and outlive the model
 * and its sessions. */
YOCO_API yoco_status yoco_model_open_memory(const void *data, size_t size, const yoco_model_options *options,
                                            yoco_model **model, char *error, size_t error_size);
/* Reads `size` bytes at `offset` of the file into `data`; returns 0, or
 * anything else on failure. */
typedef int (*yoco_read_callback)(void *user, uint64_t offset, void *data, size_t size);
/* Reads the whole file of `file_size` bytes through the callback, before it
 * returns. */
YOCO_API yoco_status yoco_model_open_reader(yoco_read_callback read, void *user, uint64_t file_size,
                                            const yoco_model_options *options, yoco_model **model, char *error,
                                            size_t error_size);
/* Sessions keep what they need of their model: either may be destroyed first.
 * Null is ignored. */
YOCO_API void yoco_model_destroy(yoco_model *model);

typedef struct yoco_model_info {
  size_t struct_size; /* in */
  uint32_t vocabulary_size;
  uint32_t variant_count;
  yoco_bounds bounds;      /* the largest that a session may ask for */
  const int32_t *stop_ids; /* owned by the model, as all pointers here */
  size_t stop_id_count;
  const void *tokenizer; /* a serialized SentencePiece model; null: none in the file */
  size_t tokenizer_size;
  const char *producer;
  double load_seconds; /* opening, with checksums */
  uint64_t file_bytes;
} yoco_model_info;

YOCO_API yoco_status yoco_model_get_info(const yoco_model *model, yoco_model_info *info);

/* The program for one kind of machine, with its memory plan at given bounds. */
typedef struct yoco_variant_info {
  size_t struct_size; /* in */
  const char *device; /* "host", "cuda" */
  const char *target; /* "host:x86-64-v3", "nvptx:sm_90a" */
  uint64_t weight_bytes;
  uint64_t kv_bytes_per_token; /* what one more position of a sequence costs,
                                  over all growing caches */
  uint64_t persistent_bytes;   /* caches and states */
  uint64_t scratch_bytes;      /* of a session with all entries: what steps within the bounds need */
  const char *compute_type; /* what caches and the inputs of matrix products are rounded to: "f32", "bf16" */
} yoco_variant_info;

/* `bounds` may be null: the file's. A zero in it means the file's number. */
YOCO_API yoco_status yoco_model_get_variant(const yoco_model *model, uint32_t index, const yoco_bounds *bounds,
                                            yoco_variant_info *info, char *error, size_t error_size);

/* What one step of an entry point has to move and to compute at least, derived
 * from the plan: parameters once, of tables only the rows looked up; caches and
 * states; two operations for each multiply-add of linears, retention and
 * attention. Activations and elementwise work do not count. */
typedef struct yoco_step_cost {
  size_t struct_size; /* in */
  uint64_t weight_bytes;
  uint64_t state_read_bytes;
  uint64_t state_write_bytes;
  uint64_t linear_operations;
  uint64_t mixer_operations;
} yoco_step_cost;

/* A step of `segments` sequences that each append `rows` tokens at `position`, the last `wanted` of which something is
 * wanted of; entry points that give something for all rows or for none take no notice of that number. `entry` is one of
 * YOCO_ENTRY_*. */
YOCO_API yoco_status yoco_model_get_step_cost(const yoco_model *model, uint32_t variant, uint32_t entry,
                                              uint64_t segments, uint64_t rows, uint64_t wanted, uint64_t position,
                                              yoco_step_cost *cost, char *error, size_t error_size);

/* Receives a piece of text; `size` bytes, not terminated. */
typedef void (*yoco_text_callback)(void *user, const char *text, size_t size);
/* Describes the file for people: targets, entry points, kernels, memory plan.
 * The format may change. */
YOCO_API void yoco_model_describe(const yoco_model *model, yoco_text_callback write, void *user);

/*===-- Sessions ----------------------------------------------------------===*/

/* Runs `body(context, begin, end)` for disjoint ranges that cover 0 .. tiles,
 * on any threads, and returns when all are done. */
typedef void (*yoco_parallel_for)(void *user, uint32_t tiles, void (*body)(void *context, uint32_t begin, uint32_t end),
                                  void *context);

/* How far the weights are on their way to a session's device, in bytes; called at the beginning, from time to time, and
 * at the end with done = total. Returning nonzero stops. */
typedef int (*yoco_progress_callback)(void *user, uint64_t done, uint64_t total);

/* `sample` is decode with the largest logit chosen on the device; the entries `extend` are for yoco_session_extend(),
 * with logits, chosen ids and log-probabilities. Files may lack them. */
enum {
  YOCO_ENTRY_PREFILL = 1,
  YOCO_ENTRY_DECODE = 2,
  YOCO_ENTRY_SCORE = 4,
  YOCO_ENTRY_SAMPLE = 8,
  YOCO_ENTRY_EXTEND = 16,
  YOCO_ENTRY_EXTEND_SAMPLE = 32,
  YOCO_ENTRY_EXTEND_LOGPROBS = 64
};

typedef struct yoco_session_options {
  size_t struct_size;
  const char *device;             /* "host", "cuda", "cuda:N" for GPU number N; null: the first
                                     target in the file that this machine can run */
  uint32_t threads;               /* of the session's pool, the caller's included; 0: one per
                                     hardware thread */
  uint32_t entries;               /* which entry points will be used (YOCO_ENTRY_*); 0: all that the file has.
                                     Leaving some out saves scratch memory */
  yoco_parallel_for parallel_for; /* instead of the session's pool */
  void *parallel_for_user;
  yoco_bounds bounds;              /* 0: the file's number */
  const yoco_allocator *allocator; /* for the session's arenas on the host; copied */
  yoco_log_callback log;           /* called by yoco_session_create() only */
  void *log_user;
  yoco_progress_callback progress; /* called by yoco_session_create() only, when weights have to be made ready */
  void *progress_user;
  int32_t no_graphs; /* GPUs, nonzero: start the kernels of a step one by one instead of as one graph that was recorded
                        before; slower, the same results, for debuggers and profilers */
} yoco_session_options;

/* GPUs are reached through NVIDIA's driver (libcuda.so.1) and, for models with library products, cuBLASLt
 * (libcublasLt.so.13 or .12), which are opened when a session first wants them. The environment variables
 * YOCO_CUDA_DRIVER and YOCO_CUBLASLT name other files to open instead. */

/* Allocates everything that the session will ever need. `options` may be null.
 */
YOCO_API yoco_status yoco_session_create(yoco_model *model, const yoco_session_options *options, yoco_session **session,
                                         char *error, size_t error_size);
YOCO_API void yoco_session_destroy(yoco_session *session);

/* The text of the last failure of this session, "" before the first; valid
 * until the next call that fails. */
YOCO_API const char *yoco_session_last_error(const yoco_session *session);

/* Ids, slots and the sequence bound are checked before any work: a call that
 * returns YOCO_INVALID_ARGUMENT or YOCO_OUT_OF_BOUNDS has changed nothing.
 * After YOCO_CANCELLED the content of the slot is undefined until it is reset.
 * After YOCO_DEVICE_ERROR the session is good for nothing but yoco_session_destroy().
 * All calls return when their work is done, on a GPU as well.
 */

/* Appends `count` tokens to the sequence in `slot`, without logits. */
YOCO_API yoco_status yoco_session_prefill(yoco_session *session, int32_t slot, const int32_t *ids, size_t count);
/* Appends counts[i] tokens to slots[i] for n different slots, several of them
 * in one step. `ids` has the tokens of the first slot, then those of the
 * second, and so on. */
YOCO_API yoco_status yoco_session_prefill_batch(yoco_session *session, const int32_t *slots, const size_t *counts,
                                                size_t n, const int32_t *ids);
/* Appends ids[i] to slots[i] for n different slots; n is at most max_batch.
 * `logits` receives n rows of vocabulary_size floats, or is null. */
YOCO_API yoco_status yoco_session_decode(yoco_session *session, const int32_t *slots, const int32_t *ids, size_t n,
                                         float *logits);
/* The same, and next[i] is the id that yoco_sample() would choose for slots[i] without options: that of the largest
 * logit, the lowest among equals. With entry `sample` the device chooses and no logits leave it; a session without it
 * runs entry `decode` and chooses on the host, with the same result. Where all logits are NaN, next[i] is -1: then
 * YOCO_INVALID_ARGUMENT is returned although the tokens have been appended and the other rows chosen. */
YOCO_API yoco_status yoco_session_decode_greedy(yoco_session *session, const int32_t *slots, const int32_t *ids,
                                                size_t n, int32_t *next);
/* Appends `count` >= 1 tokens; `logits` receives the row of the last, or is null. With entry `extend` that row comes
 * out of the step that ends the prompt; a session without it runs entry `prefill` for all tokens but the last, and
 * `decode` for that. */
YOCO_API yoco_status yoco_session_prompt(yoco_session *session, int32_t slot, const int32_t *ids, size_t count,
                                         float *logits);
/* The same, and *next is what yoco_session_decode_greedy() would choose after the last token. */
YOCO_API yoco_status yoco_session_prompt_greedy(yoco_session *session, int32_t slot, const int32_t *ids, size_t count,
                                                int32_t *next);
/* Receives rows first_row .. first_row + rows of the logits of a scored
 * sequence. Returning nonzero stops. */
typedef int (*yoco_logits_callback)(void *user, size_t first_row, size_t rows, const float *logits);
/* Appends `count` tokens with logits for each, in steps of at most `wanted_rows`. */
YOCO_API yoco_status yoco_session_score(yoco_session *session, int32_t slot, const int32_t *ids, size_t count,
                                        yoco_logits_callback callback, void *user);

/* The next tokens of one sequence. */
typedef struct yoco_segment {
  int32_t slot;
  uint32_t rows;        /* tokens; 0 is legal and does nothing */
  uint64_t wanted_from; /* the first position of the sequence of which something is wanted, in this step or in a later
                           one; what is needed for positions before it alone is not computed */
} yoco_segment;
#define YOCO_NOTHING_WANTED UINT64_MAX

#define YOCO_MOST_BEST 20

typedef struct yoco_step {
  size_t struct_size;
  const yoco_segment *segments; /* of different slots, at most max_batch */
  size_t segment_count;
  const int32_t *ids;     /* the tokens of the first segment, then those of the second, and so on: at most
                             prefill_chunk */
  const int32_t *targets; /* log-probabilities: for each wanted row the id that is asked about, -1: none; null: none for
                             all rows */
  uint32_t best;          /* log-probabilities: how many of the largest logits to give for each row, at most
                             YOCO_MOST_BEST and the vocabulary */
} yoco_step;

/* The log-probability of an id is its logit less log_sum. */
typedef struct yoco_logprobs {
  float log_sum;      /* logarithm of the sum of exp(logit) over the vocabulary */
  float target_logit; /* NaN without a target */
  uint32_t rank;      /* how many ids come before the target, by falling logit, then rising id: 0 is the id that greedy
                         decoding chooses. UINT32_MAX without a target */
} yoco_logprobs;

typedef struct yoco_candidate {
  int32_t id;
  float logit;
} yoco_candidate;

/* What comes out of the wanted rows of a step: those at `wanted_from` of their segment or after it, in the order of the
 * ids, at most wanted_rows of them. One kind of results (logits, chosen, or logprobs), or nothing. */
typedef struct yoco_step_results {
  size_t struct_size;
  float *logits;           /* vocabulary_size for each row */
  int32_t *chosen;         /* as by yoco_session_decode_greedy(): of the largest logit, the lowest among equals */
  yoco_logprobs *logprobs; /* one for each row */
  yoco_candidate *best;    /* with logprobs: `step.best` for each row, by falling logit, the lowest id first among
                              equals */
  size_t rows;             /* out: how many rows were wanted */
} yoco_step_results;

/* One step that appends tokens to several sequences, each of which may be prefilled, decoded or scored. `results` may
 * be null. The entry that gives the results runs: `extend` for logits, `extend_sample` for chosen ids and
 * `extend_logprobs` for log-probabilities; a session without one of the latter two computes the same on the host from
 * the logits of `extend`. A step of which nothing is wanted runs entry `prefill`, or any of the others. Everything is
 * checked before any work; YOCO_INVALID_ARGUMENT also when something is wanted that needs rows which an earlier step
 * has skipped. Where all logits of a row are NaN, chosen[i] is -1: then YOCO_INVALID_ARGUMENT is returned although the
 * tokens have been appended and the other rows chosen; log-probabilities of a row with NaN are NaN. */
YOCO_API yoco_status yoco_session_extend(yoco_session *session, const yoco_step *step, yoco_step_results *results);

/* Empties a slot. No memory is cleared, none needs to be. */
YOCO_API yoco_status yoco_session_reset(yoco_session *session, int32_t slot);
/* Makes slot `to` hold what slot `from` holds. */
YOCO_API yoco_status yoco_session_copy_slot(yoco_session *session, int32_t from, int32_t to);
/* Number of tokens in the slot. */
YOCO_API yoco_status yoco_session_position(yoco_session *session, int32_t slot, uint64_t *position);

typedef struct yoco_session_stats {
  size_t struct_size; /* in */
  const char *device; /* owned by the model */
  const char *target;
  yoco_bounds bounds;
  double load_seconds; /* opening the model, readying its kernels and weights,
                          creating the session */
  uint64_t prefill_tokens; /* of prompts all, where entry `extend` gives the last row, else all but the last */
  double prefill_seconds;
  uint64_t decode_tokens; /* yoco_session_decode_greedy() included */
  double decode_seconds;
  uint64_t score_tokens;
  double score_seconds;
  uint64_t persistent_bytes; /* held by the session from creation to destruction */
  uint64_t scratch_bytes;
  uint64_t weight_bytes; /* of the model's variant, shared by its sessions */
  uint64_t kv_bytes_per_token;
  uint32_t threads;             /* 0: the caller's parallel-for, or a GPU */
  uint64_t device_weight_bytes; /* memory of the GPU that holds the weights, shared by the sessions of the model on it;
                                   each parameter takes a multiple of 256. 0 on the host */
  uint64_t staging_bytes; /* pinned memory of the machine, for transfers to and from a GPU; held like the arenas */
  const char
      *device_description; /* "GPU 0 (NVIDIA H200, compute capability 9.0), cubin for sm_90a"; owned by the model */
  uint64_t host_weight_bytes; /* pinned memory of the machine that holds the weights that are placed on the host, from
                                 which a GPU looks rows up; shared like device_weight_bytes. 0 on the host */
  uint64_t extend_tokens;     /* of yoco_session_extend() */
  double extend_seconds;
} yoco_session_stats;

YOCO_API yoco_status yoco_session_get_stats(const yoco_session *session, yoco_session_stats *stats);

/*===-- Sampling ----------------------------------------------------------===*/

typedef struct yoco_sampling_options {
  size_t struct_size;
  float temperature; /* 0: the largest logit, the lowest id among equals; the
                        fields below then do not matter */
  uint32_t top_k;    /* draw from the k largest logits; 0: from all */
  float top_p;       /* draw from the smallest set of most likely ids with this mass,
                        after top_k; 0 or 1: from all */
  uint64_t seed;
} yoco_sampling_options;

/* Chooses an id. `counter` numbers the draws of one seed: the same seed,
 * counter and logits give the same id. NaN counts as minus infinity; all NaN is
 * an invalid argument. `options` may be null: greedy. Allocates nothing. */
YOCO_API yoco_status yoco_sample(const float *logits, uint32_t vocabulary_size, const yoco_sampling_options *options,
                                 uint64_t counter, int32_t *id, char *error, size_t error_size);

#ifdef __cplusplus
}
#endif

#endif /* YOCO_YOCO_H */
