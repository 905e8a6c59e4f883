// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/core/Memory.h"
#include "runtime/model/DeviceKinds.h"
#include "runtime/model/GpuArchitecture.h"
#include "runtime/model/Parameters.h"
#include "runtime/model/PlanVerifier.h"

#include <cctype>
#include <cinttypes>
#include <set>
#include <string_view>

namespace yoco::runtime {

namespace {

constexpr uint64_t kMostParameterBytes = uint64_t(1) << 62;

class VariantVerifier {
public:
  VariantVerifier(const fb::Variant &variant, const uint8_t *file, const FileHeader &header, SegmentList &segments,
                  const Path &path)
      : variant(variant), file(file), header(header), segments(segments), path(path), kind(deviceKind(variant)) {}

  Status run();

private:
  Status verifyHead();
  Status verifyCode();
  Status verifyImage(const fb::Image &image, const Path &where);
  Status verifyKernelLaunch(const fb::KernelLaunch &launch, const fb::Image &image, const Path &where);
  Status verifyParameter(const fb::Parameter &parameter, const Path &where);
  Status verifyStride(const fb::Parameter &parameter, const Path &where);
  Status verifyEncoding(const fb::Parameter &parameter, const Path &where);
  Status verifyGenerated(const fb::Parameter &parameter, const Path &where);
  Status verifyArenas();
  Status verifyBuffer(const fb::Buffer &buffer, const Path &where);
  Status verifyPersistent(int64_t buffer, const Path &where);
  Status verifyRecords();
  Status verifyState(const fb::State &state, const Path &where);
  Status verifyPlane(const fb::Plane &plane, const Path &where);
  Status verifyEntryPoint(const fb::Entry &entry, const Path &where) {
    return verifyEntry(entry, variant, header, where);
  }
  Status verifyKernel(const fb::Kernel &kernel, const Path &where);

  template <typename Table>
  using Check = Status (VariantVerifier::*)(const Table &, const Path &);

  /// Checks each table of a list.
  template <typename Table>
  Status verifyAll(const flatbuffers::Vector<flatbuffers::Offset<Table>> &tables, const Path &where, const char *field,
                   Check<Table> check) {
    for (uint32_t i = 0; i < tables.size(); ++i)
      YOCO_RETURN_IF_ERROR((this->*check)(*tables.Get(i), Path(where, field, i)));
    return Status();
  }

  /// Checks that the tables of a list have good names, no two the same.
  template <typename Table>
  Status verifyNames(const flatbuffers::Vector<flatbuffers::Offset<Table>> &tables, const char *field) {
    std::set<std::string_view> names;
    for (uint32_t i = 0; i < tables.size(); ++i) {
      const flatbuffers::String &name = *tables.Get(i)->name();
      Path where(path, field, i);
      YOCO_RETURN_IF_ERROR(verifyName(name, Path(where, "name")));
      if (!names.insert(name.string_view()).second)
        return YOCO_PLAN_ERROR(Path(where, "name"), "`%s` is there twice", name.c_str());
    }
    return Status();
  }

  Status verifyBufferIndex(uint64_t index, const Path &where) {
    return verifyIndex(index, variant.buffers()->size(), "buffer", where);
  }

