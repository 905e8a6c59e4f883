// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The interface of kernels/nvptx/Device.h in plain C++, so that micro-kernels run and are tested without a GPU.
//
// emulate() runs a grid: one block after the other, each thread of a block as a fiber. Operations of a warp and
// barriers of a block are rendezvous. What a GPU leaves undefined ends the program with a message: threads of a warp
// that reach different operations, a barrier that some threads never reach, misaligned 16-byte accesses, writes beside
// the shared memory. Shared memory starts as NaN bytes. An asynchronous copy first writes NaN bytes (it may be early)
// and its data when it is waited for (it may be late). The order of blocks, warps and lanes differs from call to call.
// Under ThreadSanitizer (Emulator.cpp says how) every missing barrier is found, whatever the order.

#ifndef YOCO_TEST_KERNELS_EMULATOR_H
#define YOCO_TEST_KERNELS_EMULATOR_H

#include <cmath>
#include <cstdint>
#include <cstring>

#define YOCO_DEVICE inline
#define YOCO_MICRO_KERNEL extern "C"

namespace yoco::device {

using std::int32_t;
using std::int64_t;
using std::uint16_t;
using std::uint32_t;
using std::uint64_t;
using std::uint8_t;

struct Bf16 {
  uint16_t bits;
};
struct F16 {
  uint16_t bits;
};
struct alignas(16) Vec4 {
  uint32_t x, y, z, w;
};

namespace emulator {

/// What the threads of a warp do together.
enum class Operation : int { none, syncWarp, shuffleXor, shuffleFrom, shuffleUp, ldmatrix, ldmatrixTransposed, mma };

struct Thread {
  uint32_t index = 0;
  uint32_t block = 0;
};
extern Thread *current;

/// Waits until every thread of the warp is here with the same operation; `input` and `output` are the operands.
void meetWarp(Operation operation, const void *input, void *output);
void meetBlock();
uint8_t *sharedMemory();
void copyAsync(void *shared, const void *global, bool valid);
void commitCopies();
void waitForCopies(int pending);
/// Ends the program unless `pointer` is a multiple of 16, and, with `shared`, 16 bytes inside the shared memory.
void checkPointer(const void *pointer, const char *operation, bool shared);
/// Ends the program if `pointer` is in shared memory.
void checkGlobal(const void *pointer, const char *operation);

void run(uint32_t blocks, uint32_t threads, uint32_t sharedBytes, void (*body)(void *), void *data);

} // namespace emulator

/// Runs `body` (a call of a micro-kernel) by every thread of `blocks` blocks.
template <typename Body>
void emulate(int64_t blocks, int threads, int sharedBytes, Body body) {
  emulator::run(
      static_cast<uint32_t>(blocks), threads, sharedBytes, [](void *data) { (*static_cast<Body *>(data))(); }, &body);
}

// Threads ------------------------------------------------------------------------------------------------------------

YOCO_DEVICE uint32_t threadIndex() { return emulator::current->index; }
YOCO_DEVICE uint32_t blockIndex() { return emulator::current->block; }
YOCO_DEVICE uint32_t laneIndex() { return emulator::current->index & 31; }
YOCO_DEVICE uint32_t warpIndex() { return emulator::current->index >> 5; }
YOCO_DEVICE void syncBlock() { emulator::meetBlock(); }
/// Kernels run one after the other.
YOCO_DEVICE void waitForEarlierKernels() {}
YOCO_DEVICE void syncWarp() { emulator::meetWarp(emulator::Operation::syncWarp, nullptr, nullptr); }
YOCO_DEVICE uint8_t *sharedMemory() { return emulator::sharedMemory(); }

// Warp ---------------------------------------------------------------------------------------------------------------

namespace emulator {
inline uint32_t shuffle(Operation operation, uint32_t value, uint32_t argument) {
  uint32_t input[2] = {value, argument}, output;
  meetWarp(operation, input, &output);
  return output;
}
inline uint32_t toBits(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return bits;
}
inline float fromBits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}
/// The machine's approximations treat denormal numbers as zero.
inline float flush(float x) { return std::fabs(x) < 1.17549435e-38f ? std::copysign(0.0f, x) : x; }
} // namespace emulator

