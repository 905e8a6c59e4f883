// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Q4_1: f16 scale, f16 minimum, 16 bytes with codes as in Q4_0. A number is code * scale + minimum. The product is
// exact, 4 bits by 11, so that it does not matter whether it is fused with the sum.

#include "frontend/types/Types.h"

namespace mlir::yoco {

static void decode(const char *block, float *numbers) {
  float scale = loadHalf(block), minimum = loadHalf(block + 2);
  const auto *codes = reinterpret_cast<const unsigned char *>(block + 4);
  for (int i = 0; i < 16; ++i) {
    numbers[i] = static_cast<float>(codes[i] & 15) * scale + minimum;
    numbers[i + 16] = static_cast<float>(codes[i] >> 4) * scale + minimum;
  }
}

const StoredType &getQ4_1Type() {
  static constexpr StoredType type = {"Q4_1", NumberKind::f32, 32, 20, decode};
  return type;
}

} // namespace mlir::yoco
