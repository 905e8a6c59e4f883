/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Kernels of the toy model (ToyModel.h), built to a shared object as the
 * compiler would build one. */

#include <stdint.h>

enum { vocabulary = 11, window = 4, features = 4 };

/* What memory has that nobody wrote, in tests that ask for it. */
static const uint32_t poison = 0xffffffffu;

typedef struct {
  int32_t slot, first, begin, count;
} Segment;

/* How many arguments the kernels have, for the driver in fake/. */
const uint32_t toy_mix_words = 8, toy_logits_words = 5, toy_round_words = 3, toy_argmax_words = 3,
               toy_narrow_words = 4, toy_narrow_ids_words = 4, toy_tail_words = 5, toy_logprobs_words = 4;

/* A tile is a segment. Arguments: ids, segments, sum state, ring, cache, x,
 * segments of the step, max sequence length. x[row] = {hash of all ids by
 * recurrence, hash of the last four, hash of all by attention, position}. The
 * ring stands in the middle of a record. */
void toy_mix(const uint64_t *arguments, uint32_t tile_begin, uint32_t tile_end) {
  const int32_t *ids = (const int32_t *)arguments[0];
  const Segment *segments = (const Segment *)arguments[1];
  const uint64_t record = 2 * (arguments[3] - arguments[2]);
  for (uint32_t tile = tile_begin; tile < tile_end && tile < arguments[6]; ++tile) {
    Segment segment = segments[tile];
    if (segment.slot < 0)
      continue;
    uint32_t *state = (uint32_t *)(arguments[2] + (uint64_t)segment.slot * record);
    int32_t *ring = (int32_t *)(arguments[3] + (uint64_t)segment.slot * record);
    int32_t *cache = (int32_t *)arguments[4] + segment.slot * arguments[7];
    uint32_t *x = (uint32_t *)arguments[5];
    uint32_t sum = segment.first == 0 ? 0 : state[0];
    for (int32_t i = 0; i < segment.count; ++i) {
      int32_t position = segment.first + i, row = segment.begin + i;
      sum = sum * 31 + (uint32_t)ids[row];
      ring[position % window] = ids[row];
      cache[position] = ids[row];
      uint32_t recent = 0, all = 0;
      for (int32_t p = position < window ? 0 : position - window + 1; p <= position; ++p)
        recent = recent * 33 + (uint32_t)ring[p % window];
      for (int32_t p = 0; p <= position; ++p)
        all = all * 37 + (uint32_t)cache[p];
      x[row * features + 0] = sum;
      x[row * features + 1] = recent;
      x[row * features + 2] = all;
      x[row * features + 3] = (uint32_t)position;
    }
    state[0] = sum;
  }
}

/* A tile is a segment of the second table. Arguments: a segment table, the table of some of its rows, rows of `words`
 * words by the first, the same by the second. */
static void narrow(const uint64_t *arguments, uint32_t tile_begin, uint32_t tile_end, uint32_t words) {
  const Segment *all = (const Segment *)arguments[0], *some = (const Segment *)arguments[1];
  const uint32_t *from = (const uint32_t *)arguments[2];
  uint32_t *to = (uint32_t *)arguments[3];
  for (uint32_t tile = tile_begin; tile < tile_end; ++tile) {
    Segment segment = some[tile], source = all[0];
    if (segment.slot < 0 || segment.count == 0)
      continue;
    for (uint32_t i = 1; source.slot != segment.slot; ++i)
      source = all[i];
    for (uint32_t i = 0; i < (uint32_t)segment.count * words; ++i)
      to[(uint32_t)segment.begin * words + i] =
          from[(uint32_t)(source.begin + segment.first - source.first) * words + i];
  }
}

void toy_narrow(const uint64_t *arguments, uint32_t tile_begin, uint32_t tile_end) {
  narrow(arguments, tile_begin, tile_end, features);
}

void toy_narrow_ids(const uint64_t *arguments, uint32_t tile_begin, uint32_t tile_end) {
  narrow(arguments, tile_begin, tile_end, 1);
}

/* A tile is a row. Arguments: logits, targets, results, rows. A result is the largest logit, that of the target, its
 * rank, and the best two columns and their logits. */
