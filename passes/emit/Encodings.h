// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Encodings of weights: how the packer turns a row of numbers into codes and scales. What a code takes and where the
// scales are is data (`#yoco.encoding`, table Encoding of the model file); an encoding adds the arithmetic under a
// name. A new one is a file with one call of registerWeightEncoding().

#ifndef YOCO_PASSES_EMIT_ENCODINGS_H
#define YOCO_PASSES_EMIT_ENCODINGS_H

#include "dialect/YocoOps.h"

namespace mlir::yoco {

/// Fills the codes of `row`, each `encoding.getBits()` bits wide, the first in the lowest bits of the first byte, and
/// the scales of its groups. What a code and its scale mean together is the encoding's own affair and that of the
/// kernels that read it.
using EncodeRow = void (*)(ArrayRef<float> row, EncodingAttr encoding, MutableArrayRef<uint8_t> codes,
                           MutableArrayRef<float> scales);

/// Makes an encoding known. Once for each name.
void registerWeightEncoding(StringRef name, EncodeRow encode);

/// Null when there is none of that name.
EncodeRow findWeightEncoding(StringRef name);

} // namespace mlir::yoco

#endif // YOCO_PASSES_EMIT_ENCODINGS_H
