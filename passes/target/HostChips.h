// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The processors of target `host`, as data: features and tile sizes. The lowering builds its loops from them and the
// target answers from them, so that the number of tiles in a file and the loops in its code agree.

#ifndef YOCO_PASSES_TARGET_HOSTCHIPS_H
#define YOCO_PASSES_TARGET_HOSTCHIPS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>

namespace mlir::yoco {

/// Sizes that the kernels of one processor are built with.
struct HostTiles {
  /// f32 lanes of a vector register.
  int64_t lanes;
  /// Vectors that make the panel of a packed matrix: its rows, side by side.
  int64_t panelVectors;
  /// Rows that a product keeps sums of at once. `rowGroup * panelVectors` sums, a panel and a broadcast fit the
  /// registers.
  int64_t rowGroup;
  /// The same when few rows are left.
  int64_t smallRowGroup;
  /// Panels that one row alone is multiplied by at once: their chains of sums hide the latency of a multiply-add.
  int64_t singleRowPanels;
  /// Panels of a tile of a product, and its rows (a multiple of `rowGroup`, so that weights are reused from the cache).
  int64_t tilePanels;
  int64_t tileRows;
  /// Rows of a tile of a row-wise kernel.
  int64_t rowWiseRows;
  /// Keys of a span of attention, which a step of its softmax takes; a multiple of `lanes`.
  int64_t keySpan;
  /// Queries (rows times query heads of a key-value head) that share a pass over keys and values.
  int64_t attentionQueries;
  /// Rows of a span of retention, when its buffers fit the stack.
  int64_t retentionSpan;
  /// Rows of a prefill step when the user names none.
  int64_t prefillChunk;
  /// What the buffers of a kernel on the stack may take together.
  int64_t stackBytes;

  int64_t panel() const { return lanes * panelVectors; }
};

/// A processor that host kernels can be made for.
struct HostChip {
  llvm::StringLiteral name;
  /// LLVM's names of the features that the code may use.
  llvm::ArrayRef<llvm::StringLiteral> features;
  HostTiles tiles;
};

/// The rows, from the least to the most able.
llvm::ArrayRef<HostChip> getHostChips();

} // namespace mlir::yoco

#endif // YOCO_PASSES_TARGET_HOSTCHIPS_H
