// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/core/Memory.h"

#include <cinttypes>
#include <cstdlib>
#include <utility>

namespace yoco::runtime {

static void *allocateAligned(void *, size_t size, size_t alignment) {
  void *memory = nullptr;
  return posix_memalign(&memory, alignment, size) == 0 ? memory : nullptr;
}

static void freeAligned(void *, void *memory, size_t) { free(memory); }

yoco_allocator defaultAllocator() { return {allocateAligned, freeAligned, nullptr}; }

Memory &Memory::operator=(Memory &&other) noexcept {
  std::swap(allocator, other.allocator);
  std::swap(bytes, other.bytes);
  std::swap(byteCount, other.byteCount);
  return *this;
}

Memory::~Memory() {
  if (bytes)
    allocator.deallocate(allocator.user, bytes, size_t(byteCount));
}

Result<Memory> Memory::allocate(const yoco_allocator &allocator, uint64_t size, const char *what) {
  Memory memory;
  if (size == 0)
    return memory;
  void *bytes = size <= SIZE_MAX ? allocator.allocate(allocator.user, size_t(size), kMemoryAlignment) : nullptr;
  if (!bytes)
    return makeError(YOCO_OUT_OF_MEMORY, "%s: %" PRIu64 " bytes of memory cannot be had", what, size);
  memory.allocator = allocator;
  memory.bytes = static_cast<uint8_t *>(bytes);
  memory.byteCount = size;
  if (reinterpret_cast<uintptr_t>(bytes) % kMemoryAlignment != 0)
    return makeError(YOCO_INVALID_ARGUMENT, "%s: the allocator returned an address that is no multiple of %zu", what,
                     kMemoryAlignment);
  return memory;
}

} // namespace yoco::runtime
