// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Q6_K: 128 bytes with the low 4 bits of codes, 64 bytes with their high 2 bits, 16 signed scales of 16 numbers each,
// f16 scale of the scales. A half of 128 numbers has 64 bytes of low and 32 of high bits: quarter `q` of it finds its
// low bits in byte `32 * (q % 2) + i`, in the high half of it when q >= 2, and its high ones in bits 2q of byte `i`. A
// number is (scale * group scale) * (code - 32).

#include "frontend/types/Types.h"

namespace mlir::yoco {

static void decode(const char *block, float *numbers) {
  const auto *low = reinterpret_cast<const unsigned char *>(block);
  const auto *high = low + 128;
  const auto *groups = reinterpret_cast<const signed char *>(block + 192);
  float scale = loadHalf(block + 208);
  for (int half = 0; half < 2; ++half)
    for (int quarter = 0; quarter < 4; ++quarter)
      for (int i = 0; i < 32; ++i) {
        int index = half * 128 + quarter * 32 + i;
        int code = (low[half * 64 + quarter % 2 * 32 + i] >> (quarter / 2 * 4) & 15) |
                   (high[half * 32 + i] >> (quarter * 2) & 3) << 4;
        float factor = scale * static_cast<float>(groups[index / 16]);
        numbers[index] = factor * static_cast<float>(code - 32);
      }
}

const StoredType &getQ6_KType() {
  static constexpr StoredType type = {"Q6_K", NumberKind::f32, 256, 210, decode};
  return type;
}

} // namespace mlir::yoco
