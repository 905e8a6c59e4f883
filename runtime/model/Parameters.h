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

/// Bytes that the parameter takes in its layout, padding rows included.
Checked parameterBytes(const fb::Parameter &parameter);

/// Fills `memory`, parameterBytes() long, with the values of a verified
/// generated parameter.
void generateParameter(const fb::Parameter &parameter, uint8_t *memory, Parallel &parallel);

/// The 16 bits nearest to `value`, ties to even.
uint16_t roundToBf16(float value);
uint16_t roundToF16(float value);

} // namespace yoco::runtime

#endif // YOCO_RUNTIME_MODEL_PARAMETERS_H
