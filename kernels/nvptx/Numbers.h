// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Numbers that stand for something in the arguments of micro-kernels: the compiler passes them, the kernels read them.

#ifndef YOCO_KERNELS_NVPTX_NUMBERS_H
#define YOCO_KERNELS_NVPTX_NUMBERS_H

namespace yoco::device {

/// Element types.
enum Kind : int { kF32 = 0, kBf16 = 1, kF16 = 2 };

/// How the columns of a head are paired for its rotation.
enum RopeStyle : int { kNoRope = 0, kInterleaved = 1, kHalf = 2 };

/// What a linear applies to its sums.
enum LinearActivation : int { kNone = 0, kSilu = 1, kGelu = 2, kSwiglu = 3, kGeglu = 4 };

} // namespace yoco::device

#endif // YOCO_KERNELS_NVPTX_NUMBERS_H
