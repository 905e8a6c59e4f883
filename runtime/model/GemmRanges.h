// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where the operands of a matrix product lie, at the bounds of a file or of a session.

#ifndef YOCO_RUNTIME_MODEL_GEMMRANGES_H
#define YOCO_RUNTIME_MODEL_GEMMRANGES_H

#include "runtime/model/PlanSizes.h"

namespace yoco::runtime {

/// Checks products whose operands are verified (verifyGemm) against buffers whose places are known.
class GemmRanges {
public:
  GemmRanges(const fb::Variant &variant, const PlanSizes &sizes, const Path &path)
      : variant(variant), sizes(sizes), path(path) {}

  /// Every operand of `rows` rows lies within its buffer, and neither output nor workspace overlaps anything else.
  Status check(const fb::Gemm &gemm, uint64_t rows);

private:
  /// Bytes of an arena; of rows that are `stride` bytes apart, the first `width` of each. stride 0: all bytes.
  struct Operand {
    uint32_t arena;
    uint64_t begin;
    uint64_t size;
    uint64_t stride;
    uint64_t width;
  };

  Status place(const fb::GemmRows &rows, uint64_t columns, uint64_t count, const Path &where, Operand &operand);
  Status checkApart(const Operand &a, const char *aName, const Operand &b, const char *bName);

  const fb::Variant &variant;
  const PlanSizes &sizes;
  const Path &path;
};

} // namespace yoco::runtime

#endif // YOCO_RUNTIME_MODEL_GEMMRANGES_H
