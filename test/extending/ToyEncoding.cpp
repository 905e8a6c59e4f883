// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An encoding of weights: eight bits for each number, and a scale for each group of columns. What is to be known of it
// elsewhere is in `#yoco.encoding`; toy-encoding.mlir reads it back.

#include "passes/emit/Encodings.h"
#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace mlir::yoco;

/// number = int8(code) * scale, with the largest number of a group at 127.
static void encodeRow(ArrayRef<float> row, EncodingAttr encoding, MutableArrayRef<uint8_t> codes,
                      MutableArrayRef<float> scales) {
  int64_t columns = row.size(), group = encoding.getGroup() == 0 ? columns : encoding.getGroup();
  for (auto [index, scale] : llvm::enumerate(scales)) {
    ArrayRef<float> numbers = row.slice(index * group, std::min<int64_t>(group, columns - index * group));
    float largest = 0;
    for (float number : numbers)
      largest = std::max(largest, std::fabs(number));
    scale = largest == 0 ? 1.0f : largest / 127;
    for (auto [column, number] : llvm::enumerate(numbers))
      codes[index * group + column] = static_cast<uint8_t>(static_cast<int8_t>(std::nearbyint(number / scale)));
  }
}

void registerToyEncoding() { registerWeightEncoding("toy_int8", encodeRow); }
