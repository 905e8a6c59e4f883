// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Checks everything that a plan says, once; the rest of the runtime trusts it.

#ifndef YOCO_RUNTIME_MODEL_PLANVERIFIER_H
#define YOCO_RUNTIME_MODEL_PLANVERIFIER_H

#include "runtime/core/Status.h"
#include "runtime/model/Path.h"
#include "runtime/schema/FileHeader.h"
#include "runtime/schema/model_generated.h"

#include <cstdint>
#include <vector>

namespace yoco::runtime {

/// Checks the plan of `file` as docs/FileFormat.md says. The FlatBuffers
/// verifier has passed it.
Status verifyPlan(const fb::Plan &plan, const uint8_t *file, const FileHeader &header);

/// The segments that a plan refers to, and where.
class SegmentList {
public:
  /// Checks the segment by itself and remembers it.
  Status add(const fb::Segment &segment, const FileHeader &header, const Path &path);
  /// Checks that segments are the same or apart, and that what lies between
  /// them is zero.
  Status verifyLayout(const uint8_t *file, const FileHeader &header);

private:
  struct Range {
    uint64_t offset;
    uint64_t size;
    std::string name;
    bool shareable; // the same range may come again
  };
  std::vector<Range> ranges;
};

/// Checks one variant: names, indices, enums. Segments are added to `segments`.
Status verifyVariant(const fb::Variant &variant, const uint8_t *file, const FileHeader &header, SegmentList &segments,
                     const Path &path);
/// Checks an entry point of it. Everything else of the variant is verified.
Status verifyEntry(const fb::Entry &entry, const fb::Variant &variant, const FileHeader &header, const Path &path);
/// What readers of files without GPUs would take for something else is announced by a feature bit.
Status needDeviceCode(const FileHeader &header, const Path &path);
/// Checks what the operands of a product are, as far as it does not depend on bounds.
Status verifyGemm(const fb::Gemm &gemm, const fb::Variant &variant, const Path &path);

/// Checks that an enum of the schema has a known value: the FlatBuffers verifier takes any number for one.
template <typename Enum>
Status verifyEnum(Enum value, Enum last, const Path &path) {
  if (value <= last)
    return Status();
  return YOCO_PLAN_ERROR(path, "expected 0 to %u, got %u", unsigned(last), unsigned(value));
}

Status verifyIndex(uint64_t index, uint64_t count, const char *what, const Path &path);

/// Checks that a name is 1 to 1024 printable ASCII characters.
Status verifyName(const flatbuffers::String &name, const Path &path);

} // namespace yoco::runtime

#endif // YOCO_RUNTIME_MODEL_PLANVERIFIER_H
