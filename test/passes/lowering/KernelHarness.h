// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Builds kernels from text, runs them as a runtime would (tiles split at random, in any order), and compares rows.

#ifndef YOCO_TEST_PASSES_LOWERING_KERNELHARNESS_H
#define YOCO_TEST_PASSES_LOWERING_KERNELHARNESS_H

#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace mlir::yoco::test {

using Random = std::mt19937_64;

/// Chips of target `host` that this machine can run.
std::vector<std::string> getRunnableChips();

using Kernel = void (*)(const uint64_t *, uint32_t, uint32_t);

/// Kernels of one module, lowered, compiled and loaded.
class Kernels {
public:
  explicit Kernels(std::string chip) : chip(std::move(chip)) {}
  ~Kernels();
  Kernels(const Kernels &) = delete;

  /// Adds `op` as a kernel with `arguments` (text: `%x: memref<...>, ...`) and gives its name.
  std::string add(const std::string &arguments, const std::string &op);
  /// Compiles all that were added. Errors fail the test.
  void compile();
  Kernel find(const std::string &name) const;
  /// Runs all tiles in ranges of random length and order. `buffers` follow rows, segments and seq. The tiles are those
  /// that the target gives for the kernel's operation.
  void run(const std::string &name, Random &random, uint64_t rows, uint64_t segments, uint64_t seq,
           const std::vector<const void *> &buffers) const;
  uint64_t getTiles(const std::string &name, uint64_t rows, uint64_t segments) const;
  const std::vector<char> &getBytes() const { return bytes; }

private:
  struct Tiles {
    std::string name;
    int unit; // 0 constant, 1 rows, 2 segments
    uint64_t divisor, multiplier;
  };
  std::string chip, text;
  std::vector<Tiles> tiles;
  std::vector<char> bytes;
  void *handle = nullptr;
  int count = 0;
};

inline constexpr uint32_t kPoisonBits = 0x7fc0dead; // not a number: whoever reads it shows it

inline float poison() {
  float value;
  std::memcpy(&value, &kPoisonBits, 4);
  return value;
}
inline bool isPoison(float value) { return std::memcmp(&value, &kPoisonBits, 4) == 0; }

/// Rows in a wider buffer: `columns` columns from `offset` on, `stride` apart.
struct Rows {
  int64_t rows, columns, stride, offset;
  std::vector<float> data;

  Rows(int64_t rows, int64_t columns, int64_t stride = 0, int64_t offset = 0)
      : rows(rows), columns(columns), stride(stride ? stride : columns), offset(offset),
        data(offset + (rows + 1) * this->stride, poison()) {}
  float &at(int64_t r, int64_t c) { return data[offset + r * stride + c]; }
  std::string type() const;
  void fill(Random &random, float scale = 1);
  void fillRow(int64_t r, Random &random, float scale = 1);
  /// Rows with some columns before and after, sometimes.
  static Rows make(Random &random, int64_t rows, int64_t columns);
};

int64_t pick(Random &random, const std::vector<int64_t> &choices);
inline bool flip(Random &random) { return random() & 1; }
float draw(Random &random, float scale = 1);

/// Numbers of one of the types of weights, and what they are.
struct Weights {
  std::string element; // f32, bf16, f16
  std::vector<float> values;
  std::vector<uint8_t> bytes;
  Weights(const std::string &element, std::vector<float> numbers);
  static Weights draw(Random &random, int64_t count, float scale = 1);
};

/// Segments of random lengths with rows between them that belong to none, and padding.
struct Step {
  std::vector<std::array<int32_t, 4>> table; // slot, first position, row begin, row count
  int64_t rows = 0, slots = 0;
  std::vector<int> segmentOf; // of each row; -1 for none and for padding
  int64_t positionOf(int64_t row) const;
  static Step make(Random &random, const std::function<int64_t()> &firstPosition,
                   const std::function<int64_t()> &length);
};

/// #yoco.rope<...> and what it does to a head.
struct Rotation {
  bool interleaved;
  std::vector<float> frequencies;
  static Rotation make(Random &random, int64_t width);
  std::string text() const;
  void apply(std::vector<double> &head, int64_t position) const;
};

/// ||got - expected|| <= tolerance * sqrt(||expected||^2 + floor^2), said with `what` otherwise.
void expectClose(const std::vector<double> &got, const std::vector<double> &expected, double tolerance,
                 const std::string &what, double floor = 1e-20);

} // namespace mlir::yoco::test

#endif // YOCO_TEST_PASSES_LOWERING_KERNELHARNESS_H
