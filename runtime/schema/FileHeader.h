// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The fixed parts of a YOCO model file: header, alignment, checksums.
// docs/FileFormat.md is the specification.
//
// Plain C++ without dependencies: the compiler's emitter and the runtime's
// loader both include it.

#ifndef YOCO_RUNTIME_SCHEMA_FILEHEADER_H
#define YOCO_RUNTIME_SCHEMA_FILEHEADER_H

#include <cstddef>
#include <cstdint>

namespace yoco {

constexpr char kFileMagic[8] = {'Y', 'O', 'C', 'O', 'M', 'D', 'L', '\0'};
constexpr uint32_t kFileVersion = 2;
constexpr uint32_t kFileHeaderSize = 128;
/// Plan, segments and checksum table start at multiples of this.
constexpr uint64_t kFileAlignment = 64;
/// One XXH3-64 (seed 0) per checksum block of this many bytes.
constexpr uint64_t kChecksumBlockSize = uint64_t(1) << 20;
/// A bit of `FileHeader::requiredFeatures`: the plan has code for GPUs. A file needs it whose plan has images, launch
/// shapes of kernels, gemm instructions or rows with a stride.
constexpr uint64_t kFeatureDeviceCode = uint64_t(1) << 0;
/// Bits of `FileHeader::requiredFeatures` that have a meaning.
constexpr uint64_t kKnownFeatures = kFeatureDeviceCode;

/// The first bytes of a file, little-endian. Every byte after the last field
/// and before `kFileHeaderSize` is zero.
struct FileHeader {
  char magic[8];
  uint32_t version;
  uint32_t headerSize;
  uint64_t fileSize;
  uint64_t requiredFeatures;
  uint64_t planOffset;
  uint64_t planSize;
  uint64_t checksumOffset;
  uint64_t checksumSize;
  uint8_t reserved[64];
};

static_assert(sizeof(FileHeader) == kFileHeaderSize, "the header is written as it stands");
static_assert(offsetof(FileHeader, fileSize) == 16, "see docs/FileFormat.md");
static_assert(offsetof(FileHeader, planOffset) == 32, "see docs/FileFormat.md");
static_assert(offsetof(FileHeader, reserved) == 64, "see docs/FileFormat.md");

/// Rounds `offset` up to the alignment of segments. The caller knows that it
/// does not overflow.
constexpr uint64_t alignFileOffset(uint64_t offset) {
  return (offset + kFileAlignment - 1) / kFileAlignment * kFileAlignment;
}

/// Size of the checksum table of a file whose table starts at `checksumOffset`:
/// one hash per checksum block, and one of the table.
constexpr uint64_t checksumTableSize(uint64_t checksumOffset) {
  return 8 * (checksumOffset / kChecksumBlockSize + (checksumOffset % kChecksumBlockSize != 0) + 1);
}

} // namespace yoco

#endif // YOCO_RUNTIME_SCHEMA_FILEHEADER_H
