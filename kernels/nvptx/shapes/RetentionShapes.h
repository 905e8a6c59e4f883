// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How the retention kernels divide their work, and what they keep in shared memory.

#ifndef YOCO_KERNELS_NVPTX_SHAPES_RETENTIONSHAPES_H
#define YOCO_KERNELS_NVPTX_SHAPES_RETENTIONSHAPES_H

#include "kernels/nvptx/LaunchShapes.h"

namespace yoco::nvptx {

// Row by row --------------------------------------------------------------------------------------------------------

/// A block has one head. A thread has four columns of the state ("a quad") in each `groups`-th of its rows, and asks
/// for all of them before it uses the first.
struct RetentionStepLayout {
  int threads, quads, groups;
  int rowsPerThread; // rows of the state
  bool inRegisters;  // the state stays in registers from row to row; else in global memory
  int rowFloats;     // a row in shared memory: pairs (q, k), v, decay
  int partialFloats; // outputs of a row, before the sum over the groups
  int sharedBytes;   // two of each, so that one row is finished while the next one is computed
};

// In kernels too: always inlined, so that a layout is nothing but constants.
[[gnu::always_inline]] constexpr RetentionStepLayout retentionStepLayout(int keyWidth, int valueWidth) {
  RetentionStepLayout layout = {};
  // Eight vectors of 16 bytes a thread where that gives a sensible block.
  int threads = (keyWidth * valueWidth / 32 + 31) / 32 * 32;
  layout.threads = threads < 64 ? 64 : threads > 512 ? 512 : threads;
  layout.quads = valueWidth / 4;
  layout.groups = layout.threads / layout.quads < keyWidth ? layout.threads / layout.quads : keyWidth;
  layout.rowsPerThread = (keyWidth + layout.groups - 1) / layout.groups;
  layout.inRegisters = layout.rowsPerThread <= 16;
  layout.rowFloats = 2 * keyWidth + valueWidth + 4;
  layout.partialFloats = layout.groups * valueWidth;
  layout.sharedBytes = 2 * (layout.rowFloats + layout.partialFloats) * 4;
  return layout;
}

constexpr LaunchShape retentionStepShape(int heads, int keyWidth, int valueWidth) {
  RetentionStepLayout layout = retentionStepLayout(keyWidth, valueWidth);
  return {BlockUnit::segments, 1, heads, layout.threads, layout.sharedBytes};
}

// Spans of rows -----------------------------------------------------------------------------------------------------

/// Warps of the span kernel by what they do: outputs, the state, and the next span's rows on their way to bf16 tiles.
constexpr int kRetentionOutputWarps = 4;
constexpr int kRetentionStateWarps = 4;
constexpr int kRetentionLoadWarps = 8;
constexpr int kRetentionThreads = 32 * (kRetentionOutputWarps + kRetentionStateWarps + kRetentionLoadWarps);

/// A block has one head and `panel` columns of its values, so that 24 heads of width 128 are 96 blocks. Every panel
/// reads the queries and keys of its head: narrower panels would ask more of the L2 cache than they gain.
///
/// Two tiles of each kind: one is computed with while the next one is written. Rows of tiles are an odd multiple of 16
/// bytes where that fits, so that eight rows lie in different banks.
struct RetentionSpanLayout {
  int panel; // a multiple of 16
  int panels;
  int keyPadded;        // key width rounded up to the depth of a tensor core instruction, with zeros
  int keyPitch;         // bytes of a row of a query or key tile
  int panelPitch;       // bytes of a row of a value or state tile
  int queries, keys;    // [2][span][keyPitch]
  int values, weighted; // [2][span][panelPitch]; weighted by what is left of them at the end of the span
  int states;           // [2][high and low part][keyPadded][panelPitch]
  int gates;            // [4][gateBytes]
  int gateBytes;
  int sharedBytes;
};

[[gnu::always_inline]] constexpr RetentionSpanLayout retentionSpanLayout(int sharedLimit, int span, int keyWidth,
                                                                    int valueWidth) {
  RetentionSpanLayout layout = {};
  layout.panel = keyWidth > 256 || valueWidth <= 16 ? 16 : 32;
  layout.panels = (valueWidth + layout.panel - 1) / layout.panel;
  layout.keyPadded = (keyWidth + 15) / 16 * 16;
  layout.gateBytes = (3 * span + 4) * 4;
  for (int odd = 1; odd >= 0; --odd) {
    layout.keyPitch = (layout.keyPadded / 8 | odd) * 16;
    layout.panelPitch = (layout.panel / 8 | odd) * 16;
    layout.queries = 0;
    layout.keys = layout.queries + 2 * span * layout.keyPitch;
    layout.values = layout.keys + 2 * span * layout.keyPitch;
    layout.weighted = layout.values + 2 * span * layout.panelPitch;
    layout.states = layout.weighted + 2 * span * layout.panelPitch;
    layout.gates = layout.states + 4 * layout.keyPadded * layout.panelPitch;
    layout.sharedBytes = layout.gates + 4 * layout.gateBytes;
    if (layout.sharedBytes <= sharedLimit)
      break;
  }
  return layout;
}

/// Rows of a span: the queries and keys of a tile are at most 8192 elements each, which is what the loading threads
/// hold in registers.
constexpr int retentionSpan(int keyWidth, int valueWidth) { return keyWidth <= 128 ? 64 : keyWidth <= 256 ? 32 : 16; }

/// `span` is 16, 32 or 64, at most retentionSpan().
constexpr LaunchShape retentionSpanShape(int sharedLimit, int span, int heads, int keyWidth, int valueWidth) {
  RetentionSpanLayout layout = retentionSpanLayout(sharedLimit, span, keyWidth, valueWidth);
  return {BlockUnit::segments, 1, heads * layout.panels, kRetentionThreads, layout.sharedBytes};
}

} // namespace yoco::nvptx

#endif // YOCO_KERNELS_NVPTX_SHAPES_RETENTIONSHAPES_H
