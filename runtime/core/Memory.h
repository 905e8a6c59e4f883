// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Memory that its owner gives back to where it came from.

#ifndef YOCO_RUNTIME_CORE_MEMORY_H
#define YOCO_RUNTIME_CORE_MEMORY_H

#include "runtime/core/Status.h"

#include <cstddef>
#include <cstdint>

namespace yoco::runtime {

constexpr size_t kMemoryAlignment = 64;

/// malloc and free.
yoco_allocator defaultAllocator();

/// Memory from an allocator, which must outlive it. Its content is undefined at first.
class Memory {
public:
  Memory() = default;
  Memory(Memory &&other) noexcept { *this = std::move(other); }
  Memory &operator=(Memory &&other) noexcept;
  ~Memory();

  /// `what` names the memory in the error text.
  static Result<Memory> allocate(const yoco_allocator &allocator, uint64_t size, const char *what);

  uint8_t *data() const { return bytes; }
  uint64_t size() const { return byteCount; }

private:
  yoco_allocator allocator = {};
  uint8_t *bytes = nullptr;
  uint64_t byteCount = 0;
};

} // namespace yoco::runtime

#endif // YOCO_RUNTIME_CORE_MEMORY_H
