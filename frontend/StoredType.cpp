// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The registry of stored types, and reading any run of numbers in terms of whole blocks.

#include "frontend/StoredType.h"
#include "frontend/types/Types.h"
#include "llvm/ADT/bit.h"
#include <algorithm>
#include <array>
#include <cassert>

using namespace llvm;

namespace mlir::yoco {

namespace {

constexpr int64_t kMaxBlockNumbers = 256;

} // namespace

ArrayRef<const StoredType *> getStoredTypes() {
  static const StoredType *types[] = {
      &getF32Type(),  &getF16Type(),  &getBF16Type(), &getQ8_0Type(), &getQ4_0Type(),
      &getQ4_1Type(), &getQ4_KType(), &getQ5_KType(), &getQ6_KType(),
  };
  return types;
}

const StoredType *findStoredType(StringRef name) {
  for (const StoredType *type : getStoredTypes())
    if (type->name == name)
      return type;
  return nullptr;
}

std::optional<uint64_t> StoredType::getBytes(uint64_t numbers) const {
  assert(numbers % blockNumbers == 0 && "blocks are whole");
  uint64_t blocks = numbers / blockNumbers;
  if (blocks >= (uint64_t(1) << 62) / blockBytes)
    return std::nullopt;
  return blocks * blockBytes;
}

void StoredType::read(const char *bytes, int64_t first, MutableArrayRef<float> numbers) const {
  assert(blockNumbers <= kMaxBlockNumbers && "a block fits the buffer");
  std::array<float, kMaxBlockNumbers> buffer;
  const char *block = bytes + first / blockNumbers * blockBytes;
  int64_t skipped = first % blockNumbers;
  while (!numbers.empty()) {
    size_t count = std::min<size_t>(numbers.size(), blockNumbers - skipped);
    if (count == static_cast<size_t>(blockNumbers)) {
      decode(block, numbers.data());
    } else {
      decode(block, buffer.data());
      std::copy_n(buffer.begin() + skipped, count, numbers.begin());
    }
    numbers = numbers.drop_front(count);
    block += blockBytes;
    skipped = 0;
  }
}

float widenHalf(uint16_t bits) {
  uint32_t sign = static_cast<uint32_t>(bits & 0x8000) << 16;
  uint32_t exponent = bits >> 10 & 0x1f, fraction = bits & 0x3ff;
  if (exponent == 0x1f)
    return bit_cast<float>(sign | 0x7f800000 | fraction << 13);
  if (exponent == 0) // zero, or a multiple of 2^-24
    return bit_cast<float>(sign | bit_cast<uint32_t>(static_cast<float>(fraction) * 0x1p-24f));
  return bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
}

} // namespace mlir::yoco
