// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How parameters lie in memory, and those whose values are made rather than
// read.

#ifndef YOCO_RUNTIME_MODEL_PARAMETERS_H
#define YOCO_RUNTIME_MODEL_PARAMETERS_H

#include "runtime/core/Arithmetic.h"
#include "runtime/core/Parallel.h"
#include "runtime/schema/model_generated.h"

#include <cstdint>

namespace yoco::runtime {

uint64_t elementSize(fb::ElementType element);
const char *elementName(fb::ElementType element);

/// Elements from one row of a row-major parameter to the next.
uint64_t rowStride(const fb::Parameter &parameter);

/// The outputs of a product with `weight`: its rows, or some of them.
inline uint64_t productOutputs(const fb::Gemm &gemm, const fb::Parameter &weight) {
  return gemm.end_row() == 0 ? weight.rows() : gemm.end_row() - gemm.first_row();
}

/// Bytes of an encoded matrix.
Checked encodedBytes(const fb::Encoding &encoding, Checked rows, uint64_t columns);

/// Bytes that the parameter takes in its layout, padding included.
Checked parameterBytes(const fb::Parameter &parameter);

/// Writes elements begin .. end, as they lie in memory, of a verified generated parameter to `memory`.
void generateElements(const fb::Parameter &parameter, uint64_t begin, uint64_t end, uint8_t *memory);

/// Fills `memory`, parameterBytes() long, with the values of a verified
/// generated parameter.
void generateParameter(const fb::Parameter &parameter, uint8_t *memory, Parallel &parallel);

/// The 16 bits nearest to `value`, ties to even.
uint16_t roundToBf16(float value);
uint16_t roundToF16(float value);

} // namespace yoco::runtime

#endif // YOCO_RUNTIME_MODEL_PARAMETERS_H
