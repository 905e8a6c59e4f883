// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The micro-kernels of target `nvptx`: the functions that the compiler's kernels call (docs/KernelABI.md).
//
// Pointers and the first counts (rows, segments, seq) are values of the running step. Everything else is a constant that
// the compiler passes, so that after inlining loops unroll and branches vanish. Shapes are in elements, strides in elements
// from one row to the next. How many blocks, threads and bytes of shared memory a launch has is in LaunchShapes.h.
//
// Alignment: buffers, caches, states and parameters start at multiples of 64 bytes, and their row strides are multiples of 16
// bytes. A column slice of a buffer may start anywhere.
// All kernels: rows outside every segment, and segments with slot -1, are read harmlessly or not at all and no state is
// touched for them; a segment with firstPosition 0 has an empty past whatever memory holds; bytes that no step has
// written are not read. Rounding to bf16 is to nearest even. Reductions have a fixed order.

#ifndef YOCO_KERNELS_NVPTX_MICROKERNELS_H
#define YOCO_KERNELS_NVPTX_MICROKERNELS_H

#include "kernels/nvptx/Device.h"

namespace yoco::device {

/// Element types by number, as the compiler passes them.
enum Kind : int { kF32 = 0, kBf16 = 1, kF16 = 2 };

enum RopeStyle : int { kNoRope = 0, kInterleaved = 1, kHalf = 2 };

enum LinearActivation : int { kNone = 0, kSilu = 1, kGelu = 2, kSwiglu = 3, kGeglu = 4 };

/// A row of the segment table (docs/KernelABI.md).
struct Segment {
  int32_t slot, firstPosition, rowBegin, rowCount;
};

// Begin.cu ------------------------------------------------------------------------------------------------------------

/// What every kernel calls first: waitForEarlierKernels(). Those that call yoco_linear_few do not, as that waits by itself when its
/// first weights are on their way.
YOCO_MICRO_KERNEL void yoco_begin();

// RowWise.cu ----------------------------------------------------------------------------------------------------------

/// out[r] = position of row r.
YOCO_MICRO_KERNEL void yoco_positions(int64_t segments, const Segment *table, int32_t *out);

/// out[r][c] = scale * table[ids[r]][c]. Ids outside the table (padding rows) give zeros.
YOCO_MICRO_KERNEL void yoco_embed(int64_t rows, const int32_t *ids, const void *table, int tableKind, int tableRows,
                                  int tableStride, float scale, int columns, void *out, int outKind, int outStride);

/// Each of `groups` groups of `width` columns: x * rsqrt(mean(x^2) + eps) * weight, times silu(swish) when `hasSwish`.
/// `weight` (`width` values) is read when `hasWeight`.
YOCO_MICRO_KERNEL void yoco_norm(int64_t rows, const void *in, int inKind, int inStride, const void *weight, bool hasWeight,
                                 int weightKind, float eps, int groups, int width, const float *swish, bool hasSwish,
                                 int swishStride, void *out, int outKind, int outStride);

/// Rotates `heads` heads of `width` columns. `frequencies` has width / 2 values; angle = float(position) * frequency in f32.
YOCO_MICRO_KERNEL void yoco_rope(int64_t rows, const float *in, int inStride, const int32_t *positions,
                                 const float *frequencies, int style, int heads, int width, void *out, int outKind,
                                 int outStride);

/// cache[slot][position or position % window][head][c] = rope(keys), values. `window` 0: a growing cache of `seq` positions
/// a slot. Of a ring, only the last `window` rows of a segment are written.
YOCO_MICRO_KERNEL void yoco_cache_write(int64_t rows, int64_t segments, int64_t seq, const void *keys, int keyKind,
                                        int keyStride, const void *values, int valueKind, int valueStride,
                                        const int32_t *positions, const Segment *table, void *keyCache, void *valueCache,
                                        int cacheKind, int window, int heads, int keyWidth, int valueWidth,
                                        const float *frequencies, int style);

// Linear.cu -----------------------------------------------------------------------------------------------------------

/// out = activation(W norm(x)) + residual for a few rows (any number works; weights are read once for each 16). W0 and W1 are
/// [outputs][weightStride] matrices, W1 only with kSwiglu and kGeglu (activation(W0 x) * (W1 x)). Columns of a matrix from
/// `columns` to `weightStride` are zeros. norm: as yoco_norm with one group, when eps >= 0. With bf16 weights the normalised
/// input is rounded to bf16 once and tensor cores accumulate in f32; with `exact` everything is f32.
YOCO_MICRO_KERNEL void yoco_linear_few(int64_t rows, const void *x, int xKind, int xStride, int columns, const void *w0,
                                       const void *w1, int weightKind, int weightStride, int outputs, bool exact,
                                       const void *normWeight, bool hasNormWeight, int normKind, float eps, int activation,
                                       const float *residual, bool hasResidual, int residualStride, void *out, int outKind,
                                       int outStride);

/// The same function for many rows in f32 (no tensor cores), without a norm.
YOCO_MICRO_KERNEL void yoco_linear_tiled(int64_t rows, const void *x, int xKind, int xStride, int columns, const void *w0,
                                         const void *w1, int weightKind, int weightStride, int outputs, int activation,
                                         const float *residual, bool hasResidual, int residualStride, void *out, int outKind,
                                         int outStride);

// RetentionStep.cu, RetentionChunk.cu ---------------------------------------------------------------------------------

/// Gated retention (yoco.fused_retention). q, k, v, gate, swish are f32 rows. With a = logSigmoid(gate) / gateDivisor (a = gate
/// when gateDivisor is 0): S_t = exp(a_t) S_{t-1} + scale k_t^T v_t, o_t = q_t S_t, all on the f32
/// state[slot][head][keyWidth][valueWidth]. Then the norm of each head when eps >= 0, then silu(swish) * o when `hasSwish`.
/// `_step`: one kernel for few rows a segment, row by row, all f32, any segment length.
YOCO_MICRO_KERNEL void yoco_retention_step(int64_t rows, int64_t segments, const float *q, int qStride, const float *k,
                                           int kStride, const float *v, int vStride, const float *gate, int gateStride,
                                           const int32_t *positions, const Segment *table, float *state,
                                           const float *frequencies, int style, float scale, float gateDivisor, float eps,
                                           const float *swish, bool hasSwish, int swishStride, int heads, int keyWidth,
                                           int valueWidth, void *out, int outKind, int outStride);

/// `_chunk`: blocks of `chunk` rows that end at multiples of `chunk` in absolute position; tensor cores in bf16 (q, k, v and
/// weights exp(b_t - b_s) q.k rounded to bf16), f32 state, gates and sums. No norm and no swish.
YOCO_MICRO_KERNEL void yoco_retention_chunk(int64_t rows, int64_t segments, const float *q, int qStride, const float *k,
                                            int kStride, const float *v, int vStride, const float *gate, int gateStride,
                                            const int32_t *positions, const Segment *table, float *state,
                                            const float *frequencies, int style, float scale, float gateDivisor, int chunk,
                                            int heads, int keyWidth, int valueWidth, void *out, int outKind, int outStride);

// AttentionRows.cu, AttentionSplit.cu --------------------------------------------------------------------------------------------------------

/// Attention of rows q (f32, `heads` heads, rotated here when style is not kNoRope) to a cache (yoco.fused_attention).
/// Positions of key j of a segment's slot: from the cache; of a ring (`ring` > 0 positions), keys at positions >=
/// firstPosition are the fresh rows (row = rowBegin + position - firstPosition) instead. `window` 0: all positions up to the row's
/// own; W: the last W of them, itself included. Query head h reads kv head h / (heads / kvHeads). `seq`: positions a slot
/// of a growing cache. cacheKind bf16: tensor cores, f32 accumulation, q and the softmax weights rounded to bf16; f32: all f32.
/// `_rows`: many rows of any segments.
YOCO_MICRO_KERNEL void yoco_attention_rows(int64_t rows, int64_t segments, int64_t seq, const float *q, int qStride,
                                           const int32_t *positions, const Segment *table, const void *keyCache,
                                           const void *valueCache, int cacheKind, int ring, const void *freshKeys,
                                           int freshKeyKind, int freshKeyStride, const void *freshValues, int freshValueKind,
                                           int freshValueStride, const float *frequencies, int style, int window,
                                           float scale, int heads, int kvHeads, int keyWidth, int valueWidth, void *out,
                                           int outKind, int outStride);

/// `_split`: one row a segment (row r is segment r); split s of `splits` takes the position blocks b with b % splits == s of
/// kSplitBlock positions each. partial[row]: first heads * splits pairs (largest logit in base 2, sum of exponentials), then
/// heads * splits rows of valueWidth unnormalised values. A split without positions writes the pair (-inf, 0) alone.
YOCO_MICRO_KERNEL void yoco_attention_split(int64_t rows, int64_t segments, int64_t seq, const float *q, int qStride,
                                            const int32_t *positions, const Segment *table, const void *keyCache,
                                            const void *valueCache, int cacheKind, int ring, const void *freshKeys,
                                            int freshKeyKind, int freshKeyStride, const void *freshValues,
                                            int freshValueKind, int freshValueStride, const float *frequencies, int style,
                                            int window, float scale, int heads, int kvHeads, int keyWidth, int valueWidth,
                                            int splits, float *partial, int partialStride);

/// out[row][head] = the splits' values together, in the order of the splits. Rows of padding segments are not written.
YOCO_MICRO_KERNEL void yoco_attention_merge(int64_t rows, const Segment *table, const float *partial, int partialStride,
                                            int splits, int heads, int valueWidth, void *out, int outKind, int outStride);

// Sample.cu -----------------------------------------------------------------------------------------------------------

/// ids[r] = the index of the largest of logits[r][0 .. columns), the lowest one of equals; NaN counts as smallest, and
/// a row of nothing else gives -1.
YOCO_MICRO_KERNEL void yoco_argmax(int64_t rows, const float *logits, int stride, int columns, int32_t *ids);

} // namespace yoco::device

#endif // YOCO_KERNELS_NVPTX_MICROKERNELS_H
