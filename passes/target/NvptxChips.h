// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The GPUs of target `nvptx`, as data: a row for each architecture that `#yoco.target` can name.

#ifndef YOCO_PASSES_TARGET_NVPTXCHIPS_H
#define YOCO_PASSES_TARGET_NVPTXCHIPS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>

namespace mlir::yoco {

/// An architecture, with the counts of the largest chip of it. Code is right on smaller ones too.
struct NvptxChip {
  /// As ptxas names it.
  llvm::StringLiteral name;
  int multiprocessors;
  /// Dynamic shared memory: the most that a block can have, and all of a multiprocessor.
  int sharedBytesPerBlock, sharedBytesPerMultiprocessor;
  int registersPerMultiprocessor;
  int64_t cacheBytes; // L2

  /// A kernel may start before the one before it has ended (programmatic dependent launch).
  bool startsEarly;
  /// Thread block clusters, and tensor maps (TMA).
  bool clusters, tensorMaps;

  /// Ceilings by the data sheet: bytes of memory and operations of bf16 tensor cores in a second.
  double memoryBytesPerSecond, bf16OperationsPerSecond;
};

/// The rows, from the least to the most able. PTX for the first one runs on all of them.
llvm::ArrayRef<NvptxChip> getNvptxChips();

} // namespace mlir::yoco

#endif // YOCO_PASSES_TARGET_NVPTXCHIPS_H
