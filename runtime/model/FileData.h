// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The bytes of a model file, wherever they come from.

#ifndef YOCO_RUNTIME_MODEL_FILEDATA_H
#define YOCO_RUNTIME_MODEL_FILEDATA_H

#include "runtime/core/Memory.h"
#include "runtime/core/Status.h"

#include <cstdint>

namespace yoco::runtime {

/// Read-only bytes that start at a multiple of 64: mapped, borrowed or owned.
class FileData {
public:
  FileData(FileData &&other) noexcept { *this = std::move(other); }
  FileData &operator=(FileData &&other) noexcept;
  ~FileData();

  static Result<FileData> map(const char *path);
  static Result<FileData> borrow(const void *data, size_t size);
  static Result<FileData> read(yoco_read_callback callback, void *user, uint64_t size, const yoco_allocator &allocator);

  const uint8_t *data() const { return bytes; }
  uint64_t size() const { return byteCount; }

private:
  FileData() = default;

  const uint8_t *bytes = nullptr;
  uint64_t byteCount = 0;
  bool mapped = false;
  Memory owned;
};

} // namespace yoco::runtime

#endif // YOCO_RUNTIME_MODEL_FILEDATA_H
