// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Q4_K: f16 scale of the scales, f16 scale of the minima, 12 bytes with both of 8 groups, 128 bytes of codes. 32 bytes
// hold two groups, one in their low halves and the next in their high ones. A number is
// (scale * group scale) * code - minimum * group minimum; all of it but the difference is exact.

#include "frontend/types/Types.h"

namespace mlir::yoco {

static void decode(const char *block, float *numbers) {
  float scale = loadHalf(block), minimum = loadHalf(block + 2);
  const auto *groups = reinterpret_cast<const unsigned char *>(block + 4);
  const auto *codes = reinterpret_cast<const unsigned char *>(block + 16);
  for (int group = 0; group < 8; ++group) {
    GroupScale of = getGroupScale(groups, group);
    float factor = scale * of.scale, offset = minimum * of.minimum;
    for (int i = 0; i < 32; ++i) {
      int code = codes[group / 2 * 32 + i] >> (group % 2 * 4) & 15;
      numbers[group * 32 + i] = factor * static_cast<float>(code) - offset;
    }
  }
}

const StoredType &getQ4_KType() {
  static constexpr StoredType type = {"Q4_K", NumberKind::f32, 256, 144, decode};
  return type;
}

} // namespace mlir::yoco
