// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the tests of micro-kernels share: random inputs, buffers whose unused bytes are NaNs, errors.

#ifndef YOCO_TEST_KERNELS_HARNESS_H
#define YOCO_TEST_KERNELS_HARNESS_H

#include "kernels/nvptx/Math.h"

#include <cstdlib>
#include <gtest/gtest.h>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace yoco::test {

using device::emulate;

/// Random numbers from a seed that is new in every run, printed, and set by YOCO_TEST_SEED.
class Random {
public:
  Random() {
    const char *fixed = std::getenv("YOCO_TEST_SEED");
    seed = fixed ? std::strtoull(fixed, nullptr, 10) : std::random_device{}();
    generator.seed(seed);
    ::testing::Test::RecordProperty("seed", std::to_string(seed));
    std::printf("YOCO_TEST_SEED=%llu\n", static_cast<unsigned long long>(seed));
  }

  float normal(float scale = 1.0f) { return scale * distribution(generator); }
  float uniform(float low, float high) { return std::uniform_real_distribution<float>(low, high)(generator); }
  /// low <= result <= high
  int64_t integer(int64_t low, int64_t high) { return std::uniform_int_distribution<int64_t>(low, high)(generator); }

  uint64_t seed;
  std::mt19937_64 generator;

private:
  std::normal_distribution<float> distribution;
};

inline float bf16ToFloat(uint16_t bits) { return device::emulator::fromBits(static_cast<uint32_t>(bits) << 16); }
inline uint16_t floatToBf16(float value) { return static_cast<uint16_t>(device::packBf16(value, 0.0f)); }
inline float roundToBf16(float value) { return bf16ToFloat(floatToBf16(value)); }

/// The nearest half, for inputs of ordinary size.
inline uint16_t floatToHalf(float value) {
  const uint32_t bits = device::emulator::toBits(value), sign = bits >> 16 & 0x8000;
  const float magnitude = std::fabs(value);
  if (magnitude < 6.1035156e-5f) // denormal: a multiple of 2^-24
    return static_cast<uint16_t>(sign | static_cast<uint32_t>(std::nearbyint(magnitude * 16777216.0f)));
  const uint32_t rounded = (bits & 0x7fffffffu) + 0xfff + (bits >> 13 & 1);
  return static_cast<uint16_t>(sign | ((rounded >> 13) - (112 << 10)));
}

/// Rows of elements of a kind, 64-byte aligned as the runtime's buffers are. All bytes are 0xff (NaN, -1) until they
/// are set, before, between and after the rows too.
class Buffer {
public:
  /// A buffer of which a kernel sees the columns from `offset` on. `stride` 0: the least multiple of 16 bytes.
  Buffer(int kind, int64_t rows, int64_t columns, int64_t stride = 0, int64_t offset = 0)
      : kind(kind), rows(rows), columns(columns), offset(offset) {
    const int64_t multiple = 16 / device::elementBytes(kind);
    this->stride = stride ? stride : (offset + columns + multiple - 1) / multiple * multiple;
    bytes.assign(kGuard * 2 + 64 + static_cast<size_t>(rows * this->stride) * elementBytes(), 0xff);
    start = bytes.data() + kGuard;
    start += (64 - reinterpret_cast<uintptr_t>(start) % 64) % 64;
  }
  Buffer(const Buffer &) = delete;
  Buffer(Buffer &&) = default;

  void *data() { return address(0, 0); }
  float *floats() { return static_cast<float *>(data()); }
  int32_t *ints() { return static_cast<int32_t *>(data()); }

  float get(int64_t row, int64_t column) const {
    const uint8_t *at = address(row, column);
    if (kind == device::kF32) {
      float value;
      std::memcpy(&value, at, 4);
      return value;
    }
    uint16_t bits;
    std::memcpy(&bits, at, 2);
    return kind == device::kBf16 ? bf16ToFloat(bits) : device::halfToFloat(device::F16{bits});
  }

  /// Rounds `value` to the buffer's kind.
  void set(int64_t row, int64_t column, float value) {
    uint8_t *at = address(row, column);
    if (kind == device::kF32) {
      std::memcpy(at, &value, 4);
      return;
    }
    const uint16_t bits = kind == device::kBf16 ? floatToBf16(value) : floatToHalf(value);
    std::memcpy(at, &bits, 2);
  }

