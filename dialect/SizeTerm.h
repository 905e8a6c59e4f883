// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sizes as functions of the bounds of a session.

#ifndef YOCO_DIALECT_SIZETERM_H
#define YOCO_DIALECT_SIZETERM_H

#include "llvm/ADT/Hashing.h"
#include <array>
#include <cstdint>
#include <optional>

namespace mlir::yoco {

/// Everything in an arena begins at a multiple of this many bytes.
inline constexpr int64_t kAlignment = 64;

/// What a session is sized for: longest sequence in tokens, slots, rows of a prefill step, rows of a step whose results
/// come out.
struct Bounds {
  int64_t seq = 1, batch = 1, chunk = 1, wanted = 1;
};

/// coefficient * seq^powers[0] * batch^powers[1] * chunk^powers[2] * wanted^powers[3] bytes, rounded up to
/// `kAlignment`.
struct SizeTerm {
  int64_t coefficient = 0;
  std::array<uint8_t, 4> powers = {0, 0, 0, 0};

  static SizeTerm constant(int64_t bytes) { return {bytes, {0, 0, 0, 0}}; }

  /// The rounded product; none on overflow.
  std::optional<int64_t> evaluate(const Bounds &bounds) const;
  /// The product is a multiple of the alignment for all bounds.
  bool isAlwaysAligned() const { return coefficient % kAlignment == 0; }

  bool operator==(const SizeTerm &other) const { return coefficient == other.coefficient && powers == other.powers; }
  friend llvm::hash_code hash_value(const SizeTerm &term) {
    return llvm::hash_combine(term.coefficient, term.powers[0], term.powers[1], term.powers[2], term.powers[3]);
  }
};

} // namespace mlir::yoco

#endif // YOCO_DIALECT_SIZETERM_H
