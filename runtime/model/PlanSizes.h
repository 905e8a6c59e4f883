// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The sizes of a plan at given bounds.
//
// Whatever depends on the bounds of a session is checked here, at the file's
// bounds when a file is loaded and again at its own bounds when a session is
// created: a plan that fits at large bounds need not fit at small ones, since
// each term of a size is rounded up by itself.

#ifndef YOCO_RUNTIME_MODEL_PLANSIZES_H
#define YOCO_RUNTIME_MODEL_PLANSIZES_H

#include "runtime/core/Arithmetic.h"
#include "runtime/core/Status.h"
#include "runtime/model/Path.h"
#include "runtime/schema/model_generated.h"

#include <cstdint>
#include <vector>

namespace yoco::runtime {

/// The bounds of a session, or of a file.
struct Bounds {
  uint64_t seq = 0;
  uint64_t batch = 0;
  uint64_t chunk = 0;
  uint64_t wanted = 0;

  /// Most rows of one step of an entry.
  uint64_t rows(fb::RowBound bound) const;
};

Bounds boundsOf(const fb::Plan &plan);

/// The file's bounds, or smaller ones that somebody wants; 0 wants the file's.
Result<Bounds> chooseBounds(const fb::Plan &plan, const yoco_bounds &wanted);

Checked evaluate(const fb::Size &size, const Bounds &bounds);

/// What a variant needs at some bounds. All of it is checked: buffers lie in
/// arenas, planes in buffers.
struct PlanSizes {
  struct Range {
    uint64_t offset;
    uint64_t size;
  };
  std::vector<uint64_t> arenas;
  std::vector<Range> buffers;
};

/// Evaluates and checks everything of a variant that depends on the bounds. The
/// indices of the variant are verified.
Result<PlanSizes> evaluatePlan(const fb::Variant &variant, uint32_t vocabularySize, const Bounds &bounds,
                               const Path &path);

/// Bytes of an output for each row that is wanted.
uint64_t outputRowBytes(const fb::Output &output, uint32_t vocabularySize);

/// Bytes that one more position of a sequence costs in the caches that grow.
uint64_t growingBytesPerPosition(const fb::Variant &variant);

} // namespace yoco::runtime

#endif // YOCO_RUNTIME_MODEL_PLANSIZES_H