  /// The bits of an element; of 16-bit kinds the low ones.
  uint32_t getBits(int64_t row, int64_t column) const {
    uint32_t bits = 0;
    std::memcpy(&bits, address(row, column), elementBytes());
    return bits;
  }
  void setBits(int64_t row, int64_t column, uint32_t bits) { std::memcpy(address(row, column), &bits, elementBytes()); }

  void fillNormal(Random &random, float scale = 1.0f) {
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t column = 0; column < columns; ++column)
        set(row, column, random.normal(scale));
  }

  /// Zeros from the last column to the stride, as packed weights have.
  void zeroPadding() {
    for (int64_t row = 0; row < rows; ++row)
      std::memset(address(row, columns), 0, (stride - offset - columns) * elementBytes());
  }

  /// Whether only columns of the rows `from` <= row < `to` differ from 0xff.
  ::testing::AssertionResult onlyWritten(int64_t from, int64_t to) const {
    const uint8_t *next = bytes.data();
    for (int64_t row = from; row <= to; ++row) {
      const uint8_t *end = row == to ? bytes.data() + bytes.size() : address(row, 0);
      for (; next < end; ++next)
        if (*next != 0xff)
          return ::testing::AssertionFailure()
                 << "byte " << (next - start) << " is written: stride " << stride * elementBytes() << " bytes, columns "
                 << offset << " to " << offset + columns << " of rows " << from << " to " << to << " may be";
      if (row < to)
        next = address(row, columns);
    }
    return ::testing::AssertionSuccess();
  }
  ::testing::AssertionResult onlyWritten() const { return onlyWritten(0, rows); }

  /// Whether every byte is that of `other`, a buffer of the same shape; some before and after the rows too.
  ::testing::AssertionResult equals(const Buffer &other) const {
    const int64_t around = kGuard / 2, size = rows * stride * static_cast<int64_t>(elementBytes());
    for (int64_t i = -around; i < size + around; ++i)
      if (start[i] != other.start[i])
        return ::testing::AssertionFailure()
               << "byte " << i << " is " << int(start[i]) << ", expected " << int(other.start[i]);
    return ::testing::AssertionSuccess();
  }

  int kind;
  int64_t rows, columns, offset, stride;

private:
  static constexpr size_t kGuard = 512;
  size_t elementBytes() const { return static_cast<size_t>(device::elementBytes(kind)); }
  uint8_t *address(int64_t row, int64_t column) const {
    return start + (row * stride + offset + column) * static_cast<int64_t>(elementBytes());
  }
  std::vector<uint8_t> bytes;
  uint8_t *start;
};

/// ||out - reference|| / ||reference||, and infinity when a value is not finite.
class Error {
public:
  void add(double out, double reference) {
    if (!std::isfinite(out))
      difference = INFINITY;
    difference += (out - reference) * (out - reference);
    size += reference * reference;
  }
  double relative() const {
    const double error = std::sqrt(difference / (size > 0 ? size : 1));
    return std::isfinite(error) ? error : INFINITY;
  }

private:
  double difference = 0, size = 0;
};

/// The error of the first `rows` rows against reference[row * columns + column].
inline double relativeError(const Buffer &out, const std::vector<double> &reference, int64_t rows) {
  Error error;
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t column = 0; column < out.columns; ++column)
      error.add(out.get(row, column), reference[row * out.columns + column]);
  return error.relative();
}
inline double relativeError(const Buffer &out, const std::vector<double> &reference) {
  return relativeError(out, reference, out.rows);
}

/// The least chip that code must run on.
constexpr int kSharedLimit = 163 * 1024, kMultiprocessors = 108;

/// Runs `body` for each tile of the grid that the compiler would launch; `shape` is a LaunchShape.
template <typename Shape, typename Body>
void launch(const Shape &shape, int64_t rows, int64_t segments, Body body) {
  using Unit = decltype(shape.unit);
  ASSERT_LE(shape.sharedBytes, kSharedLimit);
  int64_t units = 1;
  if (shape.unit == Unit::rows)
    units = (rows + shape.divisor - 1) / shape.divisor;
  if (shape.unit == Unit::segments)
    units = segments;
  emulate(units * shape.multiplier, shape.threads, shape.sharedBytes,
          [&] { body(static_cast<int64_t>(device::blockIndex())); });
}

} // namespace yoco::test

#endif // YOCO_TEST_KERNELS_HARNESS_H
