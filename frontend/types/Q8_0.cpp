// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Q8_0: f16 scale, 32 signed bytes. A number is code * scale.

#include "frontend/types/Types.h"

namespace mlir::yoco {

static void decode(const char *block, float *numbers) {
  float scale = loadHalf(block);
  const auto *codes = reinterpret_cast<const signed char *>(block + 2);
  for (int i = 0; i < 32; ++i)
    numbers[i] = static_cast<float>(codes[i]) * scale;
}

const StoredType &getQ8_0Type() {
  static constexpr StoredType type = {"Q8_0", NumberKind::f32, 32, 34, decode};
  return type;
}

} // namespace mlir::yoco