void toy_logprobs(const uint64_t *arguments, uint32_t tile_begin, uint32_t tile_end) {
  enum { best = 2 };
  for (uint32_t row = tile_begin; row < tile_end && row < arguments[3]; ++row) {
    const float *logits = (const float *)arguments[0] + row * vocabulary;
    int32_t target = ((const int32_t *)arguments[1])[row];
    float *out = (float *)arguments[2] + row * (3 + 2 * best);
    int32_t *words = (int32_t *)out;
    words[1] = 0x7fc00000;
    words[2] = -1;
    for (int32_t column = 0; column < vocabulary; ++column) {
      int32_t rank = 0;
      for (int32_t other = 0; other < vocabulary; ++other)
        rank += logits[other] > logits[column] || (logits[other] == logits[column] && other < column);
      if (rank == 0)
        out[0] = logits[column];
      if (rank < best) {
        words[3 + rank] = column;
        out[3 + best + rank] = logits[column];
      }
      if (column == target) {
        out[1] = logits[column];
        words[2] = rank;
      }
    }
  }
}

/* A tile is a segment. Arguments: segments, records, ring in them, x, segments of the step. x[row][0] becomes a hash of
 * what it was in the last four rows. As in a tile of a matrix, one number that is poison spoils all rows, also those
 * that do not need it. The ring stands at a quarter of a record. */
void toy_tail(const uint64_t *arguments, uint32_t tile_begin, uint32_t tile_end) {
  const Segment *segments = (const Segment *)arguments[0];
  const uint64_t record = 4 * (arguments[2] - arguments[1]);
  uint32_t *x = (uint32_t *)arguments[3];
  for (uint32_t tile = tile_begin; tile < tile_end && tile < arguments[4]; ++tile) {
    Segment segment = segments[tile];
    if (segment.slot < 0)
      continue;
    uint32_t *ring = (uint32_t *)(arguments[2] + (uint64_t)segment.slot * record);
    int32_t spoilt = 0;
    for (int32_t i = 0; i < segment.count; ++i) {
      int32_t position = segment.first + i;
      uint32_t *value = x + (segment.begin + i) * features, hash = 0;
      ring[position % window] = *value;
      for (int32_t p = position < window ? 0 : position - window + 1; p <= position; ++p) {
        spoilt |= ring[p % window] == poison;
        hash = hash * 33 + ring[p % window];
      }
      *value = hash;
    }
    for (int32_t i = 0; spoilt && i < segment.count; ++i)
      x[(segment.begin + i) * features] = poison;
  }
}

/* A tile is four rows. Arguments: x, bias (float [vocabulary]), spread
 * (bfloat16 [vocabulary], panels of 4), logits, rows. */
void toy_logits(const uint64_t *arguments, uint32_t tile_begin, uint32_t tile_end) {
  const uint32_t *x = (const uint32_t *)arguments[0];
  const float *bias = (const float *)arguments[1];
  const uint16_t *spread = (const uint16_t *)arguments[2];
  float *logits = (float *)arguments[3];
  for (uint32_t row = tile_begin * 4; row < tile_end * 4 && row < arguments[4]; ++row)
    for (uint32_t v = 0; v < vocabulary; ++v) {
      const uint32_t *f = x + row * features;
      uint32_t hash = (f[0] * 7 + f[1] * 3 + f[2] * 5 + f[3] + v) * 2654435761u;
      union {
        uint32_t bits;
        float value;
      } widened = {(uint32_t)spread[v] << 16};
      logits[row * vocabulary + v] = (float)(hash >> 8) * 0x1p-24f * widened.value + bias[v];
    }
}

/* A tile is a row. Arguments: logits, their bfloat16 (rows of 16, the rest zero), rows. */
void toy_round(const uint64_t *arguments, uint32_t tile_begin, uint32_t tile_end) {
  const uint32_t *logits = (const uint32_t *)arguments[0];
  uint16_t *rounded = (uint16_t *)arguments[1];
  for (uint32_t row = tile_begin; row < tile_end && row < arguments[2]; ++row)
    for (uint32_t v = 0; v < 16; ++v) {
      uint32_t bits = v < vocabulary ? logits[row * vocabulary + v] : 0;
      rounded[row * 16 + v] = (uint16_t)((bits + 0x7fffu + ((bits >> 16) & 1)) >> 16);
    }
}

/* A tile is a row. Arguments: logits, the column of each row's largest or -1, rows. */
void toy_argmax(const uint64_t *arguments, uint32_t tile_begin, uint32_t tile_end) {
  const float *logits = (const float *)arguments[0];
  int32_t *sampled = (int32_t *)arguments[1];
  for (uint32_t row = tile_begin; row < tile_end && row < arguments[2]; ++row) {
    const float *values = logits + row * vocabulary;
    int32_t best = -1;
    for (int32_t v = 0; v < vocabulary; ++v)
      if (values[v] == values[v] && (best < 0 || values[v] > values[best]))
        best = v;
    sampled[row] = best;
  }
}
