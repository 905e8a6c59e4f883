// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a micro-kernel asks of the machine: threads of a block, shared memory, warp shuffles, asynchronous copies and
// the tensor cores.
//
// Two implementations of one interface. With clang as CUDA (device only, no CUDA headers): inline PTX for sm_80 and
// newer. As plain C++ with YOCO_EMULATE, which names the header that stands in: test/kernels/Emulator.h, where the
// threads of a block are fibers, so that every kernel is tested without a GPU. Code outside this file contains no PTX
// and no built-in of CUDA.
//
// Warp-wide functions (shuffle*, ldmatrix*, mma*, syncWarp) must be reached by all 32 threads of a warp together.

#ifndef YOCO_KERNELS_NVPTX_DEVICE_H
#define YOCO_KERNELS_NVPTX_DEVICE_H

#if defined(YOCO_EMULATE)
#include YOCO_EMULATE
#else

/// A function of a kernel: inlined into it, so that its shapes become constants there.
#define YOCO_DEVICE __attribute__((device)) __attribute__((always_inline)) inline
/// A micro-kernel: what the compiler calls. `used` would leave a copy in every program.
#define YOCO_MICRO_KERNEL extern "C" __attribute__((device)) __attribute__((always_inline))

namespace yoco::device {

using uint8_t = unsigned char;
using uint16_t = unsigned short;
using uint32_t = unsigned int;
using uint64_t = unsigned long long;
using int32_t = int;
using int64_t = long long;

/// A bfloat16 by its bits.
struct Bf16 {
  uint16_t bits;
};
/// An IEEE half by its bits.
struct F16 {
  uint16_t bits;
};

struct alignas(16) Vec4 {
  uint32_t x, y, z, w;
};

// Threads -----------------------------------------------------------------------------------------------------------

YOCO_DEVICE uint32_t threadIndex() { return __nvvm_read_ptx_sreg_tid_x(); }
YOCO_DEVICE uint32_t blockIndex() { return __nvvm_read_ptx_sreg_ctaid_x(); }
YOCO_DEVICE uint32_t laneIndex() { return __nvvm_read_ptx_sreg_tid_x() & 31; }
YOCO_DEVICE uint32_t warpIndex() { return __nvvm_read_ptx_sreg_tid_x() >> 5; }
/// All threads of the block.
YOCO_DEVICE void syncBlock() { __syncthreads(); }
YOCO_DEVICE void syncWarp() { __nvvm_bar_warp_sync(0xffffffffu); }

// Kernels in a row ---------------------------------------------------------------------------------------------------

extern "C" __attribute__((device)) int __nvvm_reflect(const char *);

/// On sm_90 and newer a kernel may be started while the one before it still runs, to overlap its start with that one's
/// end (programmatic dependent launch). It waits here before it touches memory that any earlier kernel of the program
/// reads or writes, and only then lets the next one start, so that no more than two overlap. Constants of the program,
/// weights above all, may be read before.
YOCO_DEVICE void waitForEarlierKernels() {
  if (__nvvm_reflect("__CUDA_ARCH") >= 900)
    asm volatile("griddepcontrol.wait;\n\tgriddepcontrol.launch_dependents;" ::: "memory");
}

/// The block's dynamic shared memory; its size is the launch's.
extern "C" __attribute__((device)) __attribute__((shared)) __attribute__((aligned(128))) uint8_t yoco_shared_memory[];
YOCO_DEVICE uint8_t *sharedMemory() { return yoco_shared_memory; }

YOCO_DEVICE uint32_t sharedAddress(const void *pointer) {
  return static_cast<uint32_t>(
      reinterpret_cast<uint64_t>((const __attribute__((address_space(3))) void *)pointer));
}

// Warp --------------------------------------------------------------------------------------------------------------

YOCO_DEVICE uint32_t shuffleXor(uint32_t value, uint32_t mask) {
  return __nvvm_shfl_sync_bfly_i32(0xffffffffu, value, mask, 0x1f);
}
YOCO_DEVICE float shuffleXor(float value, uint32_t mask) {
  return __builtin_bit_cast(float, shuffleXor(__builtin_bit_cast(uint32_t, value), mask));
}
/// The value of lane `lane`.
YOCO_DEVICE uint32_t shuffleFrom(uint32_t value, uint32_t lane) {
  return __nvvm_shfl_sync_idx_i32(0xffffffffu, value, lane, 0x1f);
}
YOCO_DEVICE float shuffleFrom(float value, uint32_t lane) {
  return __builtin_bit_cast(float, shuffleFrom(__builtin_bit_cast(uint32_t, value), lane));
}
/// The value of the lane `delta` below this one; its own in the first `delta` lanes.
YOCO_DEVICE float shuffleUp(float value, uint32_t delta) {
  return __builtin_bit_cast(float, __nvvm_shfl_sync_up_i32(0xffffffffu, __builtin_bit_cast(uint32_t, value), delta, 0));
}

// Global memory -----------------------------------------------------------------------------------------------------

/// 16 bytes at a multiple of 16.
YOCO_DEVICE Vec4 load16(const void *pointer) { return *static_cast<const Vec4 *>(pointer); }
YOCO_DEVICE void store16(void *pointer, Vec4 value) { *static_cast<Vec4 *>(pointer) = value; }
/// 16 bytes that nobody writes while the kernel runs and that are read once: weights, caches.
YOCO_DEVICE Vec4 loadStream16(const void *pointer) {
  Vec4 value;
  asm volatile("ld.global.nc.L1::no_allocate.v4.u32 {%0, %1, %2, %3}, [%4];"
               : "=r"(value.x), "=r"(value.y), "=r"(value.z), "=r"(value.w)
               : "l"(pointer));
  return value;
}

// Asynchronous copies, global to shared -----------------------------------------------------------------------------

/// Copies 16 bytes, or writes zeros when not `valid` (then `global` is not read). Both at multiples of 16.
YOCO_DEVICE void copyAsync16(void *shared, const void *global, bool valid) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(sharedAddress(shared)), "l"(global),
               "r"(valid ? 16 : 0)
               : "memory");
}
YOCO_DEVICE void copyAsyncCommit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
/// Waits until at most `Pending` of this thread's newest groups are under way. Others see the bytes after syncBlock().
template <int Pending>
YOCO_DEVICE void copyAsyncWait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(Pending) : "memory");
}

