// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Q4_0: f16 scale, 16 bytes. The low halves of the bytes are codes 0 to 15, the high halves codes 16 to 31. A number is
// (code - 8) * scale.

#include "frontend/types/Types.h"

namespace mlir::yoco {

static void decode(const char *block, float *numbers) {
  float scale = loadHalf(block);
  const auto *codes = reinterpret_cast<const unsigned char *>(block + 2);
  for (int i = 0; i < 16; ++i) {
    numbers[i] = static_cast<float>((codes[i] & 15) - 8) * scale;
    numbers[i + 16] = static_cast<float>((codes[i] >> 4) - 8) * scale;
  }
}

const StoredType &getQ4_0Type() {
  static constexpr StoredType type = {"Q4_0", NumberKind::f32, 32, 18, decode};
  return type;
}

} // namespace mlir::yoco
