// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The micro-kernels of target `nvptx`: the functions that the compiler's kernels call (docs/KernelABI.md). What each
// computes and what its arguments are called is in MicroKernels.def; how many blocks, threads and bytes of shared
// memory a launch has, in LaunchShapes.h. Shapes are in elements, strides in elements from one row to the next.
//
// Tiles: a micro-kernel computes tile number `tile` of its launch. It may be called for several tiles in turn by the
// same block, with a barrier of the block (syncBlock) between two calls when it has shared memory.
// Alignment: buffers, caches, states and parameters start at multiples of 64 bytes, and their row strides are multiples
// of 16 bytes. A column slice of a buffer may start anywhere.
// All kernels: rows outside every segment, and segments with slot -1, are read harmlessly or not at all and no state is
// touched for them; a segment with firstPosition 0 has an empty past whatever memory holds; bytes that no step has
// written are not read. Rounding to bf16 is to nearest even. Reductions have a fixed order.

#ifndef YOCO_KERNELS_NVPTX_MICROKERNELS_H
#define YOCO_KERNELS_NVPTX_MICROKERNELS_H

#include "kernels/nvptx/Device.h"
#include "kernels/nvptx/MicroKernels.def"
#include "kernels/nvptx/Numbers.h"

namespace yoco::device {

/// A row of the segment table (docs/KernelABI.md).
struct Segment {
  int32_t slot, firstPosition, rowBegin, rowCount;
};

// The parameters that an argument of MicroKernels.def is.
#define YOCO_PARAMETER(kind, ...) YOCO_PARAMETER_##kind(__VA_ARGS__)
#define YOCO_PARAMETER_Number(name) , int64_t name
#define YOCO_PARAMETER_Ids(name) , const int32_t *name
#define YOCO_PARAMETER_IdsOut(name) , int32_t *name
#define YOCO_PARAMETER_Segments(name) , const Segment *name
#define YOCO_PARAMETER_Plane(name) , const void *name, int64_t name##SlotStride
#define YOCO_PARAMETER_PlaneOut(name) , void *name, int64_t name##SlotStride
#define YOCO_PARAMETER_State(name) , float *name, int64_t name##SlotStride
#define YOCO_PARAMETER_Pointer(name) , const void *name
#define YOCO_PARAMETER_Rows(name) , const void *name, int name##Kind, int name##Stride
#define YOCO_PARAMETER_RowsOut(name) , void *name, int name##Kind, int name##Stride
#define YOCO_PARAMETER_FloatRows(name) , const float *name, int name##Stride
#define YOCO_PARAMETER_FloatRowsOut(name) , float *name, int name##Stride
#define YOCO_PARAMETER_OptionalFloatRows(name, hasName) , const float *name, bool hasName, int name##Stride
#define YOCO_PARAMETER_OptionalVector(name, hasName) , const void *name, bool hasName, int name##Kind
#define YOCO_PARAMETER_Rope(name) , const float *frequencies, int style, int pairs
#define YOCO_PARAMETER_Integer(name) , int name
#define YOCO_PARAMETER_Real(name) , float name
#define YOCO_PARAMETER_Flag(name) , bool name
#define YOCO_PARAMETER_Element(name) , int name
#define YOCO_PARAMETER_Activation(name) , int name

/// The head of the definition of micro-kernel yoco_`name`.
#define YOCO_DEFINE_MICRO_KERNEL(name) void yoco_##name(int64_t tile YOCO_ARGUMENTS_##name(YOCO_PARAMETER))

#define YOCO_DECLARE_MICRO_KERNEL(name, Name) YOCO_MICRO_KERNEL YOCO_DEFINE_MICRO_KERNEL(name);
YOCO_MICRO_KERNELS(YOCO_DECLARE_MICRO_KERNEL)
#undef YOCO_DECLARE_MICRO_KERNEL

/// What every kernel calls first: waitForEarlierKernels(). Those that call yoco_linear_few do not, as that waits by
/// itself when its first weights are on their way.
YOCO_MICRO_KERNEL void yoco_begin();

} // namespace yoco::device

#endif // YOCO_KERNELS_NVPTX_MICROKERNELS_H