// Tensor cores (fragments as in the PTX manual, "Matrix Fragments for mma.m16n8k16" and "ldmatrix") -------------------

/// Four 8x8 matrices of 16-bit elements; lane i gives the address of row i % 8 of matrix i / 8, at a multiple of 16.
YOCO_DEVICE void ldmatrix4(uint32_t (&out)[4], const void *shared) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(out[0]), "=r"(out[1]), "=r"(out[2]), "=r"(out[3])
               : "r"(sharedAddress(shared))
               : "memory");
}
YOCO_DEVICE void ldmatrix4Transposed(uint32_t (&out)[4], const void *shared) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(out[0]), "=r"(out[1]), "=r"(out[2]), "=r"(out[3])
               : "r"(sharedAddress(shared))
               : "memory");
}
/// d (16x8, f32) += a (16x16, row) * b (16x8, column), bf16 operands, two in each word.
YOCO_DEVICE void mmaBf16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
               "{%0, %1, %2, %3};"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

// Arithmetic --------------------------------------------------------------------------------------------------------

/// 2^x, 1/sqrt(x), 1/x, log2(x) by the machine's approximations (relative error about 2^-22).
YOCO_DEVICE float exp2Approx(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}
YOCO_DEVICE float rsqrtApprox(float x) {
  float y;
  asm("rsqrt.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}
YOCO_DEVICE float reciprocalApprox(float x) {
  float y;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}
YOCO_DEVICE float log2Approx(float x) {
  float y;
  asm("lg2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}
YOCO_DEVICE float tanhApprox(float x) {
  float y;
  asm("tanh.approx.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}
YOCO_DEVICE float fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
YOCO_DEVICE float maximum(float a, float b) { return __builtin_fmaxf(a, b); }

/// Two bf16, `low` in the low half, each rounded to nearest even.
YOCO_DEVICE uint32_t packBf16(float low, float high) {
  uint32_t packed;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(high), "f"(low));
  return packed;
}
YOCO_DEVICE float halfToFloat(F16 value) {
  float result;
  asm("cvt.f32.f16 %0, %1;" : "=f"(result) : "h"(value.bits));
  return result;
}

} // namespace yoco::device

#endif // YOCO_EMULATE

#endif // YOCO_KERNELS_NVPTX_DEVICE_H
