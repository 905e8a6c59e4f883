// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The types in which checkpoints store numbers, one file for each kind. Blocks are those of GGUF: their scales are f16,
// numbers are computed in f32 as the reference of their format computes them, so that no bit is open.

#ifndef YOCO_FRONTEND_TYPES_TYPES_H
#define YOCO_FRONTEND_TYPES_TYPES_H

#include "frontend/StoredType.h"

namespace mlir::yoco {

const StoredType &getF32Type();
const StoredType &getF16Type();
const StoredType &getBF16Type();

/// 32 numbers: a scale and codes of 8 bits.
const StoredType &getQ8_0Type();
/// 32 numbers: a scale and codes of 4 bits around 8.
const StoredType &getQ4_0Type();
/// 32 numbers: a scale, a minimum and codes of 4 bits.
const StoredType &getQ4_1Type();
/// 256 numbers in 8 groups, each with a scale and a minimum of 6 bits, and codes of 4 bits.
const StoredType &getQ4_KType();
/// The same with codes of 5 bits.
const StoredType &getQ5_KType();
/// 256 numbers in 16 groups, each with a scale of 8 bits, and codes of 6 bits around 32.
const StoredType &getQ6_KType();

/// The scale and the minimum of group `group` of the 8 in a block of Q4_K or Q5_K, whose twelve bytes hold them as
/// numbers of 6 bits: those of groups 0 to 3 in the low bits of bytes 0 to 3 and 4 to 7; of the others, 4 bits in bytes
/// 8 to 11 and 2 bits above those of the group four before.
struct GroupScale {
  float scale, minimum;
};
inline GroupScale getGroupScale(const unsigned char *bytes, int group) {
  if (group < 4)
    return {float(bytes[group] & 63), float(bytes[group + 4] & 63)};
  return {float((bytes[group + 4] & 15) | (bytes[group - 4] >> 6) << 4),
          float(bytes[group + 4] >> 4 | (bytes[group] >> 6) << 4)};
}

} // namespace mlir::yoco

#endif // YOCO_FRONTEND_TYPES_TYPES_H
