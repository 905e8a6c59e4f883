// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Unsigned 64-bit arithmetic that remembers an overflow.

#ifndef YOCO_RUNTIME_CORE_ARITHMETIC_H
#define YOCO_RUNTIME_CORE_ARITHMETIC_H

#include <cstdint>

namespace yoco::runtime {

/// A number that is wrong for good once a sum or product on the way to it did
/// not fit.
class Checked {
public:
  Checked(uint64_t value = 0) : number(value) {}

  bool ok() const { return !overflow; }
  /// Meaningful only when ok().
  uint64_t value() const { return number; }

  Checked operator+(Checked other) const {
    Checked sum;
    sum.overflow = __builtin_add_overflow(number, other.number, &sum.number);
    sum.overflow |= overflow | other.overflow;
    return sum;
  }
  Checked operator*(Checked other) const {
    Checked product;
    product.overflow = __builtin_mul_overflow(number, other.number, &product.number);
    product.overflow |= overflow | other.overflow;
    return product;
  }
  /// Rounded up to a multiple of `alignment`, a power of two.
  Checked alignedTo(uint64_t alignment) const {
    Checked sum = *this + Checked(alignment - 1);
    sum.number &= ~(alignment - 1);
    return sum;
  }
  /// True when the number is known and at most `bound`.
  bool atMost(uint64_t bound) const { return ok() && number <= bound; }

private:
  uint64_t number;
  bool overflow = false;
};

/// ceil(a / b), b > 0.
constexpr uint64_t divideUp(uint64_t a, uint64_t b) { return a / b + (a % b != 0); }

/// Whether [offset, offset + size) lies within [0, bound). Written so that
/// nothing overflows.
constexpr bool rangeFits(uint64_t offset, uint64_t size, uint64_t bound) {
  return offset <= bound && size <= bound - offset;
}

} // namespace yoco::runtime

#endif // YOCO_RUNTIME_CORE_ARITHMETIC_H
