// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/model/PlanVerifier.h"

#include "runtime/core/Arithmetic.h"
#include "runtime/model/PlanSizes.h"

#include <algorithm>
#include <cinttypes>
#include <tuple>

namespace yoco::runtime {

namespace {

constexpr uint64_t kMostBound = INT32_MAX;
constexpr size_t kMostNameLength = 1024;

Status verifyBounds(const Bounds &bounds, const Path &path) {
  const std::pair<const char *, uint64_t> named[] = {
      {"seq", bounds.seq}, {"batch", bounds.batch}, {"chunk", bounds.chunk}, {"wanted", bounds.wanted}};
  for (const auto &[name, value] : named)
    if (value == 0 || value > kMostBound)
      return YOCO_PLAN_ERROR(Path(path, name), "expected 1 to %" PRIu64 ", got %" PRIu64, kMostBound, value);
  return Status();
}

Status verifyStopIds(const fb::Plan &plan, const Path &path) {
  if (!plan.stop_ids())
    return Status();
  for (uint32_t i = 0; i < plan.stop_ids()->size(); ++i)
    if (int32_t id = plan.stop_ids()->Get(i); id < 0 || uint32_t(id) >= plan.vocabulary_size())
      return YOCO_PLAN_ERROR(Path(path, "stop_ids", i), "id %d is not below the vocabulary size %u", id,
                             plan.vocabulary_size());
  return Status();
}

} // namespace

Status verifyName(const flatbuffers::String &name, const Path &path) {
  if (name.size() == 0 || name.size() > kMostNameLength)
    return YOCO_PLAN_ERROR(path, "expected 1 to %zu characters, got %u", kMostNameLength, name.size());
  for (char c : name)
    if (c < 0x20 || c > 0x7E)
      return YOCO_PLAN_ERROR(path, "expected printable ASCII characters, got byte %u", unsigned(uint8_t(c)));
  return Status();
}

Status verifyIndex(uint64_t index, uint64_t count, const char *what, const Path &path) {
  if (index < count)
    return Status();
  return YOCO_PLAN_ERROR(path, "%s index %" PRIu64 " is not below %" PRIu64, what, index, count);
}

Status needDeviceCode(const FileHeader &header, const Path &path) {
  if (header.requiredFeatures & kFeatureDeviceCode)
    return Status();
  return YOCO_PLAN_ERROR(path, "expected a file whose header.required_features has bit %d",
                         __builtin_ctzll(kFeatureDeviceCode));
}

Status SegmentList::add(const fb::Segment &segment, const FileHeader &header, const Path &path) {
  if (segment.offset() % kFileAlignment != 0)
    return YOCO_PLAN_ERROR(path, "expected an offset that is a multiple of %" PRIu64 ", got %" PRIu64, kFileAlignment,
                           segment.offset());
  if (segment.size() == 0 || segment.offset() < kFileHeaderSize ||
      !rangeFits(segment.offset(), segment.size(), header.checksumOffset))
    return YOCO_PLAN_ERROR(path, "%" PRIu64 " bytes at %" PRIu64 " do not lie between header and checksums at %" PRIu64,
                           segment.size(), segment.offset(), header.checksumOffset);
  ranges.push_back({segment.offset(), segment.size(), path.text(), true});
  return Status();
}

Status SegmentList::verifyLayout(const uint8_t *file, const FileHeader &header) {
  ranges.push_back({0, header.headerSize, "header", false});
  ranges.push_back({header.planOffset, header.planSize, "plan", false});
  ranges.push_back({header.checksumOffset, header.checksumSize, "checksum table", false});
  std::sort(ranges.begin(), ranges.end(),
            [](const Range &a, const Range &b) { return std::tie(a.offset, a.size) < std::tie(b.offset, b.size); });
  for (size_t i = 1; i < ranges.size(); ++i) {
    const Range &previous = ranges[i - 1];
    const Range &next = ranges[i];
    if (previous.offset == next.offset && previous.size == next.size && previous.shareable && next.shareable)
      continue;
    uint64_t end = previous.offset + previous.size;
    if (next.offset < end)
      return makeError(YOCO_INVALID_FILE, "%s at %" PRIu64 " overlaps %s (%" PRIu64 " bytes at %" PRIu64 ")",
                       next.name.c_str(), next.offset, previous.name.c_str(), previous.size, previous.offset);
    if (next.offset - end >= kFileAlignment)
      return makeError(YOCO_INVALID_FILE, "bytes %" PRIu64 " to %" PRIu64 " between %s and %s belong to nothing", end,
                       next.offset - 1, previous.name.c_str(), next.name.c_str());
    for (uint64_t offset = end; offset < next.offset; ++offset)
      if (file[offset] != 0)
        return makeError(YOCO_INVALID_FILE, "padding byte %" PRIu64 " after %s: expected 0, got %u", offset,
                         previous.name.c_str(), file[offset]);
  }
  return Status();
}

Status verifyPlan(const fb::Plan &plan, const uint8_t *file, const FileHeader &header) {
  Path root;
  if (plan.vocabulary_size() == 0 || plan.vocabulary_size() > kMostBound)
    return YOCO_PLAN_ERROR(Path(root, "vocabulary_size"), "expected 1 to %" PRIu64 ", got %u", kMostBound,
                           plan.vocabulary_size());
  if (plan.producer())
    YOCO_RETURN_IF_ERROR(verifyName(*plan.producer(), Path(root, "producer")));
  YOCO_RETURN_IF_ERROR(verifyBounds(boundsOf(plan), Path(root, "bounds")));
  YOCO_RETURN_IF_ERROR(verifyStopIds(plan, root));

  SegmentList segments;
  if (plan.tokenizer())
    YOCO_RETURN_IF_ERROR(segments.add(*plan.tokenizer(), header, Path(root, "tokenizer")));
  if (plan.variants()->size() == 0)
    return YOCO_PLAN_ERROR(Path(root, "variants"), "expected at least one");
  for (uint32_t i = 0; i < plan.variants()->size(); ++i) {
    Path where(root, "variants", i);
    const fb::Variant &variant = *plan.variants()->Get(i);
    YOCO_RETURN_IF_ERROR(verifyVariant(variant, file, header, segments, where));
    Result<PlanSizes> sizes = evaluatePlan(variant, plan.vocabulary_size(), boundsOf(plan), where);
    YOCO_RETURN_IF_ERROR(sizes.takeStatus());
  }
  return segments.verifyLayout(file, header);
}

} // namespace yoco::runtime
