// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Q5_K: as Q4_K, with 32 bytes before the codes: bit `group` of byte `i` is the fifth bit of code `i` of that group.

#include "frontend/types/Types.h"

namespace mlir::yoco {

static void decode(const char *block, float *numbers) {
  float scale = loadHalf(block), minimum = loadHalf(block + 2);
  const auto *groups = reinterpret_cast<const unsigned char *>(block + 4);
  const auto *fifths = reinterpret_cast<const unsigned char *>(block + 16);
  const auto *codes = reinterpret_cast<const unsigned char *>(block + 48);
  for (int group = 0; group < 8; ++group) {
    GroupScale of = getGroupScale(groups, group);
    float factor = scale * of.scale, offset = minimum * of.minimum;
    for (int i = 0; i < 32; ++i) {
      int code = (codes[group / 2 * 32 + i] >> (group % 2 * 4) & 15) | (fifths[i] >> group & 1) << 4;
      numbers[group * 32 + i] = factor * static_cast<float>(code) - offset;
    }
  }
}

const StoredType &getQ5_KType() {
  static constexpr StoredType type = {"Q5_K", NumberKind::f32, 256, 176, decode};
  return type;
}

} // namespace mlir::yoco
