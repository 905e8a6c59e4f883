// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/model/Checksums.h"

#include "runtime/core/Arithmetic.h"

#include <algorithm>
#include <atomic>
#include <cinttypes>
#include <cstring>
#include <xxhash.h>

namespace yoco::runtime {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "model files are read in place");

static Status checkIdentity(uint64_t size, const FileHeader &header) {
  if (memcmp(header.magic, kFileMagic, sizeof(kFileMagic)) != 0)
    return makeError(YOCO_INVALID_FILE, "not a YOCO model file: it does not begin with YOCOMDL");
  if (header.version != kFileVersion)
    return makeError(YOCO_UNSUPPORTED, "header.version: this runtime reads format version %u, the file has %u: %s",
                     kFileVersion, header.version,
                     header.version < kFileVersion ? "compile the model again" : "it needs a newer runtime");
  if (header.headerSize != kFileHeaderSize)
    return makeError(YOCO_INVALID_FILE, "header.header_size: expected %u, got %u", kFileHeaderSize, header.headerSize);
  if (header.fileSize != size)
    return makeError(YOCO_INVALID_FILE,
                     "header.file_size: the file was written with %" PRIu64 " bytes and has %" PRIu64, header.fileSize,
                     size);
  if (uint64_t unknown = header.requiredFeatures & ~kKnownFeatures)
    return makeError(YOCO_UNSUPPORTED,
                     "header.required_features: the file needs feature bit %d, "
                     "unknown to this runtime",
                     __builtin_ctzll(unknown));
  for (size_t i = 0; i < sizeof(header.reserved); ++i)
    if (header.reserved[i] != 0)
      return makeError(YOCO_INVALID_FILE, "header.reserved[%zu]: expected 0, got %u", i, header.reserved[i]);
  return Status();
}

static Status checkRanges(const FileHeader &header) {
  if (header.planOffset % kFileAlignment != 0 || header.planOffset < kFileHeaderSize)
    return makeError(YOCO_INVALID_FILE,
                     "header.plan_offset: expected a multiple of %" PRIu64 " that is at least %u, got %" PRIu64,
                     kFileAlignment, kFileHeaderSize, header.planOffset);
  if (header.checksumOffset % kFileAlignment != 0 || header.checksumOffset > header.fileSize)
    return makeError(YOCO_INVALID_FILE,
                     "header.checksum_offset: expected a multiple of %" PRIu64 " up to %" PRIu64 ", got %" PRIu64,
                     kFileAlignment, header.fileSize, header.checksumOffset);
  uint64_t expectedSize = checksumTableSize(header.checksumOffset);
  if (header.checksumSize != expectedSize || header.fileSize - header.checksumOffset != expectedSize)
    return makeError(YOCO_INVALID_FILE,
                     "header.checksum_size: expected a table of %" PRIu64 " bytes at the end of the file, got %" PRIu64
                     " of %" PRIu64 " bytes left",
                     expectedSize, header.checksumSize, header.fileSize - header.checksumOffset);
  if (header.planSize == 0 || !rangeFits(header.planOffset, header.planSize, header.checksumOffset))
    return makeError(YOCO_INVALID_FILE,
                     "header.plan_size: %" PRIu64 " bytes at %" PRIu64 " do not lie before the checksums at %" PRIu64,
                     header.planSize, header.planOffset, header.checksumOffset);
  return Status();
}

Result<FileHeader> readHeader(const uint8_t *file, uint64_t size) {
  FileHeader header;
  if (size < sizeof(header))
    return makeError(YOCO_INVALID_FILE, "not a YOCO model file: expected a header of %u bytes, got %" PRIu64 " in all",
                     kFileHeaderSize, size);
  memcpy(&header, file, sizeof(header));
  YOCO_RETURN_IF_ERROR(checkIdentity(size, header));
  YOCO_RETURN_IF_ERROR(checkRanges(header));
  return header;
}

FileChecksums::FileChecksums(const uint8_t *file, const FileHeader &header)
    : file(file), checksumOffset(header.checksumOffset), blocks(header.checksumSize / 8 - 1),
      compared(new std::atomic<bool>[size_t(blocks)]()) {}

static uint64_t storedHash(const uint8_t *table, uint64_t index) {
  uint64_t hash;
  memcpy(&hash, table + 8 * index, sizeof(hash));
  return hash;
}

Status FileChecksums::verifyTable() const {
  const uint8_t *table = file + checksumOffset;
  // Blocks are counted with 32 bits: 2^32 of them are 4 PiB.
  if (blocks >= UINT32_MAX)
    return makeError(YOCO_UNSUPPORTED, "header.checksum_offset: %" PRIu64 " bytes are too many", checksumOffset);
  if (XXH3_64bits(table, size_t(8 * blocks)) != storedHash(table, blocks))
    return makeError(YOCO_INVALID_FILE, "the checksum table at offset %" PRIu64 " is damaged", checksumOffset);
  return Status();
}

bool FileChecksums::matches(uint64_t block) {
  if (trusted || compared[block].load(std::memory_order_relaxed))
    return true;
  uint64_t offset = block * kChecksumBlockSize;
  uint64_t size = std::min(kChecksumBlockSize, checksumOffset - offset);
  if (XXH3_64bits(file + offset, size_t(size)) != storedHash(file + checksumOffset, block))
    return false;
  compared[block].store(true, std::memory_order_relaxed);
  return true;
}

Status FileChecksums::damaged(uint64_t block) const {
  return makeError(YOCO_INVALID_FILE,
                   "the file is damaged: the checksum of block %" PRIu64 " (bytes %" PRIu64 " to %" PRIu64
                   ") does not match",
                   block, block * kChecksumBlockSize, std::min((block + 1) * kChecksumBlockSize, checksumOffset) - 1);
}

Status FileChecksums::verify(uint64_t begin, uint64_t end) {
  for (uint64_t block = begin / kChecksumBlockSize; block < divideUp(end, kChecksumBlockSize); ++block)
    if (!matches(block))
      return damaged(block);
  return Status();
}

Status FileChecksums::verify(uint64_t begin, uint64_t end, Parallel &parallel) {
  if (trusted)
    return Status();
  uint64_t firstBlock = begin / kChecksumBlockSize, count = divideUp(end, kChecksumBlockSize) - firstBlock;
  std::atomic<uint64_t> firstBad{UINT64_MAX};
  parallelFor(parallel, uint32_t(count), [&](uint32_t tileBegin, uint32_t tileEnd) {
    for (uint64_t block = firstBlock + tileBegin; block < firstBlock + tileEnd; ++block) {
      if (matches(block))
        continue;
      uint64_t known = firstBad.load();
      while (block < known && !firstBad.compare_exchange_weak(known, block)) {
      }
    }
  });
  return firstBad.load() == UINT64_MAX ? Status() : damaged(firstBad.load());
}

} // namespace yoco::runtime
