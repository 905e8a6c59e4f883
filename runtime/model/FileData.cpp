// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/model/FileData.h"

#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace yoco::runtime {

namespace {

/// Most bytes asked of a read callback at once.
constexpr uint64_t kReadSize = uint64_t(16) << 20;

/// An open file that closes itself.
struct Descriptor {
  int number;
  ~Descriptor() {
    if (number >= 0)
      close(number);
  }
};

} // namespace

FileData &FileData::operator=(FileData &&other) noexcept {
  std::swap(bytes, other.bytes);
  std::swap(byteCount, other.byteCount);
  std::swap(mapped, other.mapped);
  std::swap(owned, other.owned);
  return *this;
}

FileData::~FileData() {
  if (mapped)
    munmap(const_cast<uint8_t *>(bytes), size_t(byteCount));
}

Result<FileData> FileData::map(const char *path) {
  Descriptor file{open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.number < 0)
    return makeError(YOCO_IO_ERROR, "cannot open the file: %s", strerror(errno));
  struct stat information;
  if (fstat(file.number, &information) != 0)
    return makeError(YOCO_IO_ERROR, "cannot examine the file: %s", strerror(errno));
  if (!S_ISREG(information.st_mode))
    return makeError(YOCO_IO_ERROR, "expected a regular file, got %s",
                     S_ISDIR(information.st_mode) ? "a directory" : "something else");
  if (information.st_size == 0)
    return makeError(YOCO_INVALID_FILE, "the file is empty");
  void *address = mmap(nullptr, size_t(information.st_size), PROT_READ, MAP_PRIVATE, file.number, 0);
  if (address == MAP_FAILED)
    return makeError(YOCO_IO_ERROR, "cannot map the file's %" PRIu64 " bytes: %s", uint64_t(information.st_size),
                     strerror(errno));
  FileData data;
  data.bytes = static_cast<const uint8_t *>(address);
  data.byteCount = uint64_t(information.st_size);
  data.mapped = true;
  return data;
}

Result<FileData> FileData::borrow(const void *memory, size_t size) {
  if (!memory)
    return makeError(YOCO_INVALID_ARGUMENT, "data is null");
  if (reinterpret_cast<uintptr_t>(memory) % kMemoryAlignment != 0)
    return makeError(YOCO_INVALID_ARGUMENT, "data: expected an address that is a multiple of %zu", kMemoryAlignment);
  FileData data;
  data.bytes = static_cast<const uint8_t *>(memory);
  data.byteCount = size;
  return data;
}

Result<FileData> FileData::read(yoco_read_callback callback, void *user, uint64_t size,
                                const yoco_allocator &allocator) {
  if (!callback)
    return makeError(YOCO_INVALID_ARGUMENT, "read is null");
  FileData data;
  YOCO_ASSIGN_OR_RETURN(data.owned, Memory::allocate(allocator, size, "model file"));
  for (uint64_t offset = 0; offset < size;) {
    uint64_t count = std::min(kReadSize, size - offset);
    if (callback(user, offset, data.owned.data() + offset, size_t(count)) != 0)
      return makeError(YOCO_IO_ERROR, "the read callback failed at offset %" PRIu64 " (%" PRIu64 " bytes)", offset,
                       count);
    offset += count;
  }
  data.bytes = data.owned.data();
  data.byteCount = size;
  return data;
}

} // namespace yoco::runtime
