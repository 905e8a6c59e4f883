// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Header and checksums of a model file: docs/FileFormat.md.

#ifndef YOCO_RUNTIME_MODEL_CHECKSUMS_H
#define YOCO_RUNTIME_MODEL_CHECKSUMS_H

#include "runtime/core/Parallel.h"
#include "runtime/core/Status.h"
#include "runtime/schema/FileHeader.h"

#include <atomic>
#include <cstdint>
#include <memory>

namespace yoco::runtime {

/// Reads the header of a file of `size` bytes; every range in the result lies
/// within the file.
Result<FileHeader> readHeader(const uint8_t *file, uint64_t size);

/// The hashes of a file's checksum blocks, each compared once, when it is first asked for. Threads may ask at the same
/// time.
class FileChecksums {
public:
  /// `file` outlives this.
  FileChecksums(const uint8_t *file, const FileHeader &header);

  /// Compares the table's own hash; the functions below trust the table.
  Status verifyTable() const;
  /// Compares the blocks that bytes begin .. end of the file are in.
  Status verify(uint64_t begin, uint64_t end, Parallel &parallel);
  Status verifyAll(Parallel &parallel) { return verify(0, checksumOffset, parallel); }
  /// The same, by this thread.
  Status verify(uint64_t begin, uint64_t end);
  /// No block is compared from here on.
  void trustAll() { trusted = true; }

private:
  bool matches(uint64_t block);
  Status damaged(uint64_t block) const;

  const uint8_t *file;
  uint64_t checksumOffset, blocks;
  bool trusted = false;
  std::unique_ptr<std::atomic<bool>[]> compared; // and found to match
};

} // namespace yoco::runtime

#endif // YOCO_RUNTIME_MODEL_CHECKSUMS_H
