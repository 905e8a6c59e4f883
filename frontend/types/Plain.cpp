// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Numbers one after the other.

#include "frontend/types/Types.h"
#include "llvm/ADT/bit.h"

namespace mlir::yoco {

static void decodeF32(const char *block, float *numbers) { memcpy(numbers, block, sizeof(float)); }
static void decodeF16(const char *block, float *numbers) { *numbers = loadHalf(block); }
static void decodeBF16(const char *block, float *numbers) {
  *numbers = llvm::bit_cast<float>(static_cast<uint32_t>(loadWord(block)) << 16);
}

const StoredType &getF32Type() {
  static constexpr StoredType type = {"F32", NumberKind::f32, 1, 4, decodeF32};
  return type;
}

const StoredType &getF16Type() {
  static constexpr StoredType type = {"F16", NumberKind::f16, 1, 2, decodeF16};
  return type;
}

const StoredType &getBF16Type() {
  static constexpr StoredType type = {"BF16", NumberKind::bf16, 1, 2, decodeBF16};
  return type;
}

} // namespace mlir::yoco