YOCO_DEVICE uint32_t shuffleXor(uint32_t value, uint32_t mask) {
  return emulator::shuffle(emulator::Operation::shuffleXor, value, mask);
}
YOCO_DEVICE float shuffleXor(float value, uint32_t mask) {
  return emulator::fromBits(shuffleXor(emulator::toBits(value), mask));
}
YOCO_DEVICE uint32_t shuffleFrom(uint32_t value, uint32_t lane) {
  return emulator::shuffle(emulator::Operation::shuffleFrom, value, lane);
}
YOCO_DEVICE float shuffleFrom(float value, uint32_t lane) {
  return emulator::fromBits(shuffleFrom(emulator::toBits(value), lane));
}
YOCO_DEVICE float shuffleUp(float value, uint32_t delta) {
  return emulator::fromBits(emulator::shuffle(emulator::Operation::shuffleUp, emulator::toBits(value), delta));
}

// Global memory ------------------------------------------------------------------------------------------------------

YOCO_DEVICE Vec4 load16(const void *pointer) {
  emulator::checkPointer(pointer, "load16", false);
  return *static_cast<const Vec4 *>(pointer);
}
YOCO_DEVICE void store16(void *pointer, Vec4 value) {
  emulator::checkPointer(pointer, "store16", false);
  *static_cast<Vec4 *>(pointer) = value;
}
YOCO_DEVICE Vec4 loadStream16(const void *pointer) {
  emulator::checkGlobal(pointer, "loadStream16");
  emulator::checkPointer(pointer, "loadStream16", false);
  return *static_cast<const Vec4 *>(pointer);
}

// Asynchronous copies ------------------------------------------------------------------------------------------------

YOCO_DEVICE void copyAsync16(void *shared, const void *global, bool valid) {
  emulator::copyAsync(shared, global, valid);
}
YOCO_DEVICE void copyAsyncCommit() { emulator::commitCopies(); }
template <int Pending>
YOCO_DEVICE void copyAsyncWait() {
  emulator::waitForCopies(Pending);
}

// Tensor cores -------------------------------------------------------------------------------------------------------

YOCO_DEVICE void ldmatrix4(uint32_t (&out)[4], const void *shared) {
  emulator::checkPointer(shared, "ldmatrix4", true);
  const Vec4 row = *static_cast<const Vec4 *>(shared);
  emulator::meetWarp(emulator::Operation::ldmatrix, &row, out);
}
YOCO_DEVICE void ldmatrix4Transposed(uint32_t (&out)[4], const void *shared) {
  emulator::checkPointer(shared, "ldmatrix4Transposed", true);
  const Vec4 row = *static_cast<const Vec4 *>(shared);
  emulator::meetWarp(emulator::Operation::ldmatrixTransposed, &row, out);
}
YOCO_DEVICE void mmaBf16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  uint32_t input[10] = {a[0], a[1], a[2], a[3], b[0], b[1]};
  std::memcpy(input + 6, d, sizeof(d));
  emulator::meetWarp(emulator::Operation::mma, input, d);
}

// Arithmetic ---------------------------------------------------------------------------------------------------------

YOCO_DEVICE float exp2Approx(float x) { return emulator::flush(std::exp2(emulator::flush(x))); }
YOCO_DEVICE float rsqrtApprox(float x) { return 1.0f / std::sqrt(emulator::flush(x)); }
YOCO_DEVICE float reciprocalApprox(float x) { return emulator::flush(1.0f / emulator::flush(x)); }
YOCO_DEVICE float log2Approx(float x) { return emulator::flush(std::log2(emulator::flush(x))); }
/// The machine's has a relative error of 2^-11: so has this.
YOCO_DEVICE float tanhApprox(float x) {
  return emulator::fromBits((emulator::toBits(std::tanh(x)) + 0x800) & 0xfffff000u);
}
/// One rounding but for ties: the product is exact in double.
YOCO_DEVICE float fma(float a, float b, float c) {
  return static_cast<float>(static_cast<double>(a) * static_cast<double>(b) + static_cast<double>(c));
}
YOCO_DEVICE float maximum(float a, float b) { return std::fmax(a, b); }

YOCO_DEVICE uint32_t packBf16(float low, float high) {
  auto round = [](float value) -> uint32_t {
    const uint32_t bits = emulator::toBits(value);
    return std::isnan(value) ? 0x7fff : (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  };
  return round(low) | round(high) << 16;
}
YOCO_DEVICE float halfToFloat(F16 value) {
  const uint32_t exponent = (value.bits >> 10) & 31, mantissa = value.bits & 1023;
  float magnitude = std::ldexp(static_cast<float>(mantissa), -24);
  if (exponent == 31)
    magnitude = mantissa ? NAN : INFINITY;
  else if (exponent)
    magnitude = std::ldexp(static_cast<float>(mantissa + 1024), static_cast<int>(exponent) - 25);
  return value.bits & 0x8000 ? -magnitude : magnitude;
}

} // namespace yoco::device

#endif // YOCO_TEST_KERNELS_EMULATOR_H