  const fb::Variant &variant;
  const uint8_t *file;
  const FileHeader &header;
  SegmentList &segments;
  const Path &path;
  const DeviceKind &kind;
};

Status VariantVerifier::run() {
  YOCO_RETURN_IF_ERROR(verifyHead());
  YOCO_RETURN_IF_ERROR(verifyCode());
  YOCO_RETURN_IF_ERROR(verifyNames(*variant.parameters(), "parameters"));
  YOCO_RETURN_IF_ERROR(verifyAll(*variant.parameters(), path, "parameters", &VariantVerifier::verifyParameter));
  Checked parameters(0);
  for (const fb::Parameter *parameter : *variant.parameters())
    parameters = parameters + parameterBytes(*parameter);
  if (!parameters.atMost(kMostParameterBytes))
    return YOCO_PLAN_ERROR(Path(path, "parameters"), "expected at most 2^62 bytes in all");
  YOCO_RETURN_IF_ERROR(verifyNames(*variant.arenas(), "arenas"));
  YOCO_RETURN_IF_ERROR(verifyArenas());
  YOCO_RETURN_IF_ERROR(verifyAll(*variant.buffers(), path, "buffers", &VariantVerifier::verifyBuffer));
  YOCO_RETURN_IF_ERROR(verifyRecords());
  YOCO_RETURN_IF_ERROR(verifyNames(*variant.states(), "states"));
  YOCO_RETURN_IF_ERROR(verifyAll(*variant.states(), path, "states", &VariantVerifier::verifyState));
  YOCO_RETURN_IF_ERROR(verifyNames(*variant.kernels(), "kernels"));
  YOCO_RETURN_IF_ERROR(verifyAll(*variant.kernels(), path, "kernels", &VariantVerifier::verifyKernel));
  YOCO_RETURN_IF_ERROR(verifyNames(*variant.entries(), "entries"));
  return verifyAll(*variant.entries(), path, "entries", &VariantVerifier::verifyEntryPoint);
}

Status VariantVerifier::verifyHead() {
  YOCO_RETURN_IF_ERROR(verifyName(*variant.device(), Path(path, "device")));
  YOCO_RETURN_IF_ERROR(verifyName(*variant.target(), Path(path, "target")));
  YOCO_RETURN_IF_ERROR(verifyEnum(variant.compute_type(), fb::ElementType::MAX, Path(path, "compute_type")));
  if (variant.cpu_features())
    for (uint32_t i = 0; i < variant.cpu_features()->size(); ++i)
      YOCO_RETURN_IF_ERROR(verifyName(*variant.cpu_features()->Get(i), Path(path, "cpu_features", i)));
  return Status();
}

Status VariantVerifier::verifyCode() {
  uint32_t images = variant.images() ? variant.images()->size() : 0;
  if (kind.images == Presence::refused && images != 0)
    return YOCO_PLAN_ERROR(Path(path, "images"), "expected none for device `%s`, got %u", kind.name, images);
  if (kind.images == Presence::required && images == 0)
    return YOCO_PLAN_ERROR(Path(path, "images"), "expected at least one for device `%s`, got none", kind.name);
  if (images != 0)
    YOCO_RETURN_IF_ERROR(verifyAll(*variant.images(), path, "images", &VariantVerifier::verifyImage));
  if (!variant.code())
    return kind.code == Presence::required ? YOCO_PLAN_ERROR(Path(path, "code"), "expected a segment, got none")
                                           : Status();
  if (kind.code == Presence::refused)
    return YOCO_PLAN_ERROR(Path(path, "code"), "expected none for device `%s`, got a segment", kind.name);
  return segments.add(*variant.code(), header, Path(path, "code"));
}

Status VariantVerifier::verifyImage(const fb::Image &image, const Path &where) {
  YOCO_RETURN_IF_ERROR(needDeviceCode(header, where));
  YOCO_RETURN_IF_ERROR(verifyEnum(image.format(), fb::ImageFormat::MAX, Path(where, "format")));
  YOCO_RETURN_IF_ERROR(verifyName(*image.architecture(), Path(where, "architecture")));
  if (!GpuArchitecture::parse(image.architecture()->string_view()))
    return YOCO_PLAN_ERROR(Path(where, "architecture"), "expected a GPU's, such as sm_90a, got `%s`",
                           image.architecture()->c_str());
  const fb::Segment &code = *image.code();
  YOCO_RETURN_IF_ERROR(segments.add(code, header, Path(where, "code")));
  if (uint8_t last = file[code.offset() + code.size() - 1]; image.format() == fb::ImageFormat::ptx && last != 0)
    return YOCO_PLAN_ERROR(Path(where, "code"), "expected PTX that a zero byte ends, got a last byte of %u", last);
  if (image.launches()->size() != variant.kernels()->size())
    return YOCO_PLAN_ERROR(Path(where, "launches"), "expected one for each of %u kernels, got %u",
                           variant.kernels()->size(), image.launches()->size());
  for (uint32_t i = 0; i < image.launches()->size(); ++i)
    YOCO_RETURN_IF_ERROR(verifyKernelLaunch(*image.launches()->Get(i), image, Path(where, "launches", i)));
  return Status();
}

Status VariantVerifier::verifyKernelLaunch(const fb::KernelLaunch &launch, const fb::Image &image, const Path &where) {
  if (launch.threads() < 32 || launch.threads() > kMostBlockThreads || launch.threads() % 32 != 0)
    return YOCO_PLAN_ERROR(Path(where, "threads"), "expected a multiple of 32 up to %u, got %u", kMostBlockThreads,
                           launch.threads());
  if (launch.shared_bytes() > kMostBlockSharedBytes)
    return YOCO_PLAN_ERROR(Path(where, "shared_bytes"), "expected at most %u, got %u", kMostBlockSharedBytes,
                           launch.shared_bytes());
  if (launch.cluster() < 1 || launch.cluster() > kMostClusterBlocks)
    return YOCO_PLAN_ERROR(Path(where, "cluster"), "expected 1 to %u, got %u", kMostClusterBlocks, launch.cluster());
  if (launch.cluster() > 1 &&
      GpuArchitecture::parse(image.architecture()->string_view())->capability.major < kClusterMajor)
    return YOCO_PLAN_ERROR(Path(where, "cluster"), "expected 1, as %s has no clusters, got %u",
                           image.architecture()->c_str(), launch.cluster());
  return Status();
}

Status VariantVerifier::verifyParameter(const fb::Parameter &parameter, const Path &where) {
  YOCO_RETURN_IF_ERROR(verifyEnum(parameter.element(), fb::ElementType::MAX, Path(where, "element")));
  YOCO_RETURN_IF_ERROR(verifyEnum(parameter.layout(), fb::ParameterLayout::MAX, Path(where, "layout")));
  YOCO_RETURN_IF_ERROR(verifyEnum(parameter.placement(), fb::Placement::MAX, Path(where, "placement")));
  bool panels = parameter.layout() == fb::ParameterLayout::panels;
  if (panels != (parameter.panel() != 0))
    return YOCO_PLAN_ERROR(Path(where, "panel"), "expected %s, got %u", panels ? "at least 1" : "0", parameter.panel());
  if (parameter.stride() != 0)
    YOCO_RETURN_IF_ERROR(verifyStride(parameter, Path(where, "stride")));
  if (parameter.encoding())
    YOCO_RETURN_IF_ERROR(verifyEncoding(parameter, Path(where, "encoding")));
  Checked bytes = parameterBytes(parameter);
  if (!bytes.atMost(kMostParameterBytes) || bytes.value() == 0)
    return YOCO_PLAN_ERROR(where, "expected a size from 1 to 2^62 bytes, got %" PRIu64 " rows of %" PRIu64,
                           parameter.rows(), parameter.columns());
  if (!parameter.segment())
    return verifyGenerated(parameter, where);
  if (parameter.generated())
    return YOCO_PLAN_ERROR(where, "expected a segment or generated rows, got both");
  YOCO_RETURN_IF_ERROR(segments.add(*parameter.segment(), header, Path(where, "segment")));
  if (parameter.segment()->size() != bytes.value())
    return YOCO_PLAN_ERROR(Path(where, "segment"), "expected %" PRIu64 " bytes, got %" PRIu64, bytes.value(),
                           parameter.segment()->size());
  return Status();
}

Status VariantVerifier::verifyEncoding(const fb::Parameter &parameter, const Path &where) {
  const fb::Encoding &encoding = *parameter.encoding();
  YOCO_RETURN_IF_ERROR(verifyName(*encoding.name(), Path(where, "name")));
  YOCO_RETURN_IF_ERROR(verifyEnum(encoding.scale(), fb::ElementType::MAX, Path(where, "scale")));
  if (encoding.bits() < 1 || encoding.bits() > 32)
    return YOCO_PLAN_ERROR(Path(where, "bits"), "expected 1 to 32, got %u", encoding.bits());
  if (parameter.layout() != fb::ParameterLayout::row_major || parameter.stride() != 0 || !parameter.segment())
    return YOCO_PLAN_ERROR(where, "expected none, as the parameter is not a stored row_major one without a stride");
  return Status();
}

Status VariantVerifier::verifyStride(const fb::Parameter &parameter, const Path &where) {
  YOCO_RETURN_IF_ERROR(needDeviceCode(header, where));
  if (parameter.layout() != fb::ParameterLayout::row_major)
    return YOCO_PLAN_ERROR(where, "expected 0, as the layout is not row_major, got %" PRIu64, parameter.stride());
  if (parameter.stride() < parameter.columns())
    return YOCO_PLAN_ERROR(where, "expected 0 or at least the %" PRIu64 " columns, got %" PRIu64, parameter.columns(),
                           parameter.stride());
  return Status();
}

Status VariantVerifier::verifyGenerated(const fb::Parameter &parameter, const Path &where) {
  if (!parameter.generated())
    return YOCO_PLAN_ERROR(where, "expected a segment or generated rows, got neither");
  Checked rows(0);
  for (uint32_t i = 0; i < parameter.generated()->size(); ++i) {
    const fb::GeneratedRows &run = *parameter.generated()->Get(i);
    float scale = run.scale();
    // Also refuses NaN.
    if (!(scale >= 0.0f && scale <= 1e30f))
      return YOCO_PLAN_ERROR(Path(where, "generated", i), "expected a scale from 0 to 1e30, got %g", double(scale));
    rows = rows + run.rows();
  }
  if (!rows.ok() || rows.value() != parameter.rows())
    return YOCO_PLAN_ERROR(Path(where, "generated"), "expected rows that add up to %" PRIu64 ", got %" PRIu64,
                           parameter.rows(), rows.value());
  return Status();
}

Status VariantVerifier::verifyArenas() {
  const char *const expected[] = {"persistent", "scratch"};
  for (uint32_t i = 0; i < 2; ++i)
    if (variant.arenas()->size() <= i || variant.arenas()->Get(i)->name()->string_view() != expected[i])
      return YOCO_PLAN_ERROR(Path(path, "arenas", i), "expected the arena `%s`", expected[i]);
  return Status();
}

Status VariantVerifier::verifyBuffer(const fb::Buffer &buffer, const Path &where) {
  return verifyIndex(buffer.arena(), variant.arenas()->size(), "arena", Path(where, "arena"));
}

Status VariantVerifier::verifyPersistent(int64_t buffer, const Path &where) {
  YOCO_RETURN_IF_ERROR(verifyBufferIndex(uint64_t(buffer), Path(where, "buffer")));
  if (uint32_t arena = variant.buffers()->Get(uint32_t(buffer))->arena(); arena != 0)
    return YOCO_PLAN_ERROR(where, "expected a buffer of the persistent arena, got one of arena %u", arena);
  return Status();
}

Status VariantVerifier::verifyRecords() {
  Path stride(path, "record_stride");
  if (variant.records() == -1)
    return variant.record_stride() == 0
               ? Status()
               : YOCO_PLAN_ERROR(stride, "expected 0 without records, got %" PRIu64, variant.record_stride());
  YOCO_RETURN_IF_ERROR(verifyPersistent(variant.records(), Path(path, "records")));
  if (variant.record_stride() == 0 || variant.record_stride() % kMemoryAlignment != 0)
    return YOCO_PLAN_ERROR(stride, "expected a positive multiple of %zu, got %" PRIu64, kMemoryAlignment,
                           variant.record_stride());
  return Status();
}

Status VariantVerifier::verifyState(const fb::State &state, const Path &where) {
  YOCO_RETURN_IF_ERROR(verifyName(*state.kind(), Path(where, "kind")));
  return verifyAll(*state.planes(), where, "planes", &VariantVerifier::verifyPlane);
}

Status VariantVerifier::verifyPlane(const fb::Plane &plane, const Path &where) {
  if (plane.buffer() != -1) {
    YOCO_RETURN_IF_ERROR(verifyPersistent(plane.buffer(), where));
    if (plane.bytes_per_position() == 0 || plane.record_offset() != 0 || plane.record_bytes() != 0)
      return YOCO_PLAN_ERROR(where, "expected bytes per position and no place in a record, as it grows");
    return Status();
  }
  if (plane.bytes_per_position() != 0)
    return YOCO_PLAN_ERROR(Path(where, "bytes_per_position"), "expected 0 in a record, got %" PRIu64,
                           plane.bytes_per_position());
  if (plane.record_offset() % kMemoryAlignment != 0)
    return YOCO_PLAN_ERROR(Path(where, "record_offset"), "expected a multiple of %zu, got %" PRIu64, kMemoryAlignment,
                           plane.record_offset());
  if (!rangeFits(plane.record_offset(), plane.record_bytes(), variant.record_stride()))
    return YOCO_PLAN_ERROR(where, "%" PRIu64 " bytes at %" PRIu64 " do not lie within a record of %" PRIu64 " bytes",
                           plane.record_bytes(), plane.record_offset(), variant.record_stride());
  return Status();
}

Status VariantVerifier::verifyKernel(const fb::Kernel &kernel, const Path &where) {
  for (char c : *kernel.name())
    if (!isalnum(uint8_t(c)) && c != '_' && c != '.' && c != '$')
      return YOCO_PLAN_ERROR(Path(where, "name"), "expected letters, digits, `_`, `.` or `$`, got `%c`", c);
  for (uint32_t i = 0; i < kernel.words()->size(); ++i)
    YOCO_RETURN_IF_ERROR(verifyEnum(fb::WordKind(kernel.words()->Get(i)), fb::WordKind::MAX, Path(where, "words", i)));
  if (kernel.words()->size() > kind.mostWords)
    return YOCO_PLAN_ERROR(Path(where, "words"), "expected at most %" PRIu64 ", got %u", kind.mostWords,
                           kernel.words()->size());
  return Status();
}

} // namespace

Status verifyVariant(const fb::Variant &variant, const uint8_t *file, const FileHeader &header, SegmentList &segments,
                     const Path &path) {
  return VariantVerifier(variant, file, header, segments, path).run();
}

} // namespace yoco::runtime
