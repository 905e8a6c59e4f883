// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Header and checksums of a model file: docs/FileFormat.md.

#ifndef YOCO_RUNTIME_MODEL_CHECKSUMS_H
#define YOCO_RUNTIME_MODEL_CHECKSUMS_H

#include "runtime/core/Parallel.h"
#include "runtime/core/Status.h"
#include "runtime/schema/FileHeader.h"

#include <cstdint>

namespace yoco::runtime {

/// Reads the header of a file of `size` bytes; every range in the result lies
/// within the file.
Result<FileHeader> readHeader(const uint8_t *file, uint64_t size);

/// Compares the table's own hash and the hash of every block, or of those that
/// hold header and plan.
Status verifyChecksums(const uint8_t *file, const FileHeader &header, yoco_verify verify, Parallel &parallel);

} // namespace yoco::runtime

#endif // YOCO_RUNTIME_MODEL_CHECKSUMS_H
